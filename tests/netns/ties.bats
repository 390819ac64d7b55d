#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What does not follow a NIC onto a bridge: which rules of a firewall are meant, and which are not.
# The lines that are said of all else stand in messages.bats.

load ../lib/netns

setup()
{
	ip link add eth0 type veth peer name far
	ip link add eth01 type veth peer name far1
	ip link set eth0 up
	ip link set far up
	ip addr add 10.9.0.2/24 dev eth0
}

# named: the handles of the rules that are named for eth0 and br0.
named()
{
	local status=0

	vnet bridge create br0 --uplink eth0 --dry-run >/dev/null 2>"$BATS_TEST_TMPDIR/err" || status=$?
	[ "$status" -eq 2 ] || fail "exit status $status"
	grep -o 'handle [0-9]*' "$BATS_TEST_TMPDIR/err" | cut -d ' ' -f 2
}

# expected: those whose comment says so.
expected()
{
	nft -a list ruleset | sed -n 's/.*comment "turns".* handle \([0-9]*\)$/\1/p'
}

# same_rules: few at a time, so that all fit into the line.
same_rules()
{
	diff <(expected) <(named)
}

@test "rules that ask for it themselves" {
	nft -f - <<-'END'
	table inet t { chain c { type filter hook input priority 0;
		iifname "eth0" accept comment "turns"
		iifname "eth*" accept comment "turns"
		iifname "eth01" accept
		iifname "eth" accept
		iifname "eth1*" accept
		iifname != "eth0" drop comment "turns"
		iifname != "lo" accept
		oifname "eth0" accept comment "turns"
		iif "eth0" accept comment "turns"
		iif "eth01" accept
		iifgroup 0 accept comment "turns"
		iifgroup 5 accept
		fib daddr oifname "eth0" accept comment "turns"
		fib saddr . iif oif 0 drop
		ip daddr 101.116.104.48 accept
		iifname "br0" accept
	}
	}
	END
	same_rules
}

@test "rules that look it up" {
	nft -f - <<-'END'
	table ip t {
		set one { type ifname; elements = { "eth0" } }
		set both { type ifname; elements = { "eth0", "br0" } }
		set other { type ifname; elements = { "eth01" } }
		set wild { type ifname; flags interval; elements = { "eth*", "br1" } }
		set wildboth { type ifname; flags interval; elements = { "eth*", "br*" } }
		set pair { type ifname . inet_service; elements = { "eth0" . 22, "br0" . 23 } }
		set pairboth { type ifname . inet_service; elements = { "eth0" . 22, "br0" . 22 } }
		set range { type inet_service . ifname; flags interval; elements = { 22-25 . "eth*", 80 . "br0" } }
		set number { type iface_index; elements = { "eth0" } }
		map verdicts { type ifname : verdict; elements = { "eth0" : accept } }
		chain c { type filter hook forward priority 0;
			iifname @one accept comment "turns"
			iifname @both accept
			iifname @other accept
			iifname @wild accept comment "turns"
			iifname @wildboth accept
			iifname . tcp dport @pair accept comment "turns"
			iifname . tcp dport @pairboth accept
			tcp dport . iifname @range accept comment "turns"
			iif @number accept comment "turns"
			oifname vmap @verdicts comment "turns"
			iifname { "eth0", "lo" } tcp dport 22 accept comment "turns"
			iifname { "eth0", "br0" } tcp dport 22 accept
			ip saddr & 255.255.0.0 . iifname { 10.0.0.0 . "eth0" } accept comment "turns"
			tcp dport { 22, 23 } accept
		}
	}
	END
	same_rules
}

# Bound to the device, they see its packets before the bridge does; those of a bridge see ports.
@test "rules of other families" {
	nft -f - <<-'END'
	table netdev t { chain c { type filter hook ingress device eth0 priority 0; iifname "eth0" accept; }; }
	table bridge t { chain c { type filter hook forward priority 0; iifname "eth0" accept; }; }
	table inet t { chain c { type filter hook ingress device eth0 priority 0; iifname "eth0" accept; }; }
	END
	run_vnet 0 bridge create br0 --uplink eth0
	[[ $output == *"stays there, in front of br0: chain netdev t c, chain inet t c"* ]]
	vnet delete br0
	nft flush ruleset
	nft 'table arp t { chain c { type filter hook input priority 0; iifname "eth0" accept comment "turns"; }; }'
	same_rules
	nft flush ruleset
	nft 'table ip6 t { chain c { type filter hook output priority 0; oifname "eth0" accept comment "turns"; }; }'
	same_rules
}

