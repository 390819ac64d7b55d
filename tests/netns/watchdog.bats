#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The watchdog of a change that moves the host's way out: what it does when vnet is killed, when the
# gateway is gone, and when nobody confirms.

load ../lib/netns
load ../lib/state
load ../lib/host

setup()
{
	ready_host
	state before
}

watchdogs()
{
	pgrep -x vnet-watchdog
}

no_watchdog()
{
	! watchdogs >/dev/null
}

is_back()
{
	no_watchdog && [ ! -e /sys/class/net/br0 ] && ! compgen -G '/run/vnet/*/watchdog' >/dev/null
}

# Frames that a bridge is to pass on go no further.
cut_off()
{
	nft 'add table bridge cut; add chain bridge cut in { type filter hook prerouting priority -300; policy drop; }'
}

# killed PERCENT COMMAND...: SIGKILL at one of the sends that change something, PERCENT of them
# being over.
killed()
{
	local n

	n=$(killat -w -c -t -- "${@:2}" 2>/dev/null | awk -v percent="$1" \
		'$2 == "sendto" { call[n++] = $1 } END { print call[int(n * percent / 100)] }')
	[ "$n" ] || fail "no call to kill it at"
	back_to_before
	killat -w "$n" -- "${@:2}"
}

back_to_before()
{
	[ ! -e /sys/class/net/br0 ] || run_vnet 0 delete br0
}

@test "killed in the midst of it, vnet is undone by itself" {
	local back=0

	for percent in 40 50 60 70 80; do
		killed $percent vnet bridge create br0 --uplink eth0 --stp
		wait_for 2 no_watchdog
		knows
		run_vnet 0 recover
		[ "$output" = "nothing to recover" ]
		[ -e /sys/class/net/br0 ] || back=$((back + 1))
		back_to_before # where all had been done
		same_state before
	done
	[ $back -gt 0 ]
}

# The same kill, and nobody there: the net is needed.
@test "without the watchdog a journal is left" {
	cat >"$BATS_TEST_TMPDIR/vnet-watchdog" <<-'END'
		#!/bin/sh
		exec perl -e 'open(S, "+<&=3"); exit if fork; while (sysread(S, $l, 256)) { syswrite(S, "ready") if $l =~ /^go/ }'
	END
	chmod +x "$BATS_TEST_TMPDIR/vnet-watchdog"
	export VNET_LIBEXEC=$BATS_TEST_TMPDIR
	killed 60 vnet bridge create br0 --uplink eth0
	sleep 1
	compgen -G '/run/vnet/*/journal'
	run_vnet 0 recover
	same_state before
}

@test "confirmed in time, it stays" {
	run_vnet 0 bridge create br0 --uplink eth0 --confirm 20
	[[ $output == *"in 20 s this is taken back, unless \`vnet confirm\` is run"* ]]
	watchdogs
	run_vnet 0 show br0
	[[ $output == *"waits for \`vnet confirm\`: bridge create br0, "*" s left"* ]]
	[ "$(vnet show br0 --json | jq '.[0].confirm.seconds')" -ge 15 ]
	run_vnet 1 delete br0
	[[ $output == *"busy: bridge create br0 waits for \`vnet confirm\`, for "*" s more" ]]
	run_vnet 0 confirm
	[ "$output" = "confirmed: bridge create br0" ]
	wait_for 2 no_watchdog
	run_vnet 2 confirm
	[[ $output == *"nothing waits to be confirmed"* ]]
	[ "$(vnet show br0 --json | jq '.[0].confirm')" = null ]
	run_vnet 0 delete br0
	knows
	same_state before
}

@test "not confirmed, a create is taken back" {
	run_vnet 0 bridge create br0 --uplink eth0 --stp --confirm 1
	wait_for 3 is_back
	knows
	same_state before
}

# The bridge's number is another one then, and its ports have counted on.
@test "not confirmed, a delete is taken back" {
	run_vnet 0 bridge create br0 --uplink eth0 --address 10.1.1.1/24
	run_vnet 0 show br0 --json
	before=$(jq 'del(.[0].state.index, .[0].ports[].traffic)' <<<"$output")
	run_vnet 0 delete br0 --confirm 1
	[ ! -e /sys/class/net/br0 ]
	wait_for 3 test -e /sys/class/net/br0
	wait_for 2 no_watchdog
	run_vnet 0 show br0 --json
	[ "$(jq 'del(.[0].state.index, .[0].ports[].traffic)' <<<"$output")" = "$before" ]
	knows
	run_vnet 0 delete br0
	same_state before
}

