# tap.sh - the Test Anything Protocol for tests in shell; source it.
#
#	#!/bin/bash
#	. "$RCPROF_SRC/tests/tap/tap.sh"
#	ok "true is true" true
#	is "$(echo a)" "a" "echo"
#	done_testing
#
# The test runs in a directory of its own, $tap_tmp, which is removed in the
# end.  RCPROF_BUILD and RCPROF_SRC are set by `make check` and `make prove`.

: "${RCPROF_SRC:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
: "${RCPROF_BUILD:=$RCPROF_SRC}"
export RCPROF_SRC RCPROF_BUILD

tap_run=0
tap_failed=0
tap_planned=
tap_tmp=$(mktemp -d "${TMPDIR:-/tmp}/rcprof-test.XXXXXX") || exit 99
trap 'rm -rf "$tap_tmp"' EXIT
cd "$tap_tmp" || exit 99

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

plan() {
	tap_planned=$1
	echo "1..$1"
}

# pass DESCRIPTION; fail DESCRIPTION
pass() {
	tap_run=$((tap_run + 1))
	echo "ok $tap_run - $*"
}

fail() {
	tap_run=$((tap_run + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_run - $*"
	return 1
}

# ok DESCRIPTION COMMAND [ARG...]: the command succeeds.  What it printed is
# shown if it does not.
ok() {
	local description=$1 out status
	shift
	out=$("$@" 2>&1)
	status=$?
	if [ $status -eq 0 ]; then
		pass "$description"
	else
		fail "$description"
		diag "$* exited with $status"
		[ -z "$out" ] || diag "$out"
		return 1
	fi
}

# is GOT WANT DESCRIPTION
is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3"
		diag " got: $1"
		diag "want: $2"
		return 1
	fi
}

# like GOT EXTENDED-REGEX DESCRIPTION
like() {
	if [[ $1 =~ $2 ]]; then
		pass "$3"
	else
		fail "$3"
		diag "           got: $1"
		diag "does not match: $2"
		return 1
	fi
}

# skip DESCRIPTION REASON
skip() {
	tap_run=$((tap_run + 1))
	echo "ok $tap_run - $1 # SKIP $2"
}

# skip_all REASON: before any test
skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

done_testing() {
	[ -n "$tap_planned" ] || echo "1..$tap_run"
	[ $tap_failed -eq 0 ] || diag "$tap_failed of $tap_run tests failed"
	[ $tap_failed -eq 0 ] && [ $tap_run -gt 0 ] &&
		[ "${tap_planned:-$tap_run}" -eq $tap_run ]
	exit $?
}
