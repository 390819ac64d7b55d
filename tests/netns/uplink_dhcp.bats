#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154
#
# A DHCP server on a bridge that is the host's way into a LAN: the LAN never hears it. The LAN is the
# namespace far, behind the host's NIC eth0.

load ../lib/netns
load ../lib/state
bats_require_minimum_version 1.5.0

setup()
{
	echo 'nameserver 192.0.2.53' >/etc/resolv.conf
	run_vnet 0 bridge create warm --address 10.99.0.1/24
	run_vnet 0 dhcp 10.99.0.11-20
	run_vnet 0 delete warm
	host far
	ip link add eth0 address 02:00:00:00:0a:02 type veth peer name g0 address 02:00:00:00:0a:01 netns far
	ip -n far addr add 10.1.1.1/24 dev g0
	# link-local addresses that are there at once
	sysctl -qw net.ipv6.conf.eth0.accept_dad=0
	in_host far sysctl -qw net.ipv6.conf.g0.accept_dad=0
	ip -n far link set g0 up
	ip addr add 10.1.1.2/24 dev eth0
	ip link set eth0 up
	ip route add default via 10.1.1.1
	wait_for 5 ping -q -c 1 -W 1 10.1.1.1
	state nothing
}

# guest NAME: a network namespace with a port on br0. Its MAC ends in its number.
guest()
{
	n=$((${n-0} + 1))
	host "$1"
	ip link add "p-$1" type veth peer name eth0 address "52:54:00:00:00:0$n" netns "$1"
	ip link set "p-$1" addrgenmode none
	ip -n "$1" link set eth0 addrgenmode none
	ip -n "$1" link set eth0 up
	ip link set "p-$1" master br0 up
	wait_for 5 forwards "p-$1"
}

forwards()
{
	ip -j -d link show "$1" | jq -e '.[0].linkinfo.info_slave_data.state == "forwarding"'
}

# lease GUEST [OPTION...]: one KEY=VALUE a line, in $lease
lease()
{
	local name=$1
	shift

	lease=$(in_host "$name" dhcpc eth0 "$@" | tr ' ' '\n')
	[ -n "$lease" ]
}

has()
{
	for wanted; do
		grep -qxF "$wanted" <<<"$lease" || fail "no $wanted in" $lease
	done
}

# from_lan STATUS [OPTION...]: the same for a client beyond the uplink
from_lan()
{
	local want=$1
	shift

	run in_host far dhcpc g0 "$@"
	[ "$status" -eq "$want" ] || fail "dhcpc on the LAN: $status, not $want: $output"
}

# The marks of the uplink and of the server's end.
marks()
{
	ip -j -d link show | jq -r '[.[] | select(.linkinfo.info_slave_kind == "bridge" and
		(.ifname == "eth0" or (.ifname | startswith("vnd-")))) |
		.linkinfo.info_slave_data.isolated] | map(tostring) | join(" ")'
}

conf()
{
	echo "/run/vnet/"*/br0.dnsmasq
}

# Nothing of the server passes to the LAN in 10 seconds: no offer, no refusal.
lan_hears_nothing()
{
	local client

	in_host far dhcpc g0 -t 10000 -r 100 -m 52:54:00:00:00:70 >"$BATS_TEST_TMPDIR/offer" 2>&1 &
	client=$!
	from_lan 1 -t 10000 -r 100 -a 10.77.0.9 -m 52:54:00:00:00:71
	ends_with 1 $client
}

# Other stations of the LAN, with addresses of the range.
neighbours()
{
	for ip; do
		ip -n far addr add "$ip/24" dev g0
	done
}

@test "the LAN hears no offer and no refusal, a guest has its lease" {
	run_vnet 0 bridge create br0 --uplink eth0
	run_vnet 0 dhcp 10.1.1.11-100
	[ "$(marks)" = "true true" ]
	guest g
	lease g
	has router=10.1.1.1 server=10.1.1.254
	lan_hears_nothing
	run_vnet 0 show br0
	[[ $output != *drift* ]]
	# The host and the guest reach the LAN, and each other, and the host the server.
	ip -n g addr add 10.1.1.200/24 dev eth0
	in_host g ping -q -c 1 -W 2 10.1.1.1
	in_host g ping -q -c 1 -W 2 10.1.1.2
	ping -q -c 1 -W 2 10.1.1.254
	# Without the marks the LAN hears both: the silence was theirs.
	ip link set eth0 type bridge_slave isolated off
	from_lan 3 -a 10.77.0.9
	from_lan 0
	run_vnet 0 show br0
	[[ $output == *"drift: serve-uplink is yes"* ]]
	run_vnet 0 dhcp 10.1.1.11-100
	[ "$(marks)" = "true true" ]
	from_lan 1 -t 500 -m 52:54:00:00:00:72
	run_vnet 0 show br0
	[[ $output != *drift* ]]
}

