#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Stations of Wi-Fi, by mac80211_hwsim. Runs in a virtual machine of its own, in the namespace where
# the radios are: see the stage vm of tests/run.

bats_require_minimum_version 1.5.0

setup_file()
{
	[ -e /run/vm/command ] # that machine, and no other
	[ -x "$VNET_BUILD/vnet" ]
	modprobe mac80211_hwsim radios=1
	export PATH=$VNET_BUILD:$VNET_BUILD/tests/lib:$PATH VNET_LIBEXEC=$VNET_BUILD
	# One that was never up shows it, in its queueing disciplines.
	ip link set wlan0 up
	ip link set wlan0 down
	ip link add eth1 type veth peer name eth2
	vnet bridge create br0
	vnet bridge add-port br0 eth1
}

# refused STATUS WORDS ARGUMENT...: nothing changed.
refused()
{
	local status=$1 words=$2
	shift 2

	snap -a >"$BATS_TEST_TMPDIR/before"
	run -"$status" vnet "$@"
	echo "$output"
	[[ $output == *"$words"* ]]
	[ "${#lines[@]}" -eq 1 ]
	snap -a >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "a station is no way out" {
	refused 2 '--uplink wlan0: is of Wi-Fi, where a station may send by its own MAC alone' \
		bridge create br1 --uplink wlan0
}

@test "a station is no port" {
	refused 2 'wlan0 is of Wi-Fi, where a station may send by its own MAC alone' \
		bridge add-port br0 wlan0
}

@test "the kernel says so, too, where one insists" {
	refused 1 'wlan0' bridge add-port br0 wlan0 --force
	ip link set wlan0 up
	ip addr add 10.9.0.2/24 dev wlan0
	refused 1 'wlan0' bridge create br1 --uplink wlan0 --force
}
