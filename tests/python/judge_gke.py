"""Judges every exchange in a sandbox's record file by Google's discovery documents.

    python judge_gke.py RECORD...

Each line of a record is {method, url, request_body, status, response_body, error_type, fault}. One line is printed for
each violation, of a request or of an answer; the exit code is 1 if there is any, 2 if there is nothing to judge.
"""

import json
import sys
from pathlib import Path

import discovery

SERVICES = [discovery.Service("container", "v1"), discovery.Service("compute", "v1")]

# Faults whose answer is meant to be unreadable.
UNREADABLE = {"wrong_answer"}


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
    if status == 0 or record["fault"] in UNREADABLE:
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


def main(files):
    if not files:
        print(__doc__)
        return 2
    judged, violations = 0, 0
    for file in files:
        for number, line in enumerate(Path(file).read_text().splitlines(), start=1):
            record = json.loads(line)
            if record["url"].startswith("https://"):
                # A cluster's own API server: kubectl judges those.
                continue
            judged += 1
            for place, what in judge(record):
                violations += 1
                print(f"{file}:{number}: {record['method']} {record['url']}: {place}: {what}")
    print(f"{judged} exchanges judged, {violations} violations", file=sys.stderr)
    if judged == 0:
        print("nothing to judge", file=sys.stderr)
        return 2
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
