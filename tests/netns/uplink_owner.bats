#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An uplink that someone else configures: a DHCP client, or a program that manages links. The
# clients are the real ones; their server, in the namespace far, is busybox's: it grants leases as
# short as these tests want them.

load ../lib/netns
load ../lib/state

setup()
{
	: "${LEASE:=60}"
	: >/etc/resolv.conf
	host far
	ip link add eth0 address 02:00:00:00:0a:02 type veth peer name g0 netns far
	ip -n far addr add 10.9.0.1/24 dev g0
	ip -n far link set g0 up
	ip link set eth0 up
	wait_for 5 at_rest
	wait_for 5 settled
	vnet bridge create warm
	vnet delete warm
	mkdir -p "$BATS_TEST_TMPDIR/$$"
	LOG=$BATS_TEST_TMPDIR/$$/log
}

# serve SECONDS: the LAN's DHCP server
serve()
{
	local dir=$BATS_TEST_TMPDIR/$$

	printf '%s\n' 'start 10.9.0.100' 'end 10.9.0.150' 'interface g0' "lease_file $dir/leases" \
		"pidfile $dir/pid" 'option subnet 255.255.255.0' 'option router 10.9.0.1' \
		'option dns 10.9.0.1' "option lease $1" 'min_lease 10' >"$dir/conf"
	: >"$dir/leases"
	ip netns exec far busybox udhcpd -f -a 100 "$dir/conf" >"$LOG" 2>&1 3>&- &
	wait_for 5 grep -q started "$LOG"
}

# acks: how many leases the server has granted or renewed
acks()
{
	grep -c 'sending ACK' "$LOG" || :
}

has_acks()
{
	[ "$(acks)" -ge "$1" ]
}

# start CLIENT: as its administrator would, and until eth0 has its address
start()
{
	case $1 in
	dhclient) dhclient -4 -pf /run/dhclient.eth0.pid -lf /var/lib/dhcp/dhclient.eth0.leases eth0 ;;
	udhcpc) udhcpc -i eth0 -p /run/udhcpc.eth0.pid ;;
	dhcpcd) dhcpcd -q eth0 ;;
	esac >/dev/null 2>&1 3>&-
	ADDR=$(ip -4 -j addr show dev eth0 | jq -r '.[0].addr_info[0].local')
	[[ $ADDR == 10.9.0.1?? ]]
	wait_for 5 settled
	grep -q 'nameserver 10.9.0.1' /etc/resolv.conf
}

settled()
{
	[ -z "$(ip -6 addr show dev eth0 tentative)" ]
}

# running CLIENT LINK: the processes of that client at work on that link, a line each
running()
{
	ps -eo pid=,args= | sed -n "s/^ *\([0-9]*\) [^ ]*\($1\)\(: $2\| .*\b$2\b\).*/\1/p" | grep -v "^$$\$"
}

# exactly CLIENT LINK: it is at work there, once, and nowhere else
exactly()
{
	local other=eth0

	[ "$2" != eth0 ] || other=br0
	wait_for 3 once "$1" "$2" || { ps -eo pid=,args=; fail "$1 is not on $2, once"; }
	[ -z "$(running "$1" "$other")" ] || fail "$1 is on $other too"
}

once()
{
	[ "$(running "$1" "$2" | wc -l)" -eq 1 ]
}

on()
{
	ip -4 -j addr show dev "$1" | jq -r '[.[0].addr_info[].local] | sort | join(" ")'
}

# ---- who is there is refused ----

refused_with()
{
	start "$1"
	state before
	run_vnet 2 bridge create br0 --uplink eth0
	[[ $output == "vnet: bridge create br0: $1 (process "*") has eth0, will not follow to br0 and will give eth0 its address again: want --uplink-dhcp client or static, or --force" ]]
	exactly "$1" eth0
	run_vnet 0 bridge create br0 --uplink eth0 --force
	[ "$(on br0)" = "$ADDR" ]
	run_vnet 0 delete br0
}

