# tests/tools/local.mk - the command, on profiles that the tests write.
test_scripts += \
	tests/tools/beside.t \
	tests/tools/cli.t \
	tests/tools/cycles.t \
	tests/tools/doctor.t \
	tests/tools/errors.t \
	tests/tools/files.t \
	tests/tools/list.t \
	tests/tools/live.t \
	tests/tools/native.t \
	tests/tools/objects.t \
	tests/tools/report.t \
	tests/tools/run.t \
	tests/tools/symbols.t \
	tests/tools/symcache.t \
	tests/tools/timeline.t \
	tests/tools/tree.t
EXTRA_DIST += tests/tools/golden tests/tools/native tests/tools/native.py \
	tests/tools/lives.py tests/tools/profile.py \
	tests/tools/schema.py tests/tools/stories.py tests/tools/views.py
