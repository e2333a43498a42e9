//! The kinds of faults: what each does, its parameters, and how they are read.
//!
//! A fault is cloud-neutral. Each cloud turns a [`Refused`] into its own errors, and carries an [`Outcome`] in the
//! operation that the call starts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::parameters::{ParameterError, Parameters};

/// How the operation that a call starts will end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// No machines can be had.
    Stockout {
        /// From then on they can; none: never.
        heal_after: Option<Duration>,
        /// The operation waits with the machines instead of failing.
        keeps_provisioning: bool,
        /// The cloud's code of the error, where it has several for this; none: its usual one.
        code: Option<String>,
        /// The code comes inside another error.
        wrapped: bool,
    },
    /// It fails when it should have ended.
    Fail {
        /// A pool that was being created stays, in error; none: as the cloud does it.
        leave_pool: Option<bool>,
        message: String,
        /// The cloud's code of the error, where errors have one.
        code: Option<String>,
    },
    /// It ends as if somebody had cancelled it.
    Cancel,
    /// It does not end; with a length, not before then.
    Hang { length: Option<Duration> },
}

/// An error answer; the call has no effect.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refused {
    Throttle {
        retry_after: Duration,
    },
    Busy,
    QuotaOperations,
    Quota {
        /// The quota's name; none: that of the cloud's usual GPU.
        resource: Option<String>,
    },
    /// The resource seems not to be there.
    NotFound {
        what: &'static str,
    },
    /// The etag does not match.
    Etag {
        /// 409 or 412, where a cloud has been seen to answer both.
        status: &'static str,
    },
    Permission,
    Unauthenticated,
    Unavailable,
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Refuse(Refused),
    Outcome(Outcome),
    /// The connection is cut instead of an answer, before or after the call has had its effect.
    Cut {
        after_effect: bool,
    },
    /// The right answer, late.
    Slow {
        delay: Duration,
    },
    /// A success that cannot be read: no JSON, a body that ends too early, or none.
    Wrong {
        body: &'static str,
        after_effect: bool,
    },
    /// Nobody answers there: the connection is closed before a word is said, or nothing is ever said on it.
    Unreachable {
        silent: bool,
    },
    /// An open watch ends after a while: as if its time were over, or in the middle of it.
    CutWatch {
        after: Duration,
        abruptly: bool,
    },
    /// The right answer without headers that tell how to go on.
    Headers {
        without: &'static [&'static str],
    },
}

