# SPDX-License-Identifier: MIT
"""packed.py - PATHS and COUNTS, written from packed.h alone, for rcpread.py."""

from payload import MASK64, Bad

SLOTS, ROW, NODES = 1 << 14, 4096, 1 << 20
MIX = 0x9e3779b97f4a7c15
MORE, END, SITE, OTHER, SECOND, KNOWN, NEW, FORMER = range(8)


def mixed(value):
    return (value * MIX & MASK64) >> 50


class Paths:
    """Calls node(id, parent, kind, ref, offset) and site(id, node, kind)."""

    def __init__(self, payload, node, site):
        self.payload, self.node, self.site = payload, node, site
        self.row = []    # (id, slot + 1 or 0)
        self.last = self.last_site = self.kind = self.sibling = 0
        self.nodes = 0
        self.frames, self.first, self.former, self.second = {}, {}, {}, {}
        while payload.more():
            self.path()

    def parent(self):
        return self.row[-1][0] if self.row else 0

    def path(self):
        p = self.payload
        start = p.uv()
        n, jump = start >> 2, start & 3
        if n > len(self.row):
            raise Bad
        if n == 0:
            parent = (self.last - p.sv()) & MASK64
            self.row = [(parent, 0)] if parent else []
            self.sibling = 0
        else:
            cut = len(self.row) - n + 1
            self.sibling = self.row[cut][1] if n > 1 else 0
            del self.row[cut:]
        if jump == 3:
            jump = p.sv()
        self.last = (self.last + jump) & MASK64
        while self.step():
            pass

    def places(self):
        slots = [slot for _, slot in self.row[-2:]]
        above = slots[-1] if slots else 0
        far = slots[-2] if len(slots) > 1 else 0
        near = above << 16 | self.sibling
        return mixed(far << 32 | near), mixed(near)

    def add(self, slot):
        """The next node; its frame stands in the slot before SLOT."""
        if not slot or slot not in self.frames or self.nodes == NODES:
            raise Bad
        both, near = self.places()
        if self.first.get(both, 0) != slot:
            self.former[both] = self.first.get(both, 0)
            self.first[both] = slot
        self.second[near] = slot
        self.sibling = 0
        parent = self.parent()
        self.last = (self.last + 1) & MASK64
        self.nodes += 1
        self.node(self.last, parent, *self.frames[slot])
        if len(self.row) == ROW:
            del self.row[:-1]
        self.row.append((self.last, slot))

    def step(self):
        p = self.payload
        step = p.u8()
        for _ in range(step >> 3):
            self.add(self.first.get(self.places()[0], 0))
        step &= 7
        if step == OTHER:
            self.last_site = (self.last_site + p.sv()) & MASK64
            self.kind = p.u8()
        if step in (SITE, OTHER):
            self.last_site = (self.last_site + 1) & MASK64
            self.site(self.last_site, self.parent(), self.kind)
        elif step == SECOND:
            self.add(self.second.get(self.places()[1], 0))
        elif step == FORMER:
            self.add(self.former.get(self.places()[0], 0))
        elif step == KNOWN:
            slot = p.uv()
            if slot >= SLOTS:
                raise Bad
            self.add(slot + 1)
        elif step == NEW:
            kind, ref, offset = p.u8(), p.uv(), p.uv()
            if ref >> 56:
                raise Bad
            name = (ref << 8 | kind) * MIX & MASK64
            slot = mixed(offset ^ name) + 1
            if ref << 8 | kind:
                self.frames[slot] = (kind, ref, offset)
            else:
                self.frames.pop(slot, None)
            self.add(slot)
        return step not in (END, SITE, OTHER)


FREED, BRIEF, AGED, JUMP, ALLOCS, FREES, PEAK, BRIEFS, AGES, LIFE, ANY = (
    1 << bit for bit in range(11))


class Counts:
    """The records of one chunk: next(payload) gives a site and its values by
    field."""

    def __init__(self, signed_fields):
        self.site = self.epoch = 0
        self.signed_fields = signed_fields

    def next(self, p):
        mask = p.uv()
        if mask >= ANY << 1:
            raise Bad
        self.site += 1 + (p.sv() if mask & JUMP else 0)
        self.site &= MASK64
        if mask & ANY:
            return self.site, p.fields(self.signed_fields, 15)
        allocs = p.uv() if mask & ALLOCS else 1
        size = p.uv()
        frees, freed = (allocs, size) if mask & FREED else (0, 0)
        if mask & FREES:
            frees, freed = p.uv(), p.uv()
        v = {0: allocs, 1: size, 2: frees, 3: freed,
             4: frees if mask & BRIEF else 0,
             6: frees if mask & AGED else 0}
        if mask & PEAK:
            self.epoch = (self.epoch + p.sv()) & MASK64
            v[12] = self.epoch
            v[7], v[8] = (self.int64(p.sv() + size - freed),
                          self.int64(p.sv() + allocs - frees))
        if mask & BRIEFS:
            v[4] = p.uv()
        if mask & AGES:
            v[6] = p.uv()
        if mask & LIFE:
            v[5] = p.uv()
        return self.site, v

    @staticmethod
    def int64(value):
        value &= MASK64
        return value - (1 << 64) if value >> 63 else value
