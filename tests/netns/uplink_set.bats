#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A bridge that is there already gets the host's NIC as uplink, and gives it back. The host is one
# with much on its NIC, see ../lib/host.bash.

load ../lib/netns
load ../lib/state
load ../lib/host

setup()
{
	ready_host
}

# A guest, behind a veth pair, for which the bridge has a carrier.
guest()
{
	host g
	ip link add p-g type veth peer name eth0 netns g
	ip link set p-g addrgenmode none
	ip link set p-g master br0 up
	ip -n g link set eth0 up
	ip -n g addr add 10.1.1.7/24 dev eth0
	ip -n g addr add 2001:db8:1::7/64 dev eth0 nodad
	wait_for 12 in_host g ping -q -c 1 -W 1 10.1.1.254
	wait_for 5 none_tentative
}

# Who asks whether someone has his address has it, in a second or two.
none_tentative()
{
	! ip -6 addr show tentative | grep -q . && ! ip -n g -6 addr show tentative | grep -q .
}

# bridge [OPTION...]: one with a guest
bridge()
{
	run_vnet 0 bridge create br0 --address 10.1.1.254/24 --address 2001:db8:1::1/64 "$@"
	guest
}

@test "onto a bridge with a guest, and back: nothing differs" {
	local addresses

	addresses=$(on eth0)
	bridge
	state before
	mac=$(cat /sys/class/net/br0/address)
	run_vnet 0 bridge set br0 --uplink eth0
	[ "$output" = "vnet: the host is at the MAC $mac from now on, that of br0" ]
	[ -z "$(on eth0)" ]
	[ "$(cat /sys/class/net/br0/address)" = "$mac" ]
	for address in $addresses 10.1.1.254 2001:db8:1::1; do
		[[ " $(on br0) " == *" $address "* ]] || fail "$address is not on br0: $(on br0)"
	done
	[ "$(cat /proc/sys/net/ipv4/conf/br0/arp_ignore)" = 1 ]
	[ "$(cat /proc/sys/net/ipv4/conf/br0/rp_filter)" = "$(cat /proc/sys/net/ipv4/conf/eth0/rp_filter)" ]
	[ -z "$(ip -4 route show table all dev eth0)" ]
	[ -z "$(ip -6 route show table all dev eth0 | grep -v '^multicast ff00::/8')" ]
	[ -z "$(ip neigh show dev eth0 nud permanent)" ]
	# who knows the gateway's side was told: no entry has another MAC
	[ "$(ip -n far -j neigh show to 10.9.0.2 | jq -r '.[0].lladdr')" = "$mac" ]
	[ "$(ip -n far -j neigh show to 2001:db8:9::2 | jq -r '.[0].lladdr')" = "$mac" ]
	knows
	in_host g ping -q -c 1 -W 2 10.1.1.254
	run_vnet 0 bridge set br0 --no-uplink
	[ "$(on eth0)" = "$addresses" ]
	[ "$(ip -n far -j neigh show to 10.9.0.2 | jq -r '.[0].lladdr')" = 02:00:00:00:0a:02 ]
	[ "$(ip -n far -j neigh show to 2001:db8:9::2 | jq -r '.[0].lladdr')" = 02:00:00:00:0a:02 ]
	knows
	in_host g ping -q -c 1 -W 2 10.1.1.254
	[ "$(cat /proc/sys/net/ipv6/conf/br0/accept_ra)" = 0 ]
	[ "$(cat /proc/sys/net/ipv6/conf/br0/autoconf)" = 0 ]
	[ "$(ip -j -d link show br0 | jq -r '.[0].inet6_addr_gen_mode')" = none ]
	[ "$(ip -6 addr show dev br0 scope link | grep -c inet6)" = 1 ]
	same_state before
	run_vnet 0 show br0
	[[ $output != *drift* ]]
}

