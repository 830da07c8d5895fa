#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Removed files that processes have open: rebind makes them again for a CRIU, with their names, contents and owners, and
# nothing of them stays, whatever fails. With a CRIU where REBIND_TEST_CRIU or PATH has one and `criu check` passes.
#
# usage: test/cli/criu-removed.sh BUILD_DIR     (as root)
# shellcheck disable=SC2016 # commands in quotes
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"
unset REBIND_MOUNTS CRIU_CONFIG_FILE

real=${REBIND_TEST_CRIU:-$(command -v criu)}
if [ -z "$real" ] || ! timeout 20 "$real" check >"$work/out" 2>&1; then
	skip "removed files that are open" "no CRIU that works is in PATH or REBIND_TEST_CRIU"
	finish
fi
export REBIND_CRIU=$real
compile removed -static "$here/criu-removed.c"

# so SENTENCE COMMAND...: it is true, and what ran before went well
so() {
	local sentence=$1 why=
	shift
	[ "$status" -eq 0 ] || why="exit status $status"
	"$@" >>"$work/err" 2>&1 || why="not so: $*"
	result "$sentence" "$why"
}

cat >"$work/container" <<'END'
set -e
cd "$1"
mount --bind root root
mount -t proc proc root/proc
mount -t tmpfs -o mode=1777 scratch root/tmp
mount --bind vol root/vol
for fd in /proc/self/fd/*; do fd=${fd##*/}; [ "$fd" -le 2 ] || eval "exec $fd>&-"; done
cd root
pivot_root . old
exec <&- >&- 2>&-
umount -l /old 2>&- || true
exec /removed
END

is_mapped() {
	[ "$(readlink "/proc/$1/ns/user")" != "$(readlink /proc/self/ns/user)" ] &&
		echo "0 100000 65536" >"/proc/$1/uid_map" && echo "0 100000 65536" >"/proc/$1/gid_map"
}

