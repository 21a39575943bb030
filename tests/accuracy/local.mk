# tests/accuracy/local.mk - numbers against other books.
test_scripts += \
	tests/accuracy/books.t \
	tests/accuracy/compared.t \
	tests/accuracy/gdb.t \
	tests/accuracy/heaptrack.t \
	tests/accuracy/lifetimes.t \
	tests/accuracy/plots.t \
	tests/accuracy/sampled.t
EXTRA_DIST += tests/accuracy/gdb_stacks.py tests/accuracy/sites.cc \
	tests/accuracy/stacks.cc