@test "the marks go with the server, and with the bridge" {
	run_vnet 0 bridge create br0 --uplink eth0
	state before
	run_vnet 0 dhcp 10.1.1.11-100
	run_vnet 0 dhcp stop
	[ "$(marks)" = false ]
	rm /var/lib/vnet/leases/br0 # kept for the next one
	same_state before
	run_vnet 0 dhcp 10.1.1.11-100
	run_vnet 0 delete br0
	ping -q -c 1 -W 2 10.1.1.1
	same_state nothing
}

@test "--serve-uplink: the LAN is served too, but refused nothing" {
	run_vnet 0 bridge create br0 --uplink eth0
	run_vnet 0 dhcp 10.1.1.11-100 --serve-uplink
	[[ $output == *"all behind eth0 hear the DHCP server of br0: clients there may take its leases for those of the LAN's own server"* ]]
	[ "$(marks)" = "false false" ]
	run ! grep -q authoritative "$(conf)"
	grep -qx 'dhcp.serve-uplink yes' /run/vnet/*/br0.net
	from_lan 0
	from_lan 1 -t 1000 -a 10.1.1.200 -m 52:54:00:00:00:73
	run_vnet 0 show br0
	[[ $output != *drift* ]]
	run_vnet 0 dhcp 10.1.1.11-100 # what is left out stays
	[ "$(marks)" = "false false" ]
	[[ $output != *"all behind"* ]]
	run_vnet 0 dhcp 10.1.1.11-100 --no-serve-uplink
	[ "$(marks)" = "true true" ]
	grep -q authoritative "$(conf)"
	from_lan 1 -t 500 -m 52:54:00:00:00:74
}

@test "what someone on the LAN has is neither leased nor taken by the server" {
	local conf

	neighbours 10.1.1.11 10.1.1.13 10.1.1.14 10.1.1.254
	run_vnet 0 bridge create br0 --uplink eth0
	run_vnet 0 dhcp 10.1.1.11-16
	[ "${lines[0]}" = "vnet: in use on br0, and so not leased: 10.1.1.11, 10.1.1.13-10.1.1.14" ]
	[ "${lines[1]}" = "vnet: br0 has the DHCP server 10.1.1.253; 10.1.1.11-10.1.1.16 must lie outside the pool of the LAN's own server" ]
	[[ ${lines[2]} == "br0: range 10.1.1.11-10.1.1.16, server 10.1.1.253/24,"* ]]
	[ "$(sed -n 's/^dhcp-range=\([^,]*,[^,]*\).*/\1/p' "$(conf)" | xargs)" = "10.1.1.12,10.1.1.12 10.1.1.15,10.1.1.16" ]
	# Three are left, and each of them is leased.
	guest a; guest b; guest c; guest d
	: >"$BATS_TEST_TMPDIR/leased"
	for g in a b c; do
		lease $g
		grep '^ip=' <<<"$lease" >>"$BATS_TEST_TMPDIR/leased"
	done
	[ "$(sort "$BATS_TEST_TMPDIR/leased" | xargs)" = "ip=10.1.1.12 ip=10.1.1.15 ip=10.1.1.16" ]
	run ! in_host d dhcpc eth0 -t 300
	# The same line changes nothing, whoever has come or gone, and asks no one.
	neighbours 10.1.1.16
	ip -n far addr del 10.1.1.11/24 dev g0
	conf=$(cat "$(conf)")
	run_vnet 0 dhcp 10.1.1.11-16
	[ "${#lines[@]}" -eq 1 ]
	[ "$(cat "$(conf)")" = "$conf" ]
}

@test "guests that have their lease here are no strangers" {
	run_vnet 0 bridge create br0 --uplink eth0
	run_vnet 0 dhcp 10.1.1.11-16
	guest a
	lease a
	ip -n a addr add "$(sed -n 's/^ip=//p' <<<"$lease")/24" dev eth0
	run_vnet 0 dhcp 10.1.1.11-20
	[[ $output != *"in use"* ]]
	run_vnet 0 dhcp stop
	run_vnet 0 dhcp 10.1.1.11-20
	[[ $output != *"in use"* ]]
	# But one that has it by itself is.
	ip -n a link set eth0 address 52:54:00:00:00:99
	run_vnet 0 dhcp 10.1.1.11-21
	[[ $output == *"in use on br0, and so not leased: 10.1.1."* ]]
}

