variable "cluster_id" {
  description = "google_container_cluster.main.id"
  type        = string
}

# Two nodes with one A100 40 GB each, seven slices in each A100.
resource "gpuslice_mig_nodepool" "inference" {
  cluster_id   = var.cluster_id
  name         = "mig1g"
  machine_type = "a2-highgpu-1g"
  mig_profile  = "1g.5gb"
  node_count   = 2
}

# Up to four spot machines in two zones of a region, with eight H100 each and two slices in each H100.
resource "gpuslice_mig_nodepool" "training" {
  cluster_id    = var.cluster_id
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
