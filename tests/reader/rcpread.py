#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rcpread.py - a second reader of profiles, written from format.h and packed.h
alone.

    rcpread.py FILE         prints what the file holds as canonical JSON

It shares nothing with src/model but the pages that both obey, so that a test
can hold one against the other.  Standard library only; runs on 3.8.
"""

import json
import re
import struct
import sys
import zlib
from functools import partial

from linetables import line_of
from packed import Counts, Paths
from payload import MASK64, Bad, Payload

MAGIC = b"\x89RCPROF\n"
HEADER = struct.Struct("<8sHHIIIIIQQQQIIII")
CHUNK_MAX = 1 << 24
SIGNED_CELL = {7, 8, 9, 13}
PEAK_BYTES, PEAK_BLOCKS, PEAK_EPOCH, VAR_PEAK = 7, 8, 12, 13
KINDS = ["python", "malloc", "mmap"]
MARKERS = {1: "[truncated]", 2: "[outer frames]", 3: "[unknown]"}
ENDS = {1: "exit", 2: "exec", 3: "signal"}


class NotAProfile(Exception):
    """Nothing of it can be read."""


def signed(value):
    """64 bits as a two's complement number."""
    value &= MASK64
    return value - (1 << 64) if value >> 63 else value


def ascending(rows, column, time):
    """Times that run backwards make no sense; they are taken to stand."""
    return max(time, rows[-1][column]) if rows else time


def text(data):
    """Bytes as a string of characters 0 to 255: any bytes have one."""
    return data.replace(b"\0", b"\xef\xbf\xbd").decode("latin-1")


# --- the file ---------------------------------------------------------------

