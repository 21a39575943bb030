# src/pyhooks/local.mk - see "Adding a source file" in HACKING.
preload_sources += \
	src/pyhooks/arenas.c \
	src/pyhooks/atexit.c \
	src/pyhooks/bootstrap.c \
	src/pyhooks/domains.c \
	src/pyhooks/sampled.c \
	src/pyhooks/internal.h \
	src/pyhooks/pyhooks.h
