#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Plans that move the host's NIC: see plan.bash.

load plan

NIC='ip link add eth0 address 52:54:00:00:02:01 type veth peer name far address 52:54:00:00:02:02 &&
	sysctl -qw net.ipv6.conf.eth0.addr_gen_mode=1 net.ipv6.conf.far.addr_gen_mode=1 &&
	ip link set far up && ip link set eth0 up && ip addr add 192.0.2.10/24 dev eth0 &&
	ip -6 addr add 2001:db8::10/64 dev eth0 nodad && ip addr change 2001:db8::10/64 dev eth0 &&
	ip route add default via 192.0.2.1 && ip -6 route add default via 2001:db8::1'

# A second one, and routes over both.
NICS="$NIC &&"'
	ip link add eth1 address 52:54:00:00:03:01 type veth peer name far1 address 52:54:00:00:03:02 &&
	sysctl -qw net.ipv6.conf.eth1.addr_gen_mode=1 net.ipv6.conf.far1.addr_gen_mode=1 &&
	ip link set far1 up && ip link set eth1 up && ip addr add 198.51.100.10/24 dev eth1 &&
	ip -6 addr add 2001:db8:1::10/64 dev eth1 nodad &&
	ip route add 203.0.113.0/24 nexthop via 192.0.2.1 dev eth0 nexthop via 198.51.100.1 dev eth1 weight 3 &&
	ip -6 route add 2001:db8:9::/48 nexthop via 2001:db8::1 dev eth0 nexthop via 2001:db8:1::1 dev eth1 &&
	ip route add 203.0.112.0/24 nexthop via 192.0.2.1 dev eth0 nexthop via 192.0.2.2 dev eth0'

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

@test "bridge create --uplink, with routes over two NICs" {
	plan create-uplink-hops "$NICS" 'vnet bridge create br0 --uplink eth0'
}

@test "delete, with routes over two NICs" {
	plan delete-uplink-hops "$NICS" 'vnet bridge create br0 --uplink eth0' 'vnet delete br0'
}
