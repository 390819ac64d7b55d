#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2154
#
# The Debian packages of the Release build in $VNET_BUILD: lintian finds nothing; installed in the
# smallest Debian they give a guest its network; an upgrade leaves networks alone, a removal does not
# happen while there are some, and purged they leave nothing; udev and networkd keep off their links.
#
# How this works: tests/deb/root is the lower layer, memory the upper one. Each test changes its root
# there, with the network of the test's own namespace and its /run.

load ../lib/netns

setup_file()
{
	local package needs

	rm -f "$VNET_BUILD"/*.deb
	cmake --build "$VNET_BUILD" --target package
	# Exactly what the packages ask for, and what shall keep off their links.
	needs=$(for package in "$VNET_BUILD"/*.deb; do
		dpkg-deb -f "$package" Depends
	done | tr ',' '\n' | awk '$1 !~ /^libvnet/ { print $1 }')
	# shellcheck disable=SC2086 # one word a package
	base=$("$BATS_TEST_DIRNAME/root" $needs udev systemd)
	export base
}

setup()
{
	root=/run/root
	mkdir -p $root /run/upper /run/work
	mount -t overlay -o lowerdir="$base",upperdir=/run/upper,workdir=/run/work overlay $root
	mount -t proc proc $root/proc
	mount -t sysfs sysfs $root/sys
	mount --rbind /dev $root/dev
	mount --bind /run $root/run
	cp "$VNET_BUILD"/*.deb $root/tmp
}

in_root()
{
	env -u VNET_LIBEXEC LC_ALL=C.UTF-8 SYSTEMD_IGNORE_CHROOT=1 \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot $root "$@"
}

# What vnet itself says of br0.
nothing_amiss()
{
	in_root vnet show br0 --json |
		jq -e '.[0] | .state.present and .drift == [] and (.dhcp == null or .dhcp.running)'
}

install_packages()
{
	in_root sh -c 'dpkg -i /tmp/*.deb'
}

# Its own addresses come when they like, and would be a difference between two snapshots.
no_ipv6()
{
	echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
}

# A host with a network card, eth0, in a LAN with a router.
lan()
{
	host lan
	ip link add eth0 address 02:00:00:00:00:01 type veth peer name port netns lan
	ip -n lan addr add 10.1.1.1/24 dev port
	ip -n lan link set port up
	ip addr add 10.1.1.2/24 dev eth0
	ip link set eth0 up
	ip route add default via 10.1.1.1
	wait_for 5 ping -c 1 -W 1 10.1.1.1
	wait_for 5 no_tentative
}

no_tentative()
{
	! ip -6 addr show | grep -q tentative
}

other_is_there()
{
	[ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]
}

# All files of the root. Left out is what dpkg and ldconfig keep for themselves.
files()
{
	(cd $root && find . -xdev \( -path ./tmp -o -path ./var/lib/dpkg -o -path ./var/log/dpkg.log \
		-o -path ./var/cache/ldconfig \) -prune -o -printf '%M %U %G %p %l\n' \
		-type f -exec sha256sum {} + | sort -k 4)
	find /run/vnet /run/netns 2>/dev/null | sort
	in_root dpkg-query -W | sort
}

# The guest's serial console says that it has a lease.
boot_guest()
{
	local image console=$BATS_TEST_TMPDIR/console

	image=$("$VNET_TOP/tests/vm/guest-image")
	printf '#!/bin/sh\nexec chroot %s /usr/libexec/vnet-ifup "$@"\n' $root >/run/ifup
	chmod +x /run/ifup
	timeout 120 qemu-system-x86_64 -accel tcg -m 128 -display none -nodefaults -no-user-config \
		-no-reboot -serial stdio -kernel "$image/vmlinux" -initrd "$image/initramfs" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable no_timer_check" \
		-netdev tap,id=n0,script=/run/ifup,downscript=no \
		-device virtio-net-pci,netdev=n0,mac=52:54:00:00:00:01,romfile= \
		</dev/null >"$console" 2>&1 3>&- &
	qemu=$!
	wait_for 100 grep -E '^(LEASE|qemu|/run/ifup)' "$console"
	cat "$console"
	grep -qE '^LEASE ip=10\.1\.1\.[0-9]+ mask=255\.255\.255\.0 router=10\.1\.1\.1 ' "$console"
	wait_for 20 grep '^GATEWAY ok 10.1.1.1' "$console"
}

@test "lintian finds nothing" {
	run lintian --allow-root --tag-display-limit 0 -EL '>=pedantic' --fail-on pedantic \
		"$VNET_BUILD"/*.deb
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(dpkg-deb -f "$VNET_BUILD"/vnet_*.deb Version)" = \
		"$(vnet --version | sed 's/^vnet //')" ]
}

@test "installed, a guest gets its network; purged, nothing is left" {
	lan
	files >"$BATS_TEST_TMPDIR/before"
	snapshot before
	install_packages
	in_root vnet bridge create br0 --uplink eth0 --stp
	in_root vnet dhcp 10.1.1.11-100
	boot_guest
	in_root vnet leases | grep -F 52:54:00:00:00:01
	kill "$qemu"
	wait "$qemu" || :
	in_root vnet delete br0
	[ -d $root/var/lib/vnet ] || [ -d /run/vnet ]
	mkdir -p $root/etc/vnet
	echo '* br0' >$root/etc/vnet/ifup.conf
	in_root dpkg --purge vnet libvnet-dev libvnet0
	assert_same before
	diff "$BATS_TEST_TMPDIR/before" <(files)
}

@test "a program finds the library, and the manual pages are there" {
	install_packages
	in_root ldconfig -p | grep -F libvnet.so.0
	[ -L $root/usr/lib/x86_64-linux-gnu/libvnet.so ]
	PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/x86_64-linux-gnu/pkgconfig \
		pkg-config --cflags --libs libvnet
	[ -x $root/usr/share/doc/vnet/examples/uplink.sh ]
	for page in vnet.8 vnet-ifup.8 vnet-ifdown.8; do
		zcat "$root/usr/share/man/man8/$page.gz" | grep -q .
	done
}

@test "an upgrade leaves networks as they are, and a newer vnet goes on with them" {
	local pid

	no_ipv6
	lan
	install_packages
	in_root vnet bridge create br0 --uplink eth0
	in_root vnet dhcp 10.1.1.11-100
	pid=$(cat /run/vnet/*/br0.pid)
	snapshot up
	for package in $root/tmp/*.deb; do
		rm -rf /run/unpacked
		dpkg-deb -R "$package" /run/unpacked
		sed -i 's/^Version: .*/&+1/; s/\(libvnet0 (= [0-9.]*\))/\1+1)/' \
			/run/unpacked/DEBIAN/control
		dpkg-deb -Znone -b /run/unpacked "$package"
	done
	install_packages
	in_root dpkg-query -W vnet | grep -F '+1'
	assert_same up
	[ "$(cat /run/vnet/*/br0.pid)" = "$pid" ]
	kill -0 "$pid"
	nothing_amiss
	in_root vnet delete br0
	ip route show default | grep -F 'dev eth0'
}

