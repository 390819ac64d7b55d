#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# sudo examples/two-namespaces.sh    two network namespaces on one bridge, their addresses by DHCP
#
#	one ── eth0 ─┐
#	             ├─ demo0 on the host, 10.77.0.1
#	two ── eth0 ─┘
#
# Needs vnet, ip, ping and busybox, whose udhcpc is the DHCP client. At the end, however it ends, all
# of it is taken away again.

set -eu

undo=()    # commands, the last one first
leaving()
{
	local command

	for command in "${undo[@]}"; do
		$command
	done
}
trap leaving EXIT

# Run a command, and note the one that takes it back: do_and UNDO -- COMMAND...
do_and()
{
	local back=$1
	shift 2

	echo "# $*"
	"$@"
	undo=("$back" "${undo[@]}")
}

# A namespace with one end of a veth pair; the other end is a port of the bridge.
guest()
{
	do_and "ip netns del $1" -- ip netns add "$1"
	ip link add "demo-$1" type veth peer name eth0 netns "$1"
	ip link set "demo-$1" master demo0 up
	ip -n "$1" link set lo up
	ip -n "$1" link set eth0 up
}

# What udhcpc calls with the lease in its environment.
lease_script()
{
	cat >"$1" <<-'END'
		#!/bin/sh
		[ "$1" = bound ] || exit 0
		ip addr add "$ip/$mask" dev "$interface"
		ip route add default via "$router"
	END
	chmod +x "$1"
}

lease()
{
	ip netns exec "$1" busybox udhcpc -q -n -t 5 -T 1 -i eth0 -s "$script"
}

script=$(mktemp)
undo=("rm -f $script")
lease_script "$script"

do_and "vnet delete demo0 --force" -- vnet bridge create demo0 --address 10.77.0.1/24
vnet dhcp 10.77.0.11-100 --net demo0
guest one
guest two
lease one
lease two

vnet leases --net demo0
vnet show demo0
address=$(ip -n two -4 -brief addr show dev eth0 | awk '{ sub("/.*", "", $3); print $3 }')
ip netns exec one ping -c 1 -W 2 "$address"
ip netns exec one ping -c 1 -W 2 10.77.0.1
