#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The words agree with the code: the manual page has each verb and option that the tool tells, and
# no other; what README, the page and the examples let one type is understood; the exit statuses
# are the same everywhere; the examples are run by a test. Sees the build as $VNET_BUILD.
#
# How this works: the page is read as it is installed, in roff. A command line counts as understood
# if it works with --help behind it: the tool then looks its verb and options up, and does nothing.

cd "$(dirname "$0")/../.." || exit 1
: "${VNET_BUILD:=build/release}"
vnet=$VNET_BUILD/vnet
failed=0

complain()
{
	echo "$*"
	failed=1
}

# same WHAT ONE OTHER: two lists of lines that must have the same lines.
same()
{
	local difference

	difference=$(diff <(sort -u <<<"$2") <(sort -u <<<"$3")) ||
		complain "$1: '<' is what the first says, '>' the second:
$(grep '^[<>]' <<<"$difference")"
}

# ---- the manual page

# Without roff's escapes.
page=$(sed -E 's/\\f[BIRP]//g; s/\\&//g; s/\\-/-/g; s/\\\(aq/'\''/g; s/\\e/\\/g' \
	"$VNET_BUILD/vnet.8") || exit 1

# section TITLE: of the page; in .SS the verbs.
section()
{
	awk -v title="$1" '
		/^\.S[HS] / { name = substr($0, 5); gsub(/"/, "", name); inside = name == title; next }
		inside' <<<"$page"
}

# The first words of what is listed: names on a line of their own, with what they mean indented.
listed()
{
	awk '/^\.RS/ { print last } { last = $0 }'
}

check_verbs()
{
	local told page_verbs verb

	told=$("$vnet" --help | sed -nE 's/^  (vnet( [^ ]+)+)  .*/\1/p')
	page_verbs=$(sed -nE 's/^\.SS "?(vnet [^"]*)"?$/\1/p' <<<"$page")
	[ -n "$told" ] || complain "vnet --help tells no verb"
	same "verbs of vnet --help and of vnet.8" "$told" "$page_verbs"
	while read -r verb; do
		check_options "$verb"
	done <<<"$told"
}

# The options of "vnet MODE create NAME", once for each mode.
check_options()
{
	local verb=$1 words mode modes=-

	words=$(tr ' ' '\n' <<<"${verb#vnet }" | grep -vE '^\[?[A-Z]+\]?$' | xargs)
	[[ $verb != "vnet MODE "* ]] || modes=$("$vnet" --help |
		sed '1,/^MODE is/d; /^$/,$d' | awk '{ print $1 }')
	for mode in $modes; do
		# shellcheck disable=SC2086 # one word a word
		same "options of $verb in its --help and in vnet.8" \
			"$("$vnet" ${mode#-} $words --help | sed -nE 's/^  (--[^ ]+( [^ ]+)?)  .*/\1/p')" \
			"$(section "$verb" | listed)"
	done
}

check_globals()
{
	same "options before the verb in vnet --help and in vnet.8" \
		"$("$vnet" --help | sed -nE 's/^  (-[^ ]+( [A-Z]+)?)( .*)?$/\1/p')" \
		"$(section OPTIONS | listed | sed 's/, .*//')"
}

# ---- exit statuses

check_statuses()
{
	local code help man readme

	code=$(sed -nE 's/.*VNET_OUTCOME_[A-Z]+ = ([0-9]+),.*/\1/p' include/vnet/error.h)
	help=$("$vnet" --help | sed -n '/^exit status:/,$p' | grep -oE '[0-9]+')
	man=$(section "EXIT STATUS" | listed)
	readme=$(sed -nE 's/^\| ([0-9]+) \|.*/\1/p' README.md)
	same "exit statuses of error.h and of vnet --help" "$code" "$help"
	same "exit statuses of error.h and of vnet.8" "$code" "$man"
	same "exit statuses of error.h and of README.md" "$code" "$readme"
}

# ---- commands and paths

# The command lines of vnet in a file: of a text those in its blocks of code. Namespaces that they
# name are there only when they run.
commands_of()
{
	case $1 in
	*.md | *.scd) awk '/^```/ { code = !code; next } code' "$1" ;;
	*) grep -v '^[[:space:]]*#' "$1" ;;
	esac | sed -nE 's/^[[:space:]]*(# |\$ |sudo |typed |do_and "[^"]*" -- )*(vnet .*)$/\2/p' |
		sed -E 's/( \\+| [>|&].*|  +#.*)$//; s/^vnet -n [^ ]+/vnet/'
}

check_commands()
{
	local file line words n=0

	for file in README.md src/cli/*.scd examples/*; do
		[ -f "$file" ] || continue
		while read -r line; do
			n=$((n + 1))
			read -ra words <<<"$line"
			"$vnet" "${words[@]:1}" --help >/dev/null 2>&1 ||
				complain "$file: '$line' is not understood: $("$vnet" \
					"${words[@]:1}" --help 2>&1)"
		done < <(commands_of "$file")
	done
	[ $n -ge 10 ] || complain "only $n commands found in README.md, vnet.8.scd and examples/"
}

# What README names of this tree is there, and what it lets one start with sudo can be started.
check_paths()
{
	local path

	for path in $(grep -oE '\b(include|src|modes|helpers|tests|examples|cmake)/[A-Za-z0-9_.*/-]+' \
		README.md | sed 's/[.]$//' | sort -u); do
		compgen -G "$path" >/dev/null || complain "README.md: there is no $path"
	done
	for path in $(sed -nE 's/.*sudo ((tests|examples)\/[a-z0-9/.-]+).*/\1/p' README.md |
		sort -u); do
		[ -x "$path" ] || complain "README.md: $path cannot be started"
	done
}

check_examples()
{
	local file

	for file in examples/*; do
		[ -f "$file" ] || continue
		if head -c 2 "$file" | grep -q '#!' && [ ! -x "$file" ]; then
			complain "$file: cannot be started"
		fi
		grep -rqF --include='*.bats' "$file" tests || complain "$file: no test runs it"
	done
}

# Of this project alone, in its present state, and of no one's own directories.
check_words()
{
	local system='bin|dev|etc|proc|run|sbin|sys|usr|var'

	grep -nE 'TODO|FIXME' README.md src/cli/*.scd && complain "words to go"
	grep -noE '(^|[^][A-Za-z0-9.*)>/])/[a-z]+(/|\b)' README.md src/cli/*.scd |
		grep -vE "/($system)/?\$" && complain "paths to go"
}

# Each public function has a comment, or stands right below one that has: a block without an empty
# line. Those of the items of a list have theirs above the first.
check_headers()
{
	local bare

	bare=$(perl -0777 -ne '
		for (split /\n\n+/) {
			next if m{^\s*(/\*|#|static inline)};
			print "$ARGV: $_() has no comment\n" for /\b(vnet_\w+)\(/g;
		}' include/vnet/*.h)
	[ -z "$bare" ] || complain "$bare"
}

check_verbs
check_globals
check_statuses
check_commands
check_paths
check_examples
check_words
check_headers
exit $failed
