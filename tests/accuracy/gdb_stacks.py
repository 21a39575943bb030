"""gdb_stacks.py - run by gdb: writes the stack of each block of stacks.cc as
a line of JSON into $STACKS.

    STACKS=out gdb -batch -x gdb_stacks.py --args PROGRAM ARG...
"""
import json
import os

import gdb

FIRST, LAST = 100000, 300000


def describe(frame):
    """[module, function, line]: of a library's frame the module alone, since
    it may or may not have names."""
    module = gdb.solib_name(frame.pc())
    if module and "plugin" not in module:
        return [os.path.basename(module), None, None]
    return [os.path.basename(module) if module else "program",
            frame.name(), frame.find_sal().line or None]


def stack():
    """Leaf first, without the function that stands at its entry.  A frame
    that a tail call has left is gdb's guess; below a coroutine's first frame
    it shows what happens to lie on the stack."""
    found, frame = [], gdb.newest_frame().older()
    while frame is not None:
        if frame.type() != gdb.TAILCALL_FRAME:
            if frame.name() is None and not gdb.solib_name(frame.pc()):
                break
            found.append(describe(frame))
        frame = frame.older()
    return found


for line in ("set pagination off", "set confirm off",
             "set backtrace past-main on", "set breakpoint pending on",
             "set debuginfod enabled off", "set print thread-events off",
             "handle SIGUSR1 nostop noprint pass",
             "set environment LD_BIND_NOW="):
    try:
        gdb.execute(line)
    except gdb.error:
        pass                    # an older gdb
gdb.Breakpoint("allocate")
gdb.execute("run", to_string=True)
with open(os.environ["STACKS"], "w") as out:
    thrown = gdb.Breakpoint("__cxa_allocate_exception")
    while gdb.selected_inferior().pid:
        size = int(gdb.parse_and_eval("(unsigned long)$rdi"))
        if FIRST <= size <= LAST:
            out.write(json.dumps([size, gdb.newest_frame().name(),
                                  stack()]) + "\n")
        gdb.execute("continue", to_string=True)
