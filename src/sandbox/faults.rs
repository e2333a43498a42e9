//! Things that go wrong on request: which calls they meet, how often, and what they do.
//!
//! A fault is cloud-neutral. Each cloud turns the refusals into its own errors, and carries an [`Outcome`] in the
//! operation that the call starts.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::exchange::Call;
use super::matching::{Match, MatchError};
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
    /// The right answer without headers that tell how to go on.
    Headers {
        without: &'static [&'static str],
    },
}

/// A kind of fault: its name, its parameters with their meaning, its meaning.
type Kind = (&'static str, &'static [(&'static str, &'static str)], &'static str);

const KINDS: &[Kind] = &[
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
                 OverconstrainedZonalAllocationRequest; default the first or, with zones, the second",
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
            ("code", "AKS: the error's code, default InternalServerError"),
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
        "missing_headers",
        &[("without", "polling (default), azure-asyncoperation, location or retry-after")],
        "AKS: the answer lacks headers that tell how to wait for the operation",
    ),
];

/// Codes of a lack of capacity; the first word stands for the cloud's usual one.
const CAPACITY_CODES: &[&str] = &[
    "",
    "AllocationFailed",
    "ZonalAllocationFailed",
    "SkuNotAvailable",
    "OverconstrainedAllocationRequest",
    "OverconstrainedZonalAllocationRequest",
];

/// A fault that cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FaultError {
    /// Not an object, or a field that a fault does not have.
    #[error("a fault is an object with kind, match, times, after and params: {0}")]
    Shape(String),
    /// Not one of the kinds.
    #[error("{given:?} is no kind of fault; the kinds are {known}")]
    Kind { given: String, known: String },
    /// In `match`.
    #[error(transparent)]
    Match(#[from] MatchError),
    /// In `params`.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// No such fault to remove.
    #[error("there is no fault {0:?}; GET /sandbox/faults lists them")]
    Unknown(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    kind: String,
    #[serde(rename = "match", default)]
    matching: Map<String, Value>,
    #[serde(default = "once")]
    times: u64,
    #[serde(default)]
    after: u64,
    #[serde(default)]
    params: Map<String, Value>,
}

fn once() -> u64 {
    1
}

#[derive(Debug)]
struct Active {
    id: String,
    kind: &'static str,
    matching: Match,
    params: Map<String, Value>,
    effect: Effect,
    /// Calls still to let pass.
    after: u64,
    /// Calls still to meet.
    times: u64,
}

/// The faults that are set.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Vec<Active>,
    made: u64,
}

impl Faults {
    /// Sets a fault from its JSON form and returns its id.
    pub(crate) fn add(&mut self, fault: &Value) -> Result<String, FaultError> {
        let wanted: Wanted =
            Wanted::deserialize(fault).map_err(|error| FaultError::Shape(error.to_string()))?;
        let Some((kind, names, _)) = KINDS.iter().find(|(kind, ..)| *kind == wanted.kind) else {
            let known: Vec<_> = KINDS.iter().map(|(kind, ..)| *kind).collect();
            return Err(FaultError::Kind { given: wanted.kind, known: known.join(", ") });
        };
        let names: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        let params = Parameters::of(kind, &wanted.params, &names)?;
        let effect = effect(kind, &params)?;
        let matching = Match::read(&wanted.matching)?;
        self.made += 1;
        let id = format!("f{}", self.made);
        let (after, times) = (wanted.after, wanted.times);
        let params = wanted.params;
        self.active.push(Active { id: id.clone(), kind, matching, params, effect, after, times });
        Ok(id)
    }

    /// Sets a fault from its command line form, `kind:key=value,…`. The keys of a match, `times` and `after` go where
    /// they belong, all others are parameters.
    pub(crate) fn add_spec(&mut self, spec: &str) -> Result<String, FaultError> {
        let (kind, rest) = spec.split_once(':').unwrap_or((spec, ""));
        let (mut matching, mut params) = (Map::new(), Map::new());
        let mut fault = json!({"kind": kind});
        for pair in rest.split(',').filter(|pair| !pair.is_empty()) {
            let Some((key, value)) = pair.split_once('=') else {
                return Err(FaultError::Shape(format!("{pair:?} is not key=value")));
            };
            match key {
                "cloud" | "method" | "path" => {
                    matching.insert(key.to_owned(), json!(value));
                }
                "times" | "after" => {
                    let count: u64 = value
                        .parse()
                        .map_err(|_| FaultError::Shape(format!("{key} is a whole number, not {value:?}")))?;
                    fault[key] = json!(count);
                }
                _ => {
                    params.insert(key.to_owned(), json!(value));
                }
            }
        }
        fault["match"] = Value::Object(matching);
        fault["params"] = Value::Object(params);
        self.add(&fault)
    }

    /// Takes a fault away.
    pub(crate) fn remove(&mut self, id: &str) -> Result<(), FaultError> {
        let before = self.active.len();
        self.active.retain(|fault| fault.id != id);
        if self.active.len() == before { Err(FaultError::Unknown(id.to_owned())) } else { Ok(()) }
    }

    /// All kinds, and what is set with what is left of it.
    pub(crate) fn view(&self) -> Value {
        let kinds: Vec<_> = KINDS
            .iter()
            .map(|(kind, params, meaning)| {
                let params: Map<_, _> =
                    params.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
                json!({"kind": kind, "params": params, "meaning": meaning})
            })
            .collect();
        let active: Vec<_> = self
            .active
            .iter()
            .map(|fault| {
                json!({"id": fault.id, "kind": fault.kind, "match": fault.matching.view(), "times": fault.times,
                    "after": fault.after, "params": fault.params})
            })
            .collect();
        let shape = json!({"kind": "one of kinds", "match": {"cloud": "gke", "method": "POST", "path": "a part of it"},
            "times": "calls to meet, default 1", "after": "calls to let pass before, default 0", "params": {}});
        json!({"shape": shape, "kinds": kinds, "active": active})
    }

