use std::collections::BTreeMap;

use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, prop_assert_ne, proptest};

use super::fallback::{NO_SHARING, default_key};
use super::key::{is_ours, looks_ours, meaning};
use super::*;
use crate::nodepool::labels::value_fault;

fn time_slicing(replicas: u32) -> PluginConfig {
    PluginConfig {
        mig_strategy: None,
        sharing: Sharing::TimeSlicing { replicas },
        resource: "nvidia.com/gpu".to_owned(),
        rename: false,
        fail_requests_greater_than_one: true,
    }
}

/// One configuration of each kind.
fn kinds() -> Vec<(&'static str, PluginConfig)> {
    let plain = time_slicing(4);
    let single = Some(MigStrategy::Single);
    vec![
        ("time-slicing", plain.clone()),
        (
            "time-slicing, renamed, requests of several replicas allowed",
            PluginConfig { rename: true, fail_requests_greater_than_one: false, ..plain.clone() },
        ),
        ("MPS", PluginConfig { sharing: Sharing::Mps { replicas: 8 }, ..plain.clone() }),
        ("MIG, single", PluginConfig { mig_strategy: single, sharing: Sharing::None, ..plain.clone() }),
        (
            "MIG, mixed",
            PluginConfig {
                mig_strategy: Some(MigStrategy::Mixed),
                sharing: Sharing::None,
                resource: "nvidia.com/mig-1g.10gb".to_owned(),
                ..plain.clone()
            },
        ),
        ("MIG, single, time-slicing on top", PluginConfig { mig_strategy: single, ..plain.clone() }),
        (
            "MIG, mixed, time-slicing on top, renamed",
            PluginConfig {
                mig_strategy: Some(MigStrategy::Mixed),
                resource: "nvidia.com/mig-1g.10gb".to_owned(),
                rename: true,
                ..plain
            },
        ),
    ]
}

/// Keys are the values of labels on nodes: a change here changes the label of every pool at its next apply.
#[test]
fn every_kind_of_configuration() {
    let shown: Vec<String> = kinds()
        .iter()
        .map(|(what, config)| {
            let key = ConfigKey::of(config).unwrap();
            format!("# {what}: {} announced under {}\n{}", config.announced(), key.name, key.yaml)
        })
        .collect();
    insta::assert_snapshot!(shown.join("---\n"));
}

#[test]
fn the_plugin_takes_all_of_every_text() {
    for (what, config) in kinds() {
        assert_eq!(lint(&config.yaml().unwrap()), [], "{what}");
    }
}

#[test]
fn what_was_written_is_read_back() {
    for (what, config) in kinds() {
        let told = Told::read(&config.yaml().unwrap()).unwrap();
        assert_eq!(told.of(&config.resource), config, "{what}");
        let name = ConfigKey::of(&config).unwrap().name;
        assert_eq!(meaning(&name, Some("nvidia.com/mig-1g.10gb")), Some(config), "{what}");
    }
    for foreign in ["ts4", "default", "ts4-00000000", "ts99999999999-00000000"] {
        assert_eq!(meaning(foreign, None), None, "{foreign}");
    }
}

#[test]
fn what_the_plugin_refuses_is_not_written() {
    use ConfigError::*;
    let cases = [
        (
            PluginConfig { sharing: Sharing::TimeSlicing { replicas: 1 }, ..time_slicing(4) },
            TooFewReplicas(1),
        ),
        (PluginConfig { sharing: Sharing::Mps { replicas: 0 }, ..time_slicing(4) }, TooFewReplicas(0)),
        (PluginConfig { sharing: Sharing::Mps { replicas: 49 }, ..time_slicing(4) }, TooManyClients(49)),
        (
            PluginConfig {
                sharing: Sharing::Mps { replicas: 4 },
                mig_strategy: Some(MigStrategy::Single),
                ..time_slicing(4)
            },
            MpsOverMig,
        ),
        (
            PluginConfig { resource: "amd.com/gpu".to_owned(), ..time_slicing(4) },
            NotAResource("amd.com/gpu".to_owned()),
        ),
        (
            PluginConfig { resource: "nvidia.com/gpu\nflags: {}".to_owned(), ..time_slicing(4) },
            NotAResource("nvidia.com/gpu\nflags: {}".to_owned()),
        ),
    ];
    for (config, error) in cases {
        assert_eq!(config.yaml(), Err(error.clone()), "{config:?}");
        assert_eq!(ConfigKey::of(&config), Err(error));
    }
}

