"""A credential plugin of Kubernetes: a token of an EKS cluster, made as `aws eks get-token` makes it, by botocore.

    python eks_token.py CLUSTER REGION
    python eks_token.py CLUSTER REGION KEY SECRET    print the token alone, of that access key

Who it is for is else said by the usual environment variables of AWS.
"""

import base64
import json
import sys

import botocore.session

HEADER = "x-k8s-aws-id"


def token(cluster, region, key=None, secret=None):
    """STS's own URL for who one is, presigned for one cluster; nothing is sent."""
    keys = {"aws_access_key_id": key, "aws_secret_access_key": secret} if key else {}
    sts = botocore.session.get_session().create_client("sts", region_name=region, **keys)

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
    if len(arguments) not in (2, 4):
        print(__doc__)
        return 2
    if len(arguments) == 4:
        print(token(*arguments))
        return 0
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
