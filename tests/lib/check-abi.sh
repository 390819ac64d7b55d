#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The ABI of the build in $VNET_BUILD is the one that stands in tests/lib/abi.txt: no symbol, no
# signature, no constant and no layout leaves or changes unnoticed.

cd "$(dirname "$0")/../.." || exit 1
now=$(mktemp) || exit 1
trap 'rm "$now"' EXIT

tests/lib/abi >"$now" || exit 1
diff -U 0 tests/lib/abi.txt "$now" && exit 0
echo "the ABI is another: if that is meant, tests/lib/abi >tests/lib/abi.txt"
exit 1
