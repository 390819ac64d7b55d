#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# vnet show tells the truth: what is recorded, what is there, and where the two differ.

load ../lib/netns
load ../lib/state
bats_require_minimum_version 1.5.0

setup()
{
	echo 'nameserver 192.0.2.53' >/etc/resolv.conf
	export LC_ALL=C # the tree in ASCII
}

# json FILTER VALUE: what jq's filter finds in `vnet show br0 --json`, as compact JSON.
json()
{
	local found

	found=$(vnet show br0 --json | jq -c ".[0] | $1")
	[ "$found" = "$2" ] || fail "$1 is $found, not $2"
}

# What `vnet show br0` says, without the tree's branches.
lines_of_br0()
{
	run_vnet 0 show br0
	output=$(sed 's/^[|` -]*//' <<<"$output")
}

# says LINE: `vnet show br0` has that line.
says()
{
	lines_of_br0
	grep -qxF -- "$1" <<<"$output" || fail "no line '$1' in" "$output"
}

# sets WORDS: among the settings, which stand in one line.
sets()
{
	lines_of_br0
	grep -qE -- "(^|, )$1(, |\$)" <<<"$output" || fail "no '$1' in" "$output"
}

says_not()
{
	lines_of_br0
	run ! grep -E -- "$1" <<<"$output"
}

@test "none, one, all in order; and reading changes nothing" {
	run_vnet 0 show
	[ -z "$output" ]
	run_vnet 0 show --json
	[ "$(jq -c . <<<"$output")" = '[]' ]
	[ ! -e /run/vnet ]
	run_vnet 0 bridge create br1
	run_vnet 0 bridge create br0
	run_vnet 0 bridge create a2
	ip link add other type bridge
	state before
	run_vnet 0 show
	[ "$(grep -o '^[a-z0-9]*:' <<<"$output" | xargs)" = "a2: br0: br1:" ]
	run_vnet 0 show --json
	[ "$(jq -r '.[].name' <<<"$output" | xargs)" = "a2 br0 br1" ]
	run_vnet 0 show br1 --json
	[ "$(jq -r '.[].name' <<<"$output")" = br1 ]
	run_vnet 0 leases --json
	same_state before
}

@test "JSON: the fields, and their types" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24 --address fd00:1::1/64 --stp --hello 1.5
	run_vnet 0 show br0 --json
	jq -e 'length == 1 and (.[0] | keys) ==
		["confirm", "dhcp", "drift", "mode", "name", "ports", "spec", "state"]' <<<"$output"
	json .name '"br0"'
	json .mode '"bridge"'
	json .spec.address '["10.1.1.254/24","fd00:1::1/64"]'
	json .spec.mtu 1500
	json .spec.stp true
	json '.spec["forward-delay"] == 2' true
	json .spec.hello 1.5
	json .spec.priority 32768
	json .spec.group '"0x766e0000"'
	json .spec.mac "\"$(cat /sys/class/net/br0/address)\""
	json '.spec | has("dhcp.range")' false
	json .state.present true
	json .state.up true
	json .state.index "$(cat /sys/class/net/br0/ifindex)"
	json .state.mtu 1500
	json '.state.addresses | map(select(startswith("fe80") | not)) | sort' \
		'["10.1.1.254/24","fd00:1::1/64"]'
	json .ports '[]'
	json .dhcp null
	json .drift '[]'
}

@test "the spec is what was asked for, and follows set" {
	run_vnet 0 bridge create br0 --mtu 1400 --address 10.1.1.254/24 --mac 52:54:00:00:00:01
	says 'address 10.1.1.254/24: added by vnet'
	says 'mtu 1400, mac 52:54:00:00:00:01, stp no, ageing 300'
	says_not forward-delay
	run_vnet 0 bridge set br0 --address +10.2.1.254/24 --mtu 9000 --stp --forward-delay 2.5
	says 'address 10.1.1.254/24: added by vnet'
	says 'address 10.2.1.254/24: added by vnet'
	sets 'mtu 9000'
	sets 'stp yes'
	sets 'forward-delay 2.50'
	run_vnet 0 bridge set br0 --no-address
	says_not 'added by vnet'
}

@test "up, carrier, down, gone" {
	run_vnet 0 bridge create br0
	wait_for 2 says 'br0: bridge, up, no carrier'
	host g
	ip link add vx type veth peer name vy netns g
	ip -n g link set vy up
	ip link set vx master br0 up
	wait_for 2 says 'br0: bridge, up'
	json .state.carrier true
	ip link set br0 down
	says 'br0: bridge, down'
	json .state.up false
	ip link del br0
	says 'br0: bridge, gone'
	json .state.present false
	json .state.addresses '[]'
	json .ports '[]'
	json .drift '["gone"]'
}

@test "a stranger's bridge of that name is not shown as vnet's" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	ip link del br0
	ip link add br0 type bridge
	ip addr add 10.9.9.1/24 dev br0
	ip link add vx type veth peer name vy
	ip link set vx master br0
	says 'br0: bridge, gone'
	says_not 'vx|10\.9\.9'
	json .state.present false
	json .ports '[]'
}

