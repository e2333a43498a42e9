"""Goes through sandboxes' records with a judge: the command line, and the report, of every judge of recorded exchanges.

Each line of a record is {method, url, request_body, status, response_body, error_type, fault}.
"""

import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Faults whose answer is meant to be unreadable.
UNREADABLE = {"wrong_answer"}

# How the paths of clouds begin: a sandbox is all of them at once.
GOOGLE = ("/v1/", "/compute/")
AMAZON = re.compile(r"/(eks|ec2|sts|autoscaling|clusters)(/|$)|/tags/arn:|/?$")


def cloud(record):
    """Whose API an exchange was with: kubernetes, google, amazon or azure."""
    address = urlsplit(record["url"])
    if address.scheme == "https":
        # Clusters have API servers of their own, by TLS.
        return "kubernetes"
    path = unquote(address.path)
    if path.startswith(GOOGLE):
        return "google"
    return "amazon" if AMAZON.match(path) else "azure"


def run(usage, files, prepare):
    """Judges the exchanges of the records that are named, or of a folder of them, and gives the exit code.

    `prepare()` makes two functions: whether an exchange is this judge's, and the (place, what) of each violation in one.
    """
    optional = files[:1] == ["--optional"] and len(files) == 2
    if optional:
        files = sorted(Path(files[1]).glob("*.jsonl"))
    elif not files:
        print(usage)
        return 2
    concerns, judge = prepare()
    judged, passed, violations = 0, 0, 0
    for file in files:
        for number, record in exchanges(file):
            if not concerns(record):
                passed += 1
                continue
            judged += 1
            for place, what in judge(record):
                violations += 1
                print(f"{file}:{number}: {record['method']} {record['url']}: {place}: {what}")
    print(f"{judged} exchanges judged, {passed} of no concern, {violations} violations", file=sys.stderr)
    if judged == 0 and not optional:
        print("nothing to judge", file=sys.stderr)
        return 2
    return 1 if violations else 0


def exchanges(file):
    """The exchanges of a record. A sandbox that was killed may have left the last one unfinished."""
    for number, line in enumerate(Path(file).read_text().splitlines(keepends=True), start=1):
        if line.endswith("\n"):
            yield number, json.loads(line)
