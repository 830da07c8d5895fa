#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/real/lxc.sh BUILD_DIR [--show]: a container of Debian's LXC is dumped and restored under another root. All of its
# mounts are shared, each in a group of its own but for a file of /dev that is bound over one of /proc; it has
# volumes, a volume in a volume, tmpfs, a new devpts, and masked files.
# shellcheck disable=SC2016,SC2317
# shellcheck source=test/real/lib.sh
. "$(dirname "$0")/lib.sh"
command -v lxc-start > /dev/null || skip "lxc is not installed"

make_root "$dir/root"
make_root "$dir/newroot"
make_volumes
mkdir -p "$dir"/{old,new}/dir/nested "$dir/lxc"
cat > "$dir/config" << END
lxc.uts.name = rebind
lxc.rootfs.path = dir:$dir/root
lxc.mount.auto = proc:mixed sys:ro cgroup:mixed
lxc.mount.entry = $dir/old/dir vol/dir none bind 0 0
lxc.mount.entry = $dir/old/ro vol/dir/nested none bind,ro 0 0
lxc.mount.entry = $dir/old/ro vol/ro none bind,ro,nosuid,nodev 0 0
lxc.mount.entry = $dir/old/hosts etc/hosts none bind,ro 0 0
lxc.mount.entry = tmpfs tmp tmpfs size=1m,mode=1777 0 0
lxc.mount.entry = tmpfs srv tmpfs size=1m,nr_inodes=100 0 0
lxc.autodev = 1
lxc.pty.max = 16
lxc.net.0.type = empty
lxc.cgroup.dir = ${cgroup##*/}/lxc
lxc.apparmor.profile = unconfined
END
start lxc-start -F -P "$dir/lxc" -n rebind-test -f "$dir/config" -o "$dir/log" -l NOTICE \
	-- /bin/busybox sh -c "$program"

mkdir "$dir/img"
table=$(cat /proc/self/mountinfo)
declared=() sources=() joins=()
for volume in dir:/vol/dir nested:/vol/dir/nested ro:/vol/ro hosts:/etc/hosts console:/dev/console; do
	declared+=(--external "mnt[${volume#*:}]:${volume%%:*}")
done
sources=(--external "mnt[dir]:$dir/new/dir" --external "mnt[nested]:$dir/new/ro" --external "mnt[ro]:$dir/new/ro"
	--external "mnt[hosts]:$dir/new/hosts" --external mnt[console]:/dev/null)
for ns in pid ipc net uts cgroup; do joins+=(--join-ns "$ns:$init"); done
restore=(restore -D "$dir/img" --root "$dir/newroot" "${sources[@]}" "${joins[@]}")
in_new() { run "${restore[@]}" -- /bin/sh -c "$1"; }

[ -n "$show" ] && run show "$init"
check "the container is dumped" run dump -t "$init" -D "$dir/img" "${declared[@]}"
check "it is restored under another root" run "${restore[@]}" --pidfile "$dir/pid"
holder=$(cat "$dir/pid" 2> /dev/null)
check "image and restored namespace are equal" run diff --contents "$dir/img" "$holder"
# Which of the host's devices is the console only the image knows to be the caller's choice.
check "container and restored namespace are equal but for the console" same_but /dev/console "$init" "$holder"
check "also read the other way" same_but /dev/console "$holder" "$init"
check "and what is dumped of it again" eval 'mkdir "$dir/again" && run dump -t "$holder" -D "$dir/again" "${declared[@]}" \
	&& run diff --contents "$dir/again" "$dir/img"'
check "the volumes are the new ones" \
	test "$(in_new 'cat /vol/dir/which /vol/dir/nested/which /vol/ro/which /etc/hosts /tmp/file')" = $'new\nnew\nnew\nnew\nkept'
check "a volume is written" in_new 'echo x > /vol/dir/written'
check "and it is the new one's directory that is" test -s "$dir/new/dir/written" -a ! -e "$dir/old/dir/written"
check "the read-only volumes are" in_new '! touch /vol/ro/x 2>/dev/null && ! touch /vol/dir/nested/x 2>/dev/null'
check "/proc/sys is read-only, but for its net" \
	in_new '! echo 1 2>/dev/null > /proc/sys/vm/swappiness && echo 0 > /proc/sys/net/ipv4/ip_forward'
check "a terminal can be made" in_new '[ -c /dev/ptmx ] && exec 3<>/dev/ptmx'
check "the masked file is the container's" test "$(in_new 'cat /proc/sys/kernel/random/boot_id')" = \
	"$(cat "/proc/$init/root/proc/sys/kernel/random/boot_id")"
[ -n "$show" ] && run show "$holder" && run diff --contents "$init" "$holder" && echo "(no difference)"
check "the host's mount table is as before" test "$table" = "$(cat /proc/self/mountinfo)"
finish
