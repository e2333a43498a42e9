//! AWS's Query protocol: a signed form goes there, XML comes back (source: Smithy specification, AWS query and EC2
//! query protocols).

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use roxmltree::{Document, Node};
use std::time::SystemTime;
use url::{Url, form_urlencoded};

use super::Client;
use super::endpoints::Service;
use crate::cloud::eks::errors::{ApiError, Refusal};
use crate::cloud::eks::parts::Place;

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// An action and its parameters, in the order in which they are sent.
#[derive(Debug, Clone)]
pub(super) struct Form {
    service: &'static Service,
    action: &'static str,
    parameters: Vec<(String, String)>,
}

impl Form {
    pub(super) fn new(service: &'static Service, action: &'static str) -> Self {
        Form { service, action, parameters: Vec::new() }
    }

    pub(super) fn put(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.parameters.push((name.into(), value.into()));
    }

    /// Values of a list, by the name that each of them bears: `InstanceId.1`, or `Tags.member.1` for Auto Scaling.
    pub(super) fn list(&mut self, name: &str, values: impl IntoIterator<Item = impl Into<String>>) {
        for (number, value) in (1..).zip(values) {
            self.put(format!("{name}.{number}"), value);
        }
    }

    pub(super) fn extend(&mut self, parameters: Vec<(String, String)>) {
        self.parameters.extend(parameters);
    }

    /// What the action is called in IAM policies.
    fn permission(&self) -> String {
        format!("{}:{}", self.service.name, self.action)
    }

    fn body(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", self.action)
            .append_pair("Version", self.service.version)
            .extend_pairs(&self.parameters)
            .finish()
    }
}

impl Client {
    /// Sends a form; `read` makes something of the answer's root, or says what is missing there.
    pub(super) async fn ask<T>(
        &self,
        place: Place<'_>,
        form: Form,
        read: impl FnOnce(Node<'_, '_>) -> Result<T, String>,
    ) -> Result<T, ApiError> {
        self.auth.identity(place).await?;
        let credentials = self.auth.credentials(place).await?;
        let address = self.auth.address(place, form.service).await?;
        let http = self.auth.http(place).await?;
        let nonsense = |why: String| ApiError::Nonsense { url: address.clone(), why };
        let url =
            Url::parse(&address).map_err(|error| nonsense(format!("the address is no URL: {error}")))?;
        let body = form.body();
        let headers = signed(&credentials, form.service.name, place.region, http.server_time(), &url, &body)
            .map_err(|why| nonsense(format!("a request to it cannot be signed: {why}")))?;
        let answer = http.send(Method::POST, url, headers, Some(body.into_bytes())).await?;
        tracing::debug!(action = form.action, status = answer.status.as_u16(), "asked");
        if !answer.status.is_success() {
            return Err(Refusal::of(&answer).for_want_of(&form.permission()).into());
        }
        let text = String::from_utf8_lossy(&answer.body);
        let document = Document::parse(&text).map_err(|error| nonsense(error.to_string()))?;
        let root = document.root_element();
        // Somebody in between may say "200" to everything.
        if root.tag_name().name() != format!("{}Response", form.action) {
            return Err(nonsense(format!("it is a document <{}>", root.tag_name().name())));
        }
        read(root).map_err(nonsense)
    }
}

/// The headers of a signed POST.
fn signed(
    credentials: &Credentials,
    service: &str,
    region: &str,
    now: SystemTime,
    url: &Url,
    body: &str,
) -> Result<HeaderMap, String> {
    let identity = Identity::from(credentials.clone());
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?;
    let headers = [(CONTENT_TYPE.as_str(), FORM)];
    let request =
        SignableRequest::new("POST", url.as_str(), headers.into_iter(), SignableBody::Bytes(body.as_bytes()));
    let request = request.map_err(|error| error.to_string())?;
    let (instructions, _) = sign(request, &params.into()).map_err(|error| error.to_string())?.into_parts();
    let mut all = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
    for (name, value) in instructions.headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        // The HTTP client writes the host itself.
        if name != HOST {
            let mut value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
            value.set_sensitive(true);
            all.insert(name, value);
        }
    }
    Ok(all)
}

/// The first child of that name.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.tag_name().name() == name)
}

/// The child of that name; else what is missing.
pub(super) fn required<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Result<Node<'a, 'i>, String> {
    child(node, name).ok_or_else(|| format!("<{}> holds no <{name}>", node.tag_name().name()))
}

/// The text of the child of that name; an empty one counts as none.
pub(super) fn text(node: Node<'_, '_>, name: &str) -> Option<String> {
    let text = child(node, name)?.text()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The number in the child of that name.
pub(super) fn number<T: std::str::FromStr>(node: Node<'_, '_>, name: &str) -> Option<T> {
    text(node, name)?.parse().ok()
}

/// The elements of the list of that name: `item` in EC2's answers, `member` in the others'.
pub(super) fn items<'a, 'i>(node: Node<'a, 'i>, name: &str) -> impl Iterator<Item = Node<'a, 'i>> {
    child(node, name)
        .into_iter()
        .flat_map(|list| list.children())
        .filter(|item| matches!(item.tag_name().name(), "item" | "member"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cloud::eks::client::endpoints::{AUTO_SCALING, EC2};

    /// Source of the signatures: botocore 1.44.5, `SigV4Auth`, the clock held at 2026-11-21T22:26:40Z.
    #[test]
    fn the_signature_is_that_of_another_signer() {
        let mut form = Form::new(&EC2, "CreateLaunchTemplate");
        form.put("LaunchTemplateName", "gpuslice-main-mig1g");
        form.put("TagSpecification.1.Tag.1.Value", "a b+c/é*~");
        let body = form.body();
        assert_eq!(
            body,
            "Action=CreateLaunchTemplate&Version=2016-11-15&LaunchTemplateName=gpuslice-main-mig1g\
             &TagSpecification.1.Tag.1.Value=a+b%2Bc%2F%C3%A9*%7E"
        );
        // The other signer encodes the last two characters the other way round, which servers read alike.
        let body = body.replace("*%7E", "%2A~");
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            Some("sess/tok+en==".to_owned()),
            None,
            "test",
        );
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_300_000);
        for (service, url, signature) in [
            (
                &EC2,
                "https://ec2.us-east-1.amazonaws.com/",
                "520732ef0fbdb9b44955e9574a4725e702ca69e6af3f136f77426e6919eae97e",
            ),
            (
                &AUTO_SCALING,
                "http://127.0.0.1:8642/autoscaling",
                "9ac13e5be81a1f0bf57da952c87c50a3639b04cfea243b875883070058a3a986",
            ),
        ] {
            let url = Url::parse(url).unwrap();
            let headers = signed(&credentials, service.name, "us-east-1", now, &url, &body).unwrap();
            let text = |name: &str| headers[name].to_str().unwrap().to_owned();
            assert_eq!(
                text("authorization"),
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/us-east-1/{}/aws4_request, \
                     SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature={signature}",
                    service.name
                )
            );
            assert_eq!(text("x-amz-date"), "20261121T222640Z");
            assert_eq!(text("x-amz-security-token"), "sess/tok+en==");
            assert_eq!(text("content-type"), FORM);
            assert!(!headers.contains_key(HOST));
        }
    }
}
