terraform import gpuslice_timeslice_nodepool.notebooks projects/my-project/locations/us-central1-a/clusters/main/nodePools/notebooks
