use super::super::Catalogue;
use super::*;

fn gpu(id: &str) -> &'static Gpu {
    Catalogue::built_in().gpu(id).unwrap()
}

fn shape<'a>(gpu: &'a Gpu, layout: Option<&'a Layout>) -> PoolShape<'a> {
    PoolShape {
        gpu,
        layout,
        gpus_per_node: 1,
        sharing: Sharing::None,
        strategy: MigStrategy::Single,
        nodes: Some(1),
    }
}

fn uniform(gpu: &Gpu, profile: &str) -> Layout {
    Layout::uniform(gpu, profile.parse().unwrap()).unwrap()
}

/// `[memory, share, wasted memory, wasted compute]` as Terraform would show them.
fn figures(capacity: &Capacity) -> [String; 4] {
    let text = |figure: Option<String>| figure.unwrap_or_else(|| "null".to_owned());
    [
        text(capacity.memory_gib.map(|gib| gib.to_string())),
        text(capacity.compute_share.map(|share| share.to_string())),
        text(capacity.wasted_memory_gib.map(|gib| gib.to_string())),
        text(capacity.wasted_compute.map(|share| share.to_string())),
    ]
}

#[test]
fn seven_slices_of_each_of_eight_gpus_on_three_nodes() {
    let gpu = gpu("h100-80gb");
    let layout = uniform(gpu, "1g.10gb");
    let shape = PoolShape { gpus_per_node: 8, nodes: Some(3), ..shape(gpu, Some(&layout)) };
    let capacity = capacity(&shape).unwrap();
    assert_eq!((capacity.per_gpu, capacity.per_node, capacity.total), (7, 56, Some(168)));
    assert_eq!(capacity.sm_count, Some(16));
    assert_eq!(figures(&capacity), ["9.75", "0.1212", "11", "0.1515"]);
    assert_eq!(capacity.resource_name, "nvidia.com/gpu");
    assert_eq!(capacity.counts_confidence, Confidence::TwoSources);
}

#[test]
fn the_total_is_unknown_where_the_number_of_nodes_moves() {
    let gpu = gpu("a100-40gb");
    let layout = uniform(gpu, "2g.10gb");
    let capacity = capacity(&PoolShape { nodes: None, ..shape(gpu, Some(&layout)) }).unwrap();
    assert_eq!((capacity.per_gpu, capacity.per_node, capacity.total), (3, 3, None));
    assert_eq!(figures(&capacity), ["9.62", "0.2857", "10.39", "0.1429"]);
}

#[test]
fn mixed_strategy_names_the_profile() {
    let gpu = gpu("rtx-pro-6000");
    let layout = uniform(gpu, "1g.24gb+gfx");
    let capacity =
        capacity(&PoolShape { strategy: MigStrategy::Mixed, ..shape(gpu, Some(&layout)) }).unwrap();
    assert_eq!(capacity.resource_name, "nvidia.com/mig-1g.24gb.gfx");
    assert_eq!(figures(&capacity), ["23.62", "0.2447", "0.52", "0.0213"]);
}

#[test]
fn the_full_profile_wastes_nothing() {
    for gpu in Catalogue::built_in().gpus() {
        let Some(full) = gpu.full_profile() else { continue };
        let layout = Layout::uniform(gpu, full.profile).unwrap();
        let capacity = capacity(&shape(gpu, Some(&layout))).unwrap();
        assert_eq!(capacity.per_gpu, 1);
        match full.sm_count {
            Some(_) => assert_eq!(figures(&capacity)[1..], ["1", "0", "0"], "{}", gpu.id),
            None => assert_eq!(figures(&capacity), ["null"; 4], "{}", gpu.id),
        }
    }
}

#[test]
fn figures_that_no_source_gives_stay_unknown() {
    let gpu = gpu("gb200-186gb");
    let layout = uniform(gpu, "1g.23gb");
    let capacity = capacity(&shape(gpu, Some(&layout))).unwrap();
    // The slice's own figures are published, those of the whole GPU are not.
    assert_eq!(capacity.sm_count, Some(18));
    assert_eq!(figures(&capacity), ["22", "null", "null", "null"]);
    assert_eq!(capacity.figures_confidence, Some(Confidence::OneSource));
}

