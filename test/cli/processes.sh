#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/cli/processes.sh BUILD_DIR: what others in a namespace can see of rebind's processes, and what
# stays when one of them is interrupted; SECURITY.md has the promises.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

known=()
# contain ROOT SCRIPT [unshare's options]: a process with ROOT as its root; its pid in $pid
contain() {
	local root=$1 script=$2 i child
	shift 2
	(
		exec </dev/null >log 2>&1
		# shellcheck disable=SC2016 # the inner shell's
		exec unshare --mount --propagation private "$@" sh -c 'cd "$1" && mount --bind . . && cd "$1" &&
			eval "$2" && /usr/sbin/pivot_root . old && cd / && exec /bin/busybox sh -c \
			"/bin/busybox umount -l /old; exec /bin/busybox sleep 600"' sh "$work/$root" "$script"
	) &
	for ((i = 0; i < 400 * ${REBIND_TEST_SLOW:-1}; i++)); do
		for child in $! $(pgrep -P $!); do
			pid=$child
			[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != busybox ] || break 2
			[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != sleep ] || break 2
		done
		sleep 0.05
	done
	known+=($! "$pid")
}
run() { "$rebind" "$@" 2>err >out || echo "exit status $?: $(head -1 err)"; }

mkdir secret img img2 img3
echo secret >secret/secret
for root in old new; do
	mkdir -p $root/{bin,proc,tmp,old,dev}
	cp "$(command -v busybox)" $root/bin/busybox
	ln -s busybox $root/bin/sh
done
contain old 'mount -t proc proc proc && mount -t tmpfs t tmp'
plain=$pid
run dump -t "$plain" -D img >/dev/null

# ---- a command, and what is beside it ----

# shellcheck disable=SC2016 # the inner shell's
walk='cd /proc; for p in [0-9]*; do
	[ $p != $$ ] || continue
	for name in cwd root exe; do busybox readlink $p/$name && echo "$p $name can be read"; done
	for fd in $(busybox ls $p/fd); do busybox readlink $p/fd/$fd && echo "$p: descriptor $fd can be read"; done
	[ ! "$(busybox cat $p/cmdline | busybox tr -d "\0")" ] || echo "$p has a command line"
	busybox cat $p/environ && echo "$p: its environment can be read"
	busybox cat $p/maps && echo "$p: its maps can be read"
	true <$p/mem && echo "$p: its memory can be read"
done 2>/dev/null; busybox ls -d [0-9]* | busybox wc -l'
seen=$(cd secret && TOKEN=hunter2 "$rebind" restore -D "$work/img" --root "$work/new" --new-ns user,pid,net,ipc,uts \
	-- /bin/busybox sh -c "busybox() { /bin/busybox \"\$@\"; }; $walk" 2>"$work/err")
result "a command in new user and pid namespaces sees nothing of the process beside it" \
	"$([ "$(tail -1 <<<"$seen")" -ge 2 ] && [ "$(wc -l <<<"$seen")" -eq 1 ] || echo "$seen")"
# shellcheck disable=SC2016 # the inner shell's
seen=$(OLDPWD=$work "$rebind" restore -D img --root new --new-ns pid -- /bin/sh -c 'echo "$PWD|$OLDPWD"' 2>err)
result "it gets no path of the host in PWD and OLDPWD" "$([ "$seen" = "/|" ] || echo "'$seen'")"
# shellcheck disable=SC2016 # the inner shell's
seen=$(OLDPWD=$work "$rebind" restore -D img --root new -- /bin/sh -c 'echo "$PWD|$OLDPWD"' 2>err)
result "nor without other namespaces" "$([ "$seen" = "/|" ] || echo "'$seen'")"

# ---- holders ----

holds_nothing() {
	local status=/proc/$1/status
	grep -q '^CapPrm:.*0000000000000000$' "$status" && grep -q '^CapBnd:.*0000000000000000$' "$status" ||
		grep Cap "$status"
	grep -q '^SigBlk' "$status" && grep -q '^NoNewPrivs:.*1$' "$status" || echo "it may get privileges"
	[[ $(readlink "/proc/$1/exe") == /memfd:* ]] || echo "its program is $(readlink "/proc/$1/exe")"
	[ -z "$(ls "/proc/$1/fd")" ] || echo "it has descriptors"
	[ -z "$(tr -d '\0' <"/proc/$1/cmdline")$(tr -d '\0' <"/proc/$1/environ")" ] || echo "it tells its words"
}
for ns in '' '--new-ns pid,net,ipc' '--new-ns user,pid'; do
	rm -f pid
	# shellcheck disable=SC2086 # words
	why=$(run restore -D img --root new $ns --pidfile pid)
	holder=$(cat pid)
	result "a holder has no capability, descriptor or word, and a program of its own (${ns:-alone})" \
		"$why$(holds_nothing "$holder")"
	kill "$holder"
done

contain old 'mount -t proc proc proc && mount -t tmpfs t tmp' --user --map-root-user --pid --fork --net --ipc
own=$pid
why=$(run dump -t "$own" -D img2)
rm -f pid
why=$why$(run restore -D img2 --root new --join-ns "user:$own" --join-ns "pid:$own" --join-ns "net:$own" \
	--join-ns "ipc:$own" --pidfile pid)
