//! The errors for people: what is wrong, why, and how to mend it.

use super::KubeError;
use crate::duration::GoDuration;
use crate::kubernetes::rights::listed;

/// What to try when there is no way to a cluster.
const NETWORK: &str = "Run Terraform where the cluster's endpoint can be reached: a private cluster needs a machine in \
                       its network, an authorized range or a public (DNS) endpoint. Or set the provider's kubernetes \
                       block to an address that can be reached.";

impl KubeError {
    /// What is wrong, in one line without a full stop.
    pub fn summary(&self) -> String {
        match self {
            KubeError::Settings { setting, .. } => format!("{setting} cannot be used"),
            KubeError::NoCredentials { .. } => "No credentials for the cluster's Kubernetes API".to_owned(),
            KubeError::NoAddress { server, .. } => format!("The name of {server} has no address"),
            KubeError::Refused { server } => format!("Nothing listens at {server}"),
            KubeError::Unreachable { server, .. } => format!("No connection to {server}"),
            KubeError::Tls { server, .. } => format!("{server} is not trusted"),
            KubeError::TimedOut { server, after, .. } => {
                format!("{server} gave no answer within {}", GoDuration(*after))
            }
            KubeError::Interrupted { right } => format!("Interrupted: could not {right}"),
            KubeError::Unauthorized { server, .. } => format!("{server} does not know the identity (401)"),
            KubeError::Forbidden { right, .. } => format!("Not permitted (403): {right}"),
            KubeError::Lacking { .. } => "Rights are missing in the cluster".to_owned(),
            KubeError::Missing { right, .. } => format!("Not found (404): could not {right}"),
            KubeError::Conflict { right, .. } => format!("Conflict (409): could not {right}"),
            KubeError::Rejected { right, code, .. } => format!("Refused ({code}): could not {right}"),
            KubeError::Broken { server, .. } => format!("The connection to {server} broke"),
            KubeError::Nonsense { server, .. } => format!("The answer of {server} makes no sense"),
            KubeError::SeveralConfigMaps { .. } => {
                "Several ConfigMaps configure device plugins in this cluster".to_owned()
            }
            KubeError::NoDefault { config_map } => {
                format!("A key in the ConfigMap {config_map} would change other nodes")
            }
            KubeError::PodsStay { pods, after } => {
                let pods =
                    if pods.len() == 1 { "1 pod does".to_owned() } else { format!("{} pods do", pods.len()) };
                format!("{pods} not leave the nodes that are to end (waited {})", GoDuration(*after))
            }
            KubeError::Immutable { config_map } => format!("The ConfigMap {config_map} is immutable"),
        }
    }

    /// Why, and how to mend it, in full sentences.
    pub fn detail(&self) -> String {
        match self {
            KubeError::Settings { why, .. } => sentence(why),
            KubeError::NoCredentials { identity, why } => format!("Used: {identity}. {}", sentence(why)),
            KubeError::NoAddress { why, .. } => format!("The resolver says: {} {NETWORK}", sentence(why)),
            KubeError::Refused { .. } => format!(
                "The address answers, and refuses connections to that port: the cluster is stopped or being made, or \
                 the address is wrong. {NETWORK}"
            ),
            KubeError::Unreachable { why, .. } => format!("The network says: {} {NETWORK}", sentence(why)),
            KubeError::Tls { why, .. } => format!(
                "{} Something between here and the cluster may replace certificates (a proxy), or the authority is \
                 another cluster's: kubernetes.cluster_ca_certificate, or the certificate-authority-data of the \
                 kubeconfig.",
                sentence(&capitalised(why))
            ),
            KubeError::TimedOut { right, .. } => format!("It was asked to {right}. {NETWORK}"),
            KubeError::Interrupted { .. } => "Apply again to go on.".to_owned(),
            KubeError::Unauthorized { identity, grant, .. } => {
                format!("Used: {identity}. {}", sentence(grant))
            }
            KubeError::Forbidden { right, identity, grant, message } => format!(
                "Used: {identity}. The cluster says: {} It needs a rule such as {}. {}",
                sentence(message),
                right.rule(),
                sentence(grant)
            ),
            KubeError::Lacking { rights, identity, grant } => format!(
                "Used: {identity}. These rights are needed, and nothing was made without them:\n{}\n{}",
                listed(rights),
                sentence(grant)
            ),
            KubeError::Missing { message, .. }
            | KubeError::Conflict { message, .. }
            | KubeError::Rejected { message, .. } => format!("The cluster says: {}", sentence(message)),
            KubeError::Broken { right, why, .. } => {
                format!("It was asked to {right}. {} Apply again.", sentence(&capitalised(why)))
            }
            KubeError::Nonsense { right, why, .. } => format!(
                "It was asked to {right}. {} Something other than a Kubernetes API may answer there, such as a proxy.",
                sentence(&capitalised(why))
            ),
            KubeError::SeveralConfigMaps { found } => format!(
                "Found:\n{}\nSay which one the plugin on this pool's nodes reads: device_plugin.namespace and \
                 device_plugin.config_map.",
                found.iter().map(|place| format!("  - {place}")).collect::<Vec<_>>().join("\n")
            ),
            KubeError::NoDefault { .. } => {
                "The device plugin there gives nodes without the label nvidia.com/device-plugin.config the only key of \
                 its ConfigMap and knows no other way (FALLBACK_STRATEGIES is single), so that a further key takes \
                 their configuration away or replaces it. Install the plugin with config.default set, or with \
                 config.fallbackStrategies={named,single}, or name another ConfigMap in device_plugin."
                    .to_owned()
            }
            KubeError::PodsStay { pods, .. } => format!(
                "{}\nThey are evicted, as `kubectl drain` does it, and not past their disruption budgets. Make room in a \
                 budget that permits no disruption (more replicas, a higher maxUnavailable), or end the pods yourself; then \
                 apply again.",
                some(pods)
            ),
            KubeError::Immutable { .. } => {
                "No key can be added to it. Make it anew without `immutable: true`, or name another one in \
                 device_plugin.config_map and in the plugin's installation."
                    .to_owned()
            }
        }
    }
}

/// Pods that are told one by one; the others are counted.
const TOLD: usize = 10;

/// The first of them, a line each.
fn some(pods: &[String]) -> String {
    let mut lines: Vec<String> = pods.iter().take(TOLD).map(|pod| format!("  - {pod}")).collect();
    if pods.len() > TOLD {
        lines.push(format!("  - and {} more", pods.len() - TOLD));
    }
    lines.join("\n")
}

/// A text with a full stop.
pub(in crate::kubernetes) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
