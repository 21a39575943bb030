#!/usr/bin/env python3
"""What stands beside rcprof is said before it happens: by doctor, and by run
where the program would not start."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
import tap  # noqa: E402


def beside(*args, **env):
    """(status, [(verdict, text)])"""
    status, out, err = views.run("doctor", "--json", *args, **env)
    if err:
        tap.diag(err)
    return status, [(c["verdict"], c["text"])
                    for c in json.loads(out)["checks"]
                    if c["check"] in ("beside", "program")
                    and (c["check"] == "beside" or c["verdict"] == "MISSING")]


def says(what, found, status, verdict, text):
    if not tap.ok(found[0] == status and any(
            v == verdict and text in t for v, t in found[1]), what):
        tap.diag(repr(found))


def compile_c(name, text, *flags):
    with open(name + ".c", "w") as f:
        f.write(text)
    return subprocess.run(
        os.environ.get("CC", "cc").split() + ["-w", "-o", name, name + ".c"]
        + list(flags), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL).returncode == 0


MAIN = "#include <stdlib.h>\nint main(void) { free(malloc(100)); return 6; }\n"
OWN = """
#include <stddef.h>
static char some[1 << 20];
static size_t used;
void *malloc(size_t n) { used += (n + 15) & ~15ul; return some + used - n; }
void *calloc(size_t n, size_t size) { return malloc(n * size); }
void *realloc(void *p, size_t n) { return malloc(n); }
void free(void *p) { }
int main(void) { free(malloc(100)); return 6; }
"""

os.mkdir("tmp")
views.ENV["TMPDIR"] = os.path.abspath("tmp")
for name, status, verdict in (("valgrind", 1, "MISSING"), ("gdb", 0, "note"),
                              ("strace", 0, "note"), ("perf", 0, "note")):
    os.symlink("/bin/true", name)
    says(name, beside("./" + name), status, verdict, name)
tap.is_(beside("true"), (0, []), "nothing beside: nothing said")

compile_c("own", OWN)
says("a malloc of its own", beside("./own"), 1, "MISSING",
     "is linked into it")
if compile_c("asan", MAIN, "-fsanitize=address"):
    says("AddressSanitizer: refused", beside("./asan"), 1, "MISSING",
         "verify_asan_link_order=0")
    views.refused("run", "./asan", status=126, regex="AddressSanitizer",
                  description="run says why it does not start it")
    options = "verify_asan_link_order=0:detect_leaks=0"
    says("with its option: not refused",
         (0, [("", str(beside("./asan", ASAN_OPTIONS=options)))]), 0, "",
         "(0, [])")
    if views.SANITIZED:
        tap.skip("and runs", "rcprof itself reads ASAN_OPTIONS")
    else:
        tap.is_(views.run("run", "./asan", ASAN_OPTIONS=options)[0], 6,
                "and runs")
    if compile_c("static", MAIN, "-fsanitize=address", "-static-libasan"):
        says("AddressSanitizer, linked in", beside(
            "./static", ASAN_OPTIONS="detect_leaks=0"), 1, "MISSING",
            "linked into it")
else:
    tap.skip("AddressSanitizer", "the compiler has none")

text = subprocess.run(["/sbin/ldconfig", "-p"],
                      stdout=subprocess.PIPE).stdout.decode()
jemalloc = [w for w in text.split() if w.endswith("/libjemalloc.so.2")]
if views.SANITIZED:
    tap.skip("preloaded libraries", "ASan wants to be the first")
elif not jemalloc:
    tap.skip("preloaded libraries", "no jemalloc")
else:
    says("an allocator is preloaded as well",
         beside("true", LD_PRELOAD=jemalloc[0]), 0, "ok",
         "libjemalloc.so.2 is preloaded as well: rcprof goes in front")
    compile_c("linked", MAIN, "-Wl,--no-as-needed", jemalloc[0])
    says("an allocator is linked", beside("./linked"), 0, "ok",
         "libjemalloc.so.2 is its allocator")

# Files that are cut or nonsense have nothing to say, and break nothing.
with open("/bin/true", "rb") as f:
    data = f.read()
for n in range(0, len(data), max(1, len(data) // 40)):
    with open("part", "wb") as f:
        f.write(data[:n])
    os.chmod("part", 0o755)
    if views.run("doctor", "./part")[0] not in (0, 1):
        tap.ok(False, "a program that is cut at %d" % n)
        break
else:
    tap.ok(True, "a program that is cut anywhere")
for n in range(0, 64):
    with open("part", "wb") as f:
        f.write(data[:n] + b"\xff" * 8 + data[n + 8:])
    if views.run("doctor", "./part")[0] not in (0, 1):
        tap.ok(False, "a program whose head is wrong at %d" % n)
        break
else:
    tap.ok(True, "a program whose head is wrong anywhere")
tap.done()
