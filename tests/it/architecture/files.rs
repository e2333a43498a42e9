//! The rules about files: their length, the clouds' equal names, words that stay out.

use std::collections::{BTreeMap, BTreeSet};

use gpuslice::slicing::Cloud;

use super::{none, text_of, walk};

/// A file that grows beyond this many lines holds more than one idea: split it.
const LONGEST: usize = 500;

/// Hosts of package registries, which are for the package managers' configuration to know; in parts, so that this
/// file does not hold what it forbids.
const FORBIDDEN: [(&str, &str); 4] =
    [("crates", ".io"), ("pypi", ".org"), ("npmjs", ".org"), ("proxy.golang", ".org")];

fn length_complaint(file: &str, text: &str) -> Option<String> {
    let judged = [".rs", ".py", ".sh"].iter().any(|ending| file.ends_with(ending));
    let lines = text.lines().count();
    (judged && lines > LONGEST).then(|| format!("{file}: {lines} lines; one file, one idea: split it"))
}

fn word_complaints(file: &str, text: &str) -> Vec<String> {
    let words = FORBIDDEN.iter().map(|(head, tail)| format!("{head}{tail}"));
    let found = words.filter(|word| text.contains(word));
    found.map(|word| format!("{file}: {word} must not stand in the repository")).collect()
}

/// `files`: paths below `src/cloud`, such as `gke/wire.rs`. An idea may be a file in one cloud and a folder in another.
/// What the clouds share may have folders too.
fn cloud_complaints<'a>(files: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut clouds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in files {
        let Some((cloud, rest)) = file.split_once('/') else { continue };
        if cloud.parse::<Cloud>().is_err() {
            continue;
        }
        let name = rest.split('/').next().expect("split yields at least one part").trim_end_matches(".rs");
        if !matches!(name, "tests" | "snapshots") {
            clouds.entry(cloud).or_default().insert(name);
        }
    }
    let all: BTreeSet<_> = clouds.values().flatten().copied().collect();
    let lacks = |(cloud, names): (&&str, &BTreeSet<&str>)| {
        let lacking = all.difference(names);
        let told = lacking.map(|name| format!("src/cloud/{cloud} has no {name}.rs, another cloud has"));
        told.collect::<Vec<_>>()
    };
    clouds.iter().flat_map(lacks).collect()
}

#[test]
fn no_file_is_too_long() {
    let files = ["src", "tests", "scripts"].into_iter().flat_map(walk);
    none(&files.filter_map(|(file, path)| length_complaint(&file, &text_of(&path)?)).collect::<Vec<_>>());
}

#[test]
fn forbidden_words_stay_out() {
    // The lock file names the registry of each package, as Cargo writes it.
    let files = walk("").into_iter().filter(|(file, _)| file != "Cargo.lock");
    let complaints: Vec<_> =
        files.filter_map(|(file, path)| Some(word_complaints(&file, &text_of(&path)?))).flatten().collect();
    none(&complaints);
}

#[test]
fn all_clouds_hold_files_of_the_same_names() {
    let files: Vec<_> = walk("src/cloud").into_iter().map(|(file, _)| file).collect();
    none(&cloud_complaints(files.iter().map(|file| file.trim_start_matches("src/cloud/"))));
}

#[test]
fn an_offence_is_found() {
    let long = "\n".repeat(LONGEST + 1);
    assert!(length_complaint("src/long.rs", &long).is_some());
    assert!(length_complaint("src/right.rs", &long[1..]).is_none());
    assert!(length_complaint("src/table.csv", &long).is_none());
    for (head, tail) in FORBIDDEN {
        assert_eq!(word_complaints("README.md", &format!("see {head}{tail}/x")).len(), 1);
    }
    assert_eq!(cloud_complaints(["mod.rs", "gke/mod.rs", "gke/wire.rs", "aks/mod.rs"]).len(), 1);
    assert_eq!(cloud_complaints(["gke/mod.rs", "gke/client.rs", "eks/mod.rs"]).len(), 1);
    none(&cloud_complaints([
        "http.rs",
        "settings/google.rs",
        "gke/mod.rs",
        "gke/wire.rs",
        "aks/wire/pool.rs",
        "aks/mod.rs",
        "aks/tests.rs",
    ]));
}
