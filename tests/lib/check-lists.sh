#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# CMakeLists.txt lists its sources by name: nothing in the tree is left out of the build.

cd "$(dirname "$0")/../.." || exit 1
failed=0

listed()
{
	grep -qE "^[[:space:]]*$1\$" CMakeLists.txt && return
	echo "$2: not in CMakeLists.txt"
	failed=1
}

for file in src/*/*.c src/*/*.scd include/vnet/*.h; do
	[ ! -e "$file" ] || listed "$file" "$file"
done
for file in helpers/*.c tests/unit/*.c tests/netns/*.c tests/lib/*.c tests/fuzz/*.c; do
	[ ! -e "$file" ] || listed "$(basename "$file" .c)" "$file"
done

exit $failed
