//! All clouds behind one door: whose a path is, and who answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::actors::ActorError;
use super::aks::{self, Aks};
use super::clock::Millis;
use super::context::Context;
use super::eks::{self, Eks};
use super::exchange::{Answer, Call};
use super::fault_kinds::Refused;
use super::gke::{self, Gke};
use super::kubernetes::{self, View};
use super::nodes::Occupied;
use super::random::Random;

/// A cloud in the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cloud {
    Gke,
    Aks,
    Eks,
}

impl Cloud {
    pub(crate) const ALL: [Self; 3] = [Self::Gke, Self::Aks, Self::Eks];

    /// The name in a `match` and in lists.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gke => "gke",
            Self::Aks => "aks",
            Self::Eks => "eks",
        }
    }

    /// The cloud of that name; a sentence where there is none.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let known = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|cloud| cloud.name() == name);
        found.ok_or_else(|| format!("{name:?} is not in the sandbox; there is {known}"))
    }

    /// The cloud that a call is for. AWS's calls get the path by which they are known here.
    pub(crate) fn at(call: &mut Call) -> Option<Self> {
        if gke::owns(&call.path) {
            return Some(Self::Gke);
        }
        if aks::owns(&call.path) {
            return Some(Self::Aks);
        }
        call.path = eks::addressed(call)?;
        Some(Self::Eks)
    }

    /// The cloud that a cluster's id belongs to, by its form.
    pub(crate) fn of_cluster(id: &str) -> Self {
        if id.starts_with('/') {
            Self::Aks
        } else if id.starts_with("arn:") {
            Self::Eks
        } else {
            Self::Gke
        }
    }
}

/// Something that somebody does in one of the clouds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    Gke(gke::Act),
    Aks(aks::Act),
    Eks(eks::Act),
    /// In the cluster of that id.
    Kubernetes(String, kubernetes::Act),
}

impl Act {
    /// All kinds of all clouds, each with its cloud, its fields and its meaning.
    pub(crate) fn kinds() -> Vec<Value> {
        [gke::Act::kinds(), aks::Act::kinds(), eks::Act::kinds(), kubernetes::Act::kinds()].concat()
    }

    /// An act from its JSON fields. The cloud is that of the cluster, unless `cloud` names it.
    pub(crate) fn read(kind: &str, mut given: Map<String, Value>) -> Result<Self, ActorError> {
        if let Some(read) = kubernetes::Act::read(kind, &given) {
            return read.map(|(cluster, act)| Self::Kubernetes(cluster, act));
        }
        let named = given.remove("cloud");
        let cloud = match named.as_ref().map(|name| name.as_str().unwrap_or_default()) {
            Some(name) => Cloud::named(name).map_err(ActorError::Shape)?,
            None => Cloud::of_cluster(given.get("cluster").and_then(Value::as_str).unwrap_or_default()),
        };
        Ok(match cloud {
            Cloud::Gke => Self::Gke(gke::Act::read(kind, &given)?),
            Cloud::Aks => Self::Aks(aks::Act::read(kind, &given)?),
            Cloud::Eks => Self::Eks(eks::Act::read(kind, &given)?),
        })
    }
}

/// Everything that exists in them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Clouds {
    gke: Gke,
    aks: Aks,
    eks: Eks,
}

impl Clouds {
    pub(crate) fn seeded(now: Millis, random: &mut Random) -> Self {
        let (gke, aks) = (Gke::seeded(now, random), Aks::seeded(now, random));
        Self { gke, aks, eks: Eks::seeded(now, random) }
    }

    /// Told where pods run, which a rollout has to wait for.
    pub(crate) fn notice(&mut self, occupied: &Occupied) {
        self.gke.occupied.clone_from(occupied);
        self.aks.occupied.clone_from(occupied);
        self.eks.occupied.clone_from(occupied);
    }

    /// Clusters with nodes that wait to be drained.
    pub(crate) fn draining(&self) -> Vec<String> {
        [self.gke.draining(), self.aks.draining(), self.eks.draining()].concat()
    }

    /// Restarts the machine of a node.
    pub(crate) fn reboot(&mut self, uid: &str, now: Millis, length: Millis, boot_id: String) {
        let nodes = self.gke.nodes_mut().chain(self.aks.nodes_mut()).chain(self.eks.nodes_mut());
        if let Some(node) = nodes.into_iter().find(|node| node.uid == uid) {
            node.reboot(now, length, boot_id);
        }
    }

    /// Brings all of them up to the present; true when something may have changed.
    pub(crate) fn advance(&mut self, now: Millis, latency: Millis, random: &mut Random) -> bool {
        let gke = self.gke.advance(now, latency, random);
        let aks = self.aks.advance(now, random);
        self.eks.advance(now, latency, random) || aks || gke
    }

    /// Carries out one call.
    pub(crate) fn answer(&mut self, cloud: Cloud, context: &mut Context<'_>, call: &Call) -> Answer {
        match cloud {
            Cloud::Gke => self.gke.answer(context, call),
            Cloud::Aks => self.aks.answer(context, call),
            Cloud::Eks => self.eks.answer(context, call),
        }
    }

    /// The error that a fault answers a call with.
    pub(crate) fn refuse(
        &mut self,
        cloud: Cloud,
        context: &mut Context<'_>,
        call: &Call,
        refused: &Refused,
    ) -> Answer {
        match cloud {
            Cloud::Gke => gke::refuse(context, call, refused),
            Cloud::Aks => self.aks.refuse(context, call, refused),
            Cloud::Eks => self.eks.refuse(call, refused),
        }
    }

    /// Lets somebody else act in GKE.
    pub(crate) fn act_gke(&mut self, context: &mut Context<'_>, act: &gke::Act) -> Result<(), ActorError> {
        self.gke.act(context, act)
    }

    /// Lets somebody else act in AKS.
    pub(crate) fn act_aks(&mut self, context: &mut Context<'_>, act: &aks::Act) -> Result<(), ActorError> {
        self.aks.act(context, act)
    }

    /// Lets somebody else act in EKS.
    pub(crate) fn act_eks(&mut self, context: &mut Context<'_>, act: &eks::Act) -> Result<(), ActorError> {
        self.eks.act(context, act)
    }

    /// Every cluster with what it is there for.
    pub(crate) fn overview(&self) -> Value {
        self.gke.overview().into_iter().chain(self.aks.overview()).chain(self.eks.overview()).collect()
    }

    /// A cluster as Kubernetes begins from it; none where there is no such cluster, or none that runs.
    pub(crate) fn view(&self, id: &str) -> Option<View<'_>> {
        match Cloud::of_cluster(id) {
            Cloud::Gke => self.gke.view(id),
            Cloud::Aks => self.aks.view(id),
            Cloud::Eks => self.eks.view(id),
        }
    }

    /// The nodes of a cluster; a sentence where there is no such cluster.
    pub(crate) fn nodes_view(&self, id: &str, now: Millis) -> Result<Value, String> {
        match Cloud::of_cluster(id) {
            Cloud::Gke => self.gke.nodes_view(id, now),
            Cloud::Aks => self.aks.nodes_view(id, now),
            Cloud::Eks => self.eks.nodes_view(id, now),
        }
    }
}