@test "drift: each value that someone changed by hand" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24 --address 10.2.1.254/24
	ip link set br0 mtu 1300
	ip link set br0 address 52:54:00:00:00:09
	ip link set br0 type bridge stp_state 1 forward_delay 1500 priority 1 ageing_time 0
	ip addr del 10.2.1.254/24 dev br0
	ip addr add 10.3.1.254/24 dev br0
	json .drift '["address","mtu","mac","stp","forward-delay","ageing","priority"]'
	json .spec.mtu 1500
	json .state.mtu 1300
	json '.state.addresses | sort' '["10.1.1.254/24","10.3.1.254/24"]'
	says 'drift: mtu is 1300'
	says 'drift: stp is yes'
	says 'drift: address is 10.1.1.254/24'
	says 'drift: forward-delay is 15'
	run_vnet 0 bridge set br0 --mtu 1500
	json .drift '[]'
	says_not drift
}

@test "ports: kind, state, carrier, and whose they are" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	run_vnet 0 dhcp 10.1.1.11-100
	ip tuntap add tap0 mode tap
	ip link set tap0 master br0 group 1986920448 up
	ip link add vx address 52:54:00:00:00:01 type veth peer name vy
	ip link set vx master br0
	run_vnet 0 show br0 --json
	jq -e '.[0].ports | map(.name) | sort | length == 3' <<<"$output"
	json '.ports[] | select(.name == "vx") | del(.traffic)' '{"name":"vx","kind":"veth","mac":"52:54:00:00:00:01","carrier":false,"ours":false,"state":"disabled","process":null,"netns":null,"leases":[]}'
	json '.ports[] | select(.name == "tap0") | [.kind, .ours, .carrier]' '["tun",true,false]'
	json '.ports[] | select(.name | startswith("vnd-")) | [.kind, .ours, .carrier]' '["veth",true,true]'
	says 'port tap0: tun, disabled, no carrier'
	says "port vx: veth, disabled, no carrier, not vnet's"
	ip link set vx nomaster
	json '[.ports[].name] | contains(["vx"])' false
}

