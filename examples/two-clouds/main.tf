# The same slices on two clouds, from one resource: A100 80GB, cut into seven on GKE and on AKS.

terraform {
  required_providers {
    gpuslice = {
      source = "gpuslice/gpuslice"
    }
  }
}

provider "gpuslice" {}

variable "pools" {
  description = "All that differs between the clouds: where the pools are, and on which machines."

  type = map(object({
    cluster_id   = string
    machine_type = string
    aks          = optional(object({ gpu_stack = string })) # null on every other cloud
  }))

  default = {
    azure = {
      cluster_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/Microsoft.ContainerService/managedClusters/sandbox"
      machine_type = "Standard_NC24ads_A100_v4"
      aks          = { gpu_stack = "managed" } # AKS runs the device plugin, as GKE always does
    }
    google = {
      cluster_id   = "projects/sandbox/locations/us-central1-a/clusters/zonal"
      machine_type = "a2-ultragpu-1g"
    }
  }
}

variable "mig_profile" {
  description = "What each GPU is cut into, by NVIDIA's name."
  type        = string
  default     = "1g.10gb"
}

resource "gpuslice_mig_nodepool" "inference" {
  for_each = var.pools

  cluster_id   = each.value.cluster_id
  name         = "mig1g"
  machine_type = each.value.machine_type
  mig_profile  = var.mig_profile
  node_count   = 2
  aks          = each.value.aks
}

output "slices" {
  description = "What the pools offer, known at plan."
  value       = { for cloud, pool in gpuslice_mig_nodepool.inference : cloud => pool.slices }
}

output "scheduling" {
  description = "What a workload needs in its pod spec to land on the slices."
  value       = { for cloud, pool in gpuslice_mig_nodepool.inference : cloud => pool.scheduling }
}
