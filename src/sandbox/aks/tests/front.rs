//! What Resource Manager does before AKS sees a call: paths, versions, tokens, headers, limits.

use http::HeaderMap;

use super::*;

#[test]
fn words_of_a_path_are_read_in_any_case_and_ids_come_in_azures_own() {
    let mut azure = Azure::new();
    azure.created(CLUSTER, "gpu", &a100(1));
    let shouted = format!("{CLUSTER}/agentPools/gpu").to_uppercase();
    let pool = azure.get(&shouted);
    let id = format!("{CLUSTER}/agentPools/gpu").replace("resourceGroups", "resourcegroups");
    assert_eq!(pool["id"], id);
    assert_eq!(pool["type"], "Microsoft.ContainerService/managedClusters/agentPools");
    let (status, _) = azure.call("PUT", &shouted, &json!({"properties": a100(1)}));
    assert_eq!(status, 200, "the pool that is there");
}

#[test]
fn a_version_is_needed_and_must_be_known() {
    let mut azure = Azure::new();
    let pools = format!("{CLUSTER}/agentPools");
    let mut error = |query: &str| {
        let (status, answer) = azure.call("GET", &format!("{pools}?{query}"), &Value::Null);
        (status, answer["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(error("x=1"), (400, "MissingApiVersionParameter".to_owned()));
    assert_eq!(error("api-version="), (400, "MissingApiVersionParameter".to_owned()));
    assert_eq!(error("api-version=2019-01-01"), (400, "NoRegisteredProviderFound".to_owned()));
    for version in ["2026-06-01", "2026-07-01", "2026-08-01", "2026-08-02-preview"] {
        assert_eq!(error(&format!("api-version={version}")).0, 200, "{version}");
    }
}

#[test]
fn without_a_token_nothing_is_told_but_the_endpoints() {
    let mut azure = Azure::new();
    let mut status = |path: &str, headers: HeaderMap| {
        let call = Call {
            method: "GET".to_owned(),
            target: String::new(),
            path: path.to_owned(),
            query: "api-version=2026-08-01".to_owned(),
            headers,
            body: Vec::new(),
        };
        let (now, random, faults) = (azure.now, &mut azure.random, &mut azure.faults);
        let mut context = Context {
            now,
            latency: LATENCY,
            random,
            faults,
            call: Some(&call),
            directory: None,
            applied: None,
        };
        azure.aks.answer(&mut context, &call)
    };
    let answer = status(CLUSTER, HeaderMap::new());
    assert_eq!(answer.status, 401);
    assert_eq!(json_of(&answer)["error"]["code"], "AuthenticationFailed");
    assert!(header(&answer, "www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer ")));
    let empty = HeaderMap::from_iter([(http::header::AUTHORIZATION, "Bearer  ".parse().unwrap())]);
    assert_eq!(json_of(&status(CLUSTER, empty))["error"]["code"], "InvalidAuthenticationToken");
    let endpoints = json_of(&status("/metadata/endpoints", HeaderMap::new()));
    assert!(endpoints["authentication"]["audiences"].is_array() && endpoints["resourceManager"].is_string());
}

#[test]
fn what_is_missing_is_told_from_the_outside_in() {
    let mut azure = Azure::new();
    let mut code = |path: &str| {
        let (status, answer) = azure.call("GET", path, &Value::Null);
        assert_eq!(status, 404, "{path}: {answer}");
        let code = answer.pointer("/error/code").unwrap_or(&answer["code"]);
        code.as_str().unwrap().to_owned()
    };
    let other = CLUSTER.replace("00000000-0000", "11111111-0000");
    assert_eq!(code(&other), "SubscriptionNotFound");
    assert_eq!(
        code(&CLUSTER.replace("/resourceGroups/sandbox", "/resourceGroups/none")),
        "ResourceGroupNotFound"
    );
    assert_eq!(code(&format!("{CLUSTER}2")), "ResourceNotFound");
    assert_eq!(code(&format!("{CLUSTER}2/agentPools/gpu")), "ResourceNotFound", "of the cluster");
    assert_eq!(code(&format!("{CLUSTER}/agentPools/gpu")), "NotFound", "of the pool, in AKS's own shape");
    assert_eq!(
        code(&format!("{SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines")),
        "InvalidResourceType"
    );
}

#[test]
fn every_answer_carries_ids_and_what_is_left() {
    let mut azure = Azure::new();
    let headers = [("x-ms-correlation-request-id", "mine"), ("x-ms-client-request-id", "client")];
    let answer = azure.send("GET", CLUSTER, &headers, &Value::Null);
    assert_eq!(header(&answer, "x-ms-correlation-request-id"), Some("mine"));
    assert_eq!(header(&answer, "x-ms-client-request-id"), None, "only when asked for");
    let id = header(&answer, "x-ms-request-id").unwrap();
    assert!(header(&answer, "x-ms-routing-request-id").unwrap().ends_with(id));
    assert_eq!(header(&answer, "x-ms-ratelimit-remaining-subscription-reads"), Some("249"));
    let refused = azure.send("DELETE", &format!("{CLUSTER}/agentPools/system"), &headers[1..], &Value::Null);
    assert_eq!(refused.status, 400);
    assert_eq!(header(&refused, "x-ms-ratelimit-remaining-subscription-deletes"), Some("199"));
    let (own, correlation) =
        (header(&refused, "x-ms-request-id"), header(&refused, "x-ms-correlation-request-id"));
    assert!(own.is_some() && own == correlation && own != Some(id));
}

#[test]
fn too_many_puts_of_one_pool_are_throttled_and_the_bucket_fills_again() {
    let mut azure = Azure::new();
    let path = format!("{CLUSTER}/agentPools/gpu");
    let body = json!({"properties": {"vmSize": "nonsense"}});
    for _ in 0..20 {
        assert_eq!(azure.call("PUT", &path, &body).0, 400);
    }
    let answer = azure.send("PUT", &path, &[], &body);
    assert_eq!(answer.status, 429);
    assert_eq!(json_of(&answer)["code"], "Throttled");
    assert_eq!(header(&answer, "retry-after"), Some("1"));
    assert_eq!(azure.call("PUT", &format!("{CLUSTER}/agentPools/other"), &body).0, 400, "per pool");
    azure.pass(1_000);
    assert_eq!(azure.call("PUT", &path, &body).0, 400);
}

#[test]
fn subscriptions_and_tenants_are_there_for_tools_that_log_in() {
    let mut azure = Azure::new();
    let list = azure.get("/subscriptions?api-version=2022-12-01");
    assert_eq!(list["value"][0]["id"], SUBSCRIPTION);
    assert_eq!(azure.get(&format!("{SUBSCRIPTION}?api-version=2016-06-01"))["state"], "Enabled");
    let tenants = azure.get("/tenants?api-version=2022-12-01");
    assert_eq!(tenants["value"][0]["tenantId"], list["value"][0]["tenantId"]);
}
