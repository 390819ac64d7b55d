#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Symbols of the build in $VNET_BUILD: libvnet.so exports vnet_* alone, all of it declared in a
# public header; what crosses files inside libvnet.a is vn_*.

cd "$(dirname "$0")/../.." || exit 1
build=${VNET_BUILD:-build/release}
failed=0

bad()
{
	echo "$*"
	failed=1
}

if [ ! -e "$build/libvnet.so" ] || [ ! -e "$build/libvnet.a" ]; then
	bad "no library in $build: build first, or set VNET_BUILD"
	exit 1
fi

exported=$(nm -D --defined-only "$build/libvnet.so" | awk '$2 != "A" { print $3 }' | sed 's/@.*//')
[ -n "$exported" ] || bad "libvnet.so exports nothing: are the public headers inside of" \
	"'#pragma GCC visibility push(default)'?"

for symbol in $exported; do
	case $symbol in
	vnet_*) ;;
	*) bad "libvnet.so exports $symbol" ;;
	esac
done

nm -A -g --defined-only "$build/libvnet.a" >"${TMPDIR:-/tmp}/symbols.$$" 2>/dev/null
trap 'rm -f "${TMPDIR:-/tmp}/symbols.$$"' EXIT

while read -r where _ symbol; do
	case $symbol in
	vn_*) ;;
	vnet_*)
		grep -qrw "$symbol" include/vnet ||
			bad "$where $symbol is in no public header: it should be vn_${symbol#vnet_}"
		echo "$exported" | grep -qx "$symbol" ||
			bad "$where $symbol is public and not exported"
		;;
	*) bad "$where $symbol crosses files without the prefix vn_" ;;
	esac
done <"${TMPDIR:-/tmp}/symbols.$$"

exit $failed
