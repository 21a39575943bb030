# src/python/local.mk - see "Adding a source file" in HACKING.
preload_sources += \
	src/python/python.h
