//! A Kubernetes node as every emulated cloud makes it, with what tells kept, restarted and replaced nodes apart:
//! the uid stays while the machine lives, the boot id while it runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::clock::{Millis, rfc3339};

/// A taint in Kubernetes' spelling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taint {
    pub(crate) key: String,
    pub(crate) value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub(crate) effect: String,
}

/// Physical GPUs that a machine holds, whatever it shows of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gpus {
    /// The cloud's name of the GPU.
    pub(crate) kind: String,
    pub(crate) count: u32,
}

/// What the device plugin advertises, and from when on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Advertised {
    /// The extended resource, such as `nvidia.com/gpu`.
    pub(crate) resource: String,
    pub(crate) count: u32,
    pub(crate) from: Millis,
}

/// How each GPU of a machine is cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cut {
    /// NVIDIA's name of the profile, `1g.5gb`, and the number of its slices on each GPU.
    pub(crate) slices: Vec<(String, u32)>,
    /// From when on they are there.
    pub(crate) from: Millis,
}

/// One restart of a machine, planned or past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restart {
    pub(crate) at: Millis,
    pub(crate) ready_at: Millis,
    pub(crate) boot_id: String,
}

/// Nodes on which pods run that a drain has to wait for, by cluster and name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Occupied(pub(crate) BTreeMap<String, BTreeSet<String>>);

impl Occupied {
    pub(crate) fn holds(&self, cluster: &str, node: &str) -> bool {
        self.0.get(cluster).is_some_and(|nodes| nodes.contains(node))
    }
}

/// A node that waits for its pods to go before it is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Drain {
    pub(crate) since: Millis,
    /// Its successor came first; else it comes when the node is gone.
    pub(crate) surged: bool,
}

/// One node. Everything that happens to it by itself is a function of the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) boot_id: String,
    pub(crate) pool: String,
    pub(crate) zone: String,
    pub(crate) machine_type: String,
    pub(crate) version: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) taints: Vec<Taint>,
    pub(crate) vcpus: u32,
    pub(crate) memory_gib: u32,
    pub(crate) max_pods: u32,
    pub(crate) gpus: Option<Gpus>,
    /// What the cloud's own device plugin shows; empty where the cloud brings none.
    pub(crate) advertised: Vec<Advertised>,
    /// How the cloud has cut the GPUs, whoever shows the slices.
    pub(crate) cut: Option<Cut>,
    /// The GPUs' driver is there.
    pub(crate) driver: bool,
    pub(crate) created_at: Millis,
    pub(crate) ready_at: Millis,
    pub(crate) restart: Option<Restart>,
    /// The cloud is about to replace it: it is cordoned, and its pods are evicted.
    #[serde(default)]
    pub(crate) draining: bool,
}

impl Node {
    pub(crate) fn ready(&self, now: Millis) -> bool {
        let down = self.restart.as_ref().is_some_and(|restart| restart.at <= now && now < restart.ready_at);
        now >= self.ready_at && !down
    }

    pub(crate) fn boot_id(&self, now: Millis) -> &str {
        match &self.restart {
            Some(restart) if restart.at <= now => &restart.boot_id,
            _ => &self.boot_id,
        }
    }

    /// It restarts now, for that long.
    pub(crate) fn reboot(&mut self, now: Millis, length: Millis, boot_id: String) {
        self.boot_id = self.boot_id(now).to_owned();
        self.restart = Some(Restart { at: now, ready_at: now + length, boot_id });
    }

    /// Extended resources that the cloud's own device plugin shows.
    pub(crate) fn extended(&self, now: Millis) -> BTreeMap<String, u32> {
        let shown = self.advertised.iter().filter(|advertised| advertised.from <= now);
        shown.map(|advertised| (advertised.resource.clone(), advertised.count)).collect()
    }

    /// Kubernetes quantities by resource name.
    pub(crate) fn allocatable(&self, now: Millis) -> BTreeMap<String, String> {
        let mut resources = BTreeMap::from([
            ("cpu".to_owned(), self.vcpus.to_string()),
            ("memory".to_owned(), format!("{}Gi", self.memory_gib)),
            ("pods".to_owned(), self.max_pods.to_string()),
        ]);
        resources.extend(self.extended(now).into_iter().map(|(name, count)| (name, count.to_string())));
        resources
    }

    /// The node as `GET /sandbox/nodes` shows it.
    pub(crate) fn view(&self, now: Millis) -> Value {
        json!({
            "name": self.name,
            "uid": self.uid,
            "boot_id": self.boot_id(now),
            "pool": self.pool,
            "zone": self.zone,
            "machine_type": self.machine_type,
            "version": self.version,
            "labels": self.labels,
            "taints": self.taints,
            "allocatable": self.allocatable(now),
            "ready": self.ready(now),
            "created": rfc3339(self.created_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_changes_the_boot_id_and_not_the_uid() {
        let node = Node {
            name: "n".into(),
            uid: "u".into(),
            boot_id: "first".into(),
            pool: "p".into(),
            zone: "z".into(),
            machine_type: "m".into(),
            version: "1".into(),
            labels: BTreeMap::new(),
            taints: Vec::new(),
            vcpus: 12,
            memory_gib: 85,
            max_pods: 110,
            gpus: None,
            advertised: vec![Advertised { resource: "nvidia.com/gpu".into(), count: 7, from: 40 }],
            cut: None,
            driver: true,
            created_at: 0,
            ready_at: 10,
            restart: Some(Restart { at: 20, ready_at: 30, boot_id: "second".into() }),
            draining: false,
        };
        let seen: Vec<_> =
            [5, 15, 25, 35, 45].iter().map(|now| (node.ready(*now), node.boot_id(*now).to_owned())).collect();
        assert_eq!(
            seen,
            [(false, "first"), (true, "first"), (false, "second"), (true, "second"), (true, "second")]
                .map(|(ready, boot)| (ready, boot.to_owned()))
        );
        assert_eq!(node.allocatable(35).get("nvidia.com/gpu"), None);
        assert_eq!(node.allocatable(45).get("nvidia.com/gpu").map(String::as_str), Some("7"));
    }
}
