#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Several runs of vnet at once, runs among strangers who add and delete links at full speed, and
# runs that find the lock held: what comes out is what one after the other would have given.

load ../lib/netns

setup()
{
	dir=$BATS_TEST_TMPDIR
	echo 'nameserver 192.0.2.53' >/etc/resolv.conf
	# Its lock, its directories and the one for namespaces stay.
	vnet bridge create warm --address 10.9.9.1/24
	vnet dhcp 10.9.9.11-20
	vnet delete warm
	look none
}

# look NAME: the state, into a file. A bridge without carrier is told to be down up to a second after
# it went up, by flags, by its state, and by the routes over it.
look()
{
	snap -a -p -f /run/vnet -f /var/lib/vnet -f /run/netns >"$dir/raw"
	sed -E '\,/lock f ,d; s,^(file [^ ]*\.pid f [^ ]* [^ ]*) .*,\1,
		s/ (flags|16|33|37)=[0-9a-f]*//g' "$dir/raw" | sort >"$dir/$1"
}

# is NAME...: the state is one of these, as look() saw them. The servers of the losers are on their
# way out.
is()
{
	local end=$((SECONDS + 2)) name

	while :; do
		look now
		for name; do
			! cmp -s "$dir/$name" "$dir/now" || return 0
		done
		[ $SECONDS -lt $end ] || break
		sleep 0.02
	done
	for name; do
		echo "the state is not '$name':"
		diff "$dir/$name" "$dir/now" | head -n 20
	done
	return 1
}

# pair DELAY COMMAND... --- COMMAND...: both of vnet, the second so many microseconds later. Sets
# $first and $second to their exit statuses; what they said is in $output.
pair()
{
	local delay=$1 words=() word
	shift

	for word; do
		words+=("$word")
		[ "$word" != --- ] || words+=(vnet)
	done
	run together -t 20 -d "$delay" -- vnet "${words[@]}"
	first=$(sed -n 's/^1 \([0-9]*\) .*/\1/p' <<<"$output" | head -n 1)
	second=$(sed -n 's/^2 \([0-9]*\) .*/\1/p' <<<"$output" | head -n 1)
}

# said NUMBER REGEX
said()
{
	grep -qE "^$1 [0-9]+ $2" <<<"$output" || fail "not said: $2: $output"
}

# outcome FIRST SECOND STATE: true if it ended in that.
outcome()
{
	[ "$first $second" = "$1 $2" ] || return 1
	shift 2
	is "$@"
}

@test "two creates: one wins, the other says what is in its way" {
	local wins=(0 0 0) loser

	for delay in $(seq -4900 200 4900); do
		pair "$delay" bridge create br0 --address 10.1.1.254/24 --- \
			bridge create br0 --address 10.1.2.254/24
		case "$first $second" in
		"0 1" | "0 2") loser=2 ;;
		"1 0" | "2 0") loser=1 ;;
		*) fail "$delay: $output" ;;
		esac
		said $loser "vnet: bridge create br0: (the network br0 exists already|busy: pid [0-9]+: bridge create br0)"
		wins[3 - loser]=$((wins[3 - loser] + 1))
		ip -br -4 addr show br0 | grep -q "10.1.$((3 - loser)).254/24"
		run_vnet 0 delete br0
		is none
	done
	echo "# the first won ${wins[1]}, the second ${wins[2]}" >&3
	[ "${wins[1]}" -gt 0 ]
	[ "${wins[2]}" -gt 0 ]
}

@test "create and delete" {
	local seen=

	vnet bridge create br0 --address 10.1.1.254/24
	look there
	vnet delete br0
	for delay in $(seq -4900 400 4900); do
		pair "$delay" bridge create br0 --address 10.1.1.254/24 --- delete br0
		if outcome 0 2 there; then
			seen+=a
			said 2 "vnet: delete br0: there is no network 'br0'"
		else
			outcome 0 0 none || fail "$delay: $output"
			seen+=b
			run_vnet 0 bridge create br0 --address 10.1.1.254/24
		fi
		# now it is there
		pair "$delay" bridge create br0 --address 10.1.1.254/24 --- delete br0
		if outcome 2 0 none; then
			seen+=c
			said 1 "vnet: bridge create br0: the network br0 exists already"
		else
			outcome 0 0 there || fail "$delay: $output"
			seen+=d
			run_vnet 0 delete br0
		fi
	done
	for way in a b c d; do
		[[ $seen == *$way* ]] || fail "never $way: $seen"
	done
}

