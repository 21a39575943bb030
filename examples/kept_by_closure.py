#!/usr/bin/env python3
"""kept_by_closure.py - a callback keeps what its function could see.

undo() only needs the name of a document, but it closes over `document`, and
so each entry of the undo list keeps the whole text.

Watch it: rcprof run --exact --objects=on examples/kept_by_closure.py
          rcprof objects
"""
UNDO = []


class Document:
    def __init__(self, name):
        self.name = name
        self.text = "-" * 5000


def edit(number):
    document = Document("document %d" % number)

    def undo():
        return "undo " + document.name

    UNDO.append(undo)


def main():
    for number in range(1000):
        edit(number)
    print("%d edits, the last: %s" % (len(UNDO), UNDO[-1]()))


if __name__ == "__main__":
    main()
