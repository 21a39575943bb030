# tests/unit/local.mk - see "Adding a test" in HACKING.  A line here is all
# that tests/unit/NAME.c needs: it becomes the program tests/unit/NAME.t.
LDADD = librcp-offline.a librcp-core.a librcp-offline.a -lm \
	$(ELFUTILS_LIBS)

unit_tests += tests/unit/tap.t
unit_tests += tests/unit/live.t tests/unit/peak.t tests/unit/regions.t \
	tests/unit/tree.t
