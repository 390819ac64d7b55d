#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vnet-ifup and vnet-ifdown, each test in a namespace of its own, on records written by hand.

setup()
{
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	: "${VNET_BUILD:=$top/build/asan}"
	VNET_BUILD=$(cd "$VNET_BUILD" && pwd)
	export VNET_BUILD
	export PATH=$VNET_BUILD:$PATH
	unset VNET_NET
}

# in_ns FUNCTION [ARG...]: run a function of this file in a fresh namespace.
in_ns()
{
	"$top/tests/lib/in-ns" bash -c "$(declare -f); set -eET
		trap 'echo \"failed: \$BASH_COMMAND\" >&2' ERR; start; \"\$@\"" bash "$@"
}

# ---- what the functions below, inside of the namespace, build on ----

start()
{
	# The helper itself tells where it looks: <vnet-ifup: x: /run/vnet/NUMBER: Not a directory>
	: >/run/vnet
	records=$(vnet-ifup x 2>&1 | cut -d: -f3 | tr -d ' ')
	[[ $records =~ ^/run/vnet/[0-9]+$ ]]
	rm /run/vnet
	mkdir -p "$records"
}

# record NAME: from standard input.
record()
{
	cat >"$records/$1.net"
}

# network NAME GROUP [IP-LINK-ARG...]: a bridge and its record.
network()
{
	local name=$1 group=$2
	shift 2

	ip link add "$name" group "$group" address 02:00:00:00:00:01 type bridge "$@"
	ip link set "$name" up
	printf 'vnet 1 bridge %s\ngroup %s\nmtu 1500\n' "$name" "$group" | record "$name"
}

# foreign NAME: a bridge of someone else, which vnet serves.
foreign()
{
	ip link add "$1" type bridge
	ip link set "$1" up
	printf 'vnet 1 bridge %s\nforeign yes\ndhcp.range 10.1.1.11-10.1.1.100\n' "$1" | record "$1"
}

taps()
{
	local tap

	for tap in "$@"; do
		ip tuntap add "$tap" mode tap
	done
}

# has LINK WORD...: each stands in what ip tells of the link.
has()
{
	local link=$1 word text
	shift

	text=" $(ip -d link show "$link" | tr -s ' \n' '  ') "
	for word in "$@"; do
		case $text in
		*" $word "*) ;;
		*)
			echo "$link has not '$word': $text" >&2
			return 1
			;;
		esac
	done
}

# has_not LINK WORD...
has_not()
{
	local link=$1 word
	shift

	for word in "$@"; do
		if has "$link" "$word" 2>/dev/null; then
			echo "$link has '$word'" >&2
			return 1
		fi
	done
}

# All of a link; the queue that a first start gave it stays.
state()
{
	ip -d link show "$1" | sed 's/ qdisc [a-z_]* / /'
	ip -o addr show "$1"
}

# says STATUS TEXT COMMAND...: that exit status, and that text alone on both streams.
says()
{
	local status=0 want=$1 text=$2 output
	shift 2

	output=$("$@" 2>&1) || status=$?
	if [ "$status" -ne "$want" ] || [ "$output" != "$text" ]; then
		printf '%q ' "$@" >&2
		printf '\nexit status %s, want %s\n<%s>, want\n<%s>\n' "$status" "$want" \
			"$output" "$text" >&2
		return 1
	fi
}

# wait_for COMMAND...: at most 10 seconds.
wait_for()
{
	local i

	for ((i = 0; i < 500; i++)); do
		if "$@" >/dev/null 2>&1; then
			return 0
		fi
		sleep 0.02
	done
	echo "still not: $*" >&2
	return 1
}

without_privilege()
{
	setpriv --bounding-set=-net_admin --inh-caps=-net_admin "$@"
}

# ---- what an attached tap looks like ----

body_attach()
{
	network br0 0x766e0000
	ip link set br0 mtu 1400
	taps tap0
	ip link set tap0 address 02:11:22:33:44:55
	says 0 "" vnet-ifup tap0
	has tap0 "master br0" "mtu 1400" "link/ether fe:11:22:33:44:55" "group $((0x766e0000))" \
		"alias vnet:br0:tap" "addrgenmode none" "root_block off" "isolated off"
	ip link show tap0 | grep -q '[<,]UP[,>]'

	says 0 "" vnet-ifup tap0 # once more: nothing changes
	has tap0 "master br0" "alias vnet:br0:tap"
}

