#!/usr/bin/env python3
"""kept_by_traceback.py - an exception keeps the locals of its frames.

An exception has a traceback, the traceback has the frames that it came
through, and a frame has its locals: each error in the list keeps the 10 KiB
that parse() was working on.  str(error) would keep the text alone.

Watch it: rcprof run --exact --objects=on examples/kept_by_traceback.py
          rcprof objects
"""
ERRORS = []


class Message:
    def __init__(self):
        self.raw = bytes(10000)


def parse(number):
    message = Message()
    if number % 4 == 0:
        raise ValueError("message %d is broken" % number)
    return len(message.raw)


def main():
    for number in range(2000):
        try:
            parse(number)
        except ValueError as error:
            ERRORS.append(error)
    print("%d errors, the last: %s" % (len(ERRORS), ERRORS[-1]))


if __name__ == "__main__":
    main()
