//! A desk at one of the seeded clusters of EKS, with AWS's own view of the pool.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::clouds::Cloud;
use crate::cluster::site::until;
use crate::eks_pool::{EKS, OPERATOR, PLUGIN};
use crate::mig_desk::{Desk, action};
use crate::mig_pool::{NAME, POOL, SHARED};
use crate::support::ApiServer;

/// The tags by which templates of ours are known: the cluster's ARN, and the pool's name.
pub(super) const OUR_TAGS: [&str; 2] = ["gpuslice:cluster", "gpuslice:pool"];

/// A launch template as EC2 shows it.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) latest: u64,
    pub(super) tags: BTreeMap<String, String>,
}

/// A desk and its cluster.
pub(super) struct Home {
    desk: Desk,
    pub(super) cluster: &'static str,
    pub(super) api: ApiServer,
}

impl Deref for Home {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl DerefMut for Home {
    fn deref_mut(&mut self) -> &mut Desk {
        &mut self.desk
    }
}

impl Home {
    /// For pools that Bottlerocket cuts; operations take 100 ms.
    #[track_caller]
    pub(super) fn cut() -> Self {
        Self::at(EKS, POOL)
    }

    /// For pools that Bottlerocket shares.
    #[track_caller]
    pub(super) fn shared() -> Self {
        Self::at(EKS, SHARED)
    }

    /// For pools that the GPU operator cuts.
    #[track_caller]
    pub(super) fn operator() -> Self {
        Self::at(OPERATOR, POOL)
    }

    /// For pools that the device plugin shares.
    #[track_caller]
    pub(super) fn plugin() -> Self {
        Self::at(PLUGIN, SHARED)
    }

    /// At a seeded cluster, for a pool with this address.
    #[track_caller]
    pub(super) fn at(cluster: &'static str, address: &'static str) -> Self {
        Self::with_latency(cluster, address, "100ms")
    }

    /// The same, with operations that take this long.
    #[track_caller]
    pub(super) fn with_latency(cluster: &'static str, address: &'static str, latency: &str) -> Self {
        let mut desk = Desk::on_with_latency(Cloud::Eks, latency);
        desk.address = address;
        let api = ApiServer::of(&desk.sandbox, cluster);
        Self { desk, cluster, api }
    }

    /// The node group as EKS shows it.
    #[track_caller]
    pub(super) fn group(&self) -> Value {
        self.live(self.cluster)
    }

    /// Whether EKS has the node group.
    #[track_caller]
    pub(super) fn stands(&self) -> bool {
        self.exists(self.cluster)
    }

    /// The pool's nodes.
    #[track_caller]
    pub(super) fn machines(&self) -> Vec<Value> {
        self.sandbox.nodes_of(self.cluster, NAME)
    }

    /// How many of a resource the pool's nodes offer together.
    #[track_caller]
    pub(super) fn offered(&self, resource: &str) -> u64 {
        let count = |node: &Value| {
            node["allocatable"][resource].as_str().map_or(0, |count| count.parse().expect("a count"))
        };
        self.machines().iter().map(count).sum()
    }

    /// Everything that EKS was sent to make the pool, the first time that it accepted.
    #[track_caller]
    pub(super) fn sent(&self) -> Value {
        let creates = self.creates();
        assert!(!creates.is_empty(), "nothing was created: {:#?}", self.sandbox.records());
        creates[0]["request_body"].clone()
    }

    /// Every launch template of the region.
    #[track_caller]
    pub(super) fn templates(&self) -> Vec<Template> {
        let answer = self.aws(self.cluster).query("ec2", "DescribeLaunchTemplates", &[]);
        let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let tags = |item: &Value| {
            let list = item["tagSet"].as_array().cloned().unwrap_or_default();
            list.iter().map(|tag| (text(tag, "key"), text(tag, "value"))).collect()
        };
        let list = answer["launchTemplates"].as_array().cloned().unwrap_or_default();
        list.iter()
            .map(|item| Template {
                id: text(item, "launchTemplateId"),
                name: text(item, "launchTemplateName"),
                latest: text(item, "latestVersionNumber").parse().expect("a number"),
                tags: tags(item),
            })
            .collect()
    }

