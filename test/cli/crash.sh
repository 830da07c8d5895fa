#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Killed at any moment, and with system calls denied: no mount, no process and no file is left, and
# what could not be done is said.
#
# usage: test/cli/crash.sh BUILD_DIR     (as root)

# shellcheck disable=SC2016 # words for another shell
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# How many times each is killed.
runs=40
# The leak sanitizer looks through a child of its own, and waits for ever if it is that child which is killed.
export ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}

# A root in which every mountpoint is missing.
bare_root() {
	rm -rf --one-file-system "$work/new"
	mkdir "$work/new" "$work/new/etc"
	cp "$work/inside" "$work/new/inside"
}

restore=("$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}" -L "$work/libs")
# Says so when it runs: from then on the restore is over, and what it made is to stay.
run=(-- /inside cwd)

# children VAR PID
children() {
	local -n kids=$1
	kids=()
	# shellcheck disable=SC2034 # the caller's
	{ read -r -a kids <"/proc/$2/task/$2/children"; } 2>"/dev/null" || true
}

# random VAR MAX: microseconds, as a word for pause_for
random() {
	printf -v "$1" '%d.%06d' 0 $((((RANDOM << 15) | RANDOM) % $2))
}

# strike WHAT PID: kill
strike() {
	local first='' below='' victims=()
	case $1 in
	caller) victims=("$2") ;;
	builder)
		children first "$2"
		victims=("${first[@]}")
		;;
	both)
		children first "$2"
		victims=("$2" "${first[@]}")
		;;
	plugins)
		children first "$2"
		[ "${#first[@]}" -eq 0 ] || children below "${first[0]}"
		victims=("${below[@]}")
		;;
	esac
	[ -z "${victims[*]}" ] || kill -KILL "${victims[@]}" 2>"/dev/null"
}

# How long the thing takes when it is not killed, in microseconds, a bit more
measure() {
	local i from to least=1000000
	for i in 1 2 3 4 5; do
		from=${EPOCHREALTIME/./}
		"$@" >"/dev/null" 2>"$work/err" </dev/null
		status=$?
		to=${EPOCHREALTIME/./}
		[ $((to - from)) -ge "$least" ] || least=$((to - from))
		[ "$status" -eq 0 ] || return
	done
	took=$((least * 5 / 4))
}

