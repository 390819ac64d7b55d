# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For tests that compare the state of all that vnet could touch: the network of all namespaces, the
# processes in them, files. After ../lib/netns:
#
#	state before          into a file
#	same_state before     fails, and shows the difference, if it is another one now
#
# Both wait until the kernel is at rest: it tells of a carrier that came or went up to a second
# later.

# shellcheck disable=SC2034 # snapshot reads it
SNAP_OPTIONS=(-a -p -f /run -f /var/lib/vnet -f /etc/vnet)

state()
{
	wait_for 5 at_rest || :
	take_state "$1"
}

# But for the lock: it says who took it last, and stays.
take_state()
{
	snapshot "$1"
	sed -i '\,/lock f ,d' "$BATS_TEST_TMPDIR/$1.snap"
}

same_state()
{
	wait_for 3 equals "$1" 2>/dev/null ||
		diff -u "$BATS_TEST_TMPDIR/$1.snap" "$BATS_TEST_TMPDIR/now.snap"
}

equals()
{
	take_state now
	cmp "$BATS_TEST_TMPDIR/$1.snap" "$BATS_TEST_TMPDIR/now.snap"
}

# In each namespace, each bridge says to be up exactly if one of its ports has a carrier, and no
# other link says to be down that has one.
at_rest()
{
	local name

	bridges_rest || return
	for name in $(ip netns list | cut -d ' ' -f 1); do
		# What is no namespace any more has no bridge.
		! ip -n "$name" link >/dev/null 2>&1 || bridges_rest -n "$name" || return
	done
}

# bridges_rest [-n NS]
bridges_rest()
{
	ip "$@" -j -d link | jq -e '. as $links | all($links[];
		(.operstate == "DOWN" and (.flags | contains(["LOWER_UP"])) and
			.linkinfo.info_kind != "bridge") | not) and all($links[] |
		select(.linkinfo.info_kind == "bridge" and (.flags | contains(["UP"])));
		.ifname as $name | .operstate == if any($links[]; .master == $name and
			(.flags | contains(["LOWER_UP"]))) then "UP" else "DOWN" end)'
}