@test "it is not removed while there are networks, here or in another namespace" {
	no_ipv6
	install_packages
	in_root vnet bridge create br0 --address 10.1.1.254/24
	mkdir -p /run/netns
	touch /run/netns/named
	unshare --net=$root/run/netns/named true
	in_root vnet -n named bridge create far0
	unshare --net sleep 300 3>&- &
	other=$!
	wait_for 5 other_is_there
	nsenter --net=/proc/$other/ns/net chroot $root vnet bridge create far1
	wait_for 5 grep down /sys/class/net/br0/operstate # it has no carrier
	snapshot up
	run in_root dpkg -r vnet
	printf '%s\n' "$output"
	[ "$status" -ne 0 ]
	[[ $output = *"vnet: still there: br0, far0, far1. Take them down first, with 'vnet delete NAME'"* ]]
	in_root dpkg -s vnet | grep '^Status: .* ok installed'
	assert_same up
	in_root vnet delete br0
	nsenter --net=/proc/$other/ns/net chroot $root vnet delete far1
	run in_root dpkg -r vnet
	[ "$status" -ne 0 ]
	[[ $output = *"still there: far0."* ]]
	in_root vnet -n named delete far0
	in_root dpkg -r vnet
	[ ! -e $root/usr/bin/vnet ]
}

