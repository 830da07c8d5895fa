#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What becomes of a namespace that was built: a command in it, a pin, a process that holds it, a
# descriptor that is sent; and the namespaces, flags and propagation that the caller asks for.
#
# usage: test/cli/endings.sh BUILD_DIR     (as root)

# shellcheck disable=SC2016 # words for another shell
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

restore=("$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}")

# ends SENTENCE STATUS COMMAND...
ends() {
	local sentence=$1 want=$2 why=
	shift 2
	run "$@"
	[ "$status" -eq "$want" ] || why="exit status $status, not $want; "
	result "$sentence" "$why$(left_processes)"
}

# prints SENTENCE TEXT COMMAND...
prints() {
	local sentence=$1 want=$2 why=
	shift 2
	run "$@"
	[ "$status" -eq 0 ] || why="exit status $status"
	[ "$(cat "$work/out")" = "$want" ] || why="'$(tr '\n' ' ' <"$work/out")', not '${want//$'\n'/ }'"
	result "$sentence" "$why"
}

# equal SENTENCE WHAT: what was built is what was dumped
equal() {
	if "$rebind" diff "$container" "$2" >"$work/err" 2>&1; then
		result "$1" ""
	else
		result "$1" "$(head -3 "$work/err")"
	fi
}

# attributes MOUNTPOINT: as the command in the namespace sees them, from what cat printed
attributes() {
	awk -v path="$1" '$5 == path { print $6 }' "$work/out"
}

propagation() {
	awk -v path="$1" '$5 == path { print $7 }' "$work/out"
}

commands() {
	local name caps

	ends "a command's exit status 0 is rebind's" 0 "${restore[@]}" -- /inside exit 0
	ends "so is 7" 7 "${restore[@]}" -- /inside exit 7
	ends "and 255" 255 "${restore[@]}" -- /inside exit 255
	ends "a command that SIGTERM ends is 143" 143 "${restore[@]}" -- /inside kill 15
	ends "a command that SIGKILL ends is 137" 137 "${restore[@]}" -- /inside kill 9
	ends "a command that is not there is 127" 127 "${restore[@]}" -- /nowhere
	grep -q "/nowhere.*No such file" "$work/err"
	so "and is named"
	ends "a command that is not in PATH is 127" 127 "${restore[@]}" -- nowhere
	ends "a command that cannot be executed is 126" 126 "${restore[@]}" -- /vol/file
	grep -q "/vol/file.*Permission denied" "$work/err"
	so "and is named"
	ends "a command that is a directory is 126" 126 "${restore[@]}" -- /vol
	ends "a failure of rebind's own is 125" 125 "${restore[@]}" --external "mnt[x]:/" -- /inside exit 0
	cat >"$work/ender" <<-'END'
	#!/bin/sh
	[ "$CRTOOLS_SCRIPT_ACTION" = pre-resume ] || exit 0
	for pid in $(cat /proc/$PPID/task/$PPID/children); do
		[ $pid = $$ ] || [ "$(cat /proc/$pid/comm)" != rebind ] || kill -KILL $pid
	done
	END
	chmod 755 "$work/ender"
	for name in "" "--new-ns pid"; do
		# shellcheck disable=SC2086 # words
		ends "so is the end of the builder before the command runs${name:+, with $name}" 125 "${restore[@]}" $name \
			--action-script "$work/ender" -- /inside exit 0
		grep -q "the builder ended" "$work/err"
		so "and is named"
	done
	prints "a command has descriptors 0 to 2" $'0\n1\n2' "${restore[@]}" -- /inside fds
	exec {name}<"$work/src/conf"
	prints "also where the caller has more" $'0\n1\n2' "${restore[@]}" -- /inside fds
	exec {name}<&-
	prints "also in new namespaces" $'0\n1\n2' "${restore[@]}" --new-ns pid,net -- /inside fds
	prints "a command starts in /" / "${restore[@]}" -- /inside cwd
	caps=$(grep -E '^(Cap|NoNewPrivs|Seccomp:)' "/proc/self/status")
	run "${restore[@]}" -- /inside cat /proc/self/status
	[ "$(grep -E '^(Cap|NoNewPrivs|Seccomp:)' "$work/out")" = "$caps" ]
	so "a command has the caller's capabilities"
	run setpriv --bounding-set=-sys_boot,-net_raw "${restore[@]}" -- /inside cat /proc/self/status
	setpriv --bounding-set=-sys_boot,-net_raw grep '^Cap' "/proc/self/status" >"$work/caps"
	[ "$(grep '^Cap' "$work/out")" = "$(cat "$work/caps")" ]
	so "also where the caller lacks some"
	prints "a command sees the volumes of the restore" $'volume of src\nconf of src\ndata' \
		"${restore[@]}" -- /inside cat /vol/file /etc/conf /tmp/dir/file
	ends "a command can write a volume" 0 "${restore[@]}" -- /inside write /vol/written
	[ -e "$work/src/vol/written" ]
	so "and it is written"
	ends "a command cannot write a read-only volume" 99 "${restore[@]}" -- /inside write /ro/written
	prints "input reaches the command" "hello" bash -c 'echo hello | "$@"' - \
		"${restore[@]}" -- /inside cat /proc/self/fd/0
	run bash -c 'exec "$@" <&- >&- 2>&-' - "${restore[@]}" -- /inside exit 3
	result "closed descriptors 0 to 2 do no harm" "$([ "$status" -eq 3 ] || echo "exit status $status")"
}

