//! Mistakes that other tools make about these facts, each held off by a test.

use super::super::{
    Arch, Catalogue, Cloud, GpuCount, Layout, MigStrategy, MigSupport, PoolShape, Sharing, capacity,
};
use super::{gpu, machine, profile};

#[test]
fn nc_h100_v5_is_the_94_gb_board_and_nd_h100_v5_the_80_gb_one() {
    for nc in ["Standard_NC40ads_H100_v5", "Standard_NC80adis_H100_v5"] {
        let gpu = machine(nc).gpu().unwrap().clone();
        assert_eq!(gpu.id, "h100-94gb-nvl");
        assert!(gpu.find(profile("1g.10gb")).is_none(), "1g.10gb is a profile of the 80 GB board");
        assert!(gpu.find(profile("1g.12gb")).is_some());
    }
    let nd = machine("Standard_ND96isr_H100_v5").gpu().unwrap().clone();
    assert_eq!(nd.id, "h100-80gb");
    assert!(nd.find(profile("1g.10gb")).is_some());
}

#[test]
fn the_gb_in_a_name_is_rounded_and_never_the_memory_of_a_slice() {
    let mut seen = 0;
    for gpu in Catalogue::built_in().gpus() {
        for facts in &gpu.profiles {
            let Some(usable) = facts.usable_gib else { continue };
            let named = f64::from(facts.profile.memory_gb);
            assert!(usable.to_f64() < named, "{} {}: {usable}", gpu.id, facts.profile);
            assert!(usable.to_f64() > 0.85 * named, "{} {}: {usable}", gpu.id, facts.profile);
            seen += 1;
        }
        for facts in gpu.profiles.iter().filter(|facts| facts.usable_gib.is_none()) {
            let layout = Layout::uniform(gpu, facts.profile).unwrap();
            let shape = PoolShape {
                gpu,
                layout: Some(&layout),
                gpus_per_node: 1,
                sharing: Sharing::None,
                strategy: MigStrategy::Single,
                nodes: None,
            };
            assert_eq!(capacity(&shape).unwrap().memory_gib, None, "{} {}", gpu.id, facts.profile);
        }
    }
    assert!(seen > 60);
}

#[test]
fn ids_14_and_5_mean_other_profiles_on_gpus_with_four_slices() {
    let by_id = |id: &str, number: u16| {
        let facts = gpu(id).profiles.iter().find(|facts| facts.profile_id == Some(number)).unwrap();
        facts.profile.to_string()
    };
    assert_eq!([by_id("a100-80gb", 14), by_id("a100-80gb", 5)], ["2g.20gb", "4g.40gb"]);
    assert_eq!([by_id("a30-24gb", 14), by_id("a30-24gb", 5)], ["1g.6gb", "2g.12gb"]);
    assert_eq!([by_id("rtx-pro-6000", 14), by_id("rtx-pro-6000", 5)], ["1g.24gb", "2g.48gb"]);
}

#[test]
fn ids_are_the_same_on_all_gpus_with_seven_slices() {
    let seven =
        Catalogue::built_in().gpus().filter(|gpu| gpu.grid.is_some_and(|grid| grid.compute_slices == 7));
    let mut boards = 0;
    for gpu in seven {
        let ids: Vec<_> = gpu.profiles.iter().map(|facts| facts.profile_id.unwrap()).collect();
        assert_eq!(ids, [19, 20, 15, 14, 9, 5, 0], "{}", gpu.id);
        boards += 1;
    }
    assert_eq!(boards, 11);
}

#[test]
fn the_grid_of_rtx_pro_6000_has_12_units_and_9_is_a_start() {
    let gpu = gpu("rtx-pro-6000");
    assert_eq!(gpu.grid.map(|grid| grid.memory_units), Some(12));
    let placed = Layout::uniform(gpu, profile("1g.24gb")).unwrap().place(gpu).unwrap();
    assert_eq!(
        placed.iter().map(|p| (p.start, p.size)).collect::<Vec<_>>(),
        [(0, 3), (3, 3), (6, 3), (9, 3)]
    );
}

