#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Symbols of the build in $VNET_BUILD: libvnet.so exports vnet_* alone, all of it declared in a
# public header; what crosses files inside libvnet.a is vn_*. The library calls nothing that prints,
# ends or forks the process, changes what belongs to all of it, or is not for threads; and it keeps
# no data but the log's sink.

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

# Of the C library, with what _FORTIFY_SOURCE makes of them (__printf_chk).
never='exit _exit _Exit quick_exit abort atexit fork vfork daemon system popen execve execvp
stdin stdout stderr printf vprintf fprintf vfprintf dprintf vdprintf puts fputs putchar putc fputc
fwrite perror psignal syslog openlog err errx warn warnx error
signal sigaction sigprocmask alarm setitimer umask chdir fchdir chroot mlockall setrlimit
environ getenv setenv unsetenv putenv clearenv setlocale srand rand random
strtok strerror localtime gmtime ctime asctime getpwnam getpwuid getgrnam getgrgid
inet_ntoa gethostbyname readdir_r ttyname tmpnam'
calls=$(nm -A -u "$build/libvnet.a" 2>/dev/null | sed -E 's/ +U /: /; s/@.*//')
[ -n "$calls" ] || bad "libvnet.a calls nothing"
for symbol in $never; do
	echo "$calls" | grep -E ": (__)?$symbol(_chk)?\$" && bad "the library calls $symbol()"
done

# .data.rel.ro and the like are constant once they are loaded.
objdump -t "$build/libvnet.a" | awk '
/^[^ ]+\.o: / { member = $1; sub(":$", "", member) }
/ O \.(data|bss|tdata|tbss)(\.|\t)/ && !/\.data\.rel\.ro/ && !/[ \t]\*COM/ {
	if (member == "log.c.o" && $NF == "sink") seen = 1
	else { print "libvnet.a: " member " keeps " $NF; failed = 1 }
}
/\*COM\*/ { print "libvnet.a: " member " keeps " $NF; failed = 1 }
END {
	if (!seen) print "libvnet.a: the sink of log.c was not found: does this check still see data?"
	exit failed || !seen
}' || failed=1

exit $failed
