# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For tests that move a NIC: a host with much on it, and the world beyond.

# uplink_host: a NIC with much on it, eth0, and beyond it a gateway, in the namespace far
uplink_host()
{
	ip netns add far
	ip link add eth0 address 02:00:00:00:0a:02 type veth peer name g0 netns far address 02:00:00:00:0a:01
	ip link set lo up; ip -n far link set lo up
	ip netns exec far sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.g0.accept_dad=0
	sysctl -qw net.ipv6.conf.eth0.accept_dad=0
	ip -n far addr add 10.9.0.1/24 dev g0; ip -n far addr add 10.8.0.1/24 dev g0
	ip -n far addr add 192.0.2.1/32 dev lo; ip -n far addr add 2001:db8:ff::1/128 dev lo nodad
	ip -n far addr add 2001:db8:9::1/64 dev g0 nodad; ip -n far addr add fe80::1/64 dev g0 nodad
	ip -n far link set g0 up; ip link set eth0 up
	while ip -6 addr show dev eth0 | grep -q tentative; do
		sleep 0.05
	done
	sysctl -qw net.ipv6.conf.eth0.accept_dad=1 net.ipv4.conf.eth0.arp_ignore=1 net.ipv4.neigh.eth0.gc_stale_time=77
	ip addr add 10.9.0.2/24 dev eth0; ip addr add 10.9.0.3/24 dev eth0 label eth0:sec; ip addr add 10.8.0.2/24 dev eth0
	ip addr add 10.9.0.77/24 dev eth0 noprefixroute
	ip addr add 172.31.0.1 peer 172.31.0.2/32 dev eth0 scope link
	ip addr add 2001:db8:9::2/64 dev eth0 nodad; ip addr add 2001:db8:9::3/64 dev eth0 nodad
	ip addr change 2001:db8:9::2/64 dev eth0; ip addr change 2001:db8:9::3/64 dev eth0
	ip route add default via 10.9.0.1 dev eth0
	ip route add default via 10.8.0.1 dev eth0 metric 300
	ip route add 198.51.100.0/24 via 10.9.0.1 dev eth0 src 10.9.0.3 mtu 1400 advmss 1300 realm 5/7
	ip route add 198.51.101.0/24 via 10.77.0.1 dev eth0 onlink
	ip route add 198.51.102.0/24 nexthop via 10.9.0.1 dev eth0 weight 3 nexthop via 10.8.0.1 dev eth0 weight 1
	ip route add 198.51.103.0/24 dev eth0 scope link
	ip route add default via 10.9.0.1 dev eth0 table 100
	ip -6 route add default via fe80::1 dev eth0
	ip -6 route add default via 2001:db8:9::1 dev eth0 metric 2048
	ip -6 route add 2001:db8:77::/48 via 2001:db8:9::1 dev eth0 table 100 src 2001:db8:9::3 mtu 1400
	ip -6 route add 2001:db8:78::/48 nexthop via 2001:db8:9::1 dev eth0 weight 2 nexthop via fe80::1 dev eth0
	ip rule add from 10.9.0.3 table 100; ip -6 rule add from 2001:db8:9::3 table 100
	ip nexthop add id 7 via 10.9.0.1 dev eth0; ip route add 198.51.104.0/24 nhid 7
	ip nexthop add id 8 via 2001:db8:9::1 dev eth0; ip -6 route add 2001:db8:79::/48 nhid 8
	ip neigh add 10.9.0.200 lladdr 02:00:00:00:00:c8 nud permanent dev eth0
	ip neigh add 2001:db8:9::200 lladdr 02:00:00:00:00:c8 nud permanent dev eth0
	ip neigh add proxy 10.9.0.201 dev eth0
	while ip -6 addr show dev eth0 | grep -q tentative; do
		sleep 0.05
	done
}

ROUTER=fe80::ff:fe00:a01

# hear: on top of uplink_host, its gateway advertises itself as a router, and 2001:db8:8::/64; fails
# where there was no default route over it before
hear()
{
	local known=0

	ip -6 route show default via $ROUTER | grep -q ' expires ' || known=1
	ip netns exec far router g0 $ROUTER 2001:db8:8:: || return 2
	while ip -6 addr show scope global | grep -q ' tentative '; do
		sleep 0.05
	done
	return $known
}

# ready_host: that one, where vnet has been at work: a directory and a lock stay behind of it
ready_host()
{
	uplink_host
	run_vnet 0 bridge create warm
	run_vnet 0 delete warm
	knows
}

# The gateway is known, both ways: whom one asked last is no matter of ours.
knows()
{
	reaches
	ip netns exec far ping -q -c 1 -W 2 10.9.0.2 >/dev/null
	ip netns exec far ping -q -c 1 -W 2 2001:db8:9::2 >/dev/null
}

# Out into the world, beyond the gateway.
reaches()
{
	ping -q -c 1 -W 2 192.0.2.1 >/dev/null || fail "192.0.2.1 is not reached"
	ping -q -c 1 -W 2 2001:db8:ff::1 >/dev/null || fail "2001:db8:ff::1 is not reached"
}

# on LINK: its addresses
on()
{
	ip -j addr show dev "$1" | jq -r '[.[0].addr_info[].local] | sort | join(" ")'
}
