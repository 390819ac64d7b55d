#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Plans of bridges: see plan.bash.

load plan

@test "bridge create" {
	plan create 'vnet bridge create br0'
}

@test "bridge create --address" {
	plan create-address 'vnet bridge create br0 --address 10.1.1.254/24'
}

@test "bridge create --address, IPv6" {
	plan create-address-v6 'vnet bridge create br0 --address fd00:1::1/64'
}

@test "bridge create --address, several" {
	plan create-addresses 'vnet bridge create br0 --address 10.1.1.254/24 --address 10.1.1.253/24
		--address 10.2.1.254/16 --address fd00:1::1/64 --address fd00:2::1/64'
}

@test "bridge create --mtu 1400" {
	plan create-mtu-1400 'vnet bridge create br0 --mtu 1400'
}

@test "bridge create --mtu 1500" {
	plan create-mtu-1500 'vnet bridge create br0 --mtu 1500'
}

@test "bridge create --mtu 9000" {
	plan create-mtu-9000 'vnet bridge create br0 --mtu 9000 --address fd00:1::1/64'
}

@test "bridge create --mtu 1280" {
	plan create-mtu-1280 'vnet bridge create br0 --mtu 1280 --address fd00:1::1/64'
}

@test "bridge create --mac" {
	plan create-mac 'vnet bridge create br0 --mac 52:54:00:00:00:01 --address fd00:1::1/64'
}

@test "bridge create --stp" {
	plan create-stp 'vnet bridge create br0 --stp'
}

@test "bridge create --forward-delay" {
	plan create-forward-delay 'vnet bridge create br0 --stp --forward-delay 4.5'
}

@test "bridge create --forward-delay, without STP" {
	plan create-forward-delay-off 'vnet bridge create br0 --forward-delay 30'
}

@test "bridge create --ageing" {
	plan create-ageing 'vnet bridge create br0 --ageing 0'
}

@test "bridge create --hello" {
	plan create-hello 'vnet bridge create br0 --stp --hello 1'
}

@test "bridge create --max-age" {
	plan create-max-age 'vnet bridge create br0 --max-age 6'
}

@test "bridge create --priority" {
	plan create-priority 'vnet bridge create br0 --priority 4096'
}

@test "bridge create with all options" {
	plan create-all 'vnet bridge create br0 --address 10.1.1.254/24 --address fd00:1::1/64 --mtu 9000
		--mac 52:54:00:00:00:01 --stp --forward-delay 15 --ageing 60 --hello 3 --max-age 10
		--priority 61440'
}

@test "bridge create, a second network" {
	plan create-second 'vnet bridge create br0 --address 10.1.1.254/24' \
		'vnet bridge create br1 --address 10.2.1.254/24'
}

@test "bridge create, the next group and index are taken" {
	plan create-taken 'ip link add other index 1048576 address 52:54:00:00:01:01 group 1986920448 type bridge' \
		'vnet bridge create br0'
}

@test "bridge set --mtu, with a guest's tap" {
	plan set-mtu 'vnet bridge create br0' \
		'ip tuntap add tap0 mode tap && ip link set tap0 address 52:54:00:00:01:01 master br0 group 1986920448 up' \
		'ip tuntap add tap1 mode tap && ip link set tap1 address 52:54:00:00:01:02 master br0 up' \
		'vnet bridge set br0 --mtu 1400'
}

@test "bridge set --mac" {
	plan set-mac 'vnet bridge create br0 --address fd00:1::1/64' \
		'vnet bridge set br0 --mac 52:54:00:00:00:02'
}

@test "bridge set --stp" {
	plan set-stp 'vnet bridge create br0' 'vnet bridge set br0 --stp'
}

@test "bridge set --no-stp and a short delay" {
	plan set-no-stp 'vnet bridge create br0 --stp --forward-delay 15' \
		'vnet bridge set br0 --no-stp --forward-delay 2'
}

@test "bridge set, timers and priority" {
	plan set-timers 'vnet bridge create br0 --stp' \
		'vnet bridge set br0 --forward-delay 20 --ageing 10 --hello 1.5 --max-age 38 --priority 1'
}

@test "bridge set --address +, -" {
	plan set-address-edit 'vnet bridge create br0 --address 10.1.1.254/24 --address 10.2.1.254/24' \
		'vnet bridge set br0 --address +10.3.1.254/24 --address -10.1.1.254/24 --address +fd00:1::1/64'
}

@test "bridge set --address, the primary one of two in a subnet" {
	plan set-address-primary \
		'vnet bridge create br0 --address 10.1.1.254/24 --address 10.1.1.253/24' \
		'vnet bridge set br0 --address -10.1.1.254/24'
}

@test "bridge set --address, replaced" {
	plan set-address-replace 'vnet bridge create br0 --address 10.1.1.254/24 --address fd00:1::1/64' \
		'vnet bridge set br0 --address 10.1.1.1/24 --address 10.1.2.1/24'
}

@test "bridge set --no-address" {
	plan set-no-address 'vnet bridge create br0 --address 10.1.1.254/24 --address fd00:1::1/64' \
		'vnet bridge set br0 --no-address'
}

@test "bridge set, what it is already" {
	empty=yes
	plan set-same 'vnet bridge create br0 --address 10.1.1.254/24 --mtu 1400' \
		'vnet bridge set br0 --mtu 1400 --address 10.1.1.254/24 --no-stp'
}

@test "bridge set, what someone changed by hand" {
	plan set-drift 'vnet bridge create br0 --address 10.1.1.254/24 --mtu 1400' \
		'ip addr flush dev br0 && ip link set br0 mtu 1300 type bridge stp_state 1' \
		'vnet bridge set br0 --mtu 1400'
}

@test "bridge add-port" {
	plan add-port 'vnet bridge create br0' \
		'ip link add eth1 address 52:54:00:00:01:01 type veth peer name far address 52:54:00:00:01:02' \
		'vnet bridge add-port br0 eth1'
}

@test "bridge del-port" {
	plan del-port 'vnet bridge create br0' \
		'ip link add eth1 address 52:54:00:00:01:01 type veth peer name far address 52:54:00:00:01:02' \
		'vnet bridge add-port br0 eth1' 'vnet bridge del-port br0 eth1'
}

@test "delete" {
	plan delete 'vnet bridge create br0 --address 10.1.1.254/24' 'vnet delete br0'
}

@test "delete --force, with a port" {
	plan delete-force 'vnet bridge create br0' \
		'ip link add vx address 52:54:00:00:01:01 type veth peer name vy address 52:54:00:00:01:02 &&
		ip link set vx master br0' \
		'vnet delete br0 --force'
}

@test "delete, the bridge is gone" {
	plan delete-gone 'vnet bridge create br0' 'ip link del br0' 'vnet delete br0'
}

@test "delete, another bridge has its name" {
	plan delete-replaced 'vnet bridge create br0' 'ip link del br0' \
		'ip link add br0 address 52:54:00:00:01:01 type bridge' 'vnet delete br0'
}
