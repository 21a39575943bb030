"""Code objects by the thousand: each runs once and goes, and the next takes
its address.  Each has a name, a file, a line and a size of its own."""
import sys

from now import mark, tell

ROUNDS = 4000
kept = []
addresses = set()


def fresh(i):
    name, file, line = "f%d" % i, "gen_%d.py" % i, 2 + i % 37
    # The length of the code varies, so that addresses shift now and then.
    source = "def %s():%s    return bytes(%d)\n%s" % (
        name, "\n" * (line - 1), 1000 + i,
        "x = 1\n" * (i % 5 if i % 7 == 0 else 0))
    space = {}
    exec(compile(source, file, "exec"), space)
    function = space[name]
    addresses.add(id(function.__code__))
    kept.append(function())
    return [name, file, line, sys.getsizeof(kept[-1])]


def lambdas():
    """The same by lambdas, whose name is the same each time."""
    out = []
    for i in range(ROUNDS // 4):
        file = "lambda_%d" % i
        f = eval(compile("\n" * (i % 11) + "lambda: bytes(%d)" % (6000 + i),
                         file, "eval"))
        kept.append(f())
        out.append([file, 1 + i % 11, sys.getsizeof(kept[-1])])
    return out


made = [fresh(i) for i in range(ROUNDS)]
named = lambdas()
mark("end")
tell(made=made, lambdas=named, reused=len(addresses) < ROUNDS * 7 // 8)
