#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/real/nspawn.sh BUILD_DIR [--show]: a container of Debian's systemd-nspawn is dumped and restored. Its root is
# moved over the host's, so that the host's mounts are in the namespace, hidden; its own are shared, in groups
# of several, with a slave and deleted files among them.
# shellcheck disable=SC2016,SC2317
# shellcheck source=test/real/lib.sh
. "$(dirname "$0")/lib.sh"
command -v systemd-nspawn > /dev/null || skip "systemd-nspawn is not installed"

make_root "$dir/root"
make_volumes
start systemd-nspawn -q --register=no --keep-unit -M rebind-test -D "$dir/root" --as-pid2 --console=pipe \
	--bind="$dir/old/dir:/vol/dir" --bind-ro="$dir/old/ro:/vol/ro" --bind-ro="$dir/old/hosts:/etc/hosts" \
	--tmpfs=/srv --resolv-conf=off --timezone=off --link-journal=no \
	/bin/busybox sh -c "$program"
mkdir "$dir/img"
table=$(cat /proc/self/mountinfo)
[ -n "$show" ] && run show "$init"

# What the dry run advises is done, word for word, with the mount's id for a key. The host's own mounts have what is
# at their path for a source.
declared=() sources=() chosen=()
mkdir /run/incoming
advice=$("$build/rebind" dump -t "$init" --dry-run --json |
	jq -r '.findings[] | select(.help | contains("--external")) | "\(.mount_id) \(.path)"')
while read -r id path; do
	[ -n "$id" ] || continue
	declared+=(--external "mnt[#$id]:m$id")
	chosen+=("$path")
	[ "$path" != /run/host/incoming ] || path=/run/incoming
	sources+=(--external "mnt[m$id]:$path")
done <<< "$advice"
for ns in pid ipc net uts cgroup; do joins+=(--join-ns "$ns:$init"); done
check "the container is dumped" run dump -t "$init" -D "$dir/img" "${declared[@]}"
# systemd makes block and character devices 0:0, for what is inaccessible.
restore=(restore -D "$dir/img" --allow-devices "${sources[@]}" "${joins[@]}")
check "it is restored" run "${restore[@]}" --pidfile "$dir/pid"
holder=$(cat "$dir/pid" 2> /dev/null)
check "image and restored namespace are equal" run diff --contents "$dir/img" "$holder"

# A live namespace does not tell what was external.
only_chosen() {
	run diff --contents "$1" "$2" > "$dir/differences"
	while IFS= read -r line; do
		for path in "${chosen[@]}"; do
			[[ $line != "$path: "* && $line != "$path/"*": contents: "* ]] || continue 2
		done
		echo "$line"
		return 1
	done < "$dir/differences"
}
check "container and restored namespace differ only in what the caller chose" only_chosen "$init" "$holder"
check "also read the other way" only_chosen "$holder" "$init"
in_new() { nsenter --mount="/proc/$holder/ns/mnt" /bin/busybox sh -c "$1"; }
check "who enters gets the container's root, with its files" \
	test "$(in_new 'cat /tmp/file /vol/dir/which /vol/ro/which /etc/hosts')" = $'kept\nold\nold\nold'
check "the read-only volume is" in_new '! touch /vol/ro/x 2>/dev/null'
check "a file that was deleted is mounted" test -n "$(in_new 'cat /proc/sys/kernel/random/boot_id')"
check "the host's mount table is as before" test "$table" = "$(cat /proc/self/mountinfo)"
finish