@test "dhclient is refused" {
	serve 600
	refused_with dhclient
}

@test "dhcpcd is refused" {
	serve 600
	refused_with dhcpcd
}

@test "udhcpc is refused" {
	serve 600
	refused_with udhcpc
}

@test "what cannot be handed over is refused" {
	serve 600
	run_vnet 2 bridge create br0 --uplink-dhcp client
	[[ $output == *": --uplink-dhcp without --uplink: want both" ]]
	run_vnet 2 bridge create br0 --uplink eth0 --uplink-dhcp client
	[[ $output == *": --uplink-dhcp: neither dhclient, dhcpcd nor udhcpc is at work on eth0: leave it out" ]]
	ip addr add 10.9.0.77/24 dev eth0 valid_lft 1000 preferred_lft 1000
	run_vnet 2 bridge create br0 --uplink eth0
	[[ $output == *": eth0 holds 10.9.0.77/24 by DHCP ("*" s left); its client will not follow to br0: want --uplink-dhcp static, or --force" ]]
	run_vnet 2 bridge create br0 --uplink eth0 --uplink-dhcp client
	[[ $output == *"is at work on eth0: leave it out, or want static" ]]
	ip addr flush dev eth0
	udhcpc -R -i eth0 -p /run/one.pid >/dev/null 2>&1 3>&-
	run_vnet 2 bridge create br0 --uplink eth0 --uplink-dhcp client
	[[ $output == *": --uplink-dhcp: udhcpc (process "*") can't be taken off eth0, for it gives its lease up when it ends (-R)" ]]
	start dhclient
	run_vnet 2 bridge create br0 --uplink eth0 --uplink-dhcp client
	[[ $output == *": --uplink-dhcp: more than one DHCP client is at work on eth0: want one" ]]
	kill "$(cat /run/one.pid)" "$(cat /run/dhclient.eth0.pid)"
	wait_for 3 [ -z "$(running dhclient eth0)" ]
	sed -i /persistent/d /etc/dhcpcd.conf
	dhcpcd -q eth0 >/dev/null 2>&1 3>&-
	run_vnet 2 bridge create br0 --uplink eth0 --uplink-dhcp client
	[[ $output == *"can't be taken off eth0, for /etc/dhcpcd.conf lacks \`persistent\`" ]]
}

@test "one client for several links stays where it is" {
	serve 600
	ip link add eth1 up type veth peer name other1
	dhclient -4 -nw -pf /run/both.pid -lf /run/both.leases eth1 eth0 >/dev/null 2>&1 3>&-
	wait_for 10 eval '[[ $(on eth0) == 10.9.0.1?? ]]'
	wait_for 5 settled
	run_vnet 2 bridge create br0 --uplink eth0 --uplink-dhcp client
	[[ $output == *": --uplink-dhcp: dhclient (process "*") can't be taken off eth0, for it serves other links too" ]]
}

# ---- the client goes along ----

# renewed LINK: three renewals, and the address is not away for a moment. One more acknowledgement
# than those: the first may be of what the client asks for when it is started.
renewed()
{
	local dir=$BATS_TEST_TMPDIR/$$ ping monitor

	ip monitor address dev "$1" >"$dir/monitor" 3>&- &
	monitor=$!
	ip netns exec far ping -q -i 0.02 "$ADDR" >"$dir/ping" 3>&- &
	ping=$!
	sleep 1
	wait_for $((LEASE * 3)) has_acks $(($(acks) + 4))
	sleep 1
	kill -INT $ping
	ends_with 0 $ping
	kill $monitor
	ends_with 143 $monitor
	[ -z "$(grep -E "Deleted.* $ADDR/" "$dir/monitor")" ]
	grep -q ' 0% packet loss' "$dir/ping"
	[[ " $(on "$1") " == *" $ADDR "* ]]
	grep -q 'nameserver 10.9.0.1' /etc/resolv.conf
}

