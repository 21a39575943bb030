#!/usr/bin/env python3
"""rcprof doctor: what works here, per interpreter."""
import json
import os
import resource
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
import schema  # noqa: E402
import tap  # noqa: E402


def doctor(*args, **env):
    status, out, err = views.run("doctor", "--json", *args, **env)
    data = json.loads(out)
    if err:
        tap.diag(err)
    return status, data, {c["check"]: c for c in data["checks"]}


os.mkdir("tmp")
views.ENV["TMPDIR"] = os.path.abspath("tmp")
for path, version in tap.pythons():
    status, data, checks = doctor(path)
    wrong = list(schema.check(data, schema.DOCTOR))
    if not tap.ok(status == 0 and data["missing"] == 0 and not wrong,
                  "[%s] nothing is missing" % version):
        tap.diag(json.dumps(data, indent=1))
    tap.is_(checks["python"]["text"], version.split("-")[0],
            "[%s] its version" % version)
    tap.ok("self-test passed" in checks["frames"]["text"],
           "[%s] frames: the self-test" % version)
status, data, checks = doctor("sh", "-c", "exit 3")
tap.ok(status == 0 and "exit 3" in checks["run"]["text"],
       "a program without Python")
status, out, err = views.run("doctor", "sh", "-c", "exit 0")
tap.ok(status == 0 and not err and all(
    line.startswith(("ok ", "note ", " ")) for line in out.splitlines()),
    "the same as text")

# What is missing is said, and the status is 1.
status, data, checks = doctor("/no/such/python")
tap.ok(status == 1 and checks["program"]["verdict"] == "MISSING",
       "no such program")
status, data, checks = doctor(RCPROF_LIBRARY="/no/such/library.so")
tap.ok(status == 1 and checks["library"]["verdict"] == "MISSING",
       "no such library")
with open("python3", "w") as f:
    f.write("#!/bin/sh\necho 'no Python today' >&2\nexit 5\n")
os.chmod("python3", 0o755)
status, data, checks = doctor("./python3")
tap.ok(status == 1 and checks["run"]["verdict"] == "MISSING" and
       "no Python today" in checks["run"]["text"] and
       "exit 5" in checks["run"]["text"],
       "an interpreter that does not start: what it said")

# Limits.
if views.SANITIZED:
    tap.skip("a limited address space is named", "ASan does not start in it")
else:
    done = subprocess.run(
        [tap.RCPROF, "doctor", "--json", "sh", "-c", ":"],
        stdout=subprocess.PIPE, env=views.ENV, preexec_fn=lambda:
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)))
    limits = [c["text"] for c in json.loads(done.stdout.decode())["checks"]
              if c["check"] == "limits"]
    tap.ok(any("address space is limited (ulimit -v, 8.00 GiB)" in t
               for t in limits), "a limited address space is named")
tap.is_(os.listdir("tmp"), [], "nothing is left behind")
status, data, checks = doctor("sh", TMPDIR="/no/such/directory")
tap.ok(status == 1 and "/no/such/directory: No such file" in
       checks["run"]["text"], "no place for a temporary directory")
tap.done()
