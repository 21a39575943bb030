# src/interpose/local.mk - see "Adding a source file" in HACKING.
hook_sources += \
	src/interpose/alloc.c \
	src/interpose/hooks.def \
	src/interpose/identity.c \
	src/interpose/interpose.h \
	src/interpose/loader.c \
	src/interpose/mmap.c \
	src/interpose/next.c \
	src/interpose/process.c
