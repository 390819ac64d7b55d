#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/vm/run gives the command's output and exit status, and leaves nothing. Needs root.

bats_require_minimum_version 1.5.0

in_vm()
{
	"$BATS_TEST_DIRNAME/run" "$@" 3>&-
}

@test "output and exit status are the command's, what it writes stays in there" {
	local file=$BATS_TEST_TMPDIR/file

	echo outside >"$file"
	run -7 in_vm "uname -r; pwd; cat $file; echo inside >$file; cat $file
		ip link add d0 type dummy && ip -br link show d0
		echo words >&2; exit 7"
	[[ ${lines[0]} == [0-9]*-amd64 ]]
	[ "${lines[1]}" = "$(realpath "$BATS_TEST_DIRNAME/../..")" ]
	[ "${lines[2]} ${lines[3]}" = "outside inside" ]
	[[ ${lines[4]} == "d0 "* ]]
	[ "${lines[5]}" = words ]
	[ "$(cat "$file")" = outside ]
}

@test "a command that takes too long" {
	run -124 in_vm -t 40 'echo begun; sleep 600'
	[[ $output == *"begun"*"out of time after 40 s" ]]
}

@test "a guest that dies" {
	run -125 in_vm 'echo c >/proc/sysrq-trigger'
	[[ $output == *"the guest gave no exit status"* ]]
}

@test "without a command it says what it is" {
	run -125 in_vm
	[[ $output == *"tests/vm/run [OPTION...] 'COMMAND'"* ]]
	run -0 in_vm --help
	[[ $output == *"-t SECONDS"* ]]
}
