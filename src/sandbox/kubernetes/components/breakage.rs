//! What people do wrong with the device plugin's `DaemonSet`.

use serde_json::{Value, json};

use crate::sandbox::kubernetes::object::list;

/// How a template is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breakage {
    /// Its images are said to be in a registry that nobody has.
    Image,
    /// It wants a label that no node has.
    Selector,
    /// A variable of the plugin's container says what the configuration should.
    Environment,
}

/// The template of a device plugin, broken.
pub(crate) fn broken(template: &Value, how: Breakage) -> Value {
    let mut broken = template.clone();
    match how {
        Breakage::Selector => broken["spec"]["nodeSelector"]["example.com/gpu-class"] = json!("none"),
        Breakage::Image => {
            for container in containers(&mut broken) {
                let image = container["image"].as_str().unwrap_or_default();
                let name = image.split_once('/').map_or(image, |(_, name)| name);
                container["image"] = json!(format!("registry.invalid/{name}"));
            }
        }
        Breakage::Environment => {
            for container in containers(&mut broken).filter(|container| super::programs::is_plugin(container))
            {
                let mut variables = list(container, "/env").to_vec();
                variables.retain(|variable| variable["name"] != "MIG_STRATEGY");
                variables.push(json!({"name": "MIG_STRATEGY", "value": "none"}));
                container["env"] = json!(variables);
            }
        }
    }
    broken
}

fn containers(template: &mut Value) -> impl Iterator<Item = &mut Value> {
    let spec = template["spec"].as_object_mut();
    let lists = spec
        .into_iter()
        .flatten()
        .filter(|(name, _)| matches!(name.as_str(), "containers" | "initContainers"));
    lists.filter_map(|(_, list)| list.as_array_mut()).flatten()
}
