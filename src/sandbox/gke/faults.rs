//! Faults in Google's words.

use super::errors::Refusal;
use crate::sandbox::context::Context;
use crate::sandbox::exchange::{Answer, Call};
use crate::sandbox::fault_kinds::Refused;

/// The error that a fault answers a call with.
pub(crate) fn refuse(context: &mut Context<'_>, call: &Call, refused: &Refused) -> Answer {
    let resource = call.path.trim_start_matches("/v1/").split(':').next().unwrap_or_default();
    let cluster = resource.split('/').nth(5).unwrap_or_default();
    let refusal = match refused {
        Refused::Throttle { retry_after } => Refusal::throttled(whole_seconds(*retry_after)),
        Refused::Busy => Refusal::precondition(format!(
            "Operation operation-{}-{} is currently upgrading cluster {cluster}. Please wait and try again once \
                 it is done.",
            context.now,
            context.random.hex(8)
        )),
        Refused::QuotaOperations => Refusal::too_many_operations(cluster),
        // Google answers a lack of quota with 403 (source: kubeflow #842, kiosk-console #367).
        Refused::Quota { resource: name } => Refusal::forbidden(format!(
            "Insufficient regional quota to satisfy request: resource \"{}\": request requires '1.0' and \
                 is short '1.0'. project has a quota of '0.0' with '0.0' available.",
            name.as_deref().unwrap_or("NVIDIA_A100_GPUS")
        )),
        Refused::NotFound { .. } => Refusal::not_found(resource),
        Refused::Etag { .. } => {
            Refusal::aborted(format!("The etag does not match the current etag of \"{resource}\"."))
        }
        Refused::Permission => {
            Refusal::forbidden(format!("Permission denied on resource \"{resource}\" (or it may not exist)."))
        }
        Refused::Unauthenticated => Refusal::unauthenticated(),
        Refused::Unavailable => Refusal::unavailable(),
    };
    refusal.answer(context.random)
}

/// Retry-After counts in whole seconds.
fn whole_seconds(duration: std::time::Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
