#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# vnet bridge create, set and delete, as the kernel, iproute2 and snap see them.

load ../lib/netns
load ../lib/state
bats_require_minimum_version 1.5.0


setup()
{
	# What stays behind of the first change: directories, and a lock that says who took it last.
	run_vnet 0 bridge create warm
	run_vnet 0 delete warm
	host warm
	ip netns del warm
}

# is LINK FILTER VALUE: what jq's filter finds in `ip -j -d link show LINK`.
is()
{
	local found

	found=$(ip -j -d link show "$1" | jq -r ".[0] | $2")
	[ "$found" = "$3" ] || fail "$1: $2 is $found, not $3"
}

addresses()
{
	ip -j addr show "$1" | jq -r '[.[0].addr_info[] | "\(.local)/\(.prefixlen)"] | join(" ")'
}

sysctl_is()
{
	[ "$(cat "/proc/sys/net/$1")" = "$2" ] || fail "$1 is $(cat "/proc/sys/net/$1"), not $2"
}

# port NAME BRIDGE: a veth port, whose other end is NAME's eth0 with a carrier.
port()
{
	host "$1"
	ip link add "p-$1" type veth peer name eth0 netns "$1"
	ip link set "p-$1" addrgenmode none # it comes and goes at its own time
	ip -n "$1" link set eth0 addrgenmode none
	ip -n "$1" link set eth0 up
	ip link set "p-$1" master "$2" up
}

# made OPTIONS FILTER VALUE: a bridge of these options has that, and its deletion leaves nothing.
made()
{
	state made-before
	# shellcheck disable=SC2086 # words
	run_vnet 0 bridge create br0 $1
	is br0 "$2" "$3"
	run_vnet 0 delete br0
	same_state made-before
}

@test "create: each option, and delete leaves nothing" {
	local data=.linkinfo.info_data

	made '' .linkinfo.info_kind bridge
	made '' '.flags | contains(["UP"])' true
	made '' .mtu 1500
	made '--mtu 1500' .mtu 1500
	made '--mtu 1400' .mtu 1400
	made '--mtu=9000' .mtu 9000
	made '--mtu 65535' .mtu 65535
	made '--mac 52:54:00:00:00:01' .address 52:54:00:00:00:01
	made '' $data.stp_state 0
	made '--no-stp' $data.stp_state 0
	made '--stp' $data.stp_state 1
	made '' $data.forward_delay 200
	made '--forward-delay 30' $data.forward_delay 3000
	made '--stp --forward-delay 2.5' $data.forward_delay 250
	made '' $data.ageing_time 30000
	made '--ageing 0' $data.ageing_time 0
	made '--ageing 1000000' $data.ageing_time 100000000
	made '' $data.hello_time 200
	made '--hello 10' $data.hello_time 1000
	made '' $data.max_age 2000
	made '--max-age 40' $data.max_age 4000
	made '' $data.priority 32768
	made '--priority 0' $data.priority 0
	made '--stp --priority 65535' $data.priority 65535
	made '' $data.mcast_snooping 0
}

@test "create: addresses" {
	local set

	state before
	for set in 10.1.1.254/24 10.1.1.254/32 10.0.0.0/31 '10.1.1.254/24 10.1.1.253/24' \
		'10.1.1.254/24 10.2.1.254/16 192.0.2.1/30'; do
		# shellcheck disable=SC2086,SC2046 # words
		run_vnet 0 bridge create br0 $(printf -- '--address %s ' $set)
		[ "$(addresses br0)" = "$set" ]
		run_vnet 0 delete br0
		same_state before
	done
	run_vnet 0 bridge create br0 --mac 52:54:00:00:00:01 --address 10.1.1.254/24 \
		--address fd00:1::1/64 --address fd00:2::1/48
	[ "$(addresses br0 | tr ' ' '\n' | sort | xargs)" = \
		"10.1.1.254/24 fd00:1::1/64 fd00:2::1/48 fe80::5054:ff:fe00:1/64" ]
	run_vnet 0 delete br0
	same_state before
}

