//! Watches: the changes of a resource as they happen, one JSON object a line.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::cluster::Cluster;
use super::object;
use super::read;
use super::request::{self, Form, Place};
use super::resources::Resource;
use super::selectors::Selector;
use super::status::Refusal;
use super::store::{Change, ChangeKind, Store};
use super::tables;
use crate::sandbox::clock::Millis;
use crate::sandbox::exchange::Call;

/// How long a watch lasts that does not say so.
const LONGEST: Millis = 30 * 60 * 1000;

/// Time between two bookmarks; the real server sends one about every minute.
const BOOKMARKS: Millis = 10_000;

/// An open watch.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The cluster's id.
    pub(crate) cluster: String,
    resource: Resource,
    namespace: Option<String>,
    selector: Selector,
    form: Form,
    /// Everything up to this revision has been told.
    revision: u64,
    bookmarks: bool,
    next_bookmark: Millis,
    /// When it ends by itself.
    pub(crate) until: Millis,
    /// When a fault ends it, and whether the connection is cut then instead of ended.
    pub(crate) cut: Option<(Millis, bool)>,
    /// Lines that are to be sent first.
    backlog: VecDeque<Value>,
    /// The columns of a table have been sent.
    columns_told: bool,
    /// An error was sent: nothing follows.
    over: bool,
}

/// What a watch has to say now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Lines(Vec<u8>),
    Nothing,
    End,
    Cut,
}

impl Watch {
    /// Opens a watch; a version that is too old is told in the stream, as the real server does.
    pub(crate) fn open(
        cluster_id: &str,
        store: &Store,
        resource: &Resource,
        place: &Place,
        call: &Call,
        now: Millis,
    ) -> Result<Self, Refusal> {
        let mut selector = read::selector(resource, call)?;
        if let Some(name) = &place.name {
            selector = Selector::read("", &format!("metadata.name={name}")).map_err(Refusal::bad_request)?;
        }
        let seconds = call.parameter("timeoutSeconds").and_then(|text| text.parse::<u64>().ok());
        let mut watch = Self {
            cluster: cluster_id.to_owned(),
            resource: resource.clone(),
            namespace: place.namespace.clone(),
            selector,
            form: Form::of(call),
            revision: store.revision(),
            bookmarks: request::flag(call, "allowWatchBookmarks"),
            next_bookmark: now + BOOKMARKS,
            until: now + seconds.filter(|seconds| *seconds > 0).map_or(LONGEST, |seconds| seconds * 1000),
            cut: None,
            backlog: VecDeque::new(),
            columns_told: false,
            over: false,
        };
        let version = call.parameter("resourceVersion").unwrap_or_default();
        let initial = request::flag(call, "sendInitialEvents");
        if initial && call.parameter("resourceVersionMatch").as_deref() != Some("NotOlderThan") {
            return Err(Refusal::bad_list_options(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ));
        }
        match version.as_str() {
            "" | "0" => watch.start_with_everything(store, now),
            _ if initial => watch.start_with_everything(store, now),
            text => {
                let given = text.parse::<u64>();
                watch.revision = given.map_err(|_| {
                    Refusal::bad_request(format!(
                        "Invalid value: {text:?}: strconv.ParseUint: invalid syntax"
                    ))
                })?;
            }
        }
        if initial && watch.bookmarks {
            let mut bookmark = watch.bookmark();
            bookmark["object"]["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
            watch.backlog.push_back(bookmark);
        }
        Ok(watch)
    }

    fn start_with_everything(&mut self, store: &Store, now: Millis) {
        let (resource, namespace) = (self.resource.clone(), self.namespace.clone());
        let present: Vec<_> = read::objects(store, &resource, namespace.as_deref())
            .filter(|object| self.selector.matches(object))
            .cloned()
            .collect();
        for object in present {
            let line = self.line(store, "ADDED", &object, now);
            self.backlog.push_back(line);
        }
    }

    /// What there is to say since the last time.
    pub(crate) fn step(&mut self, cluster: &mut Cluster, now: Millis) -> Step {
        if let Some((at, abruptly)) = self.cut
            && now >= at
        {
            return if abruptly { Step::Cut } else { Step::End };
        }
        if self.over {
            return Step::End;
        }
        let mut lines: Vec<Value> = self.backlog.drain(..).collect();
        let changes: Result<Vec<Change>, _> =
            cluster.store.since(self.revision).map(|changes| changes.cloned().collect());
        match changes {
            Ok(changes) => {
                for change in changes {
                    self.revision = change.revision;
                    if let Some((kind, object)) = self.seen(&change) {
                        lines.push(self.line(&cluster.store, kind, &object, now));
                    }
                }
            }
            Err(too_old) => {
                let message = format!("too old resource version: {} ({})", self.revision, too_old.oldest);
                lines.push(json!({"type": "ERROR", "object": Refusal::expired(message).status()}));
                self.over = true;
            }
        }
        let ends = now >= self.until;
        if self.bookmarks && !self.over && (now >= self.next_bookmark || ends) {
            self.next_bookmark = now + BOOKMARKS;
            lines.push(self.bookmark());
        }
        self.over |= ends;
        match (lines.is_empty(), self.over) {
            (true, true) => Step::End,
            (true, false) => Step::Nothing,
            (false, _) => {
                let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
                Step::Lines(text.into_bytes())
            }
        }
    }

    /// How this watch sees a change: what enters its selection is added, what leaves it is deleted.
    fn seen(&self, change: &Change) -> Option<(&'static str, Value)> {
        let here = change.resource == self.resource.id()
            && self.namespace.as_ref().is_none_or(|namespace| object::namespace(&change.object) == namespace);
        if !here {
            return None;
        }
        let before = change.before.as_ref().is_some_and(|before| self.selector.matches(before));
        let after = change.kind != ChangeKind::Deleted && self.selector.matches(&change.object);
        match (before, after) {
            (false, false) => None,
            (false, true) => Some(("ADDED", change.object.clone())),
            (true, true) => Some(("MODIFIED", change.object.clone())),
            (true, false) => {
                // As it was, under the revision in which it went.
                let mut last = change.before.clone().unwrap_or_else(|| change.object.clone());
                last["metadata"]["resourceVersion"] = json!(change.revision.to_string());
                Some(("DELETED", last))
            }
        }
    }

    fn line(&mut self, store: &Store, kind: &str, object: &Value, now: Millis) -> Value {
        let shown = match self.form {
            Form::Whole => object.clone(),
            Form::Metadata => read::metadata(object),
            Form::Table => {
                let columns = !std::mem::replace(&mut self.columns_told, true);
                let meta = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
                tables::table(store, &self.resource, &[object], &meta, now, columns)
            }
        };
        json!({"type": kind, "object": shown})
    }

    fn bookmark(&self) -> Value {
        let object = match self.form {
            Form::Table | Form::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"})
            }
            Form::Whole => json!({"kind": self.resource.kind, "apiVersion": self.resource.api_version()}),
        };
        let mut line = json!({"type": "BOOKMARK", "object": object});
        line["object"]["metadata"] =
            json!({"resourceVersion": self.revision.to_string(), "creationTimestamp": null});
        line
    }
}
