"""Judges every exchange in a sandbox's record file by the classes of Microsoft's own Python client.

    python judge_aks.py RECORD...
    python judge_aks.py --optional FOLDER    every record in the folder; there need not be any

Each line of a record is {method, url, request_body, status, response_body, error_type, fault}. An exchange is judged by
the release of azure-mgmt-containerservice for its api-version. One line is printed for each violation, of a request or
of an answer; the exit code is 1 if there is any, 2 if there is nothing to judge.
"""

import sys
from urllib.parse import parse_qs, urlsplit

import azure_models
import records

# What Azure Resource Manager itself answers, whose client is another one.
FOREIGN = ("/tenants", "/metadata/endpoints")


def foreign(path):
    parts = path.strip("/").split("/")
    return path.lower() in FOREIGN or parts[0].lower() == "subscriptions" and len(parts) < 3


def judge(api, record):
    """Every violation of one exchange, as (place, what)."""
    address = urlsplit(record["url"])
    status, body = record["status"], record["response_body"]
    operation = azure_models.OPERATION.fullmatch(address.path)
    method = api.method(record["method"], address.path)
    if operation and record["method"] == "GET":
        if record["request_body"] is not None:
            yield "request", "a body where there is none"
    elif method is None:
        yield "url", "Azure has no such method"
        return
    else:
        yield from api.judge_query(method, address.query)
        if method.body is not None and record["request_body"] is not None:
            yield from api.judge(method.body, record["request_body"], "request", request=True)
        elif record["request_body"] is not None:
            yield "request", f"a body where {method.name} has none"
        elif method.body is not None:
            yield "request", f"no body where {method.name} has one"
    if status == 0 or record["fault"] in records.UNREADABLE:
        return
    if status >= 400:
        yield from api.judge_error(body)
    elif not operation:
        yield from api.judge_answer(method, status, body)
    elif operation[1].lower() == "operations":
        yield from api.judge_operation(body)
    elif status == 200:
        # What an operation was for: a node pool.
        yield from api.judge(api.models.AgentPool, body, "response", request=False)


def concerns(record):
    """Whether an exchange was with AKS."""
    return records.cloud(record) == "azure" and not foreign(urlsplit(record["url"]).path)


def prepare():
    apis = azure_models.releases()

    def by_version(record):
        address = urlsplit(record["url"])
        version = parse_qs(address.query).get("api-version", [""])[0]
        # Operations have a version of their own. An error about a version is an error like any other.
        known = version in apis or azure_models.OPERATION.fullmatch(address.path) or record["status"] >= 400
        if not known:
            return [("query.api-version", f"{version!r} is none of {', '.join(apis)}")]
        return judge(apis.get(version, apis[max(apis)]), record)

    return concerns, by_version


if __name__ == "__main__":
    sys.exit(records.run(__doc__, sys.argv[1:], prepare))
