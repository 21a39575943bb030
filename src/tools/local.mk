# src/tools/local.mk - see "Adding a source file" in HACKING.
tools_sources += src/tools/main.c
