# tests/unit/local.mk - see "Adding a test" in HACKING.
