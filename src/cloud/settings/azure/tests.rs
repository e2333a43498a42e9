use super::super::tests::environment;
use super::*;

#[test]
fn the_environment_fills_what_is_open() {
    let settings = AzureSettings { tenant_id: Some("mine".into()), ..AzureSettings::default() }.completed(
        environment(&[
            ("ARM_TENANT_ID", "other"),
            ("ARM_CLIENT_ID", "app"),
            ("ARM_CLIENT_SECRET", "s"),
            ("ARM_SUBSCRIPTION_ID", ""),
            ("ARM_USE_MSI", "true"),
            ("ARM_USE_CLI", "false"),
            ("ARM_ENVIRONMENT", "china"),
            ("ARM_AUXILIARY_TENANT_IDS", "one; two;"),
            ("ARM_RESOURCE_MANAGER_ENDPOINT", "https://example.com/"),
        ]),
    );
    assert_eq!(settings.tenant_id.as_deref(), Some("mine"));
    assert_eq!(settings.client_id.as_deref(), Some("app"));
    assert_eq!(settings.client_secret.as_deref(), Some("s"));
    assert_eq!(settings.subscription_id, None, "an empty variable is unset");
    assert_eq!((settings.use_msi, settings.use_cli), (Some(true), Some(false)));
    assert_eq!(settings.environment.as_deref(), Some("china"));
    assert_eq!(settings.auxiliary_tenant_ids, ["one", "two"]);
    assert_eq!(settings.resource_manager_endpoint.as_deref(), Some("https://example.com/"));
}

