# src/account/local.mk - see "Adding a source file" in HACKING.
preload_sources += \
	src/account/account.h \
	src/account/accounts.c \
	src/account/cells.c \
	src/account/chunks.h \
	src/account/counters.c \
	src/account/drain.c \
	src/account/internal.h \
	src/account/live.h \
	src/account/packed.c \
	src/account/packed.h \
	src/account/peak.c \
	src/account/pool.c \
	src/account/pool.h \
	src/account/regions.c \
	src/account/regions.h \
	src/account/rows.c \
	src/account/shadow.c \
	src/account/side.c \
	src/account/side.h \
	src/account/samples.c \
	src/account/samples.h \
	src/account/sites.c \
	src/account/variance.c \
	src/account/variance.h

# Births and deaths of Python objects.
preload_sources += \
	src/account/cascades.c \
	src/account/cascades.h \
	src/account/collections.c \
	src/account/collections.h \
	src/account/cycles.c \
	src/account/cycles.h \
	src/account/object_books.h \
	src/account/object_cells.c \
	src/account/object_counts.c \
	src/account/object_types.c \
	src/account/objects.c \
	src/account/objects.h \
	src/account/objects_drain.c \
	src/account/objects_internal.h
