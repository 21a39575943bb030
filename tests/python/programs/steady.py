"""steady.py FILE - a thousand lines allocate, over and over, until FILE is
there, and keep nothing but what marks find."""
import os
import sys
import time

import now

LINES = 1000
SIZE = 5001
MARKS = 6  # as many keyframes fit into the file, however long this runs

source = "def work(held):\n" + "".join(
    "    block = bytes(%d)\n" % SIZE for _ in range(LINES))
space = {}
exec(compile(source, "steady-lines.py", "exec"), space)
work = space["work"]

keep = []
rounds = 0
marks = []
while not os.path.exists(sys.argv[1]):
    work(keep)
    rounds += 1
    if rounds % 100 == 1:
        keep.append(bytes(40000))  # @held
        if len(marks) < MARKS:
            now.mark("mark%d" % len(marks))
            marks.append([len(keep), rounds])
    time.sleep(0.002)
now.tell(rounds=rounds, lines=LINES, size=SIZE, marks=marks, held=len(keep))