/// A kind of fault: its name, its parameters with their meaning, its meaning.
pub(crate) type Kind = (&'static str, &'static [(&'static str, &'static str)], &'static str);

pub(crate) const KINDS: &[Kind] = &[
    (
        "throttle",
        &[("retry_after", "duration, default 1s; whole seconds on the wire")],
        "429 because of the request rate",
    ),
    ("busy", &[], "another operation is in the way"),
    ("quota_operations", &[], "too many operations at a time"),
    (
        "quota",
        &[(
            "resource",
            "the quota's name, by default that of an A100: NVIDIA_A100_GPUS, StandardNCADSA100v4Family",
        )],
        "not enough quota for the machines",
    ),
    (
        "not_found",
        &[(
            "what",
            "resource (default), cluster, group or subscription: what is said to be missing (the last three on AKS)",
        )],
        "404, although it is there",
    ),
    ("etag_mismatch", &[("status", "409 (default) or 412 (AKS)")], "the etag does not match"),
    ("permission", &[], "the caller may not do this"),
    ("unauthenticated", &[], "the token is refused"),
    ("unavailable", &[], "503"),
    (
        "stockout",
        &[
            ("heal_after", "duration, default never"),
            ("pool", "error (default) or provisioning: how the pool waits"),
            (
                "code",
                "AKS: AllocationFailed, ZonalAllocationFailed, SkuNotAvailable, OverconstrainedAllocationRequest or \
                 OverconstrainedZonalAllocationRequest; default the first or, with zones, the second. EKS: \
                 AsgInstanceLaunchFailures (default), InstanceLimitExceeded or InsufficientFreeAddresses",
            ),
            ("wrapped", "true or false (default): AKS: the code comes inside CreateVMSSAgentPoolFailed"),
        ],
        "no machines for the operation that the call starts",
    ),
    (
        "failed_operation",
        &[
            (
                "leave_pool",
                "true or false: a pool being created stays, in error; default true on AKS, false on GKE",
            ),
            ("message", "text"),
            ("code", "the error's code: AKS by default InternalServerError, EKS NodeCreationFailure"),
        ],
        "the operation that the call starts fails at its end",
    ),
    ("cancel_operation", &[], "the operation that the call starts ends cancelled"),
    (
        "hang_operation",
        &[("length", "duration, default without end")],
        "the operation that the call starts does not end",
    ),
    ("drop_connection", &[("effect", "before (default) or after: when the connection is cut")], "no answer"),
    ("slow_answer", &[("delay", "duration, default 10s")], "the answer comes late"),
    (
        "wrong_answer",
        &[
            ("body", "text (default), truncated or empty"),
            ("effect", "before or after (default): whether the call still works"),
        ],
        "200 with a body that is no JSON",
    ),
    (
        "unreachable",
        &[("how", "closed (default): connections end at once; or silent: nothing is ever answered on them")],
        "Kubernetes: the API server cannot be reached",
    ),
    (
        "cut_watch",
        &[
            ("after", "duration, default 1s"),
            ("how", "end (default): the stream ends in good order; or cut: the connection does not"),
        ],
        "Kubernetes: a watch ends early",
    ),
    (
        "missing_headers",
        &[("without", "polling (default), azure-asyncoperation, location or retry-after")],
        "AKS: the answer lacks headers that tell how to wait for the operation",
    ),
];

/// Codes of a lack of capacity: Azure's, then those of EKS.
const CAPACITY_CODES: &[&str] = &[
    "AllocationFailed",
    "ZonalAllocationFailed",
    "SkuNotAvailable",
    "OverconstrainedAllocationRequest",
    "OverconstrainedZonalAllocationRequest",
    "AsgInstanceLaunchFailures",
    "InstanceLimitExceeded",
    "InsufficientFreeAddresses",
];

/// What a fault of that kind does.
pub(crate) fn effect(kind: &str, params: &Parameters<'_>) -> Result<Effect, ParameterError> {
    let refuse = |refused| Ok(Effect::Refuse(refused));
    match kind {
        "throttle" => {
            let retry_after = params.duration("retry_after")?.unwrap_or(Duration::from_secs(1));
            refuse(Refused::Throttle { retry_after })
        }
        "busy" => refuse(Refused::Busy),
        "quota_operations" => refuse(Refused::QuotaOperations),
        "quota" => refuse(Refused::Quota { resource: params.text("resource")?.map(str::to_owned) }),
        "not_found" => refuse(Refused::NotFound {
            what: params.choice("what", &["resource", "cluster", "group", "subscription"])?,
        }),
        "etag_mismatch" => refuse(Refused::Etag { status: params.choice("status", &["409", "412"])? }),
        "permission" => refuse(Refused::Permission),
        "unauthenticated" => refuse(Refused::Unauthenticated),
        "unavailable" => refuse(Refused::Unavailable),
        "stockout" => Ok(Effect::Outcome(Outcome::Stockout {
            heal_after: params.duration("heal_after")?,
            keeps_provisioning: params.choice("pool", &["error", "provisioning"])? == "provisioning",
            code: params.chosen("code", CAPACITY_CODES)?.map(str::to_owned),
            wrapped: params.choice("wrapped", &["false", "true"])? == "true",
        })),
        "failed_operation" => Ok(Effect::Outcome(Outcome::Fail {
            leave_pool: params.chosen("leave_pool", &["true", "false"])?.map(|word| word == "true"),
            message: params.text("message")?.unwrap_or("Internal error.").to_owned(),
            code: params.text("code")?.map(str::to_owned),
        })),
        "cancel_operation" => Ok(Effect::Outcome(Outcome::Cancel)),
        "hang_operation" => Ok(Effect::Outcome(Outcome::Hang { length: params.duration("length")? })),
        "drop_connection" => {
            Ok(Effect::Cut { after_effect: params.choice("effect", &["before", "after"])? == "after" })
        }
        "slow_answer" => {
            Ok(Effect::Slow { delay: params.duration("delay")?.unwrap_or(Duration::from_secs(10)) })
        }
        "unreachable" => {
            Ok(Effect::Unreachable { silent: params.choice("how", &["closed", "silent"])? == "silent" })
        }
        "cut_watch" => Ok(Effect::CutWatch {
            after: params.duration("after")?.unwrap_or(Duration::from_secs(1)),
            abruptly: params.choice("how", &["end", "cut"])? == "cut",
        }),
        "missing_headers" => Ok(Effect::Headers {
            without: match params
                .choice("without", &["polling", "azure-asyncoperation", "location", "retry-after"])?
            {
                "azure-asyncoperation" => &["azure-asyncoperation"],
                "location" => &["location"],
                "retry-after" => &["retry-after"],
                _ => &["azure-asyncoperation", "location", "retry-after"],
            },
        }),
        // KINDS and this list are held together by a test.
        _ => Ok(Effect::Wrong {
            body: params.choice("body", &["text", "truncated", "empty"])?,
            after_effect: params.choice("effect", &["after", "before"])? == "after",
        }),
    }
}
