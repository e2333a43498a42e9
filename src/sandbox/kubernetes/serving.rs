//! Calls and watches of clusters on the wire: time, faults, and the record, as for every cloud.

use std::time::Duration;

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::access::{self, User};
use super::api::{Asking, Outcome};
use super::cluster::{Scene, View};
use super::request::{Path, Place};
use super::schema;
use super::status::{About, Refusal};
use super::watch::{Step, Watch};
use crate::sandbox::clock::{self, Millis};
use crate::sandbox::exchange::{Answer, Call};
use crate::sandbox::fault_kinds::{Effect, Refused};
use crate::sandbox::handling::{Inner, Reply, Sandbox, broken, wrong};
use crate::sandbox::state::World;

/// Where a cluster's calls come from.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// The cluster's id.
    pub(crate) cluster: String,
    /// `https://127.0.0.1:8643`, for the record.
    pub(crate) root: String,
    /// Whom a client certificate names.
    pub(crate) user: Option<User>,
}

impl Sandbox {
    /// Carries out a call to a cluster's API server.
    pub(crate) async fn handle_kubernetes(&self, visitor: &Visitor, call: Call) -> Reply {
        let call = readable(call);
        let (reply, delay, fault) = self.decide_kubernetes(visitor, &call);
        tokio::time::sleep(delay).await;
        let answer = match &reply {
            Reply::Answer(answer) | Reply::Truncated(answer) => Some(answer.clone()),
            Reply::Watch(_) => Some(Answer::ok(Value::Null)),
            Reply::Cut => None,
        };
        if let Some(recorder) = &self.recorder
            && let Err(error) = recorder.write_from(&visitor.root, &call, answer.as_ref(), fault)
        {
            return broken(&format!("the record file cannot be written: {error}"));
        }
        reply
    }

    fn decide_kubernetes(&self, visitor: &Visitor, call: &Call) -> (Reply, Duration, Option<&'static str>) {
        let path = Path::read(&call.path);
        let (verb, place) = match &path {
            Path::Resource(place) => (place.verb(call), Some(place)),
            _ => ("get", None),
        };
        let (mut guard, now) = self.present();
        let inner = &mut *guard;
        let asked = access::asked(&visitor.cluster, &call.method, &call.path, place, verb);
        let before = inner.actors.take(&asked);
        self.let_act(inner, now, &before);
        let exempt = access::is_review(&path);
        let met = inner.faults.meet_kubernetes(&asked, exempt);
        let (kind, effect) = met.map_or((None, None), |(kind, effect)| (Some(kind), Some(effect)));
        let cut = (verb == "watch").then(|| inner.faults.cut_watch(&asked)).flatten();
        let delay = self.answer_delay;
        let carry_out = |inner: &mut Inner| self.kubernetes(inner, now, visitor, call, &path);
        let (reply, delay) = match effect {
            Some(Effect::Refuse(refused)) => {
                let view = inner.world.clouds.view(&visitor.cluster);
                let refuse = |view| Reply::Answer(Self::refuse(visitor, &view, call, &path, &refused));
                (view.map_or(Reply::Cut, refuse), delay)
            }
            Some(Effect::Cut { after_effect: false } | Effect::Unreachable { silent: false }) => {
                (Reply::Cut, delay)
            }
            // Longer than any client waits.
            Some(Effect::Unreachable { silent: true }) => (Reply::Cut, Duration::from_secs(24 * 3600)),
            Some(Effect::Cut { after_effect: true }) => {
                carry_out(inner);
                (Reply::Cut, delay)
            }
            Some(Effect::Slow { delay: more }) => (carry_out(inner), delay + more),
            Some(Effect::Wrong { body, after_effect }) => {
                let answer = match after_effect.then(|| carry_out(inner)) {
                    Some(Reply::Answer(answer)) => answer,
                    _ => Answer::ok(Value::Null),
                };
                (wrong(answer, body), delay)
            }
            // The first two are for clouds, the third for the watch that follows.
            Some(Effect::Outcome(_) | Effect::Headers { .. } | Effect::CutWatch { .. }) | None => {
                (carry_out(inner), delay)
            }
        };
        let reply = match (reply, cut) {
            (Reply::Watch(mut watch), Some((_, after, abruptly))) => {
                watch.cut = Some((now.saturating_add(clock::millis(after)), abruptly));
                Reply::Watch(watch)
            }
            (reply, _) => reply,
        };
        inner.unsaved |= call.method != "GET";
        if let Err(error) = self.save(inner) {
            return (broken(&error.to_string()), Duration::ZERO, kind);
        }
        (reply, delay, kind.or(cut.map(|(kind, ..)| kind)))
    }

