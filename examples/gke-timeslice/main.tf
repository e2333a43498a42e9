# A GKE node pool whose GPUs are shared: one L4 in each machine, which several containers use in turns.

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

variable "replicas" {
  description = "How many containers share each GPU. A change keeps the pool."
  type        = number
  default     = 4
}

resource "gpuslice_timeslice_nodepool" "notebooks" {
  cluster_id   = var.cluster_id
  name         = "notebooks"
  machine_type = "g2-standard-8"
  replicas     = var.replicas
  node_count   = 2
}

output "slices" {
  description = "What the pool offers, known at plan."
  value       = gpuslice_timeslice_nodepool.notebooks.slices
}

output "scheduling" {
  description = "What a workload needs in its pod spec to land on the slices."
  value       = gpuslice_timeslice_nodepool.notebooks.scheduling
}
