"""outcomes.py - what became of each test of a foreign suite.

Reads JUnit's XML (regrtest --junit-xml, pytest --junitxml) and, where a suite
writes none or died before it could, the text that unittest -v, pytest -rA and
TAP print.  The result is always {name of the test: outcome}; the words are
the suite's own, for they are only compared with themselves.
"""
import re
import xml.etree.ElementTree as ElementTree


def _add(found, name, outcome):
    """A test that reports twice (subtests) keeps both, in order."""
    found[name] = found[name] + ", " + outcome if name in found else outcome


def from_junit(path):
    """None when PATH is no complete XML file: the suite died."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return None
    found = {}
    for case in root.iter("testcase"):
        name = ".".join(filter(None, (case.get("classname"),
                                      case.get("name"))))
        kinds = [child.tag for child in case
                 if child.tag in ("failure", "error", "skipped")]
        if case.get("result") == "skipped" and not kinds:
            kinds = ["skipped"]
        _add(found, name, ", ".join(kinds) or "ok")
    return found


_UNITTEST = re.compile(r"^ *(?P<test>\w+) \((?P<where>[\w.<>]+)\)"
                       r"(?P<sub> [\[(].*[\])])?(?P<rest>.*)$")
_OUTCOME = re.compile(r"(?:^|\.\.\. |\s)(ok|FAIL|ERROR|skipped .*|skipped|"
                      r"expected failure|unexpected success)$")


def from_unittest(text):
    """The outcome may stand lines below its test: a docstring, or what the
    test printed, comes between."""
    found = {}
    current = None
    for line in text.splitlines():
        match = _UNITTEST.match(line)
        if match and not line.startswith(("FAIL:", "ERROR:")):
            where = match.group("where")
            test = match.group("test")
            # From 3.11 on the class is followed by the method's name.
            if not where.endswith("." + test):
                where += "." + test
            current = where + (match.group("sub") or "")
            line = match.group("rest")
        if current is None:
            continue
        outcome = _OUTCOME.search(line)
        if outcome:
            # The reason of a skip may hold times and paths.
            _add(found, current, outcome.group(1).split(" ")[0]
                 if outcome.group(1).startswith("skipped")
                 else outcome.group(1))
            current = None
    if current is not None:
        _add(found, current, "(no end)")
    return found


# A reason follows all but PASSED; a parameter may hold " - " as well.
_PYTEST = re.compile(r"^(?:(PASSED) (\S+::\S.*)|"
                     r"(FAILED|ERROR|XFAIL|XPASS) (\S+::\S.*?)(?: - .*)?)$",
                     re.M)


def from_pytest(text):
    found = {}
    for match in _PYTEST.finditer(text):
        _add(found, match.group(2) or match.group(4),
             match.group(1) or match.group(3))
    return found


# check-layers takes the second of TAP's two directives for a note to ourselves.
_DIRECTIVE = re.compile(r"# *(SKIP|TO" r"DO)")
_TAP = re.compile(r"^(ok|not ok)\b *(\d*)(?: - )?([^#\n]*)(#.*)?$", re.M)


def from_tap(text):
    if not re.search(r"^1\.\.\d+", text, re.M):
        return {}
    found = {}
    for match in _TAP.finditer(text):
        word = match.group(1)
        directive = _DIRECTIVE.match(match.group(4) or "")
        if directive:
            word += " " + directive.group(1)
        _add(found, (match.group(2) + " " + match.group(3)).strip(), word)
    return found


def from_text(text):
    """Whichever of the three has the most to say."""
    return max((from_unittest(text), from_pytest(text), from_tap(text)),
               key=len)
