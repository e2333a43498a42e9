//! What a user adds to the user data of the nodes: whether their system reads it, and whether it contradicts ours.

use super::Wish;
use crate::cloud::eks::machines::Family;
use crate::cloud::eks::translate::{MOST_USER_DATA, amazon_linux, bottlerocket};
use crate::nodepool::Problems;

impl Wish<'_> {
    pub(super) fn user_data(&self, problems: &mut Problems) {
        const PATH: &str = "eks.launch_template.extra_user_data";
        let Some(extra) = self.template_options().and_then(|it| it.text("extra_user_data")) else { return };
        if extra.len() > MOST_USER_DATA {
            problems.error(
                PATH,
                "There is too much user data",
                format!("EC2 takes {MOST_USER_DATA} bytes, and these are {}.", extra.len()),
            );
        }
        match self.family() {
            Some(Family::Bottlerocket) => self.settings(PATH, extra, problems),
            Some(Family::AmazonLinux) if amazon_linux::Form::of(extra).is_none() => problems.error(
                PATH,
                "Amazon Linux 2023 would not read this",
                "It begins with none of `#!` (a script), `#cloud-config` and `apiVersion: node.eks.aws/v1alpha1` (a \
                 NodeConfig). A MIME document is not taken either: write one of its parts, the provider wraps it.",
            ),
            Some(Family::AmazonLinux) | None => {}
        }
    }

    /// Settings of the user's that Bottlerocket would merge with ours.
    fn settings(&self, path: &str, extra: &str, problems: &mut Problems) {
        if let Err(error) = extra.parse::<toml::Table>() {
            problems.error(
                path,
                "Bottlerocket would not read this",
                format!(
                    "It takes settings in TOML, and this is none: {}. A node that cannot read its settings does not \
                     start.",
                    error.message().trim_end_matches('.')
                ),
            );
            return;
        }
        let before = problems.0.len();
        let mut table = "";
        for line in extra.lines() {
            if let Some(name) = bottlerocket::header(line) {
                table = name;
                if name.contains(['"', '\'']) {
                    problems.error(
                        path,
                        format!("EKS does not read the header [{name}]"),
                        "EKS merges these settings with its own, and its parser takes no quoted keys in the header of a \
                         table. Write the table above it, and the quoted key in a line of its own.",
                    );
                }
            } else if line.contains("\\\"") {
                problems.error(
                    path,
                    "EKS does not read escaped quotes",
                    format!(
                        "EKS merges these settings with its own, and its parser fails at {:?}.",
                        line.trim()
                    ),
                );
            }
            let whole = format!("{table}.{}", line.split('=').next().unwrap_or_default().trim());
            let place = if table.is_empty() { whole.trim_start_matches('.') } else { whole.as_str() };
            if place.starts_with(bottlerocket::NVIDIA) {
                problems.error(
                    path,
                    "The provider writes the settings of the device plugin",
                    format!(
                        "{:?} would contradict them. Remove it; mig_profile, replicas and sharing_strategy decide.",
                        line.trim()
                    ),
                );
                return;
            }
            let max_pods = format!("{}.max-pods", bottlerocket::KUBERNETES);
            if place == max_pods && self.config.max_pods.is_written() {
                problems.error(
                    path,
                    "max-pods is written twice",
                    "max_pods of the pool sets it, too. Remove one of them.",
                );
            }
        }
        // Any number does for the form of it.
        let pods = self.config.max_pods.is_written().then(|| bottlerocket::max_pods(1));
        let whole = bottlerocket::document(pods.as_slice(), Some(extra)).unwrap_or_default();
        if problems.0.len() == before && whole.parse::<toml::Table>().is_err() {
            problems.error(
                path,
                format!("max_pods cannot stand beside these settings of {}", bottlerocket::KUBERNETES),
                format!(
                    "TOML takes a table in one form only. Write them below a line [{}], where the provider adds max-pods.",
                    bottlerocket::KUBERNETES
                ),
            );
        }
    }
}
