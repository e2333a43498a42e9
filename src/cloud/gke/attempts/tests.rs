use std::cell::RefCell;
use std::time::Instant;

use super::*;
use crate::cloud::gke::errors::Refusal;
use crate::cloud::http::NoAnswer;

fn refused(http: u16, status: &str) -> ApiError {
    ApiError::Refused(Box::new(Refusal {
        http,
        status: status.to_owned(),
        message: "busy elsewhere".to_owned(),
        reasons: Vec::new(),
        request_id: None,
        retry_after: Some(Duration::from_millis(1)),
        from_google: true,
    }))
}

fn lost() -> ApiError {
    ApiError::NoAnswer(NoAnswer::Lost { host: "h".into(), why: "cut".into() })
}

/// Answers with these errors, then with success; returns the result and how often it was asked.
async fn ask(limits: &Limits, kind: Kind, errors: Vec<ApiError>) -> (Result<(), Trouble>, usize) {
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
        let errors =
            vec![refused(400, "FAILED_PRECONDITION"), refused(429, ""), refused(400, "FAILED_PRECONDITION")];
        assert_eq!(ask(&limits, kind, errors).await, (Ok(()), 4));
    }
}

#[tokio::test]
async fn a_wait_that_ends_tells_what_it_waited_for() {
    let limits = Limits::lasting(Duration::from_millis(50));
    let begun = Instant::now();
    let (result, asked) = ask(&limits, Kind::Once, vec![refused(400, "FAILED_PRECONDITION"); 999]).await;
    assert_eq!(
        result,
        Err(Trouble::Stopped { why: Stopped::TimedOut, waited_for: Some("busy elsewhere".to_owned()) })
    );
    assert!(asked > 1);
    assert!(begun.elapsed() < Duration::from_secs(2));
    let shown = result.unwrap_err().explain("create the node pool x", Duration::from_secs(60));
    assert!(
        shown.summary.contains("the cluster was busy") && shown.detail.contains("busy elsewhere."),
        "{shown}"
    );
}

#[tokio::test]
async fn faults_are_tried_again_only_where_that_is_safe() {
    let limits = Limits::lasting(Duration::from_secs(3600));
    assert_eq!(ask(&limits, Kind::Read, vec![lost(), refused(503, "")]).await, (Ok(()), 3));
    assert_eq!(ask(&limits, Kind::Repeatable, vec![lost()]).await, (Ok(()), 2));
    let (result, asked) = ask(&limits, Kind::Once, vec![lost()]).await;
    assert_eq!((result, asked), (Err(Trouble::Api(lost())), 1));
    let unsent = ApiError::NoAnswer(NoAnswer::NotSent { host: "h".into(), why: "refused".into() });
    assert_eq!(ask(&limits, Kind::Once, vec![unsent]).await, (Ok(()), 2));
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
    let (result, asked) = ask(&limits, Kind::Read, vec![refused(400, "INVALID_ARGUMENT")]).await;
    assert_eq!((result, asked), (Err(Trouble::Api(refused(400, "INVALID_ARGUMENT"))), 1));
}
