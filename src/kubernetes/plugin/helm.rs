//! What to install, in the values of NVIDIA's own charts (sources: NVIDIA k8s-device-plugin v0.20.0 and gpu-operator
//! v26.7.0, the charts' `values.yaml`).

use std::fmt::Write;

use super::place::Place;
use crate::nodepool::spec::{Taint, TaintEffect};

/// The values of the chart `nvidia-device-plugin` with which its plugin reads the ConfigMap on nodes with these taints.
pub fn plugin_values(place: &Place, taints: &[Taint]) -> String {
    format!("config:\n  name: {}\n{}", place.config_map, tolerated(taints))
}

/// The chart's tolerations for these taints; empty where its own ones do.
fn tolerated(taints: &[Taint]) -> String {
    let foreign: Vec<&Taint> = taints
        .iter()
        .filter(|taint| taint.key != Taint::gpu().key && taint.effect != TaintEffect::PreferNoSchedule)
        // A DaemonSet's pods tolerate those that Kubernetes marks states with.
        .filter(|taint| !taint.key.starts_with("node.kubernetes.io/"))
        .collect();
    let mut values = String::new();
    if !foreign.is_empty() {
        // The list replaces the chart's own, so that has to be repeated.
        values.push_str("tolerations:\n- key: nvidia.com/gpu\n  operator: Exists\n  effect: NoSchedule\n");
        for taint in foreign {
            // Writing to a String cannot fail.
            let _ = write!(
                values,
                "- key: {}\n  operator: Equal\n  value: {:?}\n  effect: {}\n",
                taint.key,
                taint.value,
                taint.effect.word()
            );
        }
    }
    values
}

/// The values of the chart `gpu-operator` with which its plugin reads the ConfigMap.
pub fn operator_values(place: &Place) -> String {
    format!("devicePlugin:\n  config:\n    name: {}\n", place.config_map)
}

/// How to install the device plugin so that it reads the ConfigMap, in full sentences with the values.
pub fn install(place: &Place, taints: &[Taint]) -> String {
    format!(
        "Install NVIDIA's device plugin in the namespace {namespace} (its ConfigMap is there), for example with a \
         helm_release of the chart nvidia-device-plugin from https://nvidia.github.io/k8s-device-plugin, and these \
         values:\n{}",
        indented(&plugin_values(place, taints)),
        namespace = place.namespace,
    )
}

/// How to make an installed plugin read the ConfigMap, in full sentences with the values.
pub fn configure(place: &Place, plugin: &str, taints: &[Taint]) -> String {
    format!(
        "{plugin} is installed and reads no ConfigMap of configurations. Upgrade it with these values (of the chart \
         nvidia-device-plugin):\n{}",
        indented(&plugin_values(place, taints))
    )
}

/// How to make a plugin that reads another ConfigMap read this one, in full sentences with the values.
pub fn configure_other(place: &Place, plugin: &str, reads: &str, taints: &[Taint]) -> String {
    format!(
        "The device plugin {plugin} reads the ConfigMap {reads}, not {}. Name {reads} in device_plugin.config_map, or \
         upgrade the plugin with these values (of the chart nvidia-device-plugin):\n{}",
        place.config_map,
        indented(&plugin_values(place, taints))
    )
}

/// How to make the GPU operator's plugin read the ConfigMap, in full sentences with the values.
pub fn configure_operator(place: &Place, policy: &str) -> String {
    format!(
        "The GPU operator (ClusterPolicy {policy}) gives its device plugin no ConfigMap of configurations. Upgrade it \
         with these values (of the chart gpu-operator):\n{}",
        indented(&operator_values(place))
    )
}

/// Values as a block of their own within a text.
pub(in crate::kubernetes) fn indented(values: &str) -> String {
    values.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::config::Fallback;
    use crate::kubernetes::plugin::Origin;

    #[test]
    fn the_values_are_those_of_the_charts() {
        let place = Place {
            namespace: "nvidia-device-plugin".to_owned(),
            config_map: "gpuslice-device-plugin".to_owned(),
            fallback: Fallback::default(),
            origin: Origin::NothingInstalled,
        };
        let spot = Taint {
            key: "kubernetes.azure.com/scalesetpriority".to_owned(),
            value: "spot".to_owned(),
            effect: TaintEffect::NoSchedule,
        };
        let texts = [
            install(&place, &[Taint::gpu()]),
            configure(&place, "DaemonSet kube-system/nvdp", &[Taint::gpu(), spot]),
            configure_other(&place, "gpu/nvdp", "slices", &[]),
            configure_operator(&place, "cluster-policy"),
        ];
        insta::assert_snapshot!(texts.join("\n"));
    }
}
