#!/usr/bin/env python3
"""kept_in_list.py - a reference that lingers in a module's list.

Every request is noted "for debugging".  The list lives as long as its module,
which is for ever, and with it every request.

Watch it: rcprof run --exact --objects=on examples/kept_in_list.py
          rcprof objects
"""
SEEN = []


class Request:
    def __init__(self, number):
        self.path = "/item/%d" % number
        self.body = bytes(2000)


def handle(number):
    request = Request(number)
    SEEN.append(request)    # nobody ever takes it out
    return len(request.body)


def main():
    total = sum(handle(number) for number in range(2000))
    print("handled %d requests, %d bytes" % (len(SEEN), total))


if __name__ == "__main__":
    main()