    /// The launch templates with our tags for this cluster and pool.
    #[track_caller]
    pub(super) fn our_templates(&self) -> Vec<Template> {
        let ours = |template: &Template| {
            let tag = |name: &str| template.tags.get(name).map(String::as_str);
            tag(OUR_TAGS[0]) == Some(self.cluster) && tag(OUR_TAGS[1]) == Some(NAME)
        };
        self.templates().into_iter().filter(ours).collect()
    }

    /// Demands that there is one launch template of ours, the group's, and gives it.
    #[track_caller]
    pub(super) fn our_template(&self) -> Template {
        let (mut ours, group) = (self.our_templates(), self.group());
        assert_eq!(ours.len(), 1, "{ours:#?}");
        assert_eq!(group["launchTemplate"]["id"], ours[0].id);
        ours.remove(0)
    }

    /// The numbers of a template's versions, the newest first.
    #[track_caller]
    pub(super) fn versions(&self, id: &str) -> Vec<u64> {
        let answer = self.version(id, None);
        let number = |item: &Value| item["versionNumber"].as_str().expect("text").parse().expect("a number");
        answer.as_array().expect("versions").iter().map(number).collect()
    }

    fn version(&self, id: &str, number: Option<&str>) -> Value {
        let mut parameters = vec![("LaunchTemplateId", id)];
        parameters.extend(number.map(|number| ("LaunchTemplateVersion.1", number)));
        let aws = self.aws(self.cluster);
        let mut answer = aws.query("ec2", "DescribeLaunchTemplateVersions", &parameters);
        answer["launchTemplateVersionSet"].take()
    }

    /// What the pool's machines are made from: the data of the version that the group uses.
    #[track_caller]
    pub(super) fn recipe(&self) -> Value {
        let used = self.group()["launchTemplate"].clone();
        let version = used["version"].as_str().unwrap_or_else(|| panic!("no template: {used:#}"));
        assert!(version.parse::<u64>().is_ok(), "a version is a number: {used:#}");
        let found = self.version(used["id"].as_str().expect("an id"), Some(version));
        found[0]["launchTemplateData"].clone()
    }

    /// The user data of the machines, as text.
    #[track_caller]
    pub(super) fn user_data(&self) -> String {
        let recipe = self.recipe();
        let encoded = recipe["userData"].as_str().unwrap_or_else(|| panic!("no user data: {recipe:#}"));
        String::from_utf8(BASE64_STANDARD.decode(encoded).expect("base64")).expect("text")
    }

    /// The forms that were sent for an action of EC2 or Auto Scaling, answered or not.
    #[track_caller]
    pub(super) fn forms(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let form = |record: &Value| {
            let body = record["request_body"].as_str().unwrap_or_default();
            url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
        };
        let records = self.sandbox.records();
        records.iter().filter(|record| action(record) == Some(name)).map(form).collect()
    }

    /// The tags of the pool's Auto Scaling group.
    #[track_caller]
    pub(super) fn scaling_tags(&self) -> BTreeMap<String, String> {
        let group = self.group();
        let name = group["resources"]["autoScalingGroups"][0]["name"].as_str().expect("a name").to_owned();
        let parameters = [("AutoScalingGroupNames.member.1", name.as_str())];
        let answer = self.aws(self.cluster).query("autoscaling", "DescribeAutoScalingGroups", &parameters);
        let tags = answer["DescribeAutoScalingGroupsResult"]["AutoScalingGroups"][0]["Tags"].clone();
        let text = |tag: &Value, name: &str| tag[name].as_str().unwrap_or_default().to_owned();
        let tags = tags.as_array().cloned().unwrap_or_default();
        tags.iter().map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
    }

    /// A fault of a call to EKS with this method whose path has this part.
    pub(super) fn on(&self, method: &str, path: &str, kind: &str, times: u32, params: &Value) {
        let matching = json!({"cloud": "eks", "method": method, "path": path});
        self.fault_on(&matching, kind, times, params);
    }

