//! Which of NVIDIA's components a pod is, by the images and commands of its containers.

use serde_json::Value;

use super::selection::Choice;
use crate::sandbox::kubernetes::object::{list, text};

/// A device plugin as a pod installs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    /// The `ConfigMap` that is mounted, and how a file of it is chosen; none without a config-manager.
    pub(crate) managed: Option<(String, Choice)>,
    /// `MIG_STRATEGY` of the plugin's container.
    pub(crate) mig_strategy: Option<String>,
}

/// The program of a container: its command's first word, without the path, else the image's name.
fn program(container: &Value) -> &str {
    let command = list(container, "/command").first().and_then(Value::as_str);
    let image = text(container, "/image").rsplit('/').next().unwrap_or_default();
    let image = image.split([':', '@']).next().unwrap_or_default();
    match command.and_then(|command| command.rsplit('/').next()) {
        // A wrapper that waits for the driver and then starts what the image is for.
        None | Some("bash" | "sh" | "entrypoint.sh") => image,
        Some(program) => program,
    }
}

fn containers<'a>(pod: &'a Value, name: &'a str) -> impl Iterator<Item = &'a Value> {
    list(pod, "/spec/containers").iter().filter(move |container| program(container) == name)
}

fn environment(container: &Value, name: &str) -> Option<String> {
    let found = list(container, "/env").iter().find(|variable| variable["name"] == name)?;
    Some(text(found, "/value").to_owned()).filter(|value| !value.is_empty())
}

/// The container runs a device plugin.
pub(crate) fn is_plugin(container: &Value) -> bool {
    matches!(program(container), "nvidia-device-plugin" | "k8s-device-plugin")
}

/// The device plugin that a pod runs; none where it runs none.
pub(crate) fn device_plugin(pod: &Value) -> Option<Installed> {
    let plugin = list(pod, "/spec/containers").iter().find(|container| is_plugin(container))?;
    let managed = containers(pod, "config-manager").next().map(|manager| {
        let fallbacks = environment(manager, "FALLBACK_STRATEGIES").unwrap_or_default();
        let choice = Choice {
            default: environment(manager, "DEFAULT_CONFIG").unwrap_or_default(),
            fallbacks: fallbacks.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        };
        let mounts = list(manager, "/volumeMounts");
        let folder =
            environment(manager, "CONFIG_FILE_SRCDIR").unwrap_or_else(|| "/available-configs".to_owned());
        let volume =
            mounts.iter().find(|mount| mount["mountPath"] == *folder).map(|mount| text(mount, "/name"));
        let volumes = list(pod, "/spec/volumes").iter();
        let source = volumes.into_iter().find(|found| Some(text(found, "/name")) == volume);
        (source.map_or_else(String::new, |found| text(found, "/configMap/name").to_owned()), choice)
    });
    Some(Installed { managed, mig_strategy: environment(plugin, "MIG_STRATEGY") })
}

/// The pod runs gpu-feature-discovery.
pub(crate) fn discovers_features(pod: &Value) -> bool {
    containers(pod, "gpu-feature-discovery").next().is_some()
}

/// The pod runs the MPS control daemon.
pub(crate) fn is_mps_daemon(pod: &Value) -> bool {
    containers(pod, "mps-control-daemon").next().is_some()
}

/// Whether the mig-manager that a pod runs may restart the machine; none where it runs none.
pub(crate) fn mig_manager(pod: &Value) -> Option<bool> {
    let manager = containers(pod, "nvidia-mig-manager").chain(containers(pod, "k8s-mig-manager")).next()?;
    Some(environment(manager, "WITH_REBOOT").as_deref() == Some("true"))
}
