#!/bin/bash
# products.t - librcprof.so is linked as a preload has to be, and is found by
# the command.
. "$RCPROF_SRC/tests/tap/tap.sh"

lib=$RCPROF_BUILD/librcprof.so
dynamic=$(readelf -dW "$lib")
symbols=$(nm -D "$lib")

# Anything else would be in every program that is profiled.
is "$(grep -o '(NEEDED).*\[.*\]' <<<"$dynamic" | grep -v '\[libc\.so\.6\]' |
	grep -v '\[ld-linux')" "" "it needs libc and nothing else"
like "$dynamic" 'FLAGS.*NOW' "bound at load time"
like "$dynamic" 'NODELETE' "never unloaded"
like "$dynamic" 'STATIC_TLS' "its thread variables are found without a call"
is "$(grep -c TEXTREL <<<"$dynamic")" 0 "no text relocations"
like "$(readelf -lW "$lib")" 'GNU_RELRO' "read-only after relocation"
is "$(grep -c '__tls_get_addr' <<<"$symbols")" 0 "no __tls_get_addr"
like "$(readelf -nW "$lib")" 'Build ID' "it has a build-id"
# malloc@@NAME would never be called.
is "$(grep -oE '@@?RCPROF\S*' <<<"$symbols")" "" "its symbols have no version"
is "$(grep -cE '_chk(@|$)|__stack_chk' <<<"$symbols")" 0 \
	"no calls that the compiler's hardening put in"

# Names that were exported by mistake would stand in for the program's.
shown=$(awk '$2 ~ /[TWVBDR]/ { print $3 }' <<<"$symbols" | sort -u)
hooks=$(sed -n 's/^RCP_HOOK([^,]*, *\([A-Za-z0-9_]*\),.*/\1/p' \
	"$RCPROF_SRC/src/interpose/hooks.def" | sort -u)
is "$(comm -23 <(echo "$shown") <(echo "$hooks") | grep -v '^rcprof_')" "" \
	"what it shows are the hooks and rcprof.h"

# A unit test may link both; `grep ^name(` finds one definition.
names() {
	nm "$1" | awk '$2 ~ /[TDBR]/ { print $3 }' | sort -u
}
is "$(comm -12 <(names "$RCPROF_BUILD/librcp-core.a") \
	<(names "$RCPROF_BUILD/librcp-offline.a"))" "" \
	"no name has two meanings"

like "$("$RCPROF_BUILD/rcprof" --version)" '^rcprof [0-9]+\.[0-9]+' \
	"rcprof --version"
done_testing
