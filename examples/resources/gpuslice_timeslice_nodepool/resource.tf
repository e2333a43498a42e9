variable "gke_cluster_id" {
  description = "google_container_cluster.main.id"
  type        = string
}

# Two nodes with one L4 each, which four containers share by taking turns.
resource "gpuslice_timeslice_nodepool" "notebooks" {
  cluster_id   = var.gke_cluster_id
  name         = "notebooks"
  machine_type = "g2-standard-8"
  replicas     = 4
  node_count   = 2
}

# Every A100 40 GB cut into two GPU instances, each of which three containers share by MPS, side by side.
resource "gpuslice_timeslice_nodepool" "inference" {
  cluster_id       = var.gke_cluster_id
  name             = "mps3g"
  machine_type     = "a2-highgpu-1g"
  mig_profile      = "3g.20gb"
  replicas         = 3
  sharing_strategy = "mps"

  autoscaling = {
    min_nodes = 0
    max_nodes = 4
  }
}

# On EKS: one A10G in each node, which four containers share. A request for nvidia.com/gpu does not get such a slice.
variable "eks" {
  description = "aws_eks_cluster.main.arn, aws_iam_role.node.arn and aws_subnet.private[*].id"

  type = object({
    cluster_arn   = string
    node_role_arn = string
    subnet_ids    = set(string)
  })
}

resource "gpuslice_timeslice_nodepool" "batch" {
  cluster_id    = var.eks.cluster_arn
  name          = "batch"
  machine_type  = "g5.2xlarge"
  replicas      = 4
  device_plugin = { rename_resource = true }

  eks = {
    node_role_arn = var.eks.node_role_arn
    subnet_ids    = var.eks.subnet_ids
  }
}
