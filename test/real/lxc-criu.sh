#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/real/lxc-criu.sh BUILD_DIR: lxc-checkpoint saves and restores a container, its process by a CRIU, its mounts by
# rebind, which it finds as criu. The CRIU is in PATH, or REBIND_TEST_CRIU names it.
# shellcheck disable=SC2016,SC2317
# shellcheck source=test/real/lib.sh
. "$(dirname "$0")/lib.sh"
command -v lxc-checkpoint > /dev/null || skip "lxc is not installed"
criu=${REBIND_TEST_CRIU:-$(command -v criu)}
[ -n "$criu" ] || skip "no CRIU is in PATH or REBIND_TEST_CRIU"
timeout 20 "$criu" check > "$dir/log" 2>&1 || skip "criu check fails here: $(tail -n 1 "$dir/log")"
mkdir "$dir/bin"
ln -s "$build/rebind" "$dir/bin/criu"
name=rebind-test
# of_lxc VERB OPTION...: with rebind as its criu
of_lxc() { PATH=$dir/bin:$PATH REBIND_CRIU=$criu timeout 60 "lxc-$1" -P "$dir/lxc" -n "$name" "${@:2}"; }
stop() { of_lxc stop -k > /dev/null 2>&1; }
pid_of() { of_lxc info -pH; }

make_root "$dir/root"
make_worker "$dir/root/worker"
make_volumes
mkdir -p "$dir/lxc/$name" "$dir/old/dir/inside" "$dir/nested"
echo nested > "$dir/nested/which"
# No line for AppArmor: CRIU refuses what LXC makes of it on a kernel without.
cat > "$dir/lxc/$name/config" << END
lxc.uts.name = rebind
lxc.rootfs.path = dir:$dir/root
lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed
lxc.mount.entry = $dir/old/dir vol/dir none bind 0 0
lxc.mount.entry = $dir/nested vol/dir/inside none bind,ro 0 0
lxc.mount.entry = tmpfs tmp tmpfs size=1m,mode=1777 0 0
lxc.autodev = 1
lxc.pty.max = 16
lxc.tty.max = 0
lxc.console.path = none
lxc.net.0.type = empty
lxc.cgroup.dir = ${cgroup##*/}/lxc
END
without_descriptors of_lxc start -d -- /worker /vol/dir/log /tmp/state
check "lxc-start -d" test "$?" = 0
pid=$(pid_of)
check "it is ready" is_ready "$pid"
check "it counts" counts "$pid" 1
run show "$pid" > "$dir/before"
table=$(cat /proc/self/mountinfo)
mkdir "$dir/img"
without_descriptors of_lxc checkpoint -s -D "$dir/img" -o "$dir/lxc.log"
check "lxc-checkpoint -s" test "$?" = 0
[ -e "$dir/img/inventory.img" ] || cat "$dir/log" "$dir/lxc.log" "$dir/img/dump.log"
check "it has ended" test "$(of_lxc info -sH)" = STOPPED
without_descriptors of_lxc checkpoint -r -d -v -D "$dir/img" -o "$dir/lxc.log"
check "lxc-checkpoint -r" test "$?" = 0
new=$(pid_of)
[ -n "$new" ] || cat "$dir/log" "$dir/lxc.log" "$dir/img/restore.log"
# What CRIU logs of its actions.
check "rebind did the mounts" grep -q rebind-action "$dir/img/restore.log"
check "image and container are equal" run diff "$dir/img" "$new"
check "it goes on where it was" eval 'is_ready "$new" && counts "$new" 2'
check "also in its tmpfs" test "$(cat "/proc/$new/root/tmp/state")" = 2
check "the bind inside the volume is there" test "$(cat "/proc/$new/root/vol/dir/inside/which")" = nested
check "lxc-stop" of_lxc stop -k
check "the host's mount table is as before" test "$table" = "$(cat /proc/self/mountinfo)"
finish
