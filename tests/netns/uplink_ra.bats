#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A NIC whose addresses and default route come from router advertisements, onto a bridge and back:
# the kernel goes on with them there. The router is a dnsmasq in the namespace far.

bats_require_minimum_version 1.5.0
load ../lib/netns

setup()
{
	host far
	ip link add eth0 address 02:00:00:00:0a:02 type veth peer name g0 netns far
	in_host far sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.g0.accept_dad=0
	sysctl -qw net.ipv6.conf.eth0.accept_dad=0 net.ipv6.conf.eth0.accept_ra=1
	ip -n far addr add 2001:db8:9::1/64 dev g0 nodad
	ip -n far addr add 2001:db8:ff::1/128 dev lo nodad
	ip -n far link set g0 up
	ip link set eth0 up
	advertise 600
	wait_for 10 advertised eth0
}

# advertise LIFETIME: of the router, in seconds; at once, as at each start
advertise()
{
	stop
	in_host far dnsmasq -C /dev/null --port=0 --bind-interfaces --interface=g0 --enable-ra \
		--ra-param=g0,4,"$1" --dhcp-range=2001:db8:9::,ra-only,64,3600 --pid-file="$BATS_TEST_TMPDIR/pid"
}

stop()
{
	[ ! -e "$BATS_TEST_TMPDIR/pid" ] || kill "$(<"$BATS_TEST_TMPDIR/pid")"
	rm -f "$BATS_TEST_TMPDIR/pid"
}

teardown()
{
	stop
}

# advertised LINK: the kernel's own default route, and an address
advertised()
{
	ip -6 route show default dev "$1" | grep -q 'proto ra metric 1024 ' &&
		ip -6 addr show dev "$1" | grep -q 'inet6 2001:db8:9::.* dynamic' &&
		ping -q -c 1 -W 1 2001:db8:ff::1 >/dev/null
}

# left LINK: seconds of its address
left()
{
	ip -j -6 addr show dev "$1" | jq '.[0].addr_info[] | select(.dynamic) | .valid_life_time'
}

reaches()
{
	ping -q -c 1 -W 2 2001:db8:ff::1 >/dev/null
}

# expires LINK: seconds of its default route
expires()
{
	ip -6 route show default dev "$1" | sed -n 's/.* expires \([0-9]*\)sec.*/\1/p'
}

# near IS SHOULD: but for 2 s
near()
{
	[ "$1" -ge $(($2 - 2)) ] && [ "$1" -le $(($2 + 2)) ] || fail "$1 s, not $2 s"
}

@test "there and back: all is as it was when the router has answered" {
	snapshot before
	run_vnet 0 bridge create br0 --uplink eth0
	# asked by vnet: of itself it advertises every four seconds at most
	wait_for 2 advertised br0
	[ "$(ip -6 route show default | wc -l)" = 1 ]
	[ "$(cat /proc/sys/net/ipv6/conf/br0/accept_ra)" = 1 ]
	run_vnet 0 show br0
	[[ $output != *drift* ]]
	run_vnet 0 delete br0
	[ -z "$output" ]
	wait_for 2 advertised eth0
	assert_same before
	near "$(left eth0)" 3600
	near "$(expires eth0)" 600
}

@test "from a bridge with a MAC and an address of its own: the NIC asks as itself" {
	local own

	run_vnet 0 bridge create br0 --address 2001:db8:1::1/64
	run_vnet 0 bridge set br0 --uplink eth0
	wait_for 2 advertised br0
	# its own comes first where the kernel made it anew
	own=$(ip -j -6 addr show dev br0 scope link | jq -r '.[].addr_info[]?.local | select(. and . != "fe80::ff:fe00:a02")')
	ip addr del "$own/64" dev br0
	ip addr add "$own/64" dev br0 nodad
	run_vnet 0 bridge set br0 --no-uplink --dry-run
	[[ $output == *"# rdisc6 eth0, from fe80::ff:fe00:a02"* ]]
	run_vnet 0 bridge set br0 --no-uplink
	wait_for 2 advertised eth0
	ip -6 addr show dev br0 scope link | grep -qF "$own"
	run_vnet 0 delete br0
}

@test "a router that does not answer: what was lent leads on, and runs out as the kernel's own" {
	local begin addr route snap

	stop
	snapshot before
	for _ in 1 2; do
		begin=$SECONDS
		addr=$(left eth0)
		route=$(expires eth0)
		run_vnet 0 bridge create br0 --uplink eth0
		[[ $(ip -6 route show default) == *" dev br0 metric 1025 expires "* ]]
		reaches
		run_vnet 0 show br0
		[[ $output != *drift* ]]
		run_vnet 0 delete br0
		[ -z "$output" ]
		[[ $(ip -6 route show default) == *" dev eth0 metric 1025 expires "* ]]
		reaches
		near "$(left eth0)" $((addr - (SECONDS - begin)))
		near "$(expires eth0)" $((route - (SECONDS - begin)))
	done
	[ "$(ip -6 route show default | wc -l)" = 1 ]
	# all but the one route is the same: family, prefix length and table say which it is
	snapshot after
	for snap in before after; do
		sed -i '/ route family=10 table=254 type=1 dst_len=0 /d' "$BATS_TEST_TMPDIR/$snap.snap"
	done
	assert_same before after
	# and with the next advertisement that is as well
	snapshot lent
	advertise 600
	wait_for 10 advertised eth0
	run ! assert_same lent
	sed -i '/ route family=10 table=254 type=1 dst_len=0 /d' "$BATS_TEST_TMPDIR/lent.snap"
	assert_same before lent
	[ "$(ip -6 route show default | wc -l)" = 1 ]
	[[ $(ip -6 route show default) == *"proto ra metric 1024 expires "* ]]
}