#[test]
fn a_name_under_another_driver_counts_but_has_no_memory_figure() {
    let gpu = gpu("gb200-186gb");
    let layout = uniform(gpu, "1g.24gb");
    let capacity =
        capacity(&PoolShape { strategy: MigStrategy::Mixed, ..shape(gpu, Some(&layout)) }).unwrap();
    assert_eq!((capacity.per_gpu, capacity.memory_gib), (7, None));
    assert_eq!(capacity.resource_name, "nvidia.com/mig-1g.24gb");
}

#[test]
fn time_slicing_multiplies_slices_and_sets_no_memory_aside() {
    let gpu = gpu("a100-40gb");
    let layout = uniform(gpu, "2g.10gb");
    // Google's own example: four A100, three slices each, five clients per slice.
    let sharing = Sharing::TimeSlicing { replicas: 5 };
    let capacity = capacity(&PoolShape { gpus_per_node: 4, sharing, ..shape(gpu, Some(&layout)) }).unwrap();
    assert_eq!((capacity.per_gpu, capacity.per_node, capacity.total), (15, 60, Some(60)));
    assert_eq!(capacity.sm_count, Some(28));
    assert_eq!(figures(&capacity), ["9.62", "0.0571", "10.39", "0.1429"]);
}

#[test]
fn mps_gives_each_client_its_part() {
    let gpu = gpu("h100-80gb");
    let layout = uniform(gpu, "3g.40gb");
    let sharing = Sharing::Mps { replicas: 7 };
    let capacity = capacity(&PoolShape { sharing, ..shape(gpu, Some(&layout)) }).unwrap();
    assert_eq!((capacity.per_gpu, capacity.sm_count), (14, Some(8)));
    assert_eq!(figures(&capacity), ["5.64", "0.0649", "0.25", "0.0909"]);
}

#[test]
fn whole_gpus_are_one_slice_each_and_nothing_is_wasted() {
    let t4 = gpu("t4");
    let whole = capacity(&PoolShape { gpus_per_node: 4, ..shape(t4, None) }).unwrap();
    assert_eq!((whole.per_gpu, whole.per_node, whole.sm_count), (1, 4, None));
    assert_eq!(figures(&whole), ["null", "1", "0", "0"]);
    assert_eq!(whole.resource_name, "nvidia.com/gpu");

    let sharing = Sharing::TimeSlicing { replicas: 4 };
    let shared = capacity(&PoolShape { sharing, ..shape(t4, None) }).unwrap();
    assert_eq!(shared.per_gpu, 4);
    assert_eq!(figures(&shared), ["null", "0.25", "0", "0"]);
}

#[test]
fn a_mixed_layout_gives_one_resource_per_profile() {
    let gpu = gpu("a100-40gb");
    let layout = Layout::new(["3g.20gb", "1g.5gb", "1g.5gb"].map(|name| name.parse().unwrap()).to_vec());
    let mixed = PoolShape { strategy: MigStrategy::Mixed, ..shape(gpu, Some(&layout)) };
    let all = capacities(&mixed).unwrap();
    let each: Vec<_> = all.iter().map(|c| (c.resource_name.as_str(), c.per_gpu)).collect();
    assert_eq!(each, [("nvidia.com/mig-3g.20gb", 1), ("nvidia.com/mig-1g.5gb", 2)]);
    // Waste is that of the whole layout: 39.25 - 19.5 - 2 x 4.75, and 98 - 42 - 2 x 14 multiprocessors.
    assert_eq!(figures(&all[0])[2..], ["10.25", "0.2857"]);
    assert_eq!(capacity(&mixed), Err(CapacityError::SeveralResources { layout: layout.clone() }));

    let single = shape(gpu, Some(&layout));
    assert_eq!(capacities(&single), Err(CapacityError::MixedLayoutUnderSingle { layout }));
}

#[test]
fn refusals() {
    let gpu = gpu("a100-40gb");
    let one = Sharing::Mps { replicas: 1 };
    assert_eq!(
        capacity(&PoolShape { sharing: one, ..shape(gpu, None) }).unwrap_err().to_string(),
        "mps with 1 replicas shares nothing; use at least 2"
    );
    let too_many = Layout::new(vec!["7g.40gb".parse().unwrap(); 2]);
    assert!(matches!(capacity(&shape(gpu, Some(&too_many))), Err(CapacityError::Layout(_))));
    let huge = Sharing::TimeSlicing { replicas: u32::MAX };
    let beyond =
        PoolShape { sharing: huge, gpus_per_node: u32::MAX, nodes: Some(u32::MAX), ..shape(gpu, None) };
    assert_eq!(capacity(&beyond), Err(CapacityError::TooLarge));
}
