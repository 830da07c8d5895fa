#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/cli/device.sh BUILD_DIR: a whole filesystem on a block device, --external dev[MAJ/MIN]:KEY and
# dev[KEY]:DEVICE, with a bind of a part of it.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

skip_all() {
	skip "a filesystem on a block device comes from the device that the caller names" "$1"
	finish
}
command -v mkfs.ext4 > /dev/null || skip_all "mkfs.ext4 is not installed"
command -v losetup > /dev/null || skip_all "losetup is not installed"
[ -e /dev/loop-control ] || skip_all "no loop devices"

old='' new='' btrfs='' sleeper=''
# shellcheck disable=SC2317 # a trap
cleanup() {
	[ -n "$sleeper" ] && kill "$sleeper" 2> /dev/null && wait "$sleeper" 2> /dev/null
	[ -n "$old" ] && losetup -d "$old"
	[ -n "$new" ] && losetup -d "$new"
	[ -n "$btrfs" ] && losetup -d "$btrfs"
}
trap cleanup EXIT
mkdir fill img
for side in old new; do
	truncate -s 8M $side.img
	mkfs.ext4 -q $side.img
	mkdir -p $side/{bin,disk,part,proc}
	cp "$(command -v busybox)" $side/bin/busybox
done
old=$(losetup -f --show old.img) || skip_all "no loop device is free"
new=$(losetup -f --show new.img) || skip_all "no loop device is free"
for side in old new; do
	mount "${!side}" fill
	mkdir fill/dir
	echo $side | tee fill/which > fill/dir/which
	umount fill
done

(
	exec < /dev/null > log 2>&1
	# shellcheck disable=SC2016 # the inner shell's
	exec unshare --mount --propagation private sh -c 'mount --bind old old && mount "$1" old/disk &&
		mount --bind old/disk/dir old/part && mount -o remount,bind,ro old/part && cd old &&
		/usr/sbin/pivot_root . disk/dir && cd / && exec /bin/busybox sh -c \
		"/bin/busybox umount -l /disk/dir; : > /ready; exec /bin/busybox sleep 600"' sh "$old"
) &
sleeper=$!
for ((i = 0; i < 400 * ${REBIND_TEST_SLOW:-1}; i++)); do
	[ ! -e old/ready ] || break
	sleep 0.05
done
pid=$sleeper
device=$(awk '$5 == "/disk" { sub(":", "/", $3); print $3 }' "/proc/$pid/mountinfo")

run() { "$rebind" "$@" 2> err > out || echo "exit status $?"; }

# A btrfs tells another number than that of its device.
own() {
	truncate -s 128M btrfs.img
	mkfs.btrfs -q btrfs.img > /dev/null && btrfs=$(losetup -f --show btrfs.img) && mount "$btrfs" fill
}
if command -v mkfs.btrfs > /dev/null && own 2> err; then
	given=$(stat -c '%Hr/%Lr' "$btrfs")
	told=$(awk -v at="$work/fill" '$5 == at { sub(":", "/", $3); print $3 }' /proc/self/mountinfo)
	what=$(run dump --dry-run -t $$ -D other --external "dev[$given]:disk")
	result "a device's own number is refused with the one that the mount table has" \
		"$(grep -q "its device $given.*number $told for it; pass --external dev\[$told\]:KEY" err || echo "not named: $what")"
	what=$(run dump --dry-run -t $$ -D other --external "dev[$told]:disk")
	result "which is taken" "$(! grep -e "its device" -e "names the device" err; case $what in "" | *" 1") ;; *) echo "$what" ;; esac)"
	umount fill
else
	skip "a device's own number is refused with the one that the mount table has" "no btrfs on a loop device here"
fi
result "the mounts of a device are dumped by its number" \
	"$(run dump -t "$pid" -D img --external "dev[$device]:disk")"
what=$(run restore -D img --root new --external 'dev[other]:/dev/null' --pidfile p)
result "a device without a source and a key without a record are named together" \
	"$({ grep -q "dev\[disk\]:DEVICE" err && grep -q "'other'" err; } || echo "not named: $what")"
what=$(run restore -D img --root new --external 'dev[disk]:/dev/null' --pidfile p)
result "what is no block device is refused" "$(grep -qi 'block device' err || echo "not named: $what")"
result "it is restored from another device" \
	"$(run restore -D img --root new --external "dev[disk]:$new" --pidfile p)"
holder=$(cat p)
result "both mounts show the new device" \
	"$([ "$(cat "/proc/$holder/root/disk/which" "/proc/$holder/root/part/which")" = $'new\nnew' ] || echo "other contents")"
result "the two namespaces are equal" "$(run diff "$pid" "$holder")"
kill "$holder"
finish
