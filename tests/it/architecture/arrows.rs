//! Which module may take from which.

use super::imports::{imports, module_of};
use super::{none, text_of, walk};

/// A module of the crate and all that it may take from the rest of it. `ARCHITECTURE.md` gives the reasons.
const ARROWS: [(&str, &[&str]); 9] = [
    // The pure domain: whoever knows MIG can read it without knowing Terraform, HTTP or a cloud.
    ("slicing", &[]),
    // Fit to be a crate of its own, for any provider.
    ("tfplugin", &[]),
    ("duration", &[]),
    ("nodepool", &["slicing", "duration"]),
    ("cloud", &["nodepool", "slicing", "duration"]),
    ("kubernetes", &["nodepool", "slicing", "duration"]),
    ("provider", &["tfplugin", "nodepool", "slicing", "duration", "cloud", "kubernetes"]),
    // Not one wire type of `cloud`: a field misspelt there has to fail against the sandbox, not be mirrored by it.
    ("sandbox", &["duration"]),
    ("main", &["provider", "tfplugin"]),
];

const CLOUDS: [&str; 3] = ["aks", "gke", "eks"];

/// What is wrong with the imports of one file.
fn complaints(file: &str, text: &str) -> Vec<String> {
    let module = module_of(file);
    let Some(home) = module.first() else {
        // The crate's root only declares modules.
        return Vec::new();
    };
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| name == home) else {
        return vec![format!("{file}: the module `{home}` has no entry in the table of arrows")];
    };
    let own_cloud = module.get(1).filter(|name| home == "cloud" && CLOUDS.contains(&name.as_str()));
    let mut complaints = Vec::new();
    for import in imports(file, text) {
        let mut complain = |why: &str| {
            complaints.push(format!("{file}:{}: crate::{}: {why}", import.line, import.path.join("::")));
        };
        let Some(target) = import.path.first() else {
            complain("name the module, not the crate's root");
            continue;
        };
        let cloud = import.path.get(1).filter(|name| target == "cloud" && CLOUDS.contains(&name.as_str()));
        if target != home && !allowed.contains(&target.as_str()) {
            complain(&format!("`{home}` may not take from `{target}`"));
        } else if home != "cloud" && cloud.is_some() {
            complain("a cloud is seen only through the traits of `nodepool`");
        } else if own_cloud.is_some() && cloud.is_some() && cloud != own_cloud {
            complain("a cloud knows nothing of another cloud");
        }
    }
    complaints
}

#[test]
fn modules_take_only_from_where_they_may() {
    let sources: Vec<_> = walk("src").into_iter().filter(|(file, _)| file.ends_with(".rs")).collect();
    assert!(sources.len() > 5, "the source was not found");
    let found =
        sources.iter().flat_map(|(file, path)| complaints(file, &text_of(path).expect("source is text")));
    none(&found.collect::<Vec<_>>());
}

#[test]
fn an_offence_is_found() {
    let offends = |file: &str, text: &str| !complaints(file, text).is_empty();
    assert!(offends("src/slicing/gpu.rs", "use crate::nodepool::NodePool;"));
    assert!(offends("src/slicing/gpu.rs", "fn f() { super::super::duration::parse() }"));
    assert!(offends("src/tfplugin/rpc.rs", "use crate::{provider::Pool, tfplugin::Value};"));
    assert!(offends("src/nodepool/mod.rs", "use crate::cloud::http;"));
    assert!(offends("src/provider/pool.rs", "use crate::cloud::gke::Client;"));
    assert!(offends("src/cloud/gke/mod.rs", "use crate::cloud::aks::wire;"));
    assert!(offends("src/cloud/gke/mod.rs", "use super::aks::wire;"));
    assert!(offends("src/cloud/gke/mod.rs", "use crate::provider::Pool;"));
    assert!(offends("src/sandbox/gke/pools.rs", "type Pool = crate::cloud::gke::wire::NodePool;"));
    assert!(offends("src/sandbox/main.rs", "fn main() { gpuslice::slicing::catalogue() }"));
    assert!(offends("src/novel/mod.rs", ""));
    assert!(offends("src/provider/pool.rs", "use crate::*;"));
}

#[test]
fn what_is_allowed_passes() {
    let passes = |file: &str, text: &str| none(&complaints(file, text));
    passes(
        "src/slicing/gpu.rs",
        "//! Unlike [`crate::nodepool`].\nuse super::profile::MigProfile; use crate::slicing::Gpu;",
    );
    passes(
        "src/cloud/gke/mod.rs",
        "use crate::cloud::http; use super::gke::wire; use crate::nodepool::NodePools;",
    );
    passes("src/cloud/mod.rs", "pub fn all() { crate::cloud::gke::new(); gke::new() }");
    passes("src/provider/pool.rs", "use crate::cloud::{Clouds, http::Retry}; use crate::tfplugin::Value;");
    passes("src/sandbox/main.rs", "fn main() { gpuslice::sandbox::main() }");
}
