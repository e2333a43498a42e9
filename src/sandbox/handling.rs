//! From a call to its reply: time, other actors, faults, the cloud, the state file, the record.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::actors::Actors;
use super::clock::{self, Millis};
use super::clouds::Cloud;
use super::context::Context;
use super::exchange::{Answer, Body, Call};
use super::fault_kinds::Effect;
use super::faults::Faults;
use super::record::Recorder;
use super::state::{StateError, World};

/// What travels back on the connection.
#[derive(Debug, PartialEq)]
pub(crate) enum Reply {
    Answer(Answer),
    /// The headers promise more than comes; then the connection is cut.
    Truncated(Answer),
    /// The connection is cut without a byte.
    Cut,
}

/// What changes while the sandbox runs.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) world: World,
    pub(crate) faults: Faults,
    pub(crate) actors: Actors,
    /// The state file is behind.
    pub(crate) unsaved: bool,
}

/// A running sandbox.
#[derive(Debug)]
pub(crate) struct Sandbox {
    /// How long an operation takes.
    pub(crate) latency: Millis,
    /// How long each answer of a cloud takes.
    pub(crate) answer_delay: Duration,
    pub(crate) seed: u64,
    pub(crate) state: Option<PathBuf>,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) inner: Mutex<Inner>,
}

impl Sandbox {
    /// The world, brought up to the present.
    pub(crate) fn present(&self) -> (MutexGuard<'_, Inner>, Millis) {
        // Nothing is left half done when a handler panics: every step is whole before the next.
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        let World { clouds, random, .. } = &mut inner.world;
        let moved = clouds.advance(now, self.latency, random);
        inner.unsaved |= moved;
        (inner, now)
    }

    /// Writes the state file, where there is one and it is behind.
    pub(crate) fn save(&self, inner: &mut Inner) -> Result<(), StateError> {
        if let Some(path) = self.state.as_ref().filter(|_| inner.unsaved) {
            inner.world.save(path)?;
        }
        inner.unsaved = false;
        Ok(())
    }

    /// Carries out a call to a cloud.
    pub(crate) async fn handle(&self, cloud: Cloud, call: Call) -> Reply {
        let (reply, delay, fault) = self.decide(cloud, &call);
        tokio::time::sleep(delay).await;
        let answer = match &reply {
            Reply::Answer(answer) | Reply::Truncated(answer) => Some(answer),
            Reply::Cut => None,
        };
        if let Some(recorder) = &self.recorder
            && let Err(error) = recorder.write(&call, answer, fault)
        {
            return broken(&format!("the record file cannot be written: {error}"));
        }
        reply
    }

    fn decide(&self, cloud: Cloud, call: &Call) -> (Reply, Duration, Option<&'static str>) {
        let (mut guard, now) = self.present();
        let inner = &mut *guard;
        let before = inner.actors.take(cloud.name(), call);
        let (latency, delay) = (self.latency, self.answer_delay);
        let World { clouds, random, .. } = &mut inner.world;
        let faults = &mut inner.faults;
        for act in before {
            let mut context = Context { now, latency, random, faults, call: None, applied: None };
            if let Err(error) = clouds.act(&mut context, &act) {
                inner.actors.fail(&error);
            }
        }
        let met = faults.meet(cloud.name(), call);
        let mut context = Context { now, latency, random, faults, call: Some(call), applied: None };
        let (kind, effect) = met.map_or((None, None), |(kind, effect)| (Some(kind), Some(effect)));
        let (reply, delay) = match effect {
            Some(Effect::Refuse(refused)) => {
                (Reply::Answer(clouds.refuse(cloud, &mut context, call, &refused)), delay)
            }
            Some(Effect::Cut { after_effect: false }) => (Reply::Cut, delay),
            Some(Effect::Cut { after_effect: true }) => {
                clouds.answer(cloud, &mut context, call);
                (Reply::Cut, delay)
            }
            Some(Effect::Slow { delay: more }) => {
                (Reply::Answer(clouds.answer(cloud, &mut context, call)), delay + more)
            }
            Some(Effect::Headers { without }) => {
                let mut answer = clouds.answer(cloud, &mut context, call);
                answer.headers.retain(|(name, _)| !without.contains(name));
                (Reply::Answer(answer), delay)
            }
            Some(Effect::Wrong { body, after_effect }) => {
                let answer = if after_effect {
                    clouds.answer(cloud, &mut context, call)
                } else {
                    Answer::ok(Value::Null)
                };
                (wrong(answer, body), delay)
            }
            Some(Effect::Outcome(_)) | None => {
                (Reply::Answer(clouds.answer(cloud, &mut context, call)), delay)
            }
        };
        let fault = context.applied.or(kind);
        inner.unsaved |= call.method != "GET";
        if let Err(error) = self.save(inner) {
            return (broken(&error.to_string()), Duration::ZERO, fault);
        }
        (reply, delay, fault)
    }
}

/// A success that cannot be read.
fn wrong(answer: Answer, how: &str) -> Reply {
    let body = match how {
        "truncated" => return Reply::Truncated(answer),
        "empty" => Body::Empty,
        _ => Body::Text("text/html", "<html><body>It works!</body></html>".to_owned()),
    };
    Reply::Answer(Answer { status: 200, headers: Vec::new(), body, error_type: None })
}

/// The sandbox itself is in trouble, and says so instead of pretending to be a cloud.
fn broken(reason: &str) -> Reply {
    let text = format!("gpuslice-sandbox: {reason}\n");
    Reply::Answer(Answer {
        status: 500,
        headers: Vec::new(),
        body: Body::Text("text/plain", text),
        error_type: Some("sandbox".to_owned()),
    })
}
