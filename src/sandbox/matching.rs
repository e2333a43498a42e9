//! Which calls a fault or an actor waits for.

use serde_json::{Map, Value, json};

use super::clouds::Cloud;

/// A `match` that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MatchError {
    /// A field that there is not.
    #[error("match has no field {0:?}; its fields are cloud, method, path, all of them texts")]
    Field(String),
    /// A cloud that the sandbox does not have.
    #[error("match.cloud: {0}")]
    Cloud(String),
}

/// Conditions on a call; what is not given matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Match {
    cloud: Option<String>,
    /// Upper case.
    method: Option<String>,
    /// A part of the path.
    path: Option<String>,
}

impl Match {
    pub(crate) fn read(fields: &Map<String, Value>) -> Result<Self, MatchError> {
        let mut read = Self::default();
        for (name, value) in fields {
            let Some(text) = value.as_str() else { return Err(MatchError::Field(name.clone())) };
            match name.as_str() {
                "cloud" => {
                    read.cloud = Some(Cloud::named(text).map_err(MatchError::Cloud)?.name().to_owned());
                }
                "method" => read.method = Some(text.to_ascii_uppercase()),
                "path" => read.path = Some(text.to_owned()),
                _ => return Err(MatchError::Field(name.clone())),
            }
        }
        Ok(read)
    }

    pub(crate) fn matches(&self, cloud: &str, method: &str, path: &str) -> bool {
        self.cloud.as_ref().is_none_or(|wanted| wanted == cloud)
            && self.method.as_ref().is_none_or(|wanted| wanted == method)
            && self.path.as_ref().is_none_or(|part| path.contains(part.as_str()))
    }

    pub(crate) fn view(&self) -> Value {
        let fields = [("cloud", &self.cloud), ("method", &self.method), ("path", &self.path)];
        let given =
            fields.iter().filter_map(|(name, value)| Some(((*name).to_owned(), json!(value.as_ref()?))));
        Value::Object(given.collect())
    }
}
