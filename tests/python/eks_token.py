"""A credential plugin of Kubernetes: a token of an EKS cluster, made as `aws eks get-token` makes it, by botocore.

    python eks_token.py CLUSTER REGION

Who it is for is said by the usual environment variables of AWS.
"""

import base64
import json
import sys

import boto3

HEADER = "x-k8s-aws-id"


def token(cluster, region):
    """STS's own URL for who one is, presigned for one cluster; nothing is sent."""
    sts = boto3.Session(region_name=region).client("sts")

    def keep(params, context, **_):
        context[HEADER] = params.pop("Cluster")

    def name(request, **_):
        request.headers[HEADER] = request.context[HEADER]

    sts.meta.events.register("provide-client-params.sts.GetCallerIdentity", keep)
    sts.meta.events.register("before-sign.sts.GetCallerIdentity", name)
    url = sts.generate_presigned_url(
        "get_caller_identity", Params={"Cluster": cluster}, ExpiresIn=60, HttpMethod="GET"
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def main(arguments):
    if len(arguments) != 2:
        print(__doc__)
        return 2
    credential = {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "spec": {},
        "status": {"token": token(*arguments)},
    }
    print(json.dumps(credential))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