@test "dhcp and delete" {
	local seen=

	for delay in $(seq -9800 800 9800); do
		run_vnet 0 bridge create br0 --address 10.1.1.254/24
		pair "$delay" dhcp 10.1.1.11-100 --- delete br0
		if outcome 0 0 none; then
			seen+=a
		else
			outcome 2 0 none || fail "$delay: $output"
			seen+=b
			said 1 "vnet: dhcp 10.1.1.11-100: (no network has a subnet|there is no)"
		fi
	done
	[[ $seen == *a* && $seen == *b* ]] || fail "only one way: $seen"
}

@test "dhcp and dhcp" {
	local seen= range

	vnet bridge create br0 --address 10.1.1.254/24
	for range in 10.1.1.11-100 10.1.1.120-200; do
		vnet dhcp $range
		look $range
	done
	vnet dhcp stop
	look unserved
	for delay in $(seq -9800 800 9800); do
		pair "$delay" dhcp 10.1.1.11-100 --- dhcp 10.1.1.120-200
		outcome 0 0 10.1.1.11-100 10.1.1.120-200 || fail "$delay: $output"
		if cmp -s "$dir/10.1.1.11-100" "$dir/now"; then
			seen+=a
		else
			seen+=b
		fi
		run_vnet 0 dhcp stop
		is unserved
	done
	[[ $seen == *a* && $seen == *b* ]] || fail "only one way: $seen"
}

# ---- among strangers ----

# within LIMIT COMMAND...: of vnet; done, or busy, in so many seconds. Sets $took to milliseconds.
within()
{
	local limit=$1 start=${EPOCHREALTIME/./}
	shift

	run vnet "$@"
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	[ $took -lt $((limit * 1000)) ] || fail "vnet $*: took $took ms"
	verbs=$((verbs + 1))
	[ $took -le $longest ] || longest=$took
	case $status in
	0) return 0 ;;
	1 | 2)
		[[ $output == *busy* || $output == *"links change without end"* ]] ||
			fail "vnet $*: $status: $output"
		busy=$((busy + 1))
		return 1
		;;
	esac
	fail "vnet $*: $status: $output"
}

# until_done COMMAND...: busy four times at most
until_done()
{
	local i

	for i in 1 2 3 4 5; do
		! within 5 "$@" || return 0
	done
	fail "vnet $*: never done: $output"
}

served_by()
{
	[ "$(pgrep dnsmasq | wc -l)" -eq 1 ] && grep -q "^dhcp-range=$1" /run/vnet/*/br0.dnsmasq
}

@test "each verb, while links come and go" {
	local verbs=0 busy=0 longest=0 churn rounds=0 end

	churn -t 60 >"$dir/churn" &
	churn=$!
	wait_for 5 ip link show churn0
	end=$((SECONDS + 12))
	while [ $SECONDS -lt $end ]; do
		until_done bridge create br0 --address 10.1.1.254/24 --stp --mtu 1400
		ip -d link show br0 | grep -q 'mtu 1400 '
		ip -d link show br0 | grep -q 'stp_state 1'
		ip -4 addr show br0 | grep -q 'inet 10.1.1.254/24'
		until_done bridge set br0 --mtu 1300 --no-stp
		ip -d link show br0 | grep -q 'mtu 1300'
		until_done dhcp 10.1.1.11-100
		served_by 10.1.1.11,10.1.1.100,
		until_done dhcp 10.1.1.11-100 --host 02:00:00:00:00:01=10.1.1.15
		grep -q 02:00:00:00:00:01,10.1.1.15 /run/vnet/*/br0.hosts
		until_done dhcp stop
		[ -z "$(pgrep dnsmasq)" ]
		until_done delete br0
		[ ! -e /sys/class/net/br0 ]
		[ -z "$(ls -A /run/netns)" ]
		within 5 recover
		[ "$output" = "nothing to recover" ]
		rounds=$((rounds + 1))
	done
	kill -0 "$churn" # it has been there all the time
	kill "$churn"
	wait "$churn"
	echo "# $rounds rounds, $verbs verbs, $busy busy, the longest $longest ms, $(<"$dir/churn")" >&3
	[ $rounds -ge 3 ]
	is none
}

