"""Code whose names are odd: dynamic, long, not ASCII, or full of what means
something to a terminal, a page or a table."""
import types

from now import here, mark, size, tell

ODD = {
    "a semicolon": "a;b",
    "a newline": "a\nb",
    "a tab": "a\tb",
    "quotes": "\"a'b`",
    "a backslash": "a\\b\\",
    "markup": "<script>alert(1)</script>&amp;",
    "escape codes": "\x1b[31mred\x1b[0m\x07",
    "every control character": "".join(map(chr, range(1, 32))) + "\x7f",
    "a NUL": "a\0b",
    "Latin 1": "\xe4\xdf\xff",
    "two bytes": "\u0101\u20ac\u4e2d",
    "four bytes": "\U0001f600\U0010ffff",
    "a space": " ",
    "nothing": "",
    "percent signs": "%s%n%d",
    "a path": "../../etc/passwd",
    "a JSON end": "\"}]",
    "a line separator": "a\u2028b\x85c",
    "a long name": "n" * 1000,
    "a longer name": "\u20ac" * 3000,
}


def renamed(function, name):
    """FUNCTION as if it had been called NAME."""
    code = function.__code__
    more = {"co_qualname": name} if hasattr(code, "co_qualname") else {}
    return types.FunctionType(code.replace(co_name=name, **more), globals())


def block(what):
    return here(what, bytes(size()))


here("warm", bytes(size()))
eval('here("eval", bytes(size()))')
exec('here("exec", bytes(size()))')
exec('\n\ndef f():\n here("a function by exec", bytes(size()))\nf()')
exec('class C:\n here("a class body by exec", bytes(size()))')
eval('[here("a comprehension by eval", bytes(size())) for _ in (1, 2)]')
eval(compile('(lambda: here("a lambda by eval", bytes(size())))()',
             "<made up>", "eval"))
eval("eval(\"eval('here(chr(101) * 3, bytes(size()))')\")")
exec("exec(\"exec('here(chr(102) * 3, bytes(size()))')\")")
exec('def \xe9t\xe9_\u4e2d():\n here("a name not ASCII", bytes(size()))\n'
     '\xe9t\xe9_\u4e2d()')
for what, name in ODD.items():
    source = 'here("a file with " + what, bytes(size()))'
    if "\0" not in name:
        exec(compile(source, name, "exec"))
    renamed(lambda: here("a function with " + what, bytes(size())), name)()
# As os.fsdecode() makes them of bytes that are not UTF-8.
renamed(lambda: here("a lone surrogate", bytes(size())), "a\udc80b")()
mark("end")
tell()