# handed CLIENT: all of it, in a namespace of its own
handed()
{
	setup
	serve "$LEASE"
	start "$1"
	route=$(ip -4 route)
	run_vnet 0 bridge create br0 --uplink eth0 --uplink-dhcp client
	exactly "$1" br0
	[ "$(on br0)" = "$ADDR" ]
	[ -z "$(on eth0)" ]
	renewed br0
	exactly "$1" br0
	run_vnet 0 delete br0
	exactly "$1" eth0
	[ "$(on eth0)" = "$ADDR" ]
	renewed eth0
	exactly "$1" eth0
	[ "$(ip -4 route)" = "$route" ] || fail "$(ip -4 route), and not $route"
	[ -z "$(find /run/vnet -name 'br0*')" ]
	[ ! -e /var/lib/dhcpcd/br0.lease ]
}

# 16 s: the least that busybox's client takes for a lease time.
@test "the client goes along and comes back: three renewals each, no address lost" {
	local client pids=()

	export BATS_TEST_TMPDIR VNET_TOP LEASE=16
	[ "$VNET_SLICE" != all ] || LEASE=60
	for client in dhclient dhcpcd udhcpc; do
		fresh_ns handed "$client" >"$BATS_TEST_TMPDIR/$client" 2>&1 3>&- &
		pids+=($!)
	done
	for client in dhclient dhcpcd udhcpc; do
		wait "${pids[0]}" || { cat "$BATS_TEST_TMPDIR/$client"; fail "$client"; }
		pids=("${pids[@]:1}")
	done
}

@test "a client that died on the bridge is started on the NIC all the same" {
	serve 600
	start dhclient
	run_vnet 0 bridge create br0 --uplink eth0 --uplink-dhcp client
	exactly dhclient br0
	kill "$(running dhclient br0)"
	wait_for 3 [ -z "$(running dhclient br0)" ]
	run_vnet 0 delete br0
	exactly dhclient eth0
	[ "$(on eth0)" = "$ADDR" ]
}

@test "vnet-udhcpc leaves out the first event, and no other" {
	printf '#!/bin/sh\necho "script $1"\n' >/run/script
	chmod +x /run/script
	export VNET_UDHCPC_SCRIPT=/run/script
	[ "$(sh -c 'vnet-udhcpc deconfig; vnet-udhcpc bound; vnet-udhcpc deconfig')" = $'script bound\nscript deconfig' ]
	run vnet-udhcpc
	[ "$status" -eq 2 ]
	[ "$output" = "vnet-udhcpc: want an event, as udhcpc gives it" ]
	VNET_UDHCPC_SCRIPT=/nix run vnet-udhcpc bound
	[ "$output" = "vnet-udhcpc: /nix: No such file or directory" ]
}

# ---- or its address stays ----

left()
{
	ip -4 -j addr show dev "$1" | jq -r '.[0].addr_info[0].valid_life_time'
}

@test "the address stays, and goes back with what is left of its lease" {
	serve 600
	start dhclient
	run_vnet 0 bridge create br0 --uplink eth0 --uplink-dhcp static
	[[ $output == *"vnet: the addresses of br0 stay for ever now: the DHCP server may give them to someone else"* ]]
	[[ $output == *"vnet: dhclient on eth0 is stopped until the bridge is deleted"* ]]
	[ "$(left br0)" = 4294967295 ]
	[ -z "$(running dhclient eth0)$(running dhclient br0)" ]
	run_vnet 0 show br0
	[[ $output == *"uplink-dhcp static"* ]]
	run_vnet 0 delete br0
	exactly dhclient eth0
	[ "$(left eth0)" -le 600 ]
	[ "$(left eth0)" -gt 580 ]
}

@test "without a client, too; what has run out stays" {
	ip addr add 10.9.0.77/24 dev eth0 valid_lft 2 preferred_lft 2
	run_vnet 0 bridge create br0 --uplink eth0 --uplink-dhcp static
	sleep 3
	run_vnet 0 delete br0
	[ "$(on eth0)" = 10.9.0.77 ]
	[ "$(left eth0)" = 4294967295 ]
}

# ---- killed ----