@test "the host hears no router advertisement and speaks no IPv6 that nobody asked for" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	run_vnet 0 bridge create br1 --address fd00:1::1/64
	port g br0
	sysctl_is ipv6/conf/br0/accept_ra 0
	sysctl_is ipv6/conf/br0/autoconf 0
	sysctl_is ipv6/conf/br1/accept_ra 0
	sysctl_is ipv6/conf/br1/autoconf 0
	is br0 .inet6_addr_gen_mode none
	wait_for 5 is br0 .operstate UP
	[ -z "$(ip -6 addr show dev br0)" ]
	[ "$(ip -6 addr show dev br1 scope link | grep -c inet6)" -eq 1 ]
}

@test "marks: group and alias, a group for each network" {
	ip link add other group 1986920449 type bridge
	run_vnet 0 bridge create br0
	run_vnet 0 bridge create br1
	is br0 .group 1986920448
	is br0 .ifalias vnet:br0:bridge
	is br1 .group 1986920450
	is br1 .ifalias vnet:br1:bridge
	run_vnet 0 delete br0
	run_vnet 0 bridge create br2
	is br2 .group 1986920448
}

@test "the MAC stays: with ports, and when the bridge is made anew" {
	local mac

	run_vnet 0 bridge create br0
	run_vnet 0 bridge create br1
	mac=$(cat /sys/class/net/br0/address)
	[ "$mac" != "$(cat /sys/class/net/br1/address)" ]
	[ $((16#${mac%%:*} & 3)) -eq 2 ] # chosen locally, of one station
	port g br0
	ip link set p-g address 00:00:00:00:00:01
	is br0 .address "$mac"
	ip link del p-g
	is br0 .address "$mac"
	run_vnet 0 delete br0
	run_vnet 0 bridge create br0
	is br0 .address "$mac"
}

@test "an MTU that was asked for stays when ports come" {
	run_vnet 0 bridge create br0 --mtu 1400
	run_vnet 0 bridge create br1 --mtu 9000
	port a br0
	port b br1
	is br0 .mtu 1400
	is br1 .mtu 9000
	run_vnet 0 bridge set br1 --mtu 1500
	ip link set p-b mtu 1300
	is br1 .mtu 1500
}

@test "names of all forms" {
	local name

	state before
	for name in a 123456789012345 a.b_c-D 0 br0.100 vnet; do
		run_vnet 0 bridge create "$name"
		is "$name" .linkinfo.info_kind bridge
		run_vnet 0 delete "$name"
	done
	same_state before
}

@test "frames pass, and the host is on the bridge" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24 --address fd00:1::254/64
	port a br0
	port b br0
	ip -n a addr add 10.1.1.1/24 dev eth0
	ip -n b addr add 10.1.1.2/24 dev eth0
	ip -n a addr add fd00:1::1/64 dev eth0 nodad
	in_host a ping -q -c 1 -W 5 10.1.1.2
	in_host a ping -q -c 1 -W 5 10.1.1.254
	wait_for 5 in_host a ping -q -c 1 -W 1 fd00:1::254
}

@test "with STP a port listens and learns first" {
	run_vnet 0 bridge create br0 --stp --forward-delay 2
	[ "$output" = "vnet: with STP a guest waits 4 s for its port (listening and learning, 2.00 s each)" ]
	port a br0
	is p-a .linkinfo.info_slave_data.state listening
	wait_for 6 is p-a .linkinfo.info_slave_data.state forwarding
}

@test "set: in place, each option" {
	local index
	local data=.linkinfo.info_data

	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	port a br0
	index=$(cat /sys/class/net/br0/ifindex)
	run_vnet 0 bridge set br0 --mtu 1400
	is br0 .mtu 1400
	run_vnet 0 bridge set br0 --mac 52:54:00:00:00:02
	is br0 .address 52:54:00:00:00:02
	run_vnet 0 bridge set br0 --stp
	is br0 $data.stp_state 1
	run_vnet 0 bridge set br0 --no-stp --forward-delay 4
	is br0 $data.stp_state 0
	is br0 $data.forward_delay 400
	run_vnet 0 bridge set br0 --ageing 10 --hello 1.3 --max-age 6 --priority 1
	is br0 $data.ageing_time 1000
	is br0 $data.hello_time 130
	is br0 $data.max_age 600
	is br0 $data.priority 1
	[ "$(cat /sys/class/net/br0/ifindex)" = "$index" ]
	is p-a .master br0
	[ "$(addresses br0)" = 10.1.1.254/24 ]
	run_vnet 0 delete br0 --force
	run ! ip link show br0
}

@test "set: one more address, one less, others, none" {
	run_vnet 0 bridge create br0 --mac 52:54:00:00:00:01 --address 10.1.1.254/24
	run_vnet 0 bridge set br0 --address +10.2.1.254/24
	[ "$(addresses br0)" = "10.1.1.254/24 10.2.1.254/24" ]
	run_vnet 0 bridge set br0 --address -10.1.1.254/24 --address=+10.3.1.254/24
	[ "$(addresses br0)" = "10.2.1.254/24 10.3.1.254/24" ]
	run_vnet 0 bridge set br0 --address 10.4.1.254/24 --address 10.2.1.254/24
	[ "$(addresses br0 | tr ' ' '\n' | sort | xargs)" = "10.2.1.254/24 10.4.1.254/24" ]
	run_vnet 0 bridge set br0 --address +fd00:1::1/64
	addresses br0 | grep -q 'fe80::5054:ff:fe00:1/64'
	run_vnet 0 bridge set br0 --address -fd00:1::1/64
	run ! grep : <(addresses br0)
	run_vnet 0 bridge set br0 --no-address
	[ -z "$(addresses br0)" ]
	run_vnet 0 bridge set br0 --no-address --address 10.1.1.254/24
	[ "$(addresses br0)" = 10.1.1.254/24 ]
}

@test "set: of several addresses of one subnet, the first goes alone" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24 --address 10.1.1.253/24 \
		--address 10.1.1.252/24
	ip addr add 10.1.1.7/24 dev br0
	run_vnet 0 bridge set br0 --address -10.1.1.254/24
	[ "$(addresses br0)" = "10.1.1.253/24 10.1.1.252/24 10.1.1.7/24" ]
	run_vnet 0 bridge set br0 --address 10.2.1.254/24
	[ "$(addresses br0)" = "10.1.1.7/24 10.2.1.254/24" ]
	run_vnet 0 bridge set br0 --no-address
	[ "$(addresses br0)" = 10.1.1.7/24 ]
}

@test "set: there and back again" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24 --address fd00:1::1/64 --mac 52:54:00:00:00:01
	port a br0
	wait_for 5 is br0 .operstate UP
	state before
	run_vnet 0 bridge set br0 --address 10.2.1.254/24 --mtu 1400 --stp --forward-delay 15 --ageing 0 \
		--hello 1 --max-age 10 --priority 4096 --mac 52:54:00:00:00:02
	run_vnet 0 bridge set br0 --address 10.1.1.254/24 --address fd00:1::1/64 --mtu 1500 --no-stp \
		--forward-delay 2 --ageing 300 --hello 2 --max-age 20 --priority 32768 \
		--mac 52:54:00:00:00:01
	wait_for 5 is p-a .linkinfo.info_slave_data.state forwarding
	wait_for 5 is br0 .operstate UP
	same_state before
}

