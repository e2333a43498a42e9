//! What AKS refuses about GPUs. Codes and texts are unverified: none is published.

use serde_json::Value;

use super::errors::Refusal;
use super::hardware::{self, Size};
use super::model::strings;
use super::rules::Checked;

/// The rules on `gpuInstanceProfile` and `gpuProfile`.
pub(crate) fn check(spec: &Value, size: &Size) -> Checked {
    let nvidia = &spec["gpuProfile"]["nvidia"];
    let uniform = spec["gpuInstanceProfile"].as_str();
    let layout = strings(&nvidia["migProfiles"]);
    let strategy = nvidia["migStrategy"].as_str().unwrap_or("None");
    let managed = nvidia["managementMode"] == "Managed";
    let Some(gpu) = size.gpu else {
        let given = uniform.is_some() || !nvidia.is_null() || spec["gpuProfile"]["driver"] == "Install";
        return if given { refuse(format!("VM size {} has no GPU.", size.name)) } else { Ok(()) };
    };
    if uniform.is_some() && !layout.is_empty() {
        return refuse("gpuInstanceProfile and migProfiles cannot be set together.".to_owned());
    }
    if (uniform.is_some() || !layout.is_empty()) && gpu.memory.is_none() {
        let named = uniform.unwrap_or("migProfiles");
        return refuse(format!("GPU instance profile {named} is not supported by VM size {}.", size.name));
    }
    if !managed && (strategy != "None" || !layout.is_empty() || nvidia["driverMode"] == "DRA") {
        return refuse("migStrategy, migProfiles and driverMode need managementMode Managed.".to_owned());
    }
    match (strategy, layout.len()) {
        ("None", 1..) => refuse("migProfiles need migStrategy Single or Mixed.".to_owned()),
        ("Single", 2..) => refuse("migStrategy Single takes exactly one of migProfiles.".to_owned()),
        ("Mixed", 1..) if !hardware::fit(&layout) => {
            refuse(format!("migProfiles {} do not fit on one GPU of {}.", layout.join(", "), size.name))
        }
        ("Single" | "Mixed", 0) if uniform.is_none() => {
            refuse(format!("migStrategy {strategy} needs a profile: migProfiles or gpuInstanceProfile."))
        }
        _ => Ok(()),
    }
}

fn refuse(message: String) -> Checked {
    Err(Refusal::bad_request(message).at("agentPoolProfile.gpuProfile"))
}
