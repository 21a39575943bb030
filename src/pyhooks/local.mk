# src/pyhooks/local.mk - see "Adding a source file" in HACKING.
preload_sources += \
	src/pyhooks/pyhooks.h
