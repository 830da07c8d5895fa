#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/real/units.sh BUILD_DIR: systemd boots in systemd-nspawn, on the /usr of this host, with rebind.socket and
# rebind.service as they are installed. The service, in its sandbox, is started by its socket, and dumps and restores a
# container; what it has restored outlives it.
# shellcheck disable=SC2016,SC2317
# shellcheck source=test/real/lib.sh
. "$(dirname "$0")/lib.sh"
command -v systemd-nspawn > /dev/null || skip "systemd-nspawn is not installed"
top=$(realpath "$(dirname "$0")/../..")
table=$(cat /proc/self/mountinfo)

make -s -C "$top" BUILD="$build" DESTDIR="$dir/inst" prefix=/usr install-units
units=$dir/inst/usr/lib/systemd/system
# Nothing but these boots, and the program is where it was built.
sed -i '/^\[Unit\]/a DefaultDependencies=no' "$units"/*
sed -i "s|^ExecStart=/usr/bin/rebind|ExecStart=$build/rebind|" "$units/rebind.service"
cat > "$units/guest.target" << END
[Unit]
Requires=rebind.socket guest.service
After=rebind.socket
END
cat > "$units/guest.service" << END
[Unit]
DefaultDependencies=no
Requires=rebind.socket
After=rebind.socket
[Service]
Type=oneshot
ExecStart=$dir/guest
StandardOutput=append:$dir/said
StandardError=append:$dir/said
ExecStopPost=/bin/systemctl exit --force
END
"${CC:-cc}" -O1 -Wall -I "$top" -I "$build" -o "$dir/client" "$top/test/cli/rpc-client.c" \
	"$build/runtime/rpc/rpc.pb-c.c" -lprotobuf-c || { not_ok "the client is built"; finish; }
# A program under the restrictions of the service.
cat > "$dir/getfd.c" << 'END'
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (pidfd < 0 || syscall(SYS_pidfd_getfd, pidfd, 0, 0) < 0)
		perror("pidfd_getfd");
	else
		puts("pidfd_getfd works");
	return 0;
}
END
"${CC:-cc}" -O1 -Wall -o "$dir/getfd" "$dir/getfd.c" || { not_ok "a program is built"; finish; }
sed "s|^Type=.*|Type=oneshot|; s|^ExecStart=.*|ExecStart=$dir/getfd\nStandardOutput=append:$dir/said\nStandardError=append:$dir/said|" \
	"$units/rebind.service" > "$units/getfd.service"
make_root "$dir/root"
cp -a "$dir/root" "$dir/new"
mkdir "$dir/img"

cat > "$dir/guest" << END
#!/bin/bash
dir=$dir rebind=$build/rebind slow=${REBIND_TEST_SLOW:-1}
END
cat >> "$dir/guest" << 'END'
ask() { timeout $((30 * slow)) "$dir/client" unix:/run/rebind.socket "$@"; }
mkfifo "$dir/ready"
unshare --mount --pid --net --ipc --uts --fork --kill-child --propagation private bash -c '
	cd "$0" && mount --bind . . && cd "$0" && mount -t proc proc proc && mount -t tmpfs -o size=1m tmp tmp &&
	mount -t sysfs sysfs sys && mount -t mqueue mqueue srv && echo kept > tmp/file || exit
	pivot_root . run && exec /bin/busybox chroot . /bin/busybox sh -c "umount -l /run; echo ready; exec sleep 1000"' \
	"$dir/root" > "$dir/ready" &
read -r line < "$dir/ready"
init=$(pgrep -P $!)
echo "before: $(systemctl show -P ActiveState rebind.service)"
ask CHECK
ask "DUMP pid=$init leave_running=1 images_dir=$dir/img log_level=4 log_file=dump.log"
ask "RESTORE images_dir=$dir/img root=$dir/new log_level=4 log_file=restore.log" > "$dir/restored"
cat "$dir/restored" "$dir/img/restore.log"
service=$(systemctl show -P MainPID rebind.service)
echo "active: $(systemctl show -P ActiveState rebind.service)"
grep -E '^(NoNewPrivs|Seccomp):' "/proc/$service/status"
systemctl start getfd.service
systemctl stop rebind.service 2> /dev/null
echo "after: $(systemctl show -P ActiveState rebind.service)"
restored=$(sed -n 's/.*pid=\([0-9]*\).*/\1/p' "$dir/restored" | tail -n 1)
"$rebind" diff --contents "$init" "$restored"
echo "difference: $?"
kill -KILL "$init" "$restored"
END
chmod +x "$dir/guest"

boot() {
	# unshare ignores SIGTERM. nspawn has a filter of system calls, too: the service's own is asked here.
	command timeout -s KILL $((120 * ${REBIND_TEST_SLOW:-1})) unshare --pid --fork --kill-child --mount-proc \
		systemd-nspawn -q --register=no --keep-unit -M rebind-units -D / --volatile=yes --capability=all \
		--system-call-filter=pidfd_getfd --bind="$dir" --bind-ro="$top" --bind-ro="$build" \
		--bind-ro="$units:/etc/systemd/system" -b systemd.unit=guest.target < /dev/null > "$dir/log" 2>&1
}
mkdir "$cgroup/boot"
(echo "$BASHPID" > "$cgroup/boot/cgroup.procs" && boot)
said() { grep -qs "$1" "$dir/said" || { cat "$dir/said" "$dir/log"; return 1; }; }
check "systemd listens before the service runs" said "^before: inactive"
check "a request starts the service, which says that it is ready" said "^active: active"
check "in a sandbox" said "^NoNewPrivs:.*1"
check "which is one of system calls, too" said "^Seccomp:.*2"
check "which allows to take the descriptor of a server" said "^pidfd_getfd works"
check "it answers" said "^CHECK ok"
check "it dumps a container" said "^DUMP ok"
check "and restores it" said "^RESTORE ok"
check "it is stopped" said "^after: inactive"
check "what it has restored lives on, and equals what was dumped" said "^difference: 0"
check "the host's mount table is as before" test "$table" = "$(cat /proc/self/mountinfo)"
finish