holder=$(cat pid)
result "a holder is not in a pid namespace that was joined" "$why$(
	[ "$(readlink "/proc/$holder/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] || echo "it is"
	[ "$(readlink "/proc/$holder/ns/user")" = "$(readlink "/proc/$own/ns/user")" ] || echo "another user namespace"
)"
result "and has nothing either" "$(holds_nothing "$holder")"
kill "$holder"
# shellcheck disable=SC2016 # the script's
printf '#!/bin/sh\n%s\n' '[ "$CRTOOLS_SCRIPT_ACTION" != setup-namespaces ] || kill -STOP "$CRTOOLS_INIT_PID"' >stop
chmod 755 stop
rm -f pid
timeout 10 "$rebind" restore -D img2 --root new --join-ns "user:$own" --join-ns "pid:$own" --join-ns "net:$own" \
	--join-ns "ipc:$own" --action-script "$work/stop" --pidfile pid >out 2>err
status=$?
[ "$status" -eq 1 ] && grep -q "was stopped by another" err && [ ! -e pid ]
so "a process that others in its pid namespace stop is not waited for"
result "the user namespace that one is in is joined already" \
	"$(run restore -D img --root new --join-ns "user:$$" -- /bin/busybox true)"

# Without maps.
unshare --user sleep 60 </dev/null >log 2>&1 &
known+=($!)
is_apart() { [ "$(readlink "/proc/$1/ns/user")" != "$(readlink /proc/self/ns/user)" ]; }
until_so is_apart $!
no_root="rebind: the user namespace to be joined has no root: its maps lack id 0; pass --new-ns user instead of --join-ns user:, or join one that has the id"
for ns in "" pid; do
	"$rebind" restore -D img2 --root new --join-ns "user:$!" ${ns:+--new-ns "$ns"} -- /bin/busybox true >out 2>err
	status=$?
	[ "$status" -eq 125 ] && [ "$(cat err)" = "$no_root" ]
	so "a user namespace without root is named${ns:+, in a new $ns namespace}"
	"$rebind" restore -D img2 --root new --join-ns "user:$!" ${ns:+--new-ns "$ns"} --dry-run >out 2>err
	status=$?
	[ "$status" -eq 1 ] && [ "$(cat err)" = "$no_root" ]
	so "by a dry run, too${ns:+, in a new $ns namespace}"
done

# ---- signals, and what stays ----

mkdir -p old/m1 old/m2 v
contain old "mount -t tmpfs t tmp; mount --bind $work/v m1; mount --bind $work/v m2"
volumes=$pid
why=$(run dump -t "$volumes" -D img3 --external 'mnt[/m1]:a' --external 'mnt[/m2]:b')
no_mountpoint() { [ ! -e new/m1 ] && [ ! -e new/m2 ]; }
for signal in INT TERM HUP QUIT KILL; do
	left='' n=0
	for delay in 002 006 010 015 020 030; do
		rm -rf new/m1 new/m2 pid
		setsid "$rebind" restore -D img3 --root new --external "mnt[a]:$work/v" --external "mnt[b]:$work/v" \
			--create-mountpoints --pidfile pid </dev/null >/dev/null 2>&1 &
		sleep 0.$delay
		kill -$signal -- -$! 2>/dev/null && n=$((n + 1))
		wait $! 2>/dev/null
		if [ -s pid ]; then
			kill "$(cat pid)" 2>/dev/null || left="a pidfile without a process"
			continue
		fi
		until_so no_mountpoint || left="mountpoints after ${delay}0 us"
	done
	result "SIG$signal to the process group leaves no mountpoint" "$why$left$([ $n -gt 0 ] || echo 'none came')"
done
rm -rf new/m1 new/m2

# ---- dumps ----

mkdir locked
exec 9<locked
flock 9
why=$(run dump -t "$plain" -D locked)
exec 9<&-
result "a directory that another dump writes to is refused" \
	"$({ grep -q 'another dump writes to' <<<"$why" && [ -z "$(ls locked)" ]; } || echo "$why $(ls locked)")"
mkdir libs crash
cat >bad.c <<'C'
#include <errno.h>
#include <stdlib.h>
#include <criu-plugin.h>
static int start(int stage) { return 0; }
static void end(int stage, int ret) { abort(); }
CR_PLUGIN_REGISTER("bad", start, end)
C
gcc -shared -fPIC -w -I "$here/../../include" -o libs/bad.so bad.c
why=$(run dump -t "$plain" -D crash -L libs)
result "a dump whose plugin fails at its end leaves no image" \
	"$([ -n "$why" ] && [ -z "$(ls crash)" ] || echo "$why, left: $(ls crash)")"
contain old "mount -t tmpfs t tmp; mount --bind $work/v m1"
echo "/m1 $work/v" >map
mkdir record
why=$(BINDMOUNT_EXAMPLE_MAP=$work/map "$rebind" dump -t "$pid" -D record -L "$build/plugins" \
	--external 'mnt[/nowhere]:x' 2>err || echo failed)
result "the records of plugins go with a dump that fails" \
	"$([ "$why" = failed ] && [ -z "$(ls record)" ] || echo "$why, left: $(ls record)")"
contain old "mount -t devtmpfs d dev"
mkdir devices
if [ -z "$(run dump -t "$pid" -D devices)" ]; then
	why=$(run restore -D devices --root new -- /bin/busybox true)
	result "a devtmpfs is not restored without consent" \
		"$(grep -q -- '--enable-fs devtmpfs' err || echo "$why")"
	result "and with it is" "$(run restore -D devices --root new --enable-fs devtmpfs -- /bin/busybox true)$(
		run restore -D devices --root new --allow-devices -- /bin/busybox true)"
else
	skip "a devtmpfs is not restored without consent" "none can be dumped here: $(head -1 err)"
fi
for pid in "${known[@]}"; do
	kill "$pid" 2>/dev/null
done
finish
