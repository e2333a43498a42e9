//! The configurations that are measured, and the same ones with Terraform's built-in resource: what those take is
//! Terraform's own share.

/// The cluster of all sandboxes that a bench creates pools in.
pub(crate) const CLUSTER: &str = "projects/sandbox/locations/us-central1-a/clusters/zonal";

/// What a module says about its providers.
pub(crate) const PROVIDERS: &str = r#"
terraform {
  required_providers { gpuslice = { source = "gpuslice/gpuslice" } }
}
"#;

/// A configuration with `count` pools, sized by an autoscaler from zero, so that no stock runs out.
pub(crate) fn pools(count: usize) -> String {
    format!(
        r#"
resource "gpuslice_mig_nodepool" "pool" {{
  count        = {count}
  cluster_id   = "{CLUSTER}"
  name         = "pool-${{count.index}}"
  machine_type = "a2-highgpu-1g"
  mig_profile  = "1g.5gb"
  autoscaling  = {{ min_nodes = 0, max_nodes = 2 }}
}}
"#
    )
}

/// The same number of built-in resources with inputs of the same names.
pub(crate) fn floor(count: usize) -> String {
    format!(
        r#"
resource "terraform_data" "pool" {{
  count = {count}
  input = {{
    cluster_id   = "{CLUSTER}"
    name         = "pool-${{count.index}}"
    machine_type = "a2-highgpu-1g"
    mig_profile  = "1g.5gb"
    autoscaling  = {{ min_nodes = 0, max_nodes = 2 }}
  }}
}}
"#
    )
}
