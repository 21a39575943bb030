#!/usr/bin/env python3
"""hazards.tsv against the tests that it names: each is there and runs, and each
row from 1 to 47 has one."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/tap"))
import tap  # noqa: E402

TESTS = os.path.join(tap.SRC, "tests")


def read(name):
    with open(os.path.join(TESTS, name), encoding="utf-8") as f:
        return f.read()


def is_listed(name):
    """Whether `make check` runs it."""
    folder, _, rest = name.partition("/")
    return re.search(r"tests/%s/%s\b" % (
        folder, re.escape(re.sub(r"\.c$", ".t", rest))),
        read(folder + "/local.mk")) is not None


def missing(name, function):
    """Why that is no test that runs; None: it is one."""
    if not os.path.exists(os.path.join(TESTS, name)):
        return "no file"
    if not is_listed(name):
        return "not in local.mk"
    if not function:
        return None
    text = read(name)
    if not re.search(r"^def %s\(" % re.escape(function), text, re.M):
        return "no function " + function
    # Once where it is defined, and once where it is called or handed on.
    if len(re.findall(r"\b%s\b" % re.escape(function), text)) < 2:
        return function + " is not run"
    return None


def main():
    lines = [line.split("\t") for line in read("hazards.tsv").splitlines()
             if not line.startswith("#")]
    tap.is_([line for line in lines if len(line) != 4], [],
            "each line has four columns")
    rows = {int(line[0].split()[1]) for line in lines
            if line[0].startswith("row ")}
    tap.is_(sorted(set(range(1, 48)) - rows), [], "rows 1 to 47 are there")
    for where, what, name, function in lines:
        text = "%s: %s" % (where, what)
        if name == "-":
            tap.skip(text, function)
            continue
        why = missing(name, function)
        if not tap.ok(why is None, "%s: %s %s" % (text, name, function)):
            tap.diag(why)
    tap.done()


main()
