//! AWS's own APIs, used as a colleague would: node groups by JSON, launch templates and Auto Scaling groups by forms and XML.

use serde_json::{Map, Value};
use ureq::Agent;

use super::sandbox::agent;

/// A region of AWS, at an address of this machine.
#[derive(Debug)]
pub(crate) struct Aws {
    url: String,
    region: String,
    agent: Agent,
}

impl Aws {
    /// Behind an address, in a region.
    pub(crate) fn at(url: &str, region: &str) -> Self {
        Self { url: url.to_owned(), region: region.to_owned(), agent: agent() }
    }

    /// Behind an address, in the region of a cluster.
    #[track_caller]
    pub(crate) fn of(url: &str, cluster: &str) -> Self {
        let region = cluster.split(':').nth(3).unwrap_or_else(|| panic!("{cluster} is no ARN"));
        Self::at(url, region)
    }

    /// A request as signed as the emulators demand: nobody there knows a secret to check it with.
    fn request(&self, service: &str, method: &str, path: &str) -> ureq::http::request::Builder {
        let scope = format!("COLLEAGUE/20261122/{}/{service}/aws4_request", self.region);
        let signature = "0".repeat(64);
        ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("x-amz-date", "20261122T120000Z")
            .header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={signature}"
                ),
            )
    }

    #[track_caller]
    fn send(&self, request: ureq::http::Request<String>) -> (u16, String) {
        let what = request.uri().to_string();
        let mut answer = self.agent.run(request).unwrap_or_else(|error| panic!("{what}: {error}"));
        let text = answer.body_mut().read_to_string().expect("a readable answer");
        (answer.status().as_u16(), text)
    }

    /// A call to EKS.
    #[track_caller]
    pub(crate) fn eks(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let request = self.request("eks", method, path).header("content-type", "application/json");
        let body = body.map_or_else(String::new, Value::to_string);
        let (status, text) = self.send(request.body(body).expect("a well-formed request"));
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// A call to EKS that must succeed.
    #[track_caller]
    pub(crate) fn eks_succeeds(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self.eks(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {answer:#}");
        answer
    }

    /// An action of a service that takes forms, which must succeed. Of the answer, XML, names and texts remain: lists are
    /// lists, and what is empty is null.
    #[track_caller]
    pub(crate) fn query(&self, service: &str, action: &str, parameters: &[(&str, &str)]) -> Value {
        let version = match service {
            "ec2" => "2016-11-15",
            "autoscaling" => "2011-01-01",
            "iam" => "2010-05-08",
            other => panic!("no version of {other} is known here"),
        };
        let form: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", version)
            .extend_pairs(parameters)
            .finish();
        let request = self
            .request(service, "POST", "/")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let (status, text) = self.send(request.body(form).expect("a well-formed request"));
        assert_eq!(status, 200, "{action}: {text}");
        let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        value(document.root_element())
    }
}

/// An element as JSON.
fn value(element: roxmltree::Node<'_, '_>) -> Value {
    let children: Vec<_> = element.children().filter(roxmltree::Node::is_element).collect();
    let listed = |child: &roxmltree::Node<'_, '_>| matches!(child.tag_name().name(), "item" | "member");
    if children.is_empty() {
        return element.text().map_or(Value::Null, |text| Value::String(text.to_owned()));
    }
    if children.iter().all(listed) {
        return children.into_iter().map(value).collect();
    }
    let named = children.into_iter().map(|child| (child.tag_name().name().to_owned(), value(child)));
    Value::Object(named.collect::<Map<_, _>>())
}