@test "DHCP: what is served, whether it runs, who has leases" {
	local pid

	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	run_vnet 0 dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.1.7,web --lease-time 2h
	says 'dhcp 10.1.1.11-10.1.1.100: running'
	says 'namespace vnet-br0'
	says 'router 10.1.1.254, dns 192.0.2.53, server 10.1.1.253/24, lease-time 7200s'
	says 'host 52:54:00:00:00:01=10.1.1.7,web'
	json '.spec | [.["dhcp.range"], .["dhcp.router"], .["dhcp.dns"], .["dhcp.server"], .["dhcp.lease-time"], .["dhcp.host"]]' \
		'["10.1.1.11-10.1.1.100","10.1.1.254",["192.0.2.53"],"10.1.1.253/24",7200,["52:54:00:00:00:01=10.1.1.7,web"]]'
	json .dhcp '{"running":true,"leases":[]}'
	host g
	ip link add vx type veth peer name eth0 address 52:54:00:00:00:01 netns g
	ip -n g link set eth0 up
	ip link set vx master br0 up
	in_host g dhcpc eth0
	json '.dhcp.leases[0] | [.mac, .ip, .name]' '["52:54:00:00:00:01","10.1.1.7","web"]'
	json '.dhcp.leases[0].expires > now' true

	pid=$(cat /run/vnet/*/br0.pid)
	kill -KILL "$pid"
	wait_for 5 says 'dhcp 10.1.1.11-10.1.1.100: NOT running'
	json .dhcp.running false
	json '.dhcp.leases | length' 1
	json .drift '["dhcp"]'
	run_vnet 0 dhcp 10.1.1.11-100
	json .dhcp.running true
	json .drift '[]'
	ip netns del vnet-br0 # it lives on, and serves
	json .dhcp.running true
	says 'dhcp 10.1.1.11-10.1.1.100: running, but the name of its namespace is gone'
	run_vnet 0 dhcp stop
	json .dhcp null
	json .drift '[]'
	says_not dhcp
}

@test "DHCP: what leases carry besides, and files that someone changed" {
	local file

	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	run_vnet 0 dhcp 10.1.1.11-100 --domain lab.example --pxe a.efi --option 42=10.1.1.1 --option '17=/a "b'
	sets 'domain lab.example'
	sets 'pxe a.efi@10.1.1.254'
	says 'option 42=10.1.1.1'
	says 'option 17=/a "b'
	json '.spec | [.["dhcp.domain"], .["dhcp.pxe"], .["dhcp.option"]]' \
		'["lab.example","a.efi@10.1.1.254",["42=10.1.1.1","17=/a \"b"]]'
	json .drift '[]'
	says_not drift
	for file in /run/vnet/*/br0.dnsmasq /run/vnet/*/br0.hosts; do
		echo '#' >>"$file"
		says 'drift: the files of the DHCP server are not as recorded'
		json .drift '["dhcp"]'
		run_vnet 0 dhcp 10.1.1.11-100
		json .drift '[]'
		rm "$file"
		json .drift '["dhcp"]'
		run_vnet 0 dhcp 10.1.1.11-100
		json .drift '[]'
	done
	run_vnet 0 bridge set br0 --mtu 1400
	json .drift '[]'
	ip link set br0 mtu 1300
	json .drift '["mtu"]'
}

@test "a bridge that vnet did not make" {
	ip link add br0 type bridge
	ip addr add 10.7.0.1/24 dev br0
	ip link set br0 up
	run_vnet 0 dhcp 10.7.0.11-100 --net br0
	wait_for 2 says 'br0: bridge that vnet did not make, up'
	says_not 'mtu|stp'
	json .spec.foreign true
	json '.spec | has("mtu")' false
	json '.state.addresses | contains(["10.7.0.1/24"])' true
	json .drift '[]'
	ip link set br0 mtu 1400 # is nothing to vnet
	json .drift '[]'
}

@test "without privilege: what cannot be read is null, all else is told" {
	local nobody=(setpriv --reuid nobody --regid nogroup --clear-groups)

	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	run -0 "${nobody[@]}" vnet show
	grep -qF 'address 10.1.1.254/24: added by vnet' <<<"$output"
	run_vnet 0 dhcp 10.1.1.11-100
	run -0 "${nobody[@]}" vnet show
	grep -qF 'dhcp 10.1.1.11-10.1.1.100: running or not, only root can tell' <<<"$output"
	run -0 "${nobody[@]}" vnet show --json
	jq -e '.[0] | .dhcp.running == null and .drift == [] and .state.present' <<<"$output"
	run -0 "${nobody[@]}" vnet leases
}

# A NIC whose addresses came in all ways that there are.
@test "where the addresses of an uplink came from" {
	local left

	ip link add eth0 address 02:00:00:00:0a:02 type veth peer name g0
	sysctl -qw net.ipv6.conf.eth0.accept_dad=0
	ip link set g0 up
	ip link set eth0 up
	ip addr add 10.9.0.2/24 dev eth0
	ip addr add 10.7.0.5/24 dev eth0 valid_lft 1000 preferred_lft 900
	ip addr add 2001:db8:9::2/64 dev eth0 nodad
	ip addr add 2001:db8:9::ff:fe00:a02/64 dev eth0 nodad mngtmpaddr valid_lft 2000 preferred_lft 1900
	ip addr add 2001:db8:9::5/128 dev eth0 nodad valid_lft 3000 preferred_lft 2900
	run_vnet 0 bridge create br0 --uplink eth0 --address 10.1.1.254/24 --force
	says "uplink eth0: veth, forwarding"
	says "address 10.9.0.2/24: static"
	says "address 2001:db8:9::2/64: static"
	says "address fe80::ff:fe00:a02/64: link-local"
	says "address 10.1.1.254/24: added by vnet"
	for left in "10.7.0.5/24: by DHCP, (9..|1000)" "2001:db8:9::5/128: by DHCP, (29..|3000)" \
		"2001:db8:9::ff:fe00:a02/64: by router advertisement, (19..|2000)"; do
		grep -qE "address $left s left$" <<<"$output" || fail "no $left in" "$output"
	done
	json '.state.uplink | [.nic, .port]' '["eth0",true]'
	json '[.state.uplink.addresses[] | select(.address == "10.9.0.2/24")]' \
		'[{"address":"10.9.0.2/24","from":"static","left":null}]'
	json '[.state.uplink.addresses[] | select(.from == "dhcp" and .left > 900) | .address] | sort' \
		'["10.7.0.5/24","2001:db8:9::5/128"]'
	json '[.state.uplink.addresses[] | .from] | sort | unique' '["dhcp","link-local","ra","static","vnet"]'
	ip link set eth0 nomaster
	json '.state.uplink.port' false
	run_vnet 0 bridge create br1
	run_vnet 0 show br1
	[[ $output != *" address "* ]]
	[ "$(vnet show br1 --json | jq '.[0].state.uplink')" = null ]
}

@test "a hundred thousand leases are shown in no more than seconds" {
	vnet bridge create br0 --address 10.1.1.254/24
	vnet dhcp 10.1.1.11-100
	awk 'BEGIN { for (i = 0; i < 100000; i++) printf "4102444800 52:54:00:%02x:%02x:%02x 10.%d.%d.%d * *\n",
		i / 65536, i / 256 % 256, i % 256, i / 65536, i / 256 % 256, i % 256 }' >>/var/lib/vnet/leases/br0
	run timeout $((5 * ${VNET_SLOW:-1})) vnet show br0
	[ "$status" -eq 0 ]
	[ "$(grep -c 'not heard lately$' <<<"$output")" -eq 100000 ]
}
