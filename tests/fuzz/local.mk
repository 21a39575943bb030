# tests/fuzz/local.mk - see "Adding a test" in HACKING.
