# tests/unit/local.mk - see "Adding a test" in HACKING.  A line here is all
# that tests/unit/NAME.c needs: it becomes the program tests/unit/NAME.t.
LDADD = librcp-offline.a librcp-core.a librcp-offline.a -lm \
	$(ELFUTILS_LIBS)

unit_tests += tests/unit/tap.t
unit_tests += tests/unit/live.t tests/unit/peak.t tests/unit/regions.t \
	tests/unit/tree.t
unit_tests += tests/unit/emit_path.t tests/unit/emit_file.t \
	tests/unit/emit_snapshot.t tests/unit/emit_helper.t \
	tests/unit/emit_fork.t tests/unit/emit_line.t
EXTRA_DIST += tests/unit/emit_util.h