@test "onto a bridge without ports" {
	run_vnet 0 bridge create br0
	# A first port leaves a trace of its own, in a route for multicast and in limits.
	run_vnet 0 bridge set br0 --uplink eth0
	run_vnet 0 bridge set br0 --no-uplink
	knows
	state before
	run_vnet 0 bridge set br0 --uplink eth0
	knows
	run_vnet 0 bridge set br0 --no-uplink
	knows
	same_state before
}

@test "delete gives it back too" {
	state before
	bridge
	run_vnet 0 bridge set br0 --uplink eth0
	knows
	ip link del p-g
	ip netns del g
	run_vnet 0 delete br0
	knows
	same_state before
}

@test "of a bridge that was made with it: off and on again" {
	local addresses

	addresses=$(on eth0)
	run_vnet 0 bridge create br0 --uplink eth0 --address 10.1.1.254/24 --address 2001:db8:1::1/64
	ip route add 198.51.200.0/24 via 10.1.1.7 dev br0
	guest
	run_vnet 0 bridge set br0 --no-uplink
	[ "$(on eth0)" = "$addresses" ]
	[ "$(ip -j route show 198.51.200.0/24 | jq -r '.[0].dev')" = br0 ]
	# the same MAC, and each its own link-local address by it
	[ "$(on br0)" = "10.1.1.254 2001:db8:1::1 fe80::ff:fe00:a02" ]
	[ "$(cat /sys/class/net/br0/address)" = 02:00:00:00:0a:02 ]
	knows
	in_host g ping -q -c 1 -W 2 2001:db8:1::1
	state before
	run_vnet 0 bridge set br0 --uplink eth0
	[ -z "$output" ]
	knows
	run_vnet 0 bridge set br0 --no-uplink
	knows
	same_state before
}

@test "its MTU is the NIC's, and its taps'" {
	ip link set eth0 mtu 1400
	run_vnet 0 bridge create br0
	ip tuntap add tap0 mode tap
	ip link set tap0 group "$(ip -j link show br0 | jq -r '.[0].group')" master br0 up
	run_vnet 0 bridge set br0 --uplink eth0
	[ "$(cat /sys/class/net/br0/mtu)" = 1400 ]
	[ "$(cat /sys/class/net/tap0/mtu)" = 1400 ]
	knows
	run_vnet 0 show br0
	[[ $output == *"mtu 1400, "* && $output != *drift* ]]
	# again: nothing to do
	run_vnet 0 bridge set br0 --uplink eth0 --dry-run
	[ -z "$output" ]
}

@test "with STP on it is refused, and when forced waits" {
	bridge --stp
	state before
	run_vnet 2 bridge set br0 --uplink eth0
	[[ $output == *"br0 speaks STP: for 4 s the host would be cut off (listening and learning): want --no-stp first, or --force" ]]
	same_state before
	run_vnet 0 bridge set br0 --uplink eth0 --force
	wait_for 20 reaches
	knows
}

@test "one NIC for another, or with other options: refused" {
	ip link add eth1 type veth peer name g1
	run_vnet 0 bridge create br0 --uplink eth0
	state before
	run_vnet 2 bridge set br0 --uplink eth1
	[[ $output == *"br0 has the uplink eth0: want --no-uplink first, then --uplink eth1" ]]
	run_vnet 2 bridge set br0 --no-uplink --mtu 1400
	[[ $output == *"--no-uplink with other options: want it in a call of its own" ]]
	run_vnet 2 bridge set br0 --uplink eth0 --mac 52:54:00:00:00:01
	[[ $output == *"--uplink with other options: want it in a call of its own" ]]
	same_state before
}

@test "one that was taken off comes back when asked for" {
	run_vnet 0 bridge create br0 --uplink eth0
	ip link set eth0 nomaster
	# ... and not by the way
	run_vnet 0 bridge set br0 --ageing 100
	[ "$(ip -j link show eth0 | jq -r '.[0].master')" = null ]
	run_vnet 2 bridge set br0 --no-uplink
	[[ $output == *"eth0 is no port of br0 any more: want "*" (--force keeps the addresses of br0)" ]]
	run_vnet 0 bridge set br0 --uplink eth0
	knows
	run_vnet 0 show br0
	[[ $output != *drift* ]]
	run_vnet 0 delete br0
	knows
}

