//! The procedures, called in this process: what a well-behaved Terraform never shows.

use std::time::{Duration, Instant};

use gpuslice::tfplugin::codec::msgpack;
use gpuslice::tfplugin::proto::tfplugin6 as tf;
use gpuslice::tfplugin::proto::tfplugin6::provider_server::Provider as _;
use gpuslice::tfplugin::rpc::Service;
use gpuslice::tfplugin::type_::Type;
use gpuslice::tfplugin::value::Value;
use proptest::prelude::*;
use tonic::Request;

use super::probe::{Probe, thing_type};

fn service() -> Service {
    Service::new(Probe::default())
}

/// The answer of a procedure, which always has one.
macro_rules! call {
    ($service:expr, $method:ident, $request:expr) => {
        $service.$method(Request::new($request)).await.unwrap().into_inner()
    };
}

fn packed(value: &Value, ty: &Type) -> Option<tf::DynamicValue> {
    Some(tf::DynamicValue { msgpack: msgpack::encode(value, ty).unwrap(), json: Vec::new() })
}

fn unpacked(value: Option<tf::DynamicValue>, ty: &Type) -> Value {
    msgpack::decode(&value.unwrap().msgpack, ty).unwrap()
}

/// A `probe_thing` that holds these attributes and is otherwise null.
fn thing<const N: usize>(given: [(&str, Value); N]) -> Value {
    let Type::Object(attributes) = thing_type() else { panic!("a resource is an object") };
    let mut value = Value::object(attributes.keys().map(|name| (name.as_str(), Value::Null)));
    for (name, given) in given {
        value.set_at(&name.into(), given).unwrap();
    }
    value
}

fn scripts(operation: &str, script: &str) -> Value {
    let text = |name: &str| if name == operation { Value::from(script) } else { Value::Null };
    Value::object(["create", "read", "update", "delete"].map(|name| (name, text(name))))
}

fn named() -> (&'static str, Value) {
    ("name", Value::from("pear"))
}

fn read_request(state: &Value) -> tf::read_resource::Request {
    tf::read_resource::Request {
        type_name: "probe_thing".to_owned(),
        current_state: packed(state, &thing_type()),
        private: b"kept".to_vec(),
        ..Default::default()
    }
}

fn identity(name: &str) -> Option<tf::ResourceIdentityData> {
    let identity_data = packed(&Value::object([("name", Value::from(name))]), &identity_type());
    Some(tf::ResourceIdentityData { identity_data })
}

fn identity_type() -> Type {
    Type::object([("name", Type::String)])
}

