#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Mounts of cgroups show a cgroup namespace, and are compared as they are seen from inside of it.
#
# usage: test/cli/cgroup.sh BUILD_DIR     (as root)
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# exits SENTENCE STATUS COMMAND...
exits() {
	local sentence=$1 wanted=$2
	shift 2
	run "$@"
	cat "$work/out" >>"$work/err"
	result "$sentence" "$([ "$status" -eq "$wanted" ] || echo "exit status $status")"
}

mkdir "$work/cgroups"
group=$work/cgroups/rebind-test-$own
if ! mount -t cgroup2 cgroup2 "$work/cgroups" || ! mkdir -p "$group/below"; then
	skip "mounts of cgroups" "there is no cgroup version 2 here, or none can be made"
	finish
fi

# start within|without: a process of cgroup.c in that cgroup; pid
start() {
	mkdir "$work/$1"
	(
		echo "$BASHPID" >"$group/below/cgroup.procs"
		exec "$work/cgroup" "$1" "$work/$1" >"$work/$1.out" 2>&1
	) &
	pid=$!
	known+=("$pid")
	until_so grep -qs ready "$work/$1.out" && return
	result "a process $1 the cgroup starts" "it does not: $(cat "$work/$1.out")"
	finish
}

# shows SENTENCE PID ROOT: its /cg has this root, as it is seen in the cgroup namespace of the process
shows() {
	local root
	root=$(nsenter --cgroup --target "$2" cat "/proc/$2/mountinfo" | sed -n 's|^[^ ]* [^ ]* [^ ]* \([^ ]*\) /cg .*|\1|p')
	result "$1" "$([ "$root" = "$3" ] || echo "it is '$root'")"
}

compile cgroup "$here/cgroup.c"
start within
within=$pid
start without
without=$pid
shows "one sees its own cgroup" "$within" /
shows "one sees those above" "$without" /../..
exits "they are not equal" 1 "$rebind" diff "$within" "$without"
result "and it is said why" "$(grep -qF /../.. "$work/out" || cat "$work/out")"
exits "nor are the files of their namespaces" 1 "$rebind" diff "/proc/$within/ns/mnt" "/proc/$without/ns/mnt"
exits "a process equals the file of its namespace" 0 "$rebind" diff "$within" "/proc/$within/ns/mnt"
exits "also one that sees cgroups above" 0 "$rebind" diff "$without" "/proc/$without/ns/mnt"
exits "who is in the cgroup namespace sees the same" 1 nsenter --cgroup --target "$within" "$rebind" diff "$within" "$without"

mkdir "$work/img" "$work/of-file" "$work/root"
exits "it is dumped" 0 "$rebind" dump -t "$within" -D "$work/img"
exits "by the file of its namespace, too" 0 "$rebind" dump --mntns "/proc/$within/ns/mnt" -D "$work/of-file"
exits "both images show the same" 0 "$rebind" diff "$work/img" "$work/of-file"
exits "the image is not that of the other" 1 "$rebind" diff "$work/img" "$without"
mkdir "$work/root/cg"
exits "it is restored for its cgroup namespace" 0 "$rebind" restore -D "$work/img" --root "$work/root" \
	--join-ns "cgroup:$within" --pidfile "$work/holder"
holder=$(cat "$work/holder")
known+=("$holder")
shows "and shows its root" "$holder" /
exits "the two are equal" 0 "$rebind" diff "$work/img" "$holder"
exits "so is the file of the namespace" 0 "$rebind" diff "$work/img" "/proc/$holder/ns/mnt"
nsenter --cgroup --target "$within" readlink "/proc/self/ns/cgroup" >"$work/a"
readlink "/proc/$holder/ns/cgroup" >"$work/b"
result "who holds it is in that cgroup namespace" "$(cmp "$work/a" "$work/b" 2>&1)"

kill "$holder" "$within" "$without"
until_so rmdir "$group/below" 2>"/dev/null"
rmdir "$group"
umount "$work/cgroups"
known=()
result "nothing is left" "$(left_processes)"
finish
