import {
  to = gpuslice_mig_nodepool.inference
  id = "projects/my-project/locations/us-central1-a/clusters/main/nodePools/mig1g"
}
