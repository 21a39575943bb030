# src/model/local.mk - see "Adding a source file" in HACKING.
offline_sources += \
	src/model/bands.c \
	src/model/builder.c \
	src/model/builder.h \
	src/model/cells.c \
	src/model/cells.h \
	src/model/collected.c \
	src/model/curves.h \
	src/model/demangle.h \
	src/model/cycles.c \
	src/model/cycles.h \
	src/model/define.c \
	src/model/error.c \
	src/model/error.h \
	src/model/file.c \
	src/model/file.h \
	src/model/filter.c \
	src/model/filter.h \
	src/model/follow.c \
	src/model/follow.h \
	src/model/glance.c \
	src/model/group.c \
	src/model/growth.c \
	src/model/keys.c \
	src/model/keys.h \
	src/model/line.c \
	src/model/line.h \
	src/model/lives.c \
	src/model/lives.h \
	src/model/load.c \
	src/model/load.h \
	src/model/map.c \
	src/model/map.h \
	src/model/memory.c \
	src/model/memory.h \
	src/model/metric.c \
	src/model/model.h \
	src/model/note.c \
	src/model/object_groups.c \
	src/model/object_groups.h \
	src/model/own.c \
	src/model/own.h \
	src/model/pass.c \
	src/model/pass.h \
	src/model/peak.c \
	src/model/peak.h \
	src/model/sampling.c \
	src/model/saved.c \
	src/model/set.c \
	src/model/set.h \
	src/model/spans.c \
	src/model/spans.h \
	src/model/spread.c \
	src/model/spread.h \
	src/model/stack.c \
	src/model/stack.h \
	src/model/strings.c \
	src/model/strings.h \
	src/model/time.c \
	src/model/tree.c \
	src/model/tree.h \
	src/model/view.c \
	src/model/view.h \
	src/model/symbolize.h

# Names of native functions come from elfutils, where it is there.
if HAVE_ELFUTILS
offline_sources += $(symbol_sources)
else
offline_sources += src/model/symbolize_none.c
endif
symbol_sources = src/model/debugfile.c src/model/debugfile.h \
	src/model/inlined.c src/model/inlined.h \
	src/model/symbolize.c src/model/symcache.c src/model/symcache.h \
	src/model/symcache_dir.c src/model/symtab.c src/model/symtab.h
EXTRA_DIST += $(symbol_sources) src/model/symbolize_none.c

# Demangled ones from libiberty.
if HAVE_IBERTY
offline_sources += src/model/demangle.c
else
offline_sources += src/model/demangle_none.c
endif
EXTRA_DIST += src/model/demangle.c src/model/demangle_none.c
offline_libs += $(IBERTY_LIBS)
offline_libs += $(ELFUTILS_LIBS)
