//! Bottlerocket's user data: settings in TOML.
//!
//! EKS merges it with its own, and its merge takes less than TOML allows: no quoted keys in the header of a table, no
//! escaped quotes, no arrays of mixed types (source: EKS user guide, "Customize managed nodes with launch templates",
//! Bottlerocket user data). So it is written by hand, in the plain forms that pass.

use super::super::profiles;
use super::Untranslatable;
use crate::nodepool::spec::SharingSwitches;
use crate::slicing::{MigProfile, Sharing};

/// Where Bottlerocket's settings for NVIDIA's device plugin are (source: Bottlerocket documentation, settings of
/// `kubelet-device-plugins`).
pub(crate) const NVIDIA: &str = "settings.kubelet-device-plugins.nvidia";
/// Where those for the kubelet are.
pub(crate) const KUBERNETES: &str = "settings.kubernetes";

/// A table of settings: its name, and its lines as key and value, both as TOML writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub name: String,
    pub lines: Vec<(String, String)>,
}

impl Table {
    fn new(name: &str, lines: &[(&str, String)]) -> Self {
        let lines = lines.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        Table { name: name.to_owned(), lines }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// The settings that cut and share a pool's GPUs; none for GPUs that stay whole.
///
/// What Bottlerocket does with shared GPUs by default is the opposite of what NVIDIA's plugin does, so every switch is
/// written. For MPS there is one only (source: Bottlerocket documentation, settings of `kubelet-device-plugins`).
pub(crate) fn slicing(
    gpu_id: &str,
    profile: Option<MigProfile>,
    sharing: Sharing,
    switches: SharingSwitches,
) -> Result<Vec<Table>, Untranslatable> {
    let mut strategies = Vec::new();
    let mut tables = Vec::new();
    match sharing {
        Sharing::None => {}
        Sharing::TimeSlicing { replicas } => {
            strategies.push(("device-sharing-strategy", quoted("time-slicing")));
            tables.push(Table::new(
                &format!("{NVIDIA}.time-slicing"),
                &[
                    ("replicas", replicas.to_string()),
                    ("rename-by-default", switches.rename_resource.to_string()),
                    ("fail-requests-greater-than-one", switches.fail_requests_greater_than_one.to_string()),
                ],
            ));
        }
        Sharing::Mps { replicas } => {
            strategies.push(("device-sharing-strategy", quoted("mps")));
            tables.push(Table::new(
                &format!("{NVIDIA}.mps"),
                &[
                    ("replicas", replicas.to_string()),
                    ("rename-by-default", switches.rename_resource.to_string()),
                ],
            ));
        }
    }
    if let Some(profile) = profile {
        let unknown = || Untranslatable::Profile {
            profile,
            gpu: gpu_id.to_owned(),
            stack: super::super::options::GpuStack::Bottlerocket.word(),
        };
        let key = profiles::key(gpu_id).filter(|_| profiles::cuts(gpu_id, profile)).ok_or_else(unknown)?;
        strategies.push(("device-partitioning-strategy", quoted("mig")));
        // A key with a point in it is quoted; that EKS's merge takes, other than a quoted key in a header.
        tables.push(Table::new(
            &format!("{NVIDIA}.mig.profile"),
            &[(&quoted(key), quoted(&profile.to_string()))],
        ));
    }
    if !strategies.is_empty() {
        tables.insert(0, Table::new(NVIDIA, &strategies));
    }
    Ok(tables)
}

/// The setting of the most pods of a node.
pub(crate) fn max_pods(pods: u32) -> Table {
    Table::new(KUBERNETES, &[("max-pods", pods.to_string())])
}

/// A table's name where a line is the header of one. Settings of Bottlerocket all begin alike, so that no element of an
/// array is taken for one.
pub(crate) fn header(line: &str) -> Option<&str> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let name = line.strip_prefix('[')?.strip_suffix(']')?.trim();
    name.trim_start_matches('[').trim_start().starts_with("settings").then_some(name)
}

/// What stands between the user's settings and ours.
const OURS: &str = "# What follows is written by gpuslice.";
/// What ends a line of ours within a table of the user's.
const JOINED: &str = " # by gpuslice";

/// The user data: what the user adds, as it is, and then our tables. A table that both have stands once, since TOML allows
/// it only once: there our lines follow the user's header.
///
/// [`extra`] takes it apart again.
pub(crate) fn document(tables: &[Table], extra: Option<&str>) -> Option<String> {
    let mut ours: Vec<&Table> = tables.iter().collect();
    let mut text = String::new();
    for line in extra.unwrap_or_default().split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        text.push_str(line);
        let same = header(line).and_then(|name| ours.iter().position(|table| table.name == name));
        if let Some(same) = same {
            for (key, value) in &ours.remove(same).lines {
                text.push_str(&format!("\n{key} = {value}{JOINED}"));
            }
        }
        text.push_str(end);
    }
    if !ours.is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(OURS);
        text.push('\n');
    }
    for table in ours {
        text.push_str(&format!("\n[{}]\n", table.name));
        for (key, value) in &table.lines {
            text.push_str(&format!("{key} = {value}\n"));
        }
    }
    (!text.is_empty()).then_some(text)
}

