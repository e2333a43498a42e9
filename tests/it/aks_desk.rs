//! What tests on AKS do and see at Azure's own API, as `az` would.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::aks_pool::AKS;
use crate::clouds::Cloud;
use crate::mig_desk::{Desk, SOON};
use crate::mig_pool::NAME;

/// What Azure shows and nobody may send.
const READ_ONLY: [&str; 6] =
    ["eTag", "provisioningState", "currentOrchestratorVersion", "nodeImageVersion", "status", "powerState"];

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

    /// All recorded PUTs of pools, accepted or not.
    #[track_caller]
    pub(crate) fn puts(&self) -> Vec<Value> {
        self.sandbox.requests("PUT", "/agentPools/")
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
