# scripts/local.mk - what is shipped of scripts/.
EXTRA_DIST +=
