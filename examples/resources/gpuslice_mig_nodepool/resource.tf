variable "gke_cluster_id" {
  description = "google_container_cluster.main.id"
  type        = string
}

# On GKE: two nodes with one A100 40 GB each, seven slices in each A100.
resource "gpuslice_mig_nodepool" "inference" {
  cluster_id   = var.gke_cluster_id
  name         = "mig1g"
  machine_type = "a2-highgpu-1g"
  mig_profile  = "1g.5gb"
  node_count   = 2
}

# On AKS: up to four spot machines with one H100 each, three slices in each H100.
variable "aks_cluster_id" {
  description = "azurerm_kubernetes_cluster.main.id"
  type        = string
}

variable "subnet_id" {
  description = "azurerm_subnet.gpu.id; AKS chooses when it is null."
  type        = string
  default     = null
}

resource "gpuslice_mig_nodepool" "notebooks" {
  cluster_id    = var.aks_cluster_id
  name          = "mig2g"
  machine_type  = "Standard_NC40ads_H100_v5"
  mig_profile   = "2g.24gb"
  capacity_type = "spot"

  autoscaling = {
    min_nodes = 1
    max_nodes = 4
  }

  aks = {
    eviction_policy = "Delete"
    vnet_subnet_id  = var.subnet_id
  }
}

# On GKE: up to four spot machines in two zones of a region, with eight H100 each and two slices in each H100.
resource "gpuslice_mig_nodepool" "training" {
  cluster_id    = var.gke_cluster_id
  name_prefix   = "mig3g-"
  machine_type  = "a3-highgpu-8g"
  mig_profile   = "3g.40gb"
  capacity_type = "spot"
  zones         = ["us-central1-a", "us-central1-c"]

  autoscaling = {
    min_nodes = 0
    max_nodes = 4
  }

  labels = {
    workload = "training"
  }

  taints = [
    { key = "workload", value = "training", effect = "NoSchedule" },
  ]

  gke = {
    driver_version  = "LATEST"
    location_policy = "ANY"
  }

  timeouts {
    create = "3h"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# On EKS: two nodes with eight A100 40 GB each, two slices in each A100, cut by the nodes' operating system.
variable "eks" {
  description = "aws_eks_cluster.main.arn, aws_iam_role.node.arn and aws_subnet.private[*].id"

  type = object({
    cluster_arn   = string
    node_role_arn = string
    subnet_ids    = set(string)
  })
}

resource "gpuslice_mig_nodepool" "batch" {
  cluster_id   = var.eks.cluster_arn
  name         = "mig3g"
  machine_type = "p4d.24xlarge"
  mig_profile  = "3g.20gb"
  node_count   = 2

  eks = {
    node_role_arn = var.eks.node_role_arn
    subnet_ids    = var.eks.subnet_ids
  }
}
