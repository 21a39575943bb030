# scripts/local.mk - what is shipped of scripts/.
EXTRA_DIST += \
	scripts/analyze \
	scripts/analyze.h \
	scripts/build \
	scripts/check-layers \
	scripts/fetch-pythons \
	scripts/fetch-pythons \
	scripts/gen-cpython-layout \
	scripts/install-packages \
	scripts/matrix \
	scripts/packages \
	scripts/plot-zscores \
	scripts/pythons \
	scripts/quickstart \
	scripts/run-prove \
	scripts/test
EXTRA_DIST += .clang-tidy .clang-format .ci/run

# Static analysis.  CI wants nothing found.
.PHONY: analyze analyze-gcc analyze-clang-tidy analyze-cppcheck check-layers
analyze: analyze-gcc analyze-clang-tidy analyze-cppcheck check-layers
analyze-gcc analyze-clang-tidy analyze-cppcheck:
	$(AM_V_GEN)$(srcdir)/scripts/analyze $(srcdir) $(@:analyze-%=%)
check-layers:
	$(AM_V_GEN)$(srcdir)/scripts/check-layers $(srcdir)

# Two more builds, each with what it is good for.  They are made from what
# `make dist` would ship, since automake cannot build elsewhere once the source
# tree is configured; a file that is missing in EXTRA_DIST shows here.
#
# sanitized: unit tests and the command under ASan and UBSan.  (The helper is
# no thread that a sanitizer's run-time could know.)
# trapped: the preload, with instructions that trap on undefined behaviour, in
# native programs and in one Python.
sanitized_options = --enable-asan
sanitized_tests = $(filter-out tests/unit/emit_helper.t,$(unit_tests)) \
	$(filter tests/tools/% tests/reader/%,$(test_scripts))
trapped_options = --enable-ubsan-trap
trapped_tests = $(filter tests/preload/% tests/python/%,$(test_scripts))
.PHONY: check-sanitized check-trapped variant
check-sanitized:
	$(AM_V_at)$(MAKE) -s variant VARIANT=sanitized
	$(AM_V_at)UBSAN_OPTIONS=print_stacktrace=1 \
		$(MAKE) -C sanitized -s prove TESTS='$(sanitized_tests)'
check-trapped:
	$(AM_V_at)$(MAKE) -s variant VARIANT=trapped
	$(AM_V_at)RCPROF_PYTHONS=/usr/bin/python3 \
		$(MAKE) -C trapped -s prove TESTS='$(trapped_tests)'
variant: distdir
	$(AM_V_at)$(MKDIR_P) $(VARIANT)
	$(AM_V_at)cd $(VARIANT) && { test -e config.status || \
		'$(abs_builddir)/$(distdir)/configure' $($(VARIANT)_options) \
			>configure.log; }

# What git knows is in the tarball.
.PHONY: check-dist
check-dist: distdir
	$(AM_V_at)cd '$(srcdir)' && git ls-files | grep -v '\.gitignore$$' | { \
		fault=0; \
		while read -r name; do \
			test -e '$(abs_builddir)/$(distdir)'/"$$name" || { \
				echo "$$name: not in EXTRA_DIST"; fault=1; }; \
		done; \
		exit $$fault; }

clean-local:
	-rm -rf sanitized trapped tests/tap-output
