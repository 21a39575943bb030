# tests/python/local.mk - see "Adding a test" in HACKING.
