//! Azure Kubernetes Service: node pools and clusters of Azure Resource Manager.
//!
//! - [`routes`]: which call is meant. [`api`], [`fields`]: versions, and JSON by the models of Microsoft's client.
//!   [`errors`]: Azure's errors. [`headers`]: what every answer carries. [`buckets`]: how many calls are taken.
//! - [`agentpools`], [`put`], [`scale`], [`clusters`], [`credentials`]: the calls.
//! - [`rules`], [`gpus`], [`labels`], [`versions`], [`hardware`]: what the service accepts. [`spec`]: properties with
//!   their defaults, and how they are shown.
//! - [`model`], [`nodes`], [`operations`], [`rollout`]: what exists and how it changes with time.
//! - [`seed`]: what is there at the start. [`actors`]: what others do. [`faults`]: what goes wrong.

use serde_json::Value;

use crate::sandbox::context::Context;
use crate::sandbox::exchange::{Answer, Body, Call};

mod actors;
mod agentpools;
mod api;
mod buckets;
mod clusters;
mod credentials;
mod errors;
mod faults;
mod fields;
mod gpus;
mod hardware;
mod headers;
mod labels;
mod model;
mod nodes;
mod operations;
mod put;
mod rollout;
mod routes;
mod rules;
mod scale;
mod seed;
mod spec;
mod versions;

#[cfg(test)]
mod tests;

pub(crate) use actors::Act;
use agentpools::Accepted;
use api::ApiVersion;
use buckets::Limit;
use errors::Refusal;
pub(crate) use model::Aks;
use operations::{End, POLLING_VERSION};
pub(crate) use routes::owns;
use routes::{Lost, Route, Target};

impl Aks {
    /// Carries out one call.
    pub(crate) fn answer(&mut self, context: &mut Context<'_>, call: &Call) -> Answer {
        let mut remaining = None;
        let answer = match self.carry_out(context, call, &mut remaining) {
            Ok(answer) => answer,
            Err(refusal) => refusal.answer(),
        };
        headers::dress(answer, call, context.now, remaining, &mut self.requests)
    }

    fn carry_out(
        &mut self,
        context: &mut Context<'_>,
        call: &Call,
        remaining: &mut Option<u32>,
    ) -> Result<Answer, Refusal> {
        let target = match routes::target(&call.method, &call.path) {
            // Tools ask for this before they have a token.
            Ok(Target { route: Route::Endpoints, .. }) => {
                return Ok(Answer::ok(clusters::endpoints(&call.base())));
            }
            found => {
                authenticate(call)?;
                found.map_err(|lost| lost_path(&lost, call))?
            }
        };
        let version =
            call.parameter("api-version").filter(|version| !version.is_empty()).ok_or_else(|| {
                Refusal::arm(
                    400,
                    "MissingApiVersionParameter",
                    "The api-version query parameter (?api-version=) is required for all requests.",
                )
            })?;
        match &target.subscription {
            Some(subscription) if subscription != seed::SUBSCRIPTION => {
                return Err(Refusal::subscription_not_found(subscription));
            }
            _ => {}
        }
        *remaining = Some(self.count_call(context, call, &target)?);
        let version = match target.route {
            // Subscriptions have versions of their own, and any will do.
            Route::Endpoints | Route::Tenants | Route::Subscriptions | Route::Subscription => {
                ApiVersion::NEWEST
            }
            Route::Operation(_) | Route::OperationResult(_) if version == POLLING_VERSION => {
                ApiVersion::NEWEST
            }
            _ => ApiVersion::named(&version).ok_or_else(|| unknown_version(&version))?,
        };
        if let Some(group) = &target.group
            && !self.clusters.values().any(|cluster| cluster.group.eq_ignore_ascii_case(group))
        {
            return Err(Refusal::group_not_found(group));
        }
        self.dispatch(context, call, target, version)
    }

