"""Sub-interpreters, made, run and destroyed twice.  argv: the module."""
import importlib
import sys
import textwrap

from now import mark, tell

module = importlib.import_module(sys.argv[1])
run = getattr(module, "run_string", None) or module.exec

for n in range(2):
    interpreter = module.create()
    run(interpreter, textwrap.dedent("""
        keep = []
        exec(compile('def inside%d():\\n'
                     '  keep.append(bytes(%d))\\n'
                     'inside%d()', 'sub.py', 'exec'))
        """ % (n, 200000 + n, n)))
    mark("in %d" % n)
    kept = bytes(300000)                # @main
    module.destroy(interpreter)
    mark("after %d" % n)
tell()
