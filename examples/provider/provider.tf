terraform {
  required_providers {
    gpuslice = {
      source = "gpuslice/gpuslice"
    }
  }
}

# Nothing here is required: with an empty block each cloud's usual credentials are used.
provider "gpuslice" {
  azure = {
    use_oidc  = true
    tenant_id = "11111111-1111-1111-1111-111111111111"
    client_id = "22222222-2222-2222-2222-222222222222"
  }

  google = {
    impersonate_service_account = "gpu-pools@my-project.iam.gserviceaccount.com"
  }

  aws = {
    assume_role = [{ role_arn = "arn:aws:iam::123456789012:role/gpu-pools" }]
  }

  default_labels = {
    team = "inference"
  }

  default_tags = {
    cost-center = "ml"
  }
}
