#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Functions: aim at 25 lines, stop at 60. Files: aim at 400, stop at 600. Over the stop value fails,
# over the aim is counted. A function's lines are those from its opening to its closing brace. Lines
# end within 100 columns, as clang-format has it of code: comments are looked at here.

cd "$(dirname "$0")/../.." || exit 1

files=$(find src include modes helpers tests -name '*.[ch]' | sort)
[ -n "$files" ] || exit 0

# shellcheck disable=SC2086 # one word a file
awk '
function end_of_file()
{
	files++
	if (lines > 600) {
		printf "%s: %d lines, more than 600\n", file, lines
		failed = 1
	} else if (lines > 400) {
		long_files++
	}
}

function end_of_function(length_)
{
	functions++
	if (length_ > 60) {
		printf "%s:%d: %s: %d lines, more than 60\n", FILENAME, start, name, length_
		failed = 1
	} else if (length_ > 25) {
		long_functions++
	}
}

FNR == 1 && file != "" { end_of_file() }
{ file = FILENAME; lines = FNR }

function columns(line, at)
{
	while (at = index(line, "\t"))
		line = substr(line, 1, at - 1) substr("        ", (at - 1) % 8 + 1) substr(line, at + 1)
	return length(line)
}

length($0) > 60 && /^[\t ]*(\/\*| \*)|\*\/$/ && columns($0) > 100 {
	printf "%s:%d: a comment beyond column 100\n", FILENAME, FNR
	failed = 1
}

/^[a-zA-Z_].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
/^{$/ { start = FNR }
/^}$/ && start { end_of_function(FNR - start + 1); start = 0 }

END {
	end_of_file()
	printf "%d functions, %d of them over 25 lines; %d files, %d of them over 400\n",
	       functions, long_functions, files, long_files
	exit failed
}
' $files
