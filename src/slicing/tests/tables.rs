//! The tables against themselves: counts against the grid, names against the naming rule, ids against NVIDIA's.

use std::collections::{BTreeMap, BTreeSet};

use super::super::naming;
use super::super::{Attribute, Catalogue, Cloud, Layout, MachineGpus, MigProfile, ProfileMatch};
use super::{gpu, profile};

#[test]
fn the_counts_of_the_table_equal_what_the_grid_allows() {
    for gpu in Catalogue::built_in().gpus() {
        for facts in &gpu.profiles {
            let Some(placements) = &facts.placements else { continue };
            let expected = match facts.profile.attribute {
                Attribute::Media | Attribute::MediaAll => 1,
                Attribute::Plain | Attribute::Graphics | Attribute::NoMedia => placements.max_side_by_side(),
            };
            assert_eq!(facts.max_instances as usize, expected, "{} {}", gpu.id, facts.profile);
            let uniform = Layout::uniform(gpu, facts.profile).unwrap();
            assert_eq!(uniform.place(gpu).map(|placed| placed.len()), Some(expected), "{} {uniform}", gpu.id);
        }
    }
}

#[test]
fn every_uniform_layout_of_the_catalogue_is_valid() {
    for gpu in Catalogue::built_in().gpus() {
        for facts in &gpu.profiles {
            assert!(
                Layout::uniform(gpu, facts.profile).unwrap().is_valid(gpu),
                "{} {}",
                gpu.id,
                facts.profile
            );
        }
    }
}

#[test]
fn profiles_with_a_suffix_share_the_figures_of_the_plain_one() {
    for gpu in Catalogue::built_in().gpus() {
        for facts in &gpu.profiles {
            let plain = gpu
                .find(facts.profile.base())
                .unwrap_or_else(|| panic!("{} {}", gpu.id, facts.profile))
                .facts();
            assert_eq!(facts.placements, plain.placements, "{} {}", gpu.id, facts.profile);
            assert_eq!(facts.sm_count, plain.sm_count, "{} {}", gpu.id, facts.profile);
            assert_eq!(facts.usable_gib, plain.usable_gib, "{} {}", gpu.id, facts.profile);
        }
    }
}

#[test]
fn profiles_are_listed_smallest_first_and_once() {
    for gpu in Catalogue::built_in().gpus() {
        let sizes: Vec<_> =
            gpu.profiles.iter().map(|facts| (facts.profile.slices, facts.profile.memory_gb)).collect();
        assert!(sizes.is_sorted(), "{}: {sizes:?}", gpu.id);
        let names: BTreeSet<_> = gpu.profiles.iter().map(|facts| facts.profile).collect();
        assert_eq!(names.len(), gpu.profiles.len(), "{}", gpu.id);
    }
}

#[test]
fn the_naming_rule_gives_the_names_of_the_table() {
    let mut boards = 0;
    for gpu in Catalogue::built_in().gpus() {
        let (Some(grid), Some(memory_gb)) = (gpu.grid, gpu.memory_gb) else { continue };
        let plain: Vec<MigProfile> = gpu
            .profiles
            .iter()
            .map(|facts| facts.profile)
            .filter(|profile| profile.attribute == Attribute::Plain)
            .collect();
        assert_eq!(naming::predict(grid, memory_gb), plain, "{}", gpu.id);
        boards += 1;
    }
    assert_eq!(boards, 13);
}

#[test]
fn the_naming_rule_on_memory_as_ec2_reports_it() {
    // MiB as EC2 reports them for B200, B300 and H200 (source: EC2 DescribeInstanceTypes).
    for (id, mib) in [("b200-180gb", 183_359_u32), ("b300-269gb", 275_040), ("h200-141gb", 144_384)] {
        let gpu = gpu(id);
        let total_gb = u16::try_from(mib.div_ceil(1024)).unwrap();
        assert_eq!(Some(total_gb), gpu.memory_gb, "{id}");
    }
}

#[test]
fn names_under_a_driver_that_reports_other_memory_are_known() {
    let found = |id: &str, name: &str| match gpu(id).find(profile(name)) {
        Some(ProfileMatch::Listed(facts)) => format!("listed {}", facts.profile),
        Some(ProfileMatch::OtherName(facts)) => format!("other name of {}", facts.profile),
        None => "none".to_owned(),
    };
    assert_eq!(found("gb200-186gb", "7g.186gb"), "listed 7g.186gb");
    for (other, listed) in [
        ("1g.24gb", "1g.23gb"),
        ("1g.24gb+me", "1g.23gb+me"),
        ("3g.95gb", "3g.93gb"),
        ("4g.95gb", "4g.93gb"),
        ("7g.189gb", "7g.186gb"),
    ] {
        assert_eq!(found("gb200-186gb", other), format!("other name of {listed}"));
    }
    for (other, listed) in [("1g.31gb", "1g.35gb"), ("3g.126gb", "3g.139gb"), ("7g.251gb", "7g.278gb")] {
        assert_eq!(found("gb300-278gb", other), format!("other name of {listed}"));
    }
    assert_eq!(found("b200-180gb", "7g.189gb"), "none");
    assert_eq!(found("t4", "1g.2gb"), "none");
}

