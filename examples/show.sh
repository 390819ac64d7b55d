#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# sudo examples/show.sh >show.svg    a picture of a network with an uplink and guests; the tree to see
#
#	demo-web ─┐
#	demo-db  ─┼─ demo0 ── eth0 of the host ─── LAN
#	QEMU     ─┘
#
# Host, guests and LAN are network namespaces here. Needs vnet, ip, ping, busybox, whose udhcpc is the
# DHCP client, and qemu-system-x86_64. At the end, however it ends, all of it is taken away again.

set -eu
exec 3>&1 >&2 # the picture alone goes to standard output

undo=()    # commands, the last one first
leaving()
{
	local command

	for command in "${undo[@]}"; do
		$command 2>/dev/null || :
	done
}
trap leaving EXIT

namespace()
{
	ip netns add "$1"
	undo=("ip netns del $1" "${undo[@]}")
	ip -n "$1" link set lo up
}

# A cable from interface $1 of the host to eth0 of namespace $2.
cable()
{
	ip -n demo-host link add "$1" type veth peer name eth0 netns "$2"
	ip -n demo-host link set "$1" up
	ip -n "$2" link set eth0 up
}

# A guest in a namespace: a port of the bridge, and a lease under the name $1.
guest()
{
	namespace "demo-$1"
	cable "$1" "demo-$1"
	ip -n demo-host link set "$1" master demo0
	ip netns exec "demo-$1" busybox udhcpc -q -n -t 5 -T 1 -i eth0 -x "hostname:$1" -s "$script"
	ip netns exec "demo-$1" ping -q -c 3 -i 0.1 -W 2 10.77.0.1
}

# What udhcpc calls with the lease in its environment.
script=$(mktemp)
undo=("rm -f $script")
cat >"$script" <<-'END'
	#!/bin/sh
	[ "$1" = bound ] || exit 0
	ip addr add "$ip/$mask" dev "$interface"
END
chmod +x "$script"

namespace demo-host
namespace demo-lan
cable eth0 demo-lan
ip -n demo-host addr add 10.77.0.2/24 dev eth0
ip -n demo-lan addr add 10.77.0.1/24 dev eth0

undo=("vnet -n demo-host delete demo0 --force" "${undo[@]}")
vnet -n demo-host bridge create demo0 --uplink eth0
vnet -n demo-host dhcp 10.77.0.11-20 --router 10.77.0.1 --dns none
guest web
guest db

# A virtual machine: here, one that does not begin to run.
ip netns exec demo-host qemu-system-x86_64 -machine none -nodefaults -display none -S -monitor none \
	-netdev "tap,id=n0,ifname=vm0,script=${VNET_LIBEXEC:-/usr/libexec}/vnet-ifup,downscript=no" 3>&- &
undo=("kill $!" "${undo[@]}")
for _ in {1..100}; do
	if ip -n demo-host -br link show vm0 | grep -q LOWER_UP; then
		break
	fi
	sleep 0.1
done

vnet -n demo-host show demo0
vnet -n demo-host show demo0 --svg >&3
