# tests/tools/local.mk - see "Adding a test" in HACKING.
