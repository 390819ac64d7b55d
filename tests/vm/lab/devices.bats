#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Devices that not every kernel has, as a NIC and on one. Runs in a virtual machine: see the stage vm of
# tests/run.

load ../../lib/netns

# nic: a NIC, eth0, and its gateway beyond it.
nic()
{
	host far
	ip link add eth0 type veth peer name far0 netns far
	ip link set eth0 up
	in_host far ip link set far0 up
	in_host far ip addr add 10.9.0.1/24 dev far0
	ip addr add 10.9.0.2/24 dev eth0
	ip route add default via 10.9.0.1
}

# Nothing comes by itself any more.
settle()
{
	wait_for 5 eval '! ip -6 addr show tentative | grep -q .'
}

# refused WORDS ARGUMENT...: that, and nothing changed.
refused()
{
	local words=$1
	shift

	settle
	snapshot before
	run_vnet 2 "$@"
	echo "$output"
	[[ $output == *"$words"* ]]
	[ "${#lines[@]}" -eq 1 ]
	snapshot after
	assert_same before after
}

# there_and_back: the host's way out stays, and the NIC is as it was in the end.
there_and_back()
{
	ping -q -c 1 -W 5 10.9.0.1 # the kernel remembers whom one has asked
	run_vnet 0 bridge create warm
	run_vnet 0 delete warm
	settle
	snapshot before
	run_vnet 0 bridge create br0 --uplink "$1"
	echo "$output"
	said=$output
	ping -q -c 1 -W 5 10.9.0.1
	run_vnet 0 delete br0
	snapshot after
	assert_same before after
	ping -q -c 1 -W 5 10.9.0.1
}

@test "a NIC with a VLAN on it" {
	nic
	in_host far ip link add far0.5 link far0 type vlan id 5
	in_host far ip addr add 10.5.0.1/24 dev far0.5
	in_host far ip link set far0.5 up
	ip link add eth0.5 link eth0 type vlan id 5
	ip addr add 10.5.0.2/24 dev eth0.5
	ip link set eth0.5 up
	ping -q -c 1 -W 5 10.5.0.1
	there_and_back eth0
	[[ $said == *eth0.5* ]]
	ping -q -c 1 -W 5 10.5.0.1
}

@test "a VLAN as the way out" {
	nic
	in_host far ip link add far0.5 link far0 type vlan id 5
	in_host far ip addr flush dev far0
	in_host far ip addr add 10.9.0.1/24 dev far0.5
	in_host far ip link set far0.5 up
	ip addr flush dev eth0
	ip link add eth0.5 link eth0 type vlan id 5
	ip link set eth0.5 up
	ip addr add 10.9.0.2/24 dev eth0.5
	ip route add default via 10.9.0.1
	there_and_back eth0.5
	[[ $said != *"sockets"* ]]
}

@test "a NIC that ipvlan has" {
	nic
	ip link add iv0 link eth0 type ipvlan mode l2
	refused "iv0" bridge create br0 --uplink eth0
	refused "want the NIC below it" bridge create br0 --uplink iv0
	run_vnet 0 bridge create br0
	refused "want the NIC below it" bridge add-port br0 iv0
}

@test "a NIC in a VRF, and the VRF" {
	nic
	ip link add vrf0 type vrf table 10
	ip link set vrf0 up
	refused "is a VRF" bridge create br0 --uplink vrf0
	ip link set eth0 master vrf0
	refused "is a port of vrf0 already" bridge create br0 --uplink eth0
}

@test "a bond, and a part of it" {
	nic
	ip addr flush dev eth0
	ip link set eth0 down
	ip link add bond0 type bond mode active-backup miimon 100
	ip link set eth0 master bond0
	ip link set bond0 up
	ip addr add 10.9.0.2/24 dev bond0
	ip route add default via 10.9.0.1
	wait_for 5 sh -c 'ip link show bond0 | grep -q LOWER_UP'
	refused "want --uplink bond0" bridge create br0 --uplink eth0
	there_and_back bond0
}

@test "a team, and a part of it" {
	nic
	ip addr flush dev eth0
	ip link set eth0 down
	ip link add team0 type team
	ip link set eth0 master team0
	refused "want --uplink team0" bridge create br0 --uplink eth0
}

@test "a dummy as the way out" {
	ip link add eth0 type dummy
	ip link set eth0 up
	ip addr add 10.9.0.2/24 dev eth0
	run_vnet 0 bridge create warm
	run_vnet 0 delete warm
	settle
	snapshot before
	run_vnet 0 bridge create br0 --uplink eth0
	run_vnet 0 delete br0
	snapshot after
	assert_same before after
}

@test "DHCP for another's bridge that filters VLANs" {
	host guest
	ip link add br7 type bridge vlan_filtering 1 vlan_default_pvid 1
	ip addr add 10.7.0.254/24 dev br7
	ip link set br7 up
	ip link add p0 type veth peer name p1 netns guest
	ip link set p0 master br7 up
	in_host guest ip link set p1 up
	settle
	snapshot before
	run_vnet 0 dhcp 10.7.0.11-100 --net br7
	in_host guest dhcpc p1 -t 20000
	run_vnet 0 dhcp stop --net br7
	snapshot after
	assert_same before after
}

@test "a kernel that has no bridges" {
	modprobe -r bridge
	echo /bin/false >/proc/sys/kernel/modprobe
	snapshot before
	run_vnet 1 bridge create br0 --address 10.1.1.254/24
	echo "$output"
	echo /sbin/modprobe >/proc/sys/kernel/modprobe
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"bridge"* ]]
	snapshot after
	assert_same before after
}