# Whether it is killed before, while or after the client changes its link: there is one, and with
# recover's help one on the link that has the address.
killed()
{
	local client=$1 n status step=$2

	shift 2
	for ((n = step; ; n += step)); do
		status=0
		ASAN_OPTIONS=detect_leaks=0 killat -o /dev/null -m /vnet "$n" -- vnet "$@" >/dev/null 2>&1 ||
			status=$?
		[ "$status" -ne 10 ] || break
		[ "$status" -eq 0 ] || fail "killat: $status"
		run_vnet 0 recover
		if [ -e /sys/class/net/br0 ]; then
			exactly "$client" br0
			[ "$(on br0)" = "$ADDR" ]
			[ "$1" != bridge ] || run_vnet 0 delete br0
		else
			exactly "$client" eth0
			[ "$(on eth0)" = "$ADDR" ]
			[ "$1" = bridge ] ||
				run_vnet 0 bridge create br0 --uplink eth0 --uplink-dhcp client
		fi
	done
	[ "$n" -gt $((3 * step)) ] # some kills there were
}

killed_both_ways()
{
	serve 600
	start "$1"
	killed "$1" "$2" bridge create br0 --uplink eth0 --uplink-dhcp client
	exactly "$1" br0
	killed "$1" "$2" delete br0
	exactly "$1" eth0
}

@test "a bridge that is there gets the client with the NIC, and gives both back" {
	serve 600
	start udhcpc
	run_vnet 0 bridge create br0
	run_vnet 2 bridge set br0 --uplink-dhcp client
	[[ $output == *": --uplink-dhcp without --uplink: want both" ]]
	run_vnet 2 bridge set br0 --uplink eth0 --uplink-dhcp client
	[[ $output == *": --uplink-dhcp client: br0 has a MAC of its own, to which the server leases another address: want static, or br0 created with --mac 02:00:00:00:0a:02" ]]
	exactly udhcpc eth0
	run_vnet 0 delete br0
	run_vnet 0 bridge create br0 --mac 02:00:00:00:0a:02
	run_vnet 0 bridge set br0 --uplink eth0 --uplink-dhcp client
	exactly udhcpc br0
	sleep 2 # so much more than it takes to get a lease of another address
	[ "$(on br0)" = "$ADDR" ]
	run_vnet 2 bridge set br0 --uplink-dhcp static
	[[ $output == *": --uplink-dhcp: eth0 is the uplink already: want --no-uplink first" ]]
	run_vnet 0 bridge set br0 --no-uplink
	exactly udhcpc eth0
	[ "$(on eth0)" = "$ADDR" ]
	[ -z "$(grep uplink /run/vnet/*/br0.net)" ]
	run_vnet 0 delete br0
}

@test "a client that the watchdog gives back is as it was started" {
	local umask

	serve 600
	start dhclient
	umask=$(umask_of dhclient eth0)
	run_vnet 0 bridge create br0 --uplink eth0 --uplink-dhcp client --confirm 600
	[ "$(stat -c %a /run/vnet/*/watchdog)" = 600 ]
	exactly dhclient br0
	kill -TERM "$(pgrep -x vnet-watchdog)"
	wait_for 5 gone br0
	exactly dhclient eth0
	[ "$(on eth0)" = "$ADDR" ]
	[ "$(umask_of dhclient eth0)" = "$umask" ]
}

gone()
{
	[ ! -e "/sys/class/net/$1" ]
}

umask_of()
{
	sed -n 's/^Umask:\t//p' "/proc/$(running "$1" "$2")/status"
}

@test "killed on the way, dhclient is there once" {
	killed_both_ways dhclient "$([ "$VNET_SLICE" = all ] && echo 3 || echo 101)"
}

@test "killed on the way, udhcpc is there once" {
	killed_both_ways udhcpc "$([ "$VNET_SLICE" = all ] && echo 3 || echo 103)"
}

@test "killed on the way, dhcpcd is there once" {
	killed_both_ways dhcpcd "$([ "$VNET_SLICE" = all ] && echo 5 || echo 127)"
}

