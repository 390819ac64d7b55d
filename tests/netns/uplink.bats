#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The host's NIC as uplink: onto the bridge and back. The host is one with much on its NIC, see
# ../lib/host.bash.

load ../lib/netns
load ../lib/state
load ../lib/host

setup()
{
	ready_host
	state before
}

# round_trip [OPTION...]
round_trip()
{
	run_vnet 0 bridge create br0 --uplink eth0 "$@"
	knows
	run_vnet 0 delete br0
	knows
}

@test "onto the bridge, and back: nothing differs" {
	local addresses

	addresses=$(on eth0)
	run_vnet 0 bridge create br0 --uplink eth0
	[ "$(on br0)" = "$addresses" ]
	[ -z "$(on eth0)" ]
	[ "$(cat /sys/class/net/br0/address)" = 02:00:00:00:0a:02 ]
	[ "$(cat /proc/sys/net/ipv4/conf/br0/arp_ignore)" = 1 ]
	[ "$(cat /proc/sys/net/ipv4/neigh/br0/gc_stale_time)" = 77 ]
	# ... of both, there is nothing any more that leads over the NIC
	[ -z "$(ip -4 route show table all dev eth0)" ]
	[ -z "$(ip -6 route show table all dev eth0 | grep -v '^multicast ff00::/8')" ]
	knows
	run_vnet 0 delete br0
	[ "$(on eth0)" = "$addresses" ]
	knows
	same_state before
}

@test "again and again" {
	for _ in 1 2 3 4 5; do
		round_trip
	done
	same_state before
}

@test "with STP, the NIC forwards all the time" {
	run_vnet 0 bridge create br0 --uplink eth0 --stp
	[ "$(cat /sys/class/net/br0/bridge/stp_state)" = 1 ]
	[ "$(cat /sys/class/net/eth0/brport/state)" = 3 ]
	[ "$(cat /sys/class/net/br0/bridge/priority)" = 61440 ]
	reaches
	run_vnet 0 delete br0
	knows
	same_state before
	run_vnet 0 bridge create br0 --uplink eth0 --stp --priority 4096
	[ "$(cat /sys/class/net/br0/bridge/priority)" = 4096 ]
}

# lost FILE: how many of ping's packets did not come back
lost()
{
	sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' "$1" |
		{ read -r sent received && echo $((sent - received)); }
}

# Two hundred packets a second each way, both families, during ten moves: of a gap of a second,
# hundreds would be lost.
@test "packets pass while it moves" {
	local pids=() pid to

	for to in 192.0.2.1 2001:db8:ff::1; do
		ping -q -i 0.005 "$to" >"$BATS_TEST_TMPDIR/$to" &
		pids+=($!)
	done
	for to in 10.9.0.2 2001:db8:9::2; do
		ip netns exec far ping -q -i 0.005 "$to" >"$BATS_TEST_TMPDIR/$to" &
		pids+=($!)
	done
	sleep 0.2
	for _ in 1 2 3 4 5; do
		run_vnet 0 bridge create br0 --uplink eth0 --stp
		run_vnet 0 delete br0
	done
	sleep 0.2
	for pid in "${pids[@]}"; do
		kill -INT "$pid"
		ends_with 0 "$pid" # some answers came
	done
	for to in 192.0.2.1 2001:db8:ff::1 10.9.0.2 2001:db8:9::2; do
		grep transmitted "$BATS_TEST_TMPDIR/$to"
		[ "$(lost "$BATS_TEST_TMPDIR/$to")" -le 10 ]
	done
	same_state before
}

@test "what is changed meanwhile goes back too" {
	run_vnet 0 bridge create br0 --uplink eth0
	ip addr add 10.9.0.50/24 dev br0
	ip addr del 10.9.0.77/24 dev br0
	ip route add 203.0.113.0/24 via 10.9.0.1
	ip -6 route del 2001:db8:77::/48 table 100
	run_vnet 0 delete br0
	[[ $(on eth0) == *10.9.0.50* && $(on eth0) != *10.9.0.77* ]]
	[ "$(ip route show 203.0.113.0/24)" = "203.0.113.0/24 via 10.9.0.1 dev eth0 " ]
	[ -z "$(ip -6 route show 2001:db8:77::/48 table 100)" ]
	knows
}

