#!/usr/bin/env python3
"""cycle.py - a cycle that only the collector frees.

Each tree is dropped as soon as it is grown, but its nodes refer to each other:
a parent to its children, a child to its parent.  Reference counts never reach
zero, and the trees wait for the collector.  weak.py is the cure.

Watch it: rcprof run --exact --objects=on examples/cycle.py
          rcprof cycles
"""
import gc


class Node:
    def __init__(self, parent):
        self.children = []
        self.parent = parent
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
        grow()      # the tree is garbage from here on
    gc.collect()
    print("grew 500 trees and dropped them")


if __name__ == "__main__":
    main()
