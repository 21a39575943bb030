# src/base/local.mk - see "Adding a source file" in HACKING.
shared_sources += \
	src/base/clock.c \
	src/base/clock.h \
	src/base/hot.h \
	src/base/lock.c \
	src/base/lock.h \
	src/base/mem.c \
	src/base/mem.h \
	src/base/options.c \
	src/base/options.h \
	src/base/own.c \
	src/base/own.h \
	src/base/str.c \
	src/base/str.h \
	src/base/sys.h \
	src/base/sys_arch.h \
	src/base/tls.h
preload_sources += \
	src/base/hash.h \
	src/base/tls.c
