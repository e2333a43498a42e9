//! Watches: what is told, in which order, and how they end.

use super::*;

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned())).collect()
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[test]
fn a_watch_from_a_list_tells_what_changed_since() {
    let mut desk = Desk::new();
    desk.config_map("a", &json!({}));
    let revision = desk.get(MAPS)["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    desk.config_map("b", &json!({}));
    let mut watch = desk.watch(&format!("{MAPS}?watch=true&resourceVersion={revision}"));
    assert_eq!(desk.told(&mut watch), pairs(&[("ADDED", "b")]));
    desk.patch("merge-patch+json", &format!("{MAPS}/b"), &json!({"data": {"x": "1"}}));
    desk.ok("DELETE", &format!("{MAPS}/a"), &Value::Null);
    assert_eq!(desk.told(&mut watch), pairs(&[("MODIFIED", "b"), ("DELETED", "a")]));
    assert_eq!(desk.told(&mut watch), pairs(&[]));
}

#[test]
fn a_watch_without_a_version_begins_with_what_is_there() {
    let mut desk = Desk::new();
    desk.config_map("a", &json!({}));
    let mut watch = desk.watch(&format!("{MAPS}?watch=true"));
    assert_eq!(desk.told(&mut watch), pairs(&[("ADDED", "a")]));
    let streamed =
        "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = desk.watch(&format!("{MAPS}?{streamed}"));
    let lines = desk.lines(&mut watch);
    assert_eq!((&lines[0]["type"], &lines[1]["type"]), (&json!("ADDED"), &json!("BOOKMARK")));
    assert_eq!(lines[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

#[test]
fn what_enters_or_leaves_a_selection_is_added_or_deleted() {
    let mut desk = Desk::new();
    desk.config_map("a", &json!({}));
    let mut watch = desk.watch(&format!("{MAPS}?watch=true&labelSelector=on"));
    assert_eq!(desk.told(&mut watch), pairs(&[]));
    let label = |value: Value| json!({"metadata": {"labels": {"on": value}}});
    let path = format!("{MAPS}/a");
    desk.patch("merge-patch+json", &path, &label(json!("1")));
    desk.patch("merge-patch+json", &path, &label(json!("2")));
    desk.patch("merge-patch+json", &path, &label(Value::Null));
    assert_eq!(desk.told(&mut watch), pairs(&[("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]));
}

#[test]
fn a_version_that_is_too_old_is_told_in_the_stream() {
    let mut desk = Desk::new();
    desk.config_map("a", &json!({}));
    desk.on(|cluster, _, _| cluster.store.compact());
    let mut watch = desk.watch(&format!("{MAPS}?watch=true&resourceVersion=1"));
    let lines = desk.lines(&mut watch);
    assert_eq!((&lines[0]["type"], &lines[0]["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(lines[0]["object"]["reason"], "Expired");
    assert_eq!(desk.told(&mut watch), pairs(&[("END", "")]));
}

#[test]
fn a_watch_ends_at_its_time_with_a_bookmark() {
    let mut desk = Desk::new();
    let mut watch = desk.watch(&format!("{MAPS}?watch=1&timeoutSeconds=5&allowWatchBookmarks=true"));
    assert_eq!(desk.told(&mut watch), pairs(&[]));
    desk.pass(5_000);
    let lines = desk.lines(&mut watch);
    assert_eq!((&lines[0]["type"], &lines[0]["object"]["kind"]), (&json!("BOOKMARK"), &json!("ConfigMap")));
    assert_eq!(desk.told(&mut watch), pairs(&[("END", "")]));
}

#[test]
fn a_fault_ends_a_watch_early() {
    let mut desk = Desk::new();
    for (abruptly, word) in [(false, "END"), (true, "CUT")] {
        let mut watch = desk.watch(&format!("{MAPS}?watch=true"));
        watch.cut = Some((desk.now + 100, abruptly));
        assert_eq!(desk.told(&mut watch), pairs(&[]));
        desk.pass(100);
        assert_eq!(desk.told(&mut watch), pairs(&[(word, "")]));
    }
}

#[test]
fn nodes_are_watched_as_their_machines_change() {
    let mut desk = Desk::with(Stack::Nothing, vec![machine("n1")]);
    let revision = desk.get("/api/v1/nodes")["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let mut watch = desk.watch(&format!("/api/v1/nodes?watch=true&resourceVersion={revision}"));
    desk.nodes.push(machine("n2"));
    assert_eq!(desk.told(&mut watch), pairs(&[("ADDED", "n2")]));
    desk.nodes.remove(0);
    assert_eq!(desk.told(&mut watch), pairs(&[("DELETED", "n1")]));
}