#[test]
fn a_key_of_ours_is_known_by_its_text() {
    let key = ConfigKey::of(&time_slicing(4)).unwrap();
    assert!(is_ours(&key.name, &key.yaml) && looks_ours(&key.name));
    assert!(!is_ours(&key.name, &key.yaml.replace('4', "8")), "edited");
    assert!(looks_ours(&key.name), "whatever its text has become");
    for foreign in
        ["default", "ts4", "ts-3f9c01ab", "ts4-3F9C01AB", "team-3f9c01ab", "mig-x-3f9c01ab", "ts4-3f9c01a"]
    {
        assert!(!looks_ours(foreign), "{foreign}");
    }
}

proptest! {
    /// Whatever is wanted: a text that the plugin takes wholly, under a name that a label and a ConfigMap take.
    #[test]
    fn any_configuration_is_sound(
        replicas in 2_u32..=48,
        mps in any::<bool>(),
        mig in prop::option::of(any::<bool>()),
        rename in any::<bool>(),
        fail in any::<bool>(),
    ) {
        let mig_strategy = mig.map(|mixed| if mixed { MigStrategy::Mixed } else { MigStrategy::Single });
        let config = PluginConfig {
            mig_strategy,
            sharing: if mps && mig.is_none() { Sharing::Mps { replicas } } else { Sharing::TimeSlicing { replicas } },
            resource: if mig == Some(true) { "nvidia.com/mig-1g.24gb.me.all" } else { "nvidia.com/gpu" }.to_owned(),
            rename,
            fail_requests_greater_than_one: fail,
        };
        let key = ConfigKey::of(&config).unwrap();
        prop_assert_eq!(lint(&key.yaml), []);
        prop_assert!(is_ours(&key.name, &key.yaml));
        prop_assert_eq!(value_fault(&key.name), None);
        prop_assert!(key.yaml.contains("renameByDefault: ") && key.yaml.contains("failRequestsGreaterThanOne: "));
        let slice = (mig == Some(true)).then_some(config.resource.as_str());
        prop_assert_eq!(Told::read(&key.yaml).unwrap().to_node(slice), config.clone());
        prop_assert_eq!(meaning(&key.name, slice), Some(config));
    }

    /// No text makes the lint fail.
    #[test]
    fn any_text_can_be_judged(text in "(?s).{0,200}") {
        let refused = lint(&text).iter().any(|finding| finding.weight == Weight::Refused);
        prop_assert_eq!(Told::read(&text).is_err(), refused);
    }
}

