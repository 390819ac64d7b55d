#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The scripts under shellcheck. Of the bats files only the trap that makes a test pass whatever
# happens: a negated command, `! cmd`, fails no test.

cd "$(dirname "$0")/../.." || exit 1
failed=0

mapfile -t scripts < <(grep -lrE '^#!/bin/(ba)?sh' tests .ci examples cmake 2>/dev/null |
	grep -v '\.bats$' | sort)
scripts+=(tests/lib/*.bash)
shellcheck --severity=warning --format=gcc "${scripts[@]}" || failed=1

mapfile -t bats < <(find tests -name '*.bats' | sort)
if [ ${#bats[@]} -gt 0 ]; then
	shellcheck --shell=bats --include=SC2314,SC2315 --format=gcc "${bats[@]}" || failed=1
fi

exit $failed
