"""Judges every exchange with a cluster's API server in a sandbox's record file by Kubernetes' own Python client.

    python judge_kubernetes.py RECORD...
    python judge_kubernetes.py --optional FOLDER    every record in the folder; there need not be any

Each line of a record is {method, url, request_body, status, response_body, error_type, fault}. One line is printed for
each violation, of a request or of an answer; the exit code is 1 if there is any, 2 if there is nothing to judge.
"""

import json
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import kube_models

# Faults whose answer is meant to be unreadable.
UNREADABLE = {"wrong_answer"}

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
    if status >= 400 and record["fault"] not in UNREADABLE:
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
    if 200 <= status < 300 and record["fault"] not in UNREADABLE and not watched:
        yield from api.judge_answer(method, body)


def lines(file):
    """The exchanges of a record. A sandbox that was killed may have left the last one unfinished."""
    for number, line in enumerate(Path(file).read_text().splitlines(keepends=True), start=1):
        if line.endswith("\n"):
            yield number, json.loads(line)


def main(files):
    optional = files[:1] == ["--optional"] and len(files) == 2
    if optional:
        files = sorted(Path(files[1]).glob("*.jsonl"))
    elif not files:
        print(__doc__)
        return 2
    api = kube_models.Api()
    judged, passed, violations = 0, 0, 0
    # What is the same word for word gets the same judgement, and tests say many things many times.
    known = {}
    for file in files:
        for number, record in lines(file):
            address = urlsplit(record["url"])
            if address.scheme != "https" or address.path.startswith(FOREIGN):
                passed += 1
                continue
            judged += 1
            short = address.path + "?" + address.query
            key = json.dumps([short, *(record[name] for name in ("method", "request_body", "status", "response_body", "fault"))])
            if key not in known:
                known[key] = list(judge(api, record))
            for place, what in known[key]:
                violations += 1
                print(f"{file}:{number}: {record['method']} {record['url']}: {place}: {what}")
    print(f"{judged} exchanges judged, {passed} of no concern, {violations} violations", file=sys.stderr)
    if judged == 0 and not optional:
        print("nothing to judge", file=sys.stderr)
        return 2
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
