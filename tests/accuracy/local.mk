# tests/accuracy/local.mk - see "Adding a test" in HACKING.
