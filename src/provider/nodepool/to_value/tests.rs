use super::super::from_value;
use super::*;
use crate::cloud;
use crate::nodepool::Problems;
use crate::slicing::Cloud;

const SUBNET: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n";

fn aks() -> &'static dyn CloudRules {
    cloud::rules(Cloud::Aks)
}

/// The options of a configuration on AKS, as they are read, and the problems of reading them.
fn read(written: &Value) -> (Options, Problems) {
    let mut problems = Problems::default();
    let config = Value::object([
        (
            "cluster_id",
            Value::from(
                "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c",
            ),
        ),
        ("aks", written.clone()),
    ]);
    let options = from_value::config(&config, &mut problems).options;
    (options.known().cloned().unwrap_or_default(), problems)
}

fn price(text: &str) -> Value {
    text.parse::<Number>().ok().into()
}

/// Every option with a value, and what else its parts need.
fn every_option() -> Value {
    fn value(spec: &OptionSpec) -> Value {
        match spec.kind {
            OptionKind::Bool => Value::Bool(true),
            OptionKind::Number(least, _) => Value::number(least),
            OptionKind::Decimal(_) => price("0.98765"),
            OptionKind::Text => Value::from("text"),
            OptionKind::ResourceId => Value::from(SUBNET),
            OptionKind::Choice(words) => Value::from(*words.last().unwrap()),
            OptionKind::Duration => Value::from("90m"),
            OptionKind::TextSet => Value::set(["a", "b"]),
            OptionKind::TextMap => Value::map([("a", "b")]),
            OptionKind::Object(specs) => Value::object(specs.iter().map(|spec| (spec.name, value(spec)))),
        }
    }
    Value::object(aks().options().iter().map(|spec| (spec.name, value(spec))))
}

#[test]
fn every_option_comes_back_as_it_was_written() {
    let written = every_option();
    let (read, problems) = read(&written);
    assert_eq!(problems, Problems::default());
    assert_eq!(read.0.len(), aks().options().len());
    assert_eq!(options(&read, &written, aks()), written);
}

#[test]
fn spellings_that_mean_the_same_stay_as_written() {
    let written = Value::object([
        ("vnet_subnet_id", Value::from(SUBNET)),
        ("drain_timeout", Value::from("90m")),
        ("gpu_stack", Value::from("gpu_operator")),
        ("ignore_pod_disruption_budget", Value::Bool(true)),
    ]);
    let mut live = Options::default();
    for (name, text) in [
        ("vnet_subnet_id", SUBNET.to_ascii_uppercase().as_str()),
        ("drain_timeout", "1h30m0s"),
        // A pool that lost a label looks like one of another stack.
        ("gpu_stack", "device_plugin"),
    ] {
        live.set(name, Some(OptionValue::Text(text.to_owned())));
    }
    let seen = options(&live, &written, aks());
    for name in ["vnet_subnet_id", "drain_timeout", "gpu_stack", "ignore_pod_disruption_budget"] {
        assert_eq!(seen.lookup(name), written.lookup(name), "{name}");
    }
    // What says something else is drift.
    for (name, text) in [("vnet_subnet_id", "/other"), ("drain_timeout", "2h"), ("gpu_stack", "managed")] {
        live.set(name, Some(OptionValue::Text(text.to_owned())));
        assert_eq!(options(&live, &written, aks()).lookup(name), &Value::from(text), "{name}");
    }
}

#[test]
fn prices_are_exact_and_not_too_long() {
    for text in ["-1", "0.00001", "0.1", "12.50"] {
        let (options, problems) = read(&Value::object([("spot_max_price", price(text))]));
        assert_eq!(problems, Problems::default(), "{text}");
        assert_eq!(options.decimal("spot_max_price").unwrap(), text.parse().unwrap());
    }
    for text in ["0.000001", "0.123456", "1e300"] {
        let (options, problems) = read(&Value::object([("spot_max_price", price(text))]));
        assert_eq!(problems.0.len(), 1, "{text}");
        assert_eq!(problems.0[0].path.to_string(), "aks.spot_max_price");
        // Reported once, and unknown to every rule.
        assert_eq!(options.get("spot_max_price"), Some(&OptionValue::Unknown));
    }
}

#[test]
fn ids_are_not_empty_and_choices_are_azures_words() {
    for (name, wrong) in [("snapshot_id", ""), ("os_sku", "ubuntu"), ("drain_timeout", "30")] {
        let (_, problems) = read(&Value::object([(name, Value::from(wrong))]));
        assert!(problems.0.iter().any(|it| it.path.to_string() == format!("aks.{name}")), "{name}");
    }
}
