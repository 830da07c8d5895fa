#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/cli/rootless.sh BUILD_DIR: a dump and a restore by somebody without privileges, in a user
# namespace of their own; what cannot be done there is said before anything is built.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

nobody=40000 # an id that nobody has

if [ -z "${REBIND_TEST_ROOTLESS-}" ]; then
	# The build directory may be out of everybody's reach.
	mkdir -p u/build u/work
	cp "$rebind" u/build/rebind
	cp "$here/lib.sh" "$here/$script" u/
	cp "$(command -v busybox)" u/busybox
	# An image that asks for what nobody may have there is made by those who may.
	mkdir -p u/rich/{bin,old,vol,huge} u/work/rich
	cp u/busybox u/rich/bin/
	hold rich unshare --mount --propagation private bash -ec 'cd u
		mount --bind rich rich
		cd rich
		mount --bind ../work vol
		mount -o remount,bind,noatime vol
		mount -t hugetlbfs none huge
		/usr/sbin/pivot_root . old
		/bin/busybox umount -l /old
		cd /
		echo ready
		exec /bin/busybox sleep 600'
	# shellcheck disable=SC2154 # hold has set it
	"$rebind" dump -t "$rich" -D u/work/rich --external 'mnt[/vol]:vol' || exit 1
	forget "$rich"
	chown -R $nobody:$nobody u
	export REBIND_TEST_ROOTLESS=1 REBIND_TEST_WORK="$work/u/work"
	cd u || exit 1
	exec setpriv --reuid $nobody --regid $nobody --clear-groups unshare --user --map-root-user \
		--mount --pid --fork --kill-child --mount-proc --propagation private "./$script" build
fi

# ---- as the root of a user namespace, and nobody outside ----

mkdir -p old/{bin,proc,sys,tmp,vol,part,old} img img-net src/{old,new}/below
cp ../busybox old/bin/busybox
for side in old new; do
	echo "$side" > src/$side/file
done
cp -a old new
cat > container << 'END'
mount --bind old old
mount --bind src/old old/vol
mount --bind src/old/below old/part
mount -o remount,bind,ro,nosuid old/part
mount -t tmpfs -o size=1m,gid=0 files old/tmp
mount -t proc proc old/proc
[ -z "$1" ] || mount -t sysfs sysfs old/sys
echo kept > old/tmp/file
cd old
/usr/sbin/pivot_root . old
/bin/busybox umount -l /old
cd /
echo ready
exec /bin/busybox sleep 600
END
hold plain unshare --mount --propagation private bash -e container ''
hold net unshare --mount --net --propagation private bash -e container net
before=$(mounts)
listed=$(names old new src)
volumes=(--external 'mnt[/vol]:vol' --external 'mnt[/part]:part')
sources=(--external "mnt[vol]:src/new" --external "mnt[part]:$work/src/new/below")

run() { "$rebind" "$@" 2> err > out || echo "exit status $?"; }
unchanged() {
	if [ "$(mounts)" != "$before" ]; then
		echo "the mount table is another one"
	elif [ "$(names old new src)" != "$listed" ]; then
		echo "a file is there or gone"
	else
		left_processes
	fi
}

result "nothing that is needed is missing" "$("$rebind" check >out 2>err || [ $? -eq 1 ] || cat err; grep MISSING out)"
# shellcheck disable=SC2154 # hold has set it
result "a namespace is dumped" "$(run dump -t "$plain" -D img "${volumes[@]}")"
result "the other reader dumps it as well" "$(mkdir img-text; run dump --reader mountinfo -t "$plain" -D img-text "${volumes[@]}")"
result "it is restored from other sources, one of them relative" \
	"$(run restore -D img --root new "${sources[@]}" --pidfile pid)"
holder=$(cat pid)
known+=("$holder")
result "the two are equal" "$(run diff --contents "$plain" "$holder"; cat out)"
result "the image and what was restored, too, by the other reader" \
	"$(run diff --reader mountinfo --contents img "$holder"; cat out)"
result "the volume is the new one, the file the old one" \
	"$([ "$(cat /proc/"$holder"/root/{vol,tmp}/file)" = $'new\nkept' ] || echo "other contents")"
result "the tmpfs belongs to the caller" "$([ -O "/proc/$holder/root/tmp" ] || echo "it does not")"
forget "$holder" 2> err
result "a restore is seen nowhere else" "$(unchanged)"
result "a command runs in it" "$(run restore -D img --root new "${sources[@]}" -- /bin/busybox test -f /vol/file)"
result "--pin and --create-mountpoints" "$(: > pinned; rmdir new/part
	run restore -D img --root new "${sources[@]}" --create-mountpoints --pin pinned
	umount pinned || echo "it is not pinned"; [ -d new/part ] || echo "no mountpoint"; rm pinned)"
listed=$(names old new src)

# shellcheck disable=SC2154 # hold has set it
result "a namespace with a network of its own is dumped with its /sys" \
	"$(run dump -t "$net" -D img-net "${volumes[@]}")"
what=$(run restore -D img-net --root new "${sources[@]}" --pidfile pid)
result "the /sys of a network that is not ours is refused, with the way out" \
	"$(grep -q "^rebind: /sys .*may not mount a sysfs.*--new-ns net" err || echo "not said: $what")"
result "nothing was built" "$(unchanged)"
result "with a new network it is restored" \
	"$(run restore -D img-net --root new "${sources[@]}" --new-ns net -- /bin/busybox test -d /sys/class/net/lo)"

what=$(run restore -D rich --root new --external "mnt[vol]:$work/src/new" --create-mountpoints --pidfile pid)
result "a filesystem that no user namespace may mount, and a locked flag, are named together" \
	"$({ grep -q "^rebind: /huge .*may not mount a hugetlbfs" err && grep -q "^rebind: /vol .*locked" err; } ||
		echo "not said: $what")"
result "nothing was built then" "$(unchanged)"
finish
