# A pod for the slices of a pool, cut or shared, as YAML: terraform output -raw pod | kubectl apply -f -

terraform {
  required_providers {
    gpuslice = {
      source = "gpuslice/gpuslice"
    }
  }
}

variable "cluster_id" {
  description = "google_container_cluster.main.id, or azurerm_kubernetes_cluster.main.id"
  type        = string
}

variable "machine_type" {
  description = "A machine with an A100 80GB: a2-ultragpu-1g, or Standard_NC24ads_A100_v4."
  type        = string
}

resource "gpuslice_mig_nodepool" "inference" {
  cluster_id   = var.cluster_id
  name         = "mig1g"
  machine_type = var.machine_type
  mig_profile  = "1g.10gb"
}

locals {
  scheduling = gpuslice_mig_nodepool.inference.scheduling
}

output "pod" {
  value = yamlencode({
    apiVersion = "v1"
    kind       = "Pod"
    metadata   = { name = "on-a-slice" }
    spec = {
      nodeSelector  = local.scheduling.node_selector
      tolerations   = local.scheduling.tolerations
      restartPolicy = "Never"
      containers = [{
        name      = "cuda"
        image     = "nvidia/cuda:12.8.1-base-ubuntu24.04"
        command   = ["nvidia-smi", "-L"]
        resources = { limits = local.scheduling.resource_limits }
      }]
    }
  })
}
