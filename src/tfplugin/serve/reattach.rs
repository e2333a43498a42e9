//! Debug mode: the provider is started by a person, in a debugger, and hosts are told to come to it.

use serde_json::json;

use super::handshake::Address;

/// The value of `TF_REATTACH_PROVIDERS` that makes a host use this process for the provider `source`.
///
/// `Test` keeps the host from ending a process that it did not start.
pub(super) fn variable(source: &str, address: &Address) -> String {
    json!({
        source: {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": std::process::id(),
            "Test": true,
            "Addr": { "Network": address.network(), "String": address.to_string() },
        }
    })
    .to_string()
}

/// What a person has to do next.
pub(super) fn instructions(source: &str, address: &Address) -> String {
    format!(
        "The provider is running. Where Terraform runs, set\n\n    TF_REATTACH_PROVIDERS='{}'\n\n\
         Terraform then uses this process until you end it with Ctrl-C.\n",
        variable(source, address)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_finds_the_process_by_its_source_address() {
        let text = variable("registry.terraform.io/a/b", &Address::Unix("/tmp/x/s".into()));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let entry = &json["registry.terraform.io/a/b"];
        assert_eq!(entry["Protocol"], "grpc");
        assert_eq!(entry["ProtocolVersion"], 6);
        assert_eq!(entry["Pid"], std::process::id());
        assert_eq!(entry["Test"], true);
        assert_eq!(entry["Addr"], json!({ "Network": "unix", "String": "/tmp/x/s" }));
    }
}
