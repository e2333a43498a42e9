import {
  to = gpuslice_mig_nodepool.inference
  identity = {
    cluster_id = "projects/my-project/locations/us-central1-a/clusters/main"
    name       = "mig1g"
  }
}
