# tests/python/local.mk - Python programs, by every interpreter.
test_scripts += \
	tests/python/alike.t \
	tests/python/asked.t \
	tests/python/crowded.t \
	tests/python/cycles.t \
	tests/python/distinct.t \
	tests/python/domains.t \
	tests/python/embed.t \
	tests/python/ends.t \
	tests/python/example.t \
	tests/python/examples.t \
	tests/python/frames.t \
	tests/python/hazards.t \
	tests/python/limits.t \
	tests/python/merged.t \
	tests/python/mixed.t \
	tests/python/objects.t \
	tests/python/objects_refused.t \
	tests/python/objects_sample.t \
	tests/python/processes.t \
	tests/python/remerge.t \
	tests/python/shared.t \
	tests/python/start.t \
	tests/python/teardown.t \
	tests/python/threads.t \
	tests/python/tracers.t \
	tests/python/whereto.t
EXTRA_DIST += \
	tests/python/lib.py \
	tests/python/lives.py \
	tests/python/make-venvs \
	tests/python/programs/alike.py \
	tests/python/programs/books.py \
	tests/python/programs/callbacks.py \
	tests/python/programs/compared.py \
	tests/python/programs/crowded.py \
	tests/python/programs/cycles.py \
	tests/python/programs/daemons.py \
	tests/python/programs/deep.py \
	tests/python/programs/distinct.py \
	tests/python/programs/domains.py \
	tests/python/programs/embed.c \
	tests/python/programs/ends.py \
	tests/python/programs/flow.py \
	tests/python/programs/forks.py \
	tests/python/programs/frames.py \
	tests/python/programs/gevents.py \
	tests/python/programs/greenlets.py \
	tests/python/programs/hazards.py \
	tests/python/programs/interpreters.py \
	tests/python/programs/lifetimes.py \
	tests/python/programs/sampled.py \
	tests/python/programs/lines.py \
	tests/python/programs/many.py \
	tests/python/programs/merged.c \
	tests/python/programs/merged.py \
	tests/python/programs/mixed.py \
	tests/python/programs/modules.py \
	tests/python/programs/names.py \
	tests/python/programs/native.c \
	tests/python/programs/now.py \
	tests/python/programs/objects.py \
	tests/python/programs/objects_sample.py \
	tests/python/programs/peaks.py \
	tests/python/programs/reuse.py \
	tests/python/programs/steady.py \
	tests/python/programs/threads.py \
	tests/python/programs/tracers.py \
	tests/python/programs/turns.py \
	tests/python/programs/whereto.py

# What takes minutes: a million stacks.
.PHONY: check-long
check-long: tests-ready
	$(AM_V_at)$(tests_environment) RCPROF_LONG=1 \
		RCPROF_TEST_SECONDS=3600 PROVE='$(PROVE)' \
		$(srcdir)/scripts/run-prove '$(abs_srcdir)' \
		tests/python/distinct.t tests/unit/unwind.t tests/preload/native.t

# The preload once more, with remerge.c around one of its functions.
check_PROGRAMS += tests/python/remerge.so
tests_python_remerge_so_SOURCES = tests/python/remerge.c
tests_python_remerge_so_CPPFLAGS = $(librcprof_so_CPPFLAGS)
tests_python_remerge_so_CFLAGS = $(librcprof_so_CFLAGS)
tests_python_remerge_so_LDFLAGS = $(librcprof_so_LDFLAGS) \
	-Wl,--wrap=rcp_mixed_node
tests_python_remerge_so_LDADD = $(librcprof_so_OBJECTS)
tests_python_remerge_so_DEPENDENCIES = $(librcprof_so_OBJECTS) $(preload_map)
