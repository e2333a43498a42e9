//! Azure's errors, in the two shapes in which they come: Resource Manager's own, `{"error": {…}}`, and the bare one of
//! the AKS resource provider, `{"code", "message", "details", "subcode"}` (sources: the Python client, which parses
//! both; Azure/azure-rest-api-specs issue 40740; Azure/terraform-azurerm-aks issue 604).

use serde_json::{Value, json};

use super::fields::Violation;
use crate::sandbox::exchange::{Answer, Body};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Arm,
    Bare,
}

/// A request that the service does not carry out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    http: u16,
    code: String,
    message: String,
    target: Option<String>,
    shape: Shape,
    retry_after: Option<u64>,
    challenge: bool,
}

impl Refusal {
    /// Refused by Resource Manager, before AKS saw it.
    pub(crate) fn arm(http: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            http,
            code: code.to_owned(),
            message: message.into(),
            target: None,
            shape: Shape::Arm,
            retry_after: None,
            challenge: false,
        }
    }

    /// Refused by AKS.
    pub(crate) fn bare(http: u16, code: &str, message: impl Into<String>) -> Self {
        Self { shape: Shape::Bare, ..Self::arm(http, code, message) }
    }

    /// 400 for a value that AKS does not take, with the place.
    pub(crate) fn invalid(target: &str, message: impl Into<String>) -> Self {
        Self::bare(400, "InvalidParameter", message).at(target)
    }

    /// 400 without a place.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::bare(400, "BadRequest", message)
    }

    /// 400 for a property that never changes (text: azure-cli-extensions PR 10343).
    pub(crate) fn immutable(path: &str) -> Self {
        Self::bare(
            400,
            "PropertyChangeNotAllowed",
            format!("Changing property 'properties.{path}' is not allowed."),
        )
        .at(&format!("properties.{path}"))
    }

    /// 400 for a body that cannot be read. That an unknown field is refused and with which code is documented by users
    /// (Azure/azure-rest-api-specs issue 40740); for other types and values both are unverified.
    pub(crate) fn unreadable(violation: &Violation) -> Self {
        match violation {
            Violation::Unknown(name) => Self::bare(
                400,
                "UnmarshalError",
                format!(
                    "UnmarshalEntity encountered error: json: unknown field \"{name}\" Check that the field is in the \
                     right location, is spelled correctly, and is supported in the API version."
                ),
            ),
            Violation::Type { path, wanted, found } => Self::bare(
                400,
                "UnmarshalError",
                format!(
                    "UnmarshalEntity encountered error: json: cannot unmarshal {found} into Go struct field {path} of \
                     type {wanted}."
                ),
            ),
            Violation::Value { path, value, known } => Self::invalid(
                &format!("properties.{path}"),
                format!(
                    "The value of parameter {path} is invalid: '{value}'. Allowed values are {}.",
                    known.join(", ")
                ),
            ),
        }
    }

    /// 404 of Resource Manager for a resource whose group exists.
    pub(crate) fn resource_not_found(kind: &str, name: &str, group: &str) -> Self {
        Self::arm(
            404,
            "ResourceNotFound",
            format!(
                "The Resource 'Microsoft.ContainerService/{kind}/{name}' under resource group '{group}' was not \
                 found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
            ),
        )
    }

    /// 404 of Resource Manager for a group.
    pub(crate) fn group_not_found(group: &str) -> Self {
        Self::arm(404, "ResourceGroupNotFound", format!("Resource group '{group}' could not be found."))
    }

    /// 404 of Resource Manager for a subscription.
    pub(crate) fn subscription_not_found(subscription: &str) -> Self {
        Self::arm(
            404,
            "SubscriptionNotFound",
            format!("The subscription '{subscription}' could not be found."),
        )
    }

    /// 404 of AKS for a pool of a cluster that exists (the text is unverified).
    pub(crate) fn pool_not_found(name: &str) -> Self {
        Self::bare(404, "NotFound", format!("Could not find the agent pool '{name}' in the managed cluster."))
    }

    /// 409 because something is under way.
    pub(crate) fn busy(doing: &str) -> Self {
        Self::bare(
            409,
            "OperationNotAllowed",
            format!(
                "Operation is not allowed: {doing} is in progress, please wait for it to finish before starting a new \
                 operation. See https://aka.ms/aks-pending-operation for more details"
            ),
        )
    }

    /// 412 (the text is unverified).
    pub(crate) fn precondition(message: impl Into<String>) -> Self {
        Self::bare(412, "PreconditionFailed", message)
    }

    /// 429 of AKS (the text is unverified).
    pub(crate) fn throttled(seconds: u64) -> Self {
        let text = format!("The request is being throttled. Try again in {seconds} seconds.");
        Self { retry_after: Some(seconds), ..Self::bare(429, "Throttled", text) }
    }

    /// 429 of Resource Manager (the text is unverified).
    pub(crate) fn too_many_requests(seconds: u64) -> Self {
        let text = format!(
            "The number of requests for the subscription and the principal exceeded the limit. Please try again after \
             '{seconds}' seconds."
        );
        Self { retry_after: Some(seconds), ..Self::arm(429, "SubscriptionRequestsThrottled", text) }
    }

    /// 401 without a token, or with one that is not taken.
    pub(crate) fn unauthenticated(code: &str, message: &str) -> Self {
        Self { challenge: true, ..Self::arm(401, code, message) }
    }

    /// The property that is wrong.
    pub(crate) fn at(self, target: &str) -> Self {
        Self { target: Some(target.to_owned()), ..self }
    }

    /// The text for people.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The answer on the wire, without the headers that every answer has.
    pub(crate) fn answer(&self) -> Answer {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(target) = &self.target {
            error["target"] = json!(target);
        }
        let body = match self.shape {
            Shape::Arm => json!({"error": error}),
            Shape::Bare => {
                error["details"] = Value::Null;
                error["subcode"] = json!("");
                error
            }
        };
        let mut headers: Vec<_> =
            self.retry_after.iter().map(|seconds| ("retry-after", seconds.to_string())).collect();
        if self.challenge {
            let challenge =
                "Bearer authorization_uri=\"https://login.windows.net/\", error=\"invalid_token\"";
            headers.push(("www-authenticate", challenge.to_owned()));
        }
        // Resource Manager says which answers were not the resource provider's.
        if self.shape == Shape::Arm {
            headers.push(("x-ms-failure-cause", "gateway".to_owned()));
        }
        Answer { status: self.http, headers, body: Body::Json(body), error_type: Some(self.code.clone()) }
    }
}
