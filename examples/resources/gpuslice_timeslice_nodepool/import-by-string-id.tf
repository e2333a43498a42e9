# On GKE.
import {
  to = gpuslice_timeslice_nodepool.notebooks
  id = "projects/my-project/locations/us-central1-a/clusters/main/nodePools/notebooks"
}

# On EKS, by the node group's own ARN; the cluster's ARN, a colon and the name does as well.
import {
  to = gpuslice_timeslice_nodepool.batch
  id = "arn:aws:eks:us-east-1:111122223333:nodegroup/main/batch/9cc4d3a1-5a8e-4c62-9c5b-3f1f0d6b7e10"
}