@test "set: what it is already changes nothing" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24 --mtu 1400
	port a br0
	wait_for 5 is br0 .operstate UP
	state before
	run_vnet 0 bridge set br0 --address 10.1.1.254/24 --mtu 1400 --no-stp --priority 32768
	[ -z "$output" ]
	same_state before
}

@test "set: taps of guests follow the MTU, other ports do not" {
	run_vnet 0 bridge create br0
	port a br0
	ip tuntap add tap0 mode tap
	ip link set tap0 master br0 group 1986920448 up
	ip tuntap add tap1 mode tap
	ip link set tap1 master br0 up
	run_vnet 0 bridge set br0 --mtu 1400
	is tap0 .mtu 1400
	is tap1 .mtu 1500
	is p-a .mtu 1500
}

@test "set: what someone changed by hand comes back when it is touched" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	port a br0
	wait_for 5 is br0 .operstate UP
	state before
	ip link set br0 mtu 1300 type bridge forward_delay 1000
	ip addr del 10.1.1.254/24 dev br0
	run_vnet 0 bridge set br0 --mtu 1500
	same_state before
}

@test "delete refuses while ports are there, lists them, and is made to by --force" {
	state before
	run_vnet 0 bridge create br0
	run_vnet 0 bridge create br1
	host g
	ip link add p-g type veth peer name eth0 netns g
	ip tuntap add tap0 mode tap
	state ports
	ip link set p-g master br0
	ip link set tap0 master br0 group 1986920448 up
	state full
	run_vnet 2 delete br0
	[ "$output" = "vnet: delete br0: br0 still has ports: p-g tap0 (--force deletes it all the same)" ] ||
		[ "$output" = "vnet: delete br0: br0 still has ports: tap0 p-g (--force deletes it all the same)" ]
	same_state full
	run_vnet 0 delete br1 # which has none
	run_vnet 0 bridge delete br0 --force
	run ! ip link show br0
	is p-g '.master // "none"' none
	is tap0 '.master // "none"' none
	ip link del tap0
	ip link del p-g
	ip netns del g
	same_state before
}