# ---- the lock ----

late()
{
	pgrep -f '^/bin/bash /usr/sbin/dnsmasq '
}

# A dnsmasq that takes its time: vnet holds the lock meanwhile. Sets $holder.
hold()
{
	printf '%s\n' '#!/bin/bash' 'read -rt 30 <>/run/never' >/run/late
	chmod +x /run/late
	[ -p /run/never ] || mkfifo /run/never
	vnet bridge create br0 --address 10.1.1.254/24
	mount --bind /run/late /usr/sbin/dnsmasq
	vnet dhcp 10.1.1.11-100 >"$dir/holder" 2>&1 &
	holder=$!
	wait_for 5 late
}

# busy NAME COMMAND...: of vnet, in the background; result in files
in_background()
{
	local name=$1 start=${EPOCHREALTIME/./} status=0
	shift

	vnet "$@" >"$dir/$name.said" 2>&1 || status=$?
	echo "$status $(((${EPOCHREALTIME/./} - start) / 1000))" >"$dir/$name.result"
}

@test "a holder that stands still: busy after five seconds, named; show does not wait" {
	local pids=() name status took

	hold
	kill -STOP $holder
	in_background create bridge create br1 &
	pids+=($!)
	in_background set bridge set br0 --mtu 1400 &
	pids+=($!)
	in_background dhcp dhcp stop &
	pids+=($!)
	in_background delete delete br0 &
	pids+=($!)
	in_background recover recover &
	pids+=($!)
	run timeout 2 vnet show br0
	[ "$status" -eq 0 ]
	run timeout 2 vnet bridge create br1 --dry-run
	[ "$status" -eq 0 ]
	wait "${pids[@]}"
	for name in create set dhcp delete recover; do
		read -r status took <"$dir/$name.result"
		[ "$status" -eq 1 ] || fail "$name: status $status: $(<"$dir/$name.said")"
		[ "$took" -ge 4900 ] || fail "$name: $took ms"
		[ "$took" -le 6500 ] || fail "$name: $took ms"
		grep -q "busy: pid $holder: dhcp 10.1.1.11-100" "$dir/$name.said" ||
			fail "$name: $(<"$dir/$name.said")"
	done
	[ ! -e /sys/class/net/br1 ]
}

@test "a holder that is killed: its lock is free at once" {
	local start took

	hold
	kill -STOP $holder
	kill -KILL $holder
	ends_with 137 $holder
	start=${EPOCHREALTIME/./}
	run vnet bridge create br1
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	[ $took -lt 1000 ] || fail "$took ms"
	[ "$status" -eq 2 ]
	[[ $output == *'run `vnet recover` first' ]]
	run_vnet 0 recover
	umount /usr/sbin/dnsmasq
	run_vnet 0 delete br0
	is none
}

# A reader may not keep the writers out, and one who waits gets his turn.
@test "one who waits for the lock gets it when the holder ends" {
	hold
	in_background create bridge create br1 &
	sleep 0.5
	[ ! -e "$dir/create.result" ]
	kill -KILL "$(late)" # and so the first one fails, and takes back what it has done
	ends_with 0 $! # in_background has told the status of vnet
	ends_with 1 $holder
	grep -q 'was killed by signal 9' "$dir/holder"
	[ "$(cut -d ' ' -f 1 "$dir/create.result")" -eq 0 ] || fail "$(<"$dir/create.said")"
	umount /usr/sbin/dnsmasq
	run_vnet 0 delete br1
	run_vnet 0 delete br0
	is none
}
