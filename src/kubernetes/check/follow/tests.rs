use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::kubernetes::check::Finding;
use crate::kubernetes::config::{ConfigKey, PluginConfig};
use crate::kubernetes::plugin::fixtures::{chart, seen};
use crate::kubernetes::plugin::{Installed, Wanted, place};
use crate::kubernetes::testing::{call, cluster, refusal};
use crate::nodepool::spec::{Taint, TaintEffect};
use crate::slicing::Sharing;

const LONG: Duration = Duration::from_secs(3600);
const TIMEOUT: Duration = Duration::from_secs(900);

fn check() -> SliceCheck {
    SliceCheck {
        pool: "projects/p/locations/l/clusters/c/nodePools/n".parse().unwrap(),
        resource: "nvidia.com/gpu".to_owned(),
        per_node: 4,
        gpus: 1,
        nodes: Some(2),
        mig: None,
        sharing: Sharing::TimeSlicing { replicas: 4 },
        mig_manager: None,
        announcer: Announcer::Cloud,
        taints: Vec::new(),
        timeout: TIMEOUT,
    }
}

fn node(name: &str, ready: bool, gpus: u32) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "resourceVersion": "5"},
        "status": {
            "allocatable": {"nvidia.com/gpu": gpus.to_string()},
            "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
        },
    })
}

fn nodes(items: &[Value]) -> (u16, Value) {
    (
        200,
        json!({"apiVersion": "v1", "kind": "NodeList", "metadata": {"resourceVersion": "7"}, "items": items}),
    )
}

fn nothing(kind: &str) -> (u16, Value) {
    (200, json!({"apiVersion": "v1", "kind": kind, "metadata": {}, "items": []}))
}

fn event(kind: &str, object: &Value) -> Value {
    json!({"type": kind, "object": object})
}

/// Answers to lists and to watches of nodes, one after the other; the last one is repeated. All else is empty.
fn scripted(
    lists: Vec<(u16, Value)>,
    watches: Vec<(u16, Value)>,
) -> (Cluster, crate::kubernetes::testing::Log) {
    let (listed, watched) = (AtomicUsize::new(0), AtomicUsize::new(0));
    cluster(move |seen| {
        let next = |answers: &[(u16, Value)], at: &AtomicUsize| {
            answers[at.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1)].clone()
        };
        match seen.line.split('?').next().unwrap() {
            "GET /api/v1/nodes" if seen.line.contains("watch=true") => next(&watches, &watched),
            "GET /api/v1/nodes" => next(&lists, &listed),
            "GET /api/v1/pods" => nothing("PodList"),
            "GET /apis/apps/v1/daemonsets" => nothing("DaemonSetList"),
            _ => refusal(404, "NotFound", "not found"),
        }
    })
}

#[tokio::test(start_paused = true)]
async fn slices_that_are_there_are_seen_at_once() {
    let (cluster, log) = scripted(vec![nodes(&[node("a", true, 4), node("b", true, 4)])], vec![]);
    let outcome = cluster.check_slices(&call(LONG), &check()).await;
    assert_eq!(outcome, Outcome::Verified { allocatable: 8 });
    let lines: Vec<String> = log.lock().unwrap().iter().map(|seen| seen.line.clone()).collect();
    assert_eq!(lines, ["GET /api/v1/nodes?&labelSelector=cloud.google.com%2Fgke-nodepool%3Dn"]);
}

