"""python_harness.py - what python_cases.py asks with: the library, and the
comparison of its stack with sys._getframe()'s.
"""
import ctypes
import sys

TABLE = "co_linetable" if sys.version_info >= (3, 10) else "co_lnotab"
NAME = "co_qualname" if sys.version_info >= (3, 11) else "co_name"
KIND = 1 if sys.version_info < (3, 10) else \
    2 if sys.version_info < (3, 11) else 3


class Frame(ctypes.Structure):
    _fields_ = [("key", ctypes.c_size_t), ("code", ctypes.c_size_t),
                ("table", ctypes.c_void_p), ("table_size", ctypes.c_int64),
                ("lasti", ctypes.c_int32), ("first_line", ctypes.c_int32),
                ("table_kind", ctypes.c_int32), ("name_size", ctypes.c_int32),
                ("file_size", ctypes.c_int32),
                ("name", ctypes.c_char * 1024), ("file", ctypes.c_char * 1024)]


held = ctypes.PyDLL(sys.argv[1])      # calls with the GIL
released = ctypes.CDLL(sys.argv[1])   # and without
for library in held, released:
    for function in ("probe_self_test", "probe_source", "probe_version"):
        getattr(library, function).restype = ctypes.c_char_p
    library.probe_epoch.restype = ctypes.c_uint
    library.probe_died.restype = ctypes.c_size_t
line_of = ctypes.pythonapi.PyCode_Addr2Line
line_of.argtypes = ctypes.py_object, ctypes.c_int

MAX = 2048
deeper = ctypes.c_int()
failed = []


def utf8(text):
    text = "".join("\ufffd" if "\ud800" <= c < "\ue000" else c for c in text)
    raw = text.encode("utf-8")[:1024]
    while True:     # whole characters only
        try:
            return raw.decode("utf-8").encode("utf-8")
        except UnicodeDecodeError:
            raw = raw[:-1]


def difference(theirs, ours, leaf):
    """Why frame THEIRS and OURS differ, or None."""
    code = theirs.f_code
    if ours.code != id(code):
        return "code %#x is not %s" % (ours.code, code)
    if not leaf and ours.lasti != theirs.f_lasti:
        return "%s: lasti %d, not %d" % (code.co_name, ours.lasti,
                                         theirs.f_lasti)
    if line_of(code, ours.lasti) != theirs.f_lineno:
        return "%s: line %d, not %d" % (
            code.co_name, line_of(code, ours.lasti), theirs.f_lineno)
    name = ctypes.string_at(ctypes.addressof(ours) + Frame.name.offset,
                            ours.name_size)
    if name != utf8(getattr(code, NAME)):
        return "name %r, not %r" % (name, getattr(code, NAME))
    name = ctypes.string_at(ctypes.addressof(ours) + Frame.file.offset,
                            ours.file_size)
    if name != utf8(code.co_filename):
        return "file %r, not %r" % (name, code.co_filename)
    if ours.first_line != code.co_firstlineno:
        return "%s: first line %d" % (code.co_name, ours.first_line)
    table = ctypes.string_at(ours.table, ours.table_size)
    if ours.table_kind != KIND or table != getattr(code, TABLE):
        return "%s: line table" % code.co_name
    return None


def compare(library=held):
    """Both stacks from here on; None, or what differs."""
    frames = (Frame * 400)()
    count, me = library.probe_stack(frames, 400, ctypes.byref(deeper)), \
        sys._getframe()
    theirs, i = me, 0
    while theirs is not None:
        if i >= count:
            return "only %d frames; then %s" % (count, theirs.f_code)
        # This frame itself has gone on since: it has two lines.
        why = None if theirs is me else \
            difference(theirs, frames[i], theirs is me)
        if why:
            return "frame %d: %s" % (i, why)
        theirs, i = theirs.f_back, i + 1
    if i != count:
        return "%d frames, not %d" % (count, i)
    return None


def report(name, why):
    print(("not ok %s: %s" % (name, why) if why else "ok " + name)
          .encode("ascii", "backslashreplace").decode())
    sys.stdout.flush()


class Case:
    """Decorator: the function returns None, or what is wrong."""

    def __init__(self, name):
        self.name = name

    def __call__(self, function):
        try:
            why = function()
        except Skip as skip:
            print("skip %s: %s" % (self.name, skip))
            return
        report(self.name, why)


class Skip(Exception):
    pass
