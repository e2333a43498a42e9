# An AKS node pool whose GPUs are cut with MIG: one A100 80GB in each machine, seven slices in each A100.

terraform {
  required_providers {
    gpuslice = {
      source = "gpuslice/gpuslice"
    }
  }
}

provider "gpuslice" {}

variable "cluster_id" {
  description = "The cluster's ARM id, as azurerm_kubernetes_cluster.main.id gives it."
  type        = string
  default     = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/Microsoft.ContainerService/managedClusters/sandbox"
}

variable "mig_profile" {
  description = "What each GPU is cut into, by NVIDIA's name."
  type        = string
  default     = "1g.10gb"
}

resource "gpuslice_mig_nodepool" "inference" {
  cluster_id   = var.cluster_id
  name         = "mig1g"
  machine_type = "Standard_NC24ads_A100_v4"
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
