# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# How costs grow with what is there already. Sourced by tests/bench/run, whose functions these use; a
# line that they print is "grow", the measure, the variant, how many there are, and its fields.

# grow_to N: time the variants where there are N of what the measure counts.
grow_to()
{
	local values name fields

	values=$(time_all) || return
	variants=() # the substitution had those of its own
	while IFS=$'\t' read -r _ _ name fields; do
		# shellcheck disable=SC2154 # tests/bench/run sets it
		printf 'grow\t%s\t%s\t%s\t%s\n' "$measure" "$name" "$1" "$fields"
	done <<<"$values"
}

# What each of them times: one more guest, one more network, and looking at it.
grow_variants()
{
	local before="ip tuntap add dev guest mode tap" after="ip tuntap del dev guest mode tap"

	variant "sh and ip: a tap as a port" "$before" "sh ifup.sh guest" "$after"
	variant "vnet-ifup: a tap as a port" "$before" "vnet-ifup guest" "$after"
	variant "ip -batch: another bridge" "" "ip -batch another.batch" "ip link del another"
	variant "vnet bridge create: another" "" \
		"vnet bridge create another --address 10.255.1.254/24" "vnet delete another"
	variant "vnet show br0" "" "vnet show br0" ""
}

grow_files()
{
	vnet bridge create br0 --address $address || return
	script ifup.sh <<-'END'
		ip link set "$1" up master br0
	END
	export VNET_NET=br0 # of vnet-ifup, where there are several
	vnet bridge create another --address 10.255.1.254/24 --dry-run |
		sed -n '/^ip /{ s///; s/ index [0-9]*//; p; }' >another.batch
}

measure_ports()
{
	local n=0 to

	grow_files || return
	for to in 1 10 100 400; do
		for (( ; n < to; n++)); do
			printf 'tuntap add dev tap%d mode tap\nlink set tap%d up master br0\n' $n $n
		done >ports.batch
		ip -batch ports.batch && grow_variants && grow_to $to || return
	done
}

measure_networks()
{
	local n=1 to

	grow_files || return
	for to in 1 10 100 400; do
		for (( ; n < to; n++)); do
			vnet bridge create "net$n" --address "10.$((2 + n / 250)).$((n % 250)).254/24" || return
		done
		grow_variants && grow_to $to || return
	done
}

measure_fdb()
{
	local n=0 to

	grow_files || return
	ip link add port0 type veth peer name port1 && ip link set port0 master br0 up || return
	for to in 10 1000 10000 100000; do
		for (( ; n < to; n++)); do
			printf 'fdb add 02:00:00:%02x:%02x:%02x dev port0 master static\n' \
				$((n >> 16)) $((n >> 8 & 255)) $((n & 255))
		done >fdb.batch
		bridge -batch fdb.batch && grow_variants && grow_to $to || return
	done
}
