#!/usr/bin/env python3
"""rcprof tree: text and JSON."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
import schema  # noqa: E402
import stories  # noqa: E402
import tap  # noqa: E402
from profile import Profile  # noqa: E402

FILES = {f.__name__: f() for f in (
    stories.service, stories.native, stories.family, stories.hostile,
    stories.empty)}

for story, files in FILES.items():
    views.golden("tree-%s.txt" % story, views.good("tree", *files))
    tree = json.loads(views.good("tree", "--json", *files))
    tap.is_(list(schema.check_tree(tree)), [],
            "[row 66] %s: each node is its children and itself" % story)
for group in ("function", "file"):
    views.golden("tree-by-%s.txt" % group, views.good(
        "tree", "--by", group, *FILES["service"]))
views.golden("tree-live.txt", views.good(
    "tree", "--metric", "live", "--from", "10", "--to", "20", "--top", "2",
    *FILES["service"]))

# A thousand frames, and a frame of C between frames of Python.
p = Profile("deep.5.rcprof", pid=5)
deep = p.site([("deep.py", "f", n) for n in range(1000, 0, -1)])
mixed = p.site([("/lib/libc-gone.so", 16), ("mixed.py", "g", 2),
                ("/usr/bin/python-gone", 32), ("mixed.py", "h", 1)])
p.snapshot(0.5, {deep: dict(allocs=1, alloc_bytes=1000),
                 mixed: dict(allocs=1, alloc_bytes=3000)})
p.end(1.0)
tree = json.loads(views.good("tree", "--json", "deep.5.rcprof"))
tap.is_((len(tree["nodes"]), list(schema.check_tree(tree))), (1004, []),
        "a stack of 1,000 frames")
text = views.good("tree", "--all", "deep.5.rcprof")
tap.ok(all(len(line) <= 100 for line in text.splitlines()) and
       "deep.py:1000 f" in text, "its chain is not indented")
tap.ok("0x10 [libc-gone.so]" in text and "[python-gone]" in text,
       "native frames are shown")
text = views.good("tree", "--no-native", "deep.5.rcprof")
tap.ok("gone" not in text and "mixed.py:2 g" in text,
       "--no-native leaves them out beside Python frames")
tap.ok("0x2345 [sort-not-there]" in views.good("tree", "--no-native",
                                               *FILES["native"]),
       "--no-native: a native program keeps its own")

# The import machinery is left out unless it allocates itself.
p = Profile("import.6.rcprof", pid=6)
frozen = "<frozen importlib._bootstrap>"
inside = p.site([(frozen, "_call", 9), ("app.py", "<module>", 1)])
through = p.site([("mod.py", "<module>", 3), (frozen, "_load", 8),
                  (frozen, "_find", 7), ("app.py", "<module>", 1)])
p.snapshot(0.5, {inside: dict(allocs=1, alloc_bytes=1000),
                 through: dict(allocs=1, alloc_bytes=1000)})
p.end(1.0)
text = views.good("tree", "import.6.rcprof")
tap.ok("_call" in text and "_load" not in text and "mod.py:3" in text,
       "frames of the import machinery")
tap.ok("_load" in views.good("tree", "--all", "import.6.rcprof"),
       "--all shows them")

views.refused("tree", "--by", "thread", *FILES["service"], status=2,
              regex='--by: "thread" is not valid; allowed: line, function',
              description="a group that makes no tree")
tap.done()
