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

/// The user data; `None` where there is nothing to say.
pub(crate) fn document(max_pods: Option<u32>, extra: Option<&str>) -> Result<Option<String>, Untranslatable> {
    let mut parts = Vec::new();
    if let Some(pods) = max_pods {
        let config = format!(
            "---\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  kubelet:\n    config:\n      maxPods: \
             {pods}\n"
        );
        parts.push((Form::NodeConfig, config));
    }
    if let Some(extra) = extra.filter(|text| !text.trim().is_empty()) {
        let form = Form::of(extra).ok_or(Untranslatable::UserDataForm)?;
        parts.push((form, format!("{}\n", extra.trim_matches('\n'))));
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
    fn the_parts_are_kept_apart() {
        insta::assert_snapshot!(document(Some(64), Some("#!/bin/sh\necho --gpuslice\n")).unwrap().unwrap());
        assert_eq!(document(None, None), Ok(None));
        assert_eq!(document(None, Some("hello")), Err(Untranslatable::UserDataForm));
    }
}
