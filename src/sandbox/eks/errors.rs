//! AWS's errors, in the two shapes in which they come: JSON with the name in a header (EKS), and XML (EC2, STS, Auto
//! Scaling). Names and statuses are those of botocore's service models; texts without a source are unverified.

use serde_json::{Map, Value, json};

use super::Service;
use super::fields::Violation;
use super::xml;
use crate::sandbox::exchange::{Answer, Body};

/// A request that a service does not carry out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    http: u16,
    /// Of EKS the name of the exception, else the code.
    pub(super) code: String,
    pub(super) message: String,
    /// Members of an exception of EKS beside the message.
    about: Map<String, Value>,
    retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(http: u16, code: &str, message: impl Into<String>) -> Self {
        Self { http, code: code.to_owned(), message: message.into(), about: Map::new(), retry_after: None }
    }

    /// With what the exception is about: `clusterName`, `nodegroupName`.
    pub(super) fn about(mut self, key: &str, value: &str) -> Self {
        self.about.insert(key.to_owned(), json!(value));
        self
    }

    /// With a time to wait. AWS does not promise one; its clients obey it.
    pub(super) fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// EKS: a value that it does not take.
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameterException", message)
    }

    /// EKS: a request that does not fit to what there is.
    pub(super) fn request(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidRequestException", message)
    }

    pub(super) fn in_use(message: impl Into<String>) -> Self {
        Self::new(409, "ResourceInUseException", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "ResourceNotFoundException", message)
    }

    /// Source of the text: reports of EKS users.
    pub(super) fn no_cluster(name: &str) -> Self {
        Self::not_found(format!("No cluster found for name: {name}.")).about("clusterName", name)
    }

    /// Source of the text: reports of EKS users.
    pub(super) fn no_group(cluster: &str, name: &str) -> Self {
        Self::not_found(format!("No node group found for name: {name}."))
            .about("clusterName", cluster)
            .about("nodegroupName", name)
    }

    /// A request without a signature.
    pub(super) fn unsigned(service: Service) -> Self {
        match service {
            Service::Eks => {
                Self::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
            }
            Service::Ec2 => {
                Self::new(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
            }
            Service::Sts | Service::AutoScaling => {
                Self::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
            }
        }
    }

    /// A signature that is not what it should be.
    pub(super) fn wrongly_signed(service: Service, message: &str) -> Self {
        match service {
            Service::Eks => Self::new(403, "InvalidSignatureException", message),
            Service::Ec2 => {
                Self::new(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
            }
            Service::Sts | Service::AutoScaling => Self::new(403, "SignatureDoesNotMatch", message),
        }
    }

    /// A key of a session, without its token.
    pub(super) fn unknown_key(service: Service) -> Self {
        let message = "The security token included in the request is invalid.";
        match service {
            Service::Eks => Self::new(403, "UnrecognizedClientException", message),
            Service::Ec2 => {
                Self::new(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
            }
            Service::Sts | Service::AutoScaling => Self::new(403, "InvalidClientTokenId", message),
        }
    }

    /// Credentials whose time is over.
    pub(super) fn expired(service: Service) -> Self {
        let message = "The security token included in the request is expired";
        match service {
            Service::Eks => Self::new(403, "ExpiredTokenException", message),
            Service::Ec2 => Self::new(400, "RequestExpired", "Request has expired."),
            Service::Sts | Service::AutoScaling => Self::new(403, "ExpiredToken", message),
        }
    }

    /// A body that cannot be read.
    pub(super) fn unreadable(service: Service, violation: &Violation) -> Self {
        match (service, violation) {
            (Service::Eks, Violation::Unknown(path)) => Self::parameter(format!("Unknown parameter: {path}")),
            (Service::Eks, Violation::Missing(path)) => {
                Self::parameter(format!("The required parameter {path} is missing."))
            }
            (Service::Eks, Violation::Value(path, what)) => Self::parameter(format!("{path}: {what}")),
            (Service::Ec2, Violation::Unknown(path)) => {
                Self::new(400, "UnknownParameter", format!("The parameter {path} is not recognized"))
            }
            (Service::Ec2, Violation::Missing(path)) => {
                Self::new(400, "MissingParameter", format!("The request must contain the parameter {path}"))
            }
            (Service::Ec2, Violation::Value(path, what)) => {
                Self::new(400, "InvalidParameterValue", format!("Value for parameter {path}: {what}"))
            }
            (Service::Sts | Service::AutoScaling, Violation::Unknown(path)) => {
                Self::new(400, "ValidationError", format!("{path} is not a parameter of this action"))
            }
            (Service::Sts | Service::AutoScaling, Violation::Missing(path)) => {
                Self::new(400, "ValidationError", format!("{path} must not be null"))
            }
            (Service::Sts | Service::AutoScaling, Violation::Value(path, what)) => Self::new(
                400,
                "ValidationError",
                format!("Value at '{path}' failed to satisfy constraint: {what}"),
            ),
        }
    }

    /// The answer that carries it.
    pub(super) fn answer(self, service: Service, request_id: &str) -> Answer {
        let mut headers = Vec::new();
        if let Some(seconds) = self.retry_after {
            headers.push(("retry-after", seconds.to_string()));
        }
        let (code, message) = (xml::escaped(&self.code), xml::escaped(&self.message));
        let body = match service {
            Service::Eks => {
                headers.push(("x-amzn-errortype", self.code.clone()));
                let mut body = self.about;
                body.insert("message".to_owned(), json!(self.message));
                Body::Json(Value::Object(body))
            }
            Service::Ec2 => xml::body(&format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>{request_id}</RequestID></Response>"
            )),
            Service::Sts | Service::AutoScaling => xml::body(&format!(
                "<ErrorResponse xmlns=\"{}\"><Error><Type>Sender</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
                service.namespace()
            )),
        };
        Answer { status: self.http, headers, body, error_type: Some(self.code) }
    }
}
