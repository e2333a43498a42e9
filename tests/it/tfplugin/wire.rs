//! The provider's process as others see it: the host that started it, and those who have no business with it.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use gpuslice::tfplugin::proto::plugin::Empty;
use gpuslice::tfplugin::proto::tfplugin6 as tf;
use rustix::process::{Pid, Signal, kill_process};

use super::host::{Connection, Failure, Identity, Plugin, SOON, Shown, plainly, plugin};
use crate::support::command;
use crate::support::processes::is_alive;

const SCHEMA: &str = "tfplugin6.Provider/GetProviderSchema";
const SHUTDOWN: &str = "plugin.GRPCController/Shutdown";

async fn schema(connection: &Connection) -> Result<tf::get_provider_schema::Response, Failure> {
    connection.call(SCHEMA, &tf::get_provider_schema::Request {}).await
}

/// What somebody who is not the host gets. They must not get an answer, and the host must still get one.
async fn is_refused(plugin: &Plugin, shown: Shown) {
    if let Ok(connection) = plugin.connect_showing(shown).await {
        let answer = schema(&connection).await;
        assert!(matches!(answer, Err(Failure::Connection(_))), "{answer:?}");
    }
    let answer = schema(&plugin.connect().await).await.unwrap();
    assert!(answer.resource_schemas.contains_key("probe_thing"));
}

#[tokio::test]
async fn the_host_is_served() {
    let plugin = Plugin::start();
    let connection = plugin.connect().await;
    let answer = schema(&connection).await.unwrap();
    assert_eq!(answer.diagnostics, []);
    let capabilities = answer.server_capabilities.unwrap();
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
    assert!(capabilities.move_resource_state && !capabilities.generate_resource_config);
}

#[tokio::test]
async fn a_client_without_encryption_is_refused() {
    let plugin = Plugin::start();
    if let Ok(connection) = plugin.connect_plainly().await {
        let answer = schema(&connection).await;
        assert!(matches!(answer, Err(Failure::Connection(_))), "{answer:?}");
    }
    schema(&plugin.connect().await).await.unwrap();
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused() {
    is_refused(&Plugin::start(), Shown::Nothing).await;
}

#[tokio::test]
async fn a_client_with_another_certificate_is_refused() {
    is_refused(&Plugin::start(), Identity::new().shown()).await;
}

#[tokio::test]
async fn a_client_with_the_right_certificate_and_another_key_is_refused() {
    let plugin = Plugin::start();
    let thief = plugin.host.with_key_of(&Identity::new());
    is_refused(&plugin, thief).await;
}

#[tokio::test]
async fn a_stranger_who_says_nothing_keeps_nobody_waiting() {
    let plugin = Plugin::start();
    let _silent = tokio::net::UnixStream::connect(&plugin.socket).await.unwrap();
    schema(&plugin.connect().await).await.unwrap();
}

#[tokio::test]
async fn the_socket_is_in_a_folder_of_one_user() {
    let plugin = Plugin::start();
    let folder = plugin.socket.parent().unwrap();
    assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn shutdown_is_answered_and_ends_the_process() {
    let plugin = Plugin::start();
    let connection = plugin.connect().await;
    schema(&connection).await.unwrap();
    let asked = Instant::now();
    let _: Empty = connection.call(SHUTDOWN, &Empty {}).await.unwrap();
    let output = plugin.process.wait_with_timeout(SOON).success();
    // The host would kill after two seconds. The budget of 3 ms is for a release build on a quiet machine.
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(output.stderr, "");
    assert!(!plugin.socket.parent().unwrap().exists());
}

#[tokio::test]
async fn streams_that_say_nothing_stay_open_until_shutdown() {
    let plugin = Plugin::start();
    let connection = plugin.connect().await;
    let stdio = connection.send("plugin.GRPCStdio/StreamStdio", Vec::new());
    let broker = connection.send("plugin.GRPCBroker/StartStream", Vec::new());
    let mut streams = std::pin::pin!(async { tokio::join!(stdio, broker) });
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut streams).await.is_err());
    let _: Empty = connection.call(SHUTDOWN, &Empty {}).await.unwrap();
    let (_, _) = tokio::time::timeout(SOON, streams).await.expect("the streams end");
    let _ = plugin.process.wait_with_timeout(SOON).success();
}

