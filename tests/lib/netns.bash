# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # bats sets $status and $output
#
# For the namespace tests. A file of tests begins with
#
#	load ../lib/netns
#
# and from then on each of its tests, with its setup and teardown, runs in a namespace of its own
# (see in-ns): nothing to clean up, nothing shared between two tests. The binaries of the build in
# $VNET_BUILD come first in PATH.
#
#	run_vnet 0 bridge create br0          runs vnet, checks the exit status; $output is set
#	snapshot before                       the network's state, into a file
#	assert_same before after              fails, and shows the difference
#	host lan; in_host lan ip -br link     a further network namespace beside the test's own
#	wait_for 5 ip link show tap0          until the command succeeds, at most 5 seconds, or
#	                                      $VNET_SLOW times as much on a machine that is slow
#
# setup_file and teardown_file run outside of the tests' namespaces: do not touch the network there.

VNET_TOP=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
: "${VNET_BUILD:=$VNET_TOP/build/asan}"
export VNET_TOP VNET_BUILD VNET_LIBEXEC=$VNET_BUILD
case :$PATH: in
*:"$VNET_BUILD":*) ;;
*) PATH=$VNET_BUILD:$VNET_BUILD/tests/lib:$PATH ;;
esac

if [ ! -x "$VNET_BUILD/vnet" ]; then
	printf 'no vnet in %s: build first, or set VNET_BUILD\n' "$VNET_BUILD" >&2
	return 1
fi

# A leak, or the first undefined step, fails the program that made it.
: "${ASAN_OPTIONS:=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1}"
: "${UBSAN_OPTIONS:=print_stacktrace=1}"
export ASAN_OPTIONS UBSAN_OPTIONS

# bats starts one process a test, $BATS_LIBEXEC/bats-exec-test: put in-ns in front of it.
isolate_tests()
{
	local dir=$BATS_FILE_TMPDIR/libexec

	mkdir "$dir"
	printf '#!/bin/sh\nexec "%s/tests/lib/in-ns" "%s/bats-exec-test" "$@"\n' \
		"$VNET_TOP" "$BATS_LIBEXEC" >"$dir/bats-exec-test"
	chmod +x "$dir/bats-exec-test"
	BATS_LIBEXEC=$dir
}

if [ -z "${BATS_TEST_NAME-}" ]; then
	isolate_tests
	export VNET_OUTER_NS
	VNET_OUTER_NS=$(readlink /proc/self/ns/net)
elif [ "$(readlink /proc/self/ns/net)" = "${VNET_OUTER_NS-}" ]; then
	printf 'this test would run in the namespace of its caller\n' >&2
	exit 1
fi

fail()
{
	printf '%s\n' "$*" >&2
	return 1
}

# run_vnet STATUS ARG...: run `vnet ARG...`. Sets $output (both streams), $stderr and $lines.
run_vnet()
{
	local want=$1
	shift

	run vnet "$@"
	if [ "$status" -ne "$want" ]; then
		printf 'vnet'
		printf ' %q' "$@"
		printf '\nexit status %s, expected %s\n%s\n' "$status" "$want" "$output"
		return 1
	fi
}

# fresh_ns COMMAND [ARG...]: run a command or a function in one more fresh namespace. A function
# sees all functions of the test, and of its variables the exported ones.
fresh_ns()
{
	if [ "$(type -t "$1")" = function ]; then
		set -- bash -c "$(declare -f); set -eET"$'\n''"$@"' bash "$@"
	fi
	"$VNET_TOP/tests/lib/in-ns" "$@"
}

# host NAME: a network namespace beside the test's own, loopback up; it goes with the test.
host()
{
	ip netns add "$1" && ip -n "$1" link set lo up
}

# in_host NAME COMMAND...
in_host()
{
	local name=$1
	shift

	ip netns exec "$name" "$@"
}

# snapshot NAME: the state of the network namespace, into a file of that name; SNAP_OPTIONS=(...)
# for what else to look at.
snapshot()
{
	snap "${SNAP_OPTIONS[@]}" >"$BATS_TEST_TMPDIR/$1.snap"
}

# assert_same NAME [NAME]: the snapshot NAME equals the second one, or else the state now.
assert_same()
{
	local second=${2-now}

	if [ $# -eq 1 ]; then
		snapshot now
	fi
	(cd "$BATS_TEST_TMPDIR" && diff -u "$1.snap" "$second.snap")
}

# ends_with STATUS PID: the child ends, and with that status.
ends_with()
{
	local status=0

	wait "$2" || status=$?
	[ $status -eq "$1" ] || fail "process $2 ended with status $status, not $1"
}

# wait_for SECONDS COMMAND...: until the command succeeds; fails after SECONDS.
wait_for()
{
	local end=$((SECONDS + $1 * ${VNET_SLOW:-1}))
	shift

	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge "$end" ]; then
			fail "still not: $*"
			return 1
		fi
		sleep 0.02
	done
}
