//! The sandbox's own API, below `/sandbox`: what exists, what goes wrong, what others do.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::actors::Actors;
use super::faults::Faults;
use super::handling::{Inner, Sandbox};
use super::kubernetes::{Directory, Proof};
use super::state::World;

/// A mistake in a call of the control API, answered as `{"error": sentence}`.
struct Mistake(StatusCode, String);

impl IntoResponse for Mistake {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

/// What a caller got wrong says so itself.
impl<E: std::error::Error> From<E> for Mistake {
    fn from(error: E) -> Self {
        Self(StatusCode::BAD_REQUEST, error.to_string())
    }
}

type Answered = Result<Json<Value>, Mistake>;

/// The routes below `/sandbox`.
pub(crate) fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/sandbox/clusters", get(clusters))
        .route("/sandbox/nodes", get(nodes))
        .route("/sandbox/kubeconfig", get(kubeconfig))
        .route("/sandbox/faults", get(faults).post(add_fault))
        .route("/sandbox/faults/{id}", delete(remove_fault))
        .route("/sandbox/actors", get(actors).post(act))
        .route("/sandbox/reset", post(reset))
        .route("/sandbox/{*rest}", axum::routing::any(nothing))
}

async fn nothing() -> Mistake {
    Mistake(
        StatusCode::NOT_FOUND,
        "the sandbox has /sandbox/clusters, /sandbox/nodes?cluster=ID, /sandbox/kubeconfig?cluster=ID, \
         /sandbox/faults, /sandbox/actors and /sandbox/reset"
            .to_owned(),
    )
}

async fn clusters(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let (inner, _) = sandbox.present();
    Json(inner.world.clouds.overview())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfCluster {
    cluster: String,
}

async fn nodes(
    State(sandbox): State<Arc<Sandbox>>,
    query: Result<Query<OfCluster>, axum::extract::rejection::QueryRejection>,
) -> Answered {
    let Query(OfCluster { cluster }) = query.map_err(|_| only_cluster())?;
    let (mut guard, now) = sandbox.present();
    let inner = &mut *guard;
    let missing = |sentence| Mistake(StatusCode::NOT_FOUND, sentence);
    let mut nodes = inner.world.clouds.nodes_view(&cluster, now).map_err(missing)?;
    sandbox.correct(inner, now, &cluster, &mut nodes);
    Ok(Json(nodes))
}

/// A kubeconfig that just works: no program to fetch a token.
async fn kubeconfig(
    State(sandbox): State<Arc<Sandbox>>,
    query: Result<Query<OfCluster>, axum::extract::rejection::QueryRejection>,
) -> Result<String, Mistake> {
    let Query(OfCluster { cluster }) = query.map_err(|_| only_cluster())?;
    let (inner, now) = sandbox.present();
    let missing = |sentence| Mistake(StatusCode::NOT_FOUND, sentence);
    inner.world.clouds.nodes_view(&cluster, now).map_err(missing)?;
    let Some(view) = inner.world.clouds.view(&cluster) else {
        return Err(Mistake(StatusCode::CONFLICT, format!("{cluster} is stopped and has no API server")));
    };
    let authority = &inner.world.authority;
    let directory = Directory { doors: &sandbox.doors, authority };
    let access = directory.access(&view.id)?;
    let name = view.id.rsplit('/').next().unwrap_or_default();
    let proof = if view.tokens {
        Proof::Token("sandbox".to_owned())
    } else {
        Proof::Certificate(authority.administrator().clone())
    };
    Ok(access.kubeconfig(name, &format!("sandbox-{name}"), name, &proof))
}

fn only_cluster() -> Mistake {
    Mistake(StatusCode::BAD_REQUEST, "the only parameter is cluster, a cluster's id".to_owned())
}

async fn faults(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let (inner, _) = sandbox.present();
    Json(inner.faults.view())
}

async fn add_fault(State(sandbox): State<Arc<Sandbox>>, body: String) -> Answered {
    let fault: Value = serde_json::from_str(&body)?;
    let (mut inner, _) = sandbox.present();
    let id = inner.faults.add(&fault)?;
    Ok(Json(json!({"id": id})))
}

async fn remove_fault(State(sandbox): State<Arc<Sandbox>>, Path(id): Path<String>) -> Answered {
    let (mut inner, _) = sandbox.present();
    inner.faults.remove(&id).map_err(|error| Mistake(StatusCode::NOT_FOUND, error.to_string()))?;
    Ok(Json(json!({})))
}

async fn actors(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    let (inner, _) = sandbox.present();
    Json(inner.actors.view())
}

async fn act(State(sandbox): State<Arc<Sandbox>>, body: String) -> Answered {
    let actor: Value = serde_json::from_str(&body)?;
    let (mut guard, now) = sandbox.present();
    let inner = &mut *guard;
    let answer = match inner.actors.read(&actor)? {
        Err(id) => json!({"id": id}),
        Ok(act) => {
            sandbox.act(inner, now, &act)?;
            json!({})
        }
    };
    saved(&sandbox, inner, answer)
}

/// Back to the seeds, without faults and actors, those of the command line included.
async fn reset(State(sandbox): State<Arc<Sandbox>>) -> Answered {
    let (mut inner, now) = sandbox.present();
    *inner = Inner {
        world: World::seeded(now, sandbox.seed, inner.world.authority.clone()),
        faults: Faults::default(),
        actors: Actors::default(),
        unsaved: true,
    };
    saved(&sandbox, &mut inner, json!({}))
}

fn saved(sandbox: &Sandbox, inner: &mut Inner, answer: Value) -> Answered {
    let failed =
        |error: super::state::StateError| Mistake(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    sandbox.save(inner).map_err(failed)?;
    Ok(Json(answer))
}
