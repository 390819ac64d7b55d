#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Kill it anywhere: SIGKILL at each system call of each verb that changes something, and of
# `vnet recover`; see killsweep for what must be true then, and sweep_nic.bats for the host's NIC. $VNET_SLICE says which of the points are
# swept. On the Release build in $VNET_RELEASE, if it is set: the sanitizers' own calls are no points
# of interest, and many.

VNET_BUILD=${VNET_RELEASE:-$VNET_BUILD}
load ../lib/netns

setup_file()
{
	export SWEEP=$VNET_TOP/tests/lib/killsweep
}

# sweep [OPTION...] SCENE
sweep()
{
	run "$SWEEP" "$@"
	printf '%s\n' "$output"
	grep '^#' <<<"$output" >&3
	[ "$status" -eq 0 ]
}

# Both ways were gone: some points led back, some forward.
both_ways()
{
	grep -qE 'before: [1-9][0-9]*, after: [1-9]' <<<"$output"
}

@test "bridge create" {
	sweep create
	both_ways
}

@test "bridge set" {
	sweep set
	both_ways
}

@test "bridge set, where DHCP is served" {
	sweep setdhcp
	both_ways
}

@test "dhcp" {
	sweep dhcp
	both_ways
}

@test "dhcp: another range" {
	sweep range
	both_ways
}

@test "dhcp: another host" {
	sweep hosts
	both_ways
}

@test "dhcp stop" {
	sweep stop
	both_ways
}

@test "delete" {
	sweep delete
	both_ways
}

@test "bridge add-port, del-port" {
	sweep addport
	both_ways
	sweep delport
	both_ways
}

# All of them, or two of them, different ones in each slice.
@test "recover itself" {
	local scenes=(create setdhcp dhcp stop set range hosts delete) i

	if [ "$VNET_SLICE" != all ]; then
		i=$((VNET_SLICE % 4))
		scenes=("${scenes[i]}" "${scenes[i + 4]}")
	else
		scenes+=(uplink downlink ra raoff downserved onto off addport delport)
	fi
	for i in "${scenes[@]}"; do
		sweep -r "$i"
	done
}

# No trace of a server: neither a process nor a namespace nor a file of its own.
no_server()
{
	! pgrep dnsmasq && [ -z "$(ls -A /run/netns)" ] && [ -z "$(ls -A /var/lib/vnet/leases)" ] &&
		[ "$(ls /run/vnet/*/ | sort | tr '\n' ' ')" = "br0.net lock " ]
}

# What will be the server still is a copy of vnet when vnet dies, and goes on while vnet recovers: it
# makes its files then, or finds that there is nothing to serve any more.
@test "a server that has not begun to be one" {
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	for delay in $(seq -1000 100 2000) $(seq 2500 500 6000); do
		killat -v -o "$BATS_TEST_TMPDIR/killed" -- vnet dhcp 10.1.1.11-100
		child=$(sed -n 's/^child=//p' "$BATS_TEST_TMPDIR/killed")
		[[ $(ps -o stat= -p "$child") == T* ]]
		run together -d "$delay" -- vnet recover --- kill -CONT "$child"
		echo "delay $delay, status $status, $output"
		[ "$status" -eq 0 ]
		[[ $output == *"taken back: dhcp 10.1.1.11-100"* ]]
		wait_for 2 no_server
	done
	# ... and then the server from before is there, and no other
	run_vnet 0 dhcp 10.1.1.11-100
	for delay in 0 2000 10000 50000; do
		killat -v -o "$BATS_TEST_TMPDIR/killed" -- vnet dhcp 10.1.1.11-120
		child=$(sed -n 's/^child=//p' "$BATS_TEST_TMPDIR/killed")
		run together -d "$delay" -- vnet recover --- kill -CONT "$child"
		[ "$status" -eq 0 ]
		wait_for 2 eval '[ "$(pgrep dnsmasq)" = "$(cat /run/vnet/*/br0.pid)" ]'
		grep -q ^dhcp-range=10.1.1.11,10.1.1.100, /run/vnet/*/br0.dnsmasq
	done
}

# The same sweep must find what is left when `vnet recover` is not run: each kind of it.
@test "without recover there are leftovers" {
	VNET_SLICE=all run "$SWEEP" -n -k 'rename|unshare|poll' dhcp
	[ "$status" -eq 0 ]
	for kind in '> file .*/journal f' '> file .*\.tmp f' '> file /var/lib/vnet/leases/br0 f' \
		'> \. link vnd-' '> netns vnet-br0 mounts=0' '> netns vnet-br0 mounts=1' \
		'> process .*dnsmasq --conf-file='; do
		grep -q -- "$kind" <<<"$output" || fail "nothing like <$kind> in $output"
	done
}
