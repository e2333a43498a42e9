//! What tests on AKS do and see at Azure's own API, as `az` would.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::aks_pool::{AKS, MACHINE};
use crate::clouds::Cloud;
use crate::mig_desk::{Desk, SOON, slices};
use crate::mig_pool::NAME;

/// What Azure shows and nobody may send.
const READ_ONLY: [&str; 6] =
    ["eTag", "provisioningState", "currentOrchestratorVersion", "nodeImageVersion", "status", "powerState"];

/// GPU instances that AKS makes of each GPU (source: `AgentBaker` of AKS, its partition script).
const PER_GPU: [(&str, u64); 5] = [("MIG1g", 7), ("MIG2g", 3), ("MIG3g", 2), ("MIG4g", 1), ("MIG7g", 1)];

/// GPUs of the VM sizes in the tests (source: Azure's pages of the GPU series).
const GPUS: [(&str, u64); 6] = [
    ("Standard_NC24ads_A100_v4", 1),
    ("Standard_NC48ads_A100_v4", 2),
    ("Standard_ND96asr_v4", 8),
    ("Standard_NC40ads_H100_v5", 1),
    ("Standard_ND96isr_H100_v5", 8),
    ("Standard_ND96isr_H200_v5", 8),
];

impl Desk {
    /// On AKS; operations take 100 ms.
    #[track_caller]
    pub(crate) fn aks() -> Self {
        Self::on(Cloud::Aks)
    }

    /// The properties of the pool as Azure shows them.
    #[track_caller]
    pub(crate) fn properties(&self) -> Value {
        self.live(AKS)["properties"].clone()
    }

    /// The properties that the first accepted PUT sent.
    #[track_caller]
    pub(crate) fn sent(&self) -> Value {
        let creates = self.creates();
        assert!(!creates.is_empty(), "nothing was created: {:#?}", self.sandbox.records());
        creates[0]["request_body"]["properties"].clone()
    }

    /// The slices that the pool's nodes offer. On pools that AKS does not manage nothing is offered before somebody
    /// installs a device plugin: there it is what that plugin would find.
    #[track_caller]
    pub(crate) fn offered_by_aks(&self) -> u64 {
        let nodes = self.nodes();
        if nodes.is_empty() {
            return 0;
        }
        let pool = self.properties();
        if pool["gpuProfile"]["nvidia"]["managementMode"] == "Managed" {
            return nodes.iter().map(slices).sum();
        }
        let value = pool["gpuInstanceProfile"].as_str().unwrap_or_default();
        let per_gpu = PER_GPU.iter().find(|(name, _)| *name == value).map_or(0, |(_, count)| *count);
        let gpus = |node: &Value| {
            GPUS.iter().find(|(size, _)| node["machine_type"] == *size).map_or(0, |(_, count)| *count)
        };
        nodes.iter().map(|node| gpus(node) * per_gpu).sum()
    }

    /// All recorded PUTs of pools, accepted or not.
    #[track_caller]
    pub(crate) fn puts(&self) -> Vec<Value> {
        self.sandbox.requests("PUT", "/agentPools/")
    }

    /// Sets how many A100 80GB exist in the cluster's region beyond those that strangers have.
    #[track_caller]
    pub(crate) fn machines(&self, spare: usize) {
        let count = self.sandbox.nodes_of(AKS, "foreigngpu").len() + spare;
        let stock = json!({"cloud": "aks", "kind": "set_stock", "location": "eastus", "vm_size": MACHINE, "count": count});
        self.sandbox.actor(stock);
    }

    /// The same in one of its zones, where no stranger has any.
    #[track_caller]
    pub(crate) fn machines_in(&self, zone: &str, spare: usize) {
        let stock = json!({
            "cloud": "aks", "kind": "set_stock", "location": "eastus", "zone": zone, "vm_size": MACHINE, "count": spare,
        });
        self.sandbox.actor(stock);
    }

    /// Somebody else's update of the pool: read whole, changed, sent whole, waited for.
    #[track_caller]
    pub(crate) fn az_update(&self, change: impl FnOnce(&mut Value)) {
        let mut properties = self.properties();
        for name in READ_ONLY {
            properties.as_object_mut().expect("an object").remove(name);
        }
        if properties["enableAutoScaling"] != true {
            for name in ["minCount", "maxCount"] {
                properties.as_object_mut().expect("an object").remove(name);
            }
        }
        change(&mut properties);
        self.az_put(NAME, &properties);
    }

    /// A pool that somebody else creates or replaces, waited for.
    #[track_caller]
    pub(crate) fn az_put(&self, pool: &str, properties: &Value) {
        let path = self.cloud.pool_path(AKS, pool);
        let body = json!({ "properties": properties });
        let (status, answer) = self.sandbox.call_cloud("PUT", &path, Some(&body));
        assert!(status == 200 || status == 201, "{status} {answer:#}");
        let deadline = Instant::now() + SOON;
        while self.ask(&path)["properties"]["provisioningState"] != "Succeeded" {
            assert!(Instant::now() < deadline, "{:#}", self.ask(&path));
            thread::sleep(Duration::from_millis(20));
        }
    }
}