#[tokio::test]
async fn a_process_without_its_host_ends() {
    // A shell between this test and the provider, so that the provider can lose its parent.
    let shell = {
        let provider = plugin();
        let mut shell = std::process::Command::new("/bin/sh");
        shell.env_clear().envs(provider.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.args(["-c", "\"$0\" & wait"]).arg(provider.get_program());
        shell
    };
    let plugin = Plugin::start_as(shell);
    let connection = plugin.connect().await;
    schema(&connection).await.unwrap();
    kill_process(plugin.process.pid(), Signal::KILL).unwrap();
    connection.close().await;
    let folder = plugin.socket.parent().unwrap();
    let killed = Instant::now();
    while folder.exists() {
        assert!(killed.elapsed() < SOON, "the provider still has its socket");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_host_that_lives_may_connect_again() {
    let mut plugin = Plugin::start();
    for _ in 0..2 {
        let connection = plugin.connect().await;
        schema(&connection).await.unwrap();
        connection.close().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!plugin.process.has_ended());
    }
    // It has gone for good after the last connection closed.
    let _ = plugin.process.wait_with_timeout(SOON).success();
}

#[tokio::test]
async fn interrupts_are_left_to_the_host() {
    let plugin = Plugin::start();
    let connection = plugin.connect().await;
    for _ in 0..2 {
        plugin.process.interrupt();
        tokio::time::sleep(Duration::from_millis(50)).await;
        schema(&connection).await.unwrap();
    }
}

#[tokio::test]
async fn sigterm_stops_the_calls_and_then_waits_for_the_host() {
    let mut plugin = Plugin::start();
    let connection = plugin.connect().await;
    let lookup = super::lookup_request("sleep 1h");
    let call =
        connection.call::<_, tf::read_data_source::Response>("tfplugin6.Provider/ReadDataSource", &lookup);
    let terminate = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        kill_process(plugin.process.pid(), Signal::TERM).unwrap();
    };
    let (answer, ()) = tokio::join!(call, terminate);
    assert_eq!(answer.unwrap().diagnostics[0].detail, "The work was interrupted.");
    assert!(!plugin.process.has_ended());
    connection.close().await;
    let _ = plugin.process.wait_with_timeout(SOON).success();
}

#[tokio::test]
async fn without_a_certificate_in_the_environment_nothing_is_served() {
    let output = command::run(plugin()).exits(1);
    for text in [&output.stdout, &output.stderr] {
        assert!(text.contains("refuses to run unencrypted"), "{output}");
        assert!(text.contains("TF_DISABLE_PLUGIN_TLS"), "{output}");
    }
    assert_eq!(output.stdout.lines().count(), 1, "{output}");
}

#[tokio::test]
async fn a_person_who_starts_it_reads_what_it_is() {
    let mut alone = plugin();
    alone.env_remove("TF_PLUGIN_MAGIC_COOKIE");
    let output = command::run(alone).exits(1);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("This is a provider for Terraform"), "{output}");
    assert!(output.stderr.contains("probe = { source = \"gpuslice/probe\" }"), "{output}");
    let mut version = plugin();
    version.arg("--version");
    assert_eq!(command::run(version).success().stdout, "terraform-provider-probe 0.0.0\n");
}

#[tokio::test]
async fn messages_may_be_large() {
    let plugin = Plugin::start();
    let connection = plugin.connect().await;
    // Five MiB are more than gRPC's usual limit. A msgpack str 32 is 0xdb, four bytes of length, the text.
    let mut text = vec![0xdb];
    text.extend((5u32 << 20).to_be_bytes());
    text.extend(vec![b'x'; 5 << 20]);
    let argument = |msgpack| tf::DynamicValue { msgpack, json: Vec::new() };
    let arguments = vec![argument(vec![0xa1, b'-']), argument(text.clone())];
    let request = tf::call_function::Request { name: "glue".to_owned(), arguments };
    let answer: tf::call_function::Response =
        connection.call("tfplugin6.Provider/CallFunction", &request).await.unwrap();
    assert_eq!(answer.result.unwrap().msgpack, text);
}

