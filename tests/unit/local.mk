# tests/unit/local.mk - see "Adding a test" in HACKING.  A line here is all
# that tests/unit/NAME.c needs: it becomes the program tests/unit/NAME.t.
LDADD = librcp-offline.a librcp-core.a librcp-offline.a -lm \
	$(ELFUTILS_LIBS) $(IBERTY_LIBS) $(ZLIB_LIBS)

unit_tests += tests/unit/tap.t
unit_tests += tests/unit/rate.t tests/unit/sampler.t tests/unit/samples.t
unit_tests += tests/unit/cells.t tests/unit/chunks.t tests/unit/live.t \
	tests/unit/peak.t tests/unit/regions.t tests/unit/slabs.t \
	tests/unit/tree.t
unit_tests += tests/unit/emit_path.t tests/unit/emit_file.t \
	tests/unit/emit_full.t \
	tests/unit/emit_snapshot.t tests/unit/emit_helper.t \
	tests/unit/emit_table.t tests/unit/emit_identity.t \
	tests/unit/emit_fork.t tests/unit/emit_line.t \
	tests/unit/emit_family.t tests/unit/emit_kill.t \
	tests/unit/emit_limits.t tests/unit/emit_thin.t
EXTRA_DIST += tests/unit/emit_day.h tests/unit/emit_util.h

# Objects.
unit_tests += tests/unit/knots.t

# The reader.
unit_tests += tests/unit/crc32.t tests/unit/encode.t tests/unit/packed.t \
	tests/unit/encode_cycles.t tests/unit/linetable.t \
	tests/unit/lives.t \
	tests/unit/model_cycles.t tests/unit/model_damage.t tests/unit/model_errors.t \
	tests/unit/model_growth.t tests/unit/model_objects.t \
	tests/unit/model_map.t \
	tests/unit/model_notes.t tests/unit/model_set.t tests/unit/model_state.t \
	tests/unit/model_symbols.t \
	tests/unit/model_time.t tests/unit/varint.t
EXTRA_DIST += tests/unit/maker.h tests/unit/readback.h tests/unit/sample.h

# src/python as a library for ctypes.
unit_tests += tests/unit/python_hooks.t
test_scripts += tests/unit/python_layout.t tests/unit/python_walk.t
EXTRA_DIST += tests/unit/python_cases.py tests/unit/python_harness.py \
	tests/unit/python_recorder.h
check_PROGRAMS += tests/unit/python_probe.so
tests_unit_python_probe_so_SOURCES = tests/unit/python_probe.c \
	$(python_sources) src/base/str.c
tests_unit_python_probe_so_CPPFLAGS = $(librcprof_so_CPPFLAGS)
tests_unit_python_probe_so_CFLAGS = $(librcprof_so_CFLAGS)
tests_unit_python_probe_so_LDFLAGS = -shared
tests_unit_python_probe_so_LDADD =

# Code in no module.
unit_tests += tests/unit/unwind_tail.t
tests_unit_unwind_tail_t_SOURCES = tests/unit/unwind_tail.c

# src/unwind: what may be read before it is known.
unit_tests += tests/unit/unwind_pages.t
tests_unit_unwind_pages_t_SOURCES = tests/unit/unwind_pages.c

# src/unwind against libgcc's.
unit_tests += tests/unit/unwind.t
tests_unit_unwind_t_SOURCES = tests/unit/unwind.c \
	tests/unit/unwind_frames.c tests/unit/unwind_frames.h
