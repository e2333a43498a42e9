//! Lists in pieces, forms, discovery, and what a server says of itself.

use super::*;

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_list_comes_in_pieces() {
    let mut desk = Desk::new();
    for name in ["a", "b", "c"] {
        desk.config_map(name, &json!({}));
    }
    let path = "/api/v1/namespaces/default/configmaps";
    let first = desk.get(&format!("{path}?limit=2"));
    assert_eq!(
        (names(&first), &first["metadata"]["remainingItemCount"]),
        (vec!["a".into(), "b".into()], &json!(1))
    );
    assert_eq!((&first["kind"], first["items"][0].get("kind")), (&json!("ConfigMapList"), None));
    let token = first["metadata"]["continue"].as_str().unwrap();
    let rest = desk.get(&format!("{path}?limit=2&continue={}", token.replace('=', "%3D")));
    assert_eq!(names(&rest), ["c"]);
    assert_eq!(rest["metadata"].get("continue"), None);
    assert_eq!(desk.refused("GET", &format!("{path}?continue=nonsense"), &Value::Null).0, 400);
    assert_eq!(names(&desk.get("/api/v1/configmaps")).len(), 3, "all namespaces");
}

#[test]
fn selectors_choose_and_unknown_fields_are_refused() {
    let mut desk = Desk::with(Stack::Nothing, vec![machine("n1"), machine("n2")]);
    desk.patch("merge-patch+json", "/api/v1/nodes/n2", &json!({"metadata": {"labels": {"pool": "cpu"}}}));
    assert_eq!(names(&desk.get("/api/v1/nodes?labelSelector=pool%3Dgpu")), ["n1"]);
    assert_eq!(names(&desk.get("/api/v1/nodes?fieldSelector=metadata.name%3Dn2")), ["n2"]);
    let (code, _, message) =
        desk.refused("GET", "/api/v1/nodes?fieldSelector=spec.color%3Dred", &Value::Null);
    assert!(code == 400 && message.contains("field label not supported: spec.color"), "{message}");
}

#[test]
fn tables_and_metadata_are_forms_of_the_same() {
    let mut desk = Desk::with(Stack::Nothing, vec![machine("n1")]);
    let mut list = call("GET", "/api/v1/nodes", &Value::Null);
    list.headers.insert("accept", "application/json;as=Table;v=v1;g=meta.k8s.io".parse().unwrap());
    let (_, table, _) = desk.send(&list);
    let columns: Vec<_> =
        table["columnDefinitions"].as_array().unwrap().iter().map(|column| column["name"].clone()).collect();
    assert_eq!(columns[..5], ["Name", "Status", "Roles", "Age", "Version"].map(|name| json!(name)));
    assert_eq!(table["rows"][0]["cells"][1], "Ready");
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    list.headers.insert(
        "accept",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io".parse().unwrap(),
    );
    let (_, metadata, _) = desk.send(&list);
    assert_eq!(
        (&metadata["kind"], metadata["items"][0].get("spec")),
        (&json!("PartialObjectMetadataList"), None)
    );
}

#[test]
fn discovery_names_every_resource_in_both_forms() {
    let mut desk = Desk::new();
    let groups = desk.get("/apis");
    let names: Vec<_> =
        groups["groups"].as_array().unwrap().iter().map(|group| group["name"].clone()).collect();
    assert!(names.contains(&json!("apps")) && names.contains(&json!("authorization.k8s.io")), "{names:?}");
    let core = desk.get("/api/v1");
    let all: Vec<_> =
        core["resources"].as_array().unwrap().iter().map(|found| found["name"].clone()).collect();
    assert!(all.contains(&json!("nodes/status")) && all.contains(&json!("pods/eviction")), "{all:?}");
    let mut aggregated = call("GET", "/apis", &Value::Null);
    let form = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    aggregated.headers.insert("accept", form.parse().unwrap());
    let (_, list, _) = desk.send(&aggregated);
    assert_eq!(list["kind"], "APIGroupDiscoveryList");
    assert_eq!(desk.refused("GET", "/apis/none.example", &Value::Null).0, 404);
    assert_eq!(desk.get("/version")["minor"], "34");
    assert_eq!(desk.get("/readyz"), "ok");
}

#[test]
fn a_definition_adds_a_resource() {
    let mut desk = Desk::new();
    let definition = json!({"metadata": {"name": "toys.example.com"}, "spec": {"group": "example.com",
        "names": {"plural": "toys", "kind": "Toy"}, "scope": "Namespaced", "versions": [{"name": "v1",
        "served": true, "storage": true, "subresources": {"status": {}}, "additionalPrinterColumns":
        [{"name": "Color", "type": "string", "jsonPath": ".spec.color"}]}]}});
    let mut definition = definition;
    (definition["apiVersion"], definition["kind"]) =
        (json!("apiextensions.k8s.io/v1"), json!("CustomResourceDefinition"));
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let made = desk.ok("POST", path, &definition);
    assert_eq!(made["status"]["conditions"][1]["type"], "Established");
    let toy = json!({"apiVersion": "example.com/v1", "kind": "Toy", "metadata": {"name": "t"}, "spec": {"color": "red"}});
    desk.ok("POST", "/apis/example.com/v1/namespaces/default/toys", &toy);
    let mut list = call("GET", "/apis/example.com/v1/toys", &Value::Null);
    list.headers.insert("accept", "application/json;as=Table;v=v1;g=meta.k8s.io".parse().unwrap());
    let (_, table, _) = desk.send(&list);
    assert_eq!(table["columnDefinitions"][1]["name"], "Color");
    assert_eq!(table["rows"][0]["cells"][1], "red");
    desk.ok("DELETE", &format!("{path}/toys.example.com"), &Value::Null);
    assert_eq!(desk.refused("GET", "/apis/example.com/v1/toys", &Value::Null).0, 404);
}

#[test]
fn reviews_answer_and_openapi_says_how_lists_merge() {
    let mut desk = Desk::new();
    let question = json!({"spec": {"resourceAttributes": {"verb": "list", "resource": "nodes"}}});
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    assert_eq!(desk.ok("POST", path, &question)["status"]["allowed"], true);
    let fault =
        json!({"kind": "permission", "match": {"cloud": "kubernetes", "verb": "list", "resource": "nodes"}});
    desk.faults.add(&fault).unwrap();
    assert_eq!(desk.ok("POST", path, &question)["status"]["allowed"], false);
    let who = desk.ok("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", &json!({}));
    assert_eq!(who["status"]["userInfo"]["username"], "tester");
    let paths = desk.get("/openapi/v3");
    assert!(paths["paths"].get("apis/apps/v1").is_some());
    let apps = desk.get("/openapi/v3/apis/apps/v1");
    let containers = &apps["components"]["schemas"]["PodSpec"]["properties"]["containers"];
    assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
    let patch = &apps["paths"]["/apis/apps/v1/namespaces/{namespace}/daemonsets/{name}"]["patch"];
    assert_eq!(patch["parameters"][2]["name"], "fieldValidation");
}
