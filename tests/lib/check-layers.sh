#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Includes go downward only. The table says, for each folder, which "folder/header.h" its files may
# include; <vnet/...> is open to all unless the rules below say otherwise.

cd "$(dirname "$0")/../.." || exit 1

files=$(find src include modes helpers -name '*.[ch]' | sort)
[ -n "$files" ] || exit 0

# shellcheck disable=SC2086 # one word a file
awk '
BEGIN {
	may["src/base"] = "base"
	may["src/sys"] = "base sys"
	may["src/wire"] = "base wire"
	may["src/ops"] = "base sys wire ops"
	may["src/services"] = "base sys wire ops services"
	may["src/core"] = "base sys wire ops services core"
	may["src/cli"] = "base sys wire ops services core cli"
	may["modes"] = "modes"
	may["helpers"] = ""
	may["include/vnet"] = ""

	# Headers of the system that belong to one folder, as a pattern.
	owner["^<libmnl/"] = "src/wire"
	owner["^<cap-ng\\.h>"] = "src/sys"
	owner["^<(jansson|yaml)\\.h>"] = "src/cli"

	# All that a mode may know: what stands in its files is a function of its arguments. The
	# headers of the kernel here are those whose constants are the values in a spec or snapshot.
	mode = "^<(vnet/(addr|object|spec|plan|snapshot|mode|error)\\.h" \
	       "|(assert|errno|inttypes|limits|stdarg|stdbool|stddef|stdint|stdio|stdlib|string)\\.h" \
	       "|sys/socket\\.h|netinet/in\\.h|linux/(if(_addr|_bridge|_ether|_link)?|neighbour|rtnetlink)\\.h)>"
}

function bad(why)
{
	printf "%s:%d: %s: %s\n", FILENAME, FNR, what, why
	failed = 1
}

function contains(list, word)
{
	return index(" " list " ", " " word " ") > 0
}

function quoted(folder)
{
	if (folder == "") {
		bad("name the folder, as in \"core/txn.h\"")
	} else if (FILENAME == "helpers/vnet-watchdog.c") {
		if (folder != "core")
			bad("the watchdog is a part of the library: core alone")
	} else if (dir == "helpers") {
		if (!contains("base sys", folder) && what !~ /^"wire\/(ask|msg)\.h"/)
			bad("a helper links only base, sys, wire/ask.c and wire/msg.c")
	} else if (!contains(may[dir], folder)) {
		bad(dir " may include: " (may[dir] == "" ? "public headers alone" : may[dir]))
	}
}

FNR == 1 {
	dir = FILENAME
	sub("/[^/]*$", "", dir)
	if (!(dir in may)) {
		what = dir
		bad("a folder without a layer; add it to the table")
		nextfile
	}
}

/^[ \t]*#[ \t]*include[ \t]/ {
	what = $0
	sub(/^[ \t]*#[ \t]*include[ \t]*/, "", what)
	sub(/[ \t]*(\/\*.*)?$/, "", what)
	if (what ~ /^"/) {
		folder = what
		if (!sub("/.*", "", folder))
			folder = ""
		sub("^\"", "", folder)
		quoted(folder)
		next
	}
	for (pattern in owner) {
		if (what ~ pattern && dir != owner[pattern])
			bad("belongs to " owner[pattern])
		if (what ~ pattern && FILENAME ~ /^src\/wire\/(ask|msg)\./)
			bad("src/wire/ask.c and msg.c link no netlink library")
	}
	if (dir == "modes" && what !~ mode)
		bad("a mode is pure: public headers and plain C only")
}

END { exit failed }
' $files
