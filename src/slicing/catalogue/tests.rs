use super::tables::Tables;
use super::*;

fn rows(table: &str) -> usize {
    table.lines().count() - 1
}

#[test]
fn every_row_of_the_embedded_tables_can_be_read() {
    let catalogue = Catalogue::read(&EMBEDDED).unwrap();
    assert_eq!(catalogue.gpus.len(), rows(EMBEDDED.gpus));
    assert_eq!(
        catalogue.gpus.iter().map(|gpu| gpu.profiles.len()).sum::<usize>(),
        rows(EMBEDDED.mig_profiles)
    );
    assert_eq!(catalogue.machines.len(), rows(EMBEDDED.gpu_machines));
    let counts =
        catalogue.attached.iter().flat_map(|family| &family.choices).map(|choice| choice.counts.len());
    assert_eq!(counts.sum::<usize>(), rows(EMBEDDED.attachable_gpus));
}

#[test]
fn a_wrong_row_is_named_with_its_fault() {
    // Each edit lives as long as the test program, which is soon over.
    let edit =
        |table: &'static str, find: &str, put: &str| -> &'static str { table.replacen(find, put, 1).leak() };
    let gpus = |find, put| Tables { gpus: edit(EMBEDDED.gpus, find, put), ..EMBEDDED };
    let profiles = |find, put| Tables { mig_profiles: edit(EMBEDDED.mig_profiles, find, put), ..EMBEDDED };
    let machines = |find, put| Tables { gpu_machines: edit(EMBEDDED.gpu_machines, find, put), ..EMBEDDED };
    let attachable =
        |find, put| Tables { attachable_gpus: edit(EMBEDDED.attachable_gpus, find, put), ..EMBEDDED };
    for (tables, expected) in [
        (
            gpus("A100 40 GB,40,8,7", "A100 40 GB,40,8,"),
            "gpus.csv, row of a100-40gb: memory_units and compute_slices go together",
        ),
        (
            gpus("A100 40 GB,40", "A100 40 GB,lots"),
            "gpus.csv, row of a100-40gb: \"lots\": invalid digit found in string",
        ),
        (
            gpus("a100-40gb,", "a100-41gb,"),
            "mig_profiles.csv, row of a100-40gb 1g.5gb: gpus.csv has no such GPU",
        ),
        (gpus("remark", "remarks"), "gpus.csv: CSV deserialize error: record 1"),
        (profiles("1g.5gb", "1g.5"), "mig_profiles.csv, row of a100-40gb 1g.5: \"1g.5\""),
        (
            profiles("0 1 2 3 4 5 6,1", "0 1 2 3 4 5 9,1"),
            "row of a100-40gb 1g.5gb: the placements leave the GPU's grid",
        ),
        (
            profiles("0 1 2 3 4 5 6,1", "0 1 2 3 4 5 6,0"),
            "row of a100-40gb 1g.5gb: the placements leave the GPU's grid",
        ),
        (profiles("0 1 2 3 4 5 6,1", ",1"), "row of a100-40gb 1g.5gb: starts and size go together"),
        (profiles("1,two sources,14", "1,,14"), "grid says how well starts and size are founded"),
        (profiles("4.75,two sources", "4.75,"), "figures says how well sm_count and usable_gib are founded"),
        (profiles("4.75", "4.755"), "not a decimal number with at most 2 digits"),
        (machines("eks,g4dn.xlarge", "aws,g4dn.xlarge"), "row of g4dn.xlarge: \"aws\""),
        (
            machines("g4dn.12xlarge,t4,4", "g4dn.12xlarge,t4,0"),
            "gpu_machines.csv, row of g4dn.12xlarge: \"0\"",
        ),
        (machines("1/8", "8/8"), "a fraction lies between 0 and 1"),
        (machines("x86_64,yes", "x86_64,perhaps"), "mig is yes, hardware, unverified or no"),
        (machines("x86_64,no,,", "x86_64,yes,,"), "mig is yes, hardware, unverified or no"),
        (machines("arm64", "riscv"), "\"riscv\" is not an architecture"),
        (attachable("n1-*", "n1-"), "machine_types ends in a *"),
        (
            attachable("gke,n1-*,t4", "gke,n1-*,t5"),
            "attachable_gpus.csv, row of n1-* t5: gpus.csv has no such GPU",
        ),
    ] {
        let message = Catalogue::read(&tables).unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} should say {expected:?}");
    }
}

#[test]
fn the_cloud_of_a_machine_type_that_no_table_holds_comes_from_its_shape() {
    let catalogue = Catalogue::built_in();
    assert_eq!(catalogue.cloud_of("a9-highgpu-8g"), Some(Cloud::Gke));
    assert_eq!(catalogue.cloud_of("n1-standard-4"), Some(Cloud::Gke));
    assert_eq!(catalogue.cloud_of("p9.48xlarge"), Some(Cloud::Eks));
    assert_eq!(catalogue.cloud_of("Standard_ND999_X1_v9"), Some(Cloud::Aks));
    assert_eq!(catalogue.cloud_of("gpu"), None);
}

#[test]
fn profiles_are_found_by_id_and_alias() {
    let catalogue = Catalogue::built_in();
    assert_eq!(catalogue.profiles("a30-24gb").unwrap().len(), 5);
    assert_eq!(catalogue.profiles("nvidia-rtx-pro-6000").unwrap().len(), 11);
    assert!(catalogue.profiles("t4").unwrap().is_empty());
    assert!(catalogue.profiles("t5").is_none());
}
