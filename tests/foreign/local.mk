# tests/foreign/local.mk - test suites and programs that are not ours, bare
# and under the preload.
test_scripts += \
	tests/foreign/cpython.t \
	tests/foreign/machinery.t
EXTRA_DIST += \
	scripts/real-programs \
	scripts/run-under-preload \
	tests/foreign/harness.py \
	tests/foreign/outcomes.py \
	tests/foreign/suites.py \
	tests/foreign/programs/frames.py \
	tests/foreign/programs/history.sh \
	tests/foreign/programs/http_load.py \
	tests/foreign/programs/shop.py \
	tests/foreign/programs/templates.cc

# All of them: two to three hours.  The network is used once, to set up.
.PHONY: check-foreign
check-foreign: tests-ready
	$(AM_V_at)$(tests_environment) RCPROF_FOREIGN=all \
		RCPROF_TEST_SECONDS=14400 PROVE='$(PROVE)' \
		$(srcdir)/scripts/run-prove '$(abs_srcdir)' \
		$(filter tests/foreign/%,$(test_scripts))
	$(AM_V_at)$(tests_environment) $(srcdir)/scripts/real-programs