# ---- managers ----

# fake NAME: a process of that name
fake()
{
	mkdir /run/bin
	cp "$(command -v sleep)" "/run/bin/$1"
	"/run/bin/$1" 100 3>&- &
}

# managed NAME
managed()
{
	run_vnet 2 bridge create br0 --uplink eth0
	[[ $output == "vnet: bridge create br0: $1 configures eth0, and will take the addresses of br0 back to it, or away: have it make the bridge itself, as below, or --force"$'\n'* ]]
}

@test "NetworkManager is refused, and told how" {
	ip addr add 10.9.0.2/24 dev eth0
	ip route add default via 10.9.0.1
	mkdir -p /run/NetworkManager/devices
	printf '[device]\nmanaged=true\n' >/run/NetworkManager/devices/"$(cat /sys/class/net/eth0/ifindex)"
	run_vnet 0 bridge create br0 --uplink eth0 --dry-run # it does not run
	fake NetworkManager
	managed NetworkManager
	[ "${lines[1]}" = 'nmcli connection add type bridge con-name br0 ifname br0 bridge.stp no bridge.mac-address 02:00:00:00:0a:02 ipv4.method manual ipv4.addresses 10.9.0.2/24 ipv4.gateway 10.9.0.1' ]
	[ "${lines[2]}" = 'nmcli connection add type ethernet con-name br0-eth0 ifname eth0 master br0' ]
	[ "${lines[3]}" = 'nmcli connection up br0' ]
	run_vnet 0 bridge create br0 --uplink eth0 --force
	run_vnet 0 delete br0
	printf '[device]\nmanaged=false\n' >/run/NetworkManager/devices/"$(cat /sys/class/net/eth0/ifindex)"
	run_vnet 0 bridge create br0 --uplink eth0
}

@test "systemd-networkd is refused, and told how" {
	local file

	file=/run/systemd/netif/links/$(cat /sys/class/net/eth0/ifindex)
	ip addr add 10.9.0.77/24 dev eth0 valid_lft 1000 preferred_lft 1000
	mkdir -p "${file%/*}"
	printf 'ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/lan.network\n' >"$file"
	fake systemd-networkd
	managed systemd-networkd
	[ "$(tail -n +2 <<<"$output")" = "# /etc/systemd/network/br0.netdev
[NetDev]
Name=br0
Kind=bridge
MACAddress=02:00:00:00:0a:02
# /etc/systemd/network/br0.network
[Match]
Name=br0
[Network]
DHCP=ipv4
# /etc/systemd/network/lan.network
[Match]
Name=eth0
[Network]
Bridge=br0" ]
	echo ADMIN_STATE=unmanaged >"$file"
	ip addr flush dev eth0
	run_vnet 0 bridge create br0 --uplink eth0
}

@test "ifupdown is refused, and told how" {
	ip addr add 10.9.0.2/24 dev eth0
	ip addr add 2001:db8:9::2/64 dev eth0 nodad
	ip -6 route add default via 2001:db8:9::1
	wait_for 5 settled
	mkdir -p /run/network
	echo lo=lo >/run/network/ifstate
	run_vnet 0 bridge create br0 --uplink eth0 --dry-run
	echo eth0=eth0 >>/run/network/ifstate
	managed ifupdown
	[ "$(tail -n +2 <<<"$output")" = "# /etc/network/interfaces, with bridge-utils; eth0 as it is there goes
iface eth0 inet manual
auto br0
iface br0 inet static
	bridge_ports eth0
	bridge_stp off
	bridge_fd 2
	address 10.9.0.2/24
iface br0 inet6 static
	address 2001:db8:9::2/64
	gateway 2001:db8:9::1" ]
	rm /run/network/ifstate
	echo eth0 >/run/network/ifstate.eth0
	managed ifupdown
	# ... of the machine's own namespace: another's eth0 is not meant
	ip -n far link set g0 name eth0
	run_vnet 0 -n far bridge create br0 --uplink eth0
}
