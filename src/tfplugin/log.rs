//! Logs the way hosts read them: one JSON object a line on standard error, in the shape of `HashiCorp`'s hclog.
//!
//! Without one of the `TF_LOG` variables nothing is installed at all, since the host would throw the lines away.

mod fields;
#[cfg(test)]
mod tests;

use std::io::Write;

use serde_json::{Map, Value as Json};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Scope};

use fields::Fields;

/// The crate that this module is part of, whose own events are always heard.
const FRAME: &str = env!("CARGO_CRATE_NAME");

/// Switches logging on if the environment asks for it.
///
/// `name` is the provider's: `gpuslice` is heard under `TF_LOG_PROVIDER_GPUSLICE`, `TF_LOG_PROVIDER` and `TF_LOG`,
/// the first that is set. `targets` are the crates whose events may be written. Libraries stay silent, because some
/// of them log headers, and with them credentials, at their lowest level.
pub(super) fn install(name: &str, targets: &'static [&'static str]) {
    #[expect(
        clippy::disallowed_methods,
        reason = "hosts say by variables what is logged; this is the one reader"
    )]
    let read = |variable: &str| std::env::var(variable).ok();
    let Some(level) = level(name, read) else { return };
    let layer = HostLog { level, targets, output: std::io::stderr };
    let subscriber = tracing_subscriber::registry().with(layer);
    // It fails only where a subscriber is installed already, and then that one is what its owner wants.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// The lowest level to write, or `None` for silence.
fn level(name: &str, variable: impl Fn(&str) -> Option<String>) -> Option<Level> {
    let own = format!("TF_LOG_PROVIDER_{}", name.to_uppercase().replace('-', "_"));
    let wish = [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()))?;
    match wish.to_uppercase().as_str() {
        "OFF" => None,
        "ERROR" => Some(Level::ERROR),
        "WARN" => Some(Level::WARN),
        "INFO" => Some(Level::INFO),
        "DEBUG" => Some(Level::DEBUG),
        // "TRACE", "JSON" (Terraform's own logs as JSON, at the lowest level), and what Terraform does with a word
        // that it does not know.
        _ => Some(Level::TRACE),
    }
}

/// Writes events of some crates, from a level on, to an output.
struct HostLog<W> {
    level: Level,
    targets: &'static [&'static str],
    output: W,
}

impl<W> HostLog<W> {
    /// Spans are kept whatever their level: they say which resource an event is about.
    fn hears(&self, metadata: &Metadata<'_>) -> bool {
        let root = metadata.target().split("::").next().unwrap_or_default();
        let ours = root == FRAME || self.targets.contains(&root);
        ours && (metadata.is_span() || *metadata.level() <= self.level)
    }
}

impl<S, W, O> Layer<S> for HostLog<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn() -> O + 'static,
    O: Write,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.hears(metadata)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = ctx.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut line = Map::new();
        for span in ctx.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.extend(fields.0.clone());
            }
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        // Terraform itself panics on a message that is not a string.
        let message = match fields.0.remove("message") {
            Some(Json::String(message)) => message,
            Some(other) => other.to_string(),
            None => String::new(),
        };
        line.extend(fields.0);
        line.insert("@level".to_owned(), event.metadata().level().as_str().to_lowercase().into());
        line.insert("@message".to_owned(), message.into());
        line.insert("@module".to_owned(), event.metadata().target().replace("::", ".").into());
        line.insert("@timestamp".to_owned(), timestamp(time::OffsetDateTime::now_utc()).into());
        let mut text = Json::Object(line).to_string();
        text.push('\n');
        // One write, so that lines of two threads do not mix. A host that does not read gets no log, and no error.
        let _ = (self.output)().write_all(text.as_bytes());
    }
}

/// RFC 3339 in UTC with exactly six digits: a host takes a line with any other form for plain text.
fn timestamp(at: time::OffsetDateTime) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.microsecond()
    )
}
