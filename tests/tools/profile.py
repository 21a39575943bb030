"""profile.py - writes profiles as include/rcprof/format.h describes them, for
the tests of the command.  Python 3.8.

    p = Profile("app.4711.rcprof", pid=4711)
    site = p.site([("app.py", "load", 12), ("app.py", "main", 3)])
    p.snapshot(1.0, {site: dict(allocs=2, alloc_bytes=100)})
    p.end(1.5)
"""
import struct
import zlib

PYTHON, MALLOC, MMAP = range(3)
START = 1767254400          # 2026-01-01 08:00:00 UTC

CELL = ["allocs", "alloc_bytes", "frees", "freed_bytes", "temporaries",
        "lifetime", "aged", "peak_bytes", "peak_blocks", "var_live",
        "var_alloc", "samples", "peak_epoch", "var_peak", "var_allocs"]
SIGNED = {"peak_bytes", "peak_blocks", "var_live"}
VAR_UNIT = 4096             # of var_live, var_alloc and var_peak, bytes^2
TOTALS = dict(peak_epoch=1, peak_time=2, rss=4, rss_peak=5, profiler=6,
              unmatched=7, unseen=8, inherited_bytes=9, inherited_blocks=10,
              truncated=13, dropped=14, lost=15, guarded=18, threads=19,
              live_bytes=20, live_blocks=21, sample_cpu=23, cpu=24)
REASON = dict(interval=1, growth=2, mark=3, end_python=5, exit=6)


