#!/usr/bin/env python3
"""weak.py - cycle.py's trees with a weak reference to the parent.

A child that refers to its parent weakly does not keep it: when a tree is
dropped, its root's count reaches zero, then its children's, and all of it is
freed at that line.  The collector finds nothing.

Watch it: rcprof run --exact --objects=on examples/weak.py
          rcprof objects --type Node
"""
import gc
import weakref


class Node:
    def __init__(self, parent):
        self.children = []
        self.parent = None if parent is None else weakref.ref(parent)
        self.text = "x" * 1000
        if parent is not None:
            parent.children.append(self)


def grow():
    root = Node(None)
    for _ in range(3):
        Node(root)
    return len(root.children)


def main():
    for _ in range(500):
        grow()      # the tree is freed here
    gc.collect()
    print("grew 500 trees and dropped them")


if __name__ == "__main__":
    main()
