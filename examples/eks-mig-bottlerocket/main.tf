# An EKS node group whose GPUs are cut with MIG by the nodes' operating system: eight A100 40GB in each machine, seven
# slices in each A100. Nothing has to be installed in the cluster.

terraform {
  required_providers {
    gpuslice = {
      source = "gpuslice/gpuslice"
    }
  }
}

provider "gpuslice" {}

variable "cluster_arn" {
  description = "The cluster's ARN, as aws_eks_cluster.main.arn gives it."
  type        = string
  default     = "arn:aws:eks:us-east-1:000000000000:cluster/sandbox"
}

variable "node_role_arn" {
  description = "The IAM role of the nodes, as aws_iam_role.node.arn gives it."
  type        = string
  default     = "arn:aws:iam::000000000000:role/node"
}

variable "subnet_ids" {
  description = "The subnets of the nodes, as aws_subnet.private[*].id gives them."
  type        = set(string)
  default     = ["subnet-0000000000000000a", "subnet-0000000000000000b"]
}

variable "mig_profile" {
  description = "What each GPU is cut into, by NVIDIA's name. Another one rolls the nodes."
  type        = string
  default     = "1g.5gb"
}

resource "gpuslice_mig_nodepool" "inference" {
  cluster_id   = var.cluster_arn
  name         = "mig1g"
  machine_type = "p4d.24xlarge"
  mig_profile  = var.mig_profile

  autoscaling = {
    min_nodes     = 0
    max_nodes     = 4
    initial_nodes = 1
  }

  # Old nodes go before new ones come: there are no spare p4d.
  upgrade = { max_surge = "0", max_unavailable = "1" }

  eks = {
    node_role_arn = var.node_role_arn
    subnet_ids    = var.subnet_ids
  }
}

output "slices" {
  description = "What the pool offers, known at plan."
  value       = gpuslice_mig_nodepool.inference.slices
}

output "scheduling" {
  description = "What a workload needs in its pod spec to land on the slices."
  value       = gpuslice_mig_nodepool.inference.scheduling
}