/// What the user has added to a [`document`], to the letter.
pub(crate) fn extra(text: &str) -> Option<String> {
    let ours = text.rfind(&format!("{OURS}\n")).filter(|at| *at == 0 || text[..*at].ends_with('\n'));
    let theirs = match ours {
        Some(0) => return None,
        Some(at) => &text[..at - 1],
        None => text,
    };
    let lines: Vec<&str> = theirs.split('\n').filter(|line| !line.ends_with(JOINED)).collect();
    let theirs = lines.join("\n");
    (!theirs.is_empty()).then_some(theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(gpu: &str, profile: Option<&str>, sharing: Sharing) -> String {
        let profile = profile.map(|text| text.parse().unwrap());
        document(&slicing(gpu, profile, sharing, SharingSwitches::default()).unwrap(), None)
            .unwrap_or_default()
    }

    #[test]
    fn what_each_kind_of_slicing_says() {
        let all = [
            of("a10g", None, Sharing::TimeSlicing { replicas: 4 }),
            of("a10g", None, Sharing::Mps { replicas: 8 }),
            of("a100-40gb", Some("1g.5gb"), Sharing::None),
            of("h200-141gb", Some("3g.71gb"), Sharing::TimeSlicing { replicas: 2 }),
        ];
        insta::assert_snapshot!(all.join("----\n"));
        assert_eq!(of("t4", None, Sharing::None), "", "nothing is said of whole GPUs");
    }

    #[test]
    fn both_switches_are_always_written() {
        for (rename_resource, fail_requests_greater_than_one) in
            [(false, false), (false, true), (true, false), (true, true)]
        {
            let switches = SharingSwitches { rename_resource, fail_requests_greater_than_one };
            let sharing = Sharing::TimeSlicing { replicas: 4 };
            let text = document(&slicing("a10g", None, sharing, switches).unwrap(), None).unwrap();
            assert!(text.contains(&format!("rename-by-default = {rename_resource}\n")), "{text}");
            let fails = format!("fail-requests-greater-than-one = {fail_requests_greater_than_one}\n");
            assert!(text.contains(&fails), "{text}");
        }
    }

    #[test]
    fn what_would_become_one_slice_is_refused() {
        for (gpu, profile) in
            [("b300-269gb", MigProfile::plain(1, 34)), ("a100-40gb", MigProfile::plain(4, 20))]
        {
            let refused = slicing(gpu, Some(profile), Sharing::None, SharingSwitches::default()).unwrap_err();
            assert_eq!(refused.attribute().unwrap().to_string(), "mig_profile");
        }
    }

    #[test]
    fn the_users_settings_join_ours() {
        let extra = "motd = \"hello\"\n\n[settings.kubernetes] # mine\nallowed-unsafe-sysctls = [\n\"net.core.*\",\n]\n\n\
                     [settings.host-containers.admin]\nenabled = true\n";
        let tables = [max_pods(64)];
        insta::assert_snapshot!(document(&tables, Some(extra)).unwrap());
        assert_eq!(document(&[], None), None);
    }

    #[test]
    fn what_a_user_adds_comes_back_to_the_letter() {
        let sharing = Sharing::TimeSlicing { replicas: 4 };
        let cut = slicing("a100-40gb", Some(MigProfile::plain(1, 5)), sharing, SharingSwitches::default());
        let cut = cut.unwrap();
        let mut more = cut.clone();
        more.push(max_pods(64));
        for extra in [
            "settings.motd = \"hello\"\n\n[settings.kubernetes] # mine\na = [\n\"net.core.*\",\n]\n\n[settings.x]\ny = 1\n",
            "[settings.kubernetes]",
            "[settings.kubernetes]\r\na = 1\r\n",
            "\n\n",
            " # no more than a remark",
        ] {
            for tables in [&[][..], &cut, &more, &[max_pods(8)]] {
                let text = document(tables, Some(extra)).unwrap();
                assert_eq!(super::extra(&text).as_deref(), Some(extra), "{text:?}");
                let headers: Vec<&str> = text.lines().filter_map(header).collect();
                let once: std::collections::BTreeSet<&str> = headers.iter().copied().collect();
                assert_eq!(once.len(), headers.len(), "{text}");
                text.parse::<toml::Table>().unwrap_or_else(|error| panic!("{error}\n{text}"));
            }
        }
        assert_eq!(super::extra(&document(&more, None).unwrap()), None);
    }

    /// What is written is TOML, whatever the slicing, and says each table once.
    #[test]
    fn every_document_is_plain() {
        let shared = [Sharing::None, Sharing::TimeSlicing { replicas: 4 }, Sharing::Mps { replicas: 4 }];
        for sharing in shared {
            for profile in [None, Some("1g.10gb")] {
                let text = of("a100-80gb", profile, sharing);
                let headers: Vec<&str> = text.lines().filter_map(header).collect();
                let mut once = headers.clone();
                once.sort_unstable();
                once.dedup();
                assert_eq!(once.len(), headers.len(), "{text}");
                assert!(headers.iter().all(|name| !name.contains('"')), "{text}");
                assert!(!text.contains("\\\""), "{text}");
            }
        }
    }
}
