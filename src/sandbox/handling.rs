//! From a call to its reply: time, other actors, faults, the cloud, the state file, the record.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::actors::{ActorError, Actors};
use super::clock::{self, Millis};
use super::clouds::{Act, Cloud};
use super::context::Context;
use super::exchange::{Answer, Body, Call};
use super::fault_kinds::Effect;
use super::faults::Faults;
use super::kubernetes::{Directory, Doors, Scene, Watch};
use super::matching::Asked;
use super::record::Recorder;
use super::state::{StateError, World};

/// What travels back on the connection.
#[derive(Debug)]
pub(crate) enum Reply {
    Answer(Answer),
    /// The headers promise more than comes; then the connection is cut.
    Truncated(Answer),
    /// The connection is cut without a byte.
    Cut,
    /// An answer that goes on as long as the watch lasts.
    Watch(Box<Watch>),
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
    /// The ports of the clusters' API servers.
    pub(crate) doors: Doors,
    pub(crate) inner: Mutex<Inner>,
}

impl Sandbox {
    /// The world, brought up to the present.
    pub(crate) fn present(&self) -> (MutexGuard<'_, Inner>, Millis) {
        // Nothing is left half done when a handler panics: every step is whole before the next.
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        let World { clouds, random, kubernetes, .. } = &mut inner.world;
        clouds.notice(&kubernetes.occupied());
        let mut moved = clouds.advance(now, self.latency, random);
        for uid in kubernetes.take_reboots() {
            clouds.reboot(&uid, now, self.latency / 4, random.uuid());
            moved = true;
        }
        for cluster in clouds.draining() {
            // Its pods have to go, whether anybody looks at it or not.
            if let Some(view) = clouds.view(&cluster) {
                moved |= kubernetes.glance(&mut Scene { now, latency: self.latency, random }, &view).1;
            }
        }
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

    /// Lets others act whose call has come; those who cannot are remembered.
    pub(crate) fn let_act(&self, inner: &mut Inner, now: Millis, acts: &[Act]) {
        for act in acts {
            if let Err(error) = self.act(inner, now, act) {
                inner.actors.fail(&error);
            }
        }
    }

    /// Lets somebody else act.
    pub(crate) fn act(&self, inner: &mut Inner, now: Millis, act: &Act) -> Result<(), ActorError> {
        let World { clouds, random, kubernetes, .. } = &mut inner.world;
        let (latency, faults) = (self.latency, &mut inner.faults);
        let mut context =
            Context { now, latency, random, faults, call: None, directory: None, applied: None };
        inner.unsaved = true;
        match act {
            Act::Gke(act) => clouds.act_gke(&mut context, act),
            Act::Aks(act) => clouds.act_aks(&mut context, act),
            Act::Eks(act) => clouds.act_eks(&mut context, act),
            Act::Kubernetes(cluster, act) => {
                let view = clouds.view(cluster).ok_or_else(|| {
                    ActorError::Impossible(format!(
                        "there is no cluster {cluster:?} that runs; GET /sandbox/clusters"
                    ))
                })?;
                let mut scene = Scene { now, latency, random: context.random };
                kubernetes.present(&mut scene, &view).0.act(&mut scene, act)
            }
        }
    }

    /// Carries out a call to a cloud.
    pub(crate) async fn handle(&self, cloud: Cloud, call: Call) -> Reply {
        let (reply, delay, fault) = self.decide(cloud, &call);
        tokio::time::sleep(delay).await;
        let answer = match &reply {
            Reply::Answer(answer) | Reply::Truncated(answer) => Some(answer),
            Reply::Cut | Reply::Watch(_) => None,
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
        let before = inner.actors.take(&Asked::of(cloud.name(), call));
        self.let_act(inner, now, &before);
        let (latency, delay) = (self.latency, self.answer_delay);
        let World { clouds, random, authority, .. } = &mut inner.world;
        let directory = Some(Directory { doors: &self.doors, authority });
        let faults = &mut inner.faults;
        let met = faults.meet(cloud.name(), call);
        let mut context =
            Context { now, latency, random, faults, call: Some(call), directory, applied: None };
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
            // The last two are for API servers.
            Some(Effect::Outcome(_) | Effect::Unreachable { .. } | Effect::CutWatch { .. }) | None => {
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
pub(crate) fn wrong(answer: Answer, how: &str) -> Reply {
    let body = match how {
        "truncated" => return Reply::Truncated(answer),
        "empty" => Body::Empty,
        _ => Body::Text("text/html", "<html><body>It works!</body></html>".to_owned()),
    };
    Reply::Answer(Answer { status: 200, headers: Vec::new(), body, error_type: None })
}

/// The sandbox itself is in trouble, and says so instead of pretending to be a cloud.
pub(crate) fn broken(reason: &str) -> Reply {
    let text = format!("gpuslice-sandbox: {reason}\n");
    Reply::Answer(Answer {
        status: 500,
        headers: Vec::new(),
        body: Body::Text("text/plain", text),
        error_type: Some("sandbox".to_owned()),
    })
}