    /// Takes a token from the buckets that the call belongs to; what is left in Resource Manager's.
    fn count_call(&mut self, context: &Context<'_>, call: &Call, target: &Target) -> Result<u32, Refusal> {
        let (now, latency) = (context.now, context.latency);
        let (kind, limit) = match call.method.as_str() {
            "GET" => ("reads", buckets::ARM_READS),
            "DELETE" => ("deletes", buckets::ARM_DELETES),
            _ => ("writes", buckets::ARM_WRITES),
        };
        let mut take = |what: String, limit: Limit| self.buckets.take(what, limit, now, latency);
        let left = take(kind.to_owned(), limit).map_err(Refusal::too_many_requests)?;
        let cluster = target.cluster.as_deref().unwrap_or_default();
        let (what, limit) = match &target.route {
            Route::Endpoints | Route::Tenants | Route::Subscriptions | Route::Subscription => {
                return Ok(left);
            }
            Route::Pool(pool) if call.method == "PUT" => {
                (format!("put {cluster} {}", pool.to_ascii_lowercase()), buckets::PUT_POOL)
            }
            Route::Cluster => (format!("get {cluster}"), buckets::GET_CLUSTER),
            Route::ClustersOfSubscription => ("list".to_owned(), buckets::LIST_IN_SUBSCRIPTION),
            Route::Clusters => {
                (format!("list {}", target.group.as_deref().unwrap_or_default()), buckets::LIST_IN_GROUP)
            }
            Route::Operation(_) | Route::OperationResult(_) => {
                ("operations".to_owned(), buckets::GET_OPERATION)
            }
            _ => ("else".to_owned(), buckets::ANYTHING_ELSE),
        };
        take(what, limit).map(|_| left).map_err(Refusal::throttled)
    }

    /// Hands a call to its module.
    fn dispatch(
        &mut self,
        context: &mut Context<'_>,
        call: &Call,
        target: Target,
        version: ApiVersion,
    ) -> Result<Answer, Refusal> {
        let cluster = target.cluster.unwrap_or_default();
        let (cluster, base) = (cluster.as_str(), call.base());
        let ok = |body: Result<Value, Refusal>| body.map(Answer::ok);
        let accepted = match target.route {
            Route::Endpoints => return ok(Ok(clusters::endpoints(&base))),
            Route::Tenants => return ok(Ok(serde_json::json!({"value": [clusters::tenant()]}))),
            Route::Subscriptions => return ok(Ok(serde_json::json!({"value": [clusters::subscription()]}))),
            Route::Subscription => return ok(Ok(clusters::subscription())),
            Route::ClustersOfSubscription => return ok(Ok(self.list_clusters(None, version))),
            Route::Clusters => return ok(Ok(self.list_clusters(target.group.as_deref(), version))),
            Route::Cluster => return ok(self.get_cluster(cluster, version)),
            Route::Credentials(whose) => return ok(self.credentials(context, cluster, whose)),
            Route::AvailableVersions => return ok(self.available_versions(cluster, version)),
            Route::Pools => return ok(self.list_pools(cluster, call, version, &base)),
            Route::UpgradeProfile(pool) => return ok(self.upgrade_profile(cluster, &pool)),
            Route::Machines(pool, machine) => return ok(self.machines(cluster, &pool, machine.as_deref())),
            Route::PoolOperations(pool, id) => {
                return ok(self.pool_operations(cluster, &pool, id.as_deref(), call, version));
            }
            Route::Operation(id) => {
                return self.get_operation(context, call, &id, target.location.as_deref());
            }
            Route::OperationResult(id) => return self.get_result(context, call, &id, version),
            Route::Pool(pool) => match call.method.as_str() {
                "PUT" => self.put_pool(context, cluster, &pool, call, version)?,
                "PATCH" => self.scale_pool(context, cluster, &pool.to_ascii_lowercase(), call, version)?,
                "DELETE" => self.delete_pool(context, cluster, &pool.to_ascii_lowercase(), call)?,
                _ => return ok(self.get_pool(cluster, &pool.to_ascii_lowercase(), version)),
            },
            Route::AbortPool(pool) => self.abort(context, cluster, Some(&pool))?,
            Route::AbortCluster => self.abort(context, cluster, None)?,
            Route::UpgradeImage(pool) => self.upgrade_image(context, cluster, &pool, version)?,
        };
        Ok(self.accept(context, call, accepted))
    }

