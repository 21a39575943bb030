# src/record/local.mk - see "Adding a source file" in HACKING.
core_sources += \
	src/record/record.h
