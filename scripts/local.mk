# scripts/local.mk - what is shipped of scripts/.
EXTRA_DIST += \
	scripts/matrix \
	scripts/pythons \
	scripts/run-prove