@test "delete, when someone deleted the bridge" {
	state before
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	ip link del br0
	run_vnet 0 delete br0
	same_state before
}

@test "delete, when someone made another bridge of that name" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	ip link del br0
	ip link add br0 address 52:54:00:00:00:09 type bridge
	ip addr add 10.9.0.1/24 dev br0
	ip link set br0 up
	port a br0
	wait_for 5 is br0 .operstate UP
	wait_for 5 eval '! ip -6 addr show tentative | grep -q .' # then come routes
	SNAP_OPTIONS=(-a)
	state before
	run_vnet 2 bridge set br0 --mtu 1400
	run_vnet 2 dhcp 10.1.1.11-100 --net br0
	same_state before
	run_vnet 0 delete br0
	same_state before
	run_vnet 2 delete br0
	# Nor is it for create.
	run_vnet 2 bridge create br0
	same_state before
}

@test "two of three marks make a bridge vnet's, one does not" {
	run_vnet 0 bridge create br0
	run_vnet 0 bridge create br1
	run_vnet 0 bridge create br2
	ip link set br0 alias ''
	ip link set br1 group 7
	ip link set br2 group 7 alias ''
	run_vnet 0 bridge set br0 --mtu 1400
	run_vnet 0 bridge set br1 --mtu 1400
	run_vnet 2 bridge set br2 --mtu 1400
	run_vnet 0 delete br0
	run_vnet 0 delete br1
	run_vnet 0 delete br2
	run ! ip link show br0
	run ! ip link show br1
	ip link show br2
}

@test "overlapping subnets only by --force" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	run_vnet 2 bridge create br1 --address 10.1.1.1/16
	run_vnet 0 bridge create br1 --address 10.1.1.1/16 --force
	[ "$(addresses br1)" = 10.1.1.1/16 ]
	# It is there already: to set something else asks nothing again.
	run_vnet 0 bridge set br1 --mtu 1400
}

@test "-n acts in another namespace, as ip -n does" {
	local here

	host there
	state here
	run_vnet 0 -n there bridge create br0 --address 10.1.1.254/24
	ip -n there addr show br0 | grep -q 10.1.1.254/24
	run ! ip link show br0
	run_vnet 0 -n there show
	[ "${lines[0]%%:*}" = br0 ]
	run_vnet 0 show
	[ -z "$output" ]
	# Two of one name, in two namespaces.
	run_vnet 0 bridge create br0 --mtu 1400
	run_vnet 0 -n there bridge set br0 --mtu 1300
	is br0 .mtu 1400
	here=$(ip -n there -j link show br0 | jq '.[0].mtu')
	[ "$here" = 1300 ]
	run_vnet 0 delete br0
	run_vnet 0 -n there delete br0
	run ! ip -n there link show br0
	run ! ls /run/vnet/*/br0.net
}
