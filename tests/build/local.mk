# tests/build/local.mk - tests of the tree itself.
test_scripts += \
	tests/build/ci-steps.t \
	tests/build/layers.t \
	tests/build/products.t \
	tests/build/prove.t \
	tests/build/pythons.t \
	tests/build/setup.t
