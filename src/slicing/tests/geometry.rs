//! The placement grid against brute force: every set of disjoint instances, enumerated without any cleverness.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::layout::Fit;
use super::super::{Attribute, Catalogue, Gpu, Layout, LayoutError, MigProfile};
use super::{gpu, profile};

/// One placed instance: its units, and its profile.
type Instance = (u16, MigProfile);

/// Every instance that the plain profiles of a GPU allow.
fn instances(gpu: &Gpu, with_double_memory: bool) -> Vec<Instance> {
    let mut all = Vec::new();
    for facts in &gpu.profiles {
        let plain = facts.profile.attribute == Attribute::Plain;
        let double = facts.profile.slices == 1 && facts.memory_slices() == Some(2);
        if !plain || (double && !with_double_memory) {
            continue;
        }
        let placements = facts.placements.as_ref().unwrap();
        for &start in &placements.starts {
            let units = (start..start + placements.size).fold(0, |units, unit| units | 1_u16 << unit);
            all.push((units, facts.profile));
        }
    }
    all
}

/// Every non-empty set of instances that do not overlap.
fn disjoint_sets(all: &[Instance]) -> Vec<Vec<Instance>> {
    let mut sets = vec![Vec::new()];
    for &instance in all {
        let with: Vec<Vec<Instance>> = sets
            .iter()
            .filter(|set: &&Vec<Instance>| set.iter().all(|other| other.0 & instance.0 == 0))
            .map(|set| set.iter().copied().chain([instance]).collect())
            .collect();
        sets.extend(with);
    }
    sets.retain(|set| !set.is_empty());
    sets
}

fn multiset(set: &[Instance]) -> Vec<MigProfile> {
    let mut profiles: Vec<_> = set.iter().map(|instance| instance.1).collect();
    profiles.sort_unstable();
    profiles
}

fn multisets(sets: &[Vec<Instance>]) -> BTreeSet<Vec<MigProfile>> {
    sets.iter().map(|set| multiset(set)).collect()
}

fn contains(large: &[MigProfile], small: &[MigProfile]) -> bool {
    let count = |list: &[MigProfile], wanted: MigProfile| list.iter().filter(|&&p| p == wanted).count();
    small.iter().all(|&wanted| count(large, wanted) >= count(small, wanted))
}

/// `[placed sets, multisets, sets to which nothing can be added, multisets in no larger one]`.
fn census(gpu: &Gpu, with_double_memory: bool) -> [usize; 4] {
    let all = instances(gpu, with_double_memory);
    let sets = disjoint_sets(&all);
    let multisets = multisets(&sets);
    let maximal = sets.iter().filter(|set| {
        let taken = set.iter().fold(0, |taken, instance| taken | instance.0);
        all.iter().all(|instance| instance.0 & taken != 0)
    });
    let dominated =
        |small: &Vec<MigProfile>| multisets.iter().any(|large| large != small && contains(large, small));
    let non_dominated = multisets.iter().filter(|small| !dominated(small));
    [sets.len(), multisets.len(), maximal.count(), non_dominated.count()]
}

#[test]
fn the_census_of_each_family() {
    let mut boards = [0, 0];
    for gpu in Catalogue::built_in().gpus() {
        match gpu.grid.map(|grid| grid.compute_slices) {
            Some(7) => {
                assert_eq!(census(gpu, false), [297, 37, 19, 12], "{}", gpu.id);
                assert_eq!(census(gpu, true), [722, 77, 78, 28], "{}", gpu.id);
                boards[0] += 1;
            }
            Some(4) => {
                assert_eq!(census(gpu, true), [25, 9, 5, 4], "{}", gpu.id);
                boards[1] += 1;
            }
            Some(other) => panic!("{}: no census for {other} compute slices", gpu.id),
            None => {}
        }
    }
    assert_eq!(boards, [11, 2]);
}

#[test]
fn no_disjoint_placement_asks_for_more_compute_than_there_is() {
    for gpu in Catalogue::built_in().gpus() {
        let Some(grid) = gpu.grid else { continue };
        for set in disjoint_sets(&instances(gpu, true)) {
            let slices: u8 = set.iter().map(|instance| instance.1.slices).sum();
            assert!(slices <= grid.compute_slices, "{}: {:?}", gpu.id, multiset(&set));
        }
    }
}

