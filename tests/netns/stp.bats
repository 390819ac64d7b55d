#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154
#
# The spanning tree that vnet's bridge joins when it has an uplink:
#
#	core ── office ── eth0 of the host
#
# The switches are bridges of the kernel, in namespaces of their own.

load ../lib/netns
load ../lib/state
bats_require_minimum_version 1.5.0

# switch NAME PRIORITY DELAY: hundredths of a second
switch()
{
	host "$1"
	ip -n "$1" link add sw type bridge stp_state 1 priority "$2" forward_delay "$3" hello_time 100 max_age 600
	ip -n "$1" link set sw up
}

# plug SWITCH NAME: the switch's end of a cable; the port is named NAME
plug()
{
	ip -n "$1" link set "$2" master sw up
}

# tree PRIORITY: core with that one and a delay of 9 s, office with the default and 4 s
tree()
{
	switch core "$1" 900
	switch office 32768 400
	ip link add to-core netns office type veth peer name to-office netns core
	plug core to-office
	plug office to-core
	ip link add eth0 address 02:00:00:00:0a:02 type veth peer name host netns office
	sysctl -qw net.ipv6.conf.eth0.accept_dad=0
	plug office host
	ip addr add 10.1.1.2/24 dev eth0
	ip link set eth0 up
}

# root_of SWITCH, id_of SWITCH: the root as a bridge sees it, and itself. Not by ip, some of which
# tell a bridge's own number as the root's.
root_of()
{
	in_host "$1" cat /sys/class/net/sw/bridge/root_id
}

id_of()
{
	in_host "$1" cat /sys/class/net/sw/bridge/bridge_id
}

# All of the tree have this root.
rooted()
{
	[ "$(cat /sys/class/net/br0/bridge/root_id)" = "$(id_of "$1")" ] &&
		[ "$(root_of core)" = "$(id_of "$1")" ] &&
		[ "$(root_of office)" = "$(id_of "$1")" ]
}

tells()
{
	vnet show br0 | grep -qE "$1"
}

@test "vnet's bridge never is the root, and show names the delay that rules" {
	local core

	tree 4096
	core=$(ip -n core -j link show sw | jq -r '.[0].address')
	wait_for 10 eval '[ "$(root_of office)" = "$(id_of core)" ]'
	run_vnet 0 bridge create br0 --uplink eth0 --stp
	[ "${lines[0]}" = "vnet: with STP a guest waits 4 s for its port (listening and learning, 2.00 s each)" ]
	[ "${lines[1]}" = "vnet: where another bridge of the LAN is the root, its delay rules (often 15 s each; \`vnet show br0\` tells); a switch with BPDU guard shuts the port of eth0" ]
	wait_for 10 rooted core
	[ "$(cat /sys/class/net/eth0/brport/state)" = 3 ]
	tells "stp root: 4096 $core$"
	tells "its delay of 9.00 s rules: a guest waits 18 s$"
	vnet show br0 --json | jq -e --arg mac "$core" '.[0].state.stp ==
		{"root": "4096 \($mac)", "own": false, "forward_delay": 9}'
	# What the kernel shows is the root's: not drift, and nothing to put back.
	run ! tells drift
	[ "$(cat /sys/class/net/br0/bridge/forward_delay)" = 900 ]
	[ "$(cat /sys/class/net/br0/bridge/max_age)" = 600 ]
	vnet bridge set br0 --ageing 200 --dry-run | tee "$BATS_TEST_TMPDIR/plan"
	run ! grep -qE 'forward_delay|hello_time|max_age' "$BATS_TEST_TMPDIR/plan"
	# The bridge's own can be set, and hold as soon as it is alone.
	run_vnet 0 bridge set br0 --forward-delay 5 --hello 3
	run ! tells drift
	run_vnet 0 bridge set br0 --ageing 250
	ip -n office link set host down
	wait_for 20 tells 'stp root: 61440 02:00:00:00:0a:02 \(this bridge\)$'
	tells 'its delay of 5.00 s rules: a guest waits 10 s$'
	[ "$(cat /sys/class/net/br0/bridge/hello_time)" = 300 ]
	[ "$(cat /sys/class/net/br0/bridge/max_age)" = 2000 ]
	run ! tells drift
}

@test "beside switches that have the default priority" {
	local root=core

	tree 32768
	wait_for 10 eval '[ "$(root_of office)" = "$(root_of core)" ]'
	[ "$(root_of core)" = "$(id_of core)" ] || root=office
	run_vnet 0 bridge create br0 --uplink eth0 --stp
	wait_for 10 rooted $root
	tells "stp root: 32768 "
	tells "its delay of $([ $root = core ] && echo 9 || echo 4).00 s rules"
	# With a priority that asks for it, it is.
	run_vnet 0 bridge set br0 --priority 4096
	wait_for 10 eval '[ "$(root_of office)" = "$(cat /sys/class/net/br0/bridge/bridge_id)" ]'
	tells 'stp root: 4096 02:00:00:00:0a:02 \(this bridge\)$'
	tells 'its delay of 2.00 s rules: a guest waits 4 s$'
}

# Which timers the bridge has cannot be seen then: the undo sets them back all the same.
@test "a change of the timers that fails behind another root is taken back" {
	echo 'nameserver 192.0.2.53' >/etc/resolv.conf
	tree 4096
	run_vnet 0 bridge create br0 --uplink eth0 --stp --forward-delay 3
	run_vnet 0 dhcp 10.1.1.11-100 --router none
	wait_for 10 rooted core
	printf '#!/bin/sh\nexit 3\n' >"$BATS_TEST_TMPDIR/dnsmasq"
	chmod 755 "$BATS_TEST_TMPDIR/dnsmasq"
	mount -n --bind "$BATS_TEST_TMPDIR/dnsmasq" "$(command -v dnsmasq)"
	kill "$(cat /run/vnet/*/br0.pid)"
	wait_for 5 tells 'NOT running'
	run_vnet 1 bridge set br0 --forward-delay 7 # it would start the server again
	umount -n "$(command -v dnsmasq)"
	ip -n office link set host down
	wait_for 20 tells 'this bridge'
	tells 'delay of 3.00 s'
}

@test "without STP there is no tree to tell of" {
	tree 4096
	run_vnet 0 bridge create br0 --uplink eth0
	run ! tells 'stp root'
	vnet show br0 --json | jq -e '.[0].state.stp == null'
}