#[test]
fn full_profiles() {
    let full: BTreeMap<_, _> = Catalogue::built_in()
        .gpus()
        .filter_map(|gpu| Some((gpu.id.as_str(), gpu.full_profile()?.profile.to_string())))
        .collect();
    assert_eq!(full.len(), 13);
    assert_eq!(full["a100-40gb"], "7g.40gb");
    assert_eq!(full["a30-24gb"], "4g.24gb");
    assert_eq!(full["rtx-pro-6000"], "4g.96gb");
}

#[test]
fn ids_and_aliases_name_one_gpu_each() {
    let mut names = BTreeMap::new();
    for gpu in Catalogue::built_in().gpus() {
        for name in std::iter::once(&gpu.id).chain(&gpu.aliases) {
            assert_eq!(names.insert(name.clone(), gpu.id.clone()), None, "{name}");
            assert_eq!(*name, name.to_ascii_lowercase());
        }
        for id in &gpu.pci_device_ids {
            assert!(
                id.len() == 4 && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()),
                "{id}"
            );
        }
    }
    let catalogue = Catalogue::built_in();
    assert_eq!(catalogue.gpu("nvidia-tesla-a100").unwrap().id, "a100-40gb");
    assert_eq!(catalogue.gpu("nvidia-a100-80gb").unwrap().id, "a100-80gb");
    assert_eq!(catalogue.gpu("nvidia-h100-mega-80gb").unwrap().id, "h100-80gb");
    assert!(catalogue.gpu("A100").is_none());
}

#[test]
fn every_row_has_a_source() {
    let catalogue = Catalogue::built_in();
    for gpu in catalogue.gpus() {
        assert!(!gpu.source.is_empty(), "{}", gpu.id);
        assert!(gpu.profiles.iter().all(|facts| !facts.source.is_empty()), "{}", gpu.id);
    }
    for machine in Cloud::ALL.into_iter().flat_map(|cloud| catalogue.machines(cloud)) {
        assert!(!machine.source.is_empty(), "{}", machine.name);
    }
}

#[test]
fn machine_names_are_unique_and_shaped_like_their_cloud() {
    let catalogue = Catalogue::built_in();
    let mut names = BTreeSet::new();
    for cloud in Cloud::ALL {
        assert!(catalogue.machines(cloud).count() > 20, "{cloud}");
        for machine in catalogue.machines(cloud) {
            assert!(names.insert(machine.name.to_ascii_lowercase()), "{} twice", machine.name);
            assert_eq!(Cloud::from_machine_name_shape(&machine.name), Some(cloud), "{}", machine.name);
            assert_eq!(catalogue.cloud_of(&machine.name), Some(cloud), "{}", machine.name);
        }
    }
}

#[test]
fn every_gke_machine_has_the_accelerator_type_of_its_gpu() {
    let catalogue = Catalogue::built_in();
    for cloud in Cloud::ALL {
        for machine in catalogue.machines(cloud) {
            match (&machine.accelerator_type, machine.gpu()) {
                (Some(accelerator), Some(gpu)) => assert!(gpu.is_called(accelerator), "{}", machine.name),
                (accelerator, _) => {
                    assert!(accelerator.is_none() && cloud != Cloud::Gke, "{}", machine.name);
                }
            }
        }
    }
    let n1 = catalogue.machine(Some(Cloud::Gke), "n1-standard-8").unwrap();
    let MachineGpus::Attached(choices) = &n1.gpus else { panic!("n1 has no built-in GPU") };
    assert!(choices.iter().all(|choice| choice.gpu.is_called(&choice.accelerator_type)));
}

#[test]
fn memory_per_gpu_of_a_whole_gpu_is_that_of_its_model() {
    let catalogue = Catalogue::built_in();
    for machine in Cloud::ALL.into_iter().flat_map(|cloud| catalogue.machines(cloud)) {
        let whole = machine.gpu_count().and_then(super::super::GpuCount::whole).is_some();
        let (Some(model), Some(stated), true) =
            (machine.gpu().and_then(|gpu| gpu.memory_gb), machine.gpu_memory_gb, whole)
        else {
            continue;
        };
        // EC2 counts in GiB what is sold in GB: 24 GB are 22.35 GiB.
        let ratio = stated.to_f64() / f64::from(model);
        assert!((0.92..=1.01).contains(&ratio), "{}: {stated} of {model}", machine.name);
    }
}
