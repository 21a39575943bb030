#!/usr/bin/env python3
"""forgotten_name.py - one name keeps a large structure.

The index is what the program works with.  The rows that it was made of are no
longer needed, but main() still has a name for them, and main() runs to the
end.  `del rows`, or a function that returns the index alone, frees them.

Watch it: rcprof run --exact --objects=on examples/forgotten_name.py
          rcprof report
          rcprof objects
"""


class Row:
    def __init__(self, number):
        self.key = "row %d" % (number % 100)
        self.values = [number] * 20


def load(count):
    return [Row(number) for number in range(count)]


def index(rows):
    counts = {}
    for row in rows:
        counts[row.key] = counts.get(row.key, 0) + len(row.values)
    return counts


def main():
    rows = load(20000)
    counts = index(rows)
    # The work proper; `rows` is not used any more.
    total = sum(counts[key] for key in sorted(counts) for _ in range(1000))
    print("%d keys, %d in all" % (len(counts), total))


if __name__ == "__main__":
    main()
