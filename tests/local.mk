# tests/local.mk - how the tests run.  The folders' own local.mk list them.

TEST_EXTENSIONS = .t
T_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
test_scripts += tests/hazards.t
TESTS = $(unit_tests) $(test_scripts)

# What every test finds in its environment.
tests_environment = \
	RCPROF_BUILD='$(abs_builddir)' RCPROF_SRC='$(abs_srcdir)' \
	CC='$(CC)' CXX='$(CXX)' RCPROF_SYMBOL_CACHE=
AM_TESTS_ENVIRONMENT = $(tests_environment); \
	export RCPROF_BUILD RCPROF_SRC CC CXX \
	RCPROF_SYMBOL_CACHE;

EXTRA_DIST += $(test_scripts) tests/hazards.tsv tests/tap/tap.h \
	tests/tap/random.h tests/tap/tap.sh tests/tap/tap.py

# The same tests under prove.  A part of them:
#	make prove TESTS='tests/unit/varint.t tests/tools/report.t'
.PHONY: prove tests-ready list-tests
prove: tests-ready
	$(AM_V_at)$(tests_environment) PROVE='$(PROVE)' \
		$(srcdir)/scripts/run-prove '$(abs_srcdir)' $(TESTS)

# All that the tests need, and their names: for scripts/test.
tests-ready: all
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) -s $(check_LIBRARIES) \
		$(check_PROGRAMS) $(check_DATA)
list-tests:
	@echo $(TESTS)
