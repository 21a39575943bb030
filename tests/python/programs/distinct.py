"""distinct.py STACKS - allocates from so many different stacks: the digits of
a number choose the line of each call on the way."""
import sys

import now

SIZE = 2000
STACKS = int(sys.argv[1])
LEVELS = len(str(STACKS - 1))
EVERY = 100  # one of so many stays

keep = [None] * (STACKS // EVERY)


def leaf(n):
    block = bytes(SIZE)  # @leaf
    if n % EVERY == 0:
        keep[n // EVERY] = block


source = "def go(n, level):\n    d = n // 10 ** level % 10\n"
for digit in range(10):
    source += ("    if d == %d:\n"
               "        return leaf(n) if level == 0 else go(n, level - 1)\n"
               % digit)
space = {"leaf": leaf}
exec(compile(source, "distinct-lines.py", "exec"), space)
go = space["go"]

for i in range(STACKS):
    go(i, LEVELS - 1)
now.tell(size=len(bytes(SIZE)) + sys.getsizeof(b""), kept=len(keep))
