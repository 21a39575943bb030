#!/bin/bash
# layers.t - the tree obeys scripts/check-layers, and that script sees faults.
. "$RCPROF_SRC/tests/tap/tap.sh"

ok "the tree keeps its layers" "$RCPROF_SRC/scripts/check-layers"

# A tree with one fault of each kind.
mkdir -p tree/src/account tree/src/model tree/tests/tools
cd tree || exit 1
echo 'preload_sources += src/account/a.c' >Makefile.am
cat >src/account/a.c <<'END'
#include "base/sys.h"
#include "capture/tree.h"
#include "emit/sink.h"
#include "emit/writer.h"
int minor;
END
cat >src/model/unknown.c <<'END'
#include "emit/sink.h"
#include "record/record.h"
END
seq 500 >tests/tools/long.t
out=$("$RCPROF_SRC/scripts/check-layers" . 2>&1)
is $? 1 "faults are its exit status"
is "$out" "src/account/a.c:2: account may not include capture/
src/account/a.c:4: account may not include emit/
src/account/a.c:5: \`minor\` belongs in src/python
src/model/unknown.c:1: model may not include emit/
src/model/unknown.c:2: model may not include record/
tests/tools/long.t: 500 lines; 450 is the most
src/model/unknown.c: not in local.mk
tests/tools/long.t: not in local.mk" "it names each fault and nothing else"
done_testing