#[test]
fn single_strategy_with_a_mixed_layout_is_an_error() {
    let layout = Layout::new(["3g.20gb", "2g.10gb", "1g.5gb", "1g.5gb"].map(profile).to_vec());
    let shape = PoolShape {
        gpu: gpu("a100-40gb"),
        layout: Some(&layout),
        gpus_per_node: 8,
        sharing: Sharing::None,
        strategy: MigStrategy::Single,
        nodes: Some(1),
    };
    assert_eq!(
        capacity(&shape).unwrap_err().to_string(),
        "a node with 3g.20gb + 2g.10gb + 2 x 1g.5gb on each GPU announces no slices under MIG strategy single, \
         which needs one and the same profile on all GPUs"
    );
}

#[test]
fn fractional_machines_have_one_device_whatever_their_cloud_counts() {
    // The EC2 API counts 0 GPUs for these.
    for (name, denominator) in [("g6f.large", 8), ("g6f.2xlarge", 4), ("g6f.4xlarge", 2), ("gr6f.4xlarge", 2)]
    {
        let count = machine(name).gpu_count().unwrap();
        assert_eq!(count, GpuCount::Fraction { numerator: 1, denominator }, "{name}");
        assert_eq!((count.devices(), count.whole()), (1, None), "{name}");
    }
    // The Azure API counts 1.
    let sixth = machine("Standard_NV6ads_A10_v5").gpu_count().unwrap();
    assert_eq!((sixth.to_string().as_str(), sixth.whole()), ("1/6", None));
    let unknown = machine("Standard_NC24lds_xl_RTXPRO6000BSE_v6").gpu_count().unwrap();
    assert_eq!((unknown, unknown.whole(), unknown.devices()), (GpuCount::UnknownFraction, None, 1));
}

#[test]
fn fractional_machines_cannot_be_cut_although_their_gpu_can() {
    for name in ["g4-standard-6", "g4-standard-12", "g4-standard-24"] {
        let machine = machine(name);
        assert!(machine.gpu().unwrap().has_mig());
        assert!(
            matches!(&machine.mig, MigSupport::No { reason } if reason.contains("fraction of a GPU")),
            "{name}"
        );
    }
    assert_eq!(machine("g4-standard-48").mig, MigSupport::Yes);
}

#[test]
fn arm_hosts() {
    let arm: Vec<_> = Cloud::ALL
        .into_iter()
        .flat_map(|cloud| Catalogue::built_in().machines(cloud))
        .filter(|machine| machine.arch == Arch::Arm64)
        .map(|machine| machine.name.as_str())
        .collect();
    assert_eq!(
        arm,
        [
            "Standard_ND128isr_NDR_GB200_v6",
            "Standard_ND128isr_GB300_v6",
            "Standard_ND128isrG5_GB300_v6",
            "a4x-highgpu-4g",
            "a4x-highgpu-4g-nolssd",
            "a4x-maxgpu-4g-metal",
            "g5g.16xlarge",
            "g5g.2xlarge",
            "g5g.4xlarge",
            "g5g.8xlarge",
            "g5g.metal",
            "g5g.xlarge",
            "p6e-gb200.36xlarge",
        ]
    );
}

#[test]
fn a_4g_is_one_instance_and_leaves_three_sevenths_of_an_a100_idle() {
    let gpu = gpu("a100-80gb");
    let layout = Layout::uniform(gpu, profile("4g.40gb")).unwrap();
    assert_eq!(layout.profiles().len(), 1);
    let shape = PoolShape {
        gpu,
        layout: Some(&layout),
        gpus_per_node: 1,
        sharing: Sharing::None,
        strategy: MigStrategy::Single,
        nodes: None,
    };
    let capacity = capacity(&shape).unwrap();
    assert_eq!(capacity.wasted_compute.unwrap().to_string(), "0.4286");
    assert_eq!(capacity.wasted_memory_gib.unwrap().to_string(), "39.25");
}

