//! Which file of its `ConfigMap` a device plugin gets (source: k8s-device-plugin v0.20, cmd/config-manager).

use std::collections::BTreeMap;

/// What the installation says about the choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// `DEFAULT_CONFIG`.
    pub(crate) default: String,
    /// `FALLBACK_STRATEGIES`: `named`, `single`, `empty`, in the order in which they are tried.
    pub(crate) fallbacks: Vec<String>,
}

impl Choice {
    /// The file: that of the node's label, else the default one, else what the strategies find; none is no
    /// configuration at all. An error is why the config-manager ends.
    pub(crate) fn of(
        &self,
        label: Option<&str>,
        files: &BTreeMap<String, String>,
    ) -> Result<Option<String>, String> {
        let wanted = label.filter(|label| !label.is_empty()).unwrap_or(&self.default);
        if !wanted.is_empty() {
            return if files.contains_key(wanted) {
                Ok(Some(wanted.to_owned()))
            } else {
                Err(format!("specified config {wanted} does not exist"))
            };
        }
        for strategy in &self.fallbacks {
            match (strategy.as_str(), files.len()) {
                ("named", _) if files.contains_key("default") => return Ok(Some("default".to_owned())),
                ("single", 1) => return Ok(files.keys().next().cloned()),
                ("empty", _) => return Ok(None),
                _ => {}
            }
        }
        // The text is unverified.
        Err("no fallback strategy could be applied".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> BTreeMap<String, String> {
        names.iter().map(|name| ((*name).to_owned(), String::new())).collect()
    }

    #[test]
    fn label_then_default_then_named_then_only_then_nothing() {
        let chart =
            Choice { default: String::new(), fallbacks: vec!["named".to_owned(), "single".to_owned()] };
        let key = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(chart.of(Some("b"), &files(&["a", "b", "default"])), key("b"));
        assert!(chart.of(Some("c"), &files(&["a", "default"])).unwrap_err().contains("specified config c"));
        assert_eq!(chart.of(None, &files(&["a", "default"])), key("default"));
        assert_eq!(chart.of(Some(""), &files(&["a"])), key("a"), "an only key goes to every unlabelled node");
        assert!(chart.of(None, &files(&["a", "b"])).is_err(), "two keys, none named default");
        assert!(chart.of(None, &files(&[])).is_err());
        let with_default = Choice { default: "a".to_owned(), ..chart };
        assert_eq!(with_default.of(None, &files(&["a", "b"])), key("a"));
        assert!(with_default.of(None, &files(&["b"])).is_err());
        let operator = Choice { default: String::new(), fallbacks: vec!["empty".to_owned()] };
        assert_eq!(operator.of(None, &files(&["a"])), Ok(None));
    }
}
