//! EKS as a client sees it, with a clock that only the tests move.

mod groups;
mod scaling;
mod templates;
mod updates;

use http::HeaderMap;
use serde_json::{Value, json};

use super::{Act, Context, Eks, addressed};
use crate::sandbox::exchange::{Answer, Body, Call};
use crate::sandbox::faults::Faults;
use crate::sandbox::kubernetes::{Authority, Directory, Doors};
use crate::sandbox::random::Random;

/// How long an operation takes in these tests, in milliseconds.
const LATENCY: u64 = 1_000;

const CLUSTER: &str = "arn:aws:eks:us-east-1:000000000000:cluster/sandbox";

const ROLE: &str = "arn:aws:iam::000000000000:role/node";

/// A world and its clock.
struct Aws {
    eks: Eks,
    random: Random,
    faults: Faults,
    doors: Doors,
    authority: Authority,
    now: u64,
    /// The access key that signs.
    key: &'static str,
}

impl Aws {
    fn new() -> Self {
        let mut random = Random::new(1);
        let eks = Eks::seeded(0, &mut random);
        let doors = Doors::new("127.0.0.1:0".parse().unwrap()).0;
        let authority = Authority::new().unwrap();
        Self { eks, random, faults: Faults::default(), doors, authority, now: 1_000_000, key: "AKIDEXAMPLE" }
    }

    fn send(&mut self, method: &str, target: &str, service: &str, body: Vec<u8>) -> Answer {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::new();
        let scope = format!("{}/20261122/us-east-1/{service}/aws4_request", self.key);
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={}",
            "0".repeat(64)
        );
        headers.insert("authorization", signed.parse().unwrap());
        headers.insert("x-amz-date", "20261122T000000Z".parse().unwrap());
        let mut call = Call {
            method: method.to_owned(),
            target: target.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body,
        };
        call.path = addressed(&call).unwrap();
        self.eks.advance(self.now, LATENCY, &mut self.random);
        let (now, latency, random, faults) = (self.now, LATENCY, &mut self.random, &mut self.faults);
        let directory = Some(Directory { doors: &self.doors, authority: &self.authority });
        let mut context =
            Context { now, latency, random, faults, call: Some(&call), directory, applied: None };
        self.eks.answer(&mut context, &call)
    }

    fn call(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.send(method, path, "eks", bytes);
        let Body::Json(body) = answer.body else { panic!("EKS answers in JSON") };
        (answer.status, body)
    }

    /// A call that must succeed.
    fn ok(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    /// A call that must be refused: (status, exception, message).
    fn refused(&mut self, method: &str, path: &str, body: &Value) -> (u16, String, String) {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.send(method, path, "eks", bytes);
        let Body::Json(body) = &answer.body else { panic!("EKS answers in JSON") };
        assert!(answer.status >= 400, "{method} {path} is accepted: {body}");
        let name = answer.headers.iter().find(|(name, _)| *name == "x-amzn-errortype").unwrap().1.clone();
        (answer.status, name, body["message"].as_str().unwrap().to_owned())
    }

    /// An action of EC2 or Auto Scaling: status and XML.
    fn query(&mut self, service: &str, action: &str, parameters: &[(&str, &str)]) -> (u16, String) {
        let version = if service == "ec2" { "2016-11-15" } else { "2011-01-01" };
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action).append_pair("Version", version).extend_pairs(parameters);
        let answer = self.send("POST", "/", service, form.finish().into_bytes());
        let Body::Text(_, text) = answer.body else { panic!("{service} answers in XML") };
        (answer.status, text)
    }

    /// A launch template with that user data; its id.
    fn template(&mut self, name: &str, user_data: &str) -> String {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(user_data);
        let parameters = [("LaunchTemplateName", name), ("LaunchTemplateData.UserData", encoded.as_str())];
        let (status, text) = self.query("ec2", "CreateLaunchTemplate", &parameters);
        assert_eq!(status, 200, "{text}");
        between(&text, "<launchTemplateId>", "</launchTemplateId>")
    }

    /// Creates a node group; the call must be accepted.
    fn create(&mut self, body: &Value) {
        self.ok("POST", "/clusters/sandbox/node-groups", body);
    }

    fn group(&mut self, name: &str) -> Value {
        self.ok("GET", &format!("/clusters/sandbox/node-groups/{name}"), &Value::Null)["nodegroup"].take()
    }

    fn status(&mut self, name: &str) -> String {
        self.group(name)["status"].as_str().unwrap().to_owned()
    }

    /// Lets time pass.
    fn pass(&mut self, millis: u64) {
        self.now += millis;
        self.eks.advance(self.now, LATENCY, &mut self.random);
    }

    /// The group's nodes as the sandbox's own API shows them.
    fn nodes(&mut self, group: &str) -> Vec<Value> {
        let all = self.eks.nodes_view(CLUSTER, self.now).unwrap();
        all.as_array().unwrap().iter().filter(|node| node["pool"] == group).cloned().collect()
    }

    fn uids(&mut self, group: &str) -> Vec<String> {
        let nodes = self.nodes(group);
        let mut uids: Vec<_> = nodes.iter().map(|node| node["uid"].as_str().unwrap().to_owned()).collect();
        uids.sort();
        uids
    }

    fn act(&mut self, actor: &Value) {
        let mut fields = actor.as_object().unwrap().clone();
        let kind = fields.remove("kind").unwrap();
        let act = Act::read(kind.as_str().unwrap(), &fields).unwrap();
        let (now, latency, random, faults) = (self.now, LATENCY, &mut self.random, &mut self.faults);
        let mut context =
            Context { now, latency, random, faults, call: None, directory: None, applied: None };
        self.eks.act(&mut context, &act).unwrap();
    }
}

fn between(text: &str, from: &str, to: &str) -> String {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no {from} in {text}"));
    rest.split_once(to).unwrap().0.to_owned()
}

/// A node group of so many machines of a type, with an image.
fn wanted(name: &str, machine: &str, image: &str, count: u32) -> Value {
    json!({
        "nodegroupName": name,
        "nodeRole": ROLE,
        "subnets": ["subnet-0000000000000000a", "subnet-0000000000000000b"],
        "instanceTypes": [machine],
        "amiType": image,
        "scalingConfig": {"minSize": 0, "maxSize": 9, "desiredSize": count},
    })
}

const BOTTLEROCKET: &str = "BOTTLEROCKET_x86_64_NVIDIA";

/// Settings that cut an A100 of 40 GB into seven.
const SEVEN: &str = "[settings.kubelet-device-plugins.nvidia]\ndevice-partitioning-strategy = \"mig\"\n\
                     [settings.kubelet-device-plugins.nvidia.mig.profile]\n\"a100.40gb\" = \"1g.5gb\"\n";
