# src/account/local.mk - see "Adding a source file" in HACKING.
