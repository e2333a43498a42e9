"""Judges every exchange in a sandbox's record file by Google's discovery documents.

    python judge_gke.py RECORD...

Each line of a record is {method, url, request_body, status, response_body, error_type, fault}. One line is printed for
each violation, of a request or of an answer; the exit code is 1 if there is any, 2 if there is nothing to judge.
"""

import sys

import discovery
import records

SERVICES = [discovery.Service("container", "v1"), discovery.Service("compute", "v1")]


def judge(record):
    """Every violation of one exchange, as (place, what)."""
    path, query = discovery.split(record["url"])
    found = [(service, service.method(record["method"], path)) for service in SERVICES]
    found = [(service, method) for service, method in found if method]
    if not found:
        yield "url", "Google has no such method"
        return
    service, method = found[0]
    yield from service.judge_query(method, query)
    yield from judge_request(service, method, record["request_body"])
    status, body = record["status"], record["response_body"]
    if status == 0 or record["fault"] in records.UNREADABLE:
        return
    if status >= 400:
        yield from discovery.judge_error(status, body)
    elif "response" in method:
        yield from service.judge(method["response"], body, "response", request=False)


def judge_request(service, method, body):
    if "request" not in method:
        if body is not None:
            yield "request", "a body where the method has none"
    elif body is not None:
        yield from service.judge(method["request"], body, "request", request=True)


def concerns(record):
    """Whether an exchange was with Google. What no cloud knows is nobody else's either."""
    return records.cloud(record) in ("google", "azure")


if __name__ == "__main__":
    sys.exit(records.run(__doc__, sys.argv[1:], lambda: (concerns, judge)))
