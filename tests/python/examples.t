#!/usr/bin/env python3
"""The textbook cases of examples/: the report names the line that makes, keeps
or frees the objects."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402
import tap  # noqa: E402

FOLDER = os.path.realpath(os.path.join(tap.SRC, "examples"))


class Example(lib.Case):
    """One example, run bare and profiled in its folder."""

    def __init__(self, py, row, name):
        self.path = os.path.join(FOLDER, name)
        self.name = name
        super().__init__(py, row, None, argv=[py.path, "-S", self.path],
                         env={"RCPROF_OBJECTS": "on"}, cwd=FOLDER)
        self.same("%s runs as without rcprof" % name)

    def at(self, text):
        """The one line of the example that has this text."""
        with open(self.path) as f:
            lines = [n for n, s in enumerate(f, 1) if text in s]
        if len(lines) != 1:
            raise lib.Broken("%r stands %d times in %s" % (
                text, len(lines), self.name))
        return lines[0]

    def text(self, view, *args):
        return subprocess.run(
            [tap.RCPROF, view] + list(args) + [self.file()],
            stdout=subprocess.PIPE, check=True, timeout=lib.SECONDS,
            env=dict(os.environ, COLUMNS="140")).stdout.decode()

    def lives(self, type, line, *fields):
        """Of the objects of this type that were born at this line."""
        whole = json.loads(self.text("objects", "--json", "--type", type))
        births = [b for t in whole["types"] for b in t["births"]
                  if b["own"] is not None
                  and b["stack"][b["own"]]["file"] == self.path
                  and b["stack"][b["own"]]["line"] == line]
        return tuple(sum(b[f] for b in births) for f in fields)

    def shows(self, view, regex, what, *args):
        text = self.text(view, *args)
        if not self.py.ok(self.row, re.search(regex, text), "%s: %s" % (
                self.name, what)):
            tap.diag(text)

    def row_of(self, type, line, what):
        """The objects view has the type with its place of birth."""
        self.shows("objects", r"(?m)^%s .* %s:%d\b|^%s .*\n(  .*\n)*? .* %s:%d\b"
                   % ((type, re.escape(self.name), line) * 2), what)


WAYS = ("born", "died_refcount", "died_collector", "died_unseen", "alive")


def test_freed(py):
    case = Example(py, 51, "refcount.py")
    token = case.at("token = Token()")
    py.is_(48, case.lives("Token", token, *WAYS), (1, 1, 0, 0, 0),
           "refcount.py: one birth, one death")
    case.row_of("Token", token, "the birth")
    case.shows("objects", r"last reference went +1  refcount\.py:%d main" %
               case.at("other = None"), "the line of the last reference")

    case = Example(py, 51, "scope.py")
    for function, made, freed in (
            ("by_del", 19, case.at("    del buffer")),
            ("by_return", 26, case.at("by_return()     #"))):
        py.is_(48, case.lives("Buffer", made, *WAYS), (100, 100, 0, 0, 0),
               "scope.py: %s frees what it made" % function)
        case.shows("objects", r"last reference went +100  scope\.py:%d " %
                   freed, "%s: the line" % function)


def test_cycles(py):
    case = Example(py, 50, "cycle.py")
    root, leaf = case.at("root = Node(None)"), case.at("        Node(root)")
    for line, n in ((root, 500), (leaf, 1500)):
        py.is_(50, case.lives("Node", line, *WAYS), (n, 0, n, 0, 0),
               "cycle.py: the collector frees them all")
        case.row_of("Node", line, "the birth")
    whole = json.loads(case.text("cycles", "--json"))
    first = whole["cycles"][0]
    py.is_(50, (first["chain"], first["n"], first["own"]),
           (["__main__.Node", "list", "__main__.Node", "__main__.Node"], 500,
            True), "cycle.py: which types refer to each other")
    case.shows("cycles", r"1  Node -> list -> Node -> Node\n +500 cycles, .*\n"
               r" +Node\.children -> list; Node\.parent -> Node\n"
               r" +born cycle\.py:(%d|%d) .*\n"
               r" +A weakref in `parent` ends it" % (root, leaf),
               "the attributes, the birth, what ends it")
    case.shows("report", r"Look next: Node -> list -> Node -> Node waits for "
               r"the collector: 500 cycles, .* born at\s+cycle\.py:%d" % root,
               "what to do about it")
    case = Example(py, 50, "weak.py")
    for line, n in ((root, 500), (leaf, 1500)):
        py.is_(50, case.lives("Node", line + 1, *WAYS), (n, n, 0, 0, 0),
               "weak.py: reference counts free them all")
    py.is_(50, [c["chain"] for c in json.loads(case.text(
        "cycles", "--json"))["cycles"] if c["own"]], [],
           "weak.py: nothing of its own waits for the collector")
    case.shows("objects", r"last reference went +1,500  weak\.py:%d main" %
               case.at("grow()      #"), "the line that drops the tree")


KEPT = {
    "kept_in_list.py": r"Look next: Request \(0 of 2,000 died, born at "
                       r"kept_in_list\.py:\d+ handle\)",
    "kept_in_cache.py": r"Look next: Session \(0 of 2,000 died, born at "
                        r"kept_in_cache\.py:\d+ serve\)",
    "kept_by_closure.py": r"Look next: Document \(0 of 1,000 died, born at "
                          r"kept_by_closure\.py:\d+ edit\)",
    "kept_by_traceback.py": r"Look next: 500 exceptions raised at "
                            r"kept_by_traceback\.py:\d+ parse are alive",
}


def test_kept(py):
    for name, kept in (
            ("kept_in_list.py", [
                ("Request", "request = Request(number)", 2000)]),
            ("kept_in_cache.py", [
                ("Session", 'session = Session("user', 2000)]),
            ("kept_by_closure.py", [
                ("Document", 'document = Document("document', 1000),
                ("function", "def undo():", 1000)]),
            ("kept_by_traceback.py", [
                ("frame", "raise ValueError(", 500),
                ("traceback", "raise ValueError(", 500)])):
        case = Example(py, 51, name)
        case.shows("report", KEPT[name], "%s: what to look at next" % name)
        for type, text, n in kept:
            line = case.at(text)
            py.is_(48, case.lives(type, line, "alive"), (n,),
                   "%s: %s alive" % (name, type))
            case.row_of(type, line, "%s: the birth" % type)
        if name == "kept_by_traceback.py":
            py.is_(48, case.lives("ValueError", line, "alive"), (500,),
                   "the errors are alive")
            py.is_(48, case.lives("Message", case.at("message = Message()"),
                                  "born", "alive"), (2000, 500),
                   "what the frames of the errors worked on is alive")


def test_forgotten(py):
    case = Example(py, 51, "forgotten_name.py")
    rows = case.at("return [Row(number)")
    py.is_(48, case.lives("Row", rows, *WAYS), (20000, 20000, 0, 0, 0),
           "forgotten_name.py: all of them die")
    case.shows("objects", r"last reference went +20,000  forgotten_name\.py:"
               r"%d <module>" % case.at("    main()"),
               "but only when main() is over")
    case.shows("report", r"(?m)^ +[12] +\d.*forgotten_name\.py:(%d|%d)\b" % (
        rows, case.at("self.values =")), "the peak is theirs")


def chosen():
    """Debian's interpreter and one plain build: the examples are about the
    report, not about the interpreters."""
    all = everything()
    debian = [py for py in all if py.path.startswith("/usr/bin/")]
    plain = [py for py in all if py.version[:2] == (3, 12)
             and py not in debian]
    return (debian[:1] + plain[:1]) or all[:1]


lib.pythons, everything = chosen, lib.pythons
lib.each("48-51", test_freed, test_cycles, test_kept, test_forgotten)
