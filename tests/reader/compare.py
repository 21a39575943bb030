#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compare.py [--clean] CANONICAL FILE... - do both readers say the same of each
file?  --clean: and has it no malformed record and no wrong check sum?

CANONICAL is tests/reader/canonical, which prints what src/model says.  Lists
that have no order of their own are sorted.  One line per file that differs;
exits 1 if there is one.
"""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rcpread  # noqa: E402


def by_rcpread(path):
    with open(path, "rb") as file:
        data = file.read()
    try:
        return rcpread.Profile(data).canonical()
    except rcpread.NotAProfile:
        return None


def by_model(canonical, path):
    result = subprocess.run([canonical, path], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)
    if result.returncode not in (0, 3):
        sys.exit("%s %s: %s" % (canonical, path, result.stderr.decode()))
    if result.returncode == 3:
        return None
    return json.loads(result.stdout)


def ordered(what):
    """JSON's types, and an order for the lists that have none."""
    what = json.loads(json.dumps(what))
    for row in what["sites"]:
        row[2].sort()
    for name in ("infos", "coverage", "threads", "types", "totals"):
        what[name].sort()
    for name in ("sites", "objects", "cycles"):
        what[name].sort(key=json.dumps)
    return what


def difference(path, canonical, clean):
    ours, theirs = by_rcpread(path), by_model(canonical, path)
    if ours is None or theirs is None:
        return None if ours is theirs else "only one of them opens it"
    if clean and theirs["bad"] != [0, 0]:
        return "bad records, bad sums: %s" % theirs["bad"]
    ours, theirs = ordered(ours), ordered(theirs)
    for name in ours:
        if ours[name] != theirs[name]:
            return "%s: rcpread %.300s ... model %.300s" % (
                name, json.dumps(ours[name]), json.dumps(theirs[name]))
    return None


def main():
    arguments = sys.argv[1:]
    clean = arguments[0] == "--clean"
    failed = 0
    for path in arguments[1 + clean:]:
        what = difference(path, arguments[clean], clean)
        if what:
            failed = 1
            print("%s: %s" % (path, what))
    sys.exit(failed)


if __name__ == "__main__":
    main()
