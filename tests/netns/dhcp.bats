#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# vnet dhcp and vnet leases, with a real dnsmasq and an independent client.

load ../lib/netns
load ../lib/state
bats_require_minimum_version 1.5.0

LEASES=/var/lib/vnet/leases

setup()
{
	echo 'nameserver 192.0.2.53' >/etc/resolv.conf
	echo 0 >/proc/sys/net/ipv4/ip_forward
	# What stays behind of the first change: directories, and a lock that says who took it last.
	run_vnet 0 bridge create warm --address 10.99.0.1/24
	run_vnet 0 dhcp 10.99.0.11-20
	run_vnet 0 delete warm
	state nothing
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
}

# guest NAME [BRIDGE]: a network namespace with a port on the bridge. Its MAC ends in its number.
guest()
{
	n=$((${n-0} + 1))
	host "$1"
	ip link add "p-$1" type veth peer name eth0 address "52:54:00:00:00:0$n" netns "$1"
	ip link set "p-$1" addrgenmode none
	ip -n "$1" link set eth0 addrgenmode none
	ip -n "$1" link set eth0 up
	ip link set "p-$1" master "${2-br0}" up
	wait_for 5 forwards "p-$1"
}

# The kernel lets frames pass up to a second after a port has its carrier.
forwards()
{
	ip -j -d link show "$1" | jq -e '.[0].linkinfo.info_slave_data.state == "forwarding"'
}

# lease GUEST [OPTION...]: what the guest is offered and accepts, one KEY=VALUE a line, in $lease.
lease()
{
	local name=$1
	shift

	lease=$(in_host "$name" dhcpc eth0 "$@" | tr ' ' '\n')
	[ -n "$lease" ]
	has bad_checksums=0
}

# has KEY=VALUE...: the last lease had that.
has()
{
	for wanted; do
		grep -qxF "$wanted" <<<"$lease" || fail "no $wanted in" $lease
	done
}

value()
{
	sed -n "s/^$1=//p" <<<"$lease"
}

conf()
{
	echo "/run/vnet/"*/"${1-br0}.dnsmasq"
}

server_pid()
{
	cat "/run/vnet/"*/"${1-br0}.pid"
}

ended()
{
	[ ! -e "/proc/$1" ]
}

server_address()
{
	ip -n "vnet-${1-br0}" -j addr | jq -r '[.[].addr_info[] | select(.scope == "global") |
		"\(.local)/\(.prefixlen)"] | join(" ")'
}

@test "vnet dhcp 10.1.1.11-100, as it stands in the manual" {
	local last

	guest g
	run_vnet 0 dhcp 10.1.1.11-100
	[ "$output" = "br0: range 10.1.1.11-10.1.1.100, server 10.1.1.253/24, router 10.1.1.254, dns 192.0.2.53" ]
	ip netns list | grep -qx 'vnet-br0.*'
	[ "$(server_address)" = 10.1.1.253/24 ]
	lease g
	has mask=255.255.255.0 dns=192.0.2.53 server=10.1.1.253 lease=3600 router=10.1.1.254 hostname=- mtu=-
	last=$(value ip)
	[[ $last =~ ^10\.1\.1\.([0-9]+)$ ]]
	[ "${BASH_REMATCH[1]}" -ge 11 ]
	[ "${BASH_REMATCH[1]}" -le 100 ]
	# As soon as the guest asks: no probe holds the offer back for seconds.
	[ "$(value offer_us)" -lt 1000000 ]
	ip link del p-g
	ip netns del g
	run_vnet 0 delete br0
	same_state nothing
}

