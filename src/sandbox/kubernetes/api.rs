//! From a call to its answer: discovery, reads, writes and watches of one cluster.

use serde_json::{Value, json};

use super::access::{self, User};
use super::cluster::{Cluster, Scene};
use super::request::{self, Path, Place};
use super::resources::{self, Resource};
use super::status::Refusal;
use super::watch::Watch;
use super::write::Done;
use super::{discovery, openapi, read};
use crate::sandbox::exchange::{Answer, Body, Call};
use crate::sandbox::faults::Faults;

/// What comes of a call.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answer(Answer),
    Watch(Box<Watch>),
}

/// A call with what is known of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    /// The cluster's id.
    pub(crate) cluster: &'a str,
    pub(crate) call: &'a Call,
    pub(crate) path: &'a Path,
    pub(crate) user: &'a User,
}

impl Cluster {
    /// Carries out a call of somebody who may do it.
    pub(crate) fn answer(&mut self, scene: &mut Scene<'_>, asking: &Asking<'_>, faults: &Faults) -> Outcome {
        match self.dispatch(scene, asking, faults) {
            Ok(outcome) => outcome,
            Err(refusal) => Outcome::Answer(refusal.answer()),
        }
    }

    fn dispatch(
        &mut self,
        scene: &mut Scene<'_>,
        asking: &Asking<'_>,
        faults: &Faults,
    ) -> Result<Outcome, Refusal> {
        let call = asking.call;
        let known = resources::all(&self.store);
        let place = match asking.path {
            Path::Resource(place) => place,
            _ if call.method != "GET" => return Err(Refusal::method_not_allowed()),
            Path::Version => return Ok(Outcome::Answer(Answer::ok(self.version_info()))),
            Path::Health => return Ok(Outcome::Answer(text("ok"))),
            Path::Discovery { core, group, version } => {
                let found = discovery::answer(&known, call, *core, group.as_deref(), version.as_deref());
                return found.map(Outcome::Answer).ok_or_else(Refusal::no_such_path);
            }
            Path::OpenApi(path) => {
                let found = openapi::document(&known, path).map(Answer::ok);
                return found.map(Outcome::Answer).ok_or_else(Refusal::no_such_path);
            }
            Path::Unknown => return Err(Refusal::no_such_path()),
        };
        let resource =
            known.iter().find(|resource| place.is_of(resource)).ok_or_else(Refusal::no_such_path)?;
        if resource.review {
            if call.method != "POST" {
                return Err(Refusal::method_not_allowed());
            }
            let body = request::body(call).map_err(Refusal::bad_request)?;
            let answer = access::review(asking.cluster, place, body, asking.user, faults)?;
            return Ok(Outcome::Answer(Answer { status: 201, ..Answer::ok(answer) }));
        }
        if place.verb(call) == "watch" || (place.name.is_some() && request::flag(call, "watch")) {
            let watch = Watch::open(asking.cluster, &self.store, resource, place, call, scene.now)?;
            return Ok(Outcome::Watch(Box::new(watch)));
        }
        let dry = call.parameter("dryRun").is_some_and(|value| value == "All") || dry_body(call);
        let done = if dry {
            self.clone().carry_out(scene, resource, place, call)?
        } else {
            self.carry_out(scene, resource, place, call)?
        };
        let warnings = done.warnings.iter().map(|text| ("warning", format!("299 - {text:?}"))).collect();
        let answer =
            Answer { status: done.status, headers: warnings, body: Body::Json(done.body), error_type: None };
        Ok(Outcome::Answer(answer))
    }

    fn carry_out(
        &mut self,
        scene: &mut Scene<'_>,
        resource: &Resource,
        place: &Place,
        call: &Call,
    ) -> Result<Done, Refusal> {
        if resource.namespaced && place.namespace.is_none() && (place.name.is_some() || call.method == "POST")
        {
            return Err(Refusal::no_such_path());
        }
        let subresource = place.subresource.as_deref().unwrap_or_default();
        if !subresource.is_empty() && !resource.has(subresource) {
            return Err(Refusal::no_such_path());
        }
        match (call.method.as_str(), place.name.is_some(), subresource) {
            ("GET", true, "" | "status") => {
                read::get(&self.store, resource, place, call, scene.now).map(Done::ok)
            }
            ("GET", false, _) => read::list(&self.store, resource, place, call, scene.now).map(Done::ok),
            ("POST", false, _) => self.create(scene, resource, place, call),
            ("POST", true, "eviction") => self.evict(scene, resource, place, call),
            ("PUT", true, "" | "status" | "finalize") => self.update(scene, resource, place, call),
            ("PATCH", true, "" | "status") => self.patch(scene, resource, place, call),
            ("DELETE", true, "") => self.delete(scene, resource, place, call),
            ("DELETE", false, _) => self.delete_collection(scene, resource, place, call),
            _ => Err(Refusal::method_not_allowed()),
        }
    }

    fn version_info(&self) -> Value {
        let mut numbers = self.version.trim_start_matches('v').split('.');
        let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        json!({"major": major, "minor": minor, "gitVersion": self.git_version(), "gitCommit": "", "gitTreeState": "clean",
            "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64"})
    }
}

fn text(text: &str) -> Answer {
    Answer {
        status: 200,
        headers: Vec::new(),
        body: Body::Text("text/plain; charset=utf-8", text.to_owned()),
        error_type: None,
    }
}

/// Deletions say so in their body.
fn dry_body(call: &Call) -> bool {
    call.method == "DELETE"
        && request::body(call)
            .is_ok_and(|body| body["dryRun"].as_array().is_some_and(|words| !words.is_empty()))
}
