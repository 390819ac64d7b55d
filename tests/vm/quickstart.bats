#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The quickstart works, twice in a row, and leaves nothing behind: not after success, failure, or a
# signal of any kind. Needs root. VNET_BUILD, when set, is the build that it installs.

quickstart=$BATS_TEST_DIRNAME/../../examples/quickstart
source_tree=$BATS_TEST_DIRNAME/../..

bats_require_minimum_version 1.5.0

setup()
{
	[ "$(id -u)" = 0 ] # not a skip: what is not tested is not known to work
	before=$BATS_TEST_TMPDIR/before
	after=$BATS_TEST_TMPDIR/after
	output_file=$BATS_TEST_TMPDIR/output
	namespaces=$BATS_TEST_TMPDIR/namespaces
	: >"$namespaces"
	: >"$output_file"
	machine >"$before"
}

teardown()
{
	cat "$output_file" # bats shows it when the test has failed
}

# All that the quickstart could leave on this machine, except processes and namespaces.
machine()
{
	local path

	echo "named namespaces:" "$(ip netns list | sort)"
	echo "interfaces:" "$(ip -o link | sed 's/<.*//')"
	echo "mounts:"
	cut -d ' ' -f 4,5,9- /proc/self/mountinfo | sort
	for path in /run /etc/vnet /var/lib/vnet /etc/resolv.conf /usr/bin/vnet /usr/libexec/vnet*; do
		stat -c '%A %u %N' "$path" 2>&1 || :
	done
	echo "files:"
	find /run/vnet /run/netns /run/quickstart /etc/vnet /var/lib/vnet 2>/dev/null | sort
	[ -z "${VNET_BUILD:-}" ] || find "$VNET_BUILD" | sort
	ls -A /run "$source_tree"
}

# Which process ($1) is in which network, mount and process namespace.
namespaces_of()
{
	readlink "/proc/$1/ns/net" "/proc/$1/ns/mnt" "/proc/$1/ns/pid" 2>/dev/null
}

# Note the namespaces of all descendants of process $1, except this machine's own.
note_namespaces()
{
	local child children=()

	read -r -a children <"/proc/$1/task/$1/children" || : # its line has no end
	for child in "${children[@]}"; do
		namespaces_of "$child" | grep -vxF "$(namespaces_of self)" >>"$namespaces" || :
		note_namespaces "$child"
	done 2>/dev/null
}

# Run the quickstart with the environment "$@" and note its namespaces. If there is $signal, send it
# when the second guest has been started. $status is the exit status.
run_quickstart()
{
	local pid end=$((SECONDS + 600))

	env --default-signal=INT "$@" "$quickstart" >"$output_file" 2>&1 3>&- &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		note_namespaces "$pid"
		if [ -n "${signal:-}" ] && grep -q mac=52:54:00:00:00:02 "$output_file"; then
			kill -s "$signal" "$pid"
			break
		fi
		[ "$SECONDS" -lt "$end" ]
		sleep 0.2
	done
	status=0
	wait "$pid" || status=$?
}

# No process is in the namespaces that were noted. A killed one may need a moment.
no_process_left()
{
	local process left

	for _ in {1..50}; do
		left=$(for process in /proc/[0-9]*; do
			namespaces_of "${process#/proc/}" | grep -xFf "$namespaces" |
				sed "s|^|$process |"
		done || :)
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	echo "left: $left"
	return 1
}

nothing_left()
{
	no_process_left
	machine >"$after"
	diff "$before" "$after"
}

# The table's line of guest $1, whose peer is $2.
proven()
{
	local address='10\.1\.1\.(1[1-9]|[2-9][0-9]|100)' addresses

	addresses="$address +10\.1\.1\.1 +203\.0\.113\.10 +[0-9.]+ +[0-9]+"
	grep -qE "^ +$1 +$addresses +ok +ok +ok +ok +ok +ok$" "$output_file"
}

success()
{
	run_quickstart
	[ "$status" -eq 0 ]
	grep -qE '# vnet bridge create br0 --uplink eth0 --stp$' "$output_file"
	grep -qE '# vnet dhcp 10\.1\.1\.11-100$' "$output_file"
	grep -qE 'the host, all the while: [0-9]+ of [0-9]+ pings answered, [0-9]+ lines' "$output_file"
	grep -qF -- '-netdev tap,id=n0,script=/usr/libexec/vnet-ifup -device virtio-net-pci,netdev=n0,' \
		"$output_file"
	proven one
	proven two
	[ "$(sort -u "$namespaces" | grep -c '^pid:')" -eq 1 ] # else the wrong ones were noted
	nothing_left
}

# It is stopped by signal $1 while the guests boot.
stopped_by()
{
	local signal=$1

	run_quickstart
	[ "$status" -ne 0 ]
	run ! grep -q 'guests have leases' "$output_file" # else it came too late
	[ "$(sort -u "$namespaces" | grep -c '^pid:')" -eq 1 ]
	nothing_left
}

@test "the quickstart gives two guests their network, and leaves nothing" {
	success
}

@test "and once more" {
	success
}

@test "a quickstart that fails leaves nothing" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	run_quickstart VNET_BUILD="$BATS_TEST_TMPDIR/empty"
	[ "$status" -eq 1 ]
	grep -q 'quickstart: ' "$output_file"
	nothing_left
}

@test "Ctrl-C leaves nothing" {
	stopped_by INT
}

@test "SIGTERM leaves nothing" {
	stopped_by TERM
}

@test "SIGKILL leaves nothing" {
	stopped_by KILL
}

@test "the guests' image: two at once make one, a damaged attempt is not used" {
	local cache=$BATS_TEST_TMPDIR/cache real first

	real=$("$BATS_TEST_DIRNAME/guest-image")
	mkdir -p "$cache/.new-image/root" "$cache/.new-base"
	cp -a "$(dirname "$real")"/base* "$cache"
	echo damaged >"$cache/.new-image/vmlinux"

	"$BATS_TEST_DIRNAME/guest-image" "$cache" >"$BATS_TEST_TMPDIR/first" 3>&- &
	first=$!
	run -0 "$BATS_TEST_DIRNAME/guest-image" "$cache"
	wait "$first"
	[ "$output" = "$(cat "$BATS_TEST_TMPDIR/first")" ]
	[ "$(stat -c %s "$output/initramfs")" = "$(stat -c %s "$real/initramfs")" ]
	cmp "$output/vmlinux" "$real/vmlinux"
	[ -z "$(find "$cache" -maxdepth 1 -name '.new*')" ]
}
