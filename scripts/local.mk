# scripts/local.mk - what is shipped of scripts/.
EXTRA_DIST += \
	scripts/check-layers \
	scripts/matrix \
	scripts/pythons \
	scripts/run-prove
