# An EKS node group whose GPUs are shared: one A10G in each machine, which several containers use in turns. NVIDIA's device
# plugin in the cluster is told so by a key of its ConfigMap, which the provider puts there.

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
  default     = "arn:aws:eks:us-west-2:000000000000:cluster/plugin"
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

variable "replicas" {
  description = "How many containers share each GPU. A change keeps the nodes, and the pods on them."
  type        = number
  default     = 4
}

resource "gpuslice_timeslice_nodepool" "notebooks" {
  cluster_id   = var.cluster_arn
  name         = "notebooks"
  machine_type = "g5.2xlarge"
  replicas     = var.replicas
  node_count   = 2

  eks = {
    gpu_stack     = "device_plugin"
    node_role_arn = var.node_role_arn
    subnet_ids    = var.subnet_ids
  }
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
