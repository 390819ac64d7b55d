#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154
#
# vnet show to look at: the tree, --dot and --svg, and that what they tell is so.

load ../lib/netns
bats_require_minimum_version 1.5.0

setup()
{
	echo 'nameserver 192.0.2.53' >/etc/resolv.conf
	export LC_ALL=C
}

# guest NAME MAC NETWORK: a namespace on the network, with a lease.
guest()
{
	host "$1"
	ip link add "v$1" type veth peer name eth0 address "$2" netns "$1"
	ip -n "$1" link set eth0 up
	ip link set "v$1" master "$3" up
	in_host "$1" dhcpc eth0 >/dev/null
}

# hold TAP [COMMAND...]: a process that holds it, run by COMMAND; its pid is in $holder. It lives as
# long as the test. The tap is one of the caller's namespace, wherever the process is.
hold()
{
	local tap=$1
	shift

	exec 5<>/dev/net/tun
	"$@" perl -e 'open(my $tun, "+<&=", 5) or die; my $tap = pack("a16 S x22", $ARGV[0], 0x1002);
		ioctl($tun, 0x400454ca, $tap) or die "$ARGV[0]: $!"; $0 = $ARGV[1] if $ARGV[1]; sleep 60' \
		"$tap" "${NAME-}" 3>&- &
	holder=$!
	exec 5>&-
	wait_for 5 eval "ip -br link show $tap && [ ! -e /proc/$holder/fd/255 ]"
	wait_for 5 grep -qx "iff:.$tap" "/proc/$holder/fdinfo/5"
}

teardown()
{
	[ -z "${holder-}" ] || kill "$holder" || :
	[ -z "${other-}" ] || kill "$other" || :
}

# json FILTER VALUE: what jq's filter finds in `vnet show br0 --json`, as compact JSON.
json()
{
	local found

	found=$(vnet show br0 --json | jq -c ".[0] | $1")
	[ "$found" = "$2" ] || fail "$1 is $found, not $2"
}

# The grammar of `vnet show --dot`, and that each node that is joined is there.
is_dot()
{
	local label='"([^"\\]|\\["\\l])*"'

	[ "$(head -n 1 "$1")" = 'graph vnet {' ]
	[ "$(tail -n 1 "$1")" = '}' ]
	sed '1d; $d' "$1" | run ! grep -vxE "	(rankdir=LR;|node \[.*\];|(host|n[0-9]+) \[label=$label(, style=dashed)?\];|(host|n[0-9]+) -- n[0-9]+;)"
	diff <(sed -nE 's/^\t(\w+) -- (\w+);/\1\n\2/p' "$1" | sort -u) \
		<(sed -nE 's/^\t(\w+) \[label.*/\1/p' "$1" | sort) || [ "$(grep -c label= "$1")" -eq 1 ]
	if command -v dot >/dev/null; then
		dot -Tsvg "$1" >/dev/null
	fi
}

# What is drawn: well-formed, and all of it within the picture. Files are dot and svg.
drawn()
{
	local text="$BATS_TEST_TMPDIR"

	vnet show --dot "$@" >"$text/dot"
	vnet show --svg "$@" >"$text/svg"
	is_dot "$text/dot"
	xmllint --noout --nonet "$text/svg"
	read -r width height <<<"$(sed -nE 's/^<svg .* width="([0-9]+)" height="([0-9]+)".*/\1 \2/p' "$text/svg")"
	sed -nE 's/^<(rect|text) x="([0-9]+)" y="([0-9]+)"( width="([0-9]+)" height="([0-9]+)")?.*/\2 \3 \5 \6/p' "$text/svg" |
		awk -v width="$width" -v height="$height" '$1 + $3 >= width || $2 + $4 >= height { exit 1 }'
}

texts()
{
	sed -nE 's/^<text [^>]*>(.*)<\/text>$/\1/p' "$BATS_TEST_TMPDIR/svg"
}

@test "nothing: no tree, and the pictures have the host alone" {
	run_vnet 0 show
	[ -z "$output" ]
	run_vnet 0 show --rate
	[ -z "$output" ]
	drawn
	[ "$(texts)" = host ]
	[ "$(grep -c label= "$BATS_TEST_TMPDIR/dot")" -eq 1 ]
	[ ! -e /run/vnet ]
}

