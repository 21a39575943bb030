# tests/preload/local.mk - native programs.  Each has a program or several,
# prog_*, that count what they do and print it; see prog.h and lib.py.
test_scripts += \
	tests/preload/alloc.t \
	tests/preload/cxx.t \
	tests/preload/disk.t \
	tests/preload/ends.t \
	tests/preload/faults.t \
	tests/preload/foreign.t \
	tests/preload/hazards.t \
	tests/preload/kill.t \
	tests/preload/libc.t \
	tests/preload/loader.t \
	tests/preload/mappings.t \
	tests/preload/moments.t \
	tests/preload/native.t \
	tests/preload/preloads.t \
	tests/preload/processes.t \
	tests/preload/security.t \
	tests/preload/stacks.t \
	tests/preload/threads.t \
	tests/preload/unseen.t
EXTRA_DIST += \
	tests/preload/lib.py \
	tests/preload/prog.h \
	tests/preload/counter.h \
	tests/preload/plug.h \
	tests/preload/exports.txt \
	tests/preload/imports.txt \
	tests/preload/libversion.c \
	tests/preload/prog_hello.c

# Every call stays where it is written, and returns there.
native_cflags = $(fixture_cflags) -fno-builtin -fno-optimize-sibling-calls
native_ldflags = $(fixture_ldflags) -pthread

check_PROGRAMS += tests/preload/failer
tests_preload_failer_CFLAGS = $(fixture_cflags)
tests_preload_failer_LDFLAGS = $(fixture_ldflags)
tests_preload_failer_LDADD =

check_PROGRAMS += tests/preload/stepper
tests_preload_stepper_CFLAGS = $(fixture_cflags)
tests_preload_stepper_LDFLAGS = $(fixture_ldflags)
tests_preload_stepper_LDADD =

check_PROGRAMS += tests/preload/prog_brk
tests_preload_prog_brk_CFLAGS = $(native_cflags)
tests_preload_prog_brk_LDFLAGS = $(native_ldflags)
tests_preload_prog_brk_LDADD =

check_PROGRAMS += tests/preload/prog_busy
tests_preload_prog_busy_CFLAGS = $(native_cflags)
tests_preload_prog_busy_LDFLAGS = $(native_ldflags)
tests_preload_prog_busy_LDADD =

check_PROGRAMS += tests/preload/prog_disk
tests_preload_prog_disk_CFLAGS = $(native_cflags)
tests_preload_prog_disk_LDFLAGS = $(native_ldflags)
tests_preload_prog_disk_LDADD =

check_PROGRAMS += tests/preload/prog_ends
tests_preload_prog_ends_CFLAGS = $(native_cflags)
tests_preload_prog_ends_LDFLAGS = $(native_ldflags)
tests_preload_prog_ends_LDADD =

check_PROGRAMS += tests/preload/prog_fork
tests_preload_prog_fork_CFLAGS = $(native_cflags)
tests_preload_prog_fork_LDFLAGS = $(native_ldflags)
tests_preload_prog_fork_LDADD =

check_PROGRAMS += tests/preload/prog_hazards
tests_preload_prog_hazards_CFLAGS = $(native_cflags)
tests_preload_prog_hazards_LDFLAGS = $(native_ldflags)
tests_preload_prog_hazards_LDADD =

check_PROGRAMS += tests/preload/prog_libc
tests_preload_prog_libc_CFLAGS = $(native_cflags)
tests_preload_prog_libc_LDFLAGS = $(native_ldflags)
tests_preload_prog_libc_LDADD =

check_PROGRAMS += tests/preload/prog_loader
tests_preload_prog_loader_CFLAGS = $(native_cflags)
tests_preload_prog_loader_LDFLAGS = $(native_ldflags) \
	-Wl,--enable-new-dtags,-rpath,'$$ORIGIN/plugs'
tests_preload_prog_loader_LDADD =

