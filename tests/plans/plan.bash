# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # bats sets $output
#
# For the tests of plans, and that what they print is true: `load plan`.
#
# `plan NAME STEP... LINE` takes the steps, then the line, each a command with words that need no
# quotes. Of each that is vnet's, --dry-run prints commands and changes nothing, also for a user
# without privilege. Those of the last line are compared with the golden plan tests/plans/NAME.plan,
# in which what differs from machine to machine has a name instead: NSID, MAC1, USER. And they are
# true: a twin namespace, in which sh ran all that was printed, is the same as this one, in which
# vnet did it: links with their indexes and MACs, addresses, files, the server and its privilege.
#
# tests/plans/update writes the golden plans anew.

load ../lib/netns
load ../lib/state
bats_require_minimum_version 1.5.0

export LEASES=/var/lib/vnet/leases # also for the twin

setup()
{
	echo 'nameserver 192.0.2.53' >/etc/resolv.conf
	chmod 755 "$BATS_TEST_TMPDIR" # for nobody
	cd "$BATS_TEST_TMPDIR" || return
}

# The network of all namespaces, and what else a run leaves: one line an object.
everything()
{
	local file pid

	snap -a -p
	find /run/vnet "$LEASES" -type f ! -name lock 2>/dev/null | while read -r file; do
		stat -c 'file %n %a %U:%G' "$file"
		case $file in
		*.pid)
			pid=$(<"$file")
			[ -e "/proc/$pid" ] || continue
			grep -E '^(Name|Uid|Gid|Groups|Cap.*|NoNewPrivs):' "/proc/$pid/status" |
				sed 's/^/dnsmasq /'
			;;
		*) sed "s,^,$(basename "$file"): ," "$file" ;;
		esac
	done
}

# The same, into a file, when the kernel is at rest.
everything_at_rest()
{
	wait_for 5 at_rest || :
	wait_for 5 eval '! pgrep -x vnet-watchdog >/dev/null' # it has a moment's work after a change
	everything >"$1"
}

# What differs from machine to machine, named. MACs that a test chose begin with 52:54.
normalise()
{
	perl -pe 's,/run/vnet/\d+,/run/vnet/NSID,g; s/(vnet-[a-z0-9]+)-\d+\b/$1-NSID/g;
		s/^(user|group)=.*/"$1=" . uc $1/e;
		s/\bfe80::(?!5054:)[0-9a-f:]+ff:fe[0-9a-f:]+/LINKLOCAL/g;
		s/\b(?!52:54:)(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/$name{$&} ||= "MAC" . ++$n/ge' "$1"
}

# dry NUMBER LINE: its commands, into NUMBER.sh
dry()
{
	local number=$1 nobody=(setpriv --reuid nobody --regid nogroup --clear-groups)
	shift

	everything_at_rest before
	run -0 --separate-stderr "$@" --dry-run
	printf '%s' "${output:+$output$'\n'}" >"$number.sh"
	everything >after
	diff -u before after
	# Without privilege nobody sees another namespace; all else is for everyone to see.
	if ! grep -q '^netns vnet-' before && [ "$2" != -n ]; then
		run -0 --separate-stderr "${nobody[@]}" "$@" --dry-run
		diff -u "$number.sh" <(printf '%s' "${output:+$output$'\n'}")
		everything >after
		diff -u before after
	fi
}

# What runs the commands of a line: those of `vnet -n NS` are meant for NS. Not `ip netns exec`,
# which has mounts of its own: a namespace that is made in it would be nobody else's.
shell_of()
{
	case $* in
	"vnet -n "*) echo "nsenter --net=/run/netns/$3 sh -e" ;;
	*) echo "sh -e" ;;
	esac
}

plan()
{
	local golden=$VNET_TOP/tests/plans/$1.plan number=100 step shell
	shift

	: >all
	for step; do
		number=$((number + 1))
		# shellcheck disable=SC2086 # words
		case $step in
		vnet\ *)
			dry "$number" $step
			$step >/dev/null
			;;
		*)
			echo "$step" >"$number.sh"
			sh -e "$number.sh"
			;;
		esac
		# shellcheck disable=SC2086
		echo "$(shell_of $step) $number.sh" >>all
	done
	normalise "$number.sh" >plan
	if [ -n "${VNET_PLANS_UPDATE-}" ]; then
		cp plan "$golden"
	fi
	diff -u "$golden" plan

	everything_at_rest by-vnet
	fresh_ns twin
	diff -u by-vnet by-sh
	# To print no plan is right only where nothing is to be done.
	[ -s plan ] || [ "${empty-}" = yes ]
}

# In the twin: what was printed, by sh.
twin()
{
	local shell

	echo 'nameserver 192.0.2.53' >/etc/resolv.conf
	while read -r shell; do
		$shell </dev/null
	done <all
	everything_at_rest by-sh
}