@test "guests in namespaces with leases, and a tap that a process holds" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	run_vnet 0 dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.1.7,web --host 52:54:00:00:00:02=10.1.1.8
	guest web 52:54:00:00:00:01 br0
	guest db 52:54:00:00:00:02 br0
	hold tap0
	VNET_NET=br0 vnet-ifup tap0
	wait_for 5 eval '[ "$(cat /sys/class/net/tap0/brport/state)" = 3 ]'
	vnet show | sed -E 's/(rx|tx) [0-9.]+ k?B/\1 N B/g; s/, dropped .*//; s/vnd-\w+/vnd-X/; /fe80/d' \
		>"$BATS_TEST_TMPDIR/tree"
	diff "$BATS_TEST_TMPDIR/tree" - <<-END
		br0: bridge, up
		|- mtu 1500, mac $(cat /sys/class/net/br0/address), stp no, ageing 300
		|- address 10.1.1.254/24: added by vnet
		|- dhcp 10.1.1.11-10.1.1.100: running
		|  |- namespace vnet-br0
		|  |- router 10.1.1.254, dns 192.0.2.53, server 10.1.1.253/24, lease-time 3600s
		|  |- host 52:54:00:00:00:01=10.1.1.7,web
		|  \`- host 52:54:00:00:00:02=10.1.1.8
		|- port vweb: veth, forwarding, not vnet's
		|  |- rx N B, tx N B
		|  \`- namespace web
		|     \`- lease 10.1.1.7, 52:54:00:00:00:01, web
		|- port vdb: veth, forwarding, not vnet's
		|  |- rx N B, tx N B
		|  \`- namespace db
		|     \`- lease 10.1.1.8, 52:54:00:00:00:02
		|- port tap0: tun, forwarding
		|  |- rx N B, tx N B
		|  \`- perl, process $holder
		\`- port vnd-X: veth, forwarding, the DHCP server's
		   |- rx N B, tx N B
		   \`- namespace vnet-br0
	END
	json '.ports[] | select(.name == "vweb") | [.netns, .leases, .process]' '["web",["10.1.1.7"],null]'
	json '.ports[] | select(.name == "tap0") | [.netns, .leases, .process]' \
		"[null,[],{\"pid\":$holder,\"program\":\"perl\"}]"
	# One who is not heard any more has a lease all the same.
	ip -n db link set eth0 down
	wait_for 5 eval "vnet show br0 | grep -qxF '|  \`- lease 10.1.1.8, 52:54:00:00:00:02: not heard lately'"
	json '.ports[] | select(.name == "vdb") | [.netns, .leases]' '["db",[]]'
	json '.dhcp.leases | length' 2
	drawn
	[ "$(texts | sed -E 's/(rx|tx) [0-9.]+ k?B/\1 N B/g; s/vnd-\w+/vnd-X/; s/, dropped.*//; /fe80/d' | paste -sd '|')" = \
		"host|br0: bridge, up|address 10.1.1.254/24: added by vnet|dhcp 10.1.1.11-10.1.1.100: running|port vweb: veth, forwarding, not vnet's|rx N B, tx N B|namespace web|lease 10.1.1.7, 52:54:00:00:00:01, web|port vdb: veth, disabled, no carrier, not vnet's|rx N B, tx N B|namespace db|port tap0: tun, forwarding|rx N B, tx N B|perl, process $holder|port vnd-X: veth, forwarding, the DHCP server's|rx N B, tx N B|namespace vnet-br0" ]
	# A locale that has them gets lines.
	LC_ALL=C.UTF-8 vnet show br0 | grep -qx "│  └─ perl, process $holder"
}

@test "the tap's namespace counts, and not where the process is" {
	run_vnet 0 bridge create br0
	host g
	(
		nsenter --net=/run/netns/g bash -c "$(declare -f hold wait_for fail); hold tap0; echo \$holder"
	) >"$BATS_TEST_TMPDIR/other"
	other=$(<"$BATS_TEST_TMPDIR/other")
	hold tap0 ip netns exec g
	vnet-ifup tap0
	[ "$other" -lt "$holder" ] # whom the search meets first
	[ "$(readlink "/proc/$other/ns/net")" = "$(readlink "/proc/$holder/ns/net")" ]
	json '.ports[0].process.pid' "$holder"
	kill "$holder"
	holder=
	wait_for 5 eval '! ip link show tap0'
	json '.ports' '[]'
}

@test "traffic: what the kernel counts, and what passes in a second" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	run_vnet 0 dhcp 10.1.1.11-100
	guest g 52:54:00:00:00:01 br0
	ip -n g addr add 10.1.1.200/24 dev eth0
	in_host g ping -q -c 20 -i 0.01 -s 1000 10.1.1.254
	json '.ports[] | select(.name == "vg") | .traffic.rx_bytes > 20000 and .traffic.tx_bytes > 20000' true
	json '.ports[] | select(.name == "vg") | .traffic | has("rx_bits_per_second")' false
	in_host g timeout 20 ping -q -i 0.01 -s 1000 10.1.1.254 >/dev/null &
	wait_for 5 eval "vnet show br0 --json --rate | jq -e '.[0].ports[] | select(.name == \"vg\") |
		.traffic.rx_bits_per_second | . > 200000 and . < 2000000'"
	vnet show br0 --rate | grep -qE '^\|  \|- now rx [0-9.]+ kbit/s, tx [0-9.]+ kbit/s$'
	kill %%
	# Those of the links themselves, to the byte.
	ip link set vg nomaster
	ip link set vg master br0 down
	json '.ports[] | select(.name == "vg") | .traffic | [.rx_bytes, .tx_bytes, .rx_packets, .tx_packets]' \
		"$(cd /sys/class/net/vg/statistics && cat rx_bytes tx_bytes rx_packets tx_packets | jq -cs .)"
}

@test "an uplink stands between the host and its bridge" {
	host lan
	ip link add nic type veth peer name l0 netns lan
	ip -n lan link set l0 up
	ip link set nic up
	ip addr add 10.1.1.2/24 dev nic
	run_vnet 0 bridge create br0 --uplink nic --stp
	run_vnet 0 bridge create br1
	drawn
	texts | grep -qx 'uplink nic: veth, forwarding'
	texts | grep -qx 'address 10.1.1.2/24: static'
	grep -c '^	host -- ' "$BATS_TEST_TMPDIR/dot" | grep -qx 2
	vnet show br0 | grep -qx '|- address 10.1.1.2/24: static'
	# br1 is down for want of a port: dashed, as its wire
	vnet show br1 --dot | run ! grep -q dashed
	ip link set br1 down
	vnet show br1 --dot | grep -qE 'br1: bridge, down.*style=dashed'
	[ "$(vnet show br1 --svg | grep -c stroke-dasharray)" -eq 2 ]
	drawn br1
}

@test "names that others chose" {
	local name='<&"'\''\>]]--'

	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	run_vnet 0 dhcp 10.1.1.11-100
	ip link add 'a<&"\>' type veth peer name odd
	ip link set 'a<&"\>' master br0 up
	ip link set dev odd name $'\e[31m\xff\xc3'
	ip link set dev $'\e[31m\xff\xc3' master br0 up
	NAME=$name hold tap0
	VNET_NET=br0 vnet-ifup tap0
	host "$name"
	ip link add vx type veth peer name eth0 netns "$name"
	ip link set vx master br0 up
	drawn
	texts | grep -qxF 'port a&lt;&amp;"\&gt;: veth, forwarding, not vnet'\''s'
	texts | grep -qxF "&lt;&amp;\"'\\&gt;]]--, process $holder"
	texts | grep -qxF "namespace &lt;&amp;\"'\\&gt;]]--"
	texts | grep -qxF "port ?[31m??: veth, forwarding, not vnet's"
	grep -qF 'label="port a<&\"\\>: veth' "$BATS_TEST_TMPDIR/dot"
	# ... and in a lease, as a broken server could write it
	printf '0 52:54:00:00:00:09 10.1.1.50 "><\\" *\n' >/run/vnet/"$(cd /run/vnet && ls)"/br0.leases
	drawn
	vnet show br0 | run ! grep -P '[^ -~]'
	json '.ports | map(.name) | sort | .[0:2]' '["?[31m??","a<&\"\\>"]'
}

@test "two hundred ports" {
	run_vnet 0 bridge create br0
	for i in $(seq 200); do
		echo "link add p$i type veth peer name q$i"
		echo "link set p$i master br0"
	done | ip -batch -
	drawn
	[ "$(texts | grep -c '^port p[0-9]*: veth, disabled, no carrier')" -eq 200 ]
	[ "$(vnet show br0 | grep -c '^[|`]- port')" -eq 200 ]
	[ "$(grep -c '^	n[0-9]* -- ' "$BATS_TEST_TMPDIR/dot")" -eq 200 ]
	# each at a height of its own
	[ "$(grep -c 'stroke-dasharray' "$BATS_TEST_TMPDIR/svg")" -ge 400 ]
	[ "$(sed -nE 's/^<text [^>]* y="([0-9]+)"[^>]*>port.*/\1/p' "$BATS_TEST_TMPDIR/svg" | sort -u | wc -l)" -eq 200 ]
}

@test "what only root can tell is left out" {
	local nobody=(setpriv --reuid nobody --regid nogroup --clear-groups)

	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	run_vnet 0 dhcp 10.1.1.11-100
	hold tap0
	vnet-ifup tap0
	run -0 "${nobody[@]}" vnet show
	[[ $output == *"port tap0: tun, forwarding"* && $output != *perl* ]]
	run -0 "${nobody[@]}" vnet show --json
	jq -e '.[0].ports[] | select(.name == "tap0") | .process == null and .traffic.rx_bytes >= 0' <<<"$output"
}
