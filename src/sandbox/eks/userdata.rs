//! User data of launch templates: what EKS takes of it, and what a machine does with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::amis::Family;
use super::bottlerocket::{self, Made};
use super::hardware::Machine;

/// Bytes that EC2 takes.
const LARGEST: usize = 16 * 1024;

/// The part of a `NodeConfig` that is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeConfig {
    spec: NodeSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NodeSpec {
    kubelet: Kubelet,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Kubelet {
    config: KubeletConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct KubeletConfig {
    max_pods: Option<u32>,
}

/// The text behind the base64 of a launch template. An error: EC2 does not take it.
pub(super) fn decode(encoded: &str) -> Result<String, String> {
    let bytes = STANDARD.decode(encoded).map_err(|_| "Invalid BASE64 encoding of user data.".to_owned())?;
    if bytes.len() > LARGEST {
        return Err(format!("User data is limited to {LARGEST} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "User data is no text".to_owned())
}

/// Why EKS cannot add its own settings to user data; none where it can. To images of one's own it adds nothing.
pub(super) fn unmergeable(family: Family, text: &str) -> Option<String> {
    match family {
        _ if text.trim().is_empty() => None,
        Family::Bottlerocket => bottlerocket::unmergeable(text)
            .map(|why| format!("User data was not in the TOML format that can be merged: {why}")),
        // Source of the text: reports of EKS users.
        Family::Al2 | Family::Al2023 => {
            parts(text).is_none().then(|| "User data was not in the MIME multipart format.".to_owned())
        }
        Family::Windows | Family::Custom => None,
    }
}

/// What a machine makes of its user data when it starts. An error is why it never becomes a node.
pub(super) fn boot(family: Family, text: &str, machine: &Machine) -> Result<Made, String> {
    if family == Family::Bottlerocket {
        return bottlerocket::boot(text, machine);
    }
    let mut made = Made::default();
    for (_, config) in
        parts(text).unwrap_or_default().iter().filter(|(kind, _)| kind == "application/node.eks.aws")
    {
        let config: NodeConfig = serde_saphyr::from_str(config).map_err(|error| error.to_string())?;
        made.max_pods = config.spec.kubelet.config.max_pods.or(made.max_pods);
    }
    Ok(made)
}

/// The parts of a MIME multi-part text, each with its content type; none where it is no such text.
fn parts(text: &str) -> Option<Vec<(String, String)>> {
    let text = text.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n")?;
    let kind = header(head, "content-type")?;
    if !kind.to_ascii_lowercase().starts_with("multipart/mixed") || header(head, "mime-version").is_none() {
        return None;
    }
    let boundary = kind.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?.trim_matches('"');
    // Before the first boundary is a preamble, after the last one with its two hyphens nothing counts.
    let marked = format!("\n{body}");
    let (inside, _) = marked.split_once(&format!("\n--{boundary}--"))?;
    let between = format!("\n--{boundary}\n");
    let parts = inside.split(&between).skip(1).map(|part| {
        let (head, content) = part.split_once("\n\n").unwrap_or((part, ""));
        let kind = header(head, "content-type").unwrap_or_else(|| "text/plain".to_owned());
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        (kind, content.to_owned())
    });
    Some(parts.collect())
}

fn header(head: &str, name: &str) -> Option<String> {
    // A line that begins with a blank goes on with the one before.
    let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
    unfolded.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::eks::hardware::machine;

    const MIME: &str = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"B\"\n\n--B\n\
        Content-Type: application/node.eks.aws\n\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\n\
        spec:\n  kubelet:\n    config:\n      maxPods: 110\n--B\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n--B--\n";

    #[test]
    fn parts_are_found_and_a_node_config_is_read() {
        let machine = machine("g5.xlarge").unwrap();
        assert_eq!(unmergeable(Family::Al2023, MIME), None);
        assert_eq!(boot(Family::Al2023, MIME, &machine).unwrap().max_pods, Some(110));
        assert_eq!(boot(Family::Al2023, &MIME.replace('\n', "\r\n"), &machine).unwrap().max_pods, Some(110));
        assert!(unmergeable(Family::Al2023, "#!/bin/sh\n").unwrap().contains("MIME"));
        assert!(unmergeable(Family::Bottlerocket, MIME).unwrap().contains("TOML"));
        assert_eq!(unmergeable(Family::Custom, "#!/bin/sh\n"), None);
        assert_eq!(unmergeable(Family::Al2023, ""), None);
    }

    #[test]
    fn base64_is_needed() {
        assert_eq!(decode("YQ==").as_deref(), Ok("a"));
        assert!(decode("[settings]").is_err() && decode(&STANDARD.encode("x".repeat(LARGEST + 1))).is_err());
    }
}
