# src/format/local.mk - see "Adding a source file" in HACKING.
shared_sources += \
	src/format/counts.c \
	src/format/crc32.c \
	src/format/crc32.h \
	src/format/crc32_arch.h \
	src/format/crc32_table.h \
	src/format/decode.c \
	src/format/decode.h \
	src/format/decode_frame.c \
	src/format/encode.c \
	src/format/encode.h \
	src/format/get.h \
	src/format/linetable.c \
	src/format/linetable.h \
	src/format/paths.c \
	src/format/paths.h \
	src/format/paths_read.c \
	src/format/varint.c \
	src/format/varint.h
