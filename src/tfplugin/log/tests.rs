use std::io;
use std::sync::{Arc, Mutex};

use super::*;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that `events` logs.
fn lines(level: Level, events: impl FnOnce()) -> Vec<Json> {
    let sink = Sink::default();
    let output = sink.clone();
    let layer = HostLog { level, targets: &["spoken"], output: move || output.clone() };
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), events);
    let bytes = sink.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_line_has_the_four_keys_and_the_fields_of_its_spans() {
    let lines = lines(Level::DEBUG, || {
        let span = tracing::info_span!(target: "spoken::rpc", "call", tf_rpc = "ReadResource");
        span.in_scope(
            || tracing::warn!(target: "spoken::cloud", pools = 3, ready = false, "slow {}", "answer"),
        );
    });
    let line = &lines[0];
    assert_eq!(line["@level"], "warn");
    assert_eq!(line["@message"], "slow answer");
    assert_eq!(line["@module"], "spoken.cloud");
    assert_eq!(line["tf_rpc"], "ReadResource");
    assert_eq!(line["pools"], 3);
    assert_eq!(line["ready"], false);
    assert_eq!(line["@timestamp"].as_str().unwrap().len(), "2006-01-02T15:04:05.000000Z".len());
    assert_eq!(lines.len(), 1);
}

#[test]
fn lower_levels_and_other_crates_are_silent() {
    let lines = lines(Level::INFO, || {
        let foreign = tracing::info_span!(target: "h2::codec", "frame", header = "Bearer secret");
        let _inside = foreign.enter();
        tracing::debug!(target: "spoken", "too low");
        tracing::error!(target: "h2::codec", "authorization: Bearer secret");
        tracing::error!(target: "spokenish", "not ours");
        tracing::info!(target: "spoken", "heard");
    });
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["@message"], "heard");
    assert_eq!(lines[0].get("header"), None);
}

#[test]
fn a_message_is_always_a_string_and_never_too_long_for_a_line() {
    let long = "é".repeat(50_000);
    let lines = lines(Level::TRACE, || {
        tracing::info!(target: "spoken", message = 7);
        tracing::info!(target: "spoken", "{long}");
        tracing::info!(target: "spoken", only = "fields");
    });
    assert_eq!(lines[0]["@message"], "7");
    let cut = lines[1]["@message"].as_str().unwrap();
    assert!(cut.len() < 10_000 && cut.ends_with("(100000 bytes in all)"), "{}", cut.len());
    assert_eq!(lines[2]["@message"], "");
}

#[test]
fn the_nearest_variable_decides() {
    let with = |variables: &'static [(&str, &str)]| {
        level("gpu-slice", move |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    };
    assert_eq!(with(&[]), None);
    assert_eq!(with(&[("TF_LOG", "")]), None);
    assert_eq!(with(&[("TF_LOG", "debug")]), Some(Level::DEBUG));
    assert_eq!(with(&[("TF_LOG", "JSON")]), Some(Level::TRACE));
    assert_eq!(with(&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "WARN")]), Some(Level::WARN));
    assert_eq!(with(&[("TF_LOG_PROVIDER", "WARN"), ("TF_LOG_PROVIDER_GPU_SLICE", "off")]), None);
}

#[test]
fn time_stamps_have_the_one_form_that_hosts_read() {
    let at = time::OffsetDateTime::from_unix_timestamp_nanos(1_136_214_245_000_042_999).unwrap();
    assert_eq!(timestamp(at), "2006-01-02T15:04:05.000042Z");
}