    /// A fault of an action of EC2 or Auto Scaling: `ec2/CreateLaunchTemplate`.
    pub(super) fn on_action(&self, action: &str, kind: &str, times: u32, params: &Value) {
        self.fault_on(&json!({"cloud": "eks", "path": format!("/{action}")}), kind, times, params);
    }

    /// From now on these calls to the cluster's own API go wrong.
    pub(super) fn trouble(&self, kind: &str, matching: &Value, params: &Value) {
        let mut matching = matching.clone();
        matching["cloud"] = json!("kubernetes");
        matching["cluster"] = json!(self.cluster);
        self.fault_on(&matching, kind, 1_000, params);
    }

    /// A pod of somebody's on the pool, that asks for one slice, once it runs.
    #[track_caller]
    pub(super) fn run_pod(&self, name: &str) {
        let state = self.state();
        let resource = state["slices"]["resource_name"].as_str().expect("a resource").to_owned();
        self.api.start_pod(name, &resource, 1, &state["scheduling"]);
        until(&format!("{name} runs"), || self.pod(name)["phase"] == "Running");
    }

    /// A pod in `default`: uid, node, phase; null where there is none.
    #[track_caller]
    pub(super) fn pod(&self, name: &str) -> Value {
        self.api.pods(Some("default")).remove(&format!("default/{name}")).unwrap_or_default()
    }

    /// The recorded evictions of pods, accepted or not.
    #[track_caller]
    pub(super) fn evictions(&self) -> Vec<Value> {
        self.sandbox.requests("POST", "/eviction")
    }

    /// Demands that nothing of the pool is left: no group, no node, no template.
    #[track_caller]
    pub(super) fn assert_gone(&self) {
        assert!(!self.knows_the_pool() && !self.stands());
        assert_eq!(self.machines(), Vec::<Value>::new());
        let ours = self.our_templates();
        assert!(ours.is_empty(), "launch templates are left: {ours:#?}");
    }

    /// Applies again, and demands that the same pool is ready, with nothing left to do.
    #[track_caller]
    pub(super) fn goes_on(&self) {
        self.workspace.apply().success();
        self.workspace.assert_empty_plan();
        assert_eq!(self.state()["status"], "ready");
        assert_eq!((self.creates().len(), self.deletes().len()), (1, 0), "the pool was made anew");
        let _ = self.our_template();
    }
}

/// What somebody else does to node groups.
impl Desk {
    /// Somebody changes the pool at the home cluster, and waits until that is done.
    #[track_caller]
    pub(crate) fn update_config(&self, body: &Value) {
        self.update_config_at(self.cloud.home(), body);
    }

    /// The same at another cluster.
    #[track_caller]
    pub(crate) fn update_config_at(&self, cluster: &str, body: &Value) {
        let path = format!("{}/update-config", self.cloud.pool_path(cluster, NAME));
        self.aws(cluster).eks_succeeds("POST", &path, Some(body));
        self.await_status(cluster, "ACTIVE");
    }

    /// Somebody makes a node group under the test's name, and waits until it is there. `fields` are added to the least that
    /// EKS takes.
    #[track_caller]
    pub(crate) fn create_group(&self, cluster: &str, fields: &Value) {
        let mut body = json!({
            "nodegroupName": NAME,
            "subnets": [crate::eks_pool::SUBNET],
            "nodeRole": "arn:aws:iam::000000000000:role/node",
            "scalingConfig": {"minSize": 1, "maxSize": 1, "desiredSize": 1},
            "clientRequestToken": "of-somebody-else",
        });
        for (name, value) in fields.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let path = self.cloud.pool_path(cluster, NAME);
        let path = path.strip_suffix(&format!("/{NAME}")).expect("the path ends with the name");
        self.aws(cluster).eks_succeeds("POST", path, Some(&body));
        self.await_status(cluster, "ACTIVE");
    }
}
