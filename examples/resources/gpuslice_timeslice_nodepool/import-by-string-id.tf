import {
  to = gpuslice_timeslice_nodepool.notebooks
  id = "projects/my-project/locations/us-central1-a/clusters/main/nodePools/notebooks"
}