#[test]
fn foreign_texts_are_judged() {
    let cases = [
        ("nothing", ""),
        ("no version", "sharing: {}\n"),
        ("not YAML", "a: [1"),
        ("not fields", "- 1\n"),
        ("another version", "version: v2\n"),
        ("a misplaced switch", "flags:\n  renameByDefault: true\n"),
        ("Go's reader passes over case", "flags:\n  MIGstrategy: single\n"),
        (
            "the plugin's own readers do not",
            "sharing:\n  timeSlicing:\n    renamebydefault: true\n    resources: [{name: gpu, replicas: 2}]\n",
        ),
        ("no resources", "sharing:\n  timeSlicing:\n    renameByDefault: true\n"),
        ("empty resources", "sharing: {mps: {resources: []}}\n"),
        (
            "fields that it reads and drops",
            "resources: {gpus: []}\nsharing: {timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: 4, \
             rename: x, devices: [0]}]}}\n",
        ),
        ("one replica", "sharing: {timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: 1}]}}\n"),
        (
            "replicas as a text",
            "sharing: {timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: '4'}]}}\n",
        ),
        ("a resource that cannot be", "sharing: {timeSlicing: {resources: [{name: GPU, replicas: 4}]}}\n"),
        (
            "both kinds of sharing, and mixed",
            "flags: {migStrategy: mixed}\nsharing: {mps: {resources: [{name: gpu, replicas: 4}]}, timeSlicing: \
             {resources: [{name: gpu, replicas: 4}]}}\n",
        ),
        ("a list of words", "flags: {plugin: {deviceListStrategy: [envvar, volume-mount]}}\n"),
        ("an old truth value", "flags: {failOnInitError: yes}\n"),
        ("no truth value", "flags: {failOnInitError: 1}\n"),
        ("an unknown field", "flags: {speed: fast}\n"),
    ];
    let shown: Vec<String> = cases
        .iter()
        .map(|(what, text)| {
            let findings: Vec<String> = lint(text).iter().map(|finding| format!("  {finding}")).collect();
            let findings = if findings.is_empty() { vec!["  (nothing wrong)".to_owned()] } else { findings };
            format!("{what}:\n{}", findings.join("\n"))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

fn data(keys: &[(&str, &str)]) -> BTreeMap<String, String> {
    keys.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn unlabelled_nodes_keep_what_they_have() {
    let chart = Fallback::default();
    let operator = Fallback::of(Some(""), Some("empty"));
    let single = Fallback::of(None, Some("single"));
    let ours = ConfigKey::of(&time_slicing(4)).unwrap();
    let no_sharing = DefaultKey::Ensure(NO_SHARING.to_owned());
    let cases = [
        (data(&[]), &chart, no_sharing.clone()),
        (data(&[("default", "version: v1 # mine\n")]), &chart, DefaultKey::Nothing),
        (data(&[("only", "x\n")]), &chart, DefaultKey::Ensure("x\n".to_owned())),
        // Their plugin does not start now, and with `default` it does.
        (data(&[("one", "x\n"), ("two", "y\n")]), &chart, no_sharing.clone()),
        (data(&[(&ours.name, &ours.yaml)]), &chart, no_sharing.clone()),
        (data(&[]), &operator, DefaultKey::Nothing),
        (data(&[("only", "x\n")]), &operator, DefaultKey::Nothing),
        (data(&[]), &Fallback::of(Some("team"), Some("named,single")), DefaultKey::Nothing),
        (data(&[("only", "x\n")]), &Fallback::of(None, Some("named")), no_sharing.clone()),
        (data(&[]), &Fallback::of(None, Some("")), DefaultKey::Nothing),
        (data(&[]), &single, no_sharing),
        (data(&[("only", "x\n")]), &single, DefaultKey::NoHelp),
        (data(&[("default", "x\n")]), &single, DefaultKey::NoHelp),
    ];
    for (data, fallback, wanted) in cases {
        assert_eq!(default_key(&data, fallback), wanted, "{data:?} {fallback:?}");
    }
}

proptest! {
    /// The whole point of the rule: with `default` ensured and our key added, a node without a label gets the same
    /// text as before; where its plugin did not start before, it gets anything but our key.
    #[test]
    fn our_key_is_nobody_elses(
        foreign in prop::collection::btree_map("[a-d]|default", "text [a-z]", 0..4),
        default in prop::option::of("[a-d]"),
        strategies in prop::collection::vec(0_usize..3, 0..4),
    ) {
        let all = [Strategy::Named, Strategy::Single, Strategy::Empty];
        let fallback = Fallback { default, strategies: strategies.into_iter().map(|at| all[at]).collect() };
        let ours = ConfigKey::of(&time_slicing(4)).unwrap();
        let chosen = |data: &BTreeMap<String, String>| {
            let keys: Vec<&str> = data.keys().map(String::as_str).collect();
            fallback.choose(&keys).map(|key| key.map(|key| data[key].clone()))
        };
        let before = chosen(&foreign);

        let mut after = foreign.clone();
        match default_key(&foreign, &fallback) {
            DefaultKey::Nothing => {}
            DefaultKey::Ensure(text) => drop(after.insert("default".to_owned(), text)),
            DefaultKey::NoHelp => {
                // Only a plugin that knows no other way is refused.
                prop_assert!(fallback.strategies.contains(&Strategy::Single));
                return Ok(());
            }
        }
        after.insert(ours.name, ours.yaml.clone());
        match (before, chosen(&after)) {
            (Err(_), Ok(now)) => prop_assert_ne!(now, Some(ours.yaml)),
            (before, now) => prop_assert_eq!(before, now),
        }
    }
}
