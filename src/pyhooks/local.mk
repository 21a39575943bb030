# src/pyhooks/local.mk - see "Adding a source file" in HACKING.
preload_sources += \
	src/pyhooks/arenas.c \
	src/pyhooks/atexit.c \
	src/pyhooks/bootstrap.c \
	src/pyhooks/domains.c \
	src/pyhooks/sampled.c \
	src/pyhooks/internal.h \
	src/pyhooks/pyhooks.h

# Births and deaths of objects.
preload_sources += \
	src/pyhooks/alive.c \
	src/pyhooks/births.c \
	src/pyhooks/births_hook.c \
	src/pyhooks/builtin.c \
	src/pyhooks/chain.c \
	src/pyhooks/collector.c \
	src/pyhooks/control.c \
	src/pyhooks/deaths.c \
	src/pyhooks/deaths_find.c \
	src/pyhooks/deaths_test.c \
	src/pyhooks/due.c \
	src/pyhooks/garbage.c \
	src/pyhooks/garbage.h \
	src/pyhooks/knots.c \
	src/pyhooks/knots.h \
	src/pyhooks/objects.c \
	src/pyhooks/objects.h \
	src/pyhooks/patches.c \
	src/pyhooks/text.c \
	src/pyhooks/types.c \
	src/pyhooks/types.h
if PATCH_X86_64
preload_sources += src/pyhooks/arch_x86_64.c src/pyhooks/arch_x86_64_jumps.c
else
preload_sources += src/pyhooks/arch_none.c
endif
EXTRA_DIST += src/pyhooks/arch_x86_64.c src/pyhooks/arch_x86_64_jumps.c \
	src/pyhooks/arch_none.c
