#!/bin/bash
# lines.t - the line tables of every interpreter's own library, decoded by us
# and by the interpreter.
. "$RCPROF_SRC/tests/tap/tap.sh"

found=0
while read -r python; do
	found=$((found + 1))
	version=$("$python" -c 'import platform; print(platform.python_version())')
	"$python" -W ignore "$RCPROF_SRC/tests/reader/lines.py" > lines.txt
	if result=$("$RCPROF_BUILD/tests/reader/lines_check" < lines.txt); then
		pass "$version: $result"
	else
		fail "$version"
		diag "$result"
	fi
done < <("$RCPROF_SRC/scripts/pythons")
ok "there is an interpreter" test "$found" -gt 0
done_testing