@test "the server has one capability, no root, and no way to more" {
	local proc

	run_vnet 0 dhcp 10.1.1.11-100
	proc=/proc/$(server_pid)/status
	grep -qP '^Uid:(\t'"$(id -u "$(sed -n 's/^user=//p' "$(conf)")")"'){4}$' "$proc"
	run ! grep -qP '^(Uid|Gid):.*\t0(\t|$)' "$proc"
	grep -qP '^CapInh:\t0000000000000000$' "$proc"
	grep -qP '^CapPrm:\t0000000000001000$' "$proc" # CAP_NET_ADMIN
	grep -qP '^CapEff:\t0000000000001000$' "$proc"
	grep -qP '^CapAmb:\t0000000000000000$' "$proc"
	grep -qP '^NoNewPrivs:\t1$' "$proc"
	[ "$(readlink "/proc/$(server_pid)/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

@test "its link: one queue, no IPv6 address, replies with whole checksums, marks" {
	local link

	run_vnet 0 dhcp 10.1.1.11-100
	link=$(ip -j link show master br0 | jq -r '.[].ifname')
	[[ $link == vnd-* ]]
	[ "$(ip -j -d link show "$link" | jq -r '.[0] | "\(.group) \(.ifalias) \(.altnames[0])
\(.num_tx_queues) \(.inet6_addr_gen_mode)"')" = "1986920448 vnet:br0:dhcp br0.dhcp
1 none" ]
	[ -z "$(ip -6 addr show dev "$link")" ]
	[ -z "$(ip -n vnet-br0 -6 addr)" ]
	in_host vnet-br0 ethtool -k "$link" | grep -qx 'tx-checksumming: off'
	ethtool -k "$link" | grep -qx 'tx-checksumming: on'
}

@test "the same line again changes nothing" {
	local pid

	guest g
	run_vnet 0 dhcp 10.1.1.11-100 --host 52:54:00:00:00:07=10.1.1.7,web --dns 192.0.2.1
	lease g
	pid=$(server_pid)
	state before
	run_vnet 0 dhcp 10.1.1.11-100 --host 52:54:00:00:00:07=10.1.1.7,web --dns 192.0.2.1
	[ "$(server_pid)" = "$pid" ]
	same_state before
	run_vnet 0 dhcp 10.1.1.11-10.1.1.100 --net br0 # what is left out stays
	[ "$(server_pid)" = "$pid" ]
	same_state before
}

@test "the same line again starts a server that died" {
	local pid ip

	guest g
	run_vnet 0 dhcp 10.1.1.11-100
	lease g
	ip=$(value ip)
	pid=$(server_pid)
	kill -KILL "$pid"
	wait_for 5 ended "$pid"
	run_vnet 0 dhcp 10.1.1.11-100
	[ "$(server_pid)" != "$pid" ]
	lease g
	has "ip=$ip"
}

@test "another range: a restart on the same lease file" {
	local pid ip

	guest g
	run_vnet 0 dhcp 10.1.1.11-100
	lease g
	ip=$(value ip)
	pid=$(server_pid)
	run_vnet 0 dhcp 10.1.1.11-200
	[ "$(server_pid)" != "$pid" ]
	ended "$pid"
	lease g
	has "ip=$ip"
	run_vnet 0 dhcp 10.1.1.201-210
	lease g
	[[ $(value ip) == 10.1.1.20[1-9] || $(value ip) == 10.1.1.210 ]]
}

@test "hosts: a reload of the same server" {
	local pid

	guest g # 52:54:00:00:00:01
	run_vnet 0 dhcp 10.1.1.11-100
	pid=$(server_pid)
	run_vnet 0 dhcp 10.1.1.11-100 --host 52:54:00:00:00:01=10.1.1.7,web
	[ "$(server_pid)" = "$pid" ]
	wait_for 5 leased g ip=10.1.1.7 hostname=web
	run_vnet 0 dhcp 10.1.1.11-100 --host +52:54:00:00:00:02=10.1.1.8
	grep -qx '52:54:00:00:00:01,10.1.1.7,web' /run/vnet/*/br0.hosts
	grep -qx '52:54:00:00:00:02,10.1.1.8' /run/vnet/*/br0.hosts
	run_vnet 0 dhcp 10.1.1.11-100 --host -52:54:00:00:00:01=10.1.1.7,web
	run ! grep web /run/vnet/*/br0.hosts
	run_vnet 0 dhcp 10.1.1.11-100 --no-host
	[ "$(server_pid)" = "$pid" ]
	[ ! -s "$(echo /run/vnet/*/br0.hosts)" ]
}

leased()
{
	local name=$1
	shift

	lease "$name" && has "$@"
}

@test "other options change the running one, and stay when left out" {
	guest g
	run_vnet 0 dhcp 10.1.1.11-100 --router 10.1.1.1 --dns 192.0.2.1 --dns 192.0.2.2 --lease-time 12h
	lease g
	has router=10.1.1.1 dns=192.0.2.1,192.0.2.2 lease=43200
	run_vnet 0 dhcp 10.1.1.11-100 --lease-time 5m
	lease g
	has router=10.1.1.1 dns=192.0.2.1,192.0.2.2 lease=300
	run_vnet 0 dhcp 10.1.1.11-100 --router none --dns +192.0.2.3 --dns -192.0.2.1
	lease g
	has router=- dns=192.0.2.2,192.0.2.3 lease=300
	run_vnet 0 dhcp 10.1.1.11-100 --dns none --lease-time 120
	lease g
	has dns=- lease=120
}

@test "domain: leases carry it, it stays when left out, and goes" {
	guest g
	run_vnet 0 dhcp 10.1.1.11-100 --domain lab.example --host 52:54:00:00:00:01=10.1.1.7,web
	[[ $output == *", domain lab.example" ]]
	lease g
	has domain=lab.example hostname=web ip=10.1.1.7
	run_vnet 0 leases
	[[ $output == "10.1.1.7 "*" web" ]]
	run_vnet 0 dhcp 10.1.1.11-100
	[[ $output == *", domain lab.example" ]]
	run_vnet 0 dhcp 10.1.1.11-100 --domain other.example
	lease g
	has domain=other.example hostname=web
	run_vnet 0 dhcp 10.1.1.11-100 --no-domain
	lease g
	has domain=- hostname=web
}

@test "pxe: a file and who has it, in the fields of BOOTP or in an option" {
	guest g
	run_vnet 0 dhcp 10.1.1.11-100
	lease g
	has next=10.1.1.253 file=- # the server itself, which dnsmasq names when told nothing
	run_vnet 0 dhcp 10.1.1.11-100 --pxe pxelinux.0
	[[ $output == *", pxe pxelinux.0@10.1.1.254" ]] # this host
	lease g
	has next=10.1.1.254 file=pxelinux.0
	run_vnet 0 dhcp 10.1.1.11-100 --pxe 'boot\x64\a,b#"c.efi@192.0.2.7'
	lease g
	has next=192.0.2.7 'file=boot\x64\a,b#"c.efi'
	lease g -o 67 -o 66
	has next=192.0.2.7 file=- opt66=- "opt67=$(printf '%s' 'boot\x64\a,b#"c.efi' | od -An -v -tx1 | tr -d ' \n')00"
	run_vnet 0 dhcp 10.1.1.11-100
	lease g
	has next=192.0.2.7
	run_vnet 0 dhcp 10.1.1.11-100 --no-pxe
	lease g
	has next=10.1.1.253 file=-
}

# options OPTION...: served, and asked for; each as N=VALUE=HEX.
options()
{
	local row args=() asks=() wants=()

	for row; do
		args+=(--option "${row%=*}")
		asks+=(-o "${row%%=*}")
		wants+=("opt${row%%=*}=${row##*=}")
	done
	run_vnet 0 dhcp 10.1.1.11-100 "${args[@]}"
	lease g "${asks[@]}"
	has "${wants[@]}"
}

# Of each form at least one, as many as fit into one packet.
@test "options: the bytes that a client gets" {
	guest g
	options 2=-3600=fffff1f0 24=4294967295=ffffffff 13=65535=ffff 19=1=01 \
		42=10.1.1.1,10.1.1.2=0a0101010a010102 33=10.9.9.9,10.1.1.1=0a0909090a010101 \
		119=lab.example,example=036c6162076578616d706c6500c004 120=10.1.1.3=010a010103 \
		121=0.0.0.0/0,10.1.1.1,10.0.0.0/8,0.0.0.0=000a010101080a00000000 \
		249=10.1.0.0/16,10.1.1.1=100a010a010101
	options '17=10.1.1.1:/a b,c#"d\=31302e312e312e313a2f6120622c632322645c' 100=123=313233
	options 43=01:02:ff=0102ff 114=https://a.b/=68747470733a2f2f612e622f 125=00:00=0000 \
		224=0=00 225=255=ff 226=256=0100 227=65536=00010000 228=0a:0B=0a0b 229=a=61 \
		230=12b=313262 231=-1=2d31 '232= "\,#= =20225c2c233d20' 233=10.1.1.1=0a010101
}

@test "options: a list as any other" {
	guest g
	run_vnet 0 dhcp 10.1.1.11-100 --option 42=10.1.1.1 --option 224=one
	run_vnet 0 dhcp 10.1.1.11-100 --option +225=two --option -224=one
	lease g -o 42 -o 224 -o 225
	has opt42=0a010101 opt224=- opt225=74776f
	run_vnet 0 dhcp 10.1.1.11-100 --option 226=three
	lease g -o 42 -o 225 -o 226
	has opt42=- opt225=- opt226=7468726565
	run_vnet 0 dhcp 10.1.1.11-100 --no-option
	lease g -o 226
	has opt226=-
}

@test "options: the longest there are" {
	local long domain

	long=$(printf '"%.0s' {1..255})
	domain=$(printf 'a%.0s' {1..63}).$(printf 'b%.0s' {1..63}).example
	guest g
	run_vnet 0 dhcp 10.1.1.11-100 --option "224=$long" --option "17=$long"
	lease g -o 224 # only one fits into a packet for a client that says nothing of larger ones
	has "opt224=$(printf '22%.0s' {1..255})"
	lease g -o 17
	has "opt17=$(printf '22%.0s' {1..255})"
	run_vnet 0 dhcp 10.1.1.11-100 --no-option --pxe "${long:0:127}" --domain "$domain"
	lease g
	has "file=${long:0:127}" "domain=$domain"
}

@test "server: --server, moved while it runs" {
	guest g
	run_vnet 0 dhcp 10.1.1.11-100 --server 10.1.1.2/24
	[ "$(server_address)" = 10.1.1.2/24 ]
	lease g
	has server=10.1.1.2
	run_vnet 0 dhcp 10.1.1.11-100 --server 10.1.1.3/24
	[ "$(server_address)" = 10.1.1.3/24 ]
	lease g
	has server=10.1.1.3
}

@test "server: what a neighbour has already is not taken, and the choice stays" {
	guest other
	ip -n other addr add 10.1.1.253/24 dev eth0
	run_vnet 0 dhcp 10.1.1.11-100
	[ "$(server_address)" = 10.1.1.252/24 ]
	grep -qx 'dhcp.server 10.1.1.252/24' /run/vnet/*/br0.net
	ip -n other addr del 10.1.1.253/24 dev eth0
	run_vnet 0 dhcp 10.1.1.11-90
	[ "$(server_address)" = 10.1.1.252/24 ]
}

@test "server: one that is named must not be someone's" {
	guest other
	ip -n other addr add 10.1.1.7/24 dev eth0
	run_vnet 2 dhcp 10.1.1.11-100 --server 10.1.1.7/24
	[ "$output" = "vnet: dhcp 10.1.1.11-100: server 10.1.1.7/24: someone on br0 has this address" ]
	run_vnet 0 dhcp 10.1.1.11-100 --server 10.1.1.8/24
	run_vnet 2 dhcp 10.1.1.11-100 --server 10.1.1.7/24
	[ "$(server_address)" = 10.1.1.8/24 ]
}

@test "--dry-run without privilege, where someone could answer" {
	guest g
	state before
	run -0 setpriv --reuid nobody --regid nogroup --clear-groups vnet dhcp 10.1.1.11-100 --dry-run
	grep -q '^ip netns add vnet-br0$' <<<"$output"
	same_state before
}

@test "server: nobody is asked where nobody could answer" {
	guest other
	ip -n other addr add 10.1.1.253/24 dev eth0
	ip link set p-other down
	run_vnet 0 dhcp 10.1.1.11-100
	[ "$(server_address)" = 10.1.1.253/24 ]
}

@test "server: not in the range, not a host's, not the router's" {
	run_vnet 0 dhcp 10.1.1.200-253 --router 10.1.1.199 --host 52:54:00:00:00:01=10.1.1.198
	[ "$(server_address)" = 10.1.1.197/24 ]
}

@test "router: the next hop of the default route through this bridge" {
	guest g
	ip route add default via 10.1.1.1 dev br0
	run_vnet 0 dhcp 10.1.1.11-100
	lease g
	has router=10.1.1.1
}

@test "router: a default route elsewhere, or to another subnet, does not count" {
	ip link add vx type veth peer name vy
	ip addr add 10.7.0.1/24 dev vx
	ip link set vx up
	ip link set vy up
	ip route add default via 10.7.0.9
	ip route add default via 10.8.0.1 dev br0 onlink metric 100
	run_vnet 0 dhcp 10.1.1.11-100
	[[ $output == *", router 10.1.1.254, "* ]]
}

@test "router: with another way out the bridge's own address only if the host forwards" {
	guest g
	uplink br0
	run_vnet 2 dhcp 10.1.1.11-100
	run_vnet 0 dhcp 10.1.1.11-100 --force
	[ "${lines[0]}" = "vnet: no router is known for br0: leases carry none (see --router)" ]
	lease g
	has router=-
	run_vnet 0 dhcp stop
	echo 1 >/proc/sys/net/ipv4/ip_forward
	run_vnet 0 dhcp 10.1.1.11-100 --force
	lease g
	has router=10.1.1.254
}

# uplink BRIDGE: a port that is neither a tap nor an end of a veth pair.
uplink()
{
	ip link add vx type veth peer name vy
	ip link add uplink link vx type macvlan mode passthru
	ip link set uplink master "$1"
}

@test "router: guests' taps and veth ends are no other way out" {
	guest g
	ip tuntap add tap0 mode tap
	ip link set tap0 master br0 up
	run_vnet 0 dhcp 10.1.1.11-100
	[[ $output == *", router 10.1.1.254, "* ]]
}

@test "dns: the host's resolvers that are not its own loopback" {
	guest g
	printf '%s\n' '# a comment' 'search example.org' 'nameserver 127.0.0.53' 'nameserver 192.0.2.1' \
		'nameserver fd00::53' 'nameserver ::1' 'nameserver 192.0.2.2 ' 'nameserver nonsense' \
		'nameserver 192.0.2.1' >/etc/resolv.conf
	run_vnet 0 dhcp 10.1.1.11-100
	lease g
	has dns=192.0.2.1,192.0.2.2
	run_vnet 0 dhcp stop
	echo 'nameserver 127.0.0.53' >/etc/resolv.conf
	run_vnet 0 dhcp 10.1.1.11-100 --router none
	[ "${lines[0]}" = "vnet: this host names no DNS server that guests could reach: leases carry none (see --dns)" ]
	lease g
	has dns=-
	# What systemd-resolved forwards to can be reached.
	run_vnet 0 dhcp stop
	mkdir -p /run/systemd/resolve
	echo 'nameserver 192.0.2.9' >/run/systemd/resolve/resolv.conf
	run_vnet 0 dhcp 10.1.1.11-100 --router none
	lease g
	has dns=192.0.2.9
}

@test "guests are told an MTU that is not the usual one" {
	guest g
	run_vnet 0 dhcp 10.1.1.11-100
	run_vnet 0 bridge set br0 --mtu 1400
	[ "$(ip -n vnet-br0 -j link show type veth | jq '.[0].mtu')" = 1400 ]
	lease g
	has mtu=1400
	run_vnet 0 bridge set br0 --mtu 1500
	lease g
	has mtu=-
}

@test "leases, for people and as JSON" {
	local ip now

	run_vnet 0 leases
	[ -z "$output" ]
	run_vnet 0 leases --json
	[ "$(jq length <<<"$output")" -eq 0 ]
	guest g
	guest h
	run_vnet 0 dhcp 10.1.1.11-100 --host 52:54:00:00:00:02=10.1.1.7,web --router none
	run_vnet 0 leases
	[ -z "$output" ]
	lease g
	ip=$(value ip)
	lease h
	has ip=10.1.1.7
	now=$(date +%s)
	run_vnet 0 leases
	[ "${#lines[@]}" -eq 2 ]
	grep -qE "^$ip +52:54:00:00:00:01  [0-9-]{10} [0-9:]{8}$" <<<"$output"
	grep -qE '^10\.1\.1\.7 +52:54:00:00:00:02  [0-9-]{10} [0-9:]{8}  web$' <<<"$output"
	run_vnet 0 leases --net br0 --json
	jq -e --arg ip "$ip" --argjson now "$now" 'length == 2 and (map(select(.ip == $ip))[0] |
		.mac == "52:54:00:00:00:01" and .name == "" and
		.expires > $now + 3500 and .expires < $now + 3700)' <<<"$output"
	jq -e 'map(select(.ip == "10.1.1.7"))[0].name == "web"' <<<"$output"
	# One that is given back is none any more.
	in_host g dhcpc eth0 -R
	wait_for 5 leases_are 1
}

leases_are()
{
	[ "$(vnet leases --json | jq length)" -eq "$1" ]
}

@test "stop takes the server away, keeps the leases; start goes on with them" {
	local ip before

	before=$(readlink /proc/self/ns/net)
	guest g
	run_vnet 0 dhcp 10.1.1.11-100 --router none
	lease g
	ip=$(value ip)
	run_vnet 0 dhcp stop
	run ! grep vnet- <(ip netns list)
	run ! grep vnd- <(ip link show type veth)
	[ ! -e "$(conf)" ]
	grep -q "$ip" "$LEASES/br0"
	run ! in_host g dhcpc eth0 -t 300
	run ! grep dhcp /run/vnet/*/br0.net
	run_vnet 0 dhcp stop --net br0 # there is nothing to do
	run_vnet 0 dhcp 10.1.1.11-100 --router none
	lease g
	has "ip=$ip"
	run_vnet 0 delete br0 --force
	[ ! -e "$LEASES/br0" ]
	[ "$(readlink /proc/self/ns/net)" = "$before" ]
}

@test "a shell that someone runs in the namespace lives on" {
	local shell

	run_vnet 0 dhcp 10.1.1.11-100
	ip netns exec vnet-br0 sh -c 'echo ready; exec sleep 60' >"$BATS_TEST_TMPDIR/shell" 3>&- &
	shell=$!
	wait_for 5 grep -q ready "$BATS_TEST_TMPDIR/shell"
	run_vnet 0 dhcp stop
	kill -0 "$shell"
	run_vnet 0 dhcp 10.1.1.11-100
	run_vnet 0 delete br0
	kill -0 "$shell"
	kill "$shell"
}

@test "delete, when the server was killed" {
	local pid

	run_vnet 0 dhcp 10.1.1.11-100
	pid=$(server_pid)
	kill -KILL "$pid"
	wait_for 5 ended "$pid"
	run_vnet 0 delete br0
	same_state nothing
}

@test "when someone deleted the namespace: dhcp mends it, delete clears it" {
	local pid

	guest g
	run_vnet 0 dhcp 10.1.1.11-100 --router none
	pid=$(server_pid)
	ip netns del vnet-br0 # the server lives on in it
	run_vnet 0 dhcp 10.1.1.11-100
	ended "$pid"
	ip netns list | grep -q '^vnet-br0'
	lease g
	has server=10.1.1.253
	pid=$(server_pid)
	ip netns del vnet-br0
	kill "$pid"
	wait_for 5 ended "$pid"
	wait_for 5 eval '! ip -br link | grep -q ^vnd-' # the kernel takes the namespace down later
	run_vnet 0 dhcp 10.1.1.11-100
	lease g
	pid=$(server_pid)
	ip netns del vnet-br0
	ip link del p-g
	ip netns del g
	run_vnet 0 delete br0
	ended "$pid"
	same_state nothing
}

@test "when someone deleted the bridge, delete clears the rest" {
	run_vnet 0 dhcp 10.1.1.11-100
	ip link del br0
	run_vnet 0 delete br0
	same_state nothing
}

@test "when someone made another bridge of that name, delete takes only what is vnet's" {
	run_vnet 0 dhcp 10.1.1.11-100
	ip link del br0
	ip link add br0 address 52:54:00:00:00:09 type bridge
	run_vnet 0 delete br0
	[ "$(ip -j link show br0 | jq -r '.[0].address')" = 52:54:00:00:00:09 ]
	ip link del br0
	same_state nothing
}

@test "a foreign bridge: only by --net, and delete removes only the service" {
	run_vnet 0 delete br0
	ip link add other address 52:54:00:00:00:09 type bridge
	ip addr add 10.7.0.1/24 dev other
	ip link set other addrgenmode none
	ip link set other up
	guest g other
	wait_for 5 ip link show other up
	state before
	run_vnet 2 dhcp 10.7.0.11-100
	same_state before
	run_vnet 0 dhcp 10.7.0.11-100 --net other --router 10.7.0.1
	ip link show other | grep -q 'group default'
	lease g
	has server=10.7.0.254 router=10.7.0.1
	run_vnet 2 bridge set other --mtu 1400
	run_vnet 0 show other
	[[ ${lines[0]} == "other: bridge that vnet did not make, "* ]]
	# It is never the one that is meant when none is named.
	run_vnet 2 dhcp 10.7.0.11-90
	run_vnet 0 delete other
	same_state before
	run_vnet 0 dhcp 10.7.0.11-100 --net other --router 10.7.0.1
	run_vnet 0 dhcp stop
	rm "$LEASES/other" 2>/dev/null || :
	same_state before
}

@test "-n: the server of another namespace's network" {
	host there
	run_vnet 0 -n there bridge create br0 --address 10.1.1.254/24
	run_vnet 0 dhcp 10.1.1.11-100
	run_vnet 0 -n there dhcp 10.1.1.11-100
	# Two servers of one name and one subnet, each for its own.
	[ "$(ip netns list | grep -c '^vnet-br0')" -eq 2 ]
	guest a
	lease a -t 1000
	ip netns add b
	ip -n there link add p-b type veth peer name eth0 address 52:54:00:00:00:0b netns b
	ip -n there link set p-b master br0 up
	ip -n b link set eth0 up
	lease b -t 1000
	run_vnet 0 leases --json
	[ "$(jq -r '.[].mac' <<<"$output")" = 52:54:00:00:00:01 ]
	run_vnet 0 -n there leases --json
	[ "$(jq -r '.[].mac' <<<"$output")" = 52:54:00:00:00:0b ]
	run_vnet 0 -n there dhcp stop
	lease a -t 1000
	[ "$(ip netns list | grep -c '^vnet-br0')" -eq 1 ]
}

@test "two networks in one namespace, each with its server" {
	run_vnet 0 bridge create br1 --address 10.2.1.254/24
	run_vnet 0 dhcp 10.1.1.11-100
	run_vnet 0 dhcp 10.2.1.11-100 --lease-time 10m
	guest a br0
	guest b br1
	lease a
	has server=10.1.1.253 lease=3600
	lease b
	has server=10.2.1.253 lease=600
	run_vnet 0 dhcp stop --net br0
	lease b
	run ! in_host a dhcpc eth0 -t 300
	run_vnet 0 leases --net br1
	[ "${#lines[@]}" -eq 1 ]
}

@test "the range finds its network: by the subnet, not by the name" {
	run_vnet 0 bridge create br1 --address 10.1.0.254/24 --address 10.2.1.254/16
	run_vnet 0 dhcp 10.2.77.11-100
	[[ $output == *"br1: range 10.2.77.11-10.2.77.100, server 10.2.255.254/16"* ]]
	run_vnet 0 dhcp 10.1.1.11-100
	[[ $output == *"br0: range"* ]]
	# An address that someone added by hand is the bridge's as well.
	run_vnet 0 dhcp stop --net br0
	ip addr add 10.3.1.254/24 dev br0
	run_vnet 0 dhcp 10.3.1.11-100
	[[ $output == *"br0: range 10.3.1.11-10.3.1.100, server 10.3.1.253/24, router 10.3.1.254"* ]]
}

@test "a bridge without an address, served with --server" {
	run_vnet 0 bridge create bare
	run_vnet 0 dhcp 10.4.1.11-100 --net bare --server 10.4.1.1/24 --router none
	guest g bare
	lease g
	has server=10.4.1.1 mask=255.255.255.0 router=-
}

@test "guests with one name, or with none, do not get each other's address" {
	local first

	run_vnet 0 dhcp 10.1.1.11-12
	guest a
	guest b
	guest c
	lease a
	first=$(value ip)
	lease b
	[ "$(value ip)" != "$first" ]
	run ! in_host c dhcpc eth0 -t 300 # there is no third
	lease a
	has "ip=$first"
}
