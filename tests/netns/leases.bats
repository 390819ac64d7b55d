#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154
#
# vnet leases and a lease file that means harm: the server's user may write anything there. No
# harm, no hang, a bound to memory and time, and one line that says what was wrong.

load ../lib/netns
bats_require_minimum_version 1.5.0

FILE=/var/lib/vnet/leases/br0

# With the sanitizer's own share; what 16 MiB of the shortest leases would take is above it.
MIB=400

setup()
{
	run_vnet 0 bridge create br0 --address 10.1.1.254/24
	run_vnet 0 dhcp 10.1.1.11-100 --dns none
	run_vnet 0 dhcp stop # nobody writes the file but the test
	run_vnet 0 dhcp 10.1.1.11-100 --dns none
	rm -f "$FILE"
}

# bounded ARG...: vnet ARG... as a user meets it: $status, what it said in $said, what it printed in
# $BATS_TEST_TMPDIR/out. It has seconds and $MIB of memory; nothing of it is for a terminal to obey.
bounded()
{
	local out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err

	status=0
	timeout 20 python3 -c '
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
if resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > int(sys.argv[1]) * 1024:
    sys.exit("too much memory")
sys.exit(status)' "$MIB" vnet "$@" >"$out" 2>"$err" || status=$?
	said=$(<"$err")
	if LC_ALL=C grep -q '[^ -~]' "$out" "$err"; then
		fail "control characters"
	fi
	[ "$(wc -l <"$err")" -le 1 ] || fail "$said" # one line, or none
}

# printed LINES: so many.
printed()
{
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq "$1" ]
}

# json FILTER: of what was printed.
json()
{
	jq -r "$1" "$BATS_TEST_TMPDIR/out"
}

# lines N FORMAT: N lines with the number in them, as 24 bits.
lines()
{
	perl -e 'for my $i (0 .. $ARGV[0] - 1) {
		printf $ARGV[1] . "\n", $i >> 16, $i >> 8 & 255, $i & 255, $i >> 16, $i >> 8 & 255, $i & 255;
	}' "$@"
}

@test "100,000 leases" {
	lines 100000 '1700000000 52:54:00:%02x:%02x:%02x 10.%d.%d.%d guest ff:00:12:34:56:00:01:00:01' \
		>"$FILE"
	bounded leases
	[ "$status" -eq 0 ]
	[ -z "$said" ]
	printed 100000
	[[ $(tail -n 1 "$BATS_TEST_TMPDIR/out") == "10.1.134.159 "*" 52:54:00:01:86:9f "*" guest" ]]
	bounded leases --json
	[ "$status" -eq 0 ]
	[ "$(json length)" -eq 100000 ]
	bounded show br0 --json
	[ "$(json '.[0].dhcp.leases | length')" -eq 100000 ]
}

@test "more than there can be" {
	lines 1000000 '0 - 10.%4$d.%5$d.%6$d * *' >"$FILE"
	for form in '' --json; do
		bounded leases $form
		[ "$status" -eq 0 ]
		[ "$said" = "vnet: $FILE is too large: the rest of it was not read" ]
	done
	[ "$(json length)" -eq 131072 ]
}

@test "control characters, and what is no text" {
	printf '1700000000 52:54:00:00:00:01 10.1.1.11 \033[2J\033]0;x\007 *\n' >"$FILE"
	printf '1700000000 52:54:00:00:00:02 10.1.1.12 a\0b\r *\n' >>"$FILE"
	printf '1700000000 52:54:00:00:00:03 10.1.1.13 \xff\xfe"\\\x7f *\n' >>"$FILE"
	bounded leases
	[ "$status" -eq 0 ]
	printed 3
	bounded leases --json
	[ "$(json '.[].name' | xargs -d '\n')" = '??2J??0?x? a?b ?????' ]
	head -c 8M /dev/urandom >"$FILE"
	bounded leases
	[ "$status" -eq 0 ]
	[[ $said == "vnet: $FILE: "*" lines make no sense" ]]
}

@test "client ids of 64 KiB, lines without end" {
	local id

	id=$(head -c 65534 /dev/zero | tr '\0' a | sed 's/../&:/g; s/:$//')
	printf '1700000000 52:54:00:00:00:0%d 10.1.1.1%d * %s\n' 1 1 "$id" 2 2 "$id" 3 3 "$id" >"$FILE"
	bounded leases
	[ "$status" -eq 0 ]
	printed 3
	[ -z "$said" ]
	for what in 'a ' a ' ' '0 - 1.1.1.1 * '; do
		perl -e 'print eval("\"$ARGV[0]\"") x (9 << 21)' "$what" | head -c 17M >"$FILE"
		bounded leases
		[ "$status" -eq 0 ]
		printed 0
		[ -n "$said" ]
	done
	rm "$FILE"
	truncate -s 1T "$FILE"
	bounded leases
	[ "$status" -eq 0 ]
	[ "$said" = "vnet: $FILE is too large: the rest of it was not read" ]
}

# Refused, and told as no leases where others are told, too.
@test "something else in its place" {
	local make

	printf '1700000000 52:54:00:00:00:01 10.1.1.11 secret *\n' >"$BATS_TEST_TMPDIR/other"
	for make in 'mkdir' 'mkfifo' "ln -s $BATS_TEST_TMPDIR/other" 'ln -s /dev/zero' 'ln -s nowhere' \
		"ln -s $FILE" 'mknod -m 666'; do
		rm -rf "$FILE"
		case $make in
		mknod*) $make "$FILE" c 1 5 ;; # /dev/zero
		*) $make "$FILE" ;;
		esac
		bounded leases
		[ "$status" -eq 2 ]
		printed 0
		[ "$said" = "vnet: $FILE is no lease file: want a regular file" ]
		bounded show br0 --json
		[ "$status" -eq 0 ]
		[ "$(json '.[0].dhcp.leases')" = null ]
	done
}

# By whoever writes on and on, faster than it can be read.
@test "a file that grows" {
	local writer i

	lines 50000 '1700000000 52:54:00:%02x:%02x:%02x 10.%d.%d.%d * *' >"$BATS_TEST_TMPDIR/many"
	for _ in {1..40}; do cat "$BATS_TEST_TMPDIR/many"; done >"$FILE" &
	writer=$!
	for i in {1..8}; do
		bounded leases
		[ "$status" -eq 0 ]
	done
	wait "$writer"
	bounded leases
	[ "$said" = "vnet: $FILE is too large: the rest of it was not read" ]
}
