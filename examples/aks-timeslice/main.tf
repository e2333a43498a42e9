# An AKS node pool whose GPUs are shared: one T4 in each machine, which several containers use in turns. NVIDIA's device
# plugin in the cluster is told so by a key of its ConfigMap, which the provider puts there.

terraform {
  required_providers {
    gpuslice = {
      source = "gpuslice/gpuslice"
    }
  }
}

provider "gpuslice" {}

variable "cluster_id" {
  description = "The ARM id of the cluster, as azurerm_kubernetes_cluster.main.id gives it."
  type        = string
  default     = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/Microsoft.ContainerService/managedClusters/sandbox"
}

variable "replicas" {
  description = "How many containers share each GPU. A change keeps the nodes, and the pods on them."
  type        = number
  default     = 4
}

resource "gpuslice_timeslice_nodepool" "notebooks" {
  cluster_id   = var.cluster_id
  name         = "notebooks"
  machine_type = "Standard_NC4as_T4_v3"
  replicas     = var.replicas
  node_count   = 2
}

output "slices" {
  description = "What the pool offers, known at plan."
  value       = gpuslice_timeslice_nodepool.notebooks.slices
}

output "device_plugin" {
  description = "The key that the nodes are configured by, and what it says."
  value       = { (gpuslice_timeslice_nodepool.notebooks.config_key) = gpuslice_timeslice_nodepool.notebooks.config_yaml }
}

output "scheduling" {
  description = "What a workload needs in its pod spec to land on the slices."
  value       = gpuslice_timeslice_nodepool.notebooks.scheduling
}
