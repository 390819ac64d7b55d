#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Plans of DHCP servers: see plan.bash.

load plan

@test "delete, the server has died" {
	plan delete-dead 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'p=$(cat /run/vnet/*/br0.pid); kill $p; while kill -0 $p 2>/dev/null; do sleep 0.01; done' \
		'vnet delete br0'
}

@test "dhcp" {
	plan dhcp 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100'
}

@test "dhcp with all options" {
	plan dhcp-all 'vnet bridge create br0 --address 10.1.1.254/24 --mtu 9000' \
		'vnet dhcp 10.1.1.11-10.1.1.100 --net br0 --router 10.1.1.1 --dns 192.0.2.1 --dns 192.0.2.2
		--server 10.1.1.2/24 --lease-time 12h --host 52:54:00:00:00:01=10.1.1.20,web
		--host 52:54:00:00:00:02=10.1.1.200 --domain lab.example --pxe grub/x64.efi
		--option 42=10.1.1.1,10.1.1.2 --option 17=/srv/root --option 2=-3600 --option 224=text
		--option 225=300'
}

@test "dhcp, neither router nor dns" {
	plan dhcp-none 'vnet bridge create br0 --address 10.1.1.254/24' \
		'vnet dhcp 10.1.1.11-100 --router none --dns none'
}

@test "dhcp, the same line again" {
	empty=yes
	plan dhcp-same 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'vnet dhcp 10.1.1.11-100'
}

@test "dhcp, another range" {
	plan dhcp-range 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'vnet dhcp 10.1.1.11-90'
}

@test "dhcp --host, on a running server" {
	plan dhcp-host 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'vnet dhcp 10.1.1.11-100 --host +52:54:00:00:00:01=10.1.1.20,web'
}

@test "dhcp --no-host" {
	plan dhcp-no-host 'vnet bridge create br0 --address 10.1.1.254/24' \
		'vnet dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.1.20' \
		'vnet dhcp 10.1.1.11-100 --no-host'
}

@test "dhcp --server, another address" {
	plan dhcp-server 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'vnet dhcp 10.1.1.11-100 --server 10.1.1.2/24'
}

@test "dhcp, the server has died" {
	plan dhcp-dead 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'p=$(cat /run/vnet/*/br0.pid); kill $p; while kill -0 $p 2>/dev/null; do sleep 0.01; done' \
		'vnet dhcp 10.1.1.11-100'
}

@test "dhcp, its link is down and elsewhere" {
	plan dhcp-link 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'ip link set "$(ip -o link show type veth | cut -d: -f2 | cut -d@ -f1 | tr -d " ")" nomaster down' \
		'vnet dhcp 10.1.1.11-100'
}

@test "dhcp, the name of its namespace is left, of nothing" {
	plan dhcp-dead-name 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'p=$(cat /run/vnet/*/br0.pid); kill $p; while kill -0 $p 2>/dev/null; do sleep 0.01; done;
		umount /run/netns/vnet-br0; while ip link show type veth | grep -q .; do sleep 0.01; done' \
		'vnet dhcp 10.1.1.11-100'
}

@test "dhcp stop" {
	plan dhcp-stop 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'vnet dhcp stop'
}

@test "bridge set --mtu, served" {
	plan set-mtu-served 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'vnet bridge set br0 --mtu 1400'
}

@test "dhcp on a bridge with an uplink" {
	plan dhcp-uplink 'ip link add eth0 address 52:54:00:00:01:02 type veth peer name g0 address 52:54:00:00:01:03 && ip link set eth0 addrgenmode none' \
		'ip link set g0 addrgenmode none && ip link set g0 up && ip link set eth0 up' \
		'vnet bridge create br0 --uplink eth0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100'
}

@test "dhcp --serve-uplink" {
	plan dhcp-serve-uplink 'ip link add eth0 address 52:54:00:00:01:02 type veth peer name g0 address 52:54:00:00:01:03 && ip link set eth0 addrgenmode none' \
		'ip link set g0 addrgenmode none && ip link set g0 up && ip link set eth0 up' \
		'vnet bridge create br0 --uplink eth0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'vnet dhcp 10.1.1.11-100 --serve-uplink'
}

@test "dhcp stop on a bridge with an uplink" {
	plan dhcp-stop-uplink 'ip link add eth0 address 52:54:00:00:01:02 type veth peer name g0 address 52:54:00:00:01:03 && ip link set eth0 addrgenmode none' \
		'ip link set g0 addrgenmode none && ip link set g0 up && ip link set eth0 up' \
		'vnet bridge create br0 --uplink eth0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'vnet dhcp stop'
}

@test "dhcp --net, a bridge that vnet did not make" {
	plan foreign 'ip link add other address 52:54:00:00:01:01 type bridge && ip addr add 10.7.0.1/24 dev other' \
		'ip link set other addrgenmode none && ip link set other up' 'vnet dhcp 10.7.0.11-100 --net other'
}

@test "dhcp stop on a bridge that vnet did not make" {
	plan foreign-stop 'ip link add other address 52:54:00:00:01:01 type bridge && ip addr add 10.7.0.1/24 dev other' \
		'ip link set other addrgenmode none && ip link set other up' 'vnet dhcp 10.7.0.11-100 --net other' 'vnet dhcp stop'
}

@test "delete of a bridge that vnet did not make" {
	plan foreign-delete 'ip link add other address 52:54:00:00:01:01 type bridge && ip addr add 10.7.0.1/24 dev other' \
		'ip link set other addrgenmode none && ip link set other up' 'vnet dhcp 10.7.0.11-100 --net other' 'vnet delete other'
}

@test "-n NS" {
	plan elsewhere 'ip netns add there' \
		'vnet -n there bridge create br0 --address 10.1.1.254/24' \
		'vnet -n there dhcp 10.1.1.11-100'
}

@test "delete, served" {
	plan delete-served 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet dhcp 10.1.1.11-100' \
		'vnet delete br0'
}

@test "each golden plan has its test" {
	diff -u <(cd "$VNET_TOP/tests/plans" && ls ./*.plan | sed 's,./\(.*\).plan,\1,' | sort) \
		<(sed -nE 's/^\tplan ([a-z0-9-]+) .*/\1/p; s/^\tplan ([a-z0-9-]+) \\$/\1/p' \
			"$VNET_TOP"/tests/plans/*.bats | sort -u)
}