#[test]
fn the_geometry_of_mocked_hardware_is_not_in_the_table() {
    // go-nvml's mocks of these GPUs give 3g three units, 7g seven, the double-memory 1g one, and SMs in
    // proportion to the slices (16, 32, 48, 64, 112 on H100).
    for id in ["h100-80gb", "h200-141gb", "b200-180gb"] {
        let sizes: Vec<_> = gpu(id).profiles.iter().map(|facts| facts.memory_slices().unwrap()).collect();
        assert_eq!(sizes, [1, 1, 2, 2, 4, 4, 8], "{id}");
    }
    let sms = |id: &str| gpu(id).profiles.iter().map(|facts| facts.sm_count.unwrap()).collect::<Vec<_>>();
    assert_eq!(sms("h100-80gb"), [16, 16, 26, 32, 60, 64, 132]);
    assert_eq!(sms("h200-141gb"), [16, 16, 26, 32, 60, 64, 132]);
    assert_eq!(sms("b200-180gb"), [18, 18, 30, 36, 70, 72, 148]);
}

#[test]
fn a2_ultragpu_is_the_80_gb_board() {
    // The two accelerator types differ by more than their number: the 40 GB one alone is called tesla.
    assert_eq!(machine("a2-ultragpu-1g").accelerator_type.as_deref(), Some("nvidia-a100-80gb"));
    assert_eq!(machine("a2-highgpu-1g").accelerator_type.as_deref(), Some("nvidia-tesla-a100"));
    assert_eq!(machine("a2-megagpu-16g").gpu_count(), Some(GpuCount::Whole(16)));
}

#[test]
fn n1_machines_have_no_mig_whatever_is_attached() {
    let catalogue = Catalogue::built_in();
    let n1 = catalogue.machine(Some(Cloud::Gke), "n1-highmem-16").unwrap();
    assert_eq!((n1.name.as_str(), n1.gpu_count(), n1.gpu().is_none()), ("n1-highmem-16", None, true));
    assert!(matches!(&n1.mig, MigSupport::No { reason } if reason.contains("NVIDIA T4")));
    let models: Vec<_> = n1.attachable().iter().map(|choice| choice.gpu.id.as_str()).collect();
    assert_eq!(models, ["t4", "v100", "p100", "p4"]);
    let counts: Vec<_> =
        n1.attachable()[1].counts.iter().map(|count| (count.gpus, count.max_vcpus)).collect();
    assert_eq!(counts, [(1, 12), (2, 24), (4, 48), (8, 96)]);
    assert!(catalogue.machine(Some(Cloud::Eks), "n1-highmem-16").is_none());
    assert!(catalogue.machine(None, "n1-").is_none());
}

#[test]
fn azure_machine_types_are_found_without_case() {
    let found = machine("standard_nc24ADS_a100_V4");
    assert_eq!((found.name.as_str(), found.cloud), ("Standard_NC24ads_A100_v4", Cloud::Aks));
    assert!(Catalogue::built_in().machine(None, "A2-HIGHGPU-1G").is_none(), "Google's names have one case");
    assert!(Catalogue::built_in().machine(Some(Cloud::Gke), "Standard_NC24ads_A100_v4").is_none());
}

#[test]
fn azure_machines_with_four_slice_gpus_are_refused_with_the_reason() {
    let refused = machine("Standard_NC144ds_xl_RTXPRO6000BSE_v6");
    assert!(matches!(&refused.mig, MigSupport::No { reason } if reason.contains("seven slices")));
}

#[test]
fn unconfirmed_support_is_a_note_not_a_refusal() {
    assert!(matches!(machine("g7e.2xlarge").mig, MigSupport::HardwareOnly { .. }));
    assert!(matches!(machine("Standard_NCC40ads_H100_v5").mig, MigSupport::Unverified { .. }));
    assert!(matches!(machine("Standard_ND128isr_NDR_GB200_v6").mig, MigSupport::HardwareOnly { .. }));
}
