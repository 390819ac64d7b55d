#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154
#
# What the shells offer behind a vnet that is half typed: verbs, options and the names of the moment.

load ../lib/netns
bats_require_minimum_version 1.5.0

# Each asks its shell what it offers for words, the last of which is half typed; one a line.
in_bash()
{
	bash -c 'source "$1"; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _vnet
		printf "%s\n" "${COMPREPLY[@]}"' - "$VNET_TOP/src/cli/vnet.bash" "$@"
}

# compadd is there in a completion alone: what the file gives to it is looked at.
in_zsh()
{
	zsh -fc 'file=$1; shift; words=("$@") CURRENT=$#
		compadd() { print -rl -- "${(@P)2}" }
		f() { source $file }; f' - "$VNET_TOP/src/cli/_vnet" "$@"
}

in_fish()
{
	HOME=$BATS_TEST_TMPDIR fish --no-config -c 'source $argv[1]; complete -C "$argv[2..-1]"' \
		"$VNET_TOP/src/cli/vnet.fish" "$@" | cut -f 1
}

# offers WORDS -- CANDIDATE...: in each of the shells, these and no others, in whatever order.
offers()
{
	local words=() shell

	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	for shell in bash zsh fish; do
		run -0 "in_$shell" vnet "${words[@]}"
		[ "$(sort <<<"$output")" = "$(printf '%s\n' "$@" | sort)" ] ||
			fail "$shell, vnet ${words[*]}: $output"
	done
}

@test "verbs and modes" {
	offers d -- delete dhcp
	offers br -- bridge
	offers bridge s -- set
	offers bridge a -- add-port
	offers dhcp s -- stop
	offers nonsense x -- ''
	run -0 in_bash vnet ''
	[ "$(xargs <<<"$output")" = "bridge delete dhcp leases show confirm recover" ]
}

@test "options, those of the verb alone" {
	offers show --j -- --json
	offers dhcp 10.1.1.11-100 --p -- --pxe
	offers dhcp --no-d -- --no-dns --no-domain
	offers bridge create br0 --f -- --force --forward-delay
	offers bridge set br0 --no-u -- --no-uplink
	offers dhcp --router n -- none
	offers bridge create br0 --uplink-dhcp s -- static
	offers bridge create br0 --mtu 1 -- ''
}

@test "names of networks, devices and namespaces' networks, as they are now" {
	offers delete '' -- ''
	run_vnet 0 bridge create br0
	run_vnet 0 bridge create br1
	run_vnet 0 bridge create other
	offers delete b -- br0 br1
	offers show o -- other
	offers bridge set br -- br0 br1
	offers dhcp 10.1.1.11-100 --net o -- other
	offers bridge create o -- '' # a new one has no name yet
	ip link add nic7 type veth peer name nic8
	offers bridge add-port br0 nic -- nic7 nic8
	offers bridge create br2 --uplink nic -- nic7 nic8
	run_vnet 0 delete br1
	offers delete b -- br0
	host far
	run_vnet 0 -n far bridge create distant
	offers -n far delete '' -- distant
}

@test "without privilege" {
	run_vnet 0 bridge create br0
	run -0 setpriv --reuid nobody --regid nogroup --clear-groups vnet --complete delete ''
	[ "$output" = br0 ]
}
