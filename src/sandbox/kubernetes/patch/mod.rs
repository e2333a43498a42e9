//! Patches of objects: JSON patch, JSON merge patch, Kubernetes' strategic merge patch. Server-side apply is in
//! `managed`.

mod strategic;

use serde_json::Value;

use super::schema::Type;
use super::status::Refusal;

/// The kinds of patches, told apart by the content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatchKind {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl PatchKind {
    /// By the request's content type; `strategic` says whether the resource takes strategic merge patches, which
    /// custom resources do not.
    pub(crate) fn of(content_type: Option<&str>, strategic: bool) -> Result<Self, Refusal> {
        let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        match kind {
            "application/json-patch+json" => Ok(Self::Json),
            "application/merge-patch+json" => Ok(Self::Merge),
            "application/strategic-merge-patch+json" if strategic => Ok(Self::Strategic),
            "application/apply-patch+yaml" => Ok(Self::Apply),
            _ => {
                let rest = if strategic { ", application/strategic-merge-patch+json" } else { "" };
                Err(Refusal::unsupported_media_type(&format!(
                    "application/json-patch+json, application/merge-patch+json{rest}, application/apply-patch+yaml"
                )))
            }
        }
    }
}

/// The object after a patch that is not an apply.
pub(crate) fn patched(kind: PatchKind, schema: &Type, object: &Value, body: &[u8]) -> Result<Value, Refusal> {
    let unreadable =
        |error: serde_json::Error| Refusal::bad_request(format!("error decoding patch: {error}"));
    let mut after = object.clone();
    match kind {
        PatchKind::Json => {
            let patch: json_patch::Patch = serde_json::from_slice(body).map_err(unreadable)?;
            // The text of the library, where the real one has Go's.
            json_patch::patch(&mut after, &patch)
                .map_err(|error| Refusal::unprocessable(&error.to_string()))?;
        }
        PatchKind::Merge => {
            let patch: Value = serde_json::from_slice(body).map_err(unreadable)?;
            json_patch::merge(&mut after, &patch);
        }
        PatchKind::Strategic | PatchKind::Apply => {
            let patch: Value = serde_json::from_slice(body).map_err(unreadable)?;
            strategic::merge(schema, &mut after, patch).map_err(Refusal::bad_request)?;
        }
    }
    Ok(after)
}
