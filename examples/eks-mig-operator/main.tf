# An EKS node group whose GPUs are cut with MIG by NVIDIA's GPU operator, which is installed in the cluster with
# migManager.enabled=true, driver.enabled=false and toolkit.enabled=false: eight H100 in each machine, three slices in
# each H100.

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
  default     = "arn:aws:eks:us-west-2:000000000000:cluster/operator"
}

variable "node_role_arn" {
  description = "The IAM role of the nodes, as aws_iam_role.node.arn gives it."
  type        = string
  default     = "arn:aws:iam::000000000000:role/node"
}

variable "subnet_ids" {
  description = "The subnets of the nodes, as aws_subnet.private[*].id gives them."
  type        = set(string)
  default     = ["subnet-0000000000000000a"]
}

resource "gpuslice_mig_nodepool" "training" {
  cluster_id   = var.cluster_arn
  name_prefix  = "mig2g-"
  machine_type = "p5.48xlarge"
  mig_profile  = "2g.20gb"
  node_count   = 1

  eks = {
    gpu_stack     = "gpu_operator"
    node_role_arn = var.node_role_arn
    subnet_ids    = var.subnet_ids
  }

  # With the GPU operator another profile is another node group: the new one comes first.
  lifecycle {
    create_before_destroy = true
  }
}

output "slices" {
  description = "What the pool offers, known at plan."
  value       = gpuslice_mig_nodepool.training.slices
}

output "scheduling" {
  description = "What a workload needs in its pod spec to land on the slices."
  value       = gpuslice_mig_nodepool.training.scheduling
}
