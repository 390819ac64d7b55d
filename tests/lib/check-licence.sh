#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Each source says its licence in its first five lines: GPL-2.0-or-later for the tool and the
# helpers, LGPL-2.1-or-later for the rest.

cd "$(dirname "$0")/../.." || exit 1
failed=0

for file in $(find src include modes helpers tests cmake .ci -type f \
	\( -name '*.[ch]' -o -name '*.sh' -o -name '*.bats' -o -name '*.bash' -o -name '*.cmake' \
	-o -name 'CMakeLists.txt' -o -name '*.map' -o -perm -u+x \) | sort); do
	case $file in
	src/cli/* | helpers/*) want=GPL-2.0-or-later ;;
	*) want=LGPL-2.1-or-later ;;
	esac
	if ! head -n 5 "$file" | grep -qE "SPDX-License-Identifier: $want( \*/)?\$"; then
		echo "$file: no line 'SPDX-License-Identifier: $want'"
		failed=1
	fi
done

exit $failed
