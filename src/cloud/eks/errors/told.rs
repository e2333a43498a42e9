//! AWS's own words: EKS names the exception in a header and the rest in JSON, the services of the Query protocol say all
//! of it in XML.

use roxmltree::{Document, Node};
use serde_json::Value;

use super::Refusal;
use crate::cloud::http::Answer;
use crate::cloud::retry::retry_after;
use crate::cloud::words::beginning;

/// What precedes the part of a message that only AWS itself can read.
const ENCODED: &str = "Encoded authorization failure message:";

/// Reads an error answer.
pub(super) fn refusal(answer: &Answer) -> Refusal {
    let mut refusal = xml(answer).unwrap_or_else(|| json(answer));
    if let Some(at) = refusal.message.find(ENCODED) {
        refusal.message.truncate(at);
        refusal.message.truncate(refusal.message.trim_end().len());
    }
    refusal.http = answer.status.as_u16();
    refusal.retry_after = retry_after(&answer.headers);
    refusal
}

/// The exception is named by a header or in the body, at times with a namespace before it or a URL after it (source:
/// Smithy specification, AWS restJson1 protocol, operation error serialisation).
fn json(answer: &Answer) -> Refusal {
    let header = |name: &str| answer.headers.get(name)?.to_str().ok().map(ToOwned::to_owned);
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let text = |names: &[&str]| names.iter().find_map(|name| Some(body.get(name)?.as_str()?.to_owned()));
    let named = header("x-amzn-errortype").or_else(|| text(&["__type", "code"]));
    Refusal {
        code: named.as_deref().map(bare).unwrap_or_default().to_owned(),
        message: text(&["message", "Message"]).unwrap_or_else(|| beginning(&answer.body)),
        about: text(&["nodegroupName", "clusterName"]),
        request_id: header("x-amzn-requestid"),
        ..Refusal::default()
    }
}

/// The name of an exception alone.
fn bare(named: &str) -> &str {
    let without_url = named.split(':').next().unwrap_or_default();
    without_url.rsplit('#').next().unwrap_or_default()
}

/// `Response/Errors/Error` in EC2's answers, `ErrorResponse/Error` in the others'; `None` for anything else (source:
/// Smithy specification, AWS query and EC2 query protocols, operation error serialisation).
fn xml(answer: &Answer) -> Option<Refusal> {
    let text = std::str::from_utf8(&answer.body).ok()?;
    let document = Document::parse(text).ok()?;
    let root = document.root_element();
    let error = match root.tag_name().name() {
        "Response" => child(child(root, "Errors")?, "Error")?,
        "ErrorResponse" => child(root, "Error")?,
        _ => return None,
    };
    let of = |parent, name| Some(child(parent, name)?.text().unwrap_or_default().trim().to_owned());
    let request_id = of(root, "RequestID").or_else(|| of(root, "RequestId"));
    Some(Refusal {
        code: of(error, "Code")?,
        message: of(error, "Message").unwrap_or_default(),
        request_id: request_id.filter(|id| !id.is_empty()),
        ..Refusal::default()
    })
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.tag_name().name() == name)
}
