//! Headers that Resource Manager puts on every answer: ids for its support, and what is left of the caller's calls.

use crate::sandbox::clock::{Millis, rfc3339};
use crate::sandbox::exchange::{Answer, Call};
use crate::sandbox::random::Random;

/// Adds them. `remaining` is what is left in the bucket of the call; none where it was not counted.
pub(super) fn dress(
    mut answer: Answer,
    call: &Call,
    now: Millis,
    remaining: Option<u32>,
    random: &mut Random,
) -> Answer {
    let request = random.uuid();
    let correlation =
        call.header("x-ms-correlation-request-id").map_or_else(|| request.clone(), str::to_owned);
    let mut put = |name: &'static str, value: String| answer.headers.push((name, value));
    // The form is Azure's: where the request came in, when, and its id.
    let compact: String = rfc3339(now).chars().filter(|c| !matches!(c, '-' | ':')).take(15).collect();
    put("x-ms-routing-request-id", format!("SANDBOX:{compact}Z:{request}"));
    put("x-ms-request-id", request);
    put("x-ms-correlation-request-id", correlation);
    put("x-content-type-options", "nosniff".to_owned());
    put("cache-control", "no-cache".to_owned());
    if call.header("x-ms-return-client-request-id").is_some_and(|wanted| wanted.eq_ignore_ascii_case("true"))
        && let Some(id) = call.header("x-ms-client-request-id")
    {
        put("x-ms-client-request-id", id.to_owned());
    }
    if let Some(remaining) = remaining {
        let (name, global) = match call.method.as_str() {
            "GET" => (
                "x-ms-ratelimit-remaining-subscription-reads",
                "x-ms-ratelimit-remaining-subscription-global-reads",
            ),
            "DELETE" => (
                "x-ms-ratelimit-remaining-subscription-deletes",
                "x-ms-ratelimit-remaining-subscription-global-deletes",
            ),
            _ => (
                "x-ms-ratelimit-remaining-subscription-writes",
                "x-ms-ratelimit-remaining-subscription-global-writes",
            ),
        };
        put(name, remaining.to_string());
        // The subscription as a whole has fifteen times as much (source: Azure Resource Manager documentation).
        put(global, (remaining * 15).to_string());
    }
    answer
}
