//! Images of containers, as far as a kubelet can pull them: everything is there, except in registries that cannot exist.

use serde_json::Value;

use crate::sandbox::kubernetes::object::{list, text};

/// What a pod waits for when an image of it cannot be pulled: whether in an init container, the reason, a sentence.
/// Names below `invalid` are never registered (source: RFC 2606).
pub(crate) fn unpullable(pod: &Value) -> Option<(bool, String, String)> {
    let lists = [("/spec/initContainers", true), ("/spec/containers", false)];
    lists.into_iter().find_map(|(pointer, init)| {
        let images = list(pod, pointer).iter().map(|container| text(container, "/image"));
        let image = images.into_iter().find(|image| host(image).ends_with(".invalid"))?;
        let message = format!(
            "Back-off pulling image \"{image}\": ErrImagePull: failed to pull and unpack image \"{image}\": failed to do \
             request: Head \"https://{}/v2/\": dial tcp: lookup {}: no such host",
            host(image),
            host(image)
        );
        Some((init, "ImagePullBackOff".to_owned(), message))
    })
}

fn host(image: &str) -> &str {
    image.split_once('/').map_or("", |(host, _)| host)
}
