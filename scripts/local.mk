# scripts/local.mk - what is shipped of scripts/.
EXTRA_DIST += \
	examples/footprint.py \
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

# Unit tests and the command's tests with sanitizers, in a build of their own.
# It is made from what `make dist` would ship, since automake cannot build
# elsewhere once the source tree is configured; a file that is missing in
# EXTRA_DIST shows here.
# The helper is no thread that a sanitizer's run-time could know.
sanitized_tests = $(filter-out tests/unit/emit_helper.t,$(unit_tests)) \
	$(filter tests/tools/% tests/reader/%,$(test_scripts))
.PHONY: check-sanitized
check-sanitized: distdir
	$(AM_V_at)$(MKDIR_P) sanitized
	$(AM_V_at)cd sanitized && { test -e config.status || \
		'$(abs_builddir)/$(distdir)/configure' --enable-asan \
			--enable-ubsan-trap >configure.log; }
	$(AM_V_at)UBSAN_OPTIONS=print_stacktrace=1 \
		$(MAKE) -C sanitized -s prove TESTS='$(sanitized_tests)'

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
	-rm -rf sanitized tests/tap-output
