"""Modules that come, change and go.  argv: a folder, emptied first."""
import importlib
import os
import shutil
import sys
import textwrap
import zipfile

from now import here, mark, size, tell

folder = sys.argv[1]
shutil.rmtree(folder, ignore_errors=True)
os.mkdir(folder)
sys.path.insert(0, folder)
sys.dont_write_bytecode = False


def write(name, source):
    path = os.path.join(folder, *name.split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(textwrap.dedent(source))
    importlib.invalidate_caches()


def version(n):
    """The same function, each time on another line."""
    write("changing.py", "\n" * n + """
        from now import here, size
        here("version %d of a module", bytes(size()))

        def f():
            here("a function of version %d", bytes(size()))
        """ % (n, n))


here("warm", bytes(size()))
version(1)
import changing  # noqa: E402
changing.f()
first = changing.f
for n in range(2, 6):
    version(n * 3)
    # The time stamp of a source has seconds only.
    os.utime(os.path.join(folder, "changing.py"), (n * 1000, n * 1000))
    importlib.reload(changing)
    changing.f()
first()

write("package/__init__.py", """
    from now import here, size
    here("a package", bytes(size()))
    from . import inner
    """)
write("package/inner.py", """
    from now import here, size

    def f():
        here("a module of a package", bytes(size()))
    f()
    """)
for _ in range(3):
    # The second time from its .pyc.
    import package.inner
    package.inner.f()
    del sys.modules["package.inner"], sys.modules["package"], package

with zipfile.ZipFile(os.path.join(folder, "zipped.zip"), "w") as z:
    z.writestr("inzip.py", "from now import here, size\n\n"
               "def f():\n    here('a module in a zip', bytes(size()))\n")
sys.path.insert(0, os.path.join(folder, "zipped.zip"))
import inzip  # noqa: E402
inzip.f()

write("broken.py", """
    from now import here, size
    here("a module that fails", bytes(size()))
    raise ImportError("as written")
    """)
for _ in range(2):
    try:
        import broken  # noqa: F401
    except ImportError:
        here("after a failed import", bytes(size()))

# Extension modules, loaded now and never unloaded by CPython.
for name in ("_decimal", "_csv", "pyexpat", "_sqlite3", "_bisect"):
    try:
        module = importlib.import_module(name)
        del sys.modules[name], module
        importlib.import_module(name)
    except ImportError:
        pass
here("after extension modules", bytes(size()))
mark("end")
tell()
