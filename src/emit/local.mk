# src/emit/local.mk - see "Adding a source file" in HACKING.
preload_sources += \
	src/emit/ask.c \
	src/emit/emit.c \
	src/emit/emit.h \
	src/emit/events.c \
	src/emit/events.h \
	src/emit/file.c \
	src/emit/file.h \
	src/emit/flush.h \
	src/emit/fork.c \
	src/emit/helper.c \
	src/emit/helper.h \
	src/emit/helper_arch.h \
	src/emit/info.c \
	src/emit/info.h \
	src/emit/line.c \
	src/emit/line.h \
	src/emit/mailbox.c \
	src/emit/mailbox.h \
	src/emit/os.h \
	src/emit/path.c \
	src/emit/path.h \
	src/emit/process.c \
	src/emit/process.h \
	src/emit/rss.c \
	src/emit/rss.h \
	src/emit/sink.c \
	src/emit/sink.h \
	src/emit/snapshot.c \
	src/emit/state.h \
	src/emit/table.c \
	src/emit/table.h
