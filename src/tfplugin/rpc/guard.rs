//! What stands between a provider's code and the host: whatever happens in there, the host gets an answer.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tonic::{Response, Status};
use tracing::Instrument as _;

use super::calls::{Call, Calls};
use super::wire;
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::panic;
use crate::tfplugin::proto::tfplugin6 as tf;

/// An answer that can say what went wrong.
pub(super) trait Answer: Default + Send + 'static {
    /// Where it says so.
    fn diagnostics_mut(&mut self) -> &mut Vec<tf::Diagnostic>;

    /// An answer that says only what went wrong.
    fn failed(diagnostics: &Diagnostics) -> Self {
        let mut answer = Self::default();
        *answer.diagnostics_mut() = wire::diagnostics(diagnostics);
        answer
    }
}

macro_rules! answers {
    ($($message:ident),* $(,)?) => {
        $(impl Answer for tf::$message::Response {
            fn diagnostics_mut(&mut self) -> &mut Vec<tf::Diagnostic> {
                &mut self.diagnostics
            }
        })*
    };
}

answers!(
    get_metadata,
    get_provider_schema,
    get_functions,
    get_resource_identity_schemas,
    validate_provider_config,
    validate_resource_config,
    validate_data_resource_config,
    configure_provider,
    upgrade_resource_state,
    upgrade_resource_identity,
    read_resource,
    plan_resource_change,
    apply_resource_change,
    import_resource_state,
    move_resource_state,
    read_data_source,
);

/// Runs one procedure to its end.
///
/// In a task of its own: a panic ends that task and not the connection, and a host that goes away does not make
/// half-done work vanish at its next pause. It is asked to stop instead. `about` is the type or function that the
/// call is for, if it is for one.
pub(super) async fn run<A, F>(
    calls: &Calls,
    rpc: &'static str,
    about: &str,
    work: impl FnOnce(Call) -> F,
) -> Result<Response<A>, Status>
where
    A: Answer,
    F: Future<Output = Result<A, Diagnostics>> + Send + 'static,
{
    let answer = match caught(calls, rpc, about, work).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(diagnostics)) => A::failed(&diagnostics),
        Err(panicked) => A::failed(&panicked.diagnostics(rpc, about)),
    };
    Ok(Response::new(answer))
}

/// As [`run`], for answers that are made in another way.
pub(super) async fn caught<T, F>(
    calls: &Calls,
    rpc: &'static str,
    about: &str,
    work: impl FnOnce(Call) -> F,
) -> Result<T, Panicked>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let call = calls.begin();
    let unwanted = call.token.clone().drop_guard();
    let span = tracing::info_span!("rpc", tf_rpc = rpc, tf_type = (!about.is_empty()).then_some(about));
    let work = work(call);
    let task = async move {
        let started = std::time::Instant::now();
        tracing::trace!("called");
        let done = work.await;
        tracing::debug!(milliseconds = started.elapsed().as_secs_f64() * 1e3, "answered");
        done
    };
    let joined = tokio::spawn(task.instrument(span)).await;
    unwanted.disarm();
    joined.map_err(|error| {
        // Nobody aborts these tasks, so the only other cause is the runtime's end, when nobody reads the answer.
        Panicked(error.try_into_panic().unwrap_or_else(|error| Box::new(error.to_string())))
    })
}

/// Runs the part of a procedure after whose panic there is still something to do.
pub(super) async fn catch_panic<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(Panicked)
}

/// What a panic said.
pub(super) struct Panicked(Box<dyn Any + Send>);

impl Panicked {
    /// What the user is told.
    pub(super) fn diagnostics(&self, rpc: &str, about: &str) -> Diagnostics {
        let place = if about.is_empty() { rpc.to_owned() } else { format!("{rpc} of {about}") };
        Diagnostics::error(
            "The provider panicked",
            format!(
                "In {place}: {}\n\nThis is a bug in the provider. Please report it, with the lines that follow \"panic:\" \
                 below or in the log.",
                panic::message(self.0.as_ref())
            ),
        )
    }
}