/// Each variable by itself, with the setting that it completes.
#[test]
fn every_variable_has_its_setting() {
    type Field = fn(&AzureSettings) -> Option<String>;
    type Switch = fn(&AzureSettings) -> Option<bool>;
    let table: &[(&'static str, Field)] = &[
        ("ARM_SUBSCRIPTION_ID", |it| it.subscription_id.clone()),
        ("ARM_TENANT_ID", |it| it.tenant_id.clone()),
        ("ARM_AUXILIARY_TENANT_IDS", |it| it.auxiliary_tenant_ids.first().cloned()),
        ("ARM_ENVIRONMENT", |it| it.environment.clone()),
        ("ARM_METADATA_HOSTNAME", |it| it.metadata_host.clone()),
        ("ARM_RESOURCE_MANAGER_ENDPOINT", |it| it.resource_manager_endpoint.clone()),
        ("ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST", |it| it.active_directory_authority_host.clone()),
        ("ARM_RESOURCE_MANAGER_AUDIENCE", |it| it.resource_manager_audience.clone()),
        ("ARM_CLIENT_ID", |it| it.client_id.clone()),
        ("ARM_CLIENT_ID_FILE_PATH", |it| it.client_id_file_path.clone()),
        ("ARM_CLIENT_SECRET", |it| it.client_secret.clone()),
        ("ARM_CLIENT_SECRET_FILE_PATH", |it| it.client_secret_file_path.clone()),
        ("ARM_CLIENT_CERTIFICATE", |it| it.client_certificate.clone()),
        ("ARM_CLIENT_CERTIFICATE_PATH", |it| it.client_certificate_path.clone()),
        ("ARM_CLIENT_CERTIFICATE_PASSWORD", |it| it.client_certificate_password.clone()),
        ("ARM_OIDC_TOKEN", |it| it.oidc_token.clone()),
        ("ARM_OIDC_TOKEN_FILE_PATH", |it| it.oidc_token_file_path.clone()),
        ("ARM_OIDC_REQUEST_TOKEN", |it| it.oidc_request_token.clone()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", |it| it.oidc_request_token.clone()),
        ("SYSTEM_ACCESSTOKEN", |it| it.oidc_request_token.clone()),
        ("ARM_OIDC_REQUEST_URL", |it| it.oidc_request_url.clone()),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", |it| it.oidc_request_url.clone()),
        ("SYSTEM_OIDCREQUESTURI", |it| it.oidc_request_url.clone()),
        ("ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", |it| it.ado_pipeline_service_connection_id.clone()),
        ("ARM_OIDC_AZURE_SERVICE_CONNECTION_ID", |it| it.ado_pipeline_service_connection_id.clone()),
        ("ARM_MSI_ENDPOINT", |it| it.msi_endpoint.clone()),
        ("ARM_MSI_API_VERSION", |it| it.msi_api_version.clone()),
        ("ARM_PARTNER_ID", |it| it.partner_id.clone()),
    ];
    for (name, field) in table {
        let settings =
            AzureSettings::default().completed(|asked| (asked == *name).then(|| "value".to_owned()));
        assert_eq!(field(&settings).as_deref(), Some("value"), "{name}");
        assert_ne!(settings, AzureSettings::default());
    }
    let switches: &[(&'static str, Switch)] = &[
        ("ARM_USE_OIDC", |it| it.use_oidc),
        ("ARM_USE_AKS_WORKLOAD_IDENTITY", |it| it.use_aks_workload_identity),
        ("ARM_USE_MSI", |it| it.use_msi),
        ("ARM_USE_CLI", |it| it.use_cli),
        ("ARM_DISABLE_CORRELATION_REQUEST_ID", |it| it.disable_correlation_request_id),
    ];
    for (name, field) in switches {
        for (text, expected) in [("true", true), ("1", true), ("false", false), ("0", false)] {
            let settings =
                AzureSettings::default().completed(|asked| (asked == *name).then(|| text.to_owned()));
            assert_eq!(field(&settings), Some(expected), "{name}={text}");
        }
    }
}

#[test]
fn written_credentials_keep_those_of_other_kinds_out() {
    let variables = environment(&[
        ("ARM_CLIENT_CERTIFICATE_PATH", "left-over.pfx"),
        ("ARM_CLIENT_SECRET", "left-over"),
        ("ARM_OIDC_TOKEN", "token"),
        ("ARM_USE_MSI", "true"),
        ("ARM_CLIENT_ID", "app"),
    ]);
    let settings = AzureSettings { use_oidc: Some(true), ..AzureSettings::default() }.completed(&variables);
    assert_eq!(
        (settings.client_certificate_path, settings.client_secret, settings.use_msi),
        (None, None, None)
    );
    assert_eq!((settings.oidc_token.as_deref(), settings.client_id.as_deref()), (Some("token"), Some("app")));

    let settings = AzureSettings { client_secret_file_path: Some("/s".into()), ..AzureSettings::default() }
        .completed(&variables);
    assert_eq!(settings.client_secret, None, "the file is what was written");
    assert_eq!((settings.oidc_token, settings.client_certificate_path), (None, None));

    let settings = AzureSettings { use_cli: Some(true), ..AzureSettings::default() }.completed(&variables);
    assert_eq!(
        settings.client_secret.as_deref(),
        Some("left-over"),
        "use_cli is the default, and no credential"
    );
}

#[test]
fn a_pod_is_told_who_it_is() {
    let variables = environment(&[
        ("AZURE_CLIENT_ID", "pod"),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token"),
    ]);
    let settings = AzureSettings { use_aks_workload_identity: Some(true), ..AzureSettings::default() }
        .completed(&variables);
    assert_eq!(settings.client_id.as_deref(), Some("pod"));
    assert_eq!(settings.tenant_id.as_deref(), Some("tenant"));
    assert_eq!(settings.workload_identity_token_file_path.as_deref(), Some("/var/run/token"));
    let settings = AzureSettings::default().completed(&variables);
    assert_eq!(settings, AzureSettings::default(), "azurerm does not read these names without the switch");
}

#[test]
fn the_addresses_of_one_cloud_are_not_mixed_with_another() {
    let variables = environment(&[("ARM_METADATA_HOSTNAME", "stack.local"), ("ARM_ENVIRONMENT", "china")]);
    let settings = AzureSettings { environment: Some("public".into()), ..AzureSettings::default() }
        .completed(&variables);
    assert_eq!(settings.metadata_host, None);
    let settings = AzureSettings { metadata_host: Some("mine".into()), ..AzureSettings::default() }
        .completed(&variables);
    assert_eq!(settings.environment, None);
}

#[test]
fn secrets_are_not_printed() {
    let secret = || Some("secret-value".to_owned());
    let settings = AzureSettings {
        client_secret: secret(),
        client_certificate: secret(),
        client_certificate_password: secret(),
        oidc_token: secret(),
        oidc_request_token: secret(),
        ..AzureSettings::default()
    };
    let printed = format!("{settings:?}");
    assert!(!printed.contains("secret-value"), "{printed}");
    assert_eq!(printed.matches("(hidden)").count(), 5, "{printed}");
}

#[test]
fn a_partner_is_told_in_the_user_agent() {
    let with = |id: &str| {
        AzureSettings { partner_id: Some(id.into()), ..AzureSettings::default() }.user_agent("a/1")
    };
    assert_eq!(AzureSettings::default().user_agent("a/1"), "a/1");
    assert_eq!(with("0000"), "a/1 pid-0000");
    assert_eq!(with("pid-0000"), "a/1 pid-0000");
}

#[test]
fn the_versions_of_the_api_are_known_by_their_texts() {
    for text in ApiVersion::ALL {
        assert_eq!(text.parse::<ApiVersion>().unwrap().as_str(), *text);
    }
    let error = "2025-01-01".parse::<ApiVersion>().unwrap_err().to_string();
    assert!(error.contains("2026-08-01, 2026-08-02-preview"), "{error}");
}
