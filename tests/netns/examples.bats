#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154
#
# The examples do what they say, and take all of it away again.

load ../lib/netns

# libvnet as a package would install it, for the examples that use it.
setup_file()
{
	DESTDIR=$BATS_FILE_TMPDIR/root cmake --install "$VNET_BUILD" >"$BATS_FILE_TMPDIR/install"
}

# Nothing of vnet is left but its lock, and no network namespace but those named.
nothing_left()
{
	assert_same before
	[ -z "$(find /run/vnet /var/lib/vnet -type f ! -name lock)" ]
	[ "$(ip netns list | cut -d ' ' -f 1 | sort | xargs)" = "$*" ]
}

two_namespaces()
{
	run "$VNET_TOP/examples/two-namespaces.sh"
	printf '%s\n' "$output"
}

@test "two namespaces get leases of one network and reach each other" {
	snapshot before
	two_namespaces
	[ "$status" -eq 0 ]
	[ "$(grep -cE '^10\.77\.0\.[0-9]+ +[0-9a-f:]{17} ' <<<"$output")" -eq 2 ]
	[ "$(grep -c ' 0% packet loss' <<<"$output")" -eq 2 ]
	nothing_left
}

@test "an example that fails half-way takes away what it made, and nothing else" {
	snapshot before
	ip netns add two
	two_namespaces
	[ "$status" -ne 0 ]
	[[ $output = *"# ip netns add two"* ]]
	nothing_left two
}

@test "a host's network card becomes an uplink and comes back" {
	snapshot before
	run "$VNET_TOP/examples/uplink.sh"
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	[[ $output = *"in use on demo0, and so not leased: 10.77.0.11"* ]]
	[[ $output = *"lease of 10.77.0.12 obtained"* ]]
	[[ $output = *"address 10.77.0.2/24: static"* ]]
	[ "$(grep -c ' 0% packet loss' <<<"$output")" -eq 2 ]
	grep -q '^eth0@.* 10\.77\.0\.2/24' <<<"$output"
	nothing_left
}

# of_build NAME: what the build was configured with.
of_build()
{
	sed -n "s/^$1:[A-Z]*=//p" "$VNET_BUILD/CMakeCache.txt"
}

# Where to find libvnet by pkg-config, and when a program starts; with the sanitizers of the build.
use_installed_library()
{
	local root=$BATS_FILE_TMPDIR/root pc

	pc=$(dirname "$(find "$root" -name libvnet.pc)")
	export PKG_CONFIG_PATH=$pc PKG_CONFIG_SYSROOT_DIR=$root LD_LIBRARY_PATH=$pc/..
	sanitize=$(of_build VNET_SANITIZE)
}

# embed OUTPUT LIBS...: builds examples/embed.c as its comment says.
build_embed()
{
	local output=$1
	shift

	# shellcheck disable=SC2046 # one word a flag
	"$(of_build CMAKE_C_COMPILER)" -Wall -Wextra -Werror ${sanitize:+"-fsanitize=$sanitize"} \
		-o "$output" "$VNET_TOP/examples/embed.c" $(pkg-config --cflags libvnet) "$@"
}

# What the program tells, and that it leaves nothing.
embed_works()
{
	snapshot before
	run "$1"
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	[[ $output = *"address 10.77.0.1/24"* ]]
	[[ $output = *"demo-port is a port of demo0, its MAC "* ]]
	[ "$(grep -c ' 0% packet loss' <<<"$output")" -eq 1 ]
	nothing_left
	ip link add demo0 type bridge
	run "$1"
	[ "$status" -eq 1 ]
	[ "$output" = "embed: embed: make demo0: demo0 is there already (a bridge that vnet did not make): want another name" ]
	ip link del demo0
	nothing_left
}

@test "a program builds with the shared library, and makes a network for a guest" {
	use_installed_library
	# shellcheck disable=SC2046
	build_embed "$BATS_TEST_TMPDIR/embed" $(pkg-config --libs libvnet)
	ldd "$BATS_TEST_TMPDIR/embed" | grep -qF "libvnet.so.0 => $LD_LIBRARY_PATH/"
	embed_works "$BATS_TEST_TMPDIR/embed"
}

@test "a program builds with the static library, and makes a network for a guest" {
	use_installed_library
	# shellcheck disable=SC2046
	build_embed "$BATS_TEST_TMPDIR/embed" \
		$(pkg-config --static --libs libvnet | sed 's/-lvnet/-l:libvnet.a/')
	[ -z "$(ldd "$BATS_TEST_TMPDIR/embed" | grep libvnet)" ]
	embed_works "$BATS_TEST_TMPDIR/embed"
}

@test "the structures of embed.py are those of the headers" {
	local wanted

	use_installed_library
	wanted=$(awk '/\| struct vnet_/ { name = $4 } /\[sizeof=/ { sub(/.*=/, "", $2)
		print "struct", name, $2 + 0 }' "$VNET_TOP/tests/lib/abi.txt")
	run embed_py --sizes
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -ge 10 ]
	printf '%s\n' "${lines[@]}" | grep -vxFf <(printf '%s\n' "$wanted") | { ! grep .; }
}

# What Python itself never frees is no leak of the library's.
embed_py()
{
	local preload=

	if [ -n "$sanitize" ]; then
		preload="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
	fi
	LD_PRELOAD=$preload ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
		"$VNET_TOP/examples/embed.py" "$@"
}

@test "a network by the library from Python" {
	use_installed_library
	snapshot before
	run embed_py
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "networks: demo0" ]
	[[ ${lines[1]} =~ ^demo0:\ MTU\ 1400,\ MAC\ [0-9a-f:]{17}$ ]]
	[[ $output = *"forward-delay 2.50"*"ip addr add 10.77.0.1/24 dev demo0"* ]]
	[[ $output = *"once more: the network demo0 exists already"* ]]
	[ "${lines[-1]}" = "networks: 0" ]
	nothing_left
	ip link add demo0 type bridge
	run embed_py
	[ "$status" -eq 1 ]
	[ "$output" = "embed.py: demo0 is there already (a bridge that vnet did not make): want another name" ]
}

@test "a picture of a network: of an uplink, guests with leases, and QEMU" {
	local picture=$BATS_TEST_TMPDIR/show.svg

	snapshot before
	"$VNET_TOP/examples/show.sh" 2>"$BATS_TEST_TMPDIR/log" >"$picture" || fail "$(<"$BATS_TEST_TMPDIR/log")"
	for file in "$picture" "$VNET_TOP/examples/show.svg"; do
		xmllint --noout --nonet "$file"
		for text in 'demo0: bridge, up' 'uplink eth0: veth, forwarding' 'namespace demo-web' \
			'lease 10.77.0.1., [0-9a-f:]*, db' 'qemu-system-x86, process [0-9]*'; do
			grep -qE "<text [^>]*>$text</text>" "$file" || fail "no $text in $file"
		done
	done
	grep -qE 'port vm0: tun, forwarding$' "$BATS_TEST_TMPDIR/log"
	# The two have the same boxes: the one in the tree was made so.
	[ "$(grep -c '^<rect' "$picture")" -eq "$(grep -c '^<rect' "$VNET_TOP/examples/show.svg")" ]
	nothing_left
}
