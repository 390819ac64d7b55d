#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Kill it anywhere while the host's NIC is moved: vnet, its watchdog, both; see killnic for what must
# be true then. $VNET_SLICE: "all", or which of the points. All of it in one command:
#
#	VNET_SLICE=all tests/lib/in-ns bats tests/netns/sweep_nic.bats
#
# On the Release build in $VNET_RELEASE, if it is set, as sweep_kill.bats.

VNET_BUILD=${VNET_RELEASE:-$VNET_BUILD}
load ../lib/netns

setup_file()
{
	export SWEEP=$VNET_TOP/tests/lib/killnic
}

sweep()
{
	run "$SWEEP" "$@"
	printf '%s\n' "$output"
	grep '^#' <<<"$output" >&3
}

@test "killed anywhere, the host is never stranded" {
	sweep
	[ "$status" -eq 0 ]
	grep -qE 'before: [1-9][0-9]*, after: [1-9]' <<<"$output"
}

# The same sweep with one that says it is ready, and does nothing, must find a host left as it was.
@test "without the watchdog the sweep fails" {
	cat >"$BATS_TEST_TMPDIR/vnet-watchdog" <<-'END'
		#!/bin/sh
		exec perl -e 'open(S, "+<&=3"); exit if fork; while (sysread(S, $l, 256)) { syswrite(S, "ready") if $l =~ /^go/ }'
	END
	chmod +x "$BATS_TEST_TMPDIR/vnet-watchdog"
	export VNET_LIBEXEC=$BATS_TEST_TMPDIR
	VNET_SLICE=0 VNET_POINTS=2 sweep -k '^(uplink tool 4.|downlink tool 2.) entry'
	[ "$status" -eq 1 ]
	[[ $output == *"after "*" ms: "*"/journal"* ]]
}

@test "a terminal that dies before the confirmation" {
	if [ "$VNET_SLICE" = all ]; then
		sweep -t 200 3
	else
		sweep -t 8 1
	fi
	[ "$status" -eq 0 ]
	[[ $output == *"at work or waited: "[1-9]* ]]
}