    /// What befalls this call itself, counted as met.
    pub(crate) fn meet(&mut self, cloud: &str, call: &Call) -> Option<(&'static str, Effect)> {
        self.take(cloud, call, |effect| !matches!(effect, Effect::Outcome(_)))
    }

    /// What befalls the operation that this call starts, counted as met. Asked only when one starts.
    pub(crate) fn outcome(&mut self, cloud: &str, call: &Call) -> Option<(&'static str, Outcome)> {
        let (kind, effect) = self.take(cloud, call, |effect| matches!(effect, Effect::Outcome(_)))?;
        match effect {
            Effect::Outcome(outcome) => Some((kind, outcome)),
            _ => None,
        }
    }

    /// The first fault of the wanted sort whose turn it is. Those that let this call pass count it.
    fn take(
        &mut self,
        cloud: &str,
        call: &Call,
        wanted: impl Fn(&Effect) -> bool,
    ) -> Option<(&'static str, Effect)> {
        let mut met = None;
        for fault in self.active.iter_mut().filter(|fault| wanted(&fault.effect)) {
            if !fault.matching.matches(cloud, &call.method, &call.path) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
            } else if fault.times > 0 {
                fault.times -= 1;
                met = Some((fault.kind, fault.effect.clone()));
                break;
            }
        }
        met
    }
}

fn effect(kind: &str, params: &Parameters<'_>) -> Result<Effect, FaultError> {
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
            code: Some(params.choice("code", CAPACITY_CODES)?)
                .filter(|code| !code.is_empty())
                .map(str::to_owned),
            wrapped: params.choice("wrapped", &["false", "true"])? == "true",
        })),
        "failed_operation" => Ok(Effect::Outcome(Outcome::Fail {
            leave_pool: match params.choice("leave_pool", &["", "false", "true"])? {
                "" => None,
                word => Some(word == "true"),
            },
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

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str) -> Call {
        Call {
            method: method.to_owned(),
            target: path.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: http::HeaderMap::new(),
            body: Vec::new(),
        }
    }

    #[test]
    fn a_fault_meets_the_calls_it_matches_after_some_and_so_often() {
        let mut faults = Faults::default();
        let fault = json!({"kind": "throttle", "match": {"cloud": "gke", "method": "POST", "path": "/nodePools"},
            "times": 2, "after": 1, "params": {"retry_after": "2s"}});
        assert_eq!(faults.add(&fault), Ok("f1".to_owned()));
        let post = call("POST", "/v1/x/nodePools");
        assert_eq!(faults.meet("gke", &call("GET", "/v1/x/nodePools")), None);
        assert_eq!(faults.meet("aks", &post), None);
        let met: Vec<_> = (0..4).map(|_| faults.meet("gke", &post).map(|(kind, _)| kind)).collect();
        assert_eq!(met, [None, Some("throttle"), Some("throttle"), None]);
        assert_eq!(faults.view()["active"][0]["times"], 0);
        assert_eq!(faults.remove("f1"), Ok(()));
        assert!(faults.remove("f1").unwrap_err().to_string().contains("no fault \"f1\""));
    }

    #[test]
    fn the_command_line_says_the_same_as_json() {
        let mut faults = Faults::default();
        faults
            .add_spec("stockout:method=POST,path=nodePools,times=3,after=1,heal_after=5s,pool=provisioning")
            .unwrap();
        let shown = &faults.view()["active"][0];
        let same = json!({"id": "f1", "kind": "stockout", "match": {"method": "POST", "path": "nodePools"}, "times": 3,
            "after": 1, "params": {"heal_after": "5s", "pool": "provisioning"}});
        assert_eq!(*shown, same);
        let outcome = Outcome::Stockout {
            heal_after: Some(Duration::from_secs(5)),
            keeps_provisioning: true,
            code: None,
            wrapped: false,
        };
        let post = call("POST", "/v1/nodePools");
        assert_eq!(faults.meet("gke", &post), None, "an outcome waits for an operation");
        assert_eq!(faults.outcome("gke", &post), None, "the first passes");
        assert_eq!(faults.outcome("gke", &post), Some(("stockout", outcome)));
    }

    #[test]
    fn mistakes_are_answered_with_the_choices() {
        let mut faults = Faults::default();
        for (fault, part) in [
            (json!({"kind": "earthquake"}), "the kinds are throttle, busy"),
            (json!({"kind": "busy", "matches": {}}), "unknown field `matches`"),
            (json!({"kind": "busy", "match": {"verb": "GET"}}), "cloud, method, path"),
            (json!({"kind": "busy", "params": {"x": 1}}), "busy takes no params"),
            (json!({"kind": "throttle", "params": {"retry_after": "2"}}), "is not a duration"),
            (json!({"kind": "stockout", "params": {"pool": "gone"}}), "error, provisioning"),
            (json!([]), "a fault is an object"),
        ] {
            let message = faults.add(&fault).unwrap_err().to_string();
            assert!(message.contains(part), "{fault}: {message}");
        }
        assert!(faults.add_spec("busy:times=x").unwrap_err().to_string().contains("whole number"));
        assert!(faults.add_spec("busy:times").unwrap_err().to_string().contains("key=value"));
    }

    #[test]
    fn every_kind_is_built() {
        for (kind, params, _) in KINDS {
            let mut faults = Faults::default();
            faults.add(&json!({"kind": kind})).unwrap();
            let wrong = matches!(faults.active[0].effect, Effect::Wrong { .. });
            assert_eq!(wrong, *kind == "wrong_answer", "{kind} {params:?}");
        }
    }
}
