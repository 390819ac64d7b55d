#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# No test, script or list refers to a path of this tree that is not there. A path is taken as one
# when it begins with one of our folders, at the start of a word or behind $VNET_TOP/. Patterns with
# a star are left alone, as are words in capitals: the NAME of tests/unit/NAME.c is no file's name.

cd "$(dirname "$0")/../.." || exit 1
failed=0

words='(^|[[:space:]"'\''`(=<]|\$\{?VNET_TOP\}?/|\.\./)'
folders='(src|include|modes|helpers|tests|examples|cmake|\.ci)'

while IFS=: read -r file line path; do
	path=${path##*VNET_TOP/}
	path=${path##*VNET_TOP\}/}
	path=${path#[[:space:]\"\'\`\(=<]}
	path=${path%%[.,]}
	case $path in
	../* | *\** | *NAME*) continue ;;
	esac
	if [ ! -e "$path" ]; then
		echo "$file:$line: there is no $path"
		failed=1
	fi
done < <(grep -rnoIE "$words$folders/[A-Za-z0-9_.*/-]+" tests .ci |
	grep -v '^tests/lib/check-[a-z]*\.sh:')

# What a test loads, from the folder it stands in.
while IFS=: read -r file line text; do
	read -r _ path <<<"$text"
	path=${path//\"/}
	dir=$(dirname "$file")
	if [ ! -e "$dir/$path" ] && [ ! -e "$dir/$path.bash" ]; then
		echo "$file:$line: there is no $dir/$path"
		failed=1
	fi
done < <(grep -rnE '^[[:space:]]*load +[^$ ]+$' tests --include='*.bats')

exit $failed
