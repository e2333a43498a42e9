# A GKE node pool whose GPUs are cut with MIG: one A100 40GB in each machine, seven slices in each A100.

terraform {
  required_providers {
    gpuslice = {
      source = "gpuslice/gpuslice"
    }
  }
}

provider "gpuslice" {}

variable "cluster_id" {
  description = "projects/P/locations/L/clusters/C, as google_container_cluster.main.id gives it."
  type        = string
  default     = "projects/sandbox/locations/us-central1-a/clusters/zonal"
}

variable "mig_profile" {
  description = "What each GPU is cut into, by NVIDIA's name."
  type        = string
  default     = "1g.5gb"
}

resource "gpuslice_mig_nodepool" "inference" {
  cluster_id   = var.cluster_id
  name         = "mig1g"
  machine_type = "a2-highgpu-1g"
  mig_profile  = var.mig_profile
  node_count   = 2
}

output "slices" {
  description = "What the pool offers, known at plan."
  value       = gpuslice_mig_nodepool.inference.slices
}

output "scheduling" {
  description = "What a workload needs in its pod spec to land on the slices."
  value       = gpuslice_mig_nodepool.inference.scheduling
}
