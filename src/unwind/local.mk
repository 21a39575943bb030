# src/unwind/local.mk - see "Adding a source file" in HACKING.
preload_sources += \
	src/unwind/cfi.c \
	src/unwind/cfi.h \
	src/unwind/entry.c \
	src/unwind/reach.c \
	src/unwind/reach.h \
	src/unwind/tail.c \
	src/unwind/rule.h \
	src/unwind/table.c \
	src/unwind/trace.c \
	src/unwind/unwind.h \
	src/unwind/variants.c \
	src/unwind/variants.h
