"""What is one site, and what is not."""
from now import mark, tell

kept = []
SIZE = 5000


def two():
    a = bytes(SIZE); b = bytes(SIZE)            # @same-line
    return a, b


def below():
    a = bytes(SIZE)                             # @upper
    b = bytes(SIZE)                             # @lower
    return a, b


def repeated():
    return [bytes(SIZE) for _ in range(100)]    # @loop


def shared():
    return bytes(SIZE)                          # @shared


def one_caller():
    return shared()


def another_caller():
    return shared()


def twice_from_one_line():
    return shared(), shared()


kept += two(), below(), repeated(), one_caller(), another_caller()
kept += twice_from_one_line()
kept += [two() for _ in range(10)]
mark("end")
tell()
