# src/pyhooks/local.mk - see "Adding a source file" in HACKING.
core_sources += \
	src/pyhooks/pyhooks.h
