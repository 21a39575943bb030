# tests/preload/local.mk - native programs.  Each has a program or several,
# prog_*, that count what they do and print it; see prog.h and lib.py.
test_scripts += \
	tests/preload/alloc.t \
	tests/preload/mappings.t
EXTRA_DIST += tests/preload/lib.py tests/preload/prog.h

# Every call stays where it is written, and returns there.
native_cflags = $(fixture_cflags) -fno-builtin -fno-optimize-sibling-calls
native_ldflags = $(fixture_ldflags) -pthread

check_PROGRAMS += tests/preload/prog_malloc
tests_preload_prog_malloc_CFLAGS = $(native_cflags)
tests_preload_prog_malloc_LDFLAGS = $(native_ldflags)
tests_preload_prog_malloc_LDADD =

check_PROGRAMS += tests/preload/prog_realloc
tests_preload_prog_realloc_CFLAGS = $(native_cflags)
tests_preload_prog_realloc_LDFLAGS = $(native_ldflags)
tests_preload_prog_realloc_LDADD =

check_PROGRAMS += tests/preload/prog_sizes
tests_preload_prog_sizes_CFLAGS = $(native_cflags)
tests_preload_prog_sizes_LDFLAGS = $(native_ldflags)
tests_preload_prog_sizes_LDADD =

check_PROGRAMS += tests/preload/prog_sites
tests_preload_prog_sites_CFLAGS = $(native_cflags)
tests_preload_prog_sites_LDFLAGS = $(native_ldflags)
tests_preload_prog_sites_LDADD =

check_PROGRAMS += tests/preload/prog_mmap
tests_preload_prog_mmap_CFLAGS = $(native_cflags)
tests_preload_prog_mmap_LDFLAGS = $(native_ldflags)
tests_preload_prog_mmap_LDADD =

check_PROGRAMS += tests/preload/prog_mremap
tests_preload_prog_mremap_CFLAGS = $(native_cflags)
tests_preload_prog_mremap_LDFLAGS = $(native_ldflags)
tests_preload_prog_mremap_LDADD =

check_PROGRAMS += tests/preload/prog_walk
tests_preload_prog_walk_CFLAGS = $(native_cflags)
tests_preload_prog_walk_LDFLAGS = $(native_ldflags)
tests_preload_prog_walk_LDADD =

check_PROGRAMS += tests/preload/prog_brk
tests_preload_prog_brk_CFLAGS = $(native_cflags)
tests_preload_prog_brk_LDFLAGS = $(native_ldflags)
tests_preload_prog_brk_LDADD =