#[test]
fn a_layout_of_plain_profiles_is_valid_exactly_when_some_disjoint_placement_has_it() {
    for id in ["a100-40gb", "a30-24gb", "rtx-pro-6000"] {
        let gpu = gpu(id);
        let all = instances(gpu, true);
        let possible = multisets(&disjoint_sets(&all));
        let profiles: Vec<MigProfile> =
            all.iter().map(|instance| instance.1).collect::<BTreeSet<_>>().into_iter().collect();
        let mut tried = 0;
        let mut layouts: Vec<Vec<MigProfile>> = vec![Vec::new()];
        while let Some(layout) = layouts.pop() {
            if !layout.is_empty() {
                let valid = Layout::new(layout.clone()).is_valid(gpu);
                assert_eq!(valid, possible.contains(&layout), "{id}: {layout:?}");
                tried += 1;
            }
            // Up to two beyond what can fit, in ascending order so that each multiset comes once.
            if layout.len() < 9 {
                let from = layout.last().copied();
                let next = profiles.iter().filter(|&&profile| from.is_none_or(|from| profile >= from));
                layouts.extend(next.map(|&profile| [layout.as_slice(), &[profile]].concat()));
            }
        }
        assert!(tried > possible.len(), "the search must have seen impossible layouts too");
    }
}

/// What the rules say of a layout with suffixes, by trying every combination of starts.
fn oracle(gpu: &Gpu, layout: &[MigProfile]) -> bool {
    let having = |attribute| layout.iter().filter(|profile| profile.attribute == attribute).count();
    let (media, all_media, no_media) =
        (having(Attribute::Media), having(Attribute::MediaAll), having(Attribute::NoMedia));
    let engines_suffice =
        media <= 1 && (all_media == 0 || (all_media == 1 && no_media + all_media == layout.len()));
    fn some_combination(gpu: &Gpu, layout: &[MigProfile], taken: u16) -> bool {
        let Some((&profile, rest)) = layout.split_first() else { return true };
        let placements = gpu.find(profile).unwrap().facts().placements.clone().unwrap();
        placements.starts.iter().any(|&start| {
            let units = (start..start + placements.size).fold(0, |units, unit| units | 1_u16 << unit);
            units & taken == 0 && some_combination(gpu, rest, taken | units)
        })
    }
    !layout.is_empty() && engines_suffice && some_combination(gpu, layout, 0)
}

