terraform import gpuslice_mig_nodepool.inference projects/my-project/locations/us-central1-a/clusters/main/nodePools/mig1g