# start [user]: in a user namespace
start() {
	local enter=()
	rm -rf --one-file-system "$work/a"
	mkdir -p "$work/a"/{vol,root/{proc,tmp,vol,old,bin}}
	cp "$work/removed" "$work/a/root/"
	cp "$(command -v busybox)" "$work/a/root/bin/busybox"
	ln -s busybox "$work/a/root/bin/umount"
	if [ $# -gt 0 ]; then
		chown -R 100000:100000 "$work/a"
		unshare --user sleep 100 </dev/null &
		mapped=$!
		until_so is_mapped "$mapped"
		enter=(nsenter --user --target "$mapped" --setuid 0 --setgid 0)
	fi
	"${enter[@]}" unshare --mount --pid --propagation private --fork --kill-child setsid "$BASH" "$work/container" "$work/a" 2>"$work/box.err" >"/dev/null" </dev/null &
	outer=$!
	until_so test -e "$work/a/vol/ready" || cat "$work/box.err"
	[ $# -eq 0 ] || kill "$mapped"
	pid=$(cat "/proc/$outer/task/$outer/children")
	pid=${pid% }
	known+=("$outer" "$pid")
}

stop() {
	kill -KILL "$pid" "$outer" 2>"/dev/null"
	wait "$outer" 2>"/dev/null"
	known=()
}

fresh() {
	rm -rf "$work/img"
	mkdir "$work/img"
}

# What there is besides what belongs there.
strays() {
	find "$work/a" -name '.rebind-*' -o -name 'link_remap*' -o -name '*ghost*' -o -name gone
}

reports() {
	rm -f "$work/a/vol/report"
	kill -USR1 "$1" && until_so test -s "$work/a/vol/report" && cat "$work/a/vol/report" && [ "$(cat "$work/a/vol/report")" = fine ]
}

dump() {
	run "$rebind" criu dump -t "$pid" -D "$work/img" --external 'mnt[/vol]:vol' -- --link-remap --ghost-limit 10M
}

restore=("$rebind" criu restore -D "$work/img" --root "$work/a/root" --external "mnt[vol]:$work/a/vol")

# The users of a file's ACL, and the root of the user namespace in which it has capabilities.
ids_of() {
	getfacl -cnp "$1" | grep user:1
	getcap -n "$1" | grep -o 'rootid=.*'
}

# comes_back NAME: and all is as it was
comes_back() {
	run "${restore[@]}" -- -d --pidfile "$work/pid"
	so "$1: it is restored" test -s "$work/pid"
	new=$(cat "$work/pid")
	so "$1: each file is as it was" reports "$new"
	run "$rebind" diff --contents "$work/img" "$new"
	cat "$work/out" >>"$work/err"
	so "$1: the mounts are those of the image" true
	status=0
	so "$1: nothing is left of their names" test -z "$(strays)"
	so "$1: not in its tmpfs" test "$(ls -A "/proc/$new/root/tmp" | paste -sd' ')" = "${2-ro}"
	if [ "${2-ro}" != ro ]; then
		so "$1: owners are those of the user namespace" test "$(stat -c %u:%g "/proc/$new/root/tmp/of-7")" = 100007:100008
		so "$1: so are those of an ACL and of capabilities" test "$(ids_of "/proc/$new/root/tmp/of-7")" = "$ids"
	fi
	kill -KILL "$new"
	until_so test ! -e "/proc/$new"
	rm "$work/pid"
}

status=0
start
so "a process with removed files" reports "$pid"
fresh
dump
so "rebind does the mounts" eval '! grep -q "CRIU does the mounts" "$work/err"'
stop
printf '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != "$AT" ]\n' >"$work/says-no"
printf '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != "$AT" ] || kill -KILL "$(cat "%s/rebind.pid")" $PPID\n' "$work" >"$work/kills"
chmod 755 "$work/says-no" "$work/kills"
before=$(names "$work/a")
for at in post-setup-namespaces post-restore; do
	[ "$at" = post-setup-namespaces ] || cp -a "$work/a/vol" "$work/vol"
	AT=$at run "${restore[@]}" --action-script "$work/says-no" -- -d
	result "a no at $at fails the restore" "$([ "$status" -ne 0 ] || echo "it does not")"
	status=0
	[ "$at" = post-setup-namespaces ] && so "and nothing is left of them" test "$(names "$work/a")" = "$before"
	so "nor a name" test -z "$(find "$work/a" -name '.rebind-*')"
done
rm -rf "$work/a/vol"
mv "$work/vol" "$work/a/vol"
"${BASH}" -c 'echo $$ >"$0/rebind.pid"; export AT=post-setup-namespaces; exec "${@}"' "$work" "${restore[@]}" --action-script "$work/kills" -- -d >"$work/out" 2>"$work/err" &
wait "$!" 2>"/dev/null"
[ $? -eq 137 ] || result "it is killed" "it was not"
so "killed at the worst moment nothing is left either" until_so eval '[ -z "$(find "$work/a" -name ".rebind-*")" ]'
comes_back "in the host's user namespace"

# ---- a user namespace of its own ----

start user
so "in a user namespace: a process with removed files" reports "$pid"
echo text >"/proc/$pid/root/vol/text"
nsenter --user --mount --target "$pid" --setuid 0 --setgid 0 --root="/proc/$pid/root" --wd=/ /bin/busybox sh -c 'echo text >/tmp/of-7 && /bin/busybox chown 7:8 /tmp/of-7'
setfacl -m u:100009:r "/proc/$pid/root/tmp/of-7"
setcap -n 100010 cap_chown+ep "/proc/$pid/root/tmp/of-7"
ids=$(ids_of "/proc/$pid/root/tmp/of-7")
so "an ACL and capabilities" test "$ids" = $'user:100009:r--\nrootid=100010]'
fresh
dump
so "in a user namespace: rebind does the mounts" eval '! grep -q "CRIU does the mounts" "$work/err"'
so "in a user namespace: owners are its own in the image" eval 'for file in "$work"/img/tmpfs-dev-*.img; do tar -tvzf "$file" --numeric-owner; done | grep -q " 7/8 .*of-7"'
so "in a user namespace: so are the users of an ACL" eval 'for file in "$work"/img/tmpfs-dev-*.img; do zcat "$file"; done | grep -qaE "user:9:r--|user::9:r--|user:9:r--:9"'
stop
comes_back "in a user namespace" "of-7 ro"
result "no process is left" "$(left_processes)"
finish