@test "ifup: master, MTU, MAC, group, alias, no IPv6 address, up" {
	in_ns body_attach
}

body_stp()
{
	network br0 0x766e0000
	printf 'stp yes\n' >>"$records/br0.net" # the record says so, the bridge not yet
	network br1 0x766e0001 stp_state 1      # the bridge says so
	foreign br2
	ip link set br2 type bridge stp_state 1
	taps tap0 tap1 tap2
	VNET_NET=br0 vnet-ifup tap0
	VNET_NET=br1 vnet-ifup tap1
	VNET_NET=br2 vnet-ifup tap2
	has tap0 "root_block on"
	has tap1 "root_block on" "addrgenmode none" "alias vnet:br1:tap"
	has tap2 "root_block on"
}

@test "ifup: with STP, a tap gets root_block" {
	in_ns body_stp
}

body_foreign()
{
	foreign br7
	taps tap0
	says 1 "vnet-ifup: tap0: no network: want one, by \`vnet bridge create\`" vnet-ifup tap0
	VNET_NET=br7 vnet-ifup tap0
	has tap0 "master br7" "group default" "addrgenmode none"
	has_not tap0 alias "group $((0x766e0000))"

	network br0 0x766e0000 # a foreign one does not make it two
	taps tap1
	vnet-ifup tap1
	has tap1 "master br0"
}

@test "ifup: a foreign network is used when named, unmarked, and never the only one" {
	in_ns body_foreign
}

body_low_mtu()
{
	network br0 0x766e0000
	ip link set br0 mtu 1000
	taps tap0
	ip link set tap0 mtu 1000 # without room for IPv6, Linux has none on the link
	says 0 "" vnet-ifup tap0
	has tap0 "master br0" "mtu 1000" "alias vnet:br0:tap"

	network br1 0x766e0001
	taps tap1
	ip link set tap1 mtu 1000
	says 1 "vnet-ifup: tap1: MTU 1000: want 1280 or more, or IPv6 comes up with br1's 1500" \
		env VNET_NET=br1 vnet-ifup tap1
	has_not tap1 master
}

@test "ifup: a tap without IPv6" {
	in_ns body_low_mtu
}

# ---- which network ----

body_find()
{
	local i=0 net

	for net in byname byenv byconf other; do
		network $net 0x766e000$((i++))
	done
	mkdir -p /etc/vnet
	printf '# taps of the web\n\n  web-?  byconf  # one\r\ntap* byconf\nweb-* other\n' \
		>/etc/vnet/ifup.conf
	ln -s "$VNET_BUILD/vnet-ifup" /run/vnet-ifup-byname
	ln -s "$VNET_BUILD/vnet-ifup" /run/another-name
	taps tap0 tap1 tap2 tap3 web-1 web-10

	VNET_NET=byenv /run/vnet-ifup-byname tap0
	has tap0 "master byname"
	VNET_NET=byenv vnet-ifup tap1
	has tap1 "master byenv"
	vnet-ifup tap2
	has tap2 "master byconf"
	VNET_NET="" /run/another-name tap3
	has tap3 "master byconf"
	vnet-ifup web-1
	has web-1 "master byconf"
	vnet-ifup web-10
	has web-10 "master other"
}

@test "ifup: own name, \$VNET_NET, ifup.conf, in this order; the first match wins" {
	in_ns body_find
}

body_only()
{
	mkdir -p /etc/vnet
	echo 'web-* br9' >/etc/vnet/ifup.conf
	network br0 0x766e0000
	echo "no record" >"$records/br1.net.tmp"
	echo "no record" >"$records/.net"
	echo "no record" >"$records/-x.net"
	mkdir "$records/br1.dhcp"
	taps tap0 tap1
	says 0 "" vnet-ifup tap0
	has tap0 "master br0"

	network br1 0x766e0001
	says 1 "vnet-ifup: tap1: which network of $(cd "$records" && list_names): want it named by \
\$VNET_NET, in /etc/vnet/ifup.conf, or by a link vnet-ifup-NETWORK to this program" vnet-ifup tap1
	has_not tap1 master
}

