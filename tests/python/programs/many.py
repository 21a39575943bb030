"""More garbage in one collection than is looked at."""
import gc
import sys


class Half:
    __slots__ = ("other",)


def pairs(n):
    for i in range(n):
        one, two = Half(), Half()
        one.other, two.other = two, one


gc.collect()
gc.disable()
pairs(int(sys.argv[1]))
gc.collect()
print("{}")
