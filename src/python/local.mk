# src/python/local.mk - see "Adding a source file" in HACKING.
python_sources = \
	src/python/accessor.c \
	src/python/code.c \
	src/python/discover.c \
	src/python/layout.c \
	src/python/layout.h \
	src/python/layout_rows.h \
	src/python/marks.c \
	src/python/marks.h \
	src/python/python.h \
	src/python/refs.c \
	src/python/refs.h \
	src/python/runtime.h \
	src/python/selftest.c \
	src/python/tstate.c \
	src/python/types.c \
	src/python/types.h \
	src/python/walk.c \
	src/python/walk.h \
	src/python/watch.c
preload_sources += $(python_sources)
