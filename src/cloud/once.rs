//! Creating something exactly once, though answers may be lost.

use std::future::Future;
use std::time::Duration;

use super::attempts::{Kind, Trouble, attempt};
use super::fault::{Action, Fault};
use super::limits::Limits;
use super::words::{already_exists, sentence};
use crate::nodepool::pools::ErrorKind;
use crate::nodepool::{PoolError, PoolId};

/// How often a create is sent again after a look has shown that an earlier one made nothing.
const RESENDS: u32 = 3;

/// How long finding out what became of a create may take, even when the call has been stopped meanwhile.
const FIND_OUT: Duration = Duration::from_secs(30);

/// What became of a create without an answer.
#[derive(Debug)]
pub(crate) enum Became<T> {
    /// It is there, by this operation.
    Ours(T),
    /// A pool of that name is there, and it is not ours.
    Foreign,
    /// Nothing.
    Nothing,
}

/// Who creates what, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Creating<'a> {
    pub id: &'a PoolId,
    /// Completes "cannot …".
    pub doing: &'a str,
    /// The time-out of the call, which `limits` came from.
    pub timeout: Duration,
}

/// Sends a create until it is certain that the cloud has it, or will not have it.
///
/// `became` finds out what an earlier request has come to; it gets bounds of its own, since an interrupt must not keep
/// it from telling whether the pool was made.
pub(crate) async fn send_once<T, E, S, B>(
    limits: &Limits,
    creating: Creating<'_>,
    mut send: impl FnMut() -> S,
    mut became: impl FnMut(Limits) -> B,
) -> Result<T, PoolError>
where
    E: Fault,
    S: Future<Output = Result<T, E>>,
    B: Future<Output = Result<Became<T>, Trouble<E>>>,
{
    let Creating { id, doing, timeout } = creating;
    let mut left = RESENDS;
    let mut doubt = false;
    loop {
        let error = match attempt(limits, Kind::Once, &mut send).await {
            Ok(accepted) => return Ok(accepted),
            Err(Trouble::Api(error)) => error,
            Err(stopped) => return Err(stopped.explain(doing, timeout)),
        };
        // "It must not exist" may be refused as a precondition too.
        let exists = matches!(error.action(), Action::Exists | Action::Stale);
        if !exists && !error.leaves_doubt() {
            return Err(error.explain(doing));
        }
        doubt |= error.leaves_doubt();
        match became(Limits::lasting(FIND_OUT)).await {
            Ok(Became::Ours(accepted)) if doubt => {
                tracing::info!(pool = %id, "the create without an answer was ours");
                return Ok(accepted);
            }
            Ok(Became::Ours(_) | Became::Foreign) => return Err(already_exists(id)),
            Ok(Became::Nothing) if left > 0 && !exists => left -= 1,
            Ok(Became::Nothing) => return Err(error.explain(doing)),
            Err(trouble) => return Err(in_doubt(id, &error, &trouble)),
        }
    }
}

/// Nobody knows whether the pool was made.
fn in_doubt<E: Fault>(id: &PoolId, lost: &E, trouble: &Trouble<E>) -> PoolError {
    let why = match trouble {
        Trouble::Api(error) => error.words(),
        Trouble::Stopped { .. } => "no answer came in time".to_owned(),
    };
    PoolError {
        kind: ErrorKind::Transport,
        summary: format!("Cannot tell whether the node pool {} was created", id.name),
        detail: format!(
            "The request was sent, and {} Asking what became of it failed too: {} Apply again; if the pool was \
             created, that apply says so and how to take it over.",
            sentence(&lost.words()),
            sentence(&why)
        ),
        attribute: None,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// An error of a cloud that is made up: what it asks for, and whether it leaves doubt.
    #[derive(Debug, Clone)]
    struct Refused(Action, bool);

    impl Fault for Refused {
        const COMPANY: &'static str = "Initech";
        const LONGEST_TURN: Duration = Duration::from_millis(1);

        fn action(&self) -> Action {
            self.0.clone()
        }

        fn retry_after(&self) -> Option<Duration> {
            None
        }

        fn leaves_doubt(&self) -> bool {
            self.1
        }

        fn words(&self) -> String {
            "cut".to_owned()
        }

        fn explain(&self, doing: &str) -> PoolError {
            let kind = ErrorKind::Transport;
            PoolError { kind, summary: format!("Cannot {doing}"), detail: self.words(), attribute: None }
        }
    }

    fn lost() -> Refused {
        Refused(Action::Again, true)
    }

    fn exists() -> Refused {
        Refused(Action::Exists, false)
    }

    /// Sends against these answers and looks; returns the kind of error, and how often it was sent.
    async fn send(
        answers: Vec<Result<u32, Refused>>,
        looks: Vec<Became<u32>>,
    ) -> (Result<u32, ErrorKind>, usize) {
        let cluster = "projects/p/locations/l/clusters/c".parse().unwrap();
        let id = PoolId { cluster, name: "n".to_owned() };
        let (answers, looks) = (RefCell::new(answers.into_iter()), RefCell::new(looks.into_iter()));
        let sent = RefCell::new(0);
        let result = send_once(
            &Limits::lasting(Duration::from_secs(60)),
            Creating { id: &id, doing: "create", timeout: Duration::from_secs(60) },
            || {
                *sent.borrow_mut() += 1;
                let answer = answers.borrow_mut().next().unwrap();
                async move { answer }
            },
            |_| {
                let look = looks.borrow_mut().next().unwrap();
                async move { Ok(look) }
            },
        )
        .await;
        (result.map_err(|error| error.kind), sent.into_inner())
    }

    fn taken() -> Result<u32, ErrorKind> {
        let cluster = "projects/p/locations/l/clusters/c".parse().unwrap();
        Err(ErrorKind::AlreadyExists(Box::new(PoolId { cluster, name: "n".to_owned() })))
    }

    #[tokio::test]
    async fn a_lost_answer_is_looked_for_before_anything_is_sent_again() {
        assert_eq!(send(vec![Err(lost())], vec![Became::Ours(7)]).await, (Ok(7), 1));
        assert_eq!(send(vec![Err(lost()), Ok(8)], vec![Became::Nothing]).await, (Ok(8), 2));
        assert_eq!(send(vec![Err(lost())], vec![Became::Foreign]).await, (taken(), 1));
        // It was ours after all, and is found at the second look.
        let looks = vec![Became::Nothing, Became::Ours(9)];
        assert_eq!(send(vec![Err(lost()), Err(exists())], looks).await, (Ok(9), 2));
    }

    #[tokio::test]
    async fn what_is_there_without_a_doubt_is_somebody_elses() {
        assert_eq!(send(vec![Err(exists())], vec![Became::Ours(7)]).await, (taken(), 1));
        let stale = Refused(Action::Stale, false);
        assert_eq!(send(vec![Err(stale)], vec![Became::Foreign]).await, (taken(), 1));
    }

    #[tokio::test]
    async fn sending_again_ends() {
        let answers = (0..9).map(|_| Err(lost())).collect();
        let looks = (0..9).map(|_| Became::Nothing).collect();
        let (result, sent) = send(answers, looks).await;
        assert_eq!((result, sent), (Err(ErrorKind::Transport), 4));
    }
}
