"""now.py - what the programs under test say to the test.

mark() is a moment that `rcprof report --at mark:TEXT` shows; without the
preload it does nothing.  here() remembers a block and the stack at which it
was allocated, by the interpreter's own word.  tell() prints all that.
"""
import ctypes
import os
import sys

_mark = getattr(ctypes.CDLL(None), "rcprof_mark", None)
blocks = []
keep = []
_size = 100000
# The first compilation of a process keeps 200 KB of types.  It is this module's,
# unless there was a .pyc of it.
compile("", "", "exec")


def mark(text):
    if _mark is not None:
        _mark(text.encode())


def size():
    """A size that no other block has."""
    global _size
    _size += 1
    return _size


def stack(frame):
    """[function, file, line] of FRAME and its callers."""
    out = []
    while frame is not None:
        code = frame.f_code
        out.append([getattr(code, "co_qualname", code.co_name),
                    code.co_filename, frame.f_lineno])
        frame = frame.f_back
    return out


def here(name, block, below=0):
    """Called as here("what it is", bytes(size())): one line allocates and
    asks for its own stack.  below: the block is made that many lines on."""
    frames = stack(sys._getframe(1))
    frames[0][2] += below
    blocks.append([name, sys.getsizeof(block), frames])
    keep.append(block)
    return block


class Books(ctypes.Structure):
    """struct books of native.c"""
    _fields_ = [(name, ctypes.c_int64) for name in (
        "allocations", "allocated_bytes", "frees", "freed_bytes",
        "live_bytes", "live_blocks", "peak_bytes", "peak_blocks")]

    def told(self):
        return {name: getattr(self, name) for name, _ in self._fields_}


CALLBACK = ctypes.CFUNCTYPE(None)
_INT, _LONG, _SIZE = ctypes.c_int, ctypes.c_long, ctypes.c_size_t
_FUNCTIONS = {
    "take": (_INT, _LONG, _SIZE),
    "take_zeroed": (_INT, _LONG, _SIZE, _SIZE),
    "take_by_realloc": (_INT, _LONG, _SIZE),
    "resize": (_INT, _LONG, _SIZE),
    "resize_fails": (_INT, _LONG),
    "drop": (_INT, _LONG),
    "queue": (_INT, _LONG, _LONG, _SIZE),
    "profile_nothing": (),
    "storm": (ctypes.c_uint64, _LONG, _LONG, _INT, ctypes.POINTER(Books)),
    "mark_here": (ctypes.c_char_p,),
    "python_threads": (_INT, _LONG, ctypes.py_object),
    "plain_threads": (_INT, _LONG, _SIZE),
    "call_back": (CALLBACK, _INT),
}


def native(gil=True):
    """programs/native.c; gil: keep the GIL in calls."""
    library = (ctypes.PyDLL if gil else ctypes.CDLL)(os.environ["NATIVE_SO"])
    for name, arguments in _FUNCTIONS.items():
        function = getattr(library, name)
        function.argtypes = arguments
        function.restype = None
    return library


def tell(**more):
    """The last line of stdout, for the test.  No json: importing it makes
    thousands of sites."""
    sys.stdout.flush()
    print(ascii(dict(more, blocks=blocks)))
