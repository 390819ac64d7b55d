#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154
#
# The examples do what they say, and take all of it away again.

load ../lib/netns

# Nothing of vnet is left but its lock, and no network namespace but those named.
nothing_left()
{
	assert_same before
	[ -z "$(find /run/vnet /var/lib/vnet -type f ! -name lock)" ]
	[ "$(ip netns list | cut -d ' ' -f 1 | sort | xargs)" = "$*" ]
}

two_namespaces()
{
	run "$VNET_TOP/examples/two-namespaces.sh"
	printf '%s\n' "$output"
}

@test "two namespaces get leases of one network and reach each other" {
	snapshot before
	two_namespaces
	[ "$status" -eq 0 ]
	[ "$(grep -cE '^10\.77\.0\.[0-9]+ +[0-9a-f:]{17} ' <<<"$output")" -eq 2 ]
	[ "$(grep -c ' 0% packet loss' <<<"$output")" -eq 2 ]
	nothing_left
}

@test "an example that fails half-way takes away what it made, and nothing else" {
	snapshot before
	ip netns add two
	two_namespaces
	[ "$status" -ne 0 ]
	[[ $output = *"# ip netns add two"* ]]
	nothing_left two
}

@test "a host's network card becomes an uplink and comes back" {
	snapshot before
	run "$VNET_TOP/examples/uplink.sh"
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	[[ $output = *"in use on demo0, and so not leased: 10.77.0.11"* ]]
	[[ $output = *"lease of 10.77.0.12 obtained"* ]]
	[[ $output = *"address 10.77.0.2/24: static"* ]]
	[ "$(grep -c ' 0% packet loss' <<<"$output")" -eq 2 ]
	grep -q '^eth0@.* 10\.77\.0\.2/24' <<<"$output"
	nothing_left
}
