# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What tests/run and tests/full share. Each of them defines STAGES, the names in order, LIMIT, the
# seconds that each may take, and a function stage_NAME for each; then it calls run_stages "$@".
#
# How this works: a stage is a process of its own, under timeout, its output in a log. What it
# prints is counted as TAP: lines "ok" and "not ok"; a skipped test is a failed one. A stage that
# prints none counts as one test by its exit status, and one that fails without a "not ok", or runs
# out of time, as one failure more. The last line is "N passed, N failed".

shopt -s extglob
export LC_ALL=C CMOCKA_MESSAGE_OUTPUT=TAP
export PATH=$PATH:/usr/sbin:/sbin

: "${VNET_OUT:=$VNET_TOP/build/tests}" # all that the stages build and write
: "${JOBS:=$(nproc)}"
export VNET_TOP VNET_OUT JOBS

ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
UBSAN_OPTIONS=print_stacktrace=1
export ASAN_OPTIONS UBSAN_OPTIONS

repo_git()
{
	git -c safe.directory='*' -C "$VNET_TOP" "$@"
}

# Sweeps run a slice of their points; which one, this number says, and it differs from commit to
# commit. "all" runs them whole.
if [ -z "${VNET_SLICE-}" ]; then
	head=$(repo_git rev-parse --verify -q HEAD 2>/dev/null) || head=0
	VNET_SLICE=$((16#${head:0:7}))
fi
export VNET_SLICE

install_packages()
{
	local missing

	missing=$(sed 's/[[:space:]]*#.*//; /^$/d' "$VNET_TOP/tests/lib/packages.txt" |
		while read -r package; do
			dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null |
				grep -qx installed || echo "$package"
		done)
	[ -n "$missing" ] || return 0
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # one word a package
	apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing
}

# build NAME PRESET [cmake options]: into $VNET_OUT/NAME, warnings being errors.
build()
{
	local name=$1 preset=$2
	shift 2

	cd "$VNET_TOP" || return 1
	cmake --preset "$preset" -B "$VNET_OUT/$name" -DVNET_WERROR=ON "$@" &&
		cmake --build "$VNET_OUT/$name"
}

# in_parallel FUNCTION ITEM...: FUNCTION ITEM for each item, $JOBS at a time. Prints what they
# print, in order; fails if one fails.
in_parallel()
{
	local function=$1 dir item n=0
	shift

	dir=$(mktemp -d "$VNET_OUT/parallel.XXXXXX")
	for item; do
		while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do
			wait -n
		done
		n=$((n + 1))
		("$function" "$item" || echo "$item" >>"$dir/failed") >"$dir/$n" 2>&1 </dev/null &
	done
	wait
	for item in $(seq "$n"); do
		cat "$dir/$item"
	done
	[ ! -e "$dir/failed" ]
	set -- $?
	rm -r "$dir"
	return "$1"
}

# tap NAME COMMAND...: run a program that prints TAP. Prints its lines, with the NAME in each, and a
# "not ok" of its own if a test of the plan did not run or the program failed without saying where.
tap()
{
	local name=$1 output status plan ran complaint=
	shift

	output=$("$@" 2>&1 </dev/null)
	status=$?
	sed -E "s/^((not )?ok [0-9]+)( - | )?/\1 - $name: /" <<<"$output"

	plan=$(sed -nE 's/^1\.\.([0-9]+).*/\1/p' <<<"$output" | tail -n 1)
	ran=$(grep -cE '^(not )?ok ' <<<"$output")
	if [ "${plan:-0}" -eq 0 ]; then
		complaint="printed no plan"
	elif [ "$plan" -ne "$ran" ]; then
		complaint="ran $ran of $plan tests"
	elif [ "$status" -ne 0 ] && ! grep -q '^not ok ' <<<"$output"; then
		complaint="all tests passed"
	fi
	if [ -n "$complaint" ]; then
		printf 'not ok - %s: %s, exit status %s\n' "$name" "$complaint" "$status"
		tail -n 40 <<<"$output" | sed 's/^/# /'
	fi
	[ -z "$complaint" ] && [ "$status" -eq 0 ]
}

# tap_file FILE: one file of tests. A .bats is run by bats, a .c stands for its program in
# $VNET_BUILD. With $VNET_ISOLATE, the whole file in a namespace of its own.
tap_file()
{
	local file=$1 name command
	name=$(basename "$file")

	case $file in
	*.bats) command=(bats --tap "$file") ;;
	*) command=("$VNET_BUILD/${file%.c}") ;;
	esac
	if [ -n "${VNET_ISOLATE-}" ]; then
		command=("$VNET_TOP/tests/lib/in-ns" "${command[@]}")
	fi
	tap "$name" timeout -k 5 "${VNET_FILE_LIMIT:-600}" "${command[@]}"
}