@test "addresses that vnet added do not go to the NIC" {
	run_vnet 0 bridge create br0 --uplink eth0 --address 10.1.1.254/24 --address 2001:db8:1::1/64
	[[ $(on br0) == *10.1.1.254* && $(on br0) == *2001:db8:1::1* ]]
	run_vnet 0 delete br0
	knows
	same_state before
}

@test "a guest reaches the world" {
	host g
	run_vnet 0 bridge create br0 --uplink eth0
	ip link add p-g type veth peer name eth0 netns g
	ip link set p-g master br0 up
	ip -n g link set eth0 up
	ip -n g addr add 10.9.0.99/24 dev eth0
	ip -n g route add default via 10.9.0.1
	ip netns exec g ping -q -c 1 -W 2 192.0.2.1
	ip netns exec g ping -q -c 1 -W 2 10.9.0.2 # the host
}

@test "show names it" {
	run_vnet 0 bridge create br0 --uplink eth0
	run_vnet 0 show br0
	[[ $output == *"uplink eth0: veth, forwarding"* && $output != *"port eth0"* ]]
	[ "$(vnet show br0 --json | jq -r '.[0].spec.uplink')" = eth0 ]
	ip link set eth0 nomaster
	run_vnet 0 show br0
	[[ $output == *"drift: uplink is not there"* ]]
	# ... and now what the bridge holds would be lost with it
	run_vnet 2 delete br0
	[[ $output == *"eth0 is no port of br0 any more"* ]]
	ip link set eth0 master br0
	run_vnet 0 delete br0
	knows
}

@test "an address on lease is refused, and moved when forced" {
	ip addr add 10.7.0.5/24 dev eth0 valid_lft 1000 preferred_lft 1000
	run_vnet 2 bridge create br0 --uplink eth0
	[[ $output == *"eth0 holds 10.7.0.5/24 by DHCP ("*" s left); its client will not follow"* ]]
	run_vnet 0 bridge create br0 --uplink eth0 --force
	[[ $(on br0) == *10.7.0.5* ]]
	run_vnet 0 delete br0
	ip addr show dev eth0 to 10.7.0.5 | grep -Eq 'valid_lft (9..|1000)sec'
}

@test "an address that is still being asked for is waited for" {
	ip addr add 2001:db8:9::77/64 dev eth0
	ip addr show dev eth0 to 2001:db8:9::77 | grep -q tentative
	run_vnet 0 bridge create br0 --uplink eth0
	[[ $output != *vnet\ \(* ]] # its own sockets are no matter
	[[ $(on br0) == *2001:db8:9::77* ]]
	[[ $(ip addr show dev br0) != *tentative* ]]
}

# The kernel keeps a route whose router is in no subnet any more, but takes none such.
@test "a router that no subnet leads to any more" {
	ip addr add 10.6.0.2/24 dev eth0
	ip addr add 2001:db8:6::2/64 dev eth0 nodad
	ip route add 198.51.110.0/24 via 10.6.0.1
	ip route add 198.51.111.0/24 nexthop via 10.6.0.1 dev eth0 nexthop via 10.9.0.1 dev eth0
	ip -6 route add 2001:db8:110::/48 via 2001:db8:6::1
	ip nexthop add id 9 via 10.6.0.1 dev eth0
	ip route add 198.51.112.0/24 nhid 9
	ip addr del 10.6.0.2/24 dev eth0
	ip addr del 2001:db8:6::2/64 dev eth0
	state before
	round_trip
	same_state before
}

@test "a NIC that is down, or has no carrier" {
	ip netns exec far ip link set g0 down
	wait_for 5 grep -q down /sys/class/net/eth0/operstate
	state before
	run_vnet 0 bridge create br0 --uplink eth0
	run_vnet 0 delete br0
	same_state before
	ip link set eth0 down
	ip addr add 10.6.0.2/24 dev eth0
	state before
	run_vnet 0 bridge create br0 --uplink eth0
	run_vnet 0 delete br0
	same_state before
}

@test "a NIC that another bridge has is left alone" {
	ip link add name full type bridge
	ip link set eth0 master full
	run_vnet 2 bridge create br0 --uplink eth0
	[[ $output == *"is a port of full already"* ]]
	[ "$(ip -j link show eth0 | jq -r '.[0].master')" = full ]
}

@test "-n: in another namespace" {
	run_vnet 0 -n far bridge create warm
	run_vnet 0 -n far delete warm
	state before
	run_vnet 0 -n far bridge create br0 --uplink g0
	reaches
	run_vnet 0 -n far delete br0
	knows
	same_state before
}
