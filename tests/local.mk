# tests/local.mk - how the tests run.  The folders' own local.mk list them.

TEST_EXTENSIONS = .t
T_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
TESTS = $(unit_tests) $(test_scripts)

# What every test finds in its environment.
tests_environment = \
	RCPROF_BUILD='$(abs_builddir)' RCPROF_SRC='$(abs_srcdir)' \
	CC='$(CC)' CXX='$(CXX)'
AM_TESTS_ENVIRONMENT = $(tests_environment); \
	export RCPROF_BUILD RCPROF_SRC CC CXX;

EXTRA_DIST += $(test_scripts) tests/tap/tap.h tests/tap/tap.sh \
	tests/tap/tap.py