@test "not confirmed, what was done by hand meanwhile does not keep the host away" {
	local hand

	ip route del default via 10.9.0.1
	ip route add default nhid 7
	state before
	for hand in 'link del br0' 'link set eth0 nomaster' 'link set br0 down'; do
		run_vnet 0 bridge create br0 --uplink eth0 --confirm 1
		# shellcheck disable=SC2086 # words of a command
		ip $hand
		wait_for 4 is_back
		knows
		same_state before
	done
	run_vnet 0 bridge create br0 --uplink eth0 --confirm 1
	ip addr flush dev br0 # routes that name one as their source lose that
	wait_for 4 is_back
	knows
}

@test "not confirmed, a NIC that others have taken is theirs" {
	run_vnet 0 bridge create br0 --uplink eth0 --confirm 1
	echo junk >"$(compgen -G '/run/vnet/*/br0.net')" # it can't be led back by another plan
	ip link add br9 type bridge
	ip link set eth0 nomaster
	ip link set eth0 master br9
	wait_for 4 eval '! watchdogs'
	[ "$(basename "$(readlink /sys/class/net/eth0/master)")" = br9 ]
	[ -z "$(ip -o addr show dev eth0 scope global)" ]
}

@test "not confirmed, a full disk is no hindrance" {
	local record

	run_vnet 0 bridge create br0 --uplink eth0 --confirm 1
	record=$(compgen -G '/run/vnet/*/br0.net')
	mount -n -t tmpfs -o remount,size=1M tmpfs /run
	run dd if=/dev/zero of=/run/fill bs=4k count=1000
	[ "$status" -eq 1 ]
	[[ $output == *"No space left on device"* ]]
	wait_for 4 is_back
	rm /run/fill
	[ ! -e "$record" ]
	knows
	same_state before
}

@test "told to end, it goes back at once" {
	run_vnet 0 bridge create br0 --uplink eth0 --confirm 600
	kill -HUP "$(watchdogs)"
	kill -INT "$(watchdogs)"
	sleep 0.2
	watchdogs
	kill -TERM "$(watchdogs)"
	wait_for 2 is_back
	knows
	same_state before
}

@test "the terminal goes, and takes vnet along" {
	setsid script -qfec 'vnet bridge create br0 --uplink eth0 --confirm 2; sleep 60' /dev/null \
		>/dev/null 2>&1 </dev/null &
	wait_for 3 compgen -G '/run/vnet/*/watchdog'
	kill -KILL -- "-$!"
	knows
	wait_for 4 is_back
	knows
	same_state before
}

@test "a gateway that does not answer any more" {
	cut_off
	run_vnet 1 bridge create br0 --uplink eth0
	[[ $output == *"ask the gateway 10.9.0.1 through br0: No route to host" ]]
	nft delete table bridge cut
	wait_for 2 is_back
	knows
	same_state before
}

@test "one that never did is no hindrance" {
	ip -n far link set g0 arp off
	cut_off
	ip neigh flush dev eth0
	ip netns exec far sysctl -qw net.ipv4.conf.g0.arp_ignore=8
	ip netns exec far nft 'add table netdev cut; add chain netdev cut in { type filter hook ingress device g0 priority 0; policy drop; }'
	run_vnet 0 bridge create br0 --uplink eth0
	run_vnet 0 delete br0
}

@test "it is gone while the change waits to be confirmed" {
	run_vnet 0 bridge create br0 --uplink eth0 --confirm 600
	cut_off
	wait_for 25 is_back
	nft delete table bridge cut
	knows
	same_state before
}

@test "nothing moves without a watchdog" {
	export VNET_LIBEXEC=$BATS_TEST_TMPDIR
	run_vnet 2 bridge create br0 --uplink eth0
	[[ $output == *"there is no $BATS_TEST_TMPDIR/vnet-watchdog: nothing moves without a watchdog" ]]
	printf '#!/bin/sh\nexit 0\n' >"$BATS_TEST_TMPDIR/vnet-watchdog"
	chmod +x "$BATS_TEST_TMPDIR/vnet-watchdog"
	run_vnet 1 bridge create br0 --uplink eth0
	[[ $output == *"the watchdog does not answer"* ]]
	knows
	same_state before
}

