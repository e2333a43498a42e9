//! The user data of Amazon Linux 2023: MIME parts, of which EKS adds its own (source: EKS user guide, "Customize managed
//! nodes with launch templates", Amazon Linux 2023 user data).

use super::Untranslatable;

/// The form of a part of the user's, by how it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Settings of the kubelet and containerd, merged with EKS's own.
    NodeConfig,
    /// A script that runs before the node joins.
    Script,
    /// Directives of cloud-init.
    CloudConfig,
}

impl Form {
    /// The form of a text; `None` for one that Amazon Linux 2023 would not read.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let line = text.lines().find(|line| !matches!(line.trim(), "" | "---"))?.trim();
        if line.starts_with("#!") {
            Some(Form::Script)
        } else if line.starts_with("#cloud-config") {
            Some(Form::CloudConfig)
        } else if line.starts_with("apiVersion: node.eks.aws/") {
            Some(Form::NodeConfig)
        } else {
            None
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Form::NodeConfig => "application/node.eks.aws",
            Form::Script => "text/x-shellscript; charset=\"us-ascii\"",
            Form::CloudConfig => "text/cloud-config; charset=\"us-ascii\"",
        }
    }
}

/// How the `NodeConfig` begins that we write.
const OURS: &str = "---\n# Written by gpuslice.\n";

/// The user data; `None` where there is nothing to say. [`taken_apart`] is the way back.
pub(crate) fn document(max_pods: Option<u32>, extra: Option<&str>) -> Result<Option<String>, Untranslatable> {
    let mut parts = Vec::new();
    if let Some(pods) = max_pods {
        let config = format!(
            "{OURS}apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  kubelet:\n    config:\n      \
             {MAX_PODS}{pods}\n"
        );
        parts.push((Form::NodeConfig, config));
    }
    if let Some(extra) = extra {
        let form = Form::of(extra).ok_or(Untranslatable::UserDataForm)?;
        parts.push((form, extra.to_owned()));
    }
    if parts.is_empty() {
        return Ok(None);
    }
    let boundary = boundary(&parts);
    let mut text = format!("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"{boundary}\"\n");
    for (form, part) in parts {
        text.push_str(&format!("\n--{boundary}\nContent-Type: {}\n\n{part}", form.content_type()));
    }
    text.push_str(&format!("\n--{boundary}--\n"));
    Ok(Some(text))
}

const MAX_PODS: &str = "maxPods: ";

/// The most pods, and what the user has added, to the letter, of a [`document`]. What is no document is all the user's.
pub(crate) fn taken_apart(text: &str) -> (Option<u32>, Option<String>) {
    let Some(parts) = parts(text) else { return (None, Some(text.to_owned())) };
    let (ours, theirs): (Vec<&str>, Vec<&str>) = parts.into_iter().partition(|part| part.starts_with(OURS));
    let pods = |part: &str| part.lines().find_map(|line| line.trim().strip_prefix(MAX_PODS)?.parse().ok());
    (ours.first().and_then(|part| pods(part)), theirs.first().map(|part| (*part).to_owned()))
}

/// The bodies of the parts of a MIME document in the form that we write.
fn parts(text: &str) -> Option<Vec<&str>> {
    let (head, rest) = text.split_once("\n\n")?;
    let (_, boundary) = head.split_once("boundary=\"")?;
    let (boundary, _) = boundary.split_once('"')?;
    let (body, _) = rest.rsplit_once(&format!("\n--{boundary}--"))?;
    let body = body.strip_prefix(&format!("--{boundary}\n"))?;
    body.split(&format!("\n--{boundary}\n"))
        .map(|part| part.split_once("\n\n").map(|(_, body)| body))
        .collect()
}

/// A boundary that no part holds, the same for the same parts.
fn boundary(parts: &[(Form, String)]) -> String {
    let mut boundary = "gpuslice".to_owned();
    while parts.iter().any(|(_, part)| part.contains(&format!("--{boundary}"))) {
        boundary.push('-');
    }
    boundary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_known_by_its_beginning() {
        for (text, expected) in [
            ("#!/bin/sh\necho", Some(Form::Script)),
            ("\n\n#cloud-config\nx: y", Some(Form::CloudConfig)),
            ("---\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig", Some(Form::NodeConfig)),
            ("apiVersion: v1\n", None),
            ("MIME-Version: 1.0\n", None),
            ("[settings.kubernetes]\n", None),
            ("", None),
        ] {
            assert_eq!(Form::of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_document_is_taken_apart_to_the_letter() {
        for extra in [
            None,
            Some("#!/bin/sh\necho --gpuslice\n"),
            Some("#!/bin/sh\n\necho\n\n\n"),
            Some("\n\n#cloud-config\nx: y"),
            Some("---\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\n"),
            Some("#!/bin/sh\ncat <<X\n\n--gpuslice\nContent-Type: x\n\n--gpuslice--\nX\n"),
        ] {
            for pods in [None, Some(64)] {
                let Some(text) = document(pods, extra).unwrap() else { continue };
                assert_eq!(taken_apart(&text), (pods, extra.map(ToOwned::to_owned)), "{text}");
            }
        }
        let foreign = "#!/bin/sh\n";
        assert_eq!(taken_apart(foreign), (None, Some(foreign.to_owned())));
    }

    #[test]
    fn the_parts_are_kept_apart() {
        insta::assert_snapshot!(document(Some(64), Some("#!/bin/sh\necho --gpuslice\n")).unwrap().unwrap());
        assert_eq!(document(None, None), Ok(None));
        assert_eq!(document(None, Some("hello")), Err(Untranslatable::UserDataForm));
    }
}