pins() {
	local before pin=$work/pin

	before=$(mounts)
	: >"$pin"
	ends "a namespace is pinned" 0 "${restore[@]}" --pin "$pin"
	equal "what is pinned is equal" "$pin"
	prints "what is pinned can be entered" "volume of src" nsenter --mount="$pin" /inside cat /vol/file
	umount "$pin"
	result "after an umount of the pin nothing is left" "$([ "$(mounts)" = "$before" ] || echo "the mount table differs")"
	rm "$pin"
	ends "a pin is created" 0 "${restore[@]}" --pin "$pin"
	umount "$pin"
	rm "$pin"

	# The kernel refuses it where it would be seen in the namespace itself, say.
	mkdir "$work/shared"
	mount -t tmpfs tmpfs "$work/shared"
	mount --make-shared "$work/shared"
	before=$(mounts)
	run "${restore[@]}" --pin "$work/shared/pin"
	[ "$status" -ne 0 ] || umount "$work/shared/pin"
	[ "$status" -eq 0 ] || [ "$(wc -l <"$work/err")" -eq 1 ] || status=99
	[ "$(mounts)" = "$before" ] && { [ "$status" -eq 0 ] || [ "$status" -eq 1 ]; }
	so "on a shared mount it is pinned or refused"
	umount "$work/shared"

	rm -r "$work/new/vol"
	before=$(names "$work/new")
	mkdir "$work/sealed"
	mount --bind "$work/sealed" "$work/sealed"
	chattr +i "$work/sealed" 2>"/dev/null"
	ends "a pin that cannot be made fails" 1 "${restore[@]}" --create-mountpoints --pin "$work/sealed/pin"
	[ "$(names "$work/new")" = "$before" ]
	so "and the mountpoints that were created go"
	chattr -i "$work/sealed" 2>"/dev/null"
	umount "$work/sealed"
	new_root "$work/new"
}

holders() {
	local before pid parent i

	before=$(mounts)
	ends "a process holds a namespace" 0 true
	run "${restore[@]}" --pidfile "$work/pid"
	pid=$(cat "$work/pid")
	result "its pid is in the pidfile" "$([ -d "/proc/$pid" ] || echo "no process ${pid:-}")"
	known+=("$pid")
	equal "what it holds is equal" "$pid"
	prints "what it holds can be entered" "volume of src" nsenter --mount="/proc/$pid/ns/mnt" /inside cat /vol/file
	parent=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
	[ "$parent" -eq $$ ] && [ -z "$(ls "/proc/$pid/fd")" ]
	so "it is nobody's child, and has nothing open"
	[ "$(cut -d ' ' -f 6 "/proc/$pid/stat")" = "$pid" ]
	so "it is a session of its own"
	kill -KILL "$pid"
	known=("$container")
	result "killed, nothing is left" "$(left_processes)$([ "$(mounts)" = "$before" ] || echo "the mount table differs")"
	# It must not die with rebind, which takes moments: often.
	for i in 1 2 3 4 5 6 7 8 9 10; do
		"${restore[@]}" --pidfile "$work/pid" 2>"$work/err"
		kill -KILL "$(cat "$work/pid")" 2>>"$work/err" || break
	done
	result "it outlives rebind" "$([ ! -s "$work/err" ] || echo "time $i: no process")"
	run "${restore[@]}" --new-ns pid,net --pidfile "$work/pid"
	pid=$(cat "$work/pid")
	known+=("$pid")
	run "${restore[@]}" --pidfile "$work/pid"
	result "a pidfile that names a living holder is refused" \
		"$([ "$status" -eq 1 ] && grep -q "names process $pid" "$work/err" || echo "exit status $status")"
	result "and names it still" "$([ "$(cat "$work/pid")" = "$pid" ] || cat "$work/pid")$(left_processes)"
	known=("$container")
	equal "it holds other namespaces too" "$pid"
	[ "$(readlink "/proc/$pid/ns/net")" != "$(readlink "/proc/self/ns/net")" ]
	so "which differ from the caller's"
	kill -KILL "$pid"
	result "killed, nothing is left of those" "$(left_processes)"
}

