#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is lost while a NIC moves: a slice of tests/bench/loss. The bounds are those of something
# broken, not of a slow machine: what it is when all is well is a probe in ten round trips.

load ../lib/netns

ROUNDS=20

# lost FLOW; longest FLOW; of the output
lost()
{
	sed -n "s/^probes $1 sent [0-9]* skipped [0-9]* lost \([0-9]*\) .*/\1/p" <<<"$output"
}

longest()
{
	sed -n "s/^probes $1 .* longest \([0-9]*\).*/\1/p" <<<"$output"
}

# moved [OPTION]: hardly anything is lost, in no flow
moved()
{
	local flow

	run "$VNET_TOP/tests/bench/loss" --rounds $ROUNDS "$@"
	echo "$output"
	[ "$status" -eq 0 ]
	for flow in v4-in v6-in v4-out v6-out; do
		[ "$(lost "$flow")" -le $((2 * ROUNDS)) ]
		[ "$(longest "$flow")" -le 200 ]
	done
	[[ $output =~ samples\ [1-9][0-9]*\ without4\ 0\ without6\ 0 ]]
	[[ $output =~ tcp\ v4\ sent\ [1-9][0-9]{6} && $output =~ tcp\ v6\ sent\ [1-9][0-9]{6} ]]
}

@test "hardly a packet is lost" {
	moved
}

@test "hardly a packet is lost, with STP" {
	moved --stp
}

# What measures is measured: the order that tutorials have stops the host for seconds.
@test "with the naive order, thousands are lost" {
	run "$VNET_TOP/tests/bench/loss" --rounds 1 --order naive --stp
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(lost v4-in)" -ge 1000 ]
	[ "$(lost v6-in)" -ge 1000 ]
}
