#!/usr/bin/env python3
"""footprint.py - a small program whose memory has a clear story.

1. load() reads 200,000 records and keeps them: the floor of the curve.
2. Each of four requests builds a report of some 30 MiB and throws it away:
   four teeth, and the peak.  None of it is a leak.
3. Each request also leaves its result in HISTORY, which nobody empties: the
   floor rises by 4 MiB a request.  That is the leak.

Watch it: rcprof run --exact examples/footprint.py; rcprof report
"""
import time

HISTORY = []


def load(n):
    """The data that the program works on: lives until the end."""
    return [{"id": i, "name": "record %d" % i} for i in range(n)]


def build_report(records):
    """A big intermediate result that only its caller needs."""
    lines = []
    for record in records:
        lines.append("%(id)08d %(name)-64s" % record)
    return "\n".join(lines)


def remember(report):
    """Keeps a piece of every report: a cache without a bound."""
    HISTORY.append(report[:4 << 20])


def serve(records, requests):
    for _ in range(requests):
        report = build_report(records)
        time.sleep(0.2)
        remember(report)
        del report
        time.sleep(0.2)


if __name__ == "__main__":
    data = load(200_000)
    serve(data, 4)
    print("served 4 reports, %d records, %d MiB of history" % (
        len(data), sum(map(len, HISTORY)) >> 20))
