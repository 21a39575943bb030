"""turns.py - C and Python call each other, deeper and less deep in turn, by
ways that come again and others that do not; for remerge.t."""
import functools
import json
import random
import re
import sys
import threading

LIMIT = 7
WORD = re.compile(r"[a-z]")
TEXT = json.dumps([{"a": [1.5, {"b": "text %d" % n}], "c": None}
                   for n in range(3)])


class Operators:
    """Each operator is a call of the evaluator by C."""

    def __init__(self, rng, depth):
        self.rng = rng
        self.depth = depth

    def __add__(self, other):
        return turn(self.rng, self.depth)

    def __lt__(self, other):
        turn(self.rng, self.depth)
        return False

    def __getattr__(self, name):
        turn(self.rng, self.depth)
        raise AttributeError(name)

    def __del__(self):
        [self.depth] * 3


def by_call(rng, depth):
    return [turn(rng, depth), (depth, [])]


def by_sorting(rng, depth):
    return sorted([3, 1, 2], key=lambda n: turn(rng, depth) and 0)


def by_operator(rng, depth):
    return Operators(rng, depth) + 1, Operators(rng, depth) < 1


def by_attribute(rng, depth):
    return getattr(Operators(rng, depth), "none", [depth])


def by_map(rng, depth):
    return list(map(lambda n: turn(rng, depth), range(2)))


def by_reduce(rng, depth):
    return functools.reduce(lambda a, b: turn(rng, depth), [1, 2], None)


def by_pattern(rng, depth):
    return WORD.sub(lambda m: turn(rng, depth) and "x", "ab1")


def by_generator(rng, depth):
    def numbers():
        for n in range(3):
            yield turn(rng, depth), n
    return [dict(a=n) for n in numbers()]


def by_exception(rng, depth):
    try:
        turn(rng, depth)
        raise KeyError(str(depth))
    except KeyError as e:
        return [e.args, turn(rng, depth)]


def by_code(rng, depth):
    """Code objects that die, and their addresses are others'."""
    space = {"turn": turn, "rng": rng, "depth": depth}
    exec("def f():\n return [turn(rng, depth), %d.5]\nx = f()" % depth, space)
    return space["x"]


def by_text(rng, depth):
    return json.loads(TEXT, object_hook=lambda d: [d, depth])


WAYS = [by_call, by_call, by_call, by_sorting, by_operator, by_attribute,
        by_map, by_reduce, by_pattern, by_generator, by_exception, by_code,
        by_text]


def turn(rng, depth):
    kept = [float(depth), {"depth": [depth]}]
    if depth >= LIMIT or rng.random() < depth / 10.0:
        return kept
    return kept, WAYS[rng.randrange(len(WAYS))](rng, depth + 1)


def main(seed, times):
    rng = random.Random(seed)
    for _ in range(times):
        again = rng.random() < 0.5
        state = rng.getstate()
        turn(rng, 0)
        if again:
            rng.setstate(state)
            turn(rng, 0)


if __name__ == "__main__":
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    threads = [threading.Thread(target=main, args=(n, times // 4))
               for n in range(2)]
    for t in threads:
        t.start()
    main(7, times)
    for t in threads:
        t.join()
