# SPDX-License-Identifier: MIT
"""linetables.py - part of rcpread.py: CPython's three line tables, written from
CPython's own notes on them.
"""


def line_of(kind, table, first, lasti):
    line = {0: lambda *_: 0, 1: lnotab, 2: ranges310, 3: location}.get(
        kind, lambda *_: 0)(table, first, lasti)
    return line if 0 < line < 1 << 32 else 0


def s8(byte):
    return byte - 256 if byte > 127 else byte


def lnotab(table, line, lasti):
    address = 0
    for step, lines in zip(table[::2], table[1::2]):
        address += step
        if address > lasti:
            break
        line += s8(lines)
    return line


def ranges310(table, line, lasti):
    end = 0
    for step, lines in zip(table[::2], table[1::2]):
        end += step
        delta = s8(lines)
        if delta != -128:
            line += delta
        if lasti < end:
            return 0 if delta == -128 else line
    return 0


def location(table, line, lasti):
    end = 0
    entries = []
    for byte in table:
        if byte & 128 or not entries:
            entries.append([byte])
        else:
            entries[-1].append(byte)
    for entry in entries:
        code = entry[0] >> 3 & 15
        if code in (13, 14):
            value = shift = 0
            for byte in entry[1:7]:  # 36 bits are more than any line
                value |= (byte & 63) << shift
                shift += 6
                if not byte & 64:
                    break
            line += -(value >> 1) if value & 1 else value >> 1
        elif code in (10, 11, 12):
            line += code - 10
        end += 2 * ((entry[0] & 7) + 1)
        if lasti < end:
            return 0 if code == 15 else line
    return 0
