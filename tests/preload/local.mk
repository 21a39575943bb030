# tests/preload/local.mk - see "Adding a test" in HACKING.
