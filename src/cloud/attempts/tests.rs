use std::cell::RefCell;
use std::time::Instant;

use super::*;
use crate::nodepool::pools::ErrorKind;

/// An error of a cloud that is made up.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused {
    action: Action,
    leaves_doubt: bool,
}

impl Fault for Refused {
    const COMPANY: &'static str = "Initech";
    const LONGEST_TURN: Duration = Duration::from_secs(1);

    fn action(&self) -> Action {
        self.action.clone()
    }

    fn retry_after(&self) -> Option<Duration> {
        Some(Duration::from_millis(1))
    }

    fn leaves_doubt(&self) -> bool {
        self.leaves_doubt
    }

    fn words(&self) -> String {
        "busy elsewhere".to_owned()
    }

    fn explain(&self, doing: &str) -> PoolError {
        PoolError {
            kind: ErrorKind::Transport,
            summary: format!("Cannot {doing}"),
            detail: self.words(),
            attribute: None,
        }
    }
}

fn refused(action: Action) -> Refused {
    Refused { action, leaves_doubt: false }
}

fn lost() -> Refused {
    Refused { action: Action::Again, leaves_doubt: true }
}

/// Answers with these errors, then with success; returns the result and how often it was asked.
async fn ask(limits: &Limits, kind: Kind, errors: Vec<Refused>) -> (Result<(), Trouble<Refused>>, usize) {
    let errors = RefCell::new(errors.into_iter());
    let asked = RefCell::new(0);
    let quick = || Backoff::new(Duration::from_millis(1), Duration::from_millis(2));
    let pace = Pace { turns: quick(), faults: quick() };
    let result = attempt_at(pace, limits, kind, || {
        *asked.borrow_mut() += 1;
        let next = errors.borrow_mut().next();
        async move { next.map_or(Ok(()), Err) }
    })
    .await;
    (result, asked.into_inner())
}

#[tokio::test]
async fn a_busy_cluster_is_waited_for_whatever_the_kind() {
    let limits = Limits::lasting(Duration::from_secs(3600));
    for kind in [Kind::Read, Kind::Repeatable, Kind::Once] {
        let errors = vec![refused(Action::Busy), refused(Action::Throttled), refused(Action::Busy)];
        assert_eq!(ask(&limits, kind, errors).await, (Ok(()), 4));
    }
}

#[tokio::test]
async fn a_wait_that_ends_tells_what_it_waited_for() {
    let limits = Limits::lasting(Duration::from_millis(50));
    let begun = Instant::now();
    let (result, asked) = ask(&limits, Kind::Once, vec![refused(Action::Busy); 999]).await;
    assert_eq!(
        result,
        Err(Trouble::Stopped { why: Stopped::TimedOut, waited_for: Some("busy elsewhere".to_owned()) })
    );
    assert!(asked > 1);
    assert!(begun.elapsed() < Duration::from_secs(2));
    let shown = result.unwrap_err().explain("create the node pool x", Duration::from_secs(60));
    assert!(
        shown.summary.contains("the cluster was busy")
            && shown.detail.contains("Initech's last answer: busy elsewhere."),
        "{shown}"
    );
}

#[tokio::test]
async fn faults_are_tried_again_only_where_that_is_safe() {
    let limits = Limits::lasting(Duration::from_secs(3600));
    assert_eq!(ask(&limits, Kind::Read, vec![lost(), refused(Action::Again)]).await, (Ok(()), 3));
    assert_eq!(ask(&limits, Kind::Repeatable, vec![lost()]).await, (Ok(()), 2));
    let (result, asked) = ask(&limits, Kind::Once, vec![lost()]).await;
    assert_eq!((result, asked), (Err(Trouble::Api(lost())), 1));
    assert_eq!(
        ask(&limits, Kind::Once, vec![refused(Action::Again)]).await,
        (Ok(()), 2),
        "it was never sent"
    );
}

#[tokio::test]
async fn faults_end() {
    let limits = Limits::lasting(Duration::from_secs(3600));
    let (result, asked) = ask(&limits, Kind::Read, vec![lost(); 99]).await;
    assert_eq!((result, asked), (Err(Trouble::Api(lost())), 5));
}

#[tokio::test]
async fn a_final_answer_is_final() {
    let limits = Limits::lasting(Duration::from_secs(60));
    let answer = refused(Action::Final(ErrorKind::Invalid));
    let (result, asked) = ask(&limits, Kind::Read, vec![answer.clone()]).await;
    assert_eq!((result, asked), (Err(Trouble::Api(answer)), 1));
}
