#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# sudo examples/uplink.sh    a host's network card becomes the way out of a bridge, and comes back
#
#	guest ── demo0 ── eth0 of the host ─── LAN
#	       10.77.0.2                     10.77.0.1
#
# The guest has its lease and reaches the LAN; the LAN does not hear the host's DHCP server.
#
# Host, guest and LAN are network namespaces here, so that it is not your own card. On a machine,
# leave out `-n demo-host`. Needs vnet, ip, ping and busybox, whose udhcpc is the DHCP client. At the
# end, however it ends, all of it is taken away again.

set -eu

undo=()    # commands, the last one first
leaving()
{
	local command

	for command in "${undo[@]}"; do
		$command 2>/dev/null || :
	done
}
trap leaving EXIT

# Run a command as the user types it.
typed()
{
	echo "# $*"
	"$@"
}

namespace()
{
	ip netns add "$1"
	undo=("ip netns del $1" "${undo[@]}")
	ip -n "$1" link set lo up
}

# A cable from namespace $1, interface $2, to namespace $3, interface $4.
cable()
{
	ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
	ip netns exec "$1" sh -c "echo 0 >/proc/sys/net/ipv6/conf/$2/accept_dad"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

# A lease for namespace $1, interface $2.
lease()
{
	ip netns exec "$1" busybox udhcpc -q -n -t 5 -T 1 -i "$2" -s "$script"
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
namespace demo-guest
namespace demo-lan
cable demo-host eth0 demo-lan lan0
ip -n demo-host addr add 10.77.0.2/24 dev eth0
ip -n demo-lan addr add 10.77.0.1/24 dev lan0
ip -n demo-lan addr add 10.77.0.11/24 dev lan0 # someone has the range's first address already

undo=("vnet -n demo-host delete demo0 --force" "${undo[@]}")
typed vnet -n demo-host bridge create demo0 --uplink eth0
typed vnet -n demo-host dhcp 10.77.0.11-12 --router none --dns none
cable demo-host p-guest demo-guest eth0
ip -n demo-host link set p-guest master demo0

lease demo-guest eth0
ip netns exec demo-guest ping -c 1 -W 2 10.77.0.1 # the guest reaches the LAN
ip netns exec demo-host ping -c 1 -W 2 10.77.0.1  # and so does the host, as before
if lease demo-lan lan0; then
	echo "the LAN hears the host's DHCP server" >&2
	exit 1
fi
typed vnet -n demo-host show demo0

ip -n demo-host link del p-guest
typed vnet -n demo-host delete demo0
typed ip -n demo-host -br addr show dev eth0
