use serde_json::{Value, json};

use crate::cloud::eks::testing::{CLUSTER, every_option, known, options, problems};
use crate::nodepool::Field;
use crate::nodepool::spec::CapacityType;
use crate::slicing::{MigStrategy, Sharing};

fn with(more: &Value) -> String {
    problems(|it| it.options = Field::Known(options(more)))
}

fn shared(more: &Value, sharing: Sharing) -> String {
    problems(|it| {
        it.machine_type = known("g5.xlarge");
        it.mig_profile = Field::Null;
        it.sharing = Field::Known(sharing);
        it.options = Field::Known(options(more));
    })
}

#[test]
fn options_that_go_together() {
    let time_slicing = Sharing::TimeSlicing { replicas: 4 };
    assert_eq!(problems(|it| it.options = Field::Known(every_option())), "");
    for more in [
        json!({"release_version": "1.34.0-0123abcd"}),
        json!({"ami_type": "BOTTLEROCKET_x86_64_NVIDIA_FIPS"}),
        json!({"launch_template": {"extra_user_data": "[settings.kubernetes]\nallowed-unsafe-sysctls = [\"net.*\"]\n"}}),
        // What is not known yet.
        json!({"gpu_stack": null, "ami_type": "AL2023_x86_64_NVIDIA"}),
        json!({"node_role_arn": null, "subnet_ids": null, "launch_template": null}),
        json!({"gpu_stack": "gpu_operator", "launch_template": {"id": null, "version": null}}),
    ] {
        assert_eq!(with(&more), "", "{more}");
    }
    for more in [
        json!({"release_version": "1.25.0-0123abcd"}),
        json!({"gpu_stack": "device_plugin", "release_version": "1.34.2-20261015"}),
        json!({"gpu_stack": "device_plugin", "launch_template": {"id": "lt-0123abcd", "version": 3}}),
        json!({"gpu_stack": "device_plugin", "launch_template": {"extra_user_data": "#cloud-config\n"}}),
    ] {
        assert_eq!(shared(&more, time_slicing), "", "{more}");
    }
}

/// Every message of this file, for reading.
#[test]
fn the_messages() {
    let settings = |text: &str| with(&json!({"launch_template": {"extra_user_data": text}}));
    let found = [
        problems(|it| it.options = Field::Null),
        with(&json!({"node_role_arn": "nodes", "subnet_ids": []})),
        with(&json!({"node_role_arn": "arn:aws:iam::210987654321:role/nodes", "subnet_ids": ["main"]})),
        with(&json!({"ami_type": "AL2023_x86_64_NVIDIA"})),
        with(&json!({"gpu_stack": "gpu_operator", "ami_type": "BOTTLEROCKET_x86_64_NVIDIA"})),
        with(&json!({"ami_type": "BOTTLEROCKET_ARM_64_NVIDIA"})),
        problems(|it| it.mig_strategy = Field::Known(MigStrategy::Mixed)),
        problems(|it| it.sharing = Field::Known(Sharing::Mps { replicas: 49 })),
        with(&json!({"release_version": "1.33.9-0123abcd"})),
        with(&json!({"release_version": "latest"})),
        shared(&json!({"release_version": "1.24.1"}), Sharing::TimeSlicing { replicas: 2 }),
        shared(&json!({"release_version": "1.53.0"}), Sharing::Mps { replicas: 2 }),
        shared(
            &json!({"gpu_stack": "device_plugin", "release_version": "v20261015"}),
            Sharing::TimeSlicing { replicas: 2 },
        ),
        problems(|it| {
            it.kubernetes_version = known("1.35");
            it.options = Field::Known(options(
                &json!({"gpu_stack": "gpu_operator", "release_version": "1.34.2-20261015"}),
            ));
        }),
        with(&json!({"launch_template": {"version": 1, "security_group_ids": ["main"]}})),
        with(&json!({"gpu_stack": "gpu_operator", "launch_template": {"id": "mine"}})),
        with(&json!({"launch_template": {"id": "lt-0123abcd", "version": 1}})),
        problems(|it| {
            it.disk_size_gb = Field::Known(100);
            it.disk_type = known("gp3");
            it.max_pods = Field::Known(110);
            it.options = Field::Known(options(&json!({
                "gpu_stack": "gpu_operator",
                "launch_template": {"id": "lt-0123abcd", "version": 1, "key_name": "ops"},
                "capacity_reservation_id": "cr-0123abcd",
                "capacity_block": true,
            })));
        }),
        settings("[settings.kubelet-device-plugins.nvidia]\ndevice-sharing-strategy = \"none\"\n"),
        settings("settings.kubelet-device-plugins.nvidia.mig.profile.x = \"1\"\n"),
        settings("[settings.kubernetes.node-labels.\"a/b\"]\nx = 1\n[settings]\nmotd = \"say \\\"hi\\\"\"\n"),
        problems(|it| {
            it.max_pods = Field::Known(110);
            let extra =
                json!({"launch_template": {"extra_user_data": "[settings.kubernetes]\nmax-pods = 20\n"}});
            it.options = Field::Known(options(&extra));
        }),
        settings("[settings.kubernetes\n"),
        problems(|it| {
            it.max_pods = Field::Known(110);
            let extra = json!({"launch_template": {"extra_user_data": "settings.kubernetes.a = 1\n"}});
            it.options = Field::Known(options(&extra));
        }),
        settings(&format!("[settings]\nmotd = \"{}\"\n", "x".repeat(17_000))),
        shared(
            &json!({"gpu_stack": "device_plugin", "launch_template": {"extra_user_data": "MIME-Version: 1.0\n"}}),
            Sharing::TimeSlicing { replicas: 2 },
        ),
        with(&json!({"capacity_block": true})),
        problems(|it| {
            it.capacity_type = Field::Known(CapacityType::Spot);
            it.options = Field::Known(options(&json!({"capacity_reservation_id": "reserved"})));
        }),
        with(&json!({"node_repair": {
            "max_unhealthy_count": 1, "max_unhealthy_percentage": 10,
            "max_parallel_count": 1, "max_parallel_percentage": 10,
        }})),
        with(&json!({"warm_pool": {"min_size": 1}})),
    ];
    assert!(found.iter().all(|it| !it.is_empty()), "{found:#?}");
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn a_role_is_compared_with_the_cluster_only_where_that_is_known() {
    let other = json!({"node_role_arn": "arn:aws-cn:iam::123456789012:role/nodes"});
    assert!(with(&other).contains("another account"));
    let unknown = problems(|it| {
        it.cluster_id = Field::Unknown;
        it.options = Field::Known(options(&other));
    });
    assert_eq!(unknown, "");
    assert!(CLUSTER.contains("123456789012"));
}