# tap_files STAGE PATTERN...: all files of tests that match. None at all is a failure.
tap_files()
{
	local stage=$1 files
	shift

	cd "$VNET_TOP" || return 1
	mapfile -t files < <(compgen -G "$1"; shift; for pattern; do compgen -G "$pattern"; done)
	if [ ${#files[@]} -eq 0 ]; then
		echo "not ok - $stage: no tests found"
		return 1
	fi
	in_parallel tap_file "${files[@]}"
}

# one NAME COMMAND...: a command that passes or fails, as one test.
one()
{
	local name=$1 output
	shift

	if output=$("$@" 2>&1 </dev/null); then
		echo "ok - $name"
		[ -z "$output" ] || tail -n 5 <<<"$output" | sed 's/^/# /'
	else
		echo "not ok - $name"
		tail -n "${VNET_LINES:-60}" <<<"$output" | sed 's/^/# /'
		return 1
	fi
}

# Print what a reader needs of the log of a failed stage.
show_failures()
{
	local log=$1

	if grep -qE '^(not )?ok ' "$log"; then
		awk '/^not ok / || /^ok .*# [Ss][Kk][Ii][Pp]/ { show = 1 }
		     /^ok / && !/# [Ss][Kk][Ii][Pp]/ || /^1\.\./ { show = 0 }
		     show { print "    " $0 }' "$log" | head -n 200
	elif grep -qE '(: |CMake )[Ee]rror|^FAILED' "$log"; then
		grep -E -A 4 ': error|CMake Error|undefined reference' "$log" | head -n 60 |
			sed 's/^/    /'
	else
		tail -n 40 "$log" | sed 's/^/    /'
	fi
	echo "    (all of it: $log)"
}

# run_stage NAME: adds to $passed and $failed.
run_stage()
{
	local name=$1 log=$VNET_OUT/log/$1.log start=$EPOCHREALTIME status ok bad note=

	timeout -k 10 "${LIMIT[$name]}" "$0" --inside "$name" >"$log" 2>&1 </dev/null &
	child=$!
	wait "$child"
	status=$?
	child=

	bad=$(grep -cE '^not ok |^ok .*# [Ss][Kk][Ii][Pp]' "$log")
	ok=$(($(grep -cE '^(not )?ok ' "$log") - bad))
	[ "$status" -ne 124 ] || note=", out of time after ${LIMIT[$name]} s"
	if [ "$status" -ne 0 ] && { [ "$bad" -eq 0 ] || [ -n "$note" ]; }; then
		bad=$((bad + 1))
	elif [ "$status" -eq 0 ] && ! grep -qE '^((not )?ok |1\.\.0)' "$log"; then
		ok=1
	fi

	awk -v name="$name" -v start="$start" -v end="$EPOCHREALTIME" -v ok="$ok" -v bad="$bad" \
		-v note="$note" 'BEGIN {
			printf "%-10s %6.1f s  %4d ok", name, end - start, ok
			printf "%s%s\n", bad ? "  " bad " NOT OK" : "", note
		}'
	[ "$bad" -eq 0 ] || show_failures "$log"
	passed=$((passed + ok))
	failed=$((failed + bad))
}

run_stages()
{
	local name passed=0 failed=0 child=

	case ${1-} in
	--list)
		printf '%s\n' "${STAGES[@]}"
		return 0
		;;
	--inside)
		"stage_$2"
		return
		;;
	esac
	for name; do
		if [ -z "${LIMIT[$name]-}" ]; then
			echo "no stage '$name'; there are: ${STAGES[*]}" >&2
			return 2
		fi
	done
	if [ "$(id -u)" -ne 0 ]; then
		echo "namespaces and packages need root: sudo $0 $*" >&2
		return 2
	fi

	trap '[ -z "$child" ] || kill "$child"; exit 130' INT TERM
	mkdir -p "$VNET_OUT/log"
	if ! install_packages >"$VNET_OUT/log/packages.log" 2>&1; then
		tail -n 20 "$VNET_OUT/log/packages.log"
		echo "0 passed, 1 failed"
		return 1
	fi
	[ $# -gt 0 ] || set -- "${STAGES[@]}"
	for name; do
		run_stage "$name"
	done
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}
