//! Configurations for the tests of AKS's rules.

use std::collections::{BTreeMap, BTreeSet};

use crate::nodepool::config::AutoscalingConfig;
use crate::nodepool::{
    CloudRules, Field, NodePoolConfig, OptionValue, Options, Problem, Problems, Severity, checks,
};
use crate::slicing::Sharing;

pub(crate) const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
pub(crate) const SUBNET: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n";

pub(crate) fn known(text: &str) -> Field<String> {
    Field::Known(text.to_owned())
}

pub(crate) fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(crate) fn map(pairs: &[(&str, &str)]) -> Field<BTreeMap<String, Field<String>>> {
    Field::Known(pairs.iter().map(|(key, value)| ((*key).to_owned(), known(value))).collect())
}

pub(crate) fn limits(min: u32, max: u32) -> Field<AutoscalingConfig> {
    Field::Known(AutoscalingConfig {
        min_nodes: Field::Known(min),
        max_nodes: Field::Known(max),
        initial_nodes: Field::Null,
    })
}

/// Options from JSON: null is unknown, a number with a fraction or below 0 is a decimal, a list a set of texts.
pub(crate) fn options(json: &serde_json::Value) -> Options {
    use serde_json::Value;
    let option = |value: &Value| match value {
        Value::Null => OptionValue::Unknown,
        Value::Bool(on) => OptionValue::Bool(*on),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => OptionValue::Number(whole.try_into().unwrap()),
            None => OptionValue::Decimal(number.to_string().parse().unwrap()),
        },
        Value::String(text) => OptionValue::Text(text.clone()),
        Value::Array(texts) => {
            OptionValue::TextSet(texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect())
        }
        Value::Object(_) => OptionValue::Object(options(value)),
    };
    let members = json.as_object().unwrap();
    Options(members.iter().map(|(name, value)| (name.clone(), option(value))).collect())
}

/// One A100 per node, cut into seven, with a fixed number of nodes.
pub(crate) fn config() -> NodePoolConfig {
    NodePoolConfig {
        cluster_id: Field::Known(CLUSTER.parse().unwrap()),
        name: known("mig1g"),
        machine_type: known("Standard_NC24ads_A100_v4"),
        mig_profile: Field::Known("1g.10gb".parse().unwrap()),
        sharing: Field::Known(Sharing::None),
        node_count: Field::Known(2),
        ..NodePoolConfig::default()
    }
}

/// The problems that AKS's rules find, a line each: how bad, where, what, and why.
pub(crate) fn problems(change: impl FnOnce(&mut NodePoolConfig)) -> String {
    let mut config = config();
    change(&mut config);
    let mut problems = Problems::default();
    super::super::RULES.check(&config, &mut problems);
    told(&problems)
}

/// The problems that all rules find, the common ones and AKS's.
pub(crate) fn all_problems(change: impl FnOnce(&mut NodePoolConfig)) -> String {
    let mut config = config();
    change(&mut config);
    let mut problems = Problems::default();
    checks::check(&config, Some(&super::super::RULES), &mut problems);
    told(&problems)
}

fn told(problems: &Problems) -> String {
    let line = |problem: &Problem| {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        format!("{severity} at {}: {}\n  {}", problem.path, problem.summary, problem.detail)
    };
    problems.0.iter().map(line).collect::<Vec<_>>().join("\n")
}
