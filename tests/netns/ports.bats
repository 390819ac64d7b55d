#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Devices of the host as ports of a bridge: added, and taken off as they were before.

load ../lib/netns
load ../lib/state

setup()
{
	# What stays behind of the first change: directories, and a lock.
	run_vnet 0 bridge create warm
	run_vnet 0 delete warm
	host far
	ip link add eth1 type veth peer name e1 netns far
	ip -n far link set e1 addrgenmode none
	ip -n far link set e1 up
	ip -n far addr add 10.1.1.9/24 dev e1
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	# A first port leaves a trace of its own, in a route for multicast and in limits.
	run_vnet 0 bridge add-port br0 eth1
	wait_for 5 in_host far ping -q -c 1 -W 1 10.1.1.254
	run_vnet 0 bridge del-port br0 eth1
}

master()
{
	ip -j link show "$1" | jq -r '.[0].master'
}

@test "a port comes and goes: nothing differs" {
	state before
	run_vnet 0 bridge add-port br0 eth1
	[ -z "$output" ]
	[ "$(master eth1)" = br0 ]
	[ "$(ip -j -d link show eth1 | jq -r '.[0].inet6_addr_gen_mode')" = none ]
	[ -z "$(ip addr show dev eth1 | grep inet)" ]
	wait_for 5 in_host far ping -q -c 1 -W 1 10.1.1.254
	grep -qx 'port eth1 addrgenmode 0 down' /run/vnet/*/br0.net
	run_vnet 0 show br0
	[[ $output == *"port eth1: veth, forwarding"* ]]
	[[ $output != *drift* && $output != *"not vnet's"* ]]
	[ "$(vnet show br0 --json | jq -r '.[0].spec.port[0]')" = "eth1 addrgenmode 0 down" ]
	# once more, and another change: nothing to do with it
	run_vnet 0 bridge add-port br0 eth1 --dry-run
	[ -z "$output" ]
	run_vnet 0 bridge set br0 --ageing 100
	run_vnet 0 bridge set br0 --ageing 300
	[ "$(master eth1)" = br0 ]
	run_vnet 0 bridge del-port br0 eth1
	same_state before
}

@test "one that is up already stays up, with its link-local address" {
	ip link set eth1 up
	wait_for 5 eval '! ip -6 addr show dev eth1 tentative | grep -q . && ip -6 addr show dev eth1 | grep -q fe80'
	state before
	run_vnet 0 bridge add-port br0 eth1
	grep -qx 'port eth1 addrgenmode 0' /run/vnet/*/br0.net
	run_vnet 0 bridge del-port br0 eth1
	same_state before
}

@test "delete lets it go" {
	run_vnet 0 delete br0
	state before
	run_vnet 0 bridge create br0
	run_vnet 0 bridge add-port br0 eth1
	run_vnet 0 delete br0
	same_state before
}

@test "one that was taken off is missed, and comes back when asked for" {
	run_vnet 0 bridge add-port br0 eth1
	ip link set eth1 nomaster
	run_vnet 0 show br0
	[[ $output == *"drift: port is not there"* ]]
	run_vnet 0 bridge set br0 --ageing 100
	[ "$(master eth1)" = null ]
	run_vnet 0 bridge add-port br0 eth1
	[ "$(master eth1)" = br0 ]
	ip link del eth1
	run_vnet 0 bridge del-port br0 eth1
	run_vnet 0 show br0
	[[ $output != *drift* ]]
}
