#!/usr/bin/env python3
"""refcount.py - one object's reference count as names and calls come and go.

sys.getrefcount() holds a reference itself while it counts, so that an object
with one name shows as 2 (from Python 3.14 on as 1: a local name is lent).  The
count goes up and down with names, containers and calls; when the last
reference goes, the object goes with it, at that very line.

Watch it: rcprof run --exact --objects=on examples/refcount.py
          rcprof objects --type Token
"""
import sys


class Token:
    """Something to count the references of."""


def show(what, count):
    print("%-28s %d" % (what, count))


def borrow(token):
    show("inside a call", sys.getrefcount(token))


def main():
    token = Token()
    show("one name", sys.getrefcount(token))
    other = token
    show("two names", sys.getrefcount(token))
    shelf = [token, token]
    show("and twice in a list", sys.getrefcount(token))
    borrow(token)
    show("back from the call", sys.getrefcount(token))
    shelf.clear()
    show("out of the list", sys.getrefcount(token))
    del token
    show("the other name alone", sys.getrefcount(other))
    other = None    # the last reference
    show("gone; None has its own", 0)


if __name__ == "__main__":
    main()
