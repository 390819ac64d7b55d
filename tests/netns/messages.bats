#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Ask wrong: each wrong request is refused with one clear line, exit status 2, and changes nothing.
#
# A row is `refuses TEXT ARG...`: `vnet ARG...` is refused, and its line ends in TEXT. What is looked
# at after each row: the network of all namespaces, the processes in them, and all files that vnet
# could write. With $VNET_MESSAGES, each text that came is added to that file (check-messages.sh).

load ../lib/netns
load ../lib/state

setup()
{
	echo 'nameserver 192.0.2.53' >"$BATS_TEST_TMPDIR/resolv.conf"
	cat "$BATS_TEST_TMPDIR/resolv.conf" >/etc/resolv.conf
	# Its lock and its directories stay: they are no trace of what is refused later.
	vnet bridge create warm
	vnet delete warm
	state before
}

# said STATUS TEXT ARG...: `vnet ARG...` ends with STATUS, and says one line that ends in TEXT.
said()
{
	local want=$1 text=$2 status=0
	shift 2

	"${AS[@]}" vnet "$@" >"${OUT-$BATS_TEST_TMPDIR/out}" 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
	if [ "$status" -eq "$want" ] && [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 1 ] &&
		! grep -q '[^ -~]' <(LC_ALL=C tr -d '\n\200-\377' <"$BATS_TEST_TMPDIR/err") &&
		[[ $(<"$BATS_TEST_TMPDIR/err") == "vnet: "* && $(<"$BATS_TEST_TMPDIR/err") == *"$text" ]]; then
		text=${text#vnet}
		[ -z "${VNET_MESSAGES-}" ] || printf '%s\n' "${text#: }" >>"$VNET_MESSAGES"
		return 0
	fi
	printf 'exit status %s, expected %s, and one line that ends in\n%s\nbut said\n%s\nof %.200s\n' \
		"$status" "$want" "$text" "$(<"$BATS_TEST_TMPDIR/err")" "vnet $*"
	return 1
}

# refuses TEXT ARG...
refuses()
{
	local text=$1
	shift

	said 2 ": $text" "$@"
	if [ -s "$BATS_TEST_TMPDIR/out" ]; then
		fail "it printed: $(<"$BATS_TEST_TMPDIR/out")"
	fi
	if ! same_state before; then
		fail "changed by $(printf '%.200s' "vnet $*")"
	fi
}

# refuses_create TEXT NAME ARG...: the same of `vnet bridge create NAME ARG...`.
refuses_create()
{
	local text=$1
	shift

	refuses "$text" bridge create "$@"
}

no_one()
{
	AS=(setpriv --reuid nobody --regid nogroup --clear-groups)
}

@test "no verb, no such verb, no such mode, no such option" {
	said 2 'no verb (see vnet --help)'
	said 2 'no verb (see vnet --help)' -v
	said 2 "unknown option '--frobnicate' (see --help)" --frobnicate
	refuses "unknown verb 'frobnicate' (see vnet --help)" frobnicate
	refuses "unknown verb 'bridg' (see vnet --help)" bridg create br0
	refuses "unknown verb 'de' (see vnet --help)" de br0
	refuses "unknown verb '' (see vnet --help)" ''
	refuses 'bridge what? want bridge create, set, add-port, del-port or delete' bridge
	refuses "unknown verb 'bridge frobnicate': want create, set, add-port, del-port or delete" bridge frobnicate br0
	refuses "unknown option '--frobnicate' (see --help)" bridge create br0 --frobnicate
	refuses "unknown option '--mt' (see --help)" bridge create br0 --mt 1500
	refuses "unknown option '--' (see --help)" bridge create -- br0
	refuses "unknown option '-x' (see --help)" bridge create -x
	refuses "unknown option '--group' (see --help)" bridge create br0 --group 0x766e0000
	refuses "unknown option '--foreign' (see --help)" bridge set br0 --foreign
	refuses "unknown option '--router' (see --help)" bridge create br0 --router 10.1.1.1
	refuses "unknown option '--json' (see --help)" bridge create br0 --json
	refuses "unknown option '--mtu' (see --help)" delete br0 --mtu 1500
	refuses "unknown option '--force' (see --help)" show --force
	refuses 'want one of --json, --dot and --svg' show --dot --svg
	refuses 'want one of --json, --dot and --svg' show --svg --json
	refuses 'want one of --json, --dot and --svg' show br0 --json --dot
}

@test "too few words, too many, twice, with and without value" {
	refuses 'NAME is missing (see --help)' bridge create
	refuses 'NAME is missing (see --help)' bridge set --mtu 1500
	refuses 'NAME is missing (see --help)' delete
	refuses 'RANGE is missing (see --help)' dhcp
	refuses "'br1' is too much: one NAME is enough" bridge create br0 br1
	refuses "'10.1.1.200-210' is too much: one RANGE is enough" dhcp 10.1.1.11-100 10.1.1.200-210
	refuses "'br0' is too much: it takes no argument" recover br0
	refuses "'br0' is too much: it takes no argument" dhcp stop br0
	refuses '--mtu lacks its value: want BYTES' bridge create br0 --mtu
	refuses '--host lacks its value: want MAC=IP[,NAME]' dhcp 10.1.1.11-100 --host
	refuses '--net lacks its value: want NAME' dhcp 10.1.1.11-100 --net
	refuses '--stp takes no value' bridge create br0 --stp=yes
	refuses '--dry-run takes no value' bridge create br0 --dry-run=1
	refuses "--mtu always has a value: there is no '--no-mtu'" bridge create br0 --no-mtu
	refuses 'there is no --no-dry-run' bridge create br0 --no-dry-run
	refuses '--mtu is given twice' bridge create br0 --mtu 1500 --mtu 1500
	refuses '--stp is given twice' bridge create br0 --stp --no-stp
	refuses '--router is given twice' dhcp 10.1.1.11-100 --router none --router 10.1.1.1
	refuses "--address: values with and without a sign don't mix" \
		bridge set br0 --address +10.1.1.1/24 --address 10.2.1.1/24
	refuses "--dns: values with and without a sign don't mix" \
		dhcp 10.1.1.11-100 --dns 192.0.2.1 --dns -192.0.2.2
	refuses 'nothing to set: want an option (see --help)' bridge set br0
	refuses 'nothing to set: want an option (see --help)' bridge set br0 --dry-run
}

@test "names" {
	refuses_create 'the name is empty: want 1 to 15 characters' ''
	refuses_create "name 'abcdefghijklmnop' has 16 characters: want at most 15" abcdefghijklmnop
	refuses_create "name '$(printf '%040d' 0)' has 5000 characters: want at most 15" "$(printf '%05000d' 0)"
	refuses_create "name '.' means a directory: want another" .
	refuses_create "name '..' means a directory: want another" ..
	refuses_create "name 'a/b' holds a character other than letters, digits, '-', '_' and '.'" a/b
	refuses_create "name 'br%d' holds a character other than letters, digits, '-', '_' and '.'" br%d
	refuses_create "name 'a b' holds a character other than letters, digits, '-', '_' and '.'" 'a b'
	refuses_create "name 'a?b' holds a character other than letters, digits, '-', '_' and '.'" \
		$'a\nb'
	refuses_create "name '?[31m' holds a character other than letters, digits, '-', '_' and '.'" \
		$'\033[31m'
	refuses_create "name 'brü' holds a character other than letters, digits, '-', '_' and '.'" brü
	refuses_create "name '\$(id)' holds a character other than letters, digits, '-', '_' and '.'" \
		'$(id)'
	refuses_create "name 'all' means every link to the kernel's sysctls: want another" all
	refuses_create "name 'default' means every link to the kernel's sysctls: want another" default
	refuses "name '-x' begins with '-': want a letter or digit first" dhcp 10.1.1.11-100 --net -x
	refuses "name '..' means a directory: want another" show ..
	refuses "name 'a/b' holds a character other than letters, digits, '-', '_' and '.'" delete a/b
	refuses "name 'abcdefghijklmnop' has 16 characters: want at most 15" leases --net abcdefghijklmnop
}

@test "addresses" {
	local long

	long=$(printf '%060d' 0)
	refuses_create "'' has no prefix length: want one such as 10.1.1.254/24" br0 --address ''
	refuses_create "'10.1.1.254' has no prefix length: want one such as 10.1.1.254/24" \
		br0 --address 10.1.1.254
	refuses_create "'10.1.1' is no address: want one such as 10.1.1.254 or fd00::1" \
		br0 --address 10.1.1/24
	refuses_create "'$long' is no address with a prefix length: want one such as 10.1.1.254/24" \
		br0 --address "$long/24"
	refuses_create "'010.1.1.1' is no address: want one such as 10.1.1.254 or fd00::1" \
		br0 --address 010.1.1.1/24
	refuses_create "'br0' is no address: want one such as 10.1.1.254 or fd00::1" \
		br0 --address br0/24
	refuses_create "'10.1.1.254/0': want a prefix length of 1 to 32" br0 --address 10.1.1.254/0
	refuses_create "'10.1.1.254/33': want a prefix length of 1 to 32" br0 --address 10.1.1.254/33
	refuses_create "'10.1.1.254/': want a prefix length of 1 to 32" br0 --address 10.1.1.254/
	refuses_create "'10.1.1.254/255.255.255.0': want a prefix length of 1 to 32" \
		br0 --address 10.1.1.254/255.255.255.0
	refuses_create "'fd00::1/0': want a prefix length of 1 to 128" br0 --address fd00::1/0
	refuses_create "'fd00::1/129': want a prefix length of 1 to 128" br0 --address fd00::1/129
	refuses_create "'127.0.0.1/8' is an address of the loopback: want that of a network" \
		br0 --address 127.0.0.1/8
	refuses_create "'::1/128' is an address of the loopback: want that of a network" \
		br0 --address ::1/128
	refuses_create "'224.0.0.1/24' is a multicast or reserved address: want that of a host" \
		br0 --address 224.0.0.1/24
	refuses_create "'255.255.255.255/32' is a multicast or reserved address: want that of a host" \
		br0 --address 255.255.255.255/32
	refuses_create "'ff02::1/64' is a multicast or reserved address: want that of a host" \
		br0 --address ff02::1/64
	refuses_create "'0.0.0.0/8' is the unspecified address: want that of a host" \
		br0 --address 0.0.0.0/8
	refuses_create "'::/64' is the unspecified address: want that of a host" br0 --address ::/64
	refuses_create "'fe80::1/64' is link-local: the kernel chooses those by itself" \
		br0 --address fe80::1/64
	refuses_create "'10.1.1.0/24' is the address of the network itself: want that of a host" \
		br0 --address 10.1.1.0/24
	refuses_create "'fd00::/64' is the address of the network itself: want that of a host" \
		br0 --address fd00::/64
	refuses_create "'10.1.1.255/24' is the broadcast address of its network: want that of a host" \
		br0 --address 10.1.1.255/24
	refuses_create "address '10.1.1.1/24' is given twice" \
		br0 --address 10.1.1.1/24 --address 10.1.1.1/24
	refuses_create "address '10.1.1.1/24' is not there to remove" br0 --address -10.1.1.1/24
}

@test "numbers, times and MACs" {
	refuses_create "mtu '1279': want 1280 to 65535" br0 --mtu 1279
	refuses_create "mtu '65536': want 1280 to 65535" br0 --mtu 65536
	refuses_create "mtu '1500x': want 1280 to 65535" br0 --mtu 1500x
	refuses_create "mtu '-1': want 1280 to 65535" br0 --mtu -1
	refuses_create "mtu ' 1500': want 1280 to 65535" br0 --mtu ' 1500'
	refuses_create "mtu '99999999999999999999': want 1280 to 65535" br0 --mtu 99999999999999999999
	refuses_create "mtu '': want 1280 to 65535" br0 --mtu=
	refuses_create "priority '65536': want 0 to 65535" br0 --priority 65536
	refuses_create "forward-delay '1.9': want seconds, 2 to 30, in tenths" br0 --forward-delay 1.9
	refuses_create "forward-delay '30.01': want seconds, 2 to 30, in tenths" br0 --forward-delay 30.01
	refuses_create "forward-delay '2.': want seconds, 2 to 30, in tenths" br0 --forward-delay 2.
	refuses_create "forward-delay '2.25': want seconds, 2 to 30, in tenths" br0 --forward-delay 2.25
	refuses_create "forward-delay '2.001': want seconds, 2 to 30, in tenths" br0 --forward-delay 2.001
	refuses_create "forward-delay '2s': want seconds, 2 to 30, in tenths" br0 --forward-delay 2s
	refuses_create "ageing '1000001': want seconds, 0 to 1000000, in tenths" br0 --ageing 1000001
	refuses_create "hello '2.33': want seconds, 1 to 10, in tenths" br0 --hello 2.33
	refuses_create "hello '0.99': want seconds, 1 to 10, in tenths" br0 --hello 0.99
	refuses_create "hello '11': want seconds, 1 to 10, in tenths" br0 --hello 11
	refuses_create "max-age '5': want seconds, 6 to 40, in tenths" br0 --max-age 5
	refuses_create "max-age '41': want seconds, 6 to 40, in tenths" br0 --max-age 41
	refuses_create "MAC '01:00:5e:00:00:01' is a group address: want an even first byte" \
		br0 --mac 01:00:5e:00:00:01
	refuses_create "MAC 'ff:ff:ff:ff:ff:ff' is a group address: want an even first byte" \
		br0 --mac ff:ff:ff:ff:ff:ff
	refuses_create "MAC '00:00:00:00:00:00' is zero: want another" br0 --mac 00:00:00:00:00:00
	refuses_create "'52-54-00-12-34-56' is no MAC: want one such as 52:54:00:12:34:56" \
		br0 --mac 52-54-00-12-34-56
	refuses_create "'52:54:00:12:34:5' is no MAC: want one such as 52:54:00:12:34:56" \
		br0 --mac 52:54:00:12:34:5
	refuses_create "'52:54:00:12:34:0x' is no MAC: want one such as 52:54:00:12:34:56" \
		br0 --mac 52:54:00:12:34:0x
	refuses_create "'' is no MAC: want one such as 52:54:00:12:34:56" br0 --mac ''
}

@test "an IPv6 address where there is no IPv6" {
	vnet bridge create br0
	sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	sysctl -qw net.ipv6.conf.br0.disable_ipv6=1
	state before
	refuses_create '2001:db8:1::1/64: IPv6 is switched off on new links: want `sysctl net/ipv6/conf/default/disable_ipv6=0` first' \
		br1 --address 10.1.1.1/24 --address 2001:db8:1::1/64
	refuses_create '2001:db8:1::1/64: IPv6 is switched off on new links: want `sysctl net/ipv6/conf/default/disable_ipv6=0` first' \
		br1 --address 2001:db8:1::1/64 --force --dry-run
	refuses '2001:db8:1::1/64: IPv6 is switched off on br0: want `sysctl net/ipv6/conf/br0/disable_ipv6=0` first' \
		bridge set br0 --address +2001:db8:1::1/64
	vnet bridge set br0 --address 10.1.1.1/24
	sysctl -qw net/ipv6/conf/br0/disable_ipv6=0
	vnet bridge set br0 --address +2001:db8:1::1/64
	sysctl -qw net/ipv6/conf/default/disable_ipv6=0
	vnet bridge create br1 --address 2001:db8:2::1/64
}

@test "what is there already, or is not" {
	ip link add other type bridge
	ip link add vx type veth peer name vy
	ip addr add 10.7.0.1/24 dev vx
	vnet bridge create br0 --address 10.1.1.254/24
	state before
	refuses_create 'the network br0 exists already (`vnet bridge set` changes it)' br0
	refuses_create 'the network br0 exists already (`vnet bridge set` changes it)' \
		br0 --address 10.1.1.254/24
	refuses_create 'other is there already (a bridge that vnet did not make): want another name' other
	refuses_create 'vx is there already (a veth that vnet did not make): want another name' vx
	refuses_create 'lo is there already (a network device that vnet did not make): want another name' \
		lo
	refuses_create '10.1.1.1/24 overlaps 10.1.1.254/24 of br0: want another subnet, or --force' \
		br1 --address 10.1.1.1/24
	refuses_create '10.7.0.2/16 overlaps 10.7.0.1/24 of vx: want another subnet, or --force' \
		br1 --address 10.7.0.2/16
	refuses_create '10.1.1.129/25 overlaps 10.1.1.254/24 of br0: want another subnet, or --force' \
		br1 --address 10.1.1.129/25
	refuses "there is no network 'br9' (\`vnet show\` lists them)" bridge set br9 --mtu 1400
	refuses "there is no network 'br9' (\`vnet show\` lists them)" bridge delete br9
	refuses "there is no network 'br9' (\`vnet show\` lists them)" delete br9
	refuses "there is no network 'other' (\`vnet show\` lists them)" delete other
	refuses "there is no network 'other' (\`vnet show\` lists them)" bridge set other --mtu 1400
	refuses "there is no network 'br9' (\`vnet show\` lists them)" show br9
	refuses "there is no network 'br9' (\`vnet show\` lists them)" show br9 --json
	refuses "there is no network 'br9' (\`vnet show\` lists them)" leases --net br9
	refuses "there is no network 'br9' (\`vnet show\` lists them)" dhcp stop --net br9
	refuses 'no network is served: want --net NAME' dhcp stop
	refuses "address '10.2.1.1/24' is not there to remove" bridge set br0 --address -10.2.1.1/24
	refuses "address '10.1.1.254/24' is given twice" bridge set br0 --address +10.1.1.254/24
	refuses '10.7.0.2/24 overlaps 10.7.0.1/24 of vx: want another subnet, or --force' \
		bridge set br0 --address +10.7.0.2/24
}

@test "too many values" {
	local args

	vnet bridge create br0 --address 10.1.1.254/16
	state before
	mapfile -t args < <(seq 0 4096 | awk '{ printf "--dns=192.0.%d.%d\n", $1 / 256, $1 % 256 }')
	refuses 'more than 4096 values for dns' dhcp 10.1.1.11-100 "${args[@]}"
}

@test "ports that are still there, a bridge that is gone" {
	local i list=

	vnet bridge create br0
	for ((i = 10; i < 13; i++)); do
		ip link add "a$i" type veth peer name "b$i"
		ip link set "a$i" master br0
		list+=" a$i"
	done
	vnet bridge create br1
	ip link del br1
	vnet bridge create br2
	ip link del br2
	ip link add br2 type bridge
	state before
	refuses "br0 still has ports:$list (--force deletes it all the same)" delete br0
	refuses 'the bridge br1 is gone: `vnet delete br1` clears what is left' bridge set br1 --mtu 1400
	refuses 'the bridge br1 is gone: `vnet delete br1` clears what is left' \
		dhcp 10.1.1.11-100 --net br1
	refuses 'the bridge br2 is gone: `vnet delete br2` clears what is left' bridge set br2 --mtu 1400
}

@test "DHCP: ranges" {
	vnet bridge create br0 --address 10.1.1.254/24
	vnet bridge create big --address 10.128.0.1/9
	vnet bridge create tiny --address 10.2.2.1/30
	vnet bridge create pair --address 10.2.3.0/31
	vnet bridge create bare
	state before
	refuses "'' is no range: want one such as 10.1.1.11-100" dhcp ''
	refuses "'10.1.1.11' is no range: want one such as 10.1.1.11-100" dhcp 10.1.1.11
	refuses "'10.1.1.11/24' is no range: want one such as 10.1.1.11-100" dhcp 10.1.1.11/24
	refuses "'10.1.11' is no address: want one such as 10.1.1.254 or fd00::1" dhcp 10.1.11-100
	refuses "range '10.1.1.100-11' ends before it begins" dhcp 10.1.1.100-11
	refuses "range '10.1.1.100-10.1.0.255' ends before it begins" dhcp 10.1.1.100-10.1.0.255
	refuses "range end '256': want a number up to 255 or an address" dhcp 10.1.1.11-256
	refuses "range end '': want a number up to 255 or an address" dhcp 10.1.1.11-
	refuses "range end 'x': want a number up to 255 or an address" dhcp 10.1.1.11-x
	refuses "'10.1.1.300' is no address: want one such as 10.1.1.254 or fd00::1" \
		dhcp 10.1.1.11-10.1.1.300
	refuses "range 'fd00::11-100': want IPv4 addresses" dhcp fd00::11-100
	refuses "range '10.1.1.11-::ffff:10.1.1.100': want IPv4 addresses" \
		dhcp 10.1.1.11-::ffff:10.1.1.100
	refuses 'no network has a subnet with 10.9.9.11-100: want --net NAME' dhcp 10.9.9.11-100
	refuses 'bare has no subnet with 10.1.1.11: give it an address there, or the server one with --server' \
		dhcp 10.1.1.11-100 --net bare
	refuses 'end of the range 10.1.2.5 is not in the subnet 10.1.1.0/24' dhcp 10.1.1.11-10.1.2.5
	refuses 'start of the range 10.1.1.0 is the address of the network 10.1.1.0/24 itself' \
		dhcp 10.1.1.0-100
	refuses 'end of the range 10.1.1.255 is the broadcast address of 10.1.1.0/24' dhcp 10.1.1.11-255
	refuses "the range holds 10.1.1.254, the bridge's own address: want a range without it" \
		dhcp 10.1.1.11-254
	refuses "the range holds 10.1.1.20, the router's address: want a range without it" \
		dhcp 10.1.1.11-100 --router 10.1.1.20
	refuses "the range holds 10.1.1.20, the name server's address: want a range without it" \
		dhcp 10.1.1.11-100 --dns 10.1.1.20
	refuses "the range holds 10.1.1.20, the server's own address: want a range without it" \
		dhcp 10.1.1.11-100 --server 10.1.1.20/24
	refuses 'the range has more than 16384 addresses: want a smaller one' dhcp 10.128.0.2-10.128.64.2
	refuses 'no address of 10.2.2.0/30 is left for the DHCP server itself: want a smaller range, or --server' \
		dhcp 10.2.2.2-2
	refuses 'no address of 10.2.3.0/31 is left for the DHCP server itself: want a smaller range, or --server' \
		dhcp 10.2.3.1-1
}

@test "DHCP: server, router, dns, lease time" {
	vnet bridge create br0 --address 10.1.1.254/24
	state before
	refuses 'server fd00::1/64: want an IPv4 address' dhcp 10.1.1.11-100 --server fd00::1/64
	refuses 'server 10.1.2.1/24 is not in the subnet 10.1.1.0/24: want --server there' \
		dhcp 10.1.1.11-100 --server 10.1.2.1/24
	refuses 'server 10.1.1.253/25 is not in the subnet 10.1.1.0/24: want --server there' \
		dhcp 10.1.1.11-100 --server 10.1.1.253/25
	refuses "'10.1.1.253' has no prefix length: want one such as 10.1.1.254/24" \
		dhcp 10.1.1.11-100 --server 10.1.1.253
	refuses 'server 10.1.1.254/24: the bridge or the router has this address' \
		dhcp 10.1.1.11-100 --server 10.1.1.254/24
	refuses 'server 10.1.1.7/24: the bridge or the router has this address' \
		dhcp 10.1.1.11-100 --server 10.1.1.7/24 --router 10.1.1.7
	refuses 'server 10.1.1.7/24: a --host has this address' \
		dhcp 10.1.1.11-100 --server 10.1.1.7/24 --host 52:54:00:00:00:01=10.1.1.7
	refuses "'nonsense' is no address: want one such as 10.1.1.254 or fd00::1" \
		dhcp 10.1.1.11-100 --router nonsense
	refuses 'router fd00::1: want an IPv4 address' dhcp 10.1.1.11-100 --router fd00::1
	refuses 'router 10.1.2.1 is not in the subnet 10.1.1.0/24' dhcp 10.1.1.11-100 --router 10.1.2.1
	refuses 'router 10.1.1.255 is the broadcast address of 10.1.1.0/24' \
		dhcp 10.1.1.11-100 --router 10.1.1.255
	refuses "'dns.example' is no address: want one such as 10.1.1.254 or fd00::1" \
		dhcp 10.1.1.11-100 --dns dns.example
	refuses 'dns fd00::53: want an IPv4 address' dhcp 10.1.1.11-100 --dns fd00::53
	refuses 'dns 127.0.0.1: want the address of a host' dhcp 10.1.1.11-100 --dns 127.0.0.1
	refuses 'dns 0.0.0.0: want the address of a host' dhcp 10.1.1.11-100 --dns 0.0.0.0
	refuses 'dns none and dns with an address exclude each other' \
		dhcp 10.1.1.11-100 --dns none --dns 192.0.2.1
	refuses "dns '192.0.2.1' is given twice" dhcp 10.1.1.11-100 --dns 192.0.2.1 --dns 192.0.2.1
	refuses "lease-time '119': want 120s to 365d, as 300s, 30m, 12h or 7d" \
		dhcp 10.1.1.11-100 --lease-time 119
	refuses "lease-time '366d': want 120s to 365d, as 300s, 30m, 12h or 7d" \
		dhcp 10.1.1.11-100 --lease-time 366d
	refuses "lease-time '1w': want 120s to 365d, as 300s, 30m, 12h or 7d" \
		dhcp 10.1.1.11-100 --lease-time 1w
	refuses "lease-time 'h': want 120s to 365d, as 300s, 30m, 12h or 7d" \
		dhcp 10.1.1.11-100 --lease-time h
}

@test "DHCP: hosts" {
	local long

	vnet bridge create br0 --address 10.1.1.254/24
	state before
	long=$(printf '%064d' 0)
	for arg in nonsense 52:54:00:00:00:01 52:54:00:00:00:01,10.1.1.7 "$long=10.1.1.7"; do
		refuses "host '$arg': want MAC=IP or MAC=IP,NAME" dhcp 10.1.1.11-100 --host "$arg"
	done
	refuses "'' is no MAC: want one such as 52:54:00:12:34:56" dhcp 10.1.1.11-100 --host =
	refuses "'52:54:00:00:00:zz' is no MAC: want one such as 52:54:00:12:34:56" \
		dhcp 10.1.1.11-100 --host 52:54:00:00:00:zz=10.1.1.7
	refuses "MAC '53:54:00:00:00:01' is a group address: want an even first byte" \
		dhcp 10.1.1.11-100 --host 53:54:00:00:00:01=10.1.1.7
	refuses "'10.1.1' is no address: want one such as 10.1.1.254 or fd00::1" \
		dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.1
	refuses "host name '': want letters, digits and inner hyphens, at most 63" \
		dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.1.7,
	refuses "host name '-web': want letters, digits and inner hyphens, at most 63" \
		dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.1.7,-web
	refuses "host name 'a.b': want letters, digits and inner hyphens, at most 63" \
		dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.1.7,a.b
	refuses "host name 'a,b': want letters, digits and inner hyphens, at most 63" \
		dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.1.7,a,b
	refuses "host name 'a?b': want letters, digits and inner hyphens, at most 63" \
		dhcp 10.1.1.11-100 --host $'52:54:00:00:00:01=10.1.1.7,a\nb'
	refuses "host name 'infinite' means something else to dnsmasq: want another" \
		dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.1.7,infinite
	refuses "host name '$long': want letters, digits and inner hyphens, at most 63" \
		dhcp 10.1.1.11-100 --host "52:54:00:00:00:01=10.1.1.7,$long"
	refuses 'host 52:54:00:00:00:01: want an IPv4 address' \
		dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=fd00::7
	refuses 'host 10.1.2.7 is not in the subnet 10.1.1.0/24' \
		dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.2.7
	refuses 'host 10.1.1.0 is the address of the network 10.1.1.0/24 itself' \
		dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.1.0
	refuses 'host 52:54:00:00:00:01: the bridge or the router has 10.1.1.254' \
		dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.1.254
	refuses 'host 52:54:00:00:00:01 is given twice' dhcp 10.1.1.11-100 \
		--host 52:54:00:00:00:01=10.1.1.7 --host 52:54:00:00:00:01=10.1.1.8
	refuses 'two hosts with the address 10.1.1.7' dhcp 10.1.1.11-100 \
		--host 52:54:00:00:00:01=10.1.1.7 --host 52:54:00:00:00:02=10.1.1.7
	refuses 'two hosts with the name web' dhcp 10.1.1.11-100 \
		--host 52:54:00:00:00:01=10.1.1.7,web --host 52:54:00:00:00:02=10.1.1.8,web
	refuses 'two hosts with the name WEB' dhcp 10.1.1.11-100 \
		--host 52:54:00:00:00:01=10.1.1.7,web --host 52:54:00:00:00:02=10.1.1.8,WEB
	refuses "host '52:54:00:00:00:01=10.1.1.7' is given twice" dhcp 10.1.1.11-100 \
		--host 52:54:00:00:00:01=10.1.1.7 --host 52:54:00:00:00:01=10.1.1.7
	refuses "host '52:54:00:00:00:01=10.1.1.7' is not there to remove" \
		dhcp 10.1.1.11-100 --host -52:54:00:00:00:01=10.1.1.7
}

@test "DHCP: domain, pxe, options" {
	local long=$(printf 'a%.0s' {1..256})

	vnet bridge create br0 --address 10.1.1.254/24
	vnet bridge create bare
	state before
	for arg in '' a_b .lab 10.1.1.1 "lab example" "$long"; do
		refuses "domain '${arg:0:80}': want names of letters, digits and inner hyphens with dots between" \
			dhcp 10.1.1.11-100 --domain "$arg"
	done
	refuses "domain 'a?port=53': want names of letters, digits and inner hyphens with dots between" \
		dhcp 10.1.1.11-100 --domain $'a\nport=53'
	for arg in '' @10.1.1.1 a@b a@fd00::1 "a b" "${long:0:128}"; do
		refuses "pxe '${arg:0:80}': want FILE or FILE@SERVER, SERVER an IPv4 address, FILE at most 127 characters without blanks" \
			dhcp 10.1.1.11-100 --pxe "$arg"
	done
	refuses 'pxe server 224.0.0.1: want the address of a host' dhcp 10.1.1.11-100 --pxe a@224.0.0.1
	refuses 'pxe a: this host has no address on bare: want FILE@SERVER' \
		dhcp 10.1.1.11-100 --net bare --server 10.1.1.253/24 --pxe a
	for arg in '' 42 42= =10.1.1.1 0=1 255=1 ntp=10.1.1.1 +42; do
		refuses "option '${arg#+}': want N=VALUE, N from 1 to 254" dhcp 10.1.1.11-100 --option "$arg"
	done
	refuses 'option 3 is not for you to set: want --router' dhcp 10.1.1.11-100 --option 3=10.1.1.1
	refuses 'option 6 is not for you to set: want --dns' dhcp 10.1.1.11-100 --option 6=10.1.1.1
	refuses 'option 67 is not for you to set: want --pxe' dhcp 10.1.1.11-100 --option 67=a
	refuses "option 53 is the protocol's own: want another" dhcp 10.1.1.11-100 --option 53=1
	refuses "option 42 'ntp.example': want IPv4 addresses, with commas between" \
		dhcp 10.1.1.11-100 --option 42=ntp.example
	refuses "option 224 'a?b': want printable ASCII" dhcp 10.1.1.11-100 --option $'224=a\nb'
	refuses 'option 224: its value has more than 255 characters' \
		dhcp 10.1.1.11-100 --option "224=$long"
	refuses 'option 224 is given twice' dhcp 10.1.1.11-100 --option 224=1 --option 224=2
	refuses '--domain is given twice' dhcp 10.1.1.11-100 --domain a --domain b
}

@test "DHCP: which network" {
	local link

	ip link add vx type veth peer name vy
	ip link add other type bridge
	ip addr add 10.7.0.1/24 dev other
	vnet bridge create br0 --address 10.1.1.254/24
	vnet bridge create br1 --address 10.1.1.253/24 --force
	state before
	refuses 'more than one network has a subnet with 10.1.1.11-100 (br0, br1): want --net NAME' \
		dhcp 10.1.1.11-100
	refuses 'no network has a subnet with 10.7.0.11-100: want --net NAME' dhcp 10.7.0.11-100
	refuses "there is no bridge 'br9' (\`vnet bridge create\` makes one)" dhcp 10.1.1.11-100 --net br9
	refuses "'vx' is no bridge: want the name of one" dhcp 10.1.1.11-100 --net vx
	vnet dhcp 10.7.0.11-100 --net other
	state before
	refuses 'other is a bridge that vnet did not make: want `vnet dhcp` for its server, `ip` for the rest' \
		bridge set other --mtu 1400
	vnet dhcp stop
	vnet dhcp 10.1.1.11-100 --net br0
	vnet dhcp 10.1.1.111-200 --net br1
	state before
	refuses 'more than one network is served (br0, br1): want --net NAME' dhcp stop
	# Its end of the veth pair has a name that can be told beforehand.
	link=$(ip -j link show master br0 | jq -r '.[].ifname')
	vnet delete br0
	ip link add "$link" type veth peer name stranger
	vnet bridge create br0 --address 10.3.1.254/24
	state before
	refuses "$link: a link of this name is not vnet's: want it renamed, or deleted" \
		dhcp 10.3.1.11-100
}

@test "DHCP: addresses that someone has" {
	local i

	vnet bridge create br0 --address 10.1.1.254/27
	ip netns add g
	ip link add p-g type veth peer name eth0 netns g
	ip link set p-g master br0 up addrgenmode none
	for ((i = 225; i < 254; i++)); do
		ip -n g addr add "10.1.1.$i/27" dev eth0
	done
	ip -n g link set eth0 up addrgenmode none
	wait_for 5 port_forwards
	# Who was asked stands in the neighbours' tables.
	in_host g ping -q -c 1 -W 5 10.1.1.254
	state before
	refuses 'server 10.1.1.226/27: someone on br0 has this address' \
		dhcp 10.1.1.250-251 --server 10.1.1.226/27
	refuses 'the last 16 addresses of the subnet are all in use: want --server' dhcp 10.1.1.225-226
}

port_forwards()
{
	ip -j -d link show p-g | jq -e '.[0].linkinfo.info_slave_data.state == "forwarding"'
}

@test "DHCP: a namespace that someone else made" {
	vnet bridge create br0 --address 10.1.1.254/24
	ip netns add vnet-br0
	ip -n vnet-br0 link add vx type veth peer name vy
	state before
	refuses "the namespace vnet-br0 is there already, and not vnet's: want it deleted (ip netns del), or another name for the network" \
		dhcp 10.1.1.11-100
}

@test "output that cannot be written" {
	vnet bridge create br0
	state before
	OUT=/dev/full said 1 'vnet: standard output: No space left on device' show
	same_state before
}

@test "DHCP without dnsmasq" {
	vnet bridge create br0 --address 10.1.1.254/24
	for file in /usr/sbin/dnsmasq /usr/bin/dnsmasq /usr/local/sbin/dnsmasq /sbin/dnsmasq; do
		[ ! -e "$file" ] || mount -n --bind "$BATS_TEST_TMPDIR/resolv.conf" "$file"
	done
	state before
	refuses 'dnsmasq is not installed: want the package dnsmasq-base' dhcp 10.1.1.11-100
}

@test "how long guests wait with STP is said in one line" {
	said 0 'vnet: with STP a guest waits 4 s for its port (listening and learning, 2.00 s each)' \
		bridge create br0 --stp
	run_vnet 0 bridge set br0 --ageing 100
	[ -z "$output" ]
}

# uplink BRIDGE: a port named uplink that is neither a tap nor an end of a veth pair.
uplink()
{
	ip link add vx type veth peer name vy
	ip link add uplink link vx type macvlan mode passthru
	ip link set uplink master "$1"
}

@test "what leases cannot carry is said in one line" {
	: >/etc/resolv.conf
	vnet bridge create br0 --address 10.1.1.254/24
	said 0 'vnet: this host names no DNS server that guests could reach: leases carry none (see --dns)' \
		dhcp 10.1.1.11-100
	# Behind a port that is no guest's there may be another router.
	vnet dhcp stop
	uplink br0
	state before
	refuses 'br0 holds uplink: the network behind it would hear this DHCP server too (--force if that is meant)' \
		dhcp 10.1.1.11-100
	said 0 'vnet: no router is known for br0: leases carry none (see --router)' \
		dhcp 10.1.1.11-100 --dns none --force
	[ "$(grep -c dhcp-option "/run/vnet/"*/br0.dnsmasq)" -eq 1 ]
	grep -qx 'dhcp-option=option:router' "/run/vnet/"*/br0.dnsmasq
}

@test "who keeps the namespace of a server alive is named" {
	local shell

	vnet bridge create br0 --address 10.1.1.254/24
	vnet dhcp 10.1.1.11-100
	ip netns exec vnet-br0 sleep 60 3>&- &
	shell=$!
	wait_for 5 grep -q sleep "/proc/$shell/comm"
	said 0 "vnet: the namespace vnet-br0 lives on without its name: process $shell is in it" \
		dhcp stop
	kill "$shell"
}

@test "namespaces" {
	ip netns add there
	: >/run/netns/plain
	state before
	said 2 'vnet: -n lacks the name of a namespace' -n
	for name in '' . .. a/b /run/netns/there; do
		said 2 "vnet: namespace '$name': want a name as \`ip netns\` lists it" -n "$name" show
	done
	said 2 "vnet: namespace 'nowhere': there is none of that name (\`ip netns\` lists them)" \
		-n nowhere show
	said 2 "vnet: namespace 'nowhere': there is none of that name (\`ip netns\` lists them)" \
		-n nowhere bridge create br0
	said 2 "vnet: namespace 'plain': this is no network namespace (\`ip netns\` lists them)" -n plain show
	no_one
	said 2 "vnet: namespace 'there': Operation not permitted" -n there show
	same_state before
}

@test "no privilege" {
	chmod 755 "$BATS_TEST_TMPDIR"
	vnet bridge create br0 --address 10.1.1.254/24
	vnet bridge create br1 --address 10.2.1.254/24
	vnet dhcp 10.2.1.11-100
	state before
	no_one
	refuses "no permission for /run/vnet/$(nsid)/lock: want root, or sudo" bridge create br2
	refuses "no permission for /run/vnet/$(nsid)/lock: want root, or sudo" bridge set br0 --mtu 1400
	refuses "no permission for /run/vnet/$(nsid)/lock: want root, or sudo" delete br0
	refuses "no permission for /run/vnet/$(nsid)/lock: want root, or sudo" dhcp 10.1.1.11-100
	refuses "no permission for /run/vnet/$(nsid)/lock: want root, or sudo" dhcp stop --net br1
	refuses "no permission for /run/vnet/$(nsid)/lock: want root, or sudo" recover
	refuses 'no permission to look into the namespace vnet-br1: want root, or sudo' \
		dhcp 10.2.1.11-90 --dry-run
	refuses 'no permission to look into the namespace vnet-br1: want root, or sudo' \
		delete br1 --dry-run
}

nsid()
{
	basename /run/vnet/*
}

# damaged TEXT CONTENT: the record of br0 holds CONTENT, and what wants to work with it says TEXT.
damaged()
{
	local record
	record=/run/vnet/$(nsid)/br0.net

	printf '%s' "$2" >"$record"
	state before
	refuses "$record: $1" delete br0
}

@test "damaged records" {
	vnet bridge create br0 --address 10.1.1.254/24
	damaged "record: does not begin with 'vnet 1'" ''
	damaged "record: does not begin with 'vnet 1'" 'vnet 2 bridge br0'
	damaged "record: does not begin with 'vnet 1'" $'\nvnet 1 bridge br0\n'
	damaged 'record: names no network' 'vnet 1 bridge'
	damaged "record: unknown mode 'bird'" 'vnet 1 bird br0'
	damaged "record: unknown key 'wings'" $'vnet 1 bridge br0\nwings 2\n'
	damaged "record: unknown key 'router'" $'vnet 1 bridge br0\nrouter 10.1.1.1\n'
	damaged "record: line 'stp' has no value" $'vnet 1 bridge br0\nstp\n'
	damaged "stp 'maybe': want yes or no" $'vnet 1 bridge br0\nstp maybe\n'
	damaged "group '0': want 0x766e0000 to 0x766effff" $'vnet 1 bridge br0\ngroup 0\n'
	damaged "mtu 'wide': want 1280 to 65535" $'vnet 1 bridge br0\nmtu wide\n'
	damaged "name '..' means a directory: want another" 'vnet 1 bridge ..'
	damaged 'names another network' $'vnet 1 bridge br1\ngroup 0x766e0000\n'
	damaged "port 'eth1 up': want NAME addrgenmode 0 to 3 [down]" $'vnet 1 bridge br0\nport eth1 up\n'
	damaged "record: 'mtu' comes twice" $'vnet 1 bridge br0\nmtu 1500\nmtu 1400\n'
	damaged 'record: names no group' $'vnet 1 bridge br0\nmtu 1500\n'
	for verb in "show br0" "bridge set br0 --mtu 1400" "dhcp 10.1.1.11-100 --net br0" \
		"dhcp stop --net br0" "leases --net br0" "bridge create br0"; do
		# shellcheck disable=SC2086 # words
		refuses 'record: names no group' $verb
	done
}

@test "a damaged record stops no other network" {
	vnet bridge create br0
	vnet bridge create br1
	printf 'nonsense\n' >"/run/vnet/$(nsid)/br0.net"
	vnet bridge set br1 --mtu 1400
	vnet delete br1
	vnet bridge create br2
	vnet delete br2
	said 2 "record: does not begin with 'vnet 1'" show
	said 2 "record: does not begin with 'vnet 1'" leases
}

@test "an earlier change that was cut off" {
	local journal

	vnet bridge create br0
	journal=/run/vnet/$(nsid)/journal
	printf 'vnet-journal 1\nwhat bridge create br7\nnet br7\n' >"$journal"
	state before
	for verb in "bridge create br1" "bridge set br0 --mtu 1400" "delete br0" "dhcp 10.1.1.1-2 --net br0"; do
		# shellcheck disable=SC2086 # words
		refuses 'an earlier change was cut off: run `vnet recover` first' $verb
	done
	printf 'nonsense\n' >"$journal"
	state before
	refuses "$journal: Bad message: look at it, mend by hand what it names, delete it" recover
	for line in 'net ../../etc' "net br0"$'\n'"uplink abcdefghijklmnop"; do
		printf 'vnet-journal 1\nwhat x\n%s\n' "$line" >"$journal"
		state before
		refuses "$journal: Bad message: look at it, mend by hand what it names, delete it" recover
	done
}

@test "a network that is busy" {
	local lock

	vnet bridge create br0
	lock=/run/vnet/$(nsid)/lock
	state before
	printf 'pid 1: someone else\n' >"$lock"
	# An OFD lock, as vnet takes it: F_OFD_SETLK is 37, and the lock goes with its process.
	# shellcheck disable=SC2016 # perl's variables
	perl -e 'open($f, "+<", $ARGV[0]); $whole = pack("s s x4 q q l x4", 1, 0, 0, 0, 0);
		fcntl($f, 37, $whole) or exit 1; open($ready, ">", $ARGV[1]); sleep 60' \
		"$lock" "$BATS_TEST_TMPDIR/ready" 3>&- &
	held=$!
	wait_for 5 [ -e "$BATS_TEST_TMPDIR/ready" ]
	said 1 ': busy: pid 1: someone else' delete br0
	kill "$held"
	same_state before
	rm "$lock"
	mkdir "$lock"
	state before
	refuses "$lock: Is a directory" delete br0
}

@test "a lease file that makes no sense" {
	local leases=/var/lib/vnet/leases/br0

	vnet bridge create br0 --address 10.1.1.254/24
	vnet dhcp 10.1.1.11-100
	printf 'not a lease\nneither\n' >"$leases"
	state before
	said 0 "vnet: $leases: 2 lines make no sense" leases
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
	same_state before
	rm "$leases"
	mkdir "$leases"
	state before
	refuses "$leases is no lease file: want a regular file" leases
	rmdir "$leases"
	truncate -s 17M "$leases"
	state before
	said 0 "vnet: $leases is too large: the rest of it was not read" leases
	same_state before
}

# What only shows when it is done: it fails, and all of it is taken back.
@test "what fails on the way says why, and is taken back" {
	local leases=/var/lib/vnet/leases/br0

	vnet bridge create br0 --address 10.1.1.254/24
	vnet dhcp 10.1.1.11-100
	vnet dhcp stop
	rm "$leases"
	mkdir "$leases"
	state before
	said 1 "dhcp start vnet-br0: lease file $leases is no regular file" \
		dhcp 10.1.1.11-100
	same_state before
	rmdir "$leases"
	ln -s /etc/passwd "$leases"
	state before
	said 1 "lease file $leases is a symbolic link: want a file" dhcp 10.1.1.11-100
	same_state before
	rm "$leases"

	mkdir "/run/vnet/$(nsid)/journal.tmp"
	state before
	said 1 ": write /run/vnet/$(nsid)/journal: Is a directory" bridge set br0 --mtu 1400
	same_state before
	rmdir "/run/vnet/$(nsid)/journal.tmp"

	dnsmasq_is 'echo "dnsmasq: it rains" >&2; exit 3'
	state before
	said 1 'dnsmasq in vnet-br0 ended with exit status 3: it rains' dhcp 10.1.1.11-100
	same_state before
	dnsmasq_is 'kill -9 $$'
	said 1 'dnsmasq in vnet-br0 was killed by signal 9' dhcp 10.1.1.11-100
	dnsmasq_is 'exit 0'
	said 1 'dnsmasq in vnet-br0 ended as soon as it was started' dhcp 10.1.1.11-100
	same_state before
}

@test "an uplink that cannot be one" {
	ip link add nic type veth peer name world
	ip link property add dev nic altname vnic altname vnic2
	ip link add other type bridge
	state before
	refuses_create '--uplink nix: there is no such interface' br0 --uplink nix
	refuses_create "--uplink: name 'abcdefghijklmnop' has 16 characters: want at most 15" br0 \
		--uplink abcdefghijklmnop
	refuses_create "--uplink: name '..' means a directory: want another" br0 --uplink ..
	refuses_create 'vnic is another name of nic: want another' vnic --uplink nic
	refuses_create 'vnic2 is another name of nic: want another' vnic2 --uplink nic
	refuses_create '--uplink-dhcp without --uplink: want both' br0 --uplink-dhcp static
	refuses_create "uplink-dhcp 'x': want static or client" br0 --uplink nic --uplink-dhcp x
	refuses_create '--uplink lo: a loopback leads nowhere: want a NIC' br0 --uplink lo
	refuses_create '--uplink other: is a bridge itself: want a NIC' br0 --uplink other
	refuses_create '--mac with --uplink: the bridge has the MAC of the NIC: leave it out' \
		br0 --uplink nic --mac 02:00:00:00:00:01
	ip link set nic master other
	state before
	refuses_create '--uplink nic: is a port of other already: want one that is free' \
		br0 --uplink nic
	ip link set nic nomaster
	ip link set nic up
	ip link set world up
	ip link add mv0 link nic type macvlan
	while ip -6 addr show | grep -q tentative; do
		sleep 0.05
	done
	state before
	refuses_create '--uplink mv0: hears its own MAC alone, as each macvlan does: want the NIC below it' \
		br0 --uplink mv0
	refuses_create '--uplink nic: mv0 (macvlan) hangs on it, which excludes a bridge: delete it first' \
		br0 --uplink nic
	ip link del mv0
	vnet bridge create br0 --uplink nic
	ip link set nic nomaster
	state before
	refuses 'nic is no port of br0 any more: want `ip link set nic master br0` first (--force loses the addresses of br0)' \
		delete br0
	refuses 'nic is no port of br0 any more: want `ip link set nic master br0` first (--force keeps the addresses of br0)' \
		bridge set br0 --no-uplink
	refuses_create '--mtu 9000: the uplink nic lets no more through than 1500: want at most that' br1 \
		--uplink nic --mtu 9000
	ip link set nic mtu 1000
	state before
	refuses_create '--uplink nic: has an MTU of 1000: want at least 1280' br1 --uplink nic
}

@test "an uplink that a bridge cannot get" {
	ip link add nic address 02:00:00:00:00:01 type veth peer name world
	ip link add nic2 type veth peer name world2
	vnet bridge create br0 --mac 52:54:00:00:00:01 --address 10.1.1.254/24 --stp
	state before
	refuses '--uplink with other options: want it in a call of its own' \
		bridge set br0 --uplink nic --address +10.1.1.253/24
	refuses '--no-uplink with other options: want it in a call of its own' \
		bridge set br0 --mtu 1400 --no-uplink
	refuses '--uplink nix: there is no such interface' bridge set br0 --uplink nix --force
	refuses 'br0 speaks STP: for 4 s the host would be cut off (listening and learning): want --no-stp first, or --force' \
		bridge set br0 --uplink nic
	vnet bridge set br0 --no-stp
	ip link set nic up
	ip addr add 2001:db8::7/64 dev nic nodad
	ip link set world up
	while ip -6 addr show | grep -q tentative; do
		sleep 0.05
	done
	said 0 'vnet: the host is at the MAC 52:54:00:00:00:01 from now on, that of br0' \
		bridge set br0 --uplink nic
	state before
	refuses 'br0 has the uplink nic: want --no-uplink first, then --uplink nic2' \
		bridge set br0 --uplink nic2
	echo 1 >/proc/sys/net/ipv6/conf/nic/disable_ipv6
	state before
	refuses '2001:db8::7/64 could not be given back to nic: want `sysctl net/ipv6/conf/nic/disable_ipv6=0` first' \
		bridge set br0 --no-uplink
}

# address_of NIC FLAG: its IPv6 address of that kind, once it is there
address_of()
{
	wait_for 5 eval "ip -6 addr show dev $1 | grep ' $2' | grep -vq tentative"
	ip -6 addr show dev "$1" | sed -n "s,.*inet6 \([^ ]*\) .* $2.*,\1,p"
}

@test "what an uplink cannot take along" {
	ip link add nic type veth peer name world
	ip link set world up
	sysctl -qw net.ipv6.conf.nic.accept_dad=0
	echo 2001:db8::1 >/proc/sys/net/ipv6/conf/nic/stable_secret
	ip link set nic up
	said 0 "addresses of nic came of a secret: on br0 they lack that mark, and for a new prefix it makes others: $(address_of nic stable-privacy)" \
		bridge create br0 --uplink nic
	vnet delete br0
	ip addr flush dev nic
	ip addr add 10.5.0.2/24 dev nic
	ip addr add 10.6.0.2/24 dev nic
	ip route add 198.51.113.0/24 dev nic table 100 src 10.6.0.2
	ip addr del 10.6.0.2/24 dev nic
	said 0 'vnet: the route to 198.51.113.0/24 (table 100) of nic is lost: it names the source 10.6.0.2, which is no address of this host any more' \
		bridge create br0 --uplink nic
}

@test "DHCP beside an uplink" {
	ip netns add far
	ip link add nic type veth peer name far netns far
	sysctl -qw net.ipv6.conf.nic.accept_dad=0
	ip netns exec far sysctl -qw net.ipv6.conf.far.accept_dad=0
	ip -n far link set far up
	ip link set nic up
	wait_for 5 eval 'ip -br link show nic | grep -q LOWER_UP'
	# Two lines: how long guests wait, which is said elsewhere, and what STP means to the LAN.
	vnet bridge create br0 --uplink nic --stp 2>"$BATS_TEST_TMPDIR/err"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 2 ]
	grep -x 'vnet: where another bridge of the LAN is the root, its delay rules (often 15 s each; `vnet show br0` tells); a switch with BPDU guard shuts the port of nic' \
		"$BATS_TEST_TMPDIR/err" | cut -c 7- >>"${VNET_MESSAGES-/dev/null}"
	vnet delete br0
	vnet bridge create br0 --uplink nic --address 10.1.1.254/24 --address 10.20.0.1/16
	state before
	refuses 'the range has more than 1024 addresses, and beside an uplink each is asked for: want a smaller one' \
		dhcp 10.20.4.0-10.20.8.0
	said 0 'vnet: br0 has the DHCP server 10.1.1.253; 10.1.1.11-10.1.1.12 must lie outside the pool of the LAN'"'"'s own server' \
		dhcp 10.1.1.11-12 --router none
	said 0 'vnet: all behind nic hear the DHCP server of br0: clients there may take its leases for those of the LAN'"'"'s own server' \
		dhcp 10.1.1.11-12 --serve-uplink
	vnet dhcp stop
	rm -f /var/lib/vnet/leases/br0
	ip -n far addr add 10.1.1.11/24 dev far
	vnet dhcp 10.1.1.11-12 --router none 2>"$BATS_TEST_TMPDIR/err"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 2 ]
	grep -x 'vnet: in use on br0, and so not leased: 10.1.1.11' "$BATS_TEST_TMPDIR/err" | cut -c 7- >>"${VNET_MESSAGES-/dev/null}"
	vnet dhcp stop
	rm -f /var/lib/vnet/leases/br0
	ip -n far addr add 10.1.1.12/24 dev far
	ip netns exec far ping -q -c 1 -W 5 10.1.1.254
	state before
	refuses 'every address of the range is in use on br0: want another one' dhcp 10.1.1.11-12 --router none
}

@test "a port that cannot be one, or is another's" {
	ip link add nic type veth peer name world
	ip link add mv0 link nic type macvlan
	ip link add other type veth peer name world2
	ip link add low mtu 1400 type veth peer name world3
	ip link add vx type vxlan id 5 dstport 4789 local 127.0.0.1
	vnet bridge create br0 --address 10.1.1.254/24
	state before
	refuses 'NAME is missing (see --help)' bridge add-port
	refuses 'DEV is missing (see --help)' bridge add-port br0
	refuses "'c' is too much: one DEV is enough" bridge add-port br0 nic c
	refuses "there is no network 'br7' (\`vnet show\` lists them)" bridge add-port br7 nic
	refuses 'nix: there is no such interface' bridge add-port br0 nix
	refuses 'lo: a loopback leads nowhere: want a NIC' bridge add-port br0 lo
	refuses 'br0: is a bridge itself: want a NIC' bridge add-port br0 br0
	refuses 'mv0: hears its own MAC alone, as each macvlan does: want the NIC below it' bridge add-port br0 mv0
	refuses 'nic: mv0 (macvlan) hangs on it: delete that first' bridge add-port br0 nic
	ip link del mv0
	ip addr add 192.0.2.10/24 dev nic
	state before
	refuses 'nic holds 192.0.2.10/24, which a port cannot: want `vnet bridge set br0 --uplink nic`, or the address off it' \
		bridge add-port br0 nic
	ip addr flush dev nic
	ip link set nic up
	ip route add 198.51.100.0/24 dev nic
	state before
	refuses 'the route to 198.51.100.0/24 leads over nic, which a port cannot: want `vnet bridge set br0 --uplink nic`, or the route off it' \
		bridge add-port br0 nic
	ip route del 198.51.100.0/24
	said 0 'vnet: low has an MTU of 1400, br0 of 1500: what is larger does not pass it' \
		bridge add-port br0 low
	vnet dhcp 10.1.1.11-100 --dns none
	state before
	refuses 'br0 is served: the network behind vx would hear its DHCP server too (--force if that is meant)' \
		bridge add-port br0 vx
	refuses "$(ls /sys/class/net/br0/brif | grep vnd-) is the DHCP server's: want \`vnet dhcp stop --net br0\`" \
		bridge del-port br0 "$(ls /sys/class/net/br0/brif | grep vnd-)"
	refuses 'nic is no port of br0 (`vnet show br0` lists them)' bridge del-port br0 nic
	ip link set other master br0
	ip tuntap add tap0 mode tap
	ip link set tap0 group "$(($(cat /sys/class/net/br0/netdev_group)))" master br0
	state before
	refuses 'vnet did not make other a port: want `ip link set other nomaster`' bridge del-port br0 other
	refuses "tap0 is a guest's: it goes with the guest, or by vnet-ifdown" bridge del-port br0 tap0
	vnet dhcp stop
	vnet bridge create br1 --uplink nic
	state before
	refuses 'nic is the uplink: want `vnet bridge set br1 --no-uplink`' bridge del-port br1 nic
}

# nic_up: a NIC with an address, and what it leads to.
nic_up()
{
	ip link add nic type veth peer name world
	ip link set nic up
	ip link set world up
	ip addr add 10.9.0.2/24 dev nic
	while ip -6 addr show | grep -q tentative; do
		sleep 0.05
	done
}

# moves TEXT [ARG...]: the NIC becomes the uplink of br0, with that note, and is given back.
moves()
{
	local text=$1
	shift

	said 0 "$text" bridge create br0 --uplink nic "$@"
	vnet delete br0
}

@test "an uplink that is no NIC, or not settled" {
	ip tuntap add tun0 mode tun
	state before
	refuses_create '--uplink tun0: has no MAC of Ethernet: want a NIC' br0 --uplink tun0
	nic_up
	sysctl -qw net.ipv6.conf.nic.dad_transmits=10
	ip addr add 2001:db8:9::77/64 dev nic
	state before
	refuses_create '2001:db8:9::77/64 of nic is still being asked for: want it settled first (3 s were not enough)' \
		br0 --uplink nic
	ip addr del 2001:db8:9::77/64 dev nic
	ip link set world down
	moves 'nic has no carrier: br0 leads nowhere until it has'
	ip link set nic down
	ip addr add 2001:db8:9::77/64 dev nic
	state before
	refuses_create '2001:db8:9::77/64 of nic, which is down, could not be given back: want `ip link set nic up` first' \
		br0 --uplink nic
	ip addr del 2001:db8:9::77/64 dev nic
	moves 'nic is down: br0 leads nowhere until `ip link set nic up`'
}

@test "an uplink that tunnels are bound to" {
	nic_up
	ip link add vx0 type vxlan id 7 dev nic remote 10.9.0.1 dstport 4789
	state before
	refuses_create '--uplink nic: vx0 (vxlan) is bound to it and would reach no one any more: want it made anew on br0 after the move (--force moves all the same)' \
		br0 --uplink nic
	moves 'tunnels bound to nic work no more until they are made anew on br0: vx0' --force
	ip link del vx0
	ip link add vx0 type vxlan id 7 dev nic group 239.1.1.1 dstport 4789
	state before
	refuses_create '--uplink nic: vx0 (vxlan) is bound to it and would not hear its group any more: want it made anew on br0 after the move (--force moves all the same)' \
		br0 --uplink nic
	ip link del vx0
	ip link add vx0 type vxlan id 7 remote 10.9.0.1 dstport 4789 # by what route there is
	vnet bridge create br0 --uplink nic
}

@test "an uplink that a firewall names" {
	nic_up
	nft 'table inet t { chain c { type filter hook input priority 0; iifname "nic" accept; }; }'
	state before
	refuses_create '--uplink nic: the firewall names it, but packets will come and go by br0: want br0 beside it, as in { nic, br0 }, or --force: inet t c handle 2' \
		br0 --uplink nic
	moves 'the firewall names nic, but packets come and go by br0 now: want br0 in: inet t c handle 2' \
		--force
	nft 'flush chain inet t c; add rule inet t c iifname { nic, br0 } accept'
	vnet bridge create br0 --uplink nic
	nft 'add rule inet t c iifname br0 accept'
	state before
	refuses 'br0: the firewall names it, but packets will come and go by nic: want nic beside it, as in { br0, nic }, or --force: inet t c handle 5' \
		delete br0
	said 0 'the firewall names br0, but packets come and go by nic now: want nic in: inet t c handle 5' \
		delete br0 --force
}

@test "an uplink with what stays on it" {
	nic_up
	nft 'table netdev t { chain c { type filter hook ingress device nic priority 0; }; }'
	tc qdisc add dev nic clsact
	tc filter add dev nic ingress bpf da bytecode '1,6 0 0 4294967295'
	moves 'what filters at nic stays there, in front of br0: chain netdev t c, tc ingress filters (bpf)'
	nft delete table netdev t
	tc qdisc del dev nic clsact
	ip rule add iif nic lookup 100 priority 1000
	ip -6 rule add oif nic lookup 101 priority 1001
	moves 'policy rules that name nic match nothing any more: want such with br0 beside them: IPv4 rule 1000: iif nic lookup 100, IPv6 rule 1001: oif nic lookup 101'
	ip rule del priority 1000
	ip -6 rule del priority 1001
	perl -MSocket -e 'socket($s, AF_INET, SOCK_DGRAM, 0); setsockopt($s, SOL_SOCKET, 25, "nic") or die;
		bind($s, sockaddr_in(6767, INADDR_ANY)); open($ready, ">", $ARGV[0]); sleep 60' \
		"$BATS_TEST_TMPDIR/ready" 3>&- &
	held=$!
	wait_for 5 [ -e "$BATS_TEST_TMPDIR/ready" ]
	moves "sockets bound to nic hear nothing any more: want their programs started anew on br0: udp 0.0.0.0:6767 of perl ($held)"
	kill "$held"
	wait "$held" || :
	perl -MSocket -e 'socket($s, AF_INET, SOCK_DGRAM, 0);
		setsockopt($s, 0, 35, inet_aton("239.9.9.9") . inet_aton("10.9.0.2")) or die;
		open($ready, ">", $ARGV[0]); sleep 60' "$BATS_TEST_TMPDIR/joined" 3>&- &
	held=$!
	wait_for 5 [ -e "$BATS_TEST_TMPDIR/joined" ]
	moves 'groups joined on nic hear nothing any more: want their programs started anew: 239.9.9.9'
	kill "$held"
}

@test "an uplink with IPv6 addresses that are not plain" {
	nic_up
	ip addr add 2001:db8:9::7/64 dev world nodad
	ip addr add 2001:db8:9::7/64 dev nic
	wait_for 5 eval 'ip addr show dev nic | grep -q dadfailed'
	moves 'someone else has this address of nic, which is not moved: 2001:db8:9::7/64'
	ip addr del 2001:db8:9::7/64 dev nic
	sysctl -qw net.ipv6.conf.nic.use_tempaddr=2
	ip addr add 2001:db8:8::7/64 dev nic mngtmpaddr nodad
	wait_for 5 eval 'ip addr show dev nic | grep -q "temporary"'
	temporary=$(ip -j addr show dev nic | jq -r '.[0].addr_info[] | select(.temporary).local')
	moves "temporary addresses of nic are plain ones on br0 until they end, and new ones take their place: $temporary/64"
}

@test "directories that cannot be made" {
	rm -r /var/lib/vnet
	: >/var/lib/vnet
	state before
	refuses '/var/lib/vnet/leases: Not a directory' bridge create br0
	rm -r /var/lib/vnet /run/vnet
	: >/run/vnet
	state before
	refuses 'Not a directory' bridge create br0
}

@test "directories that are not of root alone" {
	vnet bridge create br0
	run=$(echo /run/vnet/*)
	for dir in /run/vnet "$run"; do
		for wrong in 'chmod 775' 'chmod 1757' 'chown nobody'; do
			$wrong "$dir"
			state before
			for verb in 'bridge create br1' 'bridge set br0 --mtu 1400' 'delete br0' recover; do
				# shellcheck disable=SC2086 # words of a command
				refuses "$dir: others than root may write there: look what they did, then \`chown root $dir\` and \`chmod 755 $dir\`" $verb
			done
			chown root "$dir"
			chmod 755 "$dir"
		done
	done
	vnet delete br0
}

# dnsmasq_is SCRIPT: from now on, in this namespace, dnsmasq is that.
dnsmasq_is()
{
	printf '#!/bin/sh\n%s\n' "$1" >"$BATS_TEST_TMPDIR/dnsmasq"
	chmod 755 "$BATS_TEST_TMPDIR/dnsmasq"
	umount -n /usr/sbin/dnsmasq 2>/dev/null || :
	mount -n --bind "$BATS_TEST_TMPDIR/dnsmasq" /usr/sbin/dnsmasq
}

@test "a watchdog, and what waits for a confirmation" {
	local dog

	ip link add eth0 type veth peer name far
	ip link set far addrgenmode none
	ip link set eth0 addrgenmode none
	ip link set eth0 up
	ip link set far up
	ip addr add 192.0.2.2/24 dev eth0
	state before
	refuses 'nothing waits to be confirmed: `vnet show` tells what there is' confirm
	refuses_create "--confirm: this does not touch the host's way out: leave it out" br0 --confirm 5
	export VNET_LIBEXEC=/run/nonesuch
	refuses_create 'there is no /run/nonesuch/vnet-watchdog: nothing moves without a watchdog' br0 \
		--uplink eth0
	mkdir /run/helpers
	export VNET_LIBEXEC=/run/helpers
	ln -s /bin/false /run/helpers/vnet-watchdog
	said 1 ': the watchdog does not answer: Broken pipe' bridge create br0 --uplink eth0
	run bash -c "ulimit -n 8; VNET_LIBEXEC='$VNET_BUILD' vnet bridge create br0 --uplink eth0"
	[[ $status -eq 2 && $output == *"/vnet-watchdog: Too many open files" ]]
	rm /run/helpers/vnet-watchdog
	printf '#!/bin/sh\nulimit -n 6\nexec %s/vnet-watchdog\n' "$VNET_BUILD" >/run/helpers/vnet-watchdog
	chmod +x /run/helpers/vnet-watchdog
	said 1 ': the watchdog: network namespace, netlink socket: Too many open files' bridge create br0 --uplink eth0
	export VNET_LIBEXEC=$VNET_BUILD
	said 0 ': in 60 s this is taken back, unless `vnet confirm` is run' bridge create br0 \
		--uplink eth0 --confirm 60
	dog=$(pgrep -x vnet-watchdog)
	kill -STOP "$dog"
	said 2 '/watchdog: the watchdog does not answer (is it stopped?)' confirm
	said 1 ": busy: the watchdog of $(cat /run/vnet/*/lock) does not answer (is it stopped?)" delete br0
	kill -CONT "$dog"
	vnet confirm
	wait_for 5 eval '! pgrep -x vnet-watchdog'
	vnet delete br0
}