#[tokio::test]
async fn what_is_not_served_is_refused_with_a_sentence() {
    let plugin = Plugin::start();
    let connection = plugin.connect().await;
    for method in
        ["ListResource", "OpenEphemeralResource", "ReadStateBytes", "WriteStateBytes", "InvokeAction"]
    {
        let answer = connection.send(&format!("tfplugin6.Provider/{method}"), Vec::new()).await;
        let Err(Failure::Status(12, text)) = answer else { panic!("{method}: {answer:?}") };
        assert!(text.contains(method), "{text}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_message_harm_nobody() {
    let plugin = Plugin::start();
    let connection = plugin.connect().await;
    let answer = connection.send("tfplugin6.Provider/ReadResource", vec![0xff; 100]).await;
    assert!(matches!(answer, Err(Failure::Status(..))), "{answer:?}");
    schema(&connection).await.unwrap();
}

#[tokio::test]
async fn a_panic_is_told_to_the_caller_and_to_the_log() {
    let mut plugin = Plugin::start();
    let connection = plugin.connect().await;
    let answer: tf::read_data_source::Response =
        connection.call("tfplugin6.Provider/ReadDataSource", &super::lookup_request("panic")).await.unwrap();
    assert_eq!(answer.diagnostics[0].summary, "The provider panicked");
    assert!(answer.diagnostics[0].detail.contains("ReadDataSource of probe_lookup: a panic on demand"));
    schema(&connection).await.unwrap();
    plugin.process.wait_until_said("script.rs", SOON);
    let said = plugin.process.said();
    let block = said.split_once('\n').unwrap().1;
    assert!(block.starts_with("panic: a panic on demand\n"), "{said}");
}

#[tokio::test]
async fn the_log_is_silent_unless_asked() {
    let quiet = Plugin::start();
    schema(&quiet.connect().await).await.unwrap();
    assert_eq!(quiet.process.said().lines().count(), 1);

    let mut loud = plugin();
    loud.env("TF_LOG", "OFF").env("TF_LOG_PROVIDER_PROBE", "debug");
    let mut loud = Plugin::start_as(loud);
    schema(&loud.connect().await).await.unwrap();
    loud.process.wait_until_said("\"answered\"", SOON);
    let said = loud.process.said();
    let lines: Vec<serde_json::Value> =
        said.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = lines.iter().find(|line| line["tf_rpc"] == "GetProviderSchema").unwrap();
    assert_eq!(answered["@message"], "answered");
    assert_eq!(answered["@level"], "debug");
    assert!(lines.iter().all(|line| line["@level"] != "trace"), "{said}");
}

#[tokio::test]
async fn a_debugger_is_served_without_encryption_and_stays() {
    let mut debugger = plugin();
    debugger.env_remove("TF_PLUGIN_MAGIC_COOKIE").arg("--debug");
    let mut process = command::spawn(debugger);
    process.wait_until_said("Ctrl-C", SOON);
    let said = process.said();
    let variable = said.split_once("TF_REATTACH_PROVIDERS='").unwrap().1.split_once('\'').unwrap().0;
    let variable: serde_json::Value = serde_json::from_str(variable).unwrap();
    let entry = &variable["registry.terraform.io/gpuslice/probe"];
    let pid = i32::try_from(entry["Pid"].as_i64().unwrap()).unwrap();
    assert!(is_alive(Pid::from_raw(pid).unwrap()));
    let socket = std::path::Path::new(entry["Addr"]["String"].as_str().unwrap());
    assert_eq!(std::fs::metadata(socket.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);

    for _ in 0..2 {
        let connection = plainly(socket).await.unwrap();
        schema(&connection).await.unwrap();
        let _: Empty = connection.call(SHUTDOWN, &Empty {}).await.unwrap();
    }
    process.interrupt();
    let _ = process.wait_with_timeout(SOON).success();
    assert!(!socket.exists());
}
