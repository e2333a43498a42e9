"""Judges every exchange with a cluster's API server in a sandbox's record file by Kubernetes' own Python client.

    python judge_kubernetes.py RECORD...
    python judge_kubernetes.py --optional FOLDER    every record in the folder; there need not be any

Each line of a record is {method, url, request_body, status, response_body, error_type, fault}. One line is printed for
each violation, of a request or of an answer; the exit code is 1 if there is any, 2 if there is nothing to judge.
"""

import json
import sys
from urllib.parse import parse_qs, urlsplit

import kube_models
import records

# What is no object: the schema, which kubectl judges by using it, and whether the server is well.
FOREIGN = ("/openapi", "/readyz", "/livez", "/healthz")

# Requests that are refused for what they are: a mistake in them is the client's, and the server says so. An applied object
# of the wrong shape is answered with 500.
REFUSED = {400, 404, 405, 409, 415, 422, 500}


def judge(api, record):
    """Every violation of one exchange, as (place, what)."""
    address = urlsplit(record["url"])
    status, body = record["status"], record["response_body"]
    method = api.method(record["method"], address.path)
    if status >= 400 and record["fault"] not in records.UNREADABLE:
        if isinstance(body, dict):
            yield from api.judge("V1Status", body, "response")
        elif body is not None:
            yield "response", "an error that is no Status"
    if method is None:
        if status not in REFUSED and status != 0:
            yield "url", "Kubernetes has no such method"
        return
    if status not in REFUSED:
        yield from api.judge_query(method, address.query)
        if record["request_body"] is not None:
            yield from api.judge_request(method, record["request_body"])
    watched = parse_qs(address.query).get("watch", [""])[0] in ("1", "true")
    if 200 <= status < 300 and record["fault"] not in records.UNREADABLE and not watched:
        yield from api.judge_answer(method, body)


def concerns(record):
    """Whether an exchange was with a cluster's API server, about objects."""
    return records.cloud(record) == "kubernetes" and not urlsplit(record["url"]).path.startswith(FOREIGN)


def prepare():
    api = kube_models.Api()
    # What is the same word for word gets the same judgement, and tests say many things many times.
    known = {}

    def remembered(record):
        address = urlsplit(record["url"])
        said = [record[name] for name in ("method", "request_body", "status", "response_body", "fault")]
        key = json.dumps([address.path + "?" + address.query, *said])
        if key not in known:
            known[key] = list(judge(api, record))
        return known[key]

    return concerns, remembered


if __name__ == "__main__":
    sys.exit(records.run(__doc__, sys.argv[1:], prepare))