check_PROGRAMS += tests/preload/prog_malloc
tests_preload_prog_malloc_CFLAGS = $(native_cflags)
tests_preload_prog_malloc_LDFLAGS = $(native_ldflags)
tests_preload_prog_malloc_LDADD =

check_PROGRAMS += tests/preload/prog_mmap
tests_preload_prog_mmap_CFLAGS = $(native_cflags)
tests_preload_prog_mmap_LDFLAGS = $(native_ldflags)
tests_preload_prog_mmap_LDADD =

check_PROGRAMS += tests/preload/prog_moments
tests_preload_prog_moments_CFLAGS = $(native_cflags)
tests_preload_prog_moments_LDFLAGS = $(native_ldflags) \
	-Wl,-rpath,'$$ORIGIN'
tests_preload_prog_moments_LDADD = tests/preload/libearly.so

check_PROGRAMS += tests/preload/prog_mremap
tests_preload_prog_mremap_CFLAGS = $(native_cflags)
tests_preload_prog_mremap_LDFLAGS = $(native_ldflags)
tests_preload_prog_mremap_LDADD =

check_PROGRAMS += tests/preload/prog_native
tests_preload_prog_native_CFLAGS = $(native_cflags)
tests_preload_prog_native_LDFLAGS = $(native_ldflags)
tests_preload_prog_native_LDADD =

check_PROGRAMS += tests/preload/prog_realloc
tests_preload_prog_realloc_CFLAGS = $(native_cflags)
tests_preload_prog_realloc_LDFLAGS = $(native_ldflags)
tests_preload_prog_realloc_LDADD =

check_PROGRAMS += tests/preload/prog_seccomp
tests_preload_prog_seccomp_CFLAGS = $(native_cflags)
tests_preload_prog_seccomp_LDFLAGS = $(native_ldflags)
tests_preload_prog_seccomp_LDADD =

check_PROGRAMS += tests/preload/prog_sites
tests_preload_prog_sites_CFLAGS = $(native_cflags)
tests_preload_prog_sites_LDFLAGS = $(native_ldflags)
tests_preload_prog_sites_LDADD =

check_PROGRAMS += tests/preload/prog_sizes
tests_preload_prog_sizes_CFLAGS = $(native_cflags)
tests_preload_prog_sizes_LDFLAGS = $(native_ldflags)
tests_preload_prog_sizes_LDADD =

check_PROGRAMS += tests/preload/prog_stacks
tests_preload_prog_stacks_CFLAGS = $(native_cflags)
tests_preload_prog_stacks_LDFLAGS = $(native_ldflags)
tests_preload_prog_stacks_LDADD =

check_PROGRAMS += tests/preload/prog_storm
tests_preload_prog_storm_CFLAGS = $(native_cflags)
tests_preload_prog_storm_LDFLAGS = $(native_ldflags)
tests_preload_prog_storm_LDADD =

check_PROGRAMS += tests/preload/prog_threads
tests_preload_prog_threads_CFLAGS = $(native_cflags)
tests_preload_prog_threads_LDFLAGS = $(native_ldflags)
tests_preload_prog_threads_LDADD =

check_PROGRAMS += tests/preload/prog_unseen
tests_preload_prog_unseen_CFLAGS = $(native_cflags)
tests_preload_prog_unseen_LDFLAGS = $(native_ldflags)
tests_preload_prog_unseen_LDADD =

check_PROGRAMS += tests/preload/prog_unwinds
tests_preload_prog_unwinds_CFLAGS = $(native_cflags)
tests_preload_prog_unwinds_LDFLAGS = $(native_ldflags)
tests_preload_prog_unwinds_LDADD =

check_PROGRAMS += tests/preload/prog_walk
tests_preload_prog_walk_CFLAGS = $(native_cflags)
tests_preload_prog_walk_LDFLAGS = $(native_ldflags)
tests_preload_prog_walk_LDADD =