@test "the NIC's MAC was changed by hand: the bridge can be changed" {
	run_vnet 0 bridge create br0 --uplink eth0
	ip link set eth0 address 02:00:00:00:0a:99
	run_vnet 0 bridge set br0 --ageing 100
	[ "$(cat /sys/class/net/br0/address)" = 02:00:00:00:0a:02 ]
	run_vnet 0 bridge set br0 --no-uplink
	knows
}

# lost FILE: how many of ping's packets did not come back
lost()
{
	sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' "$1" |
		{ read -r sent received && echo $((sent - received)); }
}

@test "packets pass while it moves" {
	local pids=() pid to

	bridge
	state before
	for to in 192.0.2.1 2001:db8:ff::1; do
		ping -q -i 0.005 "$to" >"$BATS_TEST_TMPDIR/$to" &
		pids+=($!)
	done
	for to in 10.9.0.2 2001:db8:9::2; do
		ip netns exec far ping -q -i 0.005 "$to" >"$BATS_TEST_TMPDIR/$to" &
		pids+=($!)
	done
	sleep 0.2
	for _ in 1 2 3 4 5; do
		run_vnet 0 bridge set br0 --uplink eth0
		run_vnet 0 bridge set br0 --no-uplink
	done
	sleep 0.2
	for pid in "${pids[@]}"; do
		kill -INT "$pid"
		ends_with 0 "$pid" # some answers came
	done
	for to in 192.0.2.1 2001:db8:ff::1 10.9.0.2 2001:db8:9::2; do
		grep transmitted "$BATS_TEST_TMPDIR/$to"
		[ "$(lost "$BATS_TEST_TMPDIR/$to")" -le 10 ]
	done
	same_state before
}

isolated()
{
	ip -j -d link show "$1" | jq -r '.[0].linkinfo.info_slave_data.isolated'
}

@test "a bridge that is served: the LAN does not hear the server" {
	local end

	echo 'nameserver 192.0.2.53' >/etc/resolv.conf
	bridge
	run_vnet 0 dhcp 10.1.1.11-100
	end=$(ip -j link show type veth | jq -r '.[].ifname | select(startswith("vnd-"))')
	run_vnet 0 bridge set br0 --uplink eth0
	[ "$(isolated eth0) $(isolated "$end")" = "true true" ]
	knows
	run_vnet 0 show br0
	[[ $output == *"dhcp 10.1.1.11-10.1.1.100: running"* && $output != *drift* ]]
	run_vnet 0 bridge set br0 --no-uplink
	[ "$(isolated "$end")" = false ]
	knows
	run_vnet 0 show br0
	[[ $output == *"dhcp 10.1.1.11-10.1.1.100: running"* && $output != *drift* ]]
}

@test "an MTU that the NIC does not let through: refused" {
	local line="--mtu 9000: the uplink eth0 lets no more through than 1500: want at most that"

	state before
	run_vnet 2 bridge create br0 --uplink eth0 --mtu 9000
	[[ $output == *": $line" ]]
	same_state before
	run_vnet 0 bridge create br0 --uplink eth0 --mtu 1400
	run_vnet 2 bridge set br0 --mtu 9000
	[[ $output == *": $line" ]]
	[ "$(cat /sys/class/net/br0/mtu)" = 1400 ]
	run_vnet 0 bridge set br0 --mtu 1500
}

@test "a port without IPv6 can't take its addresses back: refused" {
	local verb

	run_vnet 0 bridge create br0 --uplink eth0
	echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
	state joined
	for verb in "delete br0" "bridge set br0 --no-uplink"; do
		# shellcheck disable=SC2086 # words
		run_vnet 2 $verb
		[[ $output == *" could not be given back to eth0: want \`sysctl net/ipv6/conf/eth0/disable_ipv6=0\` first" ]]
	done
	same_state joined
	echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
	run_vnet 0 delete br0
}
