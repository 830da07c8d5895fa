#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Where rebind runs: on a host that runs from its initramfs, whose root can be neither pivoted nor unmounted; in a
# chroot that is no mountpoint; in the namespace that it is told to dump.
#
# usage: test/cli/rootfs.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

also=left_processes

compile rootfs -static "$here/rootfs.c"
make_container plain
dump_container "$container" "$work/img"

# There is nothing but /mnt and /proc, not even the linker and its libraries.
loader=$(ldd "$rebind" | sed -n 's#^[[:space:]]*\(/[^ ]*ld-linux[^ ]*\).*#\1#p')
libraries=$(ldd "$rebind" | sed -n 's#.* => \(/.*\)/[^/]* (.*#/mnt\1#p' | sort -u | paste -sd:)
there=("$work/rootfs" "/mnt$(readlink -f "$loader")" --library-path "$libraries" "/mnt$(readlink -f "$rebind")")
moved=("${sources[@]/]:/]:/mnt}")

rootfs() {
	local before
	run "$work/rootfs" /mnt/bin/true
	if [ "$status" -eq 99 ]; then
		skip "a host that runs from its initramfs" "there is no rootfs below the root here"
		return
	fi
	before=$(mounts)
	run "${there[@]}" restore -D "/mnt$work/img" --root "/mnt$work/new" "${moved[@]}" -- /inside cat /vol/file /tmp/dir/file
	[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = $'volume of src\ndata' ]
	so "a host that runs from its initramfs can restore"
	run "${there[@]}" restore -D "/mnt$work/img" --root "/mnt$work/new" "${moved[@]}" --pidfile "/mnt$work/pid"
	[ "$status" -eq 0 ] && known+=("$(cat "$work/pid")") && "$rebind" diff --contents "$container" "$(cat "$work/pid")" >"$work/out" 2>&1
	so "and what it restores is equal, also from outside"
	# Nothing of the host is below what covers its root.
	[ "$("$rebind" show --json "$(cat "$work/pid")" | jq '.mounts | length')" = \
		"$("$rebind" show --json "$work/img" | jq '.mounts | length')" ]
	so "there is nothing else in it"
	forget "$(cat "$work/pid")" 2>"/dev/null"
	mkdir -p "$work/b"
	run "${there[@]}" dump -t "$container" -D "/mnt$work/b" "${declared[@]}"
	[ "$status" -eq 0 ] && "$rebind" diff --contents "$work/b" "$work/img" >"$work/out"
	so "it can dump"
	# In a chroot, as whoever takes over such a host runs everything.
	cat >"$work/in-chroot" <<-'END'
		exec "$@"
	END
	run "$work/rootfs" "/mnt$(readlink -f "$(command -v busybox)")" chroot /mnt bash "$work/in-chroot" "$rebind" restore -D "$work/img" --root "$work/new" \
		"${sources[@]}" -- /inside cat /vol/file
	[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = "volume of src" ]
	so "also in a chroot there that is a mountpoint"
	result "the host has the mounts that it had" "$([ "$before" = "$(mounts)" ] || echo "it has others")"
}

in_chroot() {
	local jail=$work/jail reader dir
	mkdir -p "$jail"/{proc,usr,tmp,img}
	mount --bind /usr "$jail/usr"
	mount -t proc proc "$jail/proc"
	for dir in bin lib lib64; do ln -s "usr/$dir" "$jail/$dir"; done
	cp "$rebind" "$jail/rebind"
	for reader in '' mountinfo; do
		run chroot "$jail" /rebind show --json ${reader:+--reader $reader} $$
		[ "$status" -eq 0 ] && [ "$(jq '.mounts | length' "$work/out")" -eq "$(mounts | wc -l)" ]
		so "from a chroot that is no mountpoint all of the namespace is shown${reader:+, $reader}"
	done
	run chroot "$jail" /rebind show "$container"
	[ "$status" -eq 0 ]
	so "and that of others"
	run chroot "$jail" /rebind dump -t "$container" -D /img "${declared[@]}"
	[ "$status" -eq 0 ] && "$rebind" diff --contents "$jail/img" "$work/img" >"$work/out"
	so "which is dumped from there"
	umount "$jail/usr" "$jail/proc"
}

own() {
	run "$rebind" dump --dry-run -t $$
	[ "$status" -eq 1 ] && head -1 "$work/err" | grep -q "process $$ is in your own mount namespace"
	so "that a process is in one's own namespace is said first"
	run "$rebind" dump --dry-run --mntns "/proc/$$/ns/mnt"
	[ "$status" -eq 1 ] && head -1 "$work/err" | grep -q "is your own mount namespace"
	so "so it is of a file"
}

rootfs
in_chroot
own
forget "$container"
finish
