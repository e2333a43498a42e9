resource "gpuslice_mig_nodepool" "inference" {
  cluster_id   = var.cluster_id
  name         = "mig1g"
  machine_type = "a2-highgpu-1g"
  mig_profile  = "1g.5gb"
  node_count   = 2

  # The look that fails the apply is enough.
  slice_check = "off"
}

resource "gpuslice_slice_check" "inference" {
  nodepool_id = gpuslice_mig_nodepool.inference.id
  timeout     = "20m"

  # Another number of slices is another look.
  triggers = {
    per_node = gpuslice_mig_nodepool.inference.slices.per_node
    nodes    = gpuslice_mig_nodepool.inference.node_count
  }
}

variable "cluster_id" {
  description = "google_container_cluster.main.id"
  type        = string
}
