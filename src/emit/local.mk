# src/emit/local.mk - see "Adding a source file" in HACKING.
preload_sources += \
	src/emit/emit.h \
	src/emit/sink.h