descriptors() {
	local pid

	hold pid "$work/inside" receive "${restore[@]}" --send-fd 3
	equal "what is sent is equal" "/proc/$pid/fd/9"
	prints "what is sent can be entered" "volume of src" nsenter --mount="/proc/$pid/fd/9" /inside cat /vol/file
	forget "$pid"
	result "when it is closed nothing is left" "$(left_processes)"
	run "$work/inside" receive "${restore[@]}" --external "mnt[x]:/" --send-fd 3
	result "when the restore fails nothing is sent" "$([ "$status" -eq 1 ] || echo "exit status $status")"
}

# differ SENTENCE KIND...: from the caller's; what it printed is in out
differ() {
	local sentence=$1 why='' kind
	shift
	for kind; do
		! grep -qxF "$(readlink "/proc/self/ns/$kind")" "$work/out" || why="$why $kind"
	done
	[ "$(wc -l <"$work/out")" -eq $# ] || why="$(cat "$work/out")"
	result "$sentence" "${why:+not: $why}"
}

namespaces() {
	local kinds pid

	for kinds in pid net ipc uts cgroup user "pid net ipc uts cgroup" "user pid net ipc uts cgroup"; do
		# shellcheck disable=SC2086 # words
		run "${restore[@]}" --new-ns "${kinds// /,}" -- /inside ns $kinds
		# shellcheck disable=SC2086
		differ "--new-ns ${kinds// /,} is new to the command" $kinds
		result "and ends with it" "$(left_processes)"
	done
	run "${restore[@]}" --new-ns pid -- /inside pids
	[ "$(wc -l <"$work/out")" -le 2 ] && [ -s "$work/out" ]
	so "with --new-ns pid, /proc shows its own processes"
	run "${restore[@]}" -- /inside pids
	grep -qx "$container" "$work/out"
	so "without, those of the caller"
	ends "the exit status comes through new namespaces" 7 "${restore[@]}" --new-ns user,pid -- /inside exit 7
	ends "so does the signal" 143 "${restore[@]}" --new-ns pid -- /inside kill 15
	ends "and that it is not there" 127 "${restore[@]}" --new-ns pid,user -- /nowhere

	hold pid unshare --net --uts sh -c 'echo ready; exec sleep 60'
	prints "--join-ns by pid joins" "$(readlink "/proc/$pid/ns/net")" \
		"${restore[@]}" --join-ns "net:$pid" -- /inside ns net
	prints "--join-ns by file joins" "$(readlink "/proc/$pid/ns/uts")" \
		"${restore[@]}" --join-ns "uts:/proc/$pid/ns/uts" -- /inside ns uts
	prints "a command keeps the others" "$(readlink "/proc/self/ns/ipc")" \
		"${restore[@]}" --join-ns "uts:/proc/$pid/ns/uts" -- /inside ns ipc
	forget "$pid"
	hold pid unshare --pid --fork --kill-child sh -c 'echo ready; exec sleep 60'
	local init
	read -r init <"/proc/$pid/task/$pid/children"
	known+=("$init")
	run "${restore[@]}" --join-ns "pid:$init" -- /inside pids
	grep -qx 1 "$work/out" && ! grep -qx "$container" "$work/out" && [ "$(wc -l <"$work/out")" -le 3 ]
	so "--join-ns pid shows the processes of that one"
	prints "and the command is in it" "$(readlink "/proc/$init/ns/pid")" \
		"${restore[@]}" --join-ns "pid:$init" -- /inside ns pid
	kill -KILL "$init"
	forget "$pid"
	known=("$container")
}

flags() {
	run "${restore[@]}" --external-flags vol:ro,nosuid,nodev -- /inside cat /proc/self/mountinfo
	[[ $(attributes /vol) == ro,nosuid,nodev* ]]
	so "--external-flags adds ro, nosuid, nodev"
	ends "and it is so" 99 "${restore[@]}" --external-flags vol:ro -- /inside write /vol/x
	run "${restore[@]}" --external-flags ro:rw -- /inside cat /proc/self/mountinfo
	[[ $(attributes /ro) == rw* ]]
	so "--external-flags clears ro"
	ends "and it is so" 0 "${restore[@]}" --external-flags ro:rw -- /inside write /ro/x
	mount --bind "$work/src/vol" "$work/src/vol"
	mount -o remount,bind,ro,noexec "$work/src/vol"
	run "${restore[@]}" -- /inside cat /proc/self/mountinfo
	[[ $(attributes /vol) == ro,noexec* ]]
	so "what the source forbids stays forbidden"
	run "${restore[@]}" --external-flags vol:rw,exec -- /inside cat /proc/self/mountinfo
	[[ $(attributes /vol) == rw,relatime* ]]
	so "but for the caller's word"
	[ "$(awk -v path="$work/src/vol" '$5 == path { print $6 }' <(mounts))" = ro,noexec,relatime ]
	so "and the source is as it was"
	umount "$work/src/vol"
	[ "$(stat -c %a "$work/src/ro/x")" = 600 ] && rm "$work/src/ro/x"
}

sharing() {
	local pid before

	# A slave of the host in the container.
	mount --bind "$work/a/vol" "$work/a/vol"
	mount --make-shared "$work/a/vol"
	sed -i 's,^mount --bind "$a/ro" ro,mount --make-slave vol\n&,' "$work/container"
	hold pid unshare --mount --propagation unchanged bash "$work/container" "$work/a" plain
	dump_container "$pid" "$work/slave.img"
	forget "$pid"
	local slave=("$rebind" restore -D "$work/slave.img" --root "$work/new" "${sources[@]}")
	before=$(mounts)
	ends "a slave whose source is in no group is refused" 125 "${slave[@]}" -- /inside exit 0
	grep -q '^rebind: /vol .*--sharing slave' "$work/err"
	so "and the options that help are named"
	for pid in slave private; do
		run "${slave[@]}" --sharing "$pid" -- /inside cat /proc/self/mountinfo
		[ "$status" -eq 0 ] && [ "$(propagation /vol)" = - ]
		so "--sharing $pid makes it private then"
	done
	mount --bind "$work/src/vol" "$work/src/vol"
	mount --make-shared "$work/src/vol"
	for pid in strict slave; do
		run "${slave[@]}" --sharing "$pid" -- /inside cat /proc/self/mountinfo
		[ "$status" -eq 0 ] && [[ $(propagation /vol) == master:* ]]
		so "--sharing $pid makes it a slave of a shared source"
	done
	run "${slave[@]}" --sharing private -- /inside cat /proc/self/mountinfo
	[ "$status" -eq 0 ] && [ "$(propagation /vol)" = - ]
	so "--sharing private makes it private"
	umount "$work/src/vol"
	result "the caller's mounts are as they were" "$([ "$(mounts)" = "$before" ] || echo "they are not")"
	umount "$work/a/vol"
}

own_root() {
	# Without --root: the namespace of a process that shares the script's root.
	local pid own skips=() path

	hold pid unshare --mount --propagation private bash -c '
		mount --bind "$1/a/vol" "$1/a/deep" && mount -t tmpfs -o size=1m mine "$1/a/ro" &&
		echo ready && exec sleep 60' - "$work"
	mkdir "$work/own.img"
	# What else the machine has mounted is not the matter here.
	while read -r path; do
		[ "$path" = /proc ] || [[ $work/ == "$path"/* ]] || skips+=(--skip-mnt "$path")
	done < <(awk '$5 ~ "^/[^/]+$" { print $5 }' "/proc/self/mountinfo" | sort -u)
	run "$rebind" dump -t "$pid" -D "$work/own.img" --external "mnt[]" "${skips[@]}"
	if [ "$status" -ne 0 ]; then
		skip "without --root the caller's / is the root" "the script's own namespace cannot be dumped: $(head -1 "$work/err")"
		forget "$pid"
		return
	fi
	own=("$rebind" restore -D "$work/own.img" --external "mnt[]")
	run "${own[@]}" -- bash -c 'cat "$0/a/deep/file"; stat -f -c %T "$0/a/ro"' "$work"
	[ "$(cat "$work/out")" = $'volume of a\ntmpfs' ]
	so "without --root the caller's / is the root"
	forget "$pid"
	result "and nothing is left" "$(left_processes)"
}

make_container plain
dump_container "$container" "$work/img"
commands
pins
holders
descriptors
namespaces
flags
sharing
own_root
forget "$container"
finish