if HAVE_CXX
check_PROGRAMS += tests/preload/prog_cxx
tests_preload_prog_cxx_SOURCES = tests/preload/prog_cxx.cc
tests_preload_prog_cxx_CXXFLAGS = -std=gnu++17 -Wall -Wextra $(WERROR) \
	-fno-builtin -fno-optimize-sibling-calls
tests_preload_prog_cxx_LDFLAGS = $(native_ldflags)
tests_preload_prog_cxx_LDADD =

check_PROGRAMS += tests/preload/prog_frames
tests_preload_prog_frames_SOURCES = tests/preload/prog_frames.cc
tests_preload_prog_frames_CXXFLAGS = -std=gnu++17 -Wall -Wextra $(WERROR)
tests_preload_prog_frames_LDFLAGS = $(native_ldflags)
tests_preload_prog_frames_LDADD =
endif

# Libraries that the programs load, or that stand beside us in LD_PRELOAD.
library_cflags = $(native_cflags) -fPIC
library_ldflags = $(native_ldflags) -shared

check_PROGRAMS += tests/preload/libcallback.so
tests_preload_libcallback_so_SOURCES = tests/preload/libcallback.c
tests_preload_libcallback_so_CFLAGS = $(library_cflags)
tests_preload_libcallback_so_LDFLAGS = $(library_ldflags)
tests_preload_libcallback_so_LDADD =

check_PROGRAMS += tests/preload/libcallback_two.so
tests_preload_libcallback_two_so_SOURCES = tests/preload/libcallback.c
tests_preload_libcallback_two_so_CFLAGS = $(library_cflags) -O0
tests_preload_libcallback_two_so_LDFLAGS = $(library_ldflags)
tests_preload_libcallback_two_so_LDADD =

check_PROGRAMS += tests/preload/libcounter.so
tests_preload_libcounter_so_SOURCES = tests/preload/libcounter.c
tests_preload_libcounter_so_CFLAGS = $(library_cflags)
tests_preload_libcounter_so_LDFLAGS = $(library_ldflags)
tests_preload_libcounter_so_LDADD =

check_PROGRAMS += tests/preload/libearly.so
tests_preload_libearly_so_SOURCES = tests/preload/libearly.c
tests_preload_libearly_so_CFLAGS = $(library_cflags)
tests_preload_libearly_so_LDFLAGS = $(library_ldflags) \
	-Wl,-soname,libearly.so
tests_preload_libearly_so_LDADD =

check_PROGRAMS += tests/preload/libplug_one.so
tests_preload_libplug_one_so_SOURCES = tests/preload/libplug.c
tests_preload_libplug_one_so_CPPFLAGS = $(AM_CPPFLAGS) -DPLUG_SIZE=PLUG_ONE
tests_preload_libplug_one_so_CFLAGS = $(library_cflags)
tests_preload_libplug_one_so_LDFLAGS = $(library_ldflags)
tests_preload_libplug_one_so_LDADD =

check_PROGRAMS += tests/preload/libplug_two.so
tests_preload_libplug_two_so_SOURCES = tests/preload/libplug.c
tests_preload_libplug_two_so_CPPFLAGS = $(AM_CPPFLAGS) -DPLUG_SIZE=PLUG_TWO
tests_preload_libplug_two_so_CFLAGS = $(library_cflags)
tests_preload_libplug_two_so_LDFLAGS = $(library_ldflags)
tests_preload_libplug_two_so_LDADD =

check_PROGRAMS += tests/preload/libfinder.so
tests_preload_libfinder_so_SOURCES = tests/preload/libplug.c
tests_preload_libfinder_so_CPPFLAGS = $(AM_CPPFLAGS) -DPLUG_SIZE=PLUG_ONE
tests_preload_libfinder_so_CFLAGS = $(library_cflags)
tests_preload_libfinder_so_LDFLAGS = $(library_ldflags) \
	-Wl,--enable-new-dtags,-rpath,'$$ORIGIN/hidden'
tests_preload_libfinder_so_LDADD =
