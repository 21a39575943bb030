# src/python/local.mk - see "Adding a source file" in HACKING.
core_sources += \
	src/python/python.h
