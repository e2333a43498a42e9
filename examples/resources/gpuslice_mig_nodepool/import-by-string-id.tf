# On AKS.
import {
  to = gpuslice_mig_nodepool.notebooks
  id = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/gpu/providers/Microsoft.ContainerService/managedClusters/main/agentPools/mig2g"
}

# On GKE.
import {
  to = gpuslice_mig_nodepool.inference
  id = "projects/my-project/locations/us-central1-a/clusters/main/nodePools/mig1g"
}

# On EKS, by the cluster's ARN and the name; the node group's own ARN does as well.
import {
  to = gpuslice_mig_nodepool.batch
  id = "arn:aws:eks:us-east-1:111122223333:cluster/main:mig3g"
}
