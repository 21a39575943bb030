# tests/bench/local.mk - see "Adding a test" in HACKING.
