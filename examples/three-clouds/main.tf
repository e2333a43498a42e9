# The same slices on three clouds, from the same resources: GPUs of 80 GB cut into seven by MIG, and smaller ones whose
# time several containers share.

terraform {
  required_providers {
    gpuslice = {
      source = "gpuslice/gpuslice"
    }
  }
}

provider "gpuslice" {}

variable "clouds" {
  description = "All that differs between the clouds: the cluster, what its machines are called, and what only EKS asks."

  type = map(object({
    cluster_id = string
    large      = string
    small      = string
    eks        = optional(object({ node_role_arn = string, subnet_ids = set(string) }))
  }))

  default = {
    azure = {
      cluster_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/Microsoft.ContainerService/managedClusters/sandbox"
      large      = "Standard_NC24ads_A100_v4" # one A100 80GB
      small      = "Standard_NC4as_T4_v3"     # one T4
    }
    google = {
      cluster_id = "projects/sandbox/locations/us-central1-a/clusters/zonal"
      large      = "a2-ultragpu-1g" # one A100 80GB
      small      = "g2-standard-4"  # one L4
    }
    amazon = {
      cluster_id = "arn:aws:eks:us-east-1:000000000000:cluster/sandbox"
      large      = "p5.4xlarge" # one H100 80GB
      small      = "g5.xlarge"  # one A10G
      eks = {
        node_role_arn = "arn:aws:iam::000000000000:role/node"
        subnet_ids    = ["subnet-0000000000000000a", "subnet-0000000000000000b"]
      }
    }
  }
}

variable "mig_profile" {
  description = "What each of the larger GPUs is cut into, by NVIDIA's name."
  type        = string
  default     = "1g.10gb"
}

variable "replicas" {
  description = "How many containers share each of the smaller GPUs."
  type        = number
  default     = 4
}

variable "notebook_nodes" {
  description = "Machines with the smaller GPUs, in each cloud."
  type        = number
  default     = 1
}

variable "patience" {
  description = "How long slices may take to appear. Unset: as long as they may take in a cloud."
  type        = string
  default     = null
}

resource "gpuslice_mig_nodepool" "inference" {
  for_each = var.clouds

  cluster_id          = each.value.cluster_id
  name                = "mig1g"
  machine_type        = each.value.large
  mig_profile         = var.mig_profile
  node_count          = 2
  eks                 = each.value.eks
  slice_check_timeout = var.patience
}

resource "gpuslice_timeslice_nodepool" "notebooks" {
  for_each = var.clouds

  cluster_id          = each.value.cluster_id
  name                = "notebooks"
  machine_type        = each.value.small
  replicas            = var.replicas
  node_count          = var.notebook_nodes
  eks                 = each.value.eks
  slice_check_timeout = var.patience
}

# A pool whose slices do not appear is a warning. With this it fails the apply, and the pool stays as it is.
resource "gpuslice_slice_check" "notebooks" {
  for_each = gpuslice_timeslice_nodepool.notebooks

  nodepool_id = each.value.id
  timeout     = var.patience
  triggers    = { nodes = var.notebook_nodes }
}

output "slices" {
  description = "What the pools offer, known at plan."
  value = {
    for cloud, pool in gpuslice_mig_nodepool.inference : cloud => {
      inference = pool.slices
      notebooks = gpuslice_timeslice_nodepool.notebooks[cloud].slices
    }
  }
}

output "scheduling" {
  description = "What a workload needs in its pod spec to land on the slices."
  value = {
    for cloud, pool in gpuslice_mig_nodepool.inference : cloud => {
      inference = pool.scheduling
      notebooks = gpuslice_timeslice_nodepool.notebooks[cloud].scheduling
    }
  }
}
