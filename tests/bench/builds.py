"""builds.py - the interpreters that are measured, found by scripts/pythons.

Each needs an environment of its own with pyperformance and memray, made by
scripts/install-rivals in .rivals/VERSION; without one the interpreter is used
bare, and what needs them is missing.
"""
import glob
import os
import subprocess

SRC = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


class Build:
    def __init__(self, name, version, path, rivals):
        self.name = name
        self.version = version
        self.base = path
        self.python = path
        self.packages = None
        own = os.path.join(rivals, version, "bin", "python")
        if os.path.exists(own):
            self.python = own
            for found in glob.glob(os.path.join(
                    rivals, version, "lib", "python3*", "site-packages")):
                self.packages = found

    def missing(self, case):
        """Why CASE cannot run here, or None."""
        if case.group != "pyperformance":
            return None
        if self.packages and os.path.exists(
                case.arguments(False, self.packages, "")[0]):
            return None
        return "pyperformance is not there: scripts/install-rivals"


class Native:
    """Stands where an interpreter would for programs without one."""
    name = "native"
    version = ""
    python = packages = None

    def missing(self, case):
        return None


def listed():
    """[(path, version, origin, how)] by scripts/pythons."""
    text = subprocess.run(
        [os.path.join(SRC, "scripts", "pythons"), "--versions"],
        stdout=subprocess.PIPE, check=True).stdout.decode()
    return [tuple(line.split("\t")) for line in text.splitlines()]


def _series(version):
    return ".".join(version.split("-")[0].split(".")[:2])


def _label(row):
    """deb-3.11, plain-3.12"""
    _, version, origin, how = row
    if origin == "system":
        kind = "deb" if os.path.exists("/etc/debian_version") else "system"
    else:
        kind = how
    return "%s-%s" % (kind, _series(version))


def defaults(rows):
    """Debian's 3.11, or what else the system has; a plain 3.12, or the newest
    plain one."""
    system = [r for r in rows if r[2] == "system"]
    plain = [r for r in rows if r[3] == "plain"]
    chosen = ([r for r in system if _series(r[1]) == "3.11"] or system)[:1]
    chosen += ([r for r in plain if _series(r[1]) == "3.12"]
               or plain[::-1])[:1]
    return chosen


def choose(spec, rows=None, rivals=None):
    """The builds that SPEC names, by label, version or path."""
    rows = listed() if rows is None else rows
    rivals = rivals or os.environ.get("BENCH_RIVALS") or os.path.join(
        SRC, ".rivals")
    words = spec.replace(",", " ").split()
    if words:
        chosen = []
        for word in words:
            found = [r for r in rows if word in (_label(r), r[1], r[0])]
            if not found:
                raise ValueError("no interpreter called %s; there are %s" % (
                    word, " ".join("%s (%s)" % (_label(r), r[1])
                                   for r in rows)))
            chosen.append(found[0])
    else:
        chosen = defaults(rows)
    return [Build(_label(r), r[1], r[0], rivals) for r in chosen]


if __name__ == "__main__":
    # For scripts/install-rivals: what BENCH_BUILDS, or nothing, means.
    for build in choose(os.environ.get("BENCH_BUILDS", "")):
        print("%s\t%s\t%s" % (build.name, build.version, build.base))
