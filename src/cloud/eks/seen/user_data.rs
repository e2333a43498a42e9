//! What the user data of a launch template says, by the operating system that reads it.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{Template, Unreadable};
use crate::cloud::eks::machines::Family;
use crate::cloud::eks::translate::{amazon_linux, bottlerocket};
use crate::nodepool::spec::SharingSwitches;
use crate::slicing::Sharing;

/// What user data says of a pool.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Said {
    /// What Bottlerocket is told to cut, by its key of the GPU's model; `None` where GPUs stay whole.
    pub mig: Option<BTreeMap<String, String>>,
    pub sharing: Sharing,
    pub switches: SharingSwitches,
    pub max_pods: Option<u32>,
    /// What is left when ours is taken away; only of user data of ours.
    pub extra: Option<String>,
}

/// Reads the user data of a template.
pub(super) fn read(family: Family, template: Template<'_>) -> Result<Said, Unreadable> {
    let Some(text) = template.data().and_then(|data| data.user_data.as_deref()) else {
        return Ok(Said::default());
    };
    match family {
        Family::Bottlerocket => {
            let said = settings(&parsed(text).map_err(Unreadable::UserData)?);
            Ok(Said { extra: bottlerocket::extra(text).filter(|_| template.ours), ..said })
        }
        Family::AmazonLinux if template.ours => {
            let (max_pods, extra) = amazon_linux::taken_apart(text);
            Ok(Said { max_pods, extra, ..Said::default() })
        }
        Family::AmazonLinux => Ok(Said::default()),
    }
}

/// Whether a text is settings of Bottlerocket.
pub(super) fn is_bottlerocket(text: &str) -> bool {
    parsed(text).is_ok_and(|table| table.contains_key("settings"))
}

fn parsed(text: &str) -> Result<Table, String> {
    text.parse::<Table>().map_err(|error| error.message().to_owned())
}

/// The value at a dotted path of plain keys.
fn at<'a>(table: &'a Table, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let value = table.get(first)?;
    match rest {
        None => Some(value),
        Some(rest) => at(value.as_table()?, rest),
    }
}

/// What Bottlerocket makes of its settings, with its own defaults where nothing is said (source: Bottlerocket
/// documentation, settings of `kubelet-device-plugins`).
fn settings(all: &Table) -> Said {
    let nvidia = |path: &str| at(all, &format!("{}.{path}", bottlerocket::NVIDIA));
    let text = |path: &str| nvidia(path).and_then(Value::as_str);
    let number = |value: &Value| value.as_integer().and_then(|number| u32::try_from(number).ok());
    let replicas = |strategy: &str| nvidia(&format!("{strategy}.replicas")).and_then(number).unwrap_or(2);
    let switch = |path: &str| nvidia(path).and_then(Value::as_bool).unwrap_or(true);
    let (sharing, switches) = match text("device-sharing-strategy") {
        Some("time-slicing") => (
            Sharing::TimeSlicing { replicas: replicas("time-slicing") },
            SharingSwitches {
                rename_resource: switch("time-slicing.rename-by-default"),
                fail_requests_greater_than_one: switch("time-slicing.fail-requests-greater-than-one"),
            },
        ),
        Some("mps") => (
            Sharing::Mps { replicas: replicas("mps") },
            SharingSwitches {
                rename_resource: switch("mps.rename-by-default"),
                ..SharingSwitches::default()
            },
        ),
        _ => (Sharing::None, SharingSwitches::default()),
    };
    let mig = (text("device-partitioning-strategy") == Some("mig")).then(|| {
        let profiles = nvidia("mig.profile").and_then(Value::as_table);
        let told = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            other => other.type_str().to_owned(),
        };
        profiles.into_iter().flatten().map(|(key, value)| (key.clone(), told(value))).collect()
    });
    let max_pods = at(all, &format!("{}.max-pods", bottlerocket::KUBERNETES)).and_then(number);
    Said { mig, sharing, switches, max_pods, extra: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Said {
        settings(&parsed(text).unwrap())
    }

    #[test]
    fn what_is_left_out_is_as_bottlerocket_has_it() {
        assert_eq!(of("[settings.host-containers.admin]\nenabled = true\n"), Said::default());
        let shared =
            of("[settings.kubelet-device-plugins.nvidia]\ndevice-sharing-strategy = \"time-slicing\"\n");
        assert_eq!(shared.sharing, Sharing::TimeSlicing { replicas: 2 });
        assert!(shared.switches.rename_resource && shared.switches.fail_requests_greater_than_one);
        let cut = of("settings.kubelet-device-plugins.nvidia.device-partitioning-strategy = \"mig\"\n");
        assert_eq!(cut.mig, Some(BTreeMap::new()));
    }

    #[test]
    fn settings_are_read_in_whatever_form_toml_allows() {
        let said = of(
            "settings.kubernetes.max-pods = 64\n[settings.kubelet-device-plugins]\nnvidia = { device-sharing-strategy = \
             \"mps\", mps = { replicas = 8, rename-by-default = false }, device-partitioning-strategy = \"mig\", mig = { \
             profile = { \"a100.40gb\" = 7, 'h100.80gb' = \"1g.10gb\" } } }\n",
        );
        assert_eq!((said.max_pods, said.sharing), (Some(64), Sharing::Mps { replicas: 8 }));
        assert!(!said.switches.rename_resource);
        let mig: Vec<String> =
            said.mig.unwrap().iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(mig, ["a100.40gb=7", "h100.80gb=1g.10gb"]);
    }

    #[test]
    fn only_settings_are_bottlerockets() {
        assert!(is_bottlerocket("[settings.motd]\nx = 1"));
        for other in ["#!/bin/sh\n", "MIME-Version: 1.0\n", "", "a = 1"] {
            assert!(!is_bottlerocket(other), "{other}");
        }
    }
}