#[tokio::test(start_paused = true)]
async fn slices_that_come_are_seen_by_the_watch() {
    let first = nodes(&[node("a", true, 4), node("b", false, 0)]);
    let leaving = {
        let mut node = node("old", true, 1);
        node["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        node
    };
    let bookmark = json!({"kind": "Node", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}});
    let events = json!([
        event("BOOKMARK", &bookmark),
        event("ADDED", &leaving),
        event("MODIFIED", &node("b", true, 1)),
        event("ADDED", &node("c", true, 1)),
        event("DELETED", &node("c", true, 1)),
        event("MODIFIED", &node("b", true, 4)),
    ]);
    let (cluster, log) = scripted(vec![first], vec![(200, events)]);
    let outcome = cluster.check_slices(&call(LONG), &check()).await;
    assert_eq!(outcome, Outcome::Verified { allocatable: 8 });
    let log = log.lock().unwrap();
    let watch = &log[1].line;
    for part in [
        "watch=true",
        "resourceVersion=7",
        "allowWatchBookmarks=true",
        "timeoutSeconds=45",
        "gke-nodepool%3Dn",
    ] {
        assert!(watch.contains(part), "{watch}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_watch_begins_anew() {
    let gone = json!([event("ERROR", &refusal(410, "Expired", "too old").1)]);
    let lists = vec![
        nodes(&[]),
        refusal(503, "ServiceUnavailable", "x"),
        nodes(&[node("a", true, 4), node("b", true, 4)]),
    ];
    let (cluster, _) = scripted(lists, vec![(200, gone)]);
    assert_eq!(cluster.check_slices(&call(LONG), &check()).await, Outcome::Verified { allocatable: 8 });
}

#[tokio::test(start_paused = true)]
async fn slices_that_do_not_come_are_a_mismatch_with_a_cause() {
    let (cluster, _) = scripted(vec![nodes(&[node("a", true, 1)])], vec![(200, json!([]))]);
    let begun = Instant::now();
    let outcome = cluster.check_slices(&call(LONG), &check()).await;
    let Outcome::Mismatch(mismatch) = outcome else { panic!("{outcome:?}") };
    assert!(begun.elapsed() >= TIMEOUT && begun.elapsed() < TIMEOUT + Duration::from_secs(60));
    assert_eq!((mismatch.allocatable, mismatch.missing, mismatch.nodes.len()), (1, 1, 1));
    let whole = Finding::WholeGpus { cut: false, gpus: 1, nodes: vec!["a".to_owned()] };
    assert_eq!(mismatch.findings, [whole]);
    insta::assert_snapshot!(format!("{}\n{}", mismatch.summary(), mismatch.detail()), @r"
    0 of 2 nodes offer the planned 4 nvidia.com/gpu
    After 15m:
      - a: 1 nvidia.com/gpu
      - 1 node has not joined the cluster
    Whole GPUs (1) are offered on a: nothing shares them: the device plugin has not taken its configuration over (yet).
    ");
}

#[tokio::test(start_paused = true)]
async fn the_calls_end_comes_first() {
    let (cluster, _) = scripted(vec![nodes(&[node("a", true, 1)])], vec![(200, json!([]))]);
    let begun = Instant::now();
    let outcome = cluster.check_slices(&call(Duration::from_secs(80)), &check()).await;
    assert!(matches!(outcome, Outcome::Mismatch(_)), "{outcome:?}");
    assert!(begun.elapsed() < Duration::from_secs(80));
}

#[tokio::test(start_paused = true)]
async fn without_nodes_nothing_is_verified() {
    let empty = || scripted(vec![nodes(&[])], vec![(200, json!([]))]).0;
    let none = Outcome::NotVerified(NotVerified::NoNodes);
    for sizes in [Some(0), None] {
        let begun = Instant::now();
        let outcome = empty().check_slices(&call(LONG), &SliceCheck { nodes: sizes, ..check() }).await;
        assert_eq!(outcome, none);
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
    let begun = Instant::now();
    assert_eq!(empty().check_slices(&call(LONG), &check()).await, none);
    assert!(begun.elapsed() >= FIRST_NODE && begun.elapsed() < FIRST_NODE * 2);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_says_no_is_not_asked_again() {
    for (code, reason) in [(401, "Unauthorized"), (403, "Forbidden")] {
        let (cluster, log) = scripted(vec![refusal(code, reason, reason)], vec![]);
        let outcome = cluster.check_slices(&call(LONG), &check()).await;
        assert!(matches!(outcome, Outcome::NotVerified(NotVerified::NotAsked(_))), "{outcome:?}");
        assert_eq!(log.lock().unwrap().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_not_reached_is_given_half_a_minute() {
    let (cluster, log) = scripted(vec![refusal(503, "ServiceUnavailable", "x")], vec![]);
    let begun = Instant::now();
    let outcome = cluster.check_slices(&call(LONG), &check()).await;
    assert!(matches!(outcome, Outcome::NotVerified(NotVerified::NotAsked(_))), "{outcome:?}");
    assert!(begun.elapsed() >= FIRST_CONTACT && begun.elapsed() < FIRST_CONTACT * 2);
    assert!(log.lock().unwrap().len() > 5);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_the_check() {
    let (cluster, _) = scripted(vec![nodes(&[node("a", true, 1)])], vec![(200, json!([]))]);
    let (call, check) = (call(LONG), check());
    let (outcome, ()) = tokio::join!(cluster.check_slices(&call, &check), async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        call.cancelled.cancel();
    });
    assert_eq!(outcome, Outcome::NotVerified(NotVerified::Interrupted));
}

#[tokio::test(start_paused = true)]
async fn nodes_for_dynamic_allocation_have_nothing_to_compare() {
    let mut node = node("a", true, 0);
    node["metadata"]["labels"] = json!({"cloud.google.com/gke-nvidia-gpu-dra-driver": "true"});
    let (cluster, _) = scripted(vec![nodes(&[node])], vec![]);
    let outcome = cluster.check_slices(&call(LONG), &check()).await;
    assert_eq!(outcome, Outcome::NotVerified(NotVerified::DynamicAllocation));
}

fn with_key(place: crate::kubernetes::plugin::Place) -> SliceCheck {
    let key = ConfigKey::of(&PluginConfig {
        mig_strategy: None,
        sharing: check().sharing,
        resource: check().resource,
        rename: false,
        fail_requests_greater_than_one: true,
    });
    SliceCheck { announcer: Announcer::DevicePlugin { key: Some((place, key.unwrap())) }, ..check() }
}

#[tokio::test(start_paused = true)]
async fn where_nothing_could_announce_the_check_ends_at_once() {
    let place = place::choose(&Wanted::default(), &Installed::default()).unwrap();
    let (cluster, _) = scripted(vec![nodes(&[node("a", true, 0)])], vec![]);
    let outcome = cluster.check_slices(&call(LONG), &with_key(place)).await;
    let Outcome::NotVerified(NotVerified::NothingAnnounces { advice }) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(advice.contains("name: gpuslice-device-plugin"), "{advice}");
}

#[test]
fn what_could_announce_is_told_by_what_is_installed() {
    let installed =
        |sets: &[Value]| Installed { plugins: sets.iter().map(seen).collect(), ..Installed::default() };
    let read = place::choose(&Wanted::default(), &installed(&[chart(Some("slices"))])).unwrap();
    let advice = |check: &SliceCheck, sets: &[Value]| {
        let place = match &check.announcer {
            Announcer::DevicePlugin { key: Some((place, _)) } => Some(place.clone()),
            _ => None,
        };
        announcers::advice(check, place.as_ref(), &installed(sets), &[])
    };
    let shared = with_key(read);
    assert_eq!(advice(&shared, &[chart(Some("slices"))]), None);
    assert!(advice(&shared, &[chart(Some("other"))]).unwrap().contains("reads the ConfigMap other"));
    assert!(advice(&shared, &[chart(None)]).unwrap().contains("reads no ConfigMap"));
    // A taint that its pods do not tolerate keeps the plugin away for good; the GPU taint does not.
    let team = Taint { key: "team".into(), value: "ml".into(), effect: TaintEffect::NoSchedule };
    let never = |taints: &[Taint], sets: &[Value]| {
        let check = SliceCheck { taints: taints.to_vec(), ..shared.clone() };
        announcers::never_come(&check, &installed(sets))
    };
    assert!(never(&[Taint::gpu(), team.clone()], &[chart(Some("slices"))]));
    assert!(!never(&[Taint::gpu()], &[chart(Some("slices"))]));
    assert!(!never(&[team], &[]), "what is not installed yet may tolerate it");
    // MIG alone may be set in the installation itself.
    let mig = SliceCheck { sharing: Sharing::None, ..shared };
    assert_eq!(advice(&mig, &[chart(None)]), None);
    assert!(advice(&mig, &[]).is_some());
}

fn cut_by_manager(nodes: u32) -> SliceCheck {
    let cut = crate::kubernetes::suits::Cut { strategy: crate::slicing::MigStrategy::Single, restarts: true };
    SliceCheck {
        mig: Some(cut.strategy),
        mig_manager: Some(cut),
        sharing: Sharing::None,
        nodes: Some(nodes),
        ..check()
    }
}

fn cut_node(name: &str, gpus: u32, state: &str) -> Value {
    let mut cut = node(name, true, gpus);
    cut["metadata"]["labels"] =
        json!({"nvidia.com/mig.config": "all-2g.10gb", "nvidia.com/mig.config.state": state});
    cut
}

#[tokio::test(start_paused = true)]
async fn mig_manager_is_waited_for_while_it_works_and_restarts_the_machine() {
    let states = ["pending", "rebooting", "success"];
    let watched = states.map(|state| event("MODIFIED", &cut_node("a", 4, state)));
    let (cluster, _) = scripted(vec![nodes(&[cut_node("a", 4, "")])], vec![(200, json!(watched))]);
    let outcome = cluster.check_slices(&call(LONG), &cut_by_manager(1)).await;
    assert_eq!(outcome, Outcome::Verified { allocatable: 4 });
}

#[tokio::test(start_paused = true)]
async fn what_mig_manager_has_failed_at_is_told_at_once_with_who_holds_the_gpus() {
    let list = nodes(&[cut_node("a", 4, "pending"), cut_node("b", 1, "failed")]);
    let holder = json!({"metadata": {"name": "train", "namespace": "team"}, "spec": {"nodeName": "b", "containers": [
        {"name": "c", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}, "status": {"phase": "Running"}});
    let (cluster, _) = cluster(move |seen| match seen.line.split('?').next().unwrap() {
        "GET /api/v1/nodes" if seen.line.contains("watch=true") => (200, json!([])),
        "GET /api/v1/nodes" => list.clone(),
        "GET /api/v1/pods" if seen.line.ends_with("%3Db") => {
            (200, json!({"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": [holder]}))
        }
        "GET /api/v1/pods" => nothing("PodList"),
        _ => refusal(404, "NotFound", "not found"),
    });
    let begun = Instant::now();
    let outcome = cluster.check_slices(&call(LONG), &cut_by_manager(2)).await;
    assert!(begun.elapsed() >= FAILED && begun.elapsed() < FAILED + PAUSE * 2, "{:?}", begun.elapsed());
    let Outcome::Mismatch(mismatch) = outcome else { panic!("{outcome:?}") };
    let pods = vec!["team/train on b".to_owned()];
    assert!(mismatch.findings.contains(&Finding::HeldGpus { pods }), "{mismatch:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_is_not_told() {
    let failing = event("MODIFIED", &cut_node("a", 1, "failed"));
    let again = event("MODIFIED", &cut_node("a", 4, "success"));
    let (cluster, _) =
        scripted(vec![nodes(&[cut_node("a", 1, "pending")])], vec![(200, json!([failing, again]))]);
    let outcome = cluster.check_slices(&call(LONG), &cut_by_manager(1)).await;
    assert_eq!(outcome, Outcome::Verified { allocatable: 4 });
}
