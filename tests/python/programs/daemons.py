"""Daemon threads that allocate on, with the GIL and without it, while the
interpreter is taken down.  argv: how it ends."""
import ctypes
import os
import sys
import threading
import time

from now import mark

libc = ctypes.CDLL(None)
libc.regcomp.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
libc.regfree.argtypes = [ctypes.c_void_p]


def with_gil():
    kept = {}
    while True:
        for i in range(1000):
            kept[i] = [str(i), (i, [i])]
        kept.clear()


def without_gil():
    """libc allocates some hundred blocks there."""
    pattern = ctypes.create_string_buffer(256)
    while True:
        libc.regcomp(pattern, b"(a|b)*c{1,9}[^d-f]+(gh|ij)?k" * 4, 1)
        libc.regfree(pattern)


def never_back():
    ctypes.CDLL(os.environ["NATIVE_SO"]).churn()


bodies = [never_back]
# Before 3.12 a thread that asks for the GIL of a freed interpreter can crash
# in take_gil(), whoever watches.
if sys.version_info >= (3, 12):
    bodies += [with_gil, without_gil]
for body in bodies * 3:
    threading.Thread(target=body, daemon=True).start()
time.sleep(0.1)
mark("running")
print("the main thread ends")
sys.stdout.flush()
if sys.argv[1] == "exception":
    raise SystemExit(3)
