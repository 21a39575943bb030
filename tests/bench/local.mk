# tests/bench/local.mk - what profiling costs, beside its rivals.
#
#	make bench                                   hours: all of it
#	make bench BENCH_CASES='json_loads storm-1' BENCH_ROUNDS=3
#	make bench-tables                            of the runs that there are
#	make bench-unwinders                         a minute: ways to get a stack
#
# Never part of the tests; only its arithmetic is one.  The head of bench.py
# says what can be set.  scripts/install-rivals installs the rivals; one that
# is not there is named and left out.
test_scripts += tests/bench/arithmetic.t
EXTRA_DIST += \
	scripts/install-rivals \
	tests/bench/bench.py \
	tests/bench/builds.py \
	tests/bench/cases.py \
	tests/bench/draw.py \
	tests/bench/figures.py \
	tests/bench/gates.py \
	tests/bench/measure.py \
	tests/bench/profilers.py \
	tests/bench/programs.py \
	tests/bench/tables.py

bench_programs = tests/bench/storm tests/bench/timed tests/bench/unwinders
check_PROGRAMS += $(bench_programs)
tests_bench_storm_CFLAGS = $(fixture_cflags) -O2
tests_bench_storm_LDFLAGS = $(fixture_ldflags) -pthread
tests_bench_storm_LDADD =
tests_bench_timed_CFLAGS = $(fixture_cflags)
tests_bench_timed_LDFLAGS = $(fixture_ldflags)
tests_bench_timed_LDADD =
tests_bench_unwinders_CFLAGS = $(AM_CFLAGS) -O2 -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls
tests_bench_unwinders_LDFLAGS = -pthread

# Ways to get a native stack, side by side.
.PHONY: bench-unwinders
bench-unwinders: tests/bench/unwinders
	$(AM_V_at)tests/bench/unwinders

BENCH_SETTINGS = BENCH_CASES BENCH_BUILDS BENCH_PROFILERS BENCH_ROUNDS \
	BENCH_COUNT BENCH_JOBS BENCH_CPU BENCH_TIMEOUT BENCH_OUT BENCH_RIVALS
BENCH_INTERPRETER = python3
BENCH_OUT = $(abs_builddir)/bench-out
bench_environment = $(foreach v,$(BENCH_SETTINGS),$(if $($(v)),$(v)='$($(v))'))

.PHONY: bench bench-tables
bench: all
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) -s $(bench_programs)
	$(AM_V_at)$(bench_environment) PYTHONDONTWRITEBYTECODE=1 \
		$(BENCH_INTERPRETER) $(srcdir)/tests/bench/bench.py '$(abs_builddir)'
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) -s bench-tables
bench-tables:
	$(AM_V_at)PYTHONDONTWRITEBYTECODE=1 \
		$(BENCH_INTERPRETER) $(srcdir)/tests/bench/tables.py '$(BENCH_OUT)'
	$(AM_V_at)PYTHONDONTWRITEBYTECODE=1 \
		$(BENCH_INTERPRETER) $(srcdir)/tests/bench/draw.py '$(BENCH_OUT)'
