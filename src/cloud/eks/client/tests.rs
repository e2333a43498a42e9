use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::fake::{Fake, PLACE, client};
use crate::cloud::eks::errors::{Action, ApiError};
use crate::cloud::eks::testing::map;
use crate::cloud::eks::wire;
use crate::cloud::fault::Fault;
use crate::cloud::http::NoAnswer;
use crate::cloud::settings::AwsSettings;
use crate::nodepool::pools::ErrorKind;

fn body(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// All that EKS says of a node group (source: EKS API model 2017-11-01, `Nodegroup`).
fn nodegroup() -> Value {
    json!({
        "nodegroupName": "p", "nodegroupArn": "arn:aws:eks:us-east-1:123456789012:nodegroup/main/p/uuid",
        "clusterName": "main", "version": "1.34", "releaseVersion": "1.52.0-5e8d3f52",
        "createdAt": 1_795_300_000.5, "modifiedAt": 1_795_300_001.0, "status": "SOMETHING_NEW",
        "capacityType": "ON_DEMAND", "scalingConfig": {"minSize": 0, "maxSize": 4, "desiredSize": 2},
        "instanceTypes": ["p4d.24xlarge"], "subnets": ["subnet-1", "subnet-2"],
        "amiType": "BOTTLEROCKET_x86_64_NVIDIA", "nodeRole": "arn:aws:iam::123456789012:role/nodes",
        "labels": {"a": "b"}, "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
        "resources": {"autoScalingGroups": [{"name": "eks-p-1"}], "remoteAccessSecurityGroup": "sg-1"},
        "diskSize": 20,
        "health": {"issues": [{"code": "Ec2SubnetNotFound", "message": "gone", "resourceIds": ["subnet-2"]}]},
        "updateConfig": {"maxUnavailablePercentage": 33, "updateStrategy": "MINIMAL"},
        "nodeRepairConfig": {
            "enabled": true, "maxUnhealthyNodeThresholdCount": 1, "maxUnhealthyNodeThresholdPercentage": 2,
            "maxParallelNodesRepairedCount": 3, "maxParallelNodesRepairedPercentage": 4,
        },
        "warmPoolConfig": {
            "enabled": true, "minSize": 1, "maxGroupPreparedCapacity": 3, "poolState": "STOPPED",
            "reuseOnScaleIn": true,
        },
        "launchTemplate": {"id": "lt-1", "name": "mine", "version": "3"}, "tags": {"cost": "research"},
    })
}

#[tokio::test]
async fn a_node_group_is_read_whole() {
    let fake = Fake::serve(|_| (200, json!({"nodegroup": nodegroup()}).to_string())).await;
    let read = fake.client().nodegroup(PLACE, "p").await.unwrap();
    assert_eq!(read, serde_json::from_value(nodegroup()).unwrap());
    let asked = fake.last();
    assert_eq!((asked.method.as_str(), asked.url.path()), ("GET", "/eks/clusters/main/node-groups/p"));
    assert!(asked.headers["authorization"].contains("/us-east-1/eks/aws4_request"));
    let agent = &asked.headers["user-agent"];
    assert!(agent.starts_with("gpuslice/test ") && agent.contains("aws-sdk-rust/"), "{agent}");
}

#[tokio::test]
async fn a_create_is_sent_as_it_is_written() {
    let wanted = wire::CreateNodegroup {
        nodegroup_name: "p".into(),
        client_request_token: "t".into(),
        subnets: vec!["subnet-1".into()],
        node_role: "arn:aws:iam::123456789012:role/nodes".into(),
        scaling_config: wire::ScalingConfig { min_size: 1, max_size: 3, desired_size: 2 },
        instance_types: Some(vec!["p4d.24xlarge".into()]),
        ami_type: Some("SOMETHING_NEW".into()),
        capacity_type: "CAPACITY_BLOCK".into(),
        version: Some("1.34".into()),
        release_version: Some("1.34.2-20261015".into()),
        launch_template: wire::LaunchTemplate { id: "lt-1".into(), version: "1".into() },
        update_config: Some(wire::UpdateConfig {
            max_unavailable: Some(1),
            max_unavailable_percentage: None,
            update_strategy: Some("MINIMAL".into()),
        }),
        node_repair_config: serde_json::from_value(nodegroup()["nodeRepairConfig"].clone()).unwrap(),
        warm_pool_config: serde_json::from_value(nodegroup()["warmPoolConfig"].clone()).unwrap(),
        labels: map(&[("a", "b")]),
        taints: vec![wire::Taint { key: "k".into(), value: String::new(), effect: "NO_EXECUTE".into() }],
        tags: map(&[("c", "d")]),
    };
    let fake = Fake::serve(|_| (200, json!({"nodegroup": nodegroup()}).to_string())).await;
    fake.client().create(PLACE, &wanted).await.unwrap();
    let asked = fake.last();
    assert_eq!((asked.method.as_str(), asked.url.path()), ("POST", "/eks/clusters/main/node-groups"));
    assert_eq!(body(&asked.body), serde_json::to_value(&wanted).unwrap());
}

#[tokio::test]
async fn changes_are_sent_as_they_are_written() {
    let shown = json!({
        "id": "u1", "status": "InProgress", "type": "ConfigUpdate", "createdAt": 1_795_300_000.0,
        "params": [{"type": "MinSize", "value": "1"}],
        "errors": [{"errorCode": "PodEvictionFailure", "errorMessage": "budget", "resourceIds": ["p"]}],
    });
    let update = shown.clone();
    let fake = Fake::serve(move |_| (200, json!({"update": update}).to_string())).await;
    let client = fake.client();
    let config = wire::UpdateNodegroupConfig {
        labels: Some(wire::LabelsChange {
            add_or_update_labels: map(&[("a", "b")]),
            remove_labels: vec!["c".into()],
        }),
        taints: Some(wire::TaintsChange {
            add_or_update_taints: Vec::new(),
            remove_taints: vec![wire::Taint {
                key: "k".into(),
                value: "v".into(),
                effect: "NO_SCHEDULE".into(),
            }],
        }),
        scaling_config: Some(wire::ScalingChange { min_size: Some(0), ..wire::ScalingChange::default() }),
        update_config: Some(wire::UpdateConfig { max_unavailable: Some(2), ..wire::UpdateConfig::default() }),
        client_request_token: "t".into(),
        ..wire::UpdateNodegroupConfig::default()
    };
    let update = client.update_config(PLACE, "p", &config).await.unwrap();
    assert_eq!(update, serde_json::from_value(shown).unwrap());
    assert_eq!(fake.last().url.path(), "/eks/clusters/main/node-groups/p/update-config");
    assert_eq!(body(&fake.last().body), serde_json::to_value(&config).unwrap());
    let version = wire::UpdateNodegroupVersion {
        version: Some("1.35".into()),
        release_version: None,
        launch_template: Some(wire::LaunchTemplate { id: "lt-1".into(), version: "4".into() }),
        force: true,
        client_request_token: "t".into(),
    };
    client.update_version(PLACE, "p", &version).await.unwrap();
    assert_eq!(fake.last().url.path(), "/eks/clusters/main/node-groups/p/update-version");
    assert_eq!(body(&fake.last().body), serde_json::to_value(&version).unwrap());
    client.update(PLACE, "p", "u1").await.unwrap();
    assert_eq!(fake.last().url.path(), "/eks/clusters/main/updates/u1");
    assert_eq!(fake.last().url.query(), Some("nodegroupName=p"));
}

#[tokio::test]
async fn tags_go_to_the_arn() {
    let fake = Fake::serve(|_| (200, "{}".to_owned())).await;
    let arn = "arn:aws:eks:us-east-1:123456789012:nodegroup/main/p/uuid";
    let client = fake.client();
    client.tag(PLACE, arn, &map(&[("a", "b")])).await.unwrap();
    assert_eq!(body(&fake.last().body), json!({"tags": {"a": "b"}}));
    client.untag(PLACE, arn, &["a".to_owned(), "c".to_owned()]).await.unwrap();
    let asked = fake.last();
    assert_eq!(asked.method, "DELETE");
    assert_eq!(asked.url.query(), Some("tagKeys=a&tagKeys=c"));
    assert!(asked.url.path().ends_with("nodegroup%2Fmain%2Fp%2Fuuid"), "{}", asked.url);
}

#[tokio::test]
async fn a_cluster_is_read() {
    let fake = Fake::serve(|_| {
        let cluster = json!({"cluster": {
            "name": "main", "arn": "arn:aws:eks:us-east-1:123456789012:cluster/main", "status": "ACTIVE",
            "version": "1.34", "endpoint": "https://x.eks.amazonaws.com",
            "certificateAuthority": {"data": "UEVN"}, "computeConfig": {"enabled": true},
            "resourcesVpcConfig": {
                "clusterSecurityGroupId": "sg-1", "endpointPublicAccess": false, "endpointPrivateAccess": true,
            },
            "accessConfig": {"authenticationMode": "CONFIG_MAP"},
        }});
        (200, cluster.to_string())
    })
    .await;
    let text = |text: &str| Some(text.to_owned());
    let expected = wire::Cluster {
        name: "main".into(),
        arn: "arn:aws:eks:us-east-1:123456789012:cluster/main".into(),
        status: "ACTIVE".into(),
        version: text("1.34"),
        endpoint: text("https://x.eks.amazonaws.com"),
        authority: text("UEVN"),
        public_endpoint: false,
        authentication_mode: text("CONFIG_MAP"),
        security_group: text("sg-1"),
        auto_mode: true,
    };
    assert_eq!(fake.client().cluster(PLACE).await.unwrap(), expected);
}

/// What the API answers to a look at a node group, by status and body.
async fn refused(http: u16, answer: &str) -> ApiError {
    let answer = answer.to_owned();
    let fake = Fake::serve(move |_| (http, answer.clone())).await;
    fake.client().nodegroup(PLACE, "p").await.unwrap_err()
}

#[tokio::test]
async fn refusals_keep_what_aws_says() {
    let gone = json!({
        "__type": "ResourceNotFoundException", "message": "No node group found for name: p.",
        "clusterName": "main", "nodegroupName": "p",
    });
    let error = refused(404, &gone.to_string()).await;
    assert_eq!(error.action(), Action::NotFound);
    let ApiError::Refused(refusal) = &error else { panic!("{error:?}") };
    assert_eq!(refusal.about.as_deref(), Some("p"));
    assert_eq!(refusal.request_id.as_deref(), Some("r1"));
    assert_eq!(refusal.permission.as_deref(), Some("eks:DescribeNodegroup"));
    // A proxy's page, or a server that does not know the route, is not "gone".
    for page in ["<html><title>404 Not Found</title></html>", "{}", ""] {
        let error = refused(404, page).await;
        assert_eq!(error.action(), Action::Final(ErrorKind::Transport), "{error:?}");
    }
}

#[tokio::test]
async fn what_is_no_answer_of_eks_is_nonsense() {
    for page in ["<html>Please log in</html>", "{}", "{\"nodegroup\": {}}"] {
        let error = refused(200, page).await;
        assert!(matches!(error, ApiError::Nonsense { .. }), "{page}: {error:?}");
    }
}

#[tokio::test]
async fn a_closed_port_was_never_asked() {
    let fake = Fake::serve(|_| (200, String::new())).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut settings = fake.settings();
    settings.endpoints.eks = Some(closed.clone());
    settings.endpoints.ec2 = Some(closed);
    let client = client(settings);
    for error in [
        client.nodegroup(PLACE, "p").await.unwrap_err(),
        client.delete_template(PLACE, "lt-1").await.unwrap_err(),
    ] {
        assert!(matches!(error, ApiError::NoAnswer(NoAnswer::NotSent { .. })), "{error:?}");
        assert!(!error.leaves_doubt());
    }
}

#[tokio::test]
async fn what_fails_in_passing_is_sent_again() {
    let times = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&times);
    let fake = Fake::serve(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
        0 => (503, json!({"__type": "ServiceUnavailableException", "message": "later"}).to_string()),
        _ => (200, json!({"nodegroup": nodegroup()}).to_string()),
    })
    .await;
    let client = client(AwsSettings { max_retries: Some(1), ..fake.settings() });
    client.nodegroup(PLACE, "p").await.unwrap();
    assert_eq!(times.load(Ordering::Relaxed), 2);
    // A create is repeated above, where it is known what an earlier one may have made.
    times.store(0, Ordering::Relaxed);
    let error = client.create(PLACE, &wire::CreateNodegroup::default()).await.unwrap_err();
    assert!(error.leaves_doubt(), "{error:?}");
    assert_eq!(times.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn the_caller_is_asked_for_once() {
    let fake = Fake::serve(|asked| {
        let xml = "<DescribeLaunchTemplatesResponse><launchTemplates/></DescribeLaunchTemplatesResponse>";
        let answer = if asked.url.path().starts_with("/ec2") {
            xml.to_owned()
        } else {
            json!({"nodegroup": nodegroup()}).to_string()
        };
        (200, answer)
    })
    .await;
    let client = fake.client();
    let templates = client.templates(PLACE, super::Templates::Tags(&[("a", "b")]));
    let (one, other, found) =
        tokio::join!(client.nodegroup(PLACE, "p"), client.nodegroup(PLACE, "q"), templates);
    assert!(one.is_ok() && other.is_ok() && found.unwrap().is_empty());
    let asked = fake.actions();
    assert_eq!(asked.iter().filter(|what| *what == "GetCallerIdentity").count(), 1, "{asked:?}");
    assert_eq!(asked.first().map(String::as_str), Some("GetCallerIdentity"));
}

#[tokio::test]
async fn forms_are_signed_and_answers_in_xml_are_read() {
    let fake = Fake::serve(|_| {
        let template = "<CreateLaunchTemplateResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
             <requestId>r</requestId><launchTemplate><latestVersionNumber>1</latestVersionNumber>\
             <launchTemplateId>lt-1</launchTemplateId><launchTemplateName>mine</launchTemplateName>\
             <tagSet><item><key>a</key><value>&lt;b&gt;</value></item><item><key>c</key><value/></item></tagSet>\
             </launchTemplate><warning><errorSet><item><code>X</code><message>m</message></item></errorSet></warning>\
             </CreateLaunchTemplateResponse>";
        (200, template.to_owned())
    })
    .await;
    let data = wire::TemplateData { user_data: Some("é=+&".into()), ..wire::TemplateData::default() };
    let tags = map(&[("a", "<b>"), ("c", "")]);
    let made = fake.client().create_template(PLACE, "mine", "token", &data, &tags).await.unwrap();
    assert_eq!(made, wire::Template { id: "lt-1".into(), name: "mine".into(), latest: 1, tags });
    let asked = fake.last();
    assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded; charset=utf-8");
    let authorization = &asked.headers["authorization"];
    assert!(authorization.contains("/us-east-1/ec2/aws4_request"), "{authorization}");
    for (name, value) in [
        ("Action", "CreateLaunchTemplate"),
        ("Version", "2016-11-15"),
        ("ClientToken", "token"),
        ("TagSpecification.1.ResourceType", "launch-template"),
        ("TagSpecification.1.Tag.1.Value", "<b>"),
        ("LaunchTemplateData.UserData", "w6k9KyY="),
    ] {
        assert_eq!(asked.field(name).as_deref(), Some(value), "{name}");
    }
}

#[tokio::test]
async fn a_refusal_in_xml_names_the_action_and_hides_what_only_aws_reads() {
    let fake = Fake::serve(|asked| {
        let error = "<Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation. \
             Encoded authorization failure message: AbC-123_xyz</Message>";
        if asked.url.path().starts_with("/ec2") {
            let answer = format!("<Response><Errors><Error>{error}</Error></Errors><RequestID>r2</RequestID></Response>");
            (403, answer)
        } else {
            let error = "<Type>Sender</Type><Code>ValidationError</Code><Message>AutoScalingGroup name not found - null\
                 </Message>";
            (400, format!("<ErrorResponse><Error>{error}</Error><RequestId>r3</RequestId></ErrorResponse>"))
        }
    })
    .await;
    let client = fake.client();
    let error = client.delete_template(PLACE, "lt-1").await.unwrap_err();
    assert_eq!(error.action(), Action::Final(ErrorKind::Forbidden));
    let told = error.explain("delete the launch template lt-1");
    assert!(
        told.detail.contains("ec2:DeleteLaunchTemplate") && told.detail.contains("r2"),
        "{}",
        told.detail
    );
    assert!(!told.detail.contains("AbC-123"), "{}", told.detail);
    let error = client.tag_scaling_group(PLACE, "g", &map(&[("a", "b")])).await.unwrap_err();
    assert_eq!(error.action(), Action::NotFound);
}

#[tokio::test]
async fn no_other_accounts_cluster_is_asked_for() {
    let fake = Fake::bare(|_| (200, super::fake::caller("999999999999"))).await;
    let client = fake.client();
    for _ in 0..2 {
        let error = client.nodegroup(PLACE, "p").await.unwrap_err();
        assert_eq!(error.action(), Action::Final(ErrorKind::Forbidden));
        let told = error.to_string();
        assert!(
            told.contains("arn:aws:iam::999999999999:user/ann") && told.contains("123456789012"),
            "{told}"
        );
    }
    assert_eq!(fake.actions(), ["GetCallerIdentity"]);
    let forbidding = |allowed: &[&str], forbidden: &[&str]| {
        let of = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        let settings = AwsSettings {
            allowed_account_ids: of(allowed),
            forbidden_account_ids: of(forbidden),
            ..fake.settings()
        };
        async move { super::fake::client(settings).nodegroup(PLACE, "p").await.unwrap_err().to_string() }
    };
    assert!(forbidding(&["111111111111"], &[]).await.contains("allowed_account_ids names only 111111111111"));
    assert!(forbidding(&[], &["999999999999"]).await.contains("forbidden_account_ids"));
}

#[tokio::test]
async fn versions_that_ec2_keeps_are_told() {
    let fake = Fake::serve(|_| {
        let item = |code: &str| {
            format!(
                "<item><versionNumber>1</versionNumber><responseError><code>{code}</code><message>m</message>\
                 </responseError></item>"
            )
        };
        let items = item("launchTemplateVersionDoesNotExist") + &item("unexpectedError");
        let set = "unsuccessfullyDeletedLaunchTemplateVersionSet";
        let answer = format!(
            "<DeleteLaunchTemplateVersionsResponse><{set}>{items}</{set}></DeleteLaunchTemplateVersionsResponse>"
        );
        (200, answer)
    })
    .await;
    let error = fake.client().delete_template_versions(PLACE, "lt-1", &[1, 2]).await.unwrap_err();
    assert!(error.to_string().contains("unexpectedError"), "{error}");
    assert_eq!(fake.last().field("LaunchTemplateVersion.2").as_deref(), Some("2"));
}

#[tokio::test]
async fn all_pages_of_a_list_are_read() {
    let fake = Fake::serve(|asked| {
        let (id, next) = match asked.field("NextToken").as_deref() {
            None => ("lt-1", "<nextToken>n</nextToken>"),
            Some("n") => ("lt-2", "<nextToken/>"),
            Some(other) => panic!("{other}"),
        };
        let answer = format!(
            "<DescribeLaunchTemplatesResponse><launchTemplates><item><launchTemplateId>{id}</launchTemplateId>\
             <latestVersionNumber>7</latestVersionNumber></item></launchTemplates>{next}\
             </DescribeLaunchTemplatesResponse>"
        );
        (200, answer)
    })
    .await;
    let tags = [("gpuslice:pool", "a*?\\b")];
    let found = fake.client().templates(PLACE, super::Templates::Tags(&tags)).await.unwrap();
    let ids: Vec<_> = found.iter().map(|template| template.id.as_str()).collect();
    assert_eq!(ids, ["lt-1", "lt-2"]);
    assert_eq!(fake.last().field("Filter.1.Name").as_deref(), Some("tag:gpuslice:pool"));
    assert_eq!(fake.last().field("Filter.1.Value.1").as_deref(), Some("a\\*\\?\\\\b"));
}

#[tokio::test]
async fn a_page_in_place_of_xml_is_nonsense() {
    for page in ["<html></html>", "no markup", "<DescribeLaunchTemplatesResponse/>"] {
        let fake = Fake::serve(move |_| (200, page.to_owned())).await;
        let error = fake.client().templates(PLACE, super::Templates::Id("lt-1")).await.unwrap_err();
        assert!(matches!(error, ApiError::Nonsense { .. }), "{page}: {error:?}");
    }
}

#[tokio::test]
async fn the_group_of_machines_is_read_and_changed() {
    let fake = Fake::serve(|asked| {
        let action = asked.what();
        let result = match action.as_str() {
            "DescribeAutoScalingGroups" => {
                "<DescribeAutoScalingGroupsResult><AutoScalingGroups><member>\
                 <AutoScalingGroupName>g</AutoScalingGroupName><MinSize>0</MinSize><MaxSize>4</MaxSize>\
                 <DesiredCapacity>2</DesiredCapacity><Instances><member><InstanceId>i-1</InstanceId>\
                 <AvailabilityZone>us-east-1a</AvailabilityZone><LifecycleState>InService</LifecycleState></member>\
                 </Instances><Tags><member><Key>a</Key><Value>b</Value><ResourceId>g</ResourceId></member></Tags>\
                 </member></AutoScalingGroups></DescribeAutoScalingGroupsResult>"
            }
            _ => "",
        };
        (200, format!("<{action}Response>{result}</{action}Response>"))
    })
    .await;
    let client = fake.client();
    let instance = wire::Instance { id: "i-1".into(), zone: "us-east-1a".into(), state: "InService".into() };
    let expected = wire::ScalingGroup {
        name: "g".into(),
        min: 0,
        max: 4,
        desired: 2,
        instances: vec![instance],
        tags: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
    };
    assert_eq!(client.scaling_group(PLACE, "g").await.unwrap(), Some(expected));
    assert_eq!(fake.last().field("AutoScalingGroupNames.member.1").as_deref(), Some("g"));
    assert_eq!(client.scaling_group(PLACE, "other").await.unwrap(), None);
    client.tag_scaling_group(PLACE, "g", &map(&[("k", "v")])).await.unwrap();
    for (name, value) in [
        ("Version", "2011-01-01"),
        ("Tags.member.1.ResourceId", "g"),
        ("Tags.member.1.ResourceType", "auto-scaling-group"),
        ("Tags.member.1.Key", "k"),
        ("Tags.member.1.Value", "v"),
        ("Tags.member.1.PropagateAtLaunch", "false"),
    ] {
        assert_eq!(fake.last().field(name).as_deref(), Some(value), "{name}");
    }
    client.untag_scaling_group(PLACE, "g", &["k".to_owned()]).await.unwrap();
    assert_eq!(fake.last().field("Tags.member.1.Key").as_deref(), Some("k"));
    client.terminate_instance(PLACE, "i-1").await.unwrap();
    assert_eq!(fake.last().field("ShouldDecrementDesiredCapacity").as_deref(), Some("true"));
}
