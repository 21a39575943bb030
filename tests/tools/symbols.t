#!/usr/bin/env python3
"""Names of native code: what is in the file, what was inlined, where files are
looked for."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import native  # noqa: E402
import views  # noqa: E402
import tap  # noqa: E402
from native import frames, line_of, stacks  # noqa: E402

for name in ("objdump", "readelf", "objcopy", "addr2line", "c++filt"):
    if not native.tool(name):
        tap.skip_all("no %s (binutils)" % name)
CC, CXX = os.environ.get("CC", "gcc"), os.environ.get("CXX", "g++")
chain = native.make(CC, "chain.c", "chain", "-O2", "-g", "-no-pie")
native.profile("probe.rcprof", [[(chain, native.calls(chain)[0])]])
if not frames(stacks("probe.rcprof")[1], "function")[0].isidentifier():
    tap.skip_all("built without elfutils")


def plain(name):
    """As rcprof writes names: the clones of a function are the function."""
    return re.split(r"\.(?:part|cold|isra|constprop|lto_priv)\b", name)[0]


def second_opinion(program, addresses):
    """What addr2line says of return addresses: {address: [(function,
    file, line)]}."""
    said, found = native.output(
        "addr2line", "-a", "-f", "-i", "-e", program,
        *["%x" % (a - 1) for a in addresses]).splitlines(), {}
    for line in said:
        if line.startswith("0x"):
            here = found[int(line, 16) + 1] = []
        else:
            here.append(line)
    return {a: [(plain(f), os.path.normpath(at.rsplit(":", 1)[0]),
                 int(re.match(r"\d+", at.rsplit(":", 1)[1]).group(0)))
                for f, at in zip(x[::2], x[1::2])]
            for a, x in found.items() if ":?" not in x[1]}


addresses = native.calls(chain)
native.profile("chain.rcprof", [[(chain, a)] for a in addresses])
got = stacks("chain.rcprof", "--native")
want = second_opinion(chain, addresses)
wrong = [(want[a], got[n]) for n, a in enumerate(addresses, 1) if a in want
         and want[a] != frames(got[n], "function", "file", "line")]
tap.is_(wrong[:1], [], "C: each call is where addr2line has it")
tap.ok(any(len(s) > 2 for s in want.values()) and len(want) > 5,
       "some of them in functions that were inlined twice over")


# --- C++ -------------------------------------------------------------------

def marks(program, name):
    """{line of the leaf: stack} of the calls of mark()."""
    native.profile(name, [[(program, a)] for a in native.calls(
        program, "mark")])
    return {s[0]["line"]: s for s in stacks(name, "--native").values()}


def shapes(compiler):
    what = os.path.basename(compiler.split()[0])
    program = native.make(compiler, "shapes.cc", "shapes-" + what, "-O2",
                          "-g", "-no-pie")
    got = marks(program, "shapes-%s.rcprof" % what)

    def at(text):
        return frames(got.get(line_of("shapes.cc", text), []), "function")

    tap.is_(at("// in put again"), ["shop::Shelf<long>::put", "shop::fill"],
            "%s: a method of a template, inlined" % what)
    puts = got[line_of("shapes.cc", "// in put again")]
    tap.is_([f["line"] for f in puts][1:], [line_of("shapes.cc",
                                                    "// fill puts")],
            "%s: the line where it was called" % what)
    tap.ok({f["module"] for f in puts} == {program} and
           {f["kind"] for f in puts} == {"native"} and
           {f["file"] for f in puts} == {os.path.join(native.SOURCES,
                                                      "shapes.cc")},
           "%s: module, kind and file of both" % what)
    tap.is_(at("// in hidden"), ["shop::(anonymous namespace)::hidden"],
            "%s: a function without a namespace" % what)
    tap.is_((at("// in Base")[:1], at("// in area")),
            (["shop::Base::Base"], ["shop::Square::area"]),
            "%s: a constructor, a virtual function" % what)
    tap.ok(at("// in lambda") and at("// in lambda")[-1].startswith(
        "shop::Shelf<long>::each<") and
        ("{lambda" in at("// in lambda")[0] or
         "operator()" in at("// in lambda")[0]),
        "%s: a lambda in a template: %s" % (what, at("// in lambda")))
    return program


program = shapes(CXX)
if native.tool("clang++"):
    shapes("clang++")
else:
    tap.skip("C++ by clang, which writes no .debug_aranges", "no clang++")

# --- Rust ------------------------------------------------------------------

rustc = native.tool("rustc")
if rustc and subprocess.run([rustc, "--version"], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE).returncode == 0:
    for scheme in ("default", "v0"):
        crate = native.make(
            rustc, "crate.rs", "crate-" + scheme, "-g", "-O", "-C",
            "relocation-model=static", *(
                ["-C", "symbol-mangling-version=v0"] if scheme == "v0"
                else []))
        got = marks(crate, "crate-%s.rcprof" % scheme)
        put = got.get(line_of("crate.rs", "// in put"), [])
        tap.is_([re.sub(r"\bcrate\w*::|<\w+>|[<>]", "", f["function"])
                 for f in put], ["shop::Shelf::put", "shop::Shelf::fill"],
                "Rust (mangling: %s): a method, inlined" % scheme)
        tap.is_(frames(put, "line")[1:], [line_of("crate.rs",
                                                  "// fill puts")],
                "Rust (mangling: %s): the line of the call" % scheme)
else:
    tap.skip("Rust", "no rustc")

# --- where the debug information is ----------------------------------------

ID = native.build_id(program)
HEX = ID.hex()
address = native.calls(program, "mark")[0]
LOST = "/nowhere/bin/shapes"


def expect(path, wanted, description, *flags, build_id=ID, **env):
    """The stack of one address of the program that is said to be `path`:
    "lines", "names" or "nothing"."""
    name = native.profile("at.rcprof", [[(path, address)]],
                          {path: build_id} if build_id else {})
    stack = stacks(name, *flags, **env)[1]
    leaf = stack[0]
    got = ("lines" if leaf["line"] else
           "names" if not leaf["function"].startswith("0x") else "nothing")
    if not tap.is_(got, wanted, description):
        tap.diag(stack)


def copy(at, *objcopy):
    os.makedirs(os.path.dirname(at), exist_ok=True)
    subprocess.run(["objcopy"] + list(objcopy) + [program, at], check=True)
    return os.path.abspath(at)


expect(program, "lines", "the file itself")
expect(program, "nothing", "a file with another build-id is not taken",
       build_id=b"\1" * 20)
stripped = copy("bin/stripped", "--strip-all")
debug = copy("debug/.build-id/%s/%s.debug" % (HEX[:2], HEX[2:]),
             "--only-keep-debug")
symbols = copy("bin/symbols", "--strip-debug")
expect(stripped, "nothing", "stripped: an address")
expect(symbols, "names", "without debug information: names")
expect(stripped, "lines", "--debug-dir: a debug file by build-id",
       "--debug-dir", "debug")
expect(stripped, "lines", "--debug-dir: several", "--debug-dir",
       "/nowhere:debug")
expect(LOST, "lines", "the debug file alone", "--debug-dir", "debug")
wrong = copy("wrong/.build-id/%s/%s.debug" % (HEX[:2], HEX[2:]),
             "--only-keep-debug", "--remove-section=.note.gnu.build-id")
expect(stripped, "nothing", "a debug file of another build",
       "--debug-dir", "wrong")

# .gnu_debuglink, by the CRC where there is no build-id.
NOTE = "--remove-section=.note.gnu.build-id"
linked = copy("linked/bin/shapes", "--strip-all", NOTE)
shutil.copy(wrong, "linked/bin/shapes.debug")
subprocess.run(["objcopy", "--add-gnu-debuglink=linked/bin/shapes.debug",
                linked], check=True)
expect(linked, "lines", ".gnu_debuglink: beside the file", build_id=None)
os.makedirs("linked/bin/.debug")
os.rename("linked/bin/shapes.debug", "linked/bin/.debug/shapes.debug")
expect(linked, "lines", ".gnu_debuglink: in .debug", build_id=None)
os.makedirs("global/" + os.path.dirname(linked))
os.rename("linked/bin/.debug/shapes.debug",
          "global/" + os.path.dirname(linked) + "/shapes.debug")
expect(linked, "lines", ".gnu_debuglink: below --debug-dir", "--debug-dir",
       "global", build_id=None)
with open("linked/bin/shapes.debug", "wb") as f:
    f.write(open(wrong, "rb").read() + b"x")
expect(linked, "nothing", ".gnu_debuglink: another CRC", build_id=None)

# Another machine's files; what debuginfod's clients fetched.
os.makedirs("root/nowhere/bin")
shutil.copy(program, "root" + LOST)
expect(LOST, "nothing", "a file that is not here")
expect(LOST, "lines", "--sysroot", "--sysroot", "root")
shutil.copy(stripped, "root" + LOST)
os.makedirs("root/usr/lib")
os.rename("debug", "root/usr/lib/debug")
expect(LOST, "lines", "--sysroot: its debug files, too", "--sysroot", "root")
expect(LOST, "lines", "--debug-dir: a program by its name", "--debug-dir",
       os.path.dirname(shutil.copy(program, "bin/shapes")))
os.makedirs("fetched/" + HEX)
os.rename("root/usr/lib/debug/.build-id/%s/%s.debug" % (HEX[:2], HEX[2:]),
          "fetched/%s/debuginfo" % HEX)
expect(stripped, "lines", "debuginfod's cache",
       DEBUGINFOD_CACHE_PATH=os.path.abspath("fetched"))
expect(stripped, "nothing", "--sysroot is a directory", "--sysroot", "root",
       DEBUGINFOD_URLS="http://127.0.0.1:9/")
views.refused("tree", "--sysroot", "/not/there", "at.rcprof", status=2,
              regex="--sysroot: ./not/there. is not valid",
              description="a sysroot that is not there")

# A FIFO where a program was; damage.
os.mkfifo("bin/fifo")
expect(os.path.abspath("bin/fifo"), "nothing", "a FIFO is not waited for",
       build_id=None)
with open(program, "rb") as f:
    image = f.read()
bad = 0
for n in range(1, 40):
    with open("bin/damaged", "wb") as f:
        cut = len(image) * n // 40
        f.write(image[:cut] if n % 2 else
                image[:cut] + bytes(64) + image[cut + 64:])
    native.profile("damaged.rcprof", [[(os.path.abspath("bin/damaged"), a)]
                                      for a in native.calls(program)[:20]])
    bad += views.run("tree", "damaged.rcprof")[0] != 0
tap.is_(bad, 0, "damaged and cut files do no harm")
tap.done()