@test "--confirm is for what could cut the host off" {
	run_vnet 2 bridge create br1 --confirm 5
	[[ $output == *"--confirm: this does not touch the host's way out: leave it out" ]]
	run_vnet 2 bridge create br0 --uplink eth0 --confirm 0
	[[ $output == *": --confirm '0': want 1 to 3600" ]]
	same_state before
}

@test "a second change after a watchdog that was killed" {
	run_vnet 0 bridge create br0 --uplink eth0 --confirm 600
	kill -KILL "$(watchdogs)"
	wait_for 2 no_watchdog
	run_vnet 2 confirm
	run_vnet 0 show br0
	[[ $output != *confirm* ]]
	run_vnet 0 recover
	[ "$output" = "nothing to recover" ]
	run_vnet 0 delete br0
	knows
	same_state before
}

@test "one that is stopped is named" {
	run_vnet 0 bridge create br0 --uplink eth0 --confirm 2
	kill -STOP "$(watchdogs)"
	run_vnet 2 confirm
	[[ $output == *"/watchdog: the watchdog does not answer (is it stopped?)" ]]
	run_vnet 1 delete br0
	[[ $output == *"busy: the watchdog of pid "*": bridge create br0 does not answer (is it stopped?)" ]]
	kill -CONT "$(watchdogs)"
	wait_for 4 is_back
	same_state before
}

# What was asked meanwhile stands in its queue still, but who asked has been told otherwise, or is gone.
@test "what one that is stopped did not answer is not confirmed" {
	run_vnet 0 bridge create br0 --uplink eth0 --confirm 60
	kill -STOP "$(watchdogs)"
	vnet confirm 3>&- &
	sleep 0.5
	kill -KILL $!
	run_vnet 2 confirm
	[[ $output == *"the watchdog does not answer (is it stopped?)" ]]
	kill -CONT "$(watchdogs)"
	run_vnet 0 show br0
	[[ $output == *"waits for \`vnet confirm\`: bridge create br0, "* ]]
	run_vnet 0 confirm
	wait_for 2 no_watchdog
	run_vnet 0 delete br0
	same_state before
}

# Who gave up stands in the queue of its socket still, and that holds eight.
@test "one that is stopped is not waited for behind others" {
	local pids=() i

	run_vnet 0 bridge create br0 --uplink eth0 --confirm 60
	kill -STOP "$(watchdogs)"
	for i in {1..9}; do
		vnet confirm 3>&- &
		pids+=($!)
	done
	sleep 0.5
	kill -KILL "${pids[@]}"
	run timeout 8 vnet confirm
	[ "$status" -eq 2 ]
	[[ $output == *"the watchdog does not answer (is it stopped?)" ]]
	kill -CONT "$(watchdogs)"
	run_vnet 0 confirm
	wait_for 2 no_watchdog
	run_vnet 0 delete br0
	same_state before
}

# Its look for the gateway has a socket on the NIC.
@test "what a watchdog listens with is no matter of others" {
	cp "$(command -v perl)" "$BATS_TEST_TMPDIR/vnet-watchdog"
	cp "$(command -v perl)" "$BATS_TEST_TMPDIR/listener"
	for name in vnet-watchdog listener; do
		# shellcheck disable=SC2016 # perl's
		"$BATS_TEST_TMPDIR/$name" -e 'socket(S, 17, 3, 0x0608) or die; bind(S, pack("SnlSCCa8", 17, 0x0806, $ARGV[0], 0, 0, 0, "")) or die; sleep 20' \
			"$(cat /sys/class/net/eth0/ifindex)" >/dev/null 2>&1 3>&- &
	done
	wait_for 2 eval '[ "$(grep -c " 0806 " /proc/net/packet)" = 2 ]'
	run_vnet 0 bridge create br0 --uplink eth0
	[[ $output == *"packet 0x0806 of listener"* && $output != *"of vnet-watchdog"* ]]
	kill %1 %2
	run_vnet 0 delete br0
}