@test "a range of which nothing is left, and one that is too large" {
	run_vnet 0 bridge create br0 --uplink eth0 --address 10.20.0.1/16
	neighbours 10.1.1.11 10.1.1.12
	run_vnet 2 dhcp 10.1.1.11-12
	[[ $output == *"every address of the range is in use on br0: want another one" ]]
	run_vnet 2 dhcp 10.20.4.0-10.20.8.0
	[[ $output == *"the range has more than 1024 addresses, and beside an uplink each is asked for: want a smaller one" ]]
	run_vnet 0 dhcp 10.20.4.0-10.20.7.255
}

@test "no one is asked where there is no uplink, or no carrier" {
	run_vnet 0 bridge create br0 --address 10.2.1.254/24
	guest g
	ip -n g addr add 10.2.1.11/24 dev eth0
	run_vnet 0 dhcp 10.2.1.11-100
	[ "${#lines[@]}" -eq 1 ]
	run_vnet 0 delete br0 --force
	ip link del p-g
	neighbours 10.1.1.11
	run_vnet 0 bridge create br0 --uplink eth0
	ip -n far link set g0 down
	run_vnet 0 dhcp 10.1.1.11-100
	[[ $output != *"in use"* ]]
}

# The LAN's own server still serves all: the host, and guests as long as vnet's is not faster.
@test "the LAN's own DHCP server reaches the host and the guests" {
	in_host far ethtool -K g0 tx off >/dev/null # its answers have whole checksums
	in_host far dnsmasq --conf-file=/dev/null --pid-file="$BATS_TEST_TMPDIR/pid" --user=root --port=0 \
		--leasefile-ro --no-ping --dhcp-authoritative --dhcp-range=10.1.1.201,10.1.1.250 --interface=g0 \
		--bind-interfaces --except-interface=lo
	run_vnet 0 bridge create br0 --uplink eth0
	run_vnet 0 dhcp 10.1.1.11-100
	kill -STOP "$(cat /run/vnet/*/br0.pid)"
	lease=$(dhcpc br0 | tr ' ' '\n')
	has server=10.1.1.1
	guest g
	lease g
	has server=10.1.1.1
}

@test "other devices of the machine on the bridge are refused as ever" {
	run_vnet 0 bridge create br0 --uplink eth0
	ip link add vx type veth peer name vy
	ip link add nic link vx type macvlan mode passthru
	ip link set nic master br0
	run_vnet 2 dhcp 10.1.1.11-100
	[[ $output == *"br0 holds nic: the network behind it would hear this DHCP server too (--force if that is meant)" ]]
	run_vnet 0 dhcp 10.1.1.11-100 --force
}

# The marks are those of ports: what joins has none, and until it has, the server is silent. The
# range, which was the guests' alone, is asked for where the NIC is.
@test "an uplink that joins a served bridge, and leaves it" {
	run_vnet 0 bridge create br0 --address 10.2.1.254/24
	run_vnet 0 dhcp 10.2.1.11-16
	[ "$(marks)" = false ]
	neighbours 10.2.1.12 10.2.1.253
	run_vnet 2 bridge set br0 --uplink eth0
	[[ $output == *"server 10.2.1.253/24: someone on eth0 has this address" ]]
	ip -n far addr del 10.2.1.253/24 dev g0
	guest g
	wait_for 5 ping -q -c 1 -W 1 10.1.1.1
	# A client that never rests, and who counts what of it comes to the server: any gap shows.
	in_host vnet-br0 nft 'add table netdev t; add counter netdev t lan
		add chain netdev t c { type filter hook ingress device '"$(ip -n vnet-br0 -br link show type veth | cut -d @ -f 1)"' priority 0; }
		add rule netdev t c ether saddr 52:54:00:00:00:78 counter name lan'
	in_host far dhcpc g0 -t 8000 -r 1 -m 52:54:00:00:00:78 >"$BATS_TEST_TMPDIR/offer" 2>&1 &
	client=$!
	run_vnet 0 bridge set br0 --uplink eth0
	[[ $output == *"vnet: in use on br0, and so not leased: 10.2.1.12"* ]]
	[ "$(marks)" = "true true" ]
	[ "$(sed -n 's/^dhcp-range=\([^,]*,[^,]*\).*/\1/p' "$(conf)" | xargs)" = "10.2.1.11,10.2.1.11 10.2.1.13,10.2.1.16" ]
	lease g
	has server=10.2.1.253
	run_vnet 0 show br0
	[[ $output != *drift* ]]
	run_vnet 0 bridge set br0 --no-uplink
	[ "$(marks)" = false ]
	lease g
	has server=10.2.1.253
	ends_with 1 $client
	in_host vnet-br0 nft list counter netdev t lan | grep -q 'packets 0 '
	ping -q -c 1 -W 2 10.1.1.1
	run_vnet 0 show br0
	[[ $output != *drift* ]]
}
