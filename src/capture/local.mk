# src/capture/local.mk - see "Adding a source file" in HACKING.
preload_sources += \
	src/capture/capture.c \
	src/capture/capture.h \
	src/capture/leaf.c \
	src/capture/leaf.h \
	src/capture/codes.c \
	src/capture/define.c \
	src/capture/life.c \
	src/capture/mixed.c \
	src/capture/mixed.h \
	src/capture/mixed_marks.c \
	src/capture/modules.c \
	src/capture/modules.h \
	src/capture/names.h \
	src/capture/native.c \
	src/capture/native.h \
	src/capture/nodes.c \
	src/capture/nodes.h \
	src/capture/noted.h \
	src/capture/place.c \
	src/capture/seal.h \
	src/capture/strings.c \
	src/capture/tails.c \
	src/capture/tails.h \
	src/capture/tree.c \
	src/capture/tree.h
