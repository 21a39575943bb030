# SPDX-License-Identifier: MIT
"""payload.py - the varints, strings and masks of format.h out of a chunk's
bytes, for rcpread.py."""

MASK64 = (1 << 64) - 1


class Bad(Exception):
    """What stands there cannot be a record."""


class Payload:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def more(self):
        return self.at < len(self.data)

    def u8(self):
        if not self.more():
            raise Bad
        self.at += 1
        return self.data[self.at - 1]

    def uv(self):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
            if shift == 70:
                raise Bad
        if value > MASK64:
            raise Bad
        return value

    def sv(self):
        value = self.uv()
        return (value >> 1) ^ -(value & 1)

    def str(self):
        length = self.uv()
        if length > len(self.data) - self.at:
            raise Bad
        self.at += length
        return self.data[self.at - length:self.at]

    def fields(self, signed_fields, count):
        mask = self.uv()
        values = {}
        for bit in range(64):
            if mask >> bit & 1:
                value = self.sv() if bit in signed_fields else self.uv()
                if bit < count:
                    values[bit] = value
        return values