@test "killed when the bridge has the route: the watchdog lends it to the kernel on the NIC" {
	local n

	stop
	snapshot before
	export ASAN_OPTIONS=detect_leaks=0
	# the last ioctl(2) is the one that lends it
	n=$(killat -c -t -w -- vnet bridge create br0 --uplink eth0 2>/dev/null | awk '$2 == "ioctl" { n = $1 } END { print n }')
	run_vnet 0 delete br0
	advertise 600
	wait_for 10 advertised eth0
	stop
	killat -w "$((n + 1))" -- vnet bridge create br0 --uplink eth0
	wait_for 5 eval '! ip link show br0'
	[[ $(ip -6 route show default) == *" dev eth0 metric 1025 expires "* ]]
	reaches
	advertise 600
	wait_for 10 advertised eth0
	assert_same before
}

@test "what is advertised of the prefix is heeded as well" {
	ip -6 addr change "$(ip -j -6 addr show dev eth0 |
		jq -r '.[0].addr_info[] | select(.dynamic).local')/64" dev eth0 mngtmpaddr \
		valid_lft 3000 preferred_lft 3000
	run_vnet 0 bridge create br0 --uplink eth0
	wait_for 2 eval '[ "$(left br0)" -ge 3590 ]'
	run_vnet 0 delete br0
}

@test "a router that withdraws" {
	run_vnet 0 bridge create br0 --uplink eth0
	advertise 600
	wait_for 10 advertised br0
	advertise 0
	wait_for 10 eval '! ip -6 route show default dev br0 | grep -q "metric 1024 "'
	run_vnet 0 delete br0
}

@test "a router that withdraws before it has answered" {
	stop
	run_vnet 0 bridge create br0 --uplink eth0
	advertise 0
	wait_for 10 eval '[ -z "$(ip -6 route show default)" ]'
	run_vnet 0 delete br0
	[ -z "$(ip -6 route show default)" ]
}

@test "a host that forwards" {
	sysctl -qw net.ipv6.conf.eth0.accept_ra=2 net.ipv6.conf.all.forwarding=1
	run_vnet 0 bridge create br0 --uplink eth0
	[ "$(cat /proc/sys/net/ipv6/conf/br0/accept_ra)" = 2 ]
	reaches
	advertise 600
	wait_for 10 advertised br0
	run_vnet 0 delete br0
	reaches
}

# An end of a port of br0, which gets what br0 gets, and counts it.
open_ear()
{
	host ear
	ip link add e0 type veth peer name e1 netns ear
	ip -n ear link set e1 up
	ip link set e0 up
}

# heard: how many advertisements
heard()
{
	in_host ear awk '$1 == "Icmp6InRouterAdvertisements" { print $2 }' /proc/net/dev_snmp6/e1
}

# no_inet6 COMMAND...: br0 hears what is advertised, and has nothing of it
no_inet6()
{
	local n

	run_vnet 0 bridge "$@"
	ip link set e0 master br0
	n=$(heard)
	advertise 600
	wait_for 10 eval '[ "$(heard)" -gt "$n" ]'
	ip link set e0 nomaster
	[ -z "$(ip -6 addr show dev br0 scope global)$(ip -6 route show dev br0 proto ra)" ] || fail "$(ip -6 addr; ip -6 route)"
	run_vnet 0 delete br0
}

@test "a NIC without IPv6 brings none to the bridge" {
	open_ear
	sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
	no_inet6 create br0 --uplink eth0
	run_vnet 0 bridge create br0
	no_inet6 set br0 --uplink eth0
	run_vnet 0 bridge create br0 --uplink eth0 --address 2001:db8:1::1/64
	ip -6 addr show dev br0 | grep -q 2001:db8:1::1
	run_vnet 0 delete br0
	run_vnet 0 bridge create br0 --uplink eth0
	run_vnet 0 bridge set br0 --address +2001:db8:1::1/64
	ip -6 addr show dev br0 | grep -q 2001:db8:1::1
	run_vnet 0 delete br0
}

@test "IPv6 is not for new links, but for this NIC" {
	sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	run_vnet 0 bridge create br0 --uplink eth0
	reaches
	run_vnet 0 delete br0
	reaches
}
