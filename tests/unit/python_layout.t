#!/bin/bash
# python_layout.t - the committed offsets are those of the headers that are
# installed here; and the script that says so can say no.
. "$RCPROF_SRC/tests/tap/tap.sh"

out=$(python3 "$RCPROF_SRC/scripts/gen-cpython-layout" --check 2>&1)
status=$?
diag "$out"
[ "$out" != "checked: " ] || skip_all "no CPython headers here"
is "$status" 0 "every row equals its headers"

mkdir -p fake/scripts fake/src/python
sed 's/frame_back = [0-9]*/frame_back = 1/' \
	"$RCPROF_SRC/src/python/layout_rows.h" >fake/src/python/layout_rows.h
cp "$RCPROF_SRC/scripts/gen-cpython-layout" "$RCPROF_SRC/scripts/pythons" \
	fake/scripts/
out=$(python3 fake/scripts/gen-cpython-layout --check 2>&1)
is "$?" 1 "a wrong row is found"
like "$out" "not what the headers say" "and named"
done_testing
