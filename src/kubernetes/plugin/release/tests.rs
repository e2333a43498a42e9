use serde_json::{Value, json};

use super::*;
use crate::kubernetes::plugin::store::tests::{LONG, chart, config_map, owner, patches, ts, with};
use crate::kubernetes::testing::{call, cluster};

fn released(gone: &[&ConfigKey], in_use: &[(&ConfigKey, &str)]) -> Released {
    Released {
        gone: gone.iter().map(|key| key.name.clone()).collect(),
        in_use: in_use.iter().map(|(key, node)| (key.name.clone(), vec![(*node).to_owned()])).collect(),
    }
}

#[tokio::test]
async fn keys_are_given_up_by_applying_without_them() {
    let (old, older, new) = (ts(4), ts(2), ts(8));
    let data = json!({&old.name: old.yaml, &older.name: older.yaml, &new.name: new.yaml, "foreign": "x"});
    let map = config_map(&data, &[&old.name, &older.name, &new.name]);
    for (keep, data, gone) in [
        (None, json!({}), &[&old, &older, &new][..]),
        (Some(&new), json!({&new.name: new.yaml}), &[&old, &older]),
    ] {
        let (cluster, log) = with(Some(map.clone()), &[]);
        let answer = cluster.release_keys(&call(LONG), &chart(), &owner(), keep).await.unwrap();
        assert_eq!(answer, released(gone, &[]));
        let found = patches(&log);
        assert_eq!(found[0].body["data"], data);
        assert_eq!(found[0].body["metadata"]["uid"], "u1", "nothing is made anew");
    }
}

/// A cluster in which a node of somebody else's names this key.
fn with_user(map: &Value, key: &ConfigKey) -> (Cluster, crate::kubernetes::testing::Log) {
    let (map, name) = (map.clone(), key.name.clone());
    cluster(move |seen| match seen.line.split_once(' ').unwrap() {
        ("GET", path) if path.starts_with("/api/v1/nodes?") => {
            let node = json!({"metadata": {"name": "foreign", "labels": {CONFIG_LABEL: name}}});
            (
                200,
                json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": {}, "items": [node]}),
            )
        }
        ("GET", _) => (200, map.clone()),
        _ => (200, seen.body.clone()),
    })
}

#[tokio::test]
async fn a_key_that_others_name_stays() {
    let (used, old) = (ts(4), ts(8));
    let map = config_map(&json!({&used.name: used.yaml}), &[&used.name]);
    let (cluster, log) = with_user(&map, &used);
    let answer = cluster.release_keys(&call(LONG), &chart(), &owner(), None).await.unwrap();
    assert_eq!(answer, released(&[], &[(&used, "foreign")]));
    assert_eq!(patches(&log), []);
    let asked = log.lock().unwrap().iter().any(|seen| {
        seen.line.contains("gke-nodepool%21%3Dnotebooks")
            && seen.line.contains(&format!("config+in+%28{}%29", used.name))
    });
    assert!(asked, "{:?}", log.lock().unwrap());

    let map = config_map(&json!({&used.name: used.yaml, &old.name: old.yaml}), &[&used.name, &old.name]);
    let (cluster, log) = with_user(&map, &used);
    let answer = cluster.release_keys(&call(LONG), &chart(), &owner(), None).await.unwrap();
    assert_eq!(answer, released(&[&old], &[(&used, "foreign")]));
    assert_eq!(patches(&log)[0].body["data"], json!({&used.name: used.yaml}));
}

/// Another pool with the same key keeps it there, so its nodes are no reason to hold on to it.
#[tokio::test]
async fn a_key_that_another_manager_owns_too_is_given_up() {
    let key = ts(4);
    let mut map = config_map(&json!({&key.name: key.yaml}), &[&key.name]);
    let entries = map["metadata"]["managedFields"].as_array_mut().unwrap();
    let mut another = entries.last().unwrap().clone();
    another["manager"] = json!("gpuslice-pool-another");
    entries.push(another);
    let (cluster, log) = with_user(&map, &key);
    let answer = cluster.release_keys(&call(LONG), &chart(), &owner(), None).await.unwrap();
    assert_eq!(answer, released(&[&key], &[]));
    assert_eq!(patches(&log)[0].body["data"], json!({}));
}

#[tokio::test]
async fn what_is_not_ours_is_not_touched() {
    let key = ts(4);
    let foreign = config_map(&json!({&key.name: key.yaml}), &[]);
    for map in [None, Some(foreign)] {
        let (cluster, log) = with(map, &[]);
        let answer = cluster.release_keys(&call(LONG), &chart(), &owner(), None).await.unwrap();
        assert_eq!(answer, Released::default());
        assert_eq!(patches(&log), []);
        assert_eq!(cluster.owned_keys(&call(LONG), &chart(), &owner()).await, Ok(BTreeSet::new()));
    }
    let ours = config_map(&json!({&key.name: key.yaml}), &[&key.name]);
    let (cluster, _) = with(Some(ours), &[]);
    let owned = cluster.owned_keys(&call(LONG), &chart(), &owner()).await;
    assert_eq!(owned, Ok(BTreeSet::from([key.name.clone()])));
}