fn gpu_and_layout() -> impl Strategy<Value = (&'static Gpu, Vec<MigProfile>)> {
    let with_grid: Vec<&'static Gpu> =
        Catalogue::built_in().gpus().map(AsRef::as_ref).filter(|gpu: &&Gpu| gpu.grid.is_some()).collect();
    proptest::sample::select(with_grid).prop_flat_map(|gpu| {
        let profiles: Vec<_> = gpu.profiles.iter().map(|facts| facts.profile).collect();
        (Just(gpu), proptest::collection::vec(proptest::sample::select(profiles), 0..8))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_layout_is_valid_exactly_when_the_rules_say_so((gpu, profiles) in gpu_and_layout()) {
        let layout = Layout::new(profiles.clone());
        prop_assert_eq!(layout.is_valid(gpu), oracle(gpu, &profiles), "{} on {}", layout, gpu.id);
    }

    #[test]
    fn a_placement_is_disjoint_on_the_grid_and_complete((gpu, profiles) in gpu_and_layout()) {
        let Some(placed) = Layout::new(profiles.clone()).place(gpu) else { return Ok(()) };
        let mut taken = 0_u16;
        for instance in &placed {
            let placements = gpu.find(instance.profile).unwrap().facts().placements.clone().unwrap();
            prop_assert!(placements.starts.contains(&instance.start));
            prop_assert_eq!(instance.size, placements.size);
            for unit in instance.start..instance.start + instance.size {
                prop_assert_eq!(taken & 1 << unit, 0, "unit {} twice in {:?}", unit, placed);
                taken |= 1 << unit;
            }
        }
        let (mut asked, mut got) = (profiles, placed.iter().map(|p| p.profile).collect::<Vec<_>>());
        asked.sort_unstable();
        got.sort_unstable();
        prop_assert_eq!(asked, got);
    }

    #[test]
    fn the_order_of_a_layout_does_not_matter((gpu, mut profiles) in gpu_and_layout()) {
        let before = Layout::new(profiles.clone()).place(gpu);
        profiles.reverse();
        prop_assert_eq!(Layout::new(profiles).place(gpu), before);
    }
}

#[test]
fn the_3g_of_a_mixed_layout_goes_to_the_second_half() {
    let layout = Layout::new(["3g.20gb", "1g.5gb", "1g.5gb", "1g.5gb", "1g.5gb"].map(profile).to_vec());
    let placed = layout.place(gpu("a100-40gb")).unwrap();
    let starts: Vec<_> = placed.iter().map(|p| (p.start, p.profile.to_string())).collect();
    let expected = [(0, "1g.5gb"), (1, "1g.5gb"), (2, "1g.5gb"), (3, "1g.5gb"), (4, "3g.20gb")];
    assert_eq!(starts, expected.map(|(start, name)| (start, name.to_owned())));
    assert_eq!(layout.to_string(), "3g.20gb + 4 x 1g.5gb");
}

#[test]
fn refusals_name_the_rule() {
    let refusal = |id: &str, names: &[&str]| {
        Layout::new(names.iter().map(|name| profile(name)).collect()).fit(gpu(id)).unwrap_err()
    };
    assert_eq!(refusal("a100-40gb", &[]), LayoutError::Empty);
    assert_eq!(refusal("t4", &["1g.5gb"]).to_string(), "NVIDIA T4 has no MIG");
    assert_eq!(refusal("a100-40gb", &["1g.6gb"]).to_string(), "NVIDIA A100 40 GB has no MIG profile 1g.6gb");
    assert_eq!(
        refusal("a100-40gb", &["1c.2g.10gb"]).to_string(),
        "1c.2g.10gb is a compute instance inside a GPU instance, which Kubernetes does not show; use 2g.10gb"
    );
    assert_eq!(
        refusal("a100-40gb", &["3g.20gb"; 3]).to_string(),
        "3 of 3g.20gb do not fit on one NVIDIA A100 40 GB, which holds at most 2"
    );
    assert_eq!(
        refusal("a100-40gb", &["4g.20gb", "3g.20gb", "1g.5gb"]).to_string(),
        "4g.20gb + 3g.20gb + 1g.5gb do not fit together on one NVIDIA A100 40 GB"
    );
    assert_eq!(refusal("a30-24gb", &["1g.6gb+me", "2g.12gb+me"]), LayoutError::TwoMediaExtensions);
    assert_eq!(
        refusal("rtx-pro-6000", &["1g.24gb", "1g.24gb+me.all"]).to_string(),
        "1g.24gb+me.all takes all media engines of the GPU, so 1g.24gb beside it must be a -me profile"
    );
}

#[test]
fn me_all_takes_only_media_less_neighbours() {
    let gpu = gpu("rtx-pro-6000");
    let valid = |names: &[&str]| Layout::new(names.iter().map(|name| profile(name)).collect()).is_valid(gpu);
    assert!(valid(&["1g.24gb+me.all", "1g.24gb-me", "2g.48gb-me"]));
    assert!(!valid(&["1g.24gb+me.all", "1g.24gb+gfx"]));
    assert!(!valid(&["1g.24gb+me.all", "1g.24gb+me"]));
    assert!(!valid(&["1g.24gb+me.all", "2g.48gb+me.all"]));
    assert!(valid(&["1g.24gb+me", "1g.24gb+gfx", "2g.48gb"]));
}

#[test]
fn an_unverified_grid_lets_allowed_counts_pass_and_says_so() {
    let gpu = gpu("rtx-pro-4500");
    let layout = Layout::uniform(gpu, profile("1g.16gb")).unwrap();
    assert_eq!(layout.fit(gpu), Ok(Fit::GridUnknown));
    assert_eq!(layout.place(gpu), None);
    assert!(layout.confidence(gpu).is_some_and(|confidence| !confidence.is_firm()));
    assert!(!Layout::new(vec![profile("1g.16gb"); 3]).is_valid(gpu));
}
