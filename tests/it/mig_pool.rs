//! The HCL of the one node pool that the acceptance tests work on.

use std::fmt::Write as _;

/// The seeded cluster in one zone, in no release channel.
pub(crate) const ZONAL: &str = "projects/sandbox/locations/us-central1-a/clusters/zonal";

/// The seeded cluster in a region, with the zones a, b and c, in the channel REGULAR.
pub(crate) const REGIONAL: &str = "projects/sandbox/locations/us-central1/clusters/sandbox";

/// The seeded Autopilot cluster.
pub(crate) const AUTOPILOT: &str = "projects/sandbox/locations/us-central1/clusters/autopilot";

/// The pool's address in every configuration here.
pub(crate) const POOL: &str = "gpuslice_mig_nodepool.pool";

/// The pool's name at the cloud, unless a test says otherwise.
pub(crate) const NAME: &str = "mig";

/// Where the provider comes from: what every configuration begins with.
pub(crate) const PROVIDER: &str =
    "terraform {\n  required_providers {\n    gpuslice = { source = \"gpuslice/gpuslice\" }\n  }\n}\n\n";

/// The address of the same pool as one whose GPUs are shared.
pub(crate) const SHARED: &str = "gpuslice_timeslice_nodepool.pool";

/// `resource "gpuslice_mig_nodepool" "pool"`, or one of the other kind, attribute by attribute.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    address: &'static str,
    attributes: Vec<(String, String)>,
    blocks: Vec<String>,
    beside: Vec<String>,
}

impl Pool {
    /// Nothing said yet.
    pub(crate) fn empty() -> Self {
        Self { address: POOL, attributes: Vec::new(), blocks: Vec::new(), beside: Vec::new() }
    }

    /// One A100 40GB per node, cut into seven: in one zone, so that nothing else is needed.
    pub(crate) fn zonal() -> Self {
        Self::empty()
            .text("cluster_id", ZONAL)
            .text("name", NAME)
            .text("machine_type", "a2-highgpu-1g")
            .text("mig_profile", "1g.5gb")
    }

    /// The same over two of a region's three zones, with a node in each.
    pub(crate) fn regional() -> Self {
        Self::zonal()
            .text("cluster_id", REGIONAL)
            .set("zones", r#"["us-central1-a", "us-central1-b"]"#)
            .set("node_count", "2")
    }

    /// One L4 per node, shared by four containers that take turns.
    pub(crate) fn shared() -> Self {
        Self::zonal().unset("mig_profile").text("machine_type", "g2-standard-8").shared_by("4")
    }

    /// The same pool as one whose GPUs, or slices, are shared by so many containers.
    pub(crate) fn shared_by(mut self, replicas: &str) -> Self {
        self.address = SHARED;
        self.set("replicas", replicas)
    }

    /// At a cluster of a cloud that nobody reaches: for plans, which need no cloud.
    pub(crate) fn real() -> Self {
        Self::zonal().text("cluster_id", "projects/acme-prod/locations/us-central1-a/clusters/main")
    }

    /// An attribute as an HCL expression.
    pub(crate) fn set(mut self, name: &str, expression: &str) -> Self {
        let value = expression.to_owned();
        match self.attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name.to_owned(), value)),
        }
        self
    }

    /// An attribute as a string.
    pub(crate) fn text(self, name: &str, text: &str) -> Self {
        self.set(name, &format!("{text:?}"))
    }

    /// Takes an attribute away.
    pub(crate) fn unset(mut self, name: &str) -> Self {
        self.attributes.retain(|(known, _)| known != name);
        self
    }

    /// A block inside the resource.
    pub(crate) fn block(mut self, hcl: &str) -> Self {
        self.blocks.push(hcl.to_owned());
        self
    }

    /// The `timeouts` block.
    pub(crate) fn timeouts(self, inside: &str) -> Self {
        self.block(&format!("timeouts {{\n{inside}\n}}"))
    }

    /// Anything beside the resource.
    pub(crate) fn beside(mut self, hcl: &str) -> Self {
        self.beside.push(hcl.to_owned());
        self
    }

    /// Its address.
    pub(crate) fn address(&self) -> &'static str {
        self.address
    }

    /// The whole configuration.
    pub(crate) fn hcl(&self) -> String {
        let (kind, name) = self.address.split_once('.').expect("an address");
        let mut hcl = format!("{PROVIDER}resource \"{kind}\" \"{name}\" {{\n");
        for (name, value) in &self.attributes {
            // One blank around each sign, so that messages that quote a line can be looked for.
            writeln!(hcl, "  {name} = {value}").expect("writing to a string");
        }
        for block in &self.blocks {
            writeln!(hcl, "  {block}").expect("writing to a string");
        }
        hcl.push_str("}\n");
        for other in &self.beside {
            writeln!(hcl, "\n{other}").expect("writing to a string");
        }
        hcl
    }
}
