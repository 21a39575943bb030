#!/usr/bin/env python3
"""Rows 62 and 64: a profile that is kept below its limit while it is written
and read."""
import os
import shutil
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/reader"))
import lib  # noqa: E402
import rcpread  # noqa: E402

LIMIT = 1 << 20
SECONDS = 60  # at most, until there was enough to see


def run(py, path, limit):
    argv = [py.path, "-S", os.path.join(lib.PROGRAMS, "steady.py"),
            path + ".stop"]
    return lib.Run(argv, {"RCPROF_OUTPUT": path, "RCPROF_FILE_LIMIT": limit,
                          "RCPROF_INTERVAL": "10ms",
                          "RCPROF_RSS_INTERVAL": "1ms"}, None)


class Reader:
    """Reads the file while it is written."""

    def __init__(self, path):
        self.path = path
        self.largest = self.replaced = self.looked = self.cut = 0
        self.inode = None
        self.old = None
        self.reports = []

    def seen_enough(self):
        return self.replaced >= 3 and len(self.reports) >= 2

    def look(self, writer):
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return
        self.looked += 1
        self.largest = max(self.largest, found.st_size)
        if found.st_ino != self.inode:
            self.replaced += self.inode is not None
            self.inode = found.st_ino
        if self.old is None and found.st_size > LIMIT // 2:
            self.old = open(self.path, "rb")
        if self.looked % 100 == 50:
            # A copy that may end in the middle of a write.
            shutil.copy(self.path, self.path + ".copy")
            with open(self.path + ".copy", "rb") as file:
                profile = rcpread.Profile(file.read())
            self.cut += not profile.whole
            report = lib.report(self.path)
            if writer.is_alive():
                self.reports.append(report)


def check_marks(py, report_at, truth, line):
    wrong = []
    for number, (held, _) in enumerate(truth["marks"]):
        report = report_at("--at", "mark:mark%d" % number)
        bytes_held = report.leaf(line=line, function="<module>").live_bytes
        if not held * 40033 <= bytes_held < held * 40033 + 4096:
            wrong.append([number, held, bytes_held])
    py.is_(62, wrong, [], "each mark has its own moment")


def test(py):
    path = os.path.join(lib.scratch(), py.name + ".rcprof")
    reader = Reader(path)
    runs = []
    thread = threading.Thread(
        target=lambda: runs.append(run(py, path, "1M")))
    thread.start()
    end = time.monotonic() + SECONDS
    while thread.is_alive():
        reader.look(thread)
        time.sleep(0.005)
        if reader.seen_enough() or time.monotonic() > end:
            open(path + ".stop", "w").close()
            thread.join()
    reader.look(thread)
    done = runs[0]
    truth = done.told()
    py.is_(62, (done.status, done.stderr), (0, ""), "the program runs on")
    py.between(62, reader.largest, LIMIT // 2, LIMIT + 1,
               "the file is never larger than its limit")
    py.between(62, reader.replaced, 1, 1000, "it was written anew")
    py.ok(64, reader.reports, "it can be read meanwhile")
    py.is_(64, [r.data["end"]["reason"] for r in reader.reports],
           ["running"] * len(reader.reports), "as of a running process")
    py.is_(64, [r.totals["live_bytes"] - sum(s["live_bytes"] for s in r.sites)
                for r in reader.reports], [0] * len(reader.reports),
           "and its sums are right")
    reader.old.seek(0)
    py.ok(64, rcpread.Profile(reader.old.read()).whole,
          "who has an old one open reads on")
    py.is_(62, sorted(n for n in os.listdir(lib.scratch())
                      if n.startswith(py.name)),
           [py.name + ".rcprof" + more for more in ("", ".copy", ".stop")],
           "nothing is left beside it")

    report = lib.report(path)
    lines = report.leaf(function="work")
    py.is_(62, (lines.allocations, lines.live_blocks),
           (truth["rounds"] * truth["lines"], 0),
           "all allocations are counted")
    py.between(62, report.data["lost"]["snapshots_merged"], 10, 100000,
               "the report tells how many snapshots were merged")
    py.is_(62, report.data["lost"]["snapshots_lost"], 0, "none was lost")
    py.is_(62, len(report.data["marks"]), len(truth["marks"]),
           "all marks are there")
    held = lib.line_of(os.path.join(lib.PROGRAMS, "steady.py"), "held")
    check_marks(py, lambda *flags: lib.report(path, *flags), truth, held)


# The limit is the same with each of them: two will do.
PYTHONS = lib.pythons()
lib.pythons = lambda: PYTHONS[:1] + PYTHONS[1:][-1:]
lib.each(62, test)
