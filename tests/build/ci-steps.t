#!/bin/bash
# ci-steps.t - what .ci/run did before the tests (analysis, sanitizers,
# distcheck), so that prove's closing line speaks for those as well.
if [ -z "${RCPROF_CI_STEPS-}" ]; then
	echo "1..0 # SKIP only .ci/run takes those steps"
	exit 0
fi
cat "$RCPROF_CI_STEPS"
! grep -q '^not ok' "$RCPROF_CI_STEPS"
