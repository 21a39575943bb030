# tests/accuracy/local.mk - numbers against other books.
test_scripts += \
	tests/accuracy/books.t \
	tests/accuracy/compared.t \
	tests/accuracy/heaptrack.t \
	tests/accuracy/lifetimes.t \
	tests/accuracy/plots.t \
	tests/accuracy/sampled.t
EXTRA_DIST += tests/accuracy/sites.cc
