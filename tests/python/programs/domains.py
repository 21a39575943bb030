"""Exact calls in each of CPython's memory domains, and in libc's."""
from now import mark, native, tell

c = native()
RAW, MEM, OBJ, LIBC = range(4)
SIZES = (1, 15, 16, 17, 33, 100, 511, 512, 513, 4000, 70000, 150000)
N = 50
NONE = 0


def raw(size):
    c.take(RAW, N, size)                # @raw-malloc
    c.take_zeroed(RAW, N, 3, size)      # @raw-calloc
    c.take_by_realloc(RAW, N, size)     # @raw-null
    c.resize(RAW, N, size + 5)          # @raw-realloc
    c.resize_fails(RAW, N)              # @raw-fails


def mem(size):
    c.take(MEM, N, size)                # @mem-malloc
    c.take_zeroed(MEM, N, 3, size)      # @mem-calloc
    c.take_by_realloc(MEM, N, size)     # @mem-null
    c.resize(MEM, N, size + 5)          # @mem-realloc
    c.resize_fails(MEM, N)              # @mem-fails


def obj(size):
    c.take(OBJ, N, size)                # @obj-malloc
    c.take_zeroed(OBJ, N, 3, size)      # @obj-calloc
    c.take_by_realloc(OBJ, N, size)     # @obj-null
    c.resize(OBJ, N, size + 5)          # @obj-realloc
    c.resize_fails(OBJ, N)              # @obj-fails


def libc(size):
    c.take(LIBC, N, size)               # @libc-malloc
    c.take_zeroed(LIBC, N, 3, size)     # @libc-calloc
    c.take_by_realloc(LIBC, N, size)    # @libc-null
    c.resize(LIBC, N, size + 5)         # @libc-realloc
    c.resize_fails(LIBC, N)             # @libc-fails


def nothing(size):
    # What a call by ctypes allocates of its own, to be subtracted.
    c.take(RAW, NONE, size)             # @none-malloc
    c.take_zeroed(RAW, NONE, 3, size)   # @none-calloc
    c.take_by_realloc(RAW, NONE, size)  # @none-null
    c.resize(RAW, NONE, size + 5)       # @none-realloc
    c.resize_fails(RAW, NONE)           # @none-fails


def drop_all():
    for domain in range(4):
        c.drop(domain, 20000)


def warm(size):
    # The first call of each function makes more.
    c.take(RAW, NONE, size)
    c.take_zeroed(RAW, NONE, 3, size)
    c.take_by_realloc(RAW, NONE, size)
    c.resize(RAW, NONE, size + 5)
    c.resize_fails(RAW, NONE)


for domain in (warm, nothing, raw, mem, obj, libc):
    for size in SIZES:
        domain(size)
mark("held")
drop_all()
mark("emptied")

# Blocks of pymalloc: the arenas under them are no allocation.
c.take(OBJ, 10000, 512)                 # @many
mark("crowded")
drop_all()
mark("end")
tell(sizes=SIZES, n=N)
