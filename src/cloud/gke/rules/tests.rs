use super::*;
use crate::cloud::gke::testing::{config, map};
use crate::nodepool::spec::SharingSwitches;
use crate::nodepool::{Field, Severity, checks};
use crate::slicing::{Catalogue, Sharing};

/// The errors of all rules, common and GKE's, at this machine type and profile.
fn errors(machine_type: &str, profile: &str) -> Vec<String> {
    let mut config = config();
    config.machine_type = Field::Known(machine_type.to_owned());
    config.mig_profile = Field::Known(profile.parse().unwrap());
    let mut problems = Problems::default();
    checks::check(&config, Some(&Rules), &mut problems);
    let errors = problems.0.into_iter().filter(|problem| problem.severity == Severity::Error);
    errors.map(|problem| format!("{}: {}", problem.path, problem.summary)).collect()
}

#[test]
fn gkes_list_decides() {
    assert_eq!(errors("a2-highgpu-1g", "1g.5gb"), Vec::<String>::new());
    assert_eq!(errors("g4-standard-48", "4g.96gb"), Vec::<String>::new());
    for (machine_type, profile) in [
        ("a2-highgpu-1g", "4g.20gb"),
        ("a2-ultragpu-1g", "4g.40gb"),
        ("a2-highgpu-1g", "1g.5gb+me"),
        ("a2-highgpu-1g", "1g.10gb"),
        // Fractional machines, machines without MIG, and one that GKE does not partition.
        ("g4-standard-6", "1g.24gb"),
        ("g4-standard-24", "1g.24gb"),
        ("g2-standard-4", "1g.5gb"),
        ("a4x-maxgpu-4g-metal", "1g.35gb"),
    ] {
        let found = errors(machine_type, profile);
        assert!(
            found.iter().any(|it| it.starts_with("mig_profile: ")),
            "{machine_type} {profile}: {found:?}"
        );
    }
}

#[test]
fn n1_is_refused_since_none_of_its_gpus_has_mig() {
    let mut config = config();
    config.machine_type = Field::Known("n1-standard-8".to_owned());
    config.gpu = Field::Known(crate::nodepool::config::GpuConfig {
        model: Field::Known("nvidia-tesla-t4".to_owned()),
        count: Field::Known(1),
    });
    let mut problems = Problems::default();
    checks::check(&config, Some(&Rules), &mut problems);
    assert!(
        problems.0.iter().any(|it| it.path.to_string() == "mig_profile" && it.detail.contains("T4")),
        "{problems:?}"
    );
}

#[test]
fn slices_are_always_called_alike() {
    let profile = "2g.10gb".parse().unwrap();
    for strategy in [MigStrategy::Single, MigStrategy::Mixed] {
        assert_eq!(Rules.resource_name(strategy, Some(&profile)), "nvidia.com/gpu");
    }
}

#[test]
fn native_is_what_is_sent() {
    let profile = "1g.24gb+me".parse().unwrap();
    let native = Rules.native(&SlicingChoice {
        gpu: Catalogue::built_in().gpu("rtx-pro-6000").unwrap(),
        accelerator_type: Some("nvidia-rtx-pro-6000"),
        gpus_per_node: 8,
        profile: Some(&profile),
        sharing: &Sharing::TimeSlicing { replicas: 3 },
        switches: SharingSwitches::default(),
        config_key: None,
        options: &crate::nodepool::Options::default(),
    });
    assert_eq!(
        native,
        map(&[
            ("acceleratorCount", "8"),
            ("acceleratorType", "nvidia-rtx-pro-6000"),
            ("gpuPartitionSize", "1g.24gb.me"),
            ("gpuSharingStrategy", "TIME_SHARING"),
            ("maxSharedClientsPerGpu", "3"),
        ])
    );
}

#[test]
fn pods_must_tolerate_the_taint_of_arm_machines() {
    let taints = Rules.system_taints(Some(Arch::Arm64), CapacityType::OnDemand);
    assert_eq!(
        taints.iter().map(Taint::to_string).collect::<Vec<_>>(),
        ["kubernetes.io/arch=arm64:NoSchedule"]
    );
    assert!(taints.iter().all(labels::is_system_taint), "what GKE adds is no drift");
    assert!(Rules.system_taints(Some(Arch::X86_64), CapacityType::Spot).is_empty());
}