    /// The cluster's own answer.
    fn kubernetes(
        &self,
        inner: &mut Inner,
        now: Millis,
        visitor: &Visitor,
        call: &Call,
        path: &Path,
    ) -> Reply {
        let faults = &inner.faults;
        let World { clouds, random, kubernetes, .. } = &mut inner.world;
        // A cluster that is gone or stopped has no API server.
        let Some(view) = clouds.view(&visitor.cluster) else { return Reply::Cut };
        let mut scene = Scene { now, latency: self.latency, random };
        let (cluster, changed) = kubernetes.present(&mut scene, &view);
        inner.unsaved |= changed;
        let user = match access::authenticate(&view, call, visitor.user.as_ref(), now) {
            Ok(user) => user,
            Err(refusal) => return Reply::Answer(refusal.answer()),
        };
        if let Path::Resource(place) = path
            && !access::is_review(path)
            && !user.rights.allow(place.verb(call), place)
        {
            return Reply::Answer(access::forbidden(view.cloud, &user, place, place.verb(call)).answer());
        }
        let asking = Asking { cluster: &visitor.cluster, call, path, user: &user };
        let outcome = cluster.answer(&mut scene, &asking, faults);
        // What the call set going begins now, and not when somebody looks next.
        cluster.settle(&mut scene, &view);
        match outcome {
            Outcome::Answer(answer) => Reply::Answer(answer),
            Outcome::Watch(watch) => Reply::Watch(watch),
        }
    }

    /// The error that a fault answers a call with, in Kubernetes' words.
    fn refuse(visitor: &Visitor, view: &View<'_>, call: &Call, path: &Path, refused: &Refused) -> Answer {
        let nowhere = Place::default();
        let place = match path {
            Path::Resource(place) => place,
            _ => &nowhere,
        };
        let about = About {
            plural: &place.plural,
            group: &place.group,
            name: place.name.as_deref().unwrap_or_default(),
        };
        let refusal = match refused {
            Refused::Throttle { retry_after } => {
                let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
                Refusal::too_many_requests(seconds)
            }
            Refused::QuotaOperations => Refusal::too_many_requests(1),
            Refused::Busy | Refused::Etag { .. } => Refusal::modified(&about),
            Refused::Quota { resource } => {
                let resource = resource.as_deref().unwrap_or("count/configmaps");
                Refusal::forbidden(&about, &format!("exceeded quota: sandbox, requested: {resource}=1"))
            }
            Refused::NotFound { .. } => Refusal::not_found(&about),
            Refused::Permission => {
                match access::authenticate(view, call, visitor.user.as_ref(), clock::now()) {
                    Ok(user) => access::forbidden(view.cloud, &user, place, place.verb(call)),
                    Err(nobody) => nobody,
                }
            }
            Refused::Unauthenticated => Refusal::unauthorized(),
            Refused::Unavailable => Refusal::unavailable(),
        };
        refusal.answer()
    }

    /// Nodes as the cloud tells of them, with what Kubernetes knows better.
    pub(crate) fn correct(&self, inner: &mut Inner, now: Millis, cluster: &str, nodes: &mut Value) {
        let World { clouds, random, kubernetes, .. } = &mut inner.world;
        let Some(view) = clouds.view(cluster) else { return };
        let mut scene = Scene { now, latency: self.latency, random };
        let (_, changed) = kubernetes.present(&mut scene, &view);
        inner.unsaved |= changed;
        kubernetes.correct(&view.id, nodes);
    }

    /// What an open watch has to say now.
    pub(crate) fn follow(&self, watch: &mut Watch) -> Step {
        let (mut guard, now) = self.present();
        let inner = &mut *guard;
        let World { clouds, random, kubernetes, .. } = &mut inner.world;
        let Some(view) = clouds.view(&watch.cluster) else { return Step::Cut };
        let mut scene = Scene { now, latency: self.latency, random };
        let (cluster, changed) = kubernetes.glance(&mut scene, &view);
        inner.unsaved |= changed;
        watch.step(cluster, now)
    }
}

/// The call with its body in JSON where it came in the binary form, for everybody who reads it from here on. A body that
/// cannot be read stays as it is, and is refused where it is needed.
fn readable(mut call: Call) -> Call {
    let binary = call.header("content-type").is_some_and(|kind| kind.starts_with(schema::MEDIA_TYPE));
    if binary && let Ok(object) = schema::decode(&call.body) {
        call.body = object.to_string().into_bytes();
        call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    call
}