# killed SENTENCE WHAT OPTION...: restores, with --create-mountpoints into a root without mountpoints
killed() {
	local sentence=$1 what=$2 why='' i pid wait finished=0 left=0 before_mounts before_files
	local creates=
	shift 2
	[[ " $* " != *" --create-mountpoints "* ]] || creates=yes
	if [ -n "$creates" ]; then
		bare_root
	else
		new_root "$work/new"
	fi
	measure "${restore[@]}" "$@" "${run[@]}"
	[ "$status" -eq 0 ] || why="without being killed: exit status $status"
	[ -z "$creates" ] || bare_root
	before_mounts=$(mounts)
	before_files=$(names "${watched[@]}")
	for ((i = 0; i < runs && ${#why} == 0; i++)); do
		"${restore[@]}" "$@" "${run[@]}" >"$work/ran" 2>"$work/err" <"/dev/null" &
		pid=$!
		random wait "$took"
		pause_for "$wait"
		strike "$what" "$pid"
		wait "$pid" 2>"/dev/null"
		status=$?
		why=$(left_processes)
		[ "$(mounts)" = "$before_mounts" ] || why="the mount table has changed; $why"
		# Or it is the command that was killed, before it said so.
		[ "$what" = caller ] || [ "$what" = both ] || [ "$status" -ne 137 ] || echo >"$work/ran"
		if [ -s "$work/ran" ]; then
			finished=$((finished + 1))
		elif [ "$status" -eq 0 ]; then
			why="exit status 0, but the command did not run; $why"
		elif [ "$what" != caller ] && [ "$what" != both ] && [ ! -s "$work/err" ]; then
			why="exit status $status, and nothing is said; $why"
		fi
		if [ "$(names "${watched[@]}")" = "$before_files" ]; then
			continue
		elif [ -n "$creates" ] && { [ -s "$work/ran" ] || [ "$what" = both ]; }; then
			[ -s "$work/ran" ] || left=$((left + 1))
			bare_root
			before_files=$(names "${watched[@]}")
		else
			why="killed after $wait of $took us, files are left: $(diff <(echo "$before_files") \
				<(names "${watched[@]}") | grep '^[<>]' | tr '\n' ' '); $why"
		fi
	done
	result "$sentence" "$why"
	echo "# $i runs of $took us, $finished had finished"
	[ "$what" != both ] || [ -z "$creates" ] ||
		echo "# mountpoints stayed in $left of them, as documented"
}

kill_restores() {
	killed "the restore is killed: nothing is left" caller
	killed "its builder is killed: nothing is left, and it is said" builder
	killed "both are killed at once: nothing is left" both
	killed "its plugin process is killed: nothing is left, and it is said" plugins
	killed "killed, the restore leaves no mountpoint that it created" caller --create-mountpoints
	killed "killed, the builder leaves no mountpoint that it created" builder --create-mountpoints
	killed "both killed at once leave mountpoints at most" both --create-mountpoints
	killed "with new namespaces, the restore is killed: nothing is left" caller --new-ns user,pid,net,ipc
	killed "with new namespaces, both are killed: nothing is left" both --new-ns pid,net,ipc
	new_root "$work/new"
}

# Pinned or not, held or not: all, or nothing.
kill_pins() {
	local i pid wait why='' before_mounts pinned=0
	mkdir "$work/pins"
	: >"$work/pins/ns"
	measure bash -c '"$@" && umount "${!#}"' - "${restore[@]}" --pin "$work/pins/ns"
	before_mounts=$(mounts)
	for ((i = 0; i < 15 && ${#why} == 0; i++)); do
		"${restore[@]}" --pin "$work/pins/ns" 2>"$work/err" <"/dev/null" &
		pid=$!
		random wait "$took"
		pause_for "$wait"
		strike caller "$pid"
		wait "$pid" 2>"/dev/null"
		why=$(left_processes)
		if [ "$(mounts)" != "$before_mounts" ]; then
			"$rebind" diff "$container" "$work/pins/ns" >"$work/err" 2>&1 ||
				why="what is pinned is not whole; $why"
			pinned=$((pinned + 1))
			umount "$work/pins/ns"
		fi
		[ "$(mounts)" = "$before_mounts" ] || why="the mount table has changed; $why"
	done
	result "killed before it pins, nothing is pinned, else the whole" "$why"
	echo "# $i runs of $took us, $pinned had finished"
}

kill_dumps() {
	local i pid wait why='' complete=0 dump=("$rebind" dump -t "$container" "${declared[@]}" -L "$work/libs")
	measure bash -c 'rm -rf "$1" && mkdir "$1" && shift && exec "$@"' - "$work/out" "${dump[@]}" -D "$work/out"
	rm -rf "$work/out"
	mkdir "$work/out"
	for ((i = 0; i < runs && ${#why} == 0; i++)); do
		"${dump[@]}" -D "$work/out" >"$work/ran" 2>"$work/err" <"/dev/null" &
		pid=$!
		random wait "$took"
		pause_for "$wait"
		# Now and then what it started instead: then it says so.
		strike "$([ $((i % 3)) -eq 0 ] && echo builder || echo caller)" "$pid"
		wait "$pid" 2>"/dev/null"
		status=$?
		why=$(left_processes)
		[ "$status" -eq 0 ] || [ "$status" -eq 137 ] || [ -s "$work/err" ] ||
			why="exit status $status, and nothing is said; $why"
		if [ -e "$work/out/inventory.img" ]; then
			complete=$((complete + 1))
			"$rebind" diff --contents "$container" "$work/out" >"$work/err" 2>&1 ||
				why="it has an inventory, but is not whole; $why"
			rm -rf "$work/out"
			mkdir "$work/out"
		elif [ "$status" -eq 0 ]; then
			why="exit status 0, but no inventory; $why"
		elif ((i % 4 == 0)); then
			"${dump[@]}" -D "$work/out" 2>"$work/err" || why="a new dump fails; $why"
			rm -rf "$work/out"
			mkdir "$work/out"
		fi
	done
	result "a killed dump leaves an image that is whole, or none" "$why"
	echo "# $i runs of $took us, $complete had finished"
}

# restore_denied ERRNO CALLS: why it is wrong in $why, and whether it worked in $worked
restore_denied() {
	local before_mounts before_files
	why=
	worked=
	before_mounts=$(mounts)
	before_files=$(names "${watched[@]}")
	rm -f "$work/pid"
	timeout 10 "$work/deny" "$1" "$2" "${restore[@]}" --pidfile "$work/pid" <"/dev/null" >"$work/ran" 2>"$work/err"
	status=$?
	if [ "$status" -eq 0 ]; then
		worked=yes
		"$rebind" diff "$container" "$(cat "$work/pid")" >>"$work/err" 2>&1 || why="it differs"
		[ "$(mounts)" = "$before_mounts" ] || why="the mount table has changed; $why"
		[ -e "$work/pid" ] && kill -KILL "$(cat "$work/pid")"
	elif [ "$status" -ne 1 ]; then
		why="exit status $status, not 1"
	elif [ "$(wc -l <"$work/err")" -ne 1 ] || ! grep -q '^rebind: ' "$work/err"; then
		why="not one sentence"
	elif [ -e "$work/pid" ]; then
		why="a pidfile is left"
	fi
	why=$why$(left_processes)
	[ "$(mounts)" = "$before_mounts" ] || why="the mount table has changed; $why"
	[ "$(names "${watched[@]}")" = "$before_files" ] || why="files have changed; $why"
}

dump_denied() {
	local before_mounts
	why=
	worked=
	rm -rf "$work/out"
	mkdir "$work/out"
	before_mounts=$(mounts)
	timeout 10 "$work/deny" "$1" "$2" "$rebind" dump -t "$container" -D "$work/out" "${declared[@]}" \
		-L "$work/libs" <"/dev/null" >"$work/ran" 2>"$work/err"
	status=$?
	if [ "$status" -eq 0 ]; then
		worked=yes
		"$rebind" diff --contents "$container" "$work/out" >>"$work/err" 2>&1 || why="it differs"
	elif [ "$status" -ne 1 ]; then
		why="exit status $status, not 1"
	elif [ "$(wc -l <"$work/err")" -ne 1 ] || ! grep -q '^rebind: ' "$work/err"; then
		why="not one sentence"
	elif [ -n "$(ls -A "$work/out")" ]; then
		why="files are left"
	fi
	why=$why$(left_processes)
	[ "$(mounts)" = "$before_mounts" ] || why="the mount table has changed; $why"
}

outcome() {
	[ -n "$worked" ] && echo works || echo "fails with a sentence"
}

# must_work CALLS: the ones for which there is another way
must_work() {
	restore_denied ENOSYS "$1"
	[ -n "$worked" ] || why="it does not work; $why"
	result "a restore works without $1" "$why"
	dump_denied ENOSYS "$1"
	[ -n "$worked" ] || why="it does not work; $why"
	result "a dump works without $1" "$why"
}

deny_calls() {
	local call error
	compile deny "$here/deny.c"
	must_work openat2
	must_work statmount,listmount
	must_work openat2,statmount,listmount
	must_work close_range
	for call in openat2 statmount listmount open_tree move_mount mount_setattr fsopen fsconfig fsmount \
		fspick pivot_root statx mkdirat unlinkat symlinkat linkat mount umount2 unshare setns \
		chroot fchdir capset socketpair sendmsg recvmsg prctl fsync getrandom memfd_create \
		fstatfs fchownat fchmod utimensat mknodat renameat2 getdents64; do
		for error in ENOSYS EPERM; do
			restore_denied "$error" "$call"
			result "without $call ($error) a restore $(outcome)" "$why"
			dump_denied "$error" "$call"
			result "without $call ($error) a dump $(outcome)" "$why"
		done
	done
	restore+=(--create-mountpoints)
	for call in renameat2 mkdirat; do
		bare_root
		restore_denied EPERM "$call"
		# A sentence for each mountpoint.
		[ "$why" != "not one sentence" ] || grep -qv '^rebind: /.* mountpoint ' "$work/err" || why=
		result "without $call --create-mountpoints $(outcome)" "$why"
	done
}

export REBIND_TEST_PLUGIN=good REBIND_TEST_SOURCE=$work/src/plug
make_container plug
# A mount whose root is deleted: it is made under a name of ours and deleted again.
cp "$(command -v busybox)" "/proc/$container/root/tmp/busybox"
nsenter --mount="/proc/$container/ns/mnt" --root="/proc/$container/root" /tmp/busybox sh -e -c 'cd /tmp
	./busybox mkdir gone kept taken && ./busybox mount --bind gone kept && ./busybox rmdir gone && ./busybox mv taken gone
	./busybox rm busybox' || exit 1
dump_container "$container" "$work/img" -L "$work/libs"
watched+=("$work/img")
took=0
kill_restores
kill_pins
kill_dumps
deny_calls
forget "$container"
finish