@test "nor while a change is not over" {
	install_packages
	in_root vnet bridge create br0
	in_root vnet delete br0
	cat >"$(echo /run/vnet/*)/journal" <<-END
		vnet-journal 1
		what bridge create br0
		net br0
		do something that this version does not know
	END
	run in_root dpkg -r vnet
	printf '%s\n' "$output"
	[ "$status" -ne 0 ]
	[[ $output = *"still there: a change that is not over."* ]]
}

@test "records of networks that are up survive a purge" {
	install_packages
	in_root vnet bridge create br0
	rm $root/var/lib/dpkg/info/vnet.prerm
	run in_root dpkg --purge vnet
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	[[ $output = *"vnet: links of vnet are still there: keeping /run/vnet and /var/lib/vnet"* ]]
	install_packages
	in_root vnet delete br0
}

# ---- who keeps off the links

start_udev()
{
	printf '[Match]\nName=*\n[Network]\nDHCP=yes\n' >$root/etc/systemd/network/10-all.network
	in_root /lib/systemd/systemd-udevd 3>&- &
	wait_for 5 in_root udevadm control --ping
}

# udev's word on a property of a link
property()
{
	in_root udevadm settle
	in_root udevadm info -q property --property "$2" --value "/sys/class/net/$1"
}

# What networkd does with a link, of which it keeps a file.
administered()
{
	sed -n 's/^ADMIN_STATE=//p' "/run/systemd/netif/links/$(cat "/sys/class/net/$1/ifindex")"
}

is_administered()
{
	[[ $(administered "$1") = $2 ]]
}

@test "udev and networkd leave the links of vnet alone, and take all others" {
	local link macs

	install_packages
	start_udev
	in_root vnet bridge create br0 --address 10.1.1.254/24
	in_root vnet dhcp 10.1.1.11-100
	macs=$(macs_of_ours)
	ip link add other0 type bridge
	ip link add group 1986920447 name other1 type veth peer name other2 group 1986985984
	for link in br0 $(cd /sys/class/net && echo vnd-*); do
		[ "$(property "$link" ID_VNET)" = 1 ]
		[ "$(property "$link" NM_UNMANAGED)" = 1 ]
	done
	for link in other0 other1 other2; do
		[ -z "$(property $link ID_VNET)$(property $link NM_UNMANAGED)" ]
	done

	in_root install -d -o systemd-network /run/systemd/netif
	in_root /lib/systemd/systemd-networkd >/dev/null 2>&1 3>&- &
	wait_for 20 is_administered other0 'configur*'
	for link in br0 $(cd /sys/class/net && echo vnd-*); do
		wait_for 10 is_administered "$link" unmanaged
	done
	[ "$(macs_of_ours)" = "$macs" ]
	nothing_amiss
	in_root vnet delete br0
}

macs_of_ours()
{
	grep . /sys/class/net/{br0,vnd-*}/address
}

# udev gives a tap that it sees before vnet-ifup a MAC address; if both do so at once, either may win.
@test "the bridge keeps its MAC address, whatever udev does with taps" {
	local tap mac

	install_packages
	start_udev
	in_root vnet bridge create br0
	mac=$(cat /sys/class/net/br0/address)
	for tap in early{1..5} late{1..20}; do
		ip tuntap add "$tap" mode tap
		[[ $tap = late* ]] || in_root udevadm settle
		in_root /usr/libexec/vnet-ifup "$tap"
	done
	in_root udevadm settle
	[ "$(grep -h '^fe:' /sys/class/net/early*/address | wc -l)" -eq 5 ]
	[ "$(cat /sys/class/net/br0/address)" = "$mac" ]
	nothing_amiss
	in_root vnet delete br0 --force
}

# group_limit WHICH: FIRST or LAST, in decimal.
group_limit()
{
	echo $(($(sed -n "s/.*VNET_GROUP_$1 = \(0x[0-9a-f]*\),.*/\1/p" "$VNET_TOP/include/vnet/spec.h")))
}

@test "the rule knows the groups of vnet, and no others" {
	local first last patterns

	first=$(group_limit FIRST)
	last=$(group_limit LAST)
	[ "$last" -gt "$first" ]
	patterns=$(sed -n 's/^ATTR{netdev_group}=="\(.*\)", .*/\1/p' \
		"$VNET_TOP/cmake/system/70-vnet.rules" | tr '?' .)
	[ -n "$patterns" ]
	seq $((first - 100000)) $((last + 100000)) | grep -xE "$patterns" |
		cmp - <(seq "$first" "$last")
}
