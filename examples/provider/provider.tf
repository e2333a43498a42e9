terraform {
  required_providers {
    gpuslice = {
      source = "gpuslice/gpuslice"
    }
  }
}

# Nothing here is required: with an empty block the usual credentials of Google Cloud are used.
provider "gpuslice" {
  google = {
    impersonate_service_account = "gpu-pools@my-project.iam.gserviceaccount.com"
  }

  default_labels = {
    team = "inference"
  }

  default_tags = {
    cost-center = "ml"
  }
}