@test "a set that holds the bridge beside it lets it pass" {
	nft 'table inet t { set s { type ifname; elements = { eth0 } }; chain c { type filter hook input priority 0; iifname @s accept; }; }'
	run_vnet 2 bridge create br0 --uplink eth0
	nft add element inet t s '{ br0 }'
	run_vnet 0 bridge create br0 --uplink eth0
	[ -z "$output" ]
}

# back_is_refused TEXT: for both ways back, with TEXT at the end of the line.
back_is_refused()
{
	local verb

	for verb in 'delete br0' 'bridge set br0 --no-uplink' 'delete br0 --dry-run'; do
		# shellcheck disable=SC2086 # words of a command
		run_vnet 2 $verb
		[[ $output == *": br0: the firewall names it, but packets will come and go by eth0: want eth0 beside it, as in { br0, eth0 }, or --force: $1" ]]
	done
	[ "$(basename "$(readlink /sys/class/net/eth0/master)")" = br0 ]
}

@test "on the way back, rules that name the bridge" {
	vnet bridge create br0 --uplink eth0
	nft -f - <<-'END'
	table inet t {
		set one { type ifname; elements = { "br0" } }
		set both { type ifname; elements = { "eth0", "br0" } }
		chain c { type filter hook input priority 0;
			iifname "eth0" accept
			iifname { "br0", "eth0" } accept
			iifname @both accept
			iifname != "lo" accept
			iifname "br0" accept comment "turns"
			iif "br0" accept comment "turns"
			iifname @one accept comment "turns"
			iifname "br*" accept comment "turns"
		}
	}
	END
	back_is_refused "$(expected | sed 's/^/inet t c handle /' | paste -sd , | sed 's/,/, /g')"
	run_vnet 0 bridge set br0 --no-uplink --force
	[[ $output == *"the firewall names br0, but packets come and go by eth0 now: want eth0 in: inet t c handle "* ]]
	[ ! -e /sys/class/net/eth0/master ]
	run_vnet 0 delete br0 # it has no uplink any more
	[ -z "$output" ]
}

@test "on the way back, chains that are bound to the bridge" {
	vnet bridge create br0 --uplink eth0
	nft -f - <<-'END'
	table netdev t {
		chain both { type filter hook ingress devices = { br0, eth0 } priority 0; }
		chain nic { type filter hook ingress device eth0 priority 0; }
		chain one { type filter hook ingress device br0 priority 0; iifname "br0" drop; }
	}
	END
	back_is_refused 'chain netdev t one'
	nft delete chain netdev t one
	run_vnet 0 delete br0
	[ -z "$output" ]
}

@test "on the way back, what is not confirmed is taken back all the same" {
	vnet bridge create br0 --uplink eth0 --confirm 1
	nft 'table inet t { chain c { type filter hook input priority 0; iifname "br0" accept; }; }'
	wait_for 4 eval '[ ! -e /sys/class/net/br0 ] && ! pgrep -x vnet-watchdog >/dev/null'
	ip addr show dev eth0 | grep -q 10.9.0.2/24
}

# Five thousand: with sanitizers, on a busy machine, in seconds; else in some 70 ms.
@test "many rules" {
	{
		echo 'table inet t { chain c { type filter hook input priority 0;'
		seq 5000 | sed 's/.*/iifname "vm&" tcp dport & accept/'
		printf '}\n}\n'
	} | nft -f -
	start=$EPOCHREALTIME
	run_vnet 0 bridge create br0 --uplink eth0 --dry-run
	took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
	echo "$took ms"
	[ "$took" -lt 10000 ]
	nft add rule inet t c oifname eth0 accept
	run_vnet 2 bridge create br0 --uplink eth0
	[[ $output == *": inet t c handle 5002" ]]
}
