#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Plans that move the host's NIC: see plan.bash.

load plan

NIC='ip link add eth0 address 52:54:00:00:02:01 type veth peer name far address 52:54:00:00:02:02 &&
	sysctl -qw net.ipv6.conf.eth0.addr_gen_mode=1 net.ipv6.conf.far.addr_gen_mode=1 &&
	ip link set far up && ip link set eth0 up && ip addr add 192.0.2.10/24 dev eth0 &&
	ip -6 addr add 2001:db8::10/64 dev eth0 nodad && ip addr change 2001:db8::10/64 dev eth0 &&
	ip route add default via 192.0.2.1 && ip -6 route add default via 2001:db8::1'

@test "bridge create --uplink" {
	plan create-uplink "$NIC" 'vnet bridge create br0 --uplink eth0'
}

@test "bridge create --uplink --stp" {
	plan create-uplink-stp "$NIC" 'vnet bridge create br0 --uplink eth0 --stp'
}

@test "delete, with an uplink" {
	plan delete-uplink "$NIC" 'vnet bridge create br0 --uplink eth0' 'vnet delete br0'
}

@test "bridge set --uplink" {
	plan set-uplink "$NIC" 'vnet bridge create br0 --mac 52:54:00:00:00:01 --address 10.1.1.254/24' \
		'vnet bridge set br0 --uplink eth0'
}

@test "bridge set --no-uplink" {
	plan set-no-uplink "$NIC" 'vnet bridge create br0 --address 10.1.1.254/24 --uplink eth0' \
		'vnet bridge set br0 --no-uplink'
}