    /// The answer to a call that starts something: where to ask, and when.
    fn accept(&self, context: &Context<'_>, call: &Call, accepted: Accepted) -> Answer {
        let operation = accepted.operation.and_then(|id| self.operation(&id));
        let mut headers = Vec::new();
        if let Some(operation) = operation {
            headers.push(("azure-asyncoperation", operation.url(&call.base(), "operations")));
            headers.push(("location", operation.url(&call.base(), "operationresults")));
            headers.push(("retry-after", retry_after(context).to_string()));
        }
        let body = accepted.body.map_or(Body::Empty, Body::Json);
        Answer { status: accepted.status, headers, body, error_type: None }
    }

    fn get_operation(
        &self,
        context: &Context<'_>,
        call: &Call,
        id: &str,
        location: Option<&str>,
    ) -> Result<Answer, Refusal> {
        let operation = self.known_operation(call, id)?;
        if location.is_some_and(|location| !location.eq_ignore_ascii_case(&operation.location)) {
            return Err(no_operation(id));
        }
        let mut answer = Answer::ok(operation.view());
        if operation.active() {
            answer.headers.push(("retry-after", retry_after(context).to_string()));
        }
        Ok(answer)
    }

    /// The URL in `Location`: 202 while the operation runs, then what it was for.
    fn get_result(
        &self,
        context: &Context<'_>,
        call: &Call,
        id: &str,
        version: ApiVersion,
    ) -> Result<Answer, Refusal> {
        let operation = self.known_operation(call, id)?;
        let empty = |status: u16| Answer { status, headers: Vec::new(), body: Body::Empty, error_type: None };
        match &operation.end {
            None => {
                let mut answer = empty(202);
                answer.headers.push(("location", operation.url(&call.base(), "operationresults")));
                answer.headers.push(("retry-after", retry_after(context).to_string()));
                Ok(answer)
            }
            // With which status a failed operation's result answers is unverified.
            Some(End::Failed(failure)) => Err(Refusal::bare(400, &failure.code, failure.message.clone())),
            Some(End::Canceled) => {
                Err(Refusal::bare(409, "OperationCanceled", "The operation was canceled."))
            }
            Some(End::Succeeded) => {
                let pool =
                    operation.pool.as_deref().map(|pool| self.get_pool(&operation.cluster, pool, version));
                Ok(pool.and_then(Result::ok).map_or_else(|| empty(204), Answer::ok))
            }
        }
    }

    /// The operation, if the URL is the one that was given out.
    fn known_operation(&self, call: &Call, id: &str) -> Result<&operations::Operation, Refusal> {
        let signed =
            |operation: &&operations::Operation| call.parameter("s").as_ref() == Some(&operation.signature);
        self.operation(id).filter(signed).ok_or_else(|| no_operation(id))
    }
}

/// Whole seconds: a tenth of what an operation takes, so that polling notices its end in time.
fn retry_after(context: &Context<'_>) -> u64 {
    (context.latency / 10_000).clamp(1, 10)
}

fn authenticate(call: &Call) -> Result<(), Refusal> {
    let token = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    match token {
        Some(token) if !token.trim().is_empty() => Ok(()),
        Some(_) => {
            Err(Refusal::unauthenticated("InvalidAuthenticationToken", "The access token is invalid."))
        }
        None => Err(Refusal::unauthenticated(
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
        )),
    }
}

/// Code and status of both are Resource Manager's; the texts are unverified.
fn lost_path(lost: &Lost, call: &Call) -> Refusal {
    match lost {
        Lost::Path => Refusal::arm(
            404,
            "InvalidResourceType",
            format!("The resource type could not be found for the path '{}'.", call.path),
        ),
        Lost::Method => Refusal::arm(
            405,
            "MethodNotAllowed",
            format!("The resource does not support the method '{}'.", call.method),
        ),
    }
}

fn unknown_version(version: &str) -> Refusal {
    // The text is Resource Manager's (source: Azure documentation, resource provider registration errors).
    Refusal::arm(
        400,
        "NoRegisteredProviderFound",
        format!(
            "No registered resource provider found for API version '{version}' for type 'managedClusters/agentPools'. \
             The supported api-versions are '{}'.",
            ApiVersion::list()
        ),
    )
}

/// 404 for an operation that never was, or was asked for by a URL of somebody's own making (both unverified).
fn no_operation(id: &str) -> Refusal {
    Refusal::bare(404, "NotFound", format!("The operation '{id}' could not be found."))
}
