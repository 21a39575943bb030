"""The births and deaths of a profile, for the tests of row 48 and later.

Read by the second reader, which shares nothing with the command."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/reader"))
import rcpread  # noqa: E402

BORN, REFCOUNT, COLLECTOR, UNSEEN = 0, 2, 3, 4


def innermost(site):
    for kind, function, file, _, line in site[0]:
        if kind == "python":
            return file, line
    return None, None


class Lives:
    """The lives that the profile at PATH tells of."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.profile = rcpread.Profile(f.read())
        where = {id_: innermost(site)
                 for id_, site in self.profile.sites.items()}
        # By type, by place of birth and of death.
        self.rows = {}
        for (birth, type_, death), row in self.profile.objects.items():
            key = (where.get(birth), where.get(death))
            total = self.rows.setdefault(
                self.profile.types.get(type_), {}).setdefault(key, [0] * 40)
            for field, n in row.items():
                total[field] += n

    def sum(self, field, type, born=None, died=None):
        return sum(row[field] for (b, d), row in
                   self.rows.get(type, {}).items()
                   if (born is None or b == born)
                   and (died is None or d == died))

    def of(self, type, born=None):
        """(born, died by refcount, by the collector, unseen)"""
        return tuple(self.sum(field, type, born)
                     for field in (BORN, REFCOUNT, COLLECTOR, UNSEEN))

    def alive(self, type, born=None):
        born, *died = self.of(type, born)
        return born - sum(died)

    def deaths(self, type, born=None):
        """{place: died by refcount}"""
        out = {}
        for (b, d), row in self.rows.get(type, {}).items():
            if row[REFCOUNT] and born in (None, b):
                out[d] = out.get(d, 0) + row[REFCOUNT]
        return out
