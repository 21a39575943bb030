# SPDX-License-Identifier: MIT
"""lines.py - prints the line tables of this interpreter's standard library,
and what the interpreter itself reads in them:

    code KIND FIRST-LINE TABLE-IN-HEX
    FROM TO LINE             bytes of code; 0 = no line

for lines_check.  Runs on 3.8 and later.
"""

import dis
import importlib
import sys

MODULES = """argparse ast asyncio.base_events asyncio.tasks calendar
collections configparser csv ctypes dataclasses datetime decimal difflib dis
email.message enum fractions functools gettext gzip heapq http.client
http.server inspect ipaddress json.decoder json.encoder locale logging
mailbox multiprocessing.pool netrc numbers optparse os pathlib pdb pickle
pickletools platform plistlib pprint pydoc random re shutil smtplib socket
statistics string subprocess tarfile tempfile textwrap threading timeit
tokenize traceback turtle typing unittest.case unittest.mock urllib.parse
urllib.request uuid weakref xml.dom.minidom zipfile""".split()


def all_codes(code):
    yield code
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            yield from all_codes(constant)


def ranges(code):
    if hasattr(code, "co_lines"):
        for start, end, line in code.co_lines():
            yield start, end, line or 0
        return
    starts = list(dis.findlinestarts(code))
    if not starts or starts[0][0] > 0:
        starts.insert(0, (0, code.co_firstlineno))
    for (start, line), (end, _) in zip(
            starts, starts[1:] + [(len(code.co_code), 0)]):
        yield start, end, line


# What the library has too little of: long jumps, backward lines, no lines.
HARD = """
def far():
    return (1,
%s
        far, lambda: (
            2))
def back():
    try:
        for x in [y
                  for y in (1,
                            2)]: pass
    except (ValueError,
            KeyError) as error:
        raise
    finally:
        with open(
            'x'
        ) as f: f.read(
        )
async def gen():
    async for x in gen():
        yield [z async for z in gen() if (await
            z)]
class A:
    a: int = 1
    def f(self): return super().f(
        *self.a,
        **{'b':
           1})
""" % ("\n" * 700)


def main():
    kind = 3 if sys.version_info >= (3, 11) else \
        2 if sys.version_info >= (3, 10) else 1
    sources = [compile(HARD, "hard", "exec"),
               compile("\n" * 70000 + HARD, "far", "exec")]
    for name in MODULES:
        try:
            module = importlib.import_module(name)
            with open(module.__file__, encoding="utf-8") as file:
                sources.append(compile(file.read(), name, "exec"))
        except (ImportError, OSError):
            continue  # not in every version, not in every build
    for source in sources:
        for code in all_codes(source):
            table = code.co_linetable if kind > 1 else code.co_lnotab
            print("code", kind, code.co_firstlineno, table.hex())
            for line in ranges(code):
                print(*line)


main()
