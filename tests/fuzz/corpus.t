#!/bin/bash
# corpus.t - what the fuzzer has found interesting, each file once: the reader
# opens it or says why not.  Compiled here with the sanitizers, whatever the
# build has.
. "$RCPROF_SRC/tests/tap/tap.sh"

sources=$(ls "$RCPROF_SRC"/src/model/*.c "$RCPROF_SRC"/src/format/*.c \
	"$RCPROF_SRC"/src/base/own.c |
	grep -Evf "$RCPROF_SRC/tests/fuzz/without")
ok "the target compiles" ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -DRCP_REPLAY -g -O1 \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-I"$RCPROF_SRC/include" -I"$RCPROF_SRC/src" \
	"$RCPROF_SRC/tests/fuzz/fuzz_reader.c" $sources -lm -o replay
files=("$RCPROF_SRC"/tests/fuzz/corpus/*)
ok "there is a corpus" test "${#files[@]}" -gt 20
ok "${#files[@]} files do no harm" ./replay "${files[@]}"
done_testing
