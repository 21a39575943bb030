# tests/build/local.mk - tests of the tree itself.
test_scripts += \
	tests/build/ci-steps.t \
	tests/build/layers.t \
	tests/build/pythons.t