def uv(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def sv(n):
    return uv(((n << 1) ^ (n >> 63)) & (1 << 64) - 1)


def text(value):
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    return uv(len(value)) + value


def ns(seconds):
    return int(round(seconds * 1e9))


class Profile:
    def __init__(self, path, pid=4711, ppid=1, root_pid=None, start=START,
                 command=("python3", "app.py"), program="app", cwd="/srv",
                 python="3.12.1", mode="exact", mono=ns(1000), **info):
        self.file = open(path, "wb")
        self.ids = {}
        self.build_ids = {}         # path of a module -> bytes
        self.seq = 0
        self.live = {}              # site, thread -> [bytes, blocks, var]
        self.peak = (0, 0, 0)       # bytes, blocks, time
        self.at_peak = {}
        root = root_pid or pid
        head = b"\x89RCPROF\n" + struct.pack(
            "<HHIIIIIQQQQIII", 1, 1, 0, pid, ppid, root, 8, ns(start), mono,
            pid * 100, root * 100, 4096, 100, 0)
        self.file.write(head + struct.pack("<I", zlib.crc32(head)))
        info = dict(info, version="rcprof 0.1.0", program=program, cwd=cwd,
                    command=b"".join(text(a)[1:] + b"\0" for a in command),
                    exe="/usr/bin/python3", host="example", mode=mode,
                    interval_ns="1000000000", rss_interval_ns="100000000",
                    temporary="1", age_unit_ns="10000000")
        if python:
            info["python"] = python
        self.chunk(1, b"".join(text(k) + text(v) for k, v in info.items()))
        if python:
            self.coverage(frames=python + " table, self-test passed",
                          allocators="raw, mem, obj, arenas")
        self.thread()

    def chunk(self, kind, payload):
        head = struct.pack("<HHI", kind, 0, len(payload))
        self.file.write(head + struct.pack(
            "<I", zlib.crc32(payload, zlib.crc32(head))) + payload)

    def coverage(self, **pairs):
        self.chunk(15, b"".join(text(k) + text(v) for k, v in pairs.items()))

    def define(self, kind, key, payload):
        """The id of a definition, written when it is first asked for."""
        if (kind, key) not in self.ids:
            new = self.ids[kind, key] = len(self.ids) + 1
            self.chunk(kind, uv(new) + payload())
        return self.ids[kind, key]

    def string(self, value):
        return self.define(2, value, lambda: text(value))

    def thread(self, name="MainThread", tid=4711):
        named = uv(self.string(name)) if name else uv(0)
        return self.define(7, tid, lambda: uv(tid) + named + uv(0) + uv(1))

    def frame(self, frame):
        """(file, function, line), or for native code (module, offset)."""
        if len(frame) == 2:
            path = self.string(frame[0])
            known = self.build_ids.get(frame[0])
            build_id = self.string(known) if known else 0
            module = self.define(4, frame[0], lambda: uv(path) +
                                 uv(build_id) + uv(0) + uv(4096) +
                                 uv(1 << 30))
            return bytes([2]) + uv(module) + uv(frame[1])
        name, function, line = frame
        ids = uv(self.string(name)) + uv(self.string(function))
        code = self.define(3, frame, lambda: ids + uv(line) + bytes([0]) +
                           text(b""))
        return bytes([1]) + uv(code) + uv(0)

    def node(self, stack):
        """Of a stack, leaf first, as one reads it."""
        node = 0
        for frame in reversed(stack):
            body = self.frame(frame)
            parent = node
            node = self.define(5, (parent, body),
                               lambda: uv(parent) + body)
        return node

    def site(self, stack, kind=PYTHON):
        top = self.node(stack)
        return self.define(6, (top, kind), lambda: uv(top) + bytes([kind]))

    def snapshot(self, time, cells, reason="interval", peak=True, **totals):
        """cells: {site or (site, thread): {allocs=..}}, differences; blocks
        and bytes at the peak are worked out here, a peak at a time."""
        main = self.thread()
        body = {}
        for key, values in cells.items():
            site, thread = key if isinstance(key, tuple) else (key, main)
            live = self.live.setdefault((site, thread), [0, 0, 0])
            live[0] += values.get("alloc_bytes", 0) - values.get(
                "freed_bytes", 0)
            live[1] += values.get("allocs", 0) - values.get("frees", 0)
            live[2] += values.get("var_live", 0)
            body.setdefault(thread, []).append((site, dict(values)))
        total = sum(v[0] for v in self.live.values())
        blocks = sum(v[1] for v in self.live.values())
        if peak and total > self.peak[0]:
            self.peak = (total, blocks, time)
            self.at_peak = {k: list(v) for k, v in self.live.items()}
        self.seq += 1
        self.chunk(9, uv(self.seq) + uv(ns(time)) +
                   bytes([self.seq == 1, REASON[reason]]))
        epoch = ns(self.peak[2]) + 1
        stale = {}
        for key, live in self.live.items():
            if live != self.at_peak.get(key, [0, 0, 0]):
                stale[key] = self.at_peak.get(key, [0, 0, 0])
        for thread in {k[1] for k in stale} | set(body):
            sites = dict(body.get(thread, []))
            for site, owner in stale:
                if owner == thread:
                    sites.setdefault(site, {})
            self.chunk(10, uv(thread) + b"".join(
                self.cell(site, values, stale.get((site, thread)), epoch)
                for site, values in sorted(sites.items())))
        totals = dict(peak_epoch=epoch, peak_time=ns(self.peak[2]),
                      live_bytes=total, live_blocks=blocks, threads=1,
                      **totals)
        self.chunk(12, b"".join(uv(TOTALS[k]) + uv(v)
                                for k, v in totals.items()))

    @staticmethod
    def cell(site, values, at_peak, epoch):
        mask, body = 0, b""
        if at_peak:
            values = dict(values, peak_bytes=at_peak[0],
                          peak_blocks=at_peak[1], peak_epoch=epoch)
            if at_peak[2]:
                values["var_peak"] = at_peak[2]
        for i, name in enumerate(CELL):
            if name in values:
                mask |= 1 << i
                body += (sv if name in SIGNED else uv)(values[name])
        return uv(site) + uv(mask) + body

    def type(self, name, flags=0):
        named = uv(self.string(name))
        return self.define(8, name, lambda: named + uv(flags))

    def objects(self, rows, time=1.0, thread=None, keyframe=True):
        """A snapshot of [(birth site, type, death site, {field: value})];
        fields are those of enum rcp_object_field."""
        self.seq += 1
        self.chunk(9, uv(self.seq) + uv(ns(time)) + bytes([keyframe, 1]))
        self.chunk(11, uv(thread or self.thread()) + b"".join(
            uv(site) + uv(kind) + uv(death) +
            uv(sum(1 << n for n in fields)) +
            b"".join(uv(fields[n]) for n in sorted(fields))
            for site, kind, death, fields in rows))
        self.chunk(12, b"")

    def cycle(self, members, knot=False):
        """[(type, attribute or None, birth site or 0)], in order."""
        body = b"".join(uv(kind) + uv(self.string(name) if name else 0) +
                        uv(site) for kind, name, site in members)
        count = len(members) + knot
        return self.define(19, ("cycle", body, knot), lambda: uv(count) +
                           body + bytes(3 * knot))

    def cycles(self, time, rows, keyframe=False):
        """A snapshot of {cycle: [n, objects, bytes, waited, waited_max,
        byte_ms]}, differences but for waited_max; ns."""
        self.seq += 1
        self.chunk(9, uv(self.seq) + uv(ns(time)) +
                   bytes([keyframe or self.seq == 1, 1]))
        self.chunk(20, b"".join(uv(cycle) + uv(0x3f) + b"".join(
            uv(value) for value in values) for cycle, values in rows.items()))
        self.chunk(12, b"")

    def cascade(self, time, pause, objects, size, site_node=0):
        self.chunk(21, uv(ns(time)) + uv(ns(pause)) + uv(objects) + uv(size) +
                   uv(self.thread()) + uv(site_node))

    def garbage(self, time, objects, size, waited_max, byte_ms):
        self.chunk(22, uv(ns(time)) + uv(objects) + uv(size) +
                   uv(ns(waited_max)) + uv(byte_ms))

    def rss(self, points):
        """[(time, rss, live)]"""
        last, body = 0, b""
        for time, rss, live in points:
            body += uv(ns(time) - last) + uv(rss) + sv(live)
            last = ns(time)
        self.chunk(13, body)

    def mark(self, time, value):
        self.chunk(14, uv(ns(time)) + bytes([1]) + uv(self.thread()) +
                   text(value))

    def rate(self, time, mean, before, reason):
        self.chunk(14, uv(ns(time)) + bytes([12]) + uv(0) + uv(mean) +
                   uv(before) + text(reason))

    def collected(self, time, pause, count, generation=2, stack=()):
        node = self.node(stack)
        self.chunk(17, uv(ns(time)) + bytes([generation]) + uv(ns(pause)) +
                   uv(count) + uv(0) + uv(self.thread()) + uv(node))

    def end(self, time, reason=1, status=0):
        self.chunk(18, uv(ns(time)) + bytes([reason]) + sv(status))
        self.close()

    def close(self):
        self.file.close()
