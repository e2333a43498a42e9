//! Things that go wrong on request: which calls they meet, and how often. What they do is in `fault_kinds`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::exchange::Call;
use super::fault_kinds::{self, Effect, KINDS, Outcome, Refused};
use super::matching::{Asked, Match, MatchError};
use super::parameters::{ParameterError, Parameters};

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
        let effect = fault_kinds::effect(kind, &params)?;
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
                "cloud" | "method" | "path" | "cluster" | "verb" | "resource" | "namespace" => {
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

    /// What befalls this call to a cloud, counted as met.
    pub(crate) fn meet(&mut self, cloud: &str, call: &Call) -> Option<(&'static str, Effect)> {
        self.take(&Asked::of(cloud, call), |effect| {
            !matches!(effect, Effect::Outcome(_) | Effect::Unreachable { .. } | Effect::CutWatch { .. })
        })
    }

    /// What befalls this call to an API server, counted as met. `exempt` calls may not be forbidden.
    pub(crate) fn meet_kubernetes(
        &mut self,
        asked: &Asked<'_>,
        exempt: bool,
    ) -> Option<(&'static str, Effect)> {
        self.take(asked, |effect| match effect {
            Effect::Outcome(_) | Effect::CutWatch { .. } => false,
            Effect::Refuse(Refused::Permission) => !exempt,
            _ => true,
        })
    }

    /// Whether nobody answers at a cluster's API server, and how; counted as met.
    pub(crate) fn unreachable(&mut self, asked: &Asked<'_>) -> Option<bool> {
        match self.take(asked, |effect| matches!(effect, Effect::Unreachable { .. }))?.1 {
            Effect::Unreachable { silent } => Some(silent),
            _ => None,
        }
    }

    /// How this watch is to end early, counted as met.
    pub(crate) fn cut_watch(&mut self, asked: &Asked<'_>) -> Option<(&'static str, Duration, bool)> {
        match self.take(asked, |effect| matches!(effect, Effect::CutWatch { .. }))? {
            (kind, Effect::CutWatch { after, abruptly }) => Some((kind, after, abruptly)),
            _ => None,
        }
    }

    /// Whether a fault would forbid this call. Nothing is counted.
    pub(crate) fn forbids(&self, asked: &Asked<'_>) -> bool {
        let forbidden = Effect::Refuse(Refused::Permission);
        let mut active = self.active.iter().filter(|fault| fault.after == 0 && fault.times > 0);
        active.any(|fault| fault.effect == forbidden && fault.matching.matches(asked))
    }

    /// What befalls the operation that this call starts, counted as met. Asked only when one starts.
    pub(crate) fn outcome(&mut self, cloud: &str, call: &Call) -> Option<(&'static str, Outcome)> {
        let asked = Asked::of(cloud, call);
        let (kind, effect) = self.take(&asked, |effect| matches!(effect, Effect::Outcome(_)))?;
        match effect {
            Effect::Outcome(outcome) => Some((kind, outcome)),
            _ => None,
        }
    }

    /// The first fault of the wanted sort whose turn it is. Those that let this call pass count it.
    fn take(
        &mut self,
        asked: &Asked<'_>,
        wanted: impl Fn(&Effect) -> bool,
    ) -> Option<(&'static str, Effect)> {
        let mut met = None;
        for fault in self.active.iter_mut().filter(|fault| wanted(&fault.effect)) {
            if !fault.matching.matches(asked) {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
            (json!({"kind": "busy", "match": {"host": "x"}}), "cloud, method, path"),
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
