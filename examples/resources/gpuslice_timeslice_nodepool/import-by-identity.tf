import {
  to = gpuslice_timeslice_nodepool.notebooks
  identity = {
    cluster_id = "projects/my-project/locations/us-central1-a/clusters/main"
    name       = "notebooks"
  }
}