#[tokio::test]
async fn a_stop_ends_the_running_calls_and_only_those() {
    let service = service();
    let read = |script: &str| {
        let service = service.clone();
        let request = super::lookup_request(script);
        tokio::spawn(async move { call!(service, read_data_source, request) })
    };
    let running = read("sleep 1h");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let asked = Instant::now();
    assert_eq!(call!(service, stop_provider, tf::stop_provider::Request {}).error, "");
    assert!(asked.elapsed() < Duration::from_secs(1));
    assert_eq!(running.await.unwrap().diagnostics[0].detail, "The work was interrupted.");
    assert_eq!(read("sleep 100ms").await.unwrap().diagnostics, []);
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_asked_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let service = service();
    let ty = Type::object([("store", Type::String), ("script", Type::String)]);
    let store = Value::from(folder.path().to_str().unwrap());
    let config = packed(&Value::object([("store", store), ("script", Value::Null)]), &ty);
    let request = tf::configure_provider::Request { config, ..Default::default() };
    assert_eq!(call!(service, configure_provider, request).diagnostics, []);

    // The script ends with "ready" in the store's file only if the wait was interrupted and the call went on.
    let config = thing([named(), ("on", scripts("create", "sleep 1h or warn"))]);
    let planned =
        thing([named(), ("note", Value::from("left")), ("on", scripts("create", "sleep 1h or warn"))]);
    let request = tf::apply_resource_change::Request {
        type_name: "probe_thing".to_owned(),
        prior_state: packed(&Value::Null, &thing_type()),
        planned_state: packed(&planned, &thing_type()),
        config: packed(&config, &thing_type()),
        ..Default::default()
    };
    let object = folder.path().join("thing-pear");
    let call = service.apply_resource_change(Request::new(request));
    assert!(tokio::time::timeout(Duration::from_millis(200), call).await.is_err());
    std::fs::remove_file(&object).expect("the create has begun");
    // The work goes on to its end, and writes the object anew.
    while !object.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn private_state_and_identity_are_always_sent_again() {
    let service = service();
    for script in ["", "warn", "fail", "panic"] {
        let state = thing([named(), ("on", scripts("read", script))]);
        let answer = call!(service, read_resource, read_request(&state));
        assert_eq!(answer.private, b"kept", "{script}");
        assert_eq!(unpacked(answer.new_state, &thing_type()).lookup("name"), &Value::from("pear"));
    }
    // A state that is not more than an id has no identity of its own yet.
    let bare = thing([("id", Value::from("thing-pear"))]);
    let request = tf::read_resource::Request { current_identity: identity("pear"), ..read_request(&bare) };
    assert_eq!(call!(service, read_resource, request).new_identity, identity("pear"));
}

#[tokio::test]
async fn a_failed_update_or_delete_without_a_checkpoint_answers_null() {
    let service = service();
    for (operation, planned) in [("update", true), ("delete", false)] {
        for script in ["fail", "panic"] {
            let state = thing([named(), ("on", scripts(operation, script))]);
            let planned = if planned { state.clone() } else { Value::Null };
            let request = tf::apply_resource_change::Request {
                type_name: "probe_thing".to_owned(),
                prior_state: packed(&state, &thing_type()),
                planned_state: packed(&planned, &thing_type()),
                config: packed(&planned, &thing_type()),
                planned_private: b"kept".to_vec(),
                ..Default::default()
            };
            let answer = call!(service, apply_resource_change, request);
            assert_eq!(unpacked(answer.new_state, &thing_type()), Value::Null);
            assert_eq!(answer.diagnostics.len(), 1);
        }
    }
}

#[tokio::test]
async fn identities_are_announced_and_imported_by() {
    let service = service();
    let schemas = call!(service, get_resource_identity_schemas, Default::default()).identity_schemas;
    assert_eq!(schemas.keys().collect::<Vec<_>>(), ["probe_thing"]);
    let attribute = &schemas["probe_thing"].identity_attributes[0];
    assert!(attribute.name == "name" && attribute.required_for_import && !attribute.optional_for_import);
    assert_eq!(attribute.r#type, b"\"string\"");

    let request = tf::import_resource_state::Request {
        type_name: "probe_thing".to_owned(),
        identity: identity("pear"),
        ..Default::default()
    };
    let mut answer = call!(service, import_resource_state, request.clone());
    let imported = answer.imported_resources.remove(0);
    assert_eq!(imported.identity, identity("pear"));
    assert_eq!(unpacked(imported.state, &thing_type()).lookup("id"), &Value::from("thing-pear"));
    assert_eq!(imported.private, b"imported");
    let answer = call!(service, read_resource, read_request(&thing([named()])));
    assert_eq!(answer.new_identity, identity("pear"));

    let raw = |json: &str| Some(tf::RawState { json: json.as_bytes().to_vec(), ..Default::default() });
    let mut upgrade = tf::upgrade_resource_identity::Request {
        type_name: "probe_thing".to_owned(),
        version: 0,
        raw_identity: raw(r#"{"name":"pear"}"#),
    };
    let answer = call!(service, upgrade_resource_identity, upgrade.clone());
    assert_eq!(answer.upgraded_identity, identity("pear"));
    upgrade.version = 7;
    assert_eq!(call!(service, upgrade_resource_identity, upgrade).diagnostics.len(), 1);

    let other = tf::import_resource_state::Request { type_name: "probe_counter".to_owned(), ..request };
    assert_eq!(
        call!(service, import_resource_state, other).diagnostics[0].summary,
        "probe_counter cannot be imported"
    );
}

#[tokio::test]
async fn an_object_that_stays_keeps_its_identity_in_the_plan() {
    let service = service();
    let state = thing([named(), ("id", Value::from("thing-pear")), ("letters", Value::number(4))]);
    let plan = |config: Value| tf::plan_resource_change::Request {
        type_name: "probe_thing".to_owned(),
        prior_state: packed(&state, &thing_type()),
        proposed_new_state: packed(&config, &thing_type()),
        config: packed(&config, &thing_type()),
        prior_identity: identity("pear"),
        ..Default::default()
    };
    let update = plan(thing([named(), ("note", Value::from("ripe"))]));
    assert_eq!(call!(service, plan_resource_change, update).planned_identity, identity("pear"));
    let replace = plan(thing([("name", Value::from("plum"))]));
    let answer = call!(service, plan_resource_change, replace);
    assert_eq!(answer.requires_replace.len(), 1);
    assert_eq!(answer.planned_identity, None);
}

#[tokio::test]
async fn hosts_that_name_a_provider_briefly_can_move_too() {
    let service = service();
    for address in ["registry.terraform.io/gpuslice/probe", "probe"] {
        let request = tf::move_resource_state::Request {
            source_provider_address: address.to_owned(),
            source_type_name: "probe_counter".to_owned(),
            source_schema_version: 2,
            source_state: Some(tf::RawState { json: br#"{"name":"pear"}"#.to_vec(), ..Default::default() }),
            target_type_name: "probe_thing".to_owned(),
            ..Default::default()
        };
        let answer = call!(service, move_resource_state, request.clone());
        assert_eq!(unpacked(answer.target_state, &thing_type()).lookup("name"), &Value::from("pear"));
        assert_eq!((answer.target_private, answer.target_identity), (b"moved".to_vec(), identity("pear")));

        let unknown =
            tf::move_resource_state::Request { source_type_name: "other_thing".to_owned(), ..request };
        let said = call!(service, move_resource_state, unknown).diagnostics.remove(0);
        assert_eq!(said.summary, "other_thing cannot be moved to probe_thing");
        assert!(said.detail.contains("terraform_data, probe_counter"), "{}", said.detail);
    }
}

#[tokio::test]
async fn what_the_provider_offers_is_listed() {
    let service = service();
    let metadata = call!(service, get_metadata, Default::default());
    let resources: Vec<_> = metadata.resources.into_iter().map(|resource| resource.type_name).collect();
    assert_eq!(resources, ["probe_counter", "probe_thing"]);
    assert_eq!(metadata.data_sources[0].type_name, "probe_lookup");
    let schema = call!(service, get_provider_schema, Default::default());
    let functions = call!(service, get_functions, Default::default());
    assert_eq!(schema.functions, functions.functions);
    assert!(functions.functions["glue"].variadic_parameter.is_some());
    assert_eq!(functions.functions["kind"].parameters[0].r#type, b"\"dynamic\"");
}

#[tokio::test]
async fn the_schema_crosses_the_wire_whole() {
    let schemas = call!(service(), get_provider_schema, Default::default()).resource_schemas;
    let mut text = String::new();
    show(schemas["probe_thing"].block.as_ref().unwrap(), "", &mut text);
    insta::assert_snapshot!(text, @r#"
    id "string" computed
    name "string" required
    note "string" optional computed
    tags ["map","string"] optional
    secret "string" optional sensitive
    status "string" computed
    size Single optional computed
      width "number" optional computed
      height "number" optional computed
      unit "string" optional computed
    letters "number" computed
    summary Single computed
      title "string" computed
      text "string" computed
    on Single optional
      create "string" optional
      read "string" optional
      update "string" optional
      delete "string" optional
    timeouts block Single
      create "string" optional
      read "string" optional
      update "string" optional
      delete "string" optional
    "#);
}

/// One line for each attribute and block.
fn show(block: &tf::schema::Block, indent: &str, out: &mut String) {
    show_attributes(&block.attributes, indent, out);
    for nested in &block.block_types {
        out.push_str(&format!("{indent}{} block {:?}\n", nested.type_name, nested.nesting()));
        show(nested.block.as_ref().unwrap(), &format!("{indent}  "), out);
    }
}

fn show_attributes(attributes: &[tf::schema::Attribute], indent: &str, out: &mut String) {
    for attribute in attributes {
        let flags = [
            (attribute.required, "required"),
            (attribute.optional, "optional"),
            (attribute.computed, "computed"),
            (attribute.sensitive, "sensitive"),
            (attribute.deprecated, "deprecated"),
            (attribute.write_only, "write-only"),
        ];
        let flags: Vec<_> = flags.into_iter().filter_map(|(set, name)| set.then_some(name)).collect();
        let nested = attribute.nested_type.as_ref();
        let ty = match nested {
            Some(object) => format!("{:?}", object.nesting()),
            None => String::from_utf8(attribute.r#type.clone()).unwrap(),
        };
        out.push_str(&format!("{indent}{} {ty} {}\n", attribute.name, flags.join(" ")));
        if let Some(object) = nested {
            show_attributes(&object.attributes, &format!("{indent}  "), out);
        }
    }
}

#[tokio::test]
async fn types_that_are_not_offered_are_named() {
    let service = service();
    let request = tf::read_resource::Request { type_name: "probe_nothing".to_owned(), ..Default::default() };
    let said = call!(service, read_resource, request).diagnostics.remove(0);
    assert_eq!(said.summary, "No such resource type");
    assert!(said.detail.contains("\"probe_nothing\""), "{}", said.detail);
    let request =
        tf::read_data_source::Request { type_name: "probe_nothing".to_owned(), ..Default::default() };
    assert_eq!(call!(service, read_data_source, request).diagnostics[0].summary, "No such data source type");
    let request = tf::call_function::Request { name: "nothing".to_owned(), arguments: Vec::new() };
    assert!(call!(service, call_function, request).error.unwrap().text.contains("no function nothing"));
    let request = tf::call_function::Request { name: "kind".to_owned(), arguments: Vec::new() };
    assert!(
        call!(service, call_function, request)
            .error
            .unwrap()
            .text
            .contains("takes 1 arguments, 0 were given")
    );
}

#[tokio::test]
async fn a_damaged_state_is_told_with_the_place_of_the_damage() {
    let service = service();
    let damaged = br#"{"name":"pear","size":{"width":[]}}"#.to_vec();
    let request = tf::upgrade_resource_state::Request {
        type_name: "probe_thing".to_owned(),
        version: 0,
        raw_state: Some(tf::RawState { json: damaged, ..Default::default() }),
    };
    let said = call!(service, upgrade_resource_state, request.clone()).diagnostics.remove(0);
    assert_eq!(said.summary, "The stored state cannot be read");
    assert_eq!(said.attribute.unwrap().steps.len(), 2);
    let newer = tf::upgrade_resource_state::Request { version: 3, ..request.clone() };
    let said = call!(service, upgrade_resource_state, newer).diagnostics.remove(0);
    assert_eq!(said.summary, "The state is of a newer version of the provider");
    let ancient = tf::upgrade_resource_state::Request { raw_state: None, ..request };
    assert_eq!(call!(service, upgrade_resource_state, ancient).diagnostics.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever bytes come, there is an answer, and it is no panic.
    #[test]
    fn bytes_that_are_no_value_are_a_diagnostic(bytes in prop::collection::vec(any::<u8>(), 1..40), json in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let said = runtime.block_on(answers_to(bytes, json));
        for diagnostics in said {
            for diagnostic in diagnostics {
                prop_assert_ne!(diagnostic.summary, "The provider panicked");
            }
        }
    }
}

/// The one byte that is a value: null, where an object has to be.
#[tokio::test]
async fn null_where_an_object_has_to_be_is_no_panic() {
    for (bytes, json) in [(vec![0xc0], false), (b"null".to_vec(), true)] {
        for diagnostic in answers_to(bytes.clone(), json).await.concat() {
            assert_ne!(diagnostic.summary, "The provider panicked", "{}", diagnostic.detail);
        }
    }
}

/// What every procedure that takes values says to these bytes.
async fn answers_to(bytes: Vec<u8>, json: bool) -> Vec<Vec<tf::Diagnostic>> {
    let service = service();
    let type_name = || "probe_thing".to_owned();
    let raw = || Some(tf::RawState { json: bytes.clone(), ..Default::default() });
    let value = || {
        Some(if json {
            tf::DynamicValue { msgpack: Vec::new(), json: bytes.clone() }
        } else {
            tf::DynamicValue { msgpack: bytes.clone(), json: Vec::new() }
        })
    };
    let mut said = Vec::new();
    let request = tf::validate_provider_config::Request { config: value() };
    said.push(call!(service, validate_provider_config, request).diagnostics);
    let request = tf::configure_provider::Request { config: value(), ..Default::default() };
    said.push(call!(service, configure_provider, request).diagnostics);
    let request = tf::validate_resource_config::Request {
        type_name: type_name(),
        config: value(),
        ..Default::default()
    };
    said.push(call!(service, validate_resource_config, request).diagnostics);
    let request =
        tf::validate_data_resource_config::Request { type_name: "probe_lookup".to_owned(), config: value() };
    said.push(call!(service, validate_data_resource_config, request).diagnostics);
    let request =
        tf::upgrade_resource_state::Request { type_name: type_name(), version: 0, raw_state: raw() };
    said.push(call!(service, upgrade_resource_state, request).diagnostics);
    let request =
        tf::upgrade_resource_identity::Request { type_name: type_name(), version: 0, raw_identity: raw() };
    said.push(call!(service, upgrade_resource_identity, request).diagnostics);
    let request =
        tf::read_resource::Request { type_name: type_name(), current_state: value(), ..Default::default() };
    said.push(call!(service, read_resource, request).diagnostics);
    let request = tf::plan_resource_change::Request {
        type_name: type_name(),
        prior_state: value(),
        proposed_new_state: value(),
        config: value(),
        ..Default::default()
    };
    said.push(call!(service, plan_resource_change, request).diagnostics);
    let request = tf::apply_resource_change::Request {
        type_name: type_name(),
        prior_state: value(),
        planned_state: value(),
        config: value(),
        ..Default::default()
    };
    said.push(call!(service, apply_resource_change, request).diagnostics);
    let request = tf::import_resource_state::Request {
        type_name: type_name(),
        identity: Some(tf::ResourceIdentityData { identity_data: value() }),
        ..Default::default()
    };
    said.push(call!(service, import_resource_state, request).diagnostics);
    let request = tf::move_resource_state::Request {
        target_type_name: type_name(),
        source_state: raw(),
        source_identity: raw(),
        ..Default::default()
    };
    said.push(call!(service, move_resource_state, request).diagnostics);
    let request = tf::read_data_source::Request {
        type_name: "probe_lookup".to_owned(),
        config: value(),
        ..Default::default()
    };
    said.push(call!(service, read_data_source, request).diagnostics);
    let arguments = vec![value().unwrap()];
    let called =
        call!(service, call_function, tf::call_function::Request { name: "kind".to_owned(), arguments });
    let summary = called.error.map(|error| error.text).unwrap_or_default();
    said.push(vec![tf::Diagnostic { summary, ..Default::default() }]);
    said
}
