#!/bin/bash
# prove.t - scripts/run-prove: the matrix stands just above prove's closing
# lines, and the exit status is prove's.
. "$RCPROF_SRC/tests/tap/tap.sh"

mkdir -p src/tests src/scripts
ln -s "$RCPROF_SRC/scripts/matrix" "$RCPROF_SRC/scripts/pythons" src/scripts/
cat >src/tests/good.t <<'END'
#!/bin/sh
echo "ok 1 - [row 33] [3.12.1] a"
echo "ok 2 - [row 34,36-38] [3.12.1] b"
echo "ok 3 - [row 38] [3.12.1] c # SKIP no greenlet"
echo "ok 4 - [row 39] [3.12.1] d # SKIP no time"
echo "ok 5 - [row 7] $RCPROF_BUILD"
echo 1..5
END
cat >src/tests/bad.t <<'END'
#!/bin/sh
echo "ok 1 - [row 8] a"
echo "not ok 2 - [row 8] b"
echo 1..2
END
chmod +x src/tests/*.t
export RCPROF_PYTHONS=/nowhere

out=$("$RCPROF_SRC/scripts/run-prove" "$PWD/src" tests/good.t 2>&1)
is $? 0 "all is well: status 0"
is "$(tail -n 1 <<<"$out")" "Result: PASS" "prove's closing line is the last"
like "$(tail -n 2 <<<"$out" | head -n 1)" '^Files=1, Tests=5' \
	"and the one before it"
is "$(sed -n '/^Conformance/,/^Files/p' <<<"$out" | sed '$d')" \
"Conformance rows by interpreter
  native programs                run 7; no test 1-6 8-30 55-69
  3.12.1                         run 33-34 36-38; skipped 39; no test 31-32 35 40-54
  skipped in row 38: no greenlet (3.12.1)
  skipped in row 39: no time (3.12.1)" "the matrix stands above them"

out=$("$RCPROF_SRC/scripts/run-prove" "$PWD/src" tests/good.t tests/bad.t 2>&1)
is "$(($? != 0))" 1 "a failed test is in the exit status"
is "$(tail -n 1 <<<"$out")" "Result: FAIL" "and in the closing line"
like "$out" 'native programs +run 7; FAILED 8;' "and in the matrix"

out=$(RCPROF_TEST_SECONDS=1 "$RCPROF_SRC/scripts/run-prove" "$PWD/src" \
	tests/hangs.t 2>&1)
is "$(tail -n 1 <<<"$out")" "Result: FAIL" "a test that is not there fails"
printf '#!/bin/sh\necho 1..1\nsleep 30\necho ok 1\n' >src/tests/hangs.t
chmod +x src/tests/hangs.t
out=$(RCPROF_TEST_SECONDS=1 "$RCPROF_SRC/scripts/run-prove" "$PWD/src" \
	tests/hangs.t 2>&1)
is "$(tail -n 1 <<<"$out")" "Result: FAIL" "one that hangs is ended, and fails"
done_testing