class Profile:
    def __init__(self, data):
        self.data = data
        self.strings, self.codes, self.modules = {}, {}, {}
        self.nodes, self.sites, self.types = {}, {}, {}
        self.type_flags = {}
        self.threads = {}
        self.infos, self.coverage = {}, {}
        self.snapshots, self.rss, self.events, self.gcs = [], [], [], []
        self.cycle_kinds, self.cascades, self.garbage = {}, [], []
        self.cells, self.objects, self.totals = {}, {}, {}
        self.cycles = {}
        self.pending = None
        self.end = None
        self.whole = True
        self.read_header()
        for kind, payload in self.chunks():
            self.take(kind, Payload(payload))

    def read_header(self):
        if len(self.data) < HEADER.size or self.data[:8] != MAGIC:
            raise NotAProfile("not a profile")
        names = ("magic version min_reader features pid ppid root_pid "
                 "pointer_size start_wall start_mono proc_start root_start "
                 "page_size clock_ticks reserved crc").split()
        self.header = dict(zip(names, HEADER.unpack_from(self.data)))
        if self.header["crc"] != zlib.crc32(self.data[:76]):
            raise NotAProfile("damaged header")
        if self.header["min_reader"] > 2 or self.header["features"]:
            raise NotAProfile("a later format")

    def chunks(self):
        at = HEADER.size
        while at < len(self.data):
            self.whole = False
            if at + 12 > len(self.data):
                return
            kind, _, length, crc = struct.unpack_from("<HHII", self.data, at)
            payload = self.data[at + 12:at + 12 + length]
            if length > CHUNK_MAX or len(payload) < length:
                return
            if zlib.crc32(payload, zlib.crc32(self.data[at:at + 8])) != crc:
                return
            self.whole = True
            yield kind, payload
            at += 12 + length

    def take(self, kind, payload):
        single = {9: self.snap_begin, 12: self.snap_end, 14: self.event,
                  18: self.ended}
        many = {1: partial(self.pair, self.infos),
                15: partial(self.pair, self.coverage),
                2: self.string, 3: self.code, 4: self.module, 5: self.node,
                6: self.site, 7: self.thread, 8: self.type,
                13: self.rss_point, 17: self.gc, 19: self.cycle_kind,
                21: self.cascade, 22: self.one_garbage,
                23: lambda p: Paths(p, self.one_node, self.one_site)}
        try:
            if kind in single:
                single[kind](payload)
            elif kind in many:
                self.rss_time = 0
                while payload.more():
                    many[kind](payload)
            elif kind in (10, 11, 20, 24) and self.pending is not None:
                take = {10: self.cell, 11: self.object, 20: self.cycle,
                        24: Counts(SIGNED_CELL)}[kind]
                self.pending["records"].append((take, payload))
        except Bad:
            pass

    # Definitions: the first one of an id holds, of a thread the last.

    def string(self, p):
        id_ = p.uv()
        self.strings[id_] = p.str()

    def name(self, id_):
        return text(self.strings.get(id_, b"")) or None

    def code(self, p):
        id_, file, name, first = p.uv(), p.uv(), p.uv(), p.uv()
        kind, table = p.u8(), p.str()
        self.codes[id_] = (self.name(file), self.name(name), first, kind,
                           table)

    def module(self, p):
        id_, path = p.uv(), p.uv()
        for _ in range(4):
            p.uv()
        self.modules[id_] = self.name(path) or "[unknown]"

    def node(self, p):
        self.one_node(p.uv(), p.uv(), p.u8(), p.uv(), p.uv())

    def one_node(self, id_, parent, kind, ref, offset):
        if id_ not in self.nodes:
            above = self.nodes.get(parent, [])
            self.nodes[id_] = [self.frame(kind, ref, offset)] + above

    def frame(self, kind, ref, offset):
        address = "0x%x" % offset
        if kind == 1:
            file, name, first, table_kind, table = self.codes.get(
                ref, (None, None, 0, 0, b""))
            line = first if first < 1 << 31 else 0
            if offset:
                line = line_of(table_kind, table, line, offset - 1)
            return ["python", name or "[unknown]", file, None, line]
        if kind == 2:
            return ["native", address, None, self.modules.get(ref), 0]
        if kind == 3:
            return ["address", address, None, None, 0]
        return ["marker", MARKERS.get(ref, "[marker]"), None, None, 0]

    def site(self, p):
        self.one_site(p.uv(), p.uv(), p.u8())

    def one_site(self, id_, node, kind):
        if id_ not in self.sites:
            self.sites[id_] = (self.nodes.get(node, []),
                               KINDS[kind if kind < 3 else 1])

    def thread(self, p):
        id_, tid, name = p.uv(), p.uv(), p.uv()
        p.uv(), p.uv()
        unnamed = "MainThread" if tid == self.header["pid"] else \
            "thread %d" % tid
        self.threads[id_] = self.name(name) or unnamed

    def known(self, thread):
        return thread if thread in self.threads else 0

    def with_names(self, rows, column):
        """A thread's last definition holds, also for what came before."""
        return [row[:column] + [self.threads.get(row[column] or None)] +
                row[column + 1:] for row in rows]

    def type(self, p):
        id_, name, flags = p.uv(), p.uv(), p.uv()
        self.types.setdefault(id_, self.name(name) or "[unknown]")
        self.type_flags.setdefault(id_, flags)

    # Everything else.

    def pair(self, pairs, p):
        key, value = text(p.str()), p.str()
        pairs[key] = value.decode("latin-1")

    def rss_point(self, p):
        delta, rss, live = p.uv(), p.uv(), p.sv()
        self.rss_time += delta
        self.rss.append([ascending(self.rss, 0, self.rss_time), rss, live])

    def event(self, p):
        time, kind, thread = p.uv(), p.u8(), p.uv()
        number, words = 0, None
        if kind in (2, 4, 12):
            number = p.uv()
        if kind == 12:
            p.uv()
            words = text(p.str())
        elif kind in (1, 3, 7, 8, 11):
            words = text(p.str())
        self.events.append([time, kind, self.known(thread), number, words])

    def gc(self, p):
        time, generation = p.uv(), p.u8()
        pause, collected, uncollectable = p.uv(), p.uv(), p.uv()
        thread, node = p.uv(), p.uv()
        self.gcs.append([time, generation, pause, collected, uncollectable,
                         self.known(thread),
                         len(self.nodes.get(node, []))])

    def cycle_kind(self, p):
        id_, count = p.uv(), p.uv()
        members = []
        for _ in range(count):
            type_, attribute, site = p.uv(), p.uv(), p.uv()
            members.append([type_, self.name(attribute), len(
                self.sites.get(site, ([],))[0])])
        self.cycle_kinds.setdefault(id_, [
            any(m[0] == 0 for m in members),
            [[self.types.get(m[0])] + m[1:] for m in members if m[0]]])

    def cascade(self, p):
        time, pause, objects, size = p.uv(), p.uv(), p.uv(), p.uv()
        thread, node = p.uv(), p.uv()
        self.cascades.append([time, pause, objects, size, self.known(thread),
                              len(self.nodes.get(node, []))])

    def one_garbage(self, p):
        self.garbage.append([p.uv() for _ in range(5)])

    def ended(self, p):
        time, reason, status = p.uv(), p.u8(), p.sv()
        if reason in ENDS:
            self.end = [time, ENDS[reason], status]

    def snap_begin(self, p):
        self.pending = None
        self.pending = {"seq": p.uv(), "time": p.uv(), "flags": p.u8(),
                        "reason": p.u8(), "records": []}

    def snap_end(self, p):
        if self.pending is None:
            return
        snap, self.pending = self.pending, None
        self.totals = {}
        try:
            while p.more():
                key = p.uv()
                self.totals[key] = p.uv()
        except Bad:
            pass
        if snap["flags"] & 1:
            self.cells, self.objects, self.cycles = {}, {}, {}
        for take, payload in snap["records"]:
            try:
                thread = None if take == self.cycle else payload.uv()
                while payload.more():
                    if isinstance(take, Counts):
                        self.count(thread, *take.next(payload))
                    else:
                        take(thread, payload)
            except Bad:
                pass
        live = sum(signed(c.get(1, 0) - c.get(3, 0))
                   for c in self.cells.values())
        blocks = sum(signed(c.get(0, 0) - c.get(2, 0))
                     for c in self.cells.values())
        time = ascending(self.snapshots, 1, snap["time"])
        self.snapshots.append([snap["seq"], time, snap["reason"],
                               snap["flags"] & 1, signed(live),
                               signed(blocks), self.totals.get(4, 0)])
        self.end = None

    def cell(self, thread, payload):
        self.count(thread, payload.uv(), payload.fields(SIGNED_CELL, 15))

    def count(self, thread, site, values):
        self.sites.setdefault(site, ([], "malloc"))
        self.threads.setdefault(thread, "[unknown]")
        cell = self.cells.setdefault((thread, site), {})
        for field, value in values.items():
            if field in (PEAK_BYTES, PEAK_BLOCKS, PEAK_EPOCH, VAR_PEAK):
                cell[field] = value
            else:
                cell[field] = cell.get(field, 0) + value

    def object(self, _, payload):
        site, type_, death = payload.uv(), payload.uv(), payload.uv()
        values = payload.fields(set(), 40)
        row = self.objects.setdefault((site, type_, death), {})
        for field, value in values.items():
            row[field] = row.get(field, 0) + value

    def cycle(self, _, payload):
        id_ = payload.uv()
        values = payload.fields(set(), 6)
        row = self.cycles.setdefault(id_, {})
        for field, value in values.items():
            row[field] = value if field == 4 else row.get(field, 0) + value

    # --- what the two readers are compared by ---

    def age_unit(self):
        unit = self.infos.get("age_unit_ns", "")
        return int(unit) if re.fullmatch("[0-9]{1,18}", unit) else 1

    def numbers(self, cell):
        unit = self.age_unit()
        live = signed(cell.get(1, 0) - cell.get(3, 0))
        blocks = signed(cell.get(0, 0) - cell.get(2, 0))
        peak, peak_blocks = live, blocks
        if PEAK_EPOCH in cell and \
                cell[PEAK_EPOCH] == self.totals.get(1, 0):
            peak = cell.get(PEAK_BYTES, 0)
            peak_blocks = cell.get(PEAK_BLOCKS, 0)
        return [signed(cell.get(i, 0)) for i in range(4)] + [
            live, blocks, peak, peak_blocks, signed(cell.get(4, 0)),
            signed(cell.get(6, 0)), cell.get(5, 0) * unit]

    def rows(self):
        parts = {}
        for (thread, site), cell in self.cells.items():
            stack, kind = self.sites[site]
            key = json.dumps([kind, stack])
            row = parts.setdefault(key, {})
            numbers = self.numbers(cell)
            old = row.get(thread)
            row[thread] = [a + b for a, b in zip(old, numbers)] if old \
                else numbers
        result = []
        for key, row in parts.items():
            kind, stack = json.loads(key)
            threads = sorted([self.threads[t]] + n for t, n in row.items()
                             if any(n))
            if threads:
                result.append([kind, stack, threads])
        return sorted(result, key=json.dumps)

    def object_rows(self):
        unit = self.age_unit()
        result, merged = [], {}
        # Sites that run through the same lines are one.
        for (site, type_, death), row in self.objects.items():
            key = json.dumps([type_, self.sites.get(site),
                              self.sites.get(death)])
            sums = merged.setdefault(key, (site, type_, death, {}))[3]
            for field, value in row.items():
                sums[field] = sums.get(field, 0) + value
        for site, type_, death, row in merged.values():
            result.append(
                [self.types.get(type_), len(self.sites.get(site, ([],))[0]),
                 len(self.sites.get(death, ([],))[0])] +
                [row.get(i, 0) for i in range(6)] +
                [row.get(7, 0), row.get(6, 0) * unit] +
                [[signed(row.get(i, 0)) for i in range(8, 34)]])
        return sorted(result, key=json.dumps)

    def cycle_rows(self):
        return sorted([self.cycle_kinds[id_] + [row.get(i, 0)
                                                for i in range(6)]
                       for id_, row in self.cycles.items()
                       if id_ in self.cycle_kinds and any(row.values())],
                      key=json.dumps)

    def canonical(self):
        keys = ("version pid ppid root_pid start_wall start_mono proc_start "
                "root_start page_size clock_ticks").split()
        return {
            "header": [self.header[k] for k in keys],
            "whole": self.whole,
            "end": self.end,
            "infos": sorted(self.infos.items()),
            "coverage": sorted(self.coverage.items()),
            "threads": sorted(self.threads.values()),
            "types": sorted([name, self.type_flags[id_]]
                            for id_, name in self.types.items()),
            "snapshots": self.snapshots,
            "totals": sorted([k, v] for k, v in self.totals.items()
                             if k < 32 and v),
            "rss": self.rss,
            "events": self.with_names(self.events, 2),
            "gc": self.with_names(self.gcs, 5),
            "sites": self.rows(),
            "objects": self.object_rows(),
            "cycles": self.cycle_rows(),
            "cascades": self.with_names(self.cascades, 4),
            "garbage": self.garbage,
        }


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    try:
        profile = Profile(data)
    except NotAProfile as error:
        sys.exit("%s: %s" % (sys.argv[1], error))
    json.dump(profile.canonical(), sys.stdout, indent=0)
    print()


if __name__ == "__main__":
    main()
