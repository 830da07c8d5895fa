#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# rebind under the name "criu", in CRIU's words.
#
# usage: test/cli/criu-name.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

unset REBIND_CRIU
mkdir "$work/bin"
ln -s "$rebind" "$work/bin/criu"
criu=$work/bin/criu

# ends SENTENCE STATUS TEXT OPTION...: what it prints has TEXT in it
ends() {
	local sentence=$1 want=$2 text=$3 why=
	shift 3
	timeout 20 "$criu" "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
	[ "$status" -eq "$want" ] || why="exit status $status, not $want"
	[ -n "$why" ] || [ -z "$text" ] || grep -qF -- "$text" "$work/out" "$work/err" || why="no '$text'"
	result "$sentence" "$why"
}

make_container plain
forget "$container"
outer=
hold outer unshare --mount --pid --net --ipc --uts --fork --kill-child --propagation private \
	bash "$work/container" "$work/a" plain
read -r container <"/proc/$outer/task/$outer/children"
known+=("$container")
table=$(mounts)

ends "--version is what runtimes parse" 0 "Version: 4.2" --version
[ "$(head -1 "$work/out")" = "Version: 4.2" ]
so "in the first line"
ends "so is -V" 0 "Version: 4.2" -V
ends "--help says who it is" 0 "This is rebind" --help
ends "check is rebind's" 0 "cap_sys_admin" check
ends "no verb is a usage error" 2 "a verb is missing"
ends "so is one that is not done" 2 "'pre-dump' is not among" pre-dump -t 1
ends "so is an unknown option" 2 "unrecognized option" dump --nothing
for option in --tcp-established --shell-job -j --file-locks --lazy-pages "--manage-cgroups=soft" "--ghost-limit 1" --leave-stopped; do
	# shellcheck disable=SC2086 # an option and its value
	ends "$option is refused: it is about processes" 2 "is about processes" dump -t 1 -D "$work" -R $option
done
ends "a dump that would end the processes is refused" 2 "--leave-running" dump -t "$container" -D "$work"
grep -q "rebind criu dump" "$work/err"
so "and told how to have it"

mkdir "$work/img" "$work/work"
ends "a dump in CRIU's words is done" 0 "" -v4 dump -t "$container" -D "$work/img" -W "$work/work" -o dump.log \
	--leave-running --ext-mount-map /vol:vol --external 'mnt[/etc/conf]:conf' --external 'mnt[/ro]:ro' \
	--ext-mount-map /deep/er/vol:deep --root "$work/a/root"
[ -s "$work/work/dump.log" ]
so "its log is in the working directory"
"$rebind" diff --contents "$container" "$work/img" >"$work/out" 2>&1
so "the image equals the container"
restore=(restore -D "$work/img" --root "$work/new" -W "$work/work" --ext-mount-map "vol:$work/src/vol"
	--external "mnt[conf]:$work/src/conf" --external "mnt[ro]:$work/src/ro" --external "mnt[deep]:$work/src/deep")
ends "a restore that would wait for processes is refused" 2 "--restore-detached and --pidfile" "${restore[@]}"
ends "a restore is done" 0 "" "${restore[@]}" -d --pidfile pid -o restore.log
holder=$(cat "$work/work/pid")
"$rebind" diff --contents "$container" "$holder" >"$work/out" 2>&1
so "a process holds what equals the container"
[ "$(readlink "/proc/$holder/ns/pid")" != "$(readlink /proc/self/ns/pid)" ] &&
	[ "$(readlink "/proc/$holder/ns/net")" != "$(readlink /proc/self/ns/net)" ]
so "in namespaces of its own, as the container was"
kill -KILL "$holder"
result "killed, nothing of it is left" "$(left_processes)"
[ "$table" = "$(mounts)" ]
so "the mount table is as before"
ends "it serves a runtime" 1 "descriptor 77 is not a socket" swrk 77
finish
