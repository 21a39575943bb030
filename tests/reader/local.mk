# tests/reader/local.mk - the second reader, and that it agrees with the first.
test_scripts += tests/reader/agree.t tests/reader/lines.t
check_PROGRAMS += tests/reader/canonical tests/reader/lines_check \
	tests/reader/mkprofile
EXTRA_DIST += tests/reader/compare.py tests/reader/linetables.py \
	tests/reader/lines.py tests/reader/packed.py \
	tests/reader/payload.py tests/reader/rcpread.py