# In the order of the directory, as the helper names them.
list_names()
{
	find . -maxdepth 1 -name 'br?.net' | sed 's|./\(.*\).net|\1|' | paste -sd, | sed 's/,/, /g'
}

@test "ifup: the only network there is; two are ambiguous" {
	in_ns body_only
}

body_many()
{
	local i

	for ((i = 0; i < 200; i++)); do
		printf 'vnet 1 bridge network-%d\ngroup 0x766e0000\n' $i | record network-$i
	done
	taps tap0
	run_line=$(vnet-ifup tap0 2>&1) && return 1
	[ "${run_line%% network-*}" = "vnet-ifup: tap0: which network of" ]
	[ "$(wc -l <<<"$run_line")" -eq 1 ]
	[ ${#run_line} -lt 512 ]
}

@test "ifup: 200 networks, and still one line" {
	in_ns body_many
}

body_big_record()
{
	local i pad

	network br0 0x766e0000
	printf 'stp yes\n' >>"$records/br0.net"
	cp "$records/br0.net" /run/head
	for i in {1..20000}; do
		printf 'dhcp.host 52:54:00:00:00:01=10.1.1.11,a-guest-with-a-long-name\n'
	done >/run/hosts
	[ "$(stat -c %s /run/hosts)" -gt 1000000 ]
	taps tap0
	for pad in {1..64}; do # wherever in a line the part that is read may end
		{ cat /run/head && printf 'pad %0*d\n' $pad 0 && cat /run/hosts; } >"$records/br0.net"
		says 0 "" vnet-ifup tap0
	done
	has tap0 "master br0" "root_block on"
}

@test "ifup: a record with 20,000 leases" {
	in_ns body_big_record
}

# ---- what goes wrong ----

body_usage()
{
	local usage="usage: vnet-ifup TAP: see vnet-ifup --help"

	says 2 "$usage" vnet-ifup
	says 2 "$usage" vnet-ifup tap0 br0
	says 2 "$usage" vnet-ifup ""
	says 2 "$usage" vnet-ifup --frobnicate
	says 2 "$usage" vnet-ifup -h
	says 2 "usage: vnet-ifdown TAP: see vnet-ifdown --help" vnet-ifdown
	says 2 "usage: vnet-ifdown TAP: see vnet-ifdown --help" vnet-ifdown -x
	vnet-ifup --help | grep -q '^usage: vnet-ifup TAP'
	vnet-ifdown --help | grep -q '^usage: vnet-ifdown TAP'
	vnet-ifup --version | grep -qE '^vnet-ifup [0-9]+\.[0-9]+\.[0-9]+$'
	vnet-ifdown --version | grep -qE '^vnet-ifdown [0-9]+\.[0-9]+\.[0-9]+$'
}

@test "usage, help and version" {
	in_ns body_usage
}

body_tap_names()
{
	local name
	local chars="holds a character other than letters, digits, '-', '_' and '.'"

	network br0 0x766e0000
	for name in / a/b tap%d 'a b' 'a;b' 'tap:0' $'\x80'; do
		says 1 "vnet-ifup: $name: name '$name' $chars" vnet-ifup "$name"
		says 1 "vnet-ifdown: $name: name '$name' $chars" vnet-ifdown "$name"
	done
	says 1 "vnet-ifup: a?b?[1m: name 'a?b?[1m' $chars" vnet-ifup $'a\nb\e[1m'
	says 1 "vnet-ifup: tap4567890123456: name 'tap4567890123456' has 16 characters: want at \
most 15" vnet-ifup tap4567890123456
	says 1 "vnet-ifup: .: name '.' means a directory: want another" vnet-ifup .
	says 1 "vnet-ifup: ..: name '..' means a directory: want another" vnet-ifup ..
	name=$(printf '%0100000d' 0) # one line, and not a long one
	vnet-ifup "$name" >/run/out 2>&1 || [ $? -eq 1 ]
	[ "$(wc -l </run/out)" -eq 1 ]
	[ "$(wc -c </run/out)" -lt 200 ]
}

@test "ifup: hostile names of taps" {
	in_ns body_tap_names
}

body_taps()
{
	local no="no tap of this network namespace: want one"

	network br0 0x766e0000
	ip link add br1 type bridge
	ip link add veth0 type veth peer name veth1
	ip tuntap add tun0 mode tun
	taps tap0 tap1
	ip link property add dev tap0 altname othername
	ip link set tap1 master br1
	for link in nosuch lo br0 veth0 tun0 othername; do
		says 1 "vnet-ifup: $link: $no" vnet-ifup $link
	done
	state tap1 >/run/before
	says 1 "vnet-ifup: tap1: a port of another link: want it free" vnet-ifup tap1
	state tap1 | diff /run/before -
}

@test "ifup: links that are no free tap" {
	in_ns body_taps
}

body_networks()
{
	taps tap0
	says 1 "vnet-ifup: tap0: no network: want one, by \`vnet bridge create\`" vnet-ifup tap0
	rm -r /run/vnet
	says 1 "vnet-ifup: tap0: no network: want one, by \`vnet bridge create\`" vnet-ifup tap0
	says 1 "vnet-ifup: tap0: no network 'br0' (from \$VNET_NET): want one of: none, yet" \
		env VNET_NET=br0 vnet-ifup tap0
	mkdir -p "$records"
	network br1 0x766e0000
	ln -s "$VNET_BUILD/vnet-ifup" /run/vnet-ifup-br0
	ln -s "$VNET_BUILD/vnet-ifup" /run/vnet-ifup-
	ln -s "$VNET_BUILD/vnet-ifup" /run/vnet-ifup-a%sb
	says 1 "vnet-ifup: tap0: no network 'br0' (from vnet-ifup-br0): want one of: br1" \
		/run/vnet-ifup-br0 tap0
	says 1 "vnet-ifup: tap0: vnet-ifup- '': want a network's name" /run/vnet-ifup- tap0
	says 1 "vnet-ifup: tap0: vnet-ifup-a%sb 'a%sb': want a network's name" /run/vnet-ifup-a%sb tap0
	for name in ../x .. / br1/../br1 nosuchnetwork1234 %s; do
		says 1 "vnet-ifup: tap0: \$VNET_NET '$name': want a network's name" \
			env VNET_NET="$name" vnet-ifup tap0
	done
	says 1 "vnet-ifup: tap0: \$VNET_NET '?[31mred': want a network's name" \
		env VNET_NET=$'\e[31mred' vnet-ifup tap0
	has_not tap0 master
}

@test "ifup: networks that there are not" {
	in_ns body_networks
}

body_bridges()
{
	local other="0x766e0001, its record 0x766e0000: see \`vnet show br0\`"

	network br0 0x766e0000
	taps tap0
	ip link set br0 group 0x766e0001
	says 1 "vnet-ifup: tap0: bridge br0 has group $other" vnet-ifup tap0
	ip link del br0
	says 1 "vnet-ifup: tap0: bridge br0 is gone: see \`vnet show br0\` or \`vnet recover\`" \
		vnet-ifup tap0
	ip link add br0 group 0x766e0000 type veth peer name veth1
	says 1 "vnet-ifup: tap0: br0 is no bridge: see \`vnet show\`" vnet-ifup tap0
	ip link del br0
	ip link add office group 0x766e0000 type bridge
	ip link property add dev office altname br0
	says 1 "vnet-ifup: tap0: br0 is no bridge: see \`vnet show\`" vnet-ifup tap0
	has_not tap0 master
}

@test "ifup: a bridge that is gone, or another's" {
	in_ns body_bridges
}

body_records()
{
	local path=$records/br0.net text size="want a regular file of at most 4194304 bytes"
	local head="bad record: want 'vnet 1 bridge br0'"

	network br0 0x766e0000
	taps tap0
	mv "$path" /run/good
	bad() { says 1 "vnet-ifup: tap0: $path: $1" timeout 5 vnet-ifup tap0; }

	ln -s /run/good "$path"
	bad "Too many levels of symbolic links"
	rm "$path"
	mkfifo "$path"
	bad "$size"
	rm "$path"
	mkdir "$path"
	bad "$size"
	rmdir "$path"
	truncate -s 4194305 "$path"
	bad "$size"
	truncate -s 4194304 "$path"
	bad "want text that can be read"
	head -c 100000 /dev/zero | tr '\0' x >"$path"
	bad "$head"
	: >"$path"
	bad "$head"
	for text in 'vnet 2 bridge br0' 'vnet 1 bridge br1' 'vnet 1 macvlan br0' 'vnet 1 bridge' \
		'vnet 1 bridge br0 ' ' vnet 1 bridge br0' '%s%s%s%n'; do
		printf '%s\ngroup 0x766e0000\n' "$text" >"$path"
		bad "$head"
	done
	{ cat /run/good && printf 'x\0y\n'; } >"$path"
	bad "want text that can be read"
	for text in "group 0x766dffff" "group 0x766f0000" "group 0" "group -1" "group 0x766e0000x" \
		"group 0x1766e0000"; do
		printf 'vnet 1 bridge br0\n%s\n' "$text" >"$path"
		bad "bad record: want 'group 0x766e0000 to 0x766effff'"
	done
	for text in "stp maybe" "foreign YES" "foreign 1"; do
		printf 'vnet 1 bridge br0\ngroup 0x766e0000\n%s\n' "$text" >"$path"
		bad "bad record: want 'yes or no'"
	done
	for text in key "key " " value" ""; do
		printf 'vnet 1 bridge br0\n%s\ngroup 0x766e0000\n' "$text" >"$path"
		bad "bad record: want 'KEY VALUE'"
	done
	printf 'vnet 1 bridge br0\nforeign no\nmtu 1500\n' >"$path"
	bad "bad record: want 'a group'"
	has_not tap0 master
	mv /run/good "$path"
	vnet-ifup tap0
}

@test "ifup: hostile records" {
	in_ns body_records
}

body_random()
{
	local i path=$records/br0.net

	network br0 0x766e0000
	taps tap0
	cp "$path" /run/good
	for ((i = 0; i < 300; i++)); do # bytes of random value at random places
		cp /run/good "$path"
		head -c $((i % 3 + 1)) /dev/urandom |
			dd of="$path" bs=1 seek=$((RANDOM % 50)) conv=notrunc status=none
		status=0
		vnet-ifup tap0 >/run/out 2>&1 || status=$?
		[ $status -le 1 ]
		[ "$(wc -l </run/out)" -eq $status ]
	done
}

@test "ifup: damaged records never do more than fail" {
	in_ns body_random
}

body_conf()
{
	local conf=/etc/vnet/ifup.conf line

	network br0 0x766e0000
	taps tap0
	mkdir -p /etc/vnet
	for line in br0 'tap* br0 br1' 'tap* ../x' 'tap* br0/' 'tap[0-9] br0' 'tap\* br0' '/* br0' \
		'tap* a-name-too-long0'; do
		printf '# all\ntap0 br0\n%s\n' "$line" >$conf # behind the line that matches
		says 1 "vnet-ifup: tap0: $conf:3: want 'PATTERN NETWORK', as 'web-* br0'" \
			vnet-ifup tap0
	done
	printf 'tap0 br0' >$conf
	truncate -s 16385 $conf
	says 1 "vnet-ifup: tap0: $conf: want a regular file of at most 16384 bytes" vnet-ifup tap0
	truncate -s 16384 $conf
	says 1 "vnet-ifup: tap0: $conf: want text that can be read" vnet-ifup tap0
	rm $conf
	mkfifo $conf
	says 1 "vnet-ifup: tap0: $conf: want a regular file of at most 16384 bytes" \
		timeout 5 vnet-ifup tap0
	rm $conf
	echo 'tap0 br9' >$conf
	says 1 "vnet-ifup: tap0: no network 'br9' (from $conf): want one of: br0" vnet-ifup tap0
	VNET_NET=br0 vnet-ifup tap0 # who names it needs no ifup.conf

	taps tap1
	{ yes '# a comment that fills the file' | head -c 16370 && printf '\ntap? br0'; } >$conf
	vnet-ifup tap1 # its last line has no end
	has tap1 "master br0"
	rm $conf
	printf '*?*1* br0\n' >/run/conf
	ln -s /run/conf $conf # whose is /etc may link it elsewhere
	taps xx1x
	vnet-ifup xx1x
}

@test "ifup: hostile ifup.conf" {
	in_ns body_conf
}

body_privilege()
{
	local no="Operation not permitted: want root or CAP_NET_ADMIN"

	network br0 0x766e0000
	taps tap0 tap1
	state tap0 >/run/before
	says 1 "vnet-ifup: tap0: br0: addr_gen_mode: $no" without_privilege vnet-ifup tap0
	state tap0 | diff /run/before -
	vnet-ifup tap1
	says 1 "vnet-ifdown: tap1: no privilege: want root or CAP_NET_ADMIN" \
		without_privilege vnet-ifdown tap1
	has tap1 "master br0"
}

@test "without privilege, nothing changes" {
	in_ns body_privilege
}

body_undo()
{
	network br0 0x766e0000 stp_state 1
	ip link set br0 mtu 65535
	taps tap0
	ip link set tap0 address 02:11:22:33:44:55 mtu 1450 group 7 alias mine
	ip link set tap0 addrgenmode random
	state tap0 >/run/before
	says 1 "vnet-ifup: tap0: br0: attach: Invalid argument: mtu greater than device maximum" \
		vnet-ifup tap0
	state tap0 | diff /run/before -
}

@test "ifup: after a failure, the tap is as it was; the kernel's own words" {
	in_ns body_undo
}

body_full()
{
	network br0 0x766e0000
	for i in {1..512}; do
		echo "link add p$i master br0 group 9 numtxqueues 1 numrxqueues 1 type veth peer name q$i numtxqueues 1 numrxqueues 1"
		[ "$i" -eq 512 ] || echo "link set q$i master br0"
	done | ip -batch -
	taps tap0
	ip link set tap0 address 02:11:22:33:44:55 mtu 1450
	state tap0 >/run/before
	says 1 "vnet-ifup: tap0: br0 has 1023 ports, the kernel's limit" vnet-ifup tap0
	state tap0 | diff /run/before -
	# Or else the end of the namespace takes them one by one.
	ip link set p1 nomaster
	vnet-ifup tap0
	ip link del group 9
}

@test "ifup: the 1024th port" {
	in_ns body_full
}

# ---- the other way ----

body_down()
{
	network br0 0x766e0000
	foreign br7
	ip link add br9 type bridge
	taps tap0 tap7 tap8 tap9 free
	vnet-ifup tap0
	VNET_NET=br7 vnet-ifup tap7
	ip link set tap8 master br0 up # someone's own, but on our bridge
	ip link set tap9 master br9 up # nothing of ours
	ip link set free up
	ip link add veth0 master br0 up type veth peer name veth1
	state tap9 >/run/tap9
	state free >/run/free
	state veth0 >/run/veth0

	for tap in tap0 tap7 tap8 tap9 free nosuch; do
		says 0 "" vnet-ifdown $tap
		says 0 "" vnet-ifdown $tap
	done
	for tap in tap0 tap7 tap8; do
		has_not $tap master alias
		has $tap "group default"
		ip link show $tap | grep -q '[<,]UP[,>]' && return 1
	done
	state tap9 | diff /run/tap9 -
	state free | diff /run/free -
	for link in veth0 br0 lo; do
		says 1 "vnet-ifdown: $link: no tap: want one" vnet-ifdown $link
	done
	state veth0 | diff /run/veth0 -

	vnet-ifup tap0 # and up again
	ip link del br0
	rm "$records/br0.net"
	says 0 "" vnet-ifdown tap0
}

@test "ifdown: ports of vnet's networks alone; a tap that is gone is fine" {
	in_ns body_down
}

# ---- many at a time ----

attach_every_second()
{
	local i

	for ((i = $1; i < 50; i += 2)); do
		vnet-ifup "tap$i"
	done
}

body_parallel()
{
	local i pids=()

	network br0 0x766e0000
	taps tap{0..49}
	attach_every_second 0 &
	pids+=($!)
	attach_every_second 1 &
	pids+=($!)
	wait "${pids[0]}"
	wait "${pids[1]}"
	[ "$(ip -o link show master br0 | wc -l)" -eq 50 ]
	for i in {0..49}; do
		has "tap$i" "group $((0x766e0000))" "alias vnet:br0:tap" "addrgenmode none"
	done
}

@test "ifup: 50 taps by two loops at a time" {
	in_ns body_parallel
}

body_two_at_one()
{
	local i a b

	network br0 0x766e0000
	for i in {1..20}; do # the same tap, at the same time
		taps tap0
		vnet-ifup tap0 &
		a=$!
		vnet-ifup tap0 &
		b=$!
		wait $a
		wait $b
		has tap0 "master br0" "alias vnet:br0:tap"
		vnet-ifdown tap0
		ip tuntap del tap0 mode tap
	done
}

@test "ifup: one tap twice at a time" {
	in_ns body_two_at_one
}

# ---- how it does it ----

body_strace()
{
	local log=/run/strace

	export ASAN_OPTIONS=detect_leaks=0 # which needs ptrace itself
	network br0 0x766e0000 stp_state 1
	taps tap0
	strace -f -v -s 4096 -o $log vnet-ifup tap0
	sed -i '1,/socket(AF_NETLINK/d' $log # from there on, it is not libc's start
	if grep -E '[( ](brk|mmap|mremap|clone|execve)\(' $log; then
		return 1
	fi
	# The first asks for both links, the second holds all changes.
	[ "$(grep -c 'sendmsg(' $log)" -eq 2 ]
	[ "$(grep -cE '(sendto|write)\(' $log)" -eq 0 ]
	# 3: all acknowledgements of one send
	[ "$(sed '1,/sendmsg(/d;1,/sendmsg(/d' $log | grep -c 'recvfrom(.*NLMSG_ERROR.*error=0')" -eq 3 ]

	strace -f -o $log env VNET_NET=br0 vnet-ifup tap0
	if grep getdents $log; then # the directory is not read when the name is known
		return 1
	fi
	vnet-ifdown tap0
	taps tap1
	strace -f -o $log vnet-ifup tap9 || [ $? -eq 1 ]
	[ "$(grep -c 'write(2' $log)" -eq 1 ] # an error is one write
}

@test "ifup: one send makes all changes, and no memory is asked for" {
	in_ns body_strace
}

# ---- QEMU itself ----

# qemu ARG...: no machine runs in it.
qemu()
{
	exec qemu-system-x86_64 -machine none -nodefaults -display none -S -monitor none \
		-serial none "$@"
}

body_qemu()
{
	network br0 0x766e0000
	ln -s "$VNET_BUILD/vnet-ifup" /run/vnet-ifup-br0
	(qemu -netdev "tap,id=n0,script=/run/vnet-ifup-br0,downscript=$VNET_BUILD/vnet-ifdown") &
	pid=$!
	(qemu -netdev "tap,id=n0,ifname=vm1,vhost=off,script=$VNET_BUILD/vnet-ifup,downscript=no") &
	pid1=$!
	wait_for ip link show tap0 master br0
	wait_for ip link show vm1 master br0
	wait_for grep -q 1 /sys/class/net/tap0/carrier
	has tap0 "master br0" "alias vnet:br0:tap" "addrgenmode none"
	has vm1 "master br0" "alias vnet:br0:tap"
	for link in tap0 vm1; do # though it has a carrier
		[ -z "$(ip -6 addr show $link)" ]
		case $(cat /sys/class/net/$link/address) in
		fe:*) ;;
		*) return 1 ;;
		esac
	done
	kill $pid
	status=0
	wait $pid || status=$?
	[ $status -eq 0 ] # it ended by itself, as it does on SIGTERM
	wait_for bash -c '! ip link show tap0'
	kill -9 $pid1
	wait_for bash -c '! ip link show vm1'
}

@test "QEMU attaches and leaves" {
	in_ns body_qemu
}

body_qemu_refused()
{
	status=0
	(qemu -netdev "tap,id=n0,script=$VNET_BUILD/vnet-ifup,downscript=no") >/run/out 2>&1 || status=$?
	[ $status -eq 1 ]
	grep -q '^vnet-ifup: tap0: no network: want one' /run/out
	if ip link show tap0; then
		return 1
	fi
}

@test "QEMU does not start without its network" {
	in_ns body_qemu_refused
}
