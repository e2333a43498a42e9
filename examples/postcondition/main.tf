# The apply fails while the pool is not ready, and the pool is neither tainted nor replaced by that.

terraform {
  required_providers {
    gpuslice = {
      source = "gpuslice/gpuslice"
    }
  }
}

variable "cluster_id" {
  description = "google_container_cluster.main.id"
  type        = string
}

resource "gpuslice_mig_nodepool" "inference" {
  cluster_id   = var.cluster_id
  name         = "mig1g"
  machine_type = "a2-highgpu-1g"
  mig_profile  = "1g.5gb"

  timeouts {
    create = "30m"
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The pool is not ready yet. Apply again to go on waiting for it."
    }
  }
}
