#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Dump and restore where things are legal and unusual: how paths are written, what stands where, and what the caller
# handed down: limits, signals, descriptors, a umask, a /proc.
#
# usage: test/cli/surroundings.sh BUILD_DIR     (as root)

# shellcheck disable=SC2016,SC2154 # words for another shell; $build is of lib.sh
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

images=0
# goes SENTENCE [WRAPPER...]: the container is dumped and restored, both by way of the wrapper, and it is all there
goes() {
	local sentence=$1 why=
	shift
	images=$((images + 1))
	mkdir "$work/img$images"
	run "$@" "$rebind" dump -t "$container" -D "$work/img$images" "${declared[@]}"
	if [ "$status" -ne 0 ]; then
		why="dump: exit status $status; "
	else
		run "$@" "$rebind" restore -D "$work/img$images" --root "$work/new" "${sources[@]}" --pidfile "$work/pid"
		if [ "$status" -ne 0 ]; then
			why="restore: exit status $status; "
		else
			"$rebind" diff --contents "$container" "$(cat "$work/pid")" >"$work/err" 2>&1 || why="they differ; "
			kill -KILL "$(cat "$work/pid")"
		fi
	fi
	rm -f "$work/pid"
	result "$sentence" "$why$(left_processes)"
}

# restores SENTENCE COMMAND...: it prints what is in the volume
restores() {
	local sentence=$1
	shift
	run "$@"
	result "$sentence" "$([ "$status" -eq 0 ] && [ "$(cat "$work/out")" = "volume of src" ] ||
		echo "exit status $status, '$(head -c 200 "$work/out")'; ")$(left_processes)"
}

# says SENTENCE STATUS REGEX COMMAND...: one line
says() {
	local sentence=$1 want=$2 regex=$3
	shift 3
	run "$@"
	result "$sentence" "$([ "$status" -eq "$want" ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -Eq "$regex" "$work/err" ||
		echo "exit status $status; ")$(left_processes)"
}

paths() {
	local look=(-- /inside cat /vol/file) relative=()

	cd "$work" || exit 1
	relative=(--external "mnt[vol]:src/vol" --external "mnt[conf]:./src/../src/conf" --external "mnt[ro]:src/ro/"
		--external "mnt[deep]:src//deep/.")
	restores "relative paths are from the working directory" "$rebind" restore -D img --root new "${relative[@]}" "${look[@]}"
	restores "slashes at the end do no harm" "$rebind" restore -D "$work/img//" --root "$work/new///" "${relative[@]}" "${look[@]}"
	restores "nor do . and .." "$rebind" restore -D ./new/../img --root src/../new/. "${relative[@]}" "${look[@]}"
	ln -s img link
	ln -s new root-link
	ln -s src/vol vol-link
	restores "an image and a root may be symlinks" "$rebind" restore -D link --root root-link "${sources[@]}" "${look[@]}"
	restores "so may sources" "$rebind" restore -D link --root root-link "${sources[@]/$work\/src\/vol/vol-link}" "${look[@]}"
	cd new || exit 1
	restores "the root may be the working directory" "$rebind" restore -D ../img --root . "${sources[@]}" "${look[@]}"
	cd .. || exit 1
	mkdir rel
	run "$rebind" dump -t "$container" -D rel/../rel/ "${declared[@]}"
	result "an image is written to a relative path" "$([ "$status" -eq 0 ] && [ -e rel/inventory.img ] || echo "exit status $status")"
	run "$rebind" restore -D rel --root new "${relative[@]}" --pidfile ./rel.pid
	result "a pidfile, too" "$([ "$status" -eq 0 ] && kill -KILL "$(cat rel.pid)" || echo "exit status $status")"
	run "$rebind" restore -D rel --root new "${relative[@]}" --pin pin
	result "and a pin" "$([ "$status" -eq 0 ] && umount pin || echo "exit status $status")"
	run "$rebind" restore -D rel --root new "${relative[@]}" -o log -vv "${look[@]}"
	result "and a log" "$([ "$status" -eq 0 ] && [ -s log ] || echo "exit status $status")"
	mkdir gone
	(cd gone && rmdir ../gone && run "$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}" "${look[@]}"
		exit "$status")
	result "a working directory that was deleted does no harm" "$([ $? -eq 0 ] || echo "it does")"
	(mkdir gone && cd gone && rmdir ../gone && run "$rebind" restore -D img --root "$work/new" "${sources[@]}" "${look[@]}"
		exit "$status")
	result "but nothing is found from there" "$([ $? -eq 125 ] || echo "something is")"
	rm -rf rel link root-link vol-link log pin rel.pid
}

places() {
	local look=(-- /inside cat /vol/file)

	# In the dumped namespace's own tmpfs, which is what is dumped.
	mkdir "/proc/$container/root/shm/image"
	run "$rebind" dump -t "$container" -D "/proc/$container/root/shm/image" "${declared[@]}"
	result "an image in a tmpfs that is dumped is whole or refused" \
		"$([ "$status" -eq 0 ] || { [ "$status" -eq 1 ] && [ "$(wc -l <"$work/err")" -eq 1 ]; } || echo "exit status $status")"
	rm -r "/proc/$container/root/shm/image"
	mkdir "$work/tmpfs"
	mount -t tmpfs tmpfs "$work/tmpfs"
	cp -a "$work/new/." "$work/tmpfs"
	restores "a root may be a tmpfs" "$rebind" restore -D "$work/img" --root "$work/tmpfs" "${sources[@]}" "${look[@]}"
	mount -o remount,ro "$work/tmpfs"
	restores "one that is read-only" "$rebind" restore -D "$work/img" --root "$work/tmpfs" "${sources[@]}" "${look[@]}"
	umount "$work/tmpfs"
	mount --bind "$work/new" "$work/new"
	restores "a root may be bound to itself" "$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}" "${look[@]}"
	mount --make-shared "$work/new"
	restores "and be shared" "$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}" "${look[@]}"
	mount --make-unbindable "$work/new"
	run "$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}" "${look[@]}"
	result "an unbindable one is refused, with a reason" "$([ "$status" -ne 0 ] && grep -q "unbindable\|bind" "$work/err" &&
		[ "$(wc -l <"$work/err")" -eq 1 ] || echo "exit status $status")"
	umount "$work/new"
	mount --bind "$work/img" "$work/img"
	mount -o remount,bind,ro "$work/img"
	restores "an image may be read-only" "$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}" "${look[@]}"
	mkdir "$work/sealed"
	mount -t tmpfs -o ro tmpfs "$work/sealed"
	says "an image cannot be written to what is read-only" 1 "Read-only file system" \
		"$rebind" dump -t "$container" -D "$work/sealed" "${declared[@]}"
	umount "$work/sealed" "$work/img"
}

no_proc() {
	mkdir "$work/noproc"
	says "without /proc it is said" 1 "/proc" unshare --mount --propagation private bash -c \
		'mount -t tmpfs tmpfs /proc && exec "$@"' - "$rebind" dump -t "$container" -D "$work/noproc" "${declared[@]}"
	says "a restore, too" 1 "/proc" unshare --mount --propagation private bash -c \
		'mount -t tmpfs tmpfs /proc && exec "$@"' - "$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}" --pidfile "$work/pid"
	says "to show a process, too" 1 "/proc" unshare --mount --propagation private bash -c \
		'mount -t tmpfs tmpfs /proc && exec "$@"' - "$rebind" show "$container"
}

handed_down() {
	goes "with 64 descriptors" prlimit --nofile=64:4096
	goes "with 64 and no more" prlimit --nofile=64:64
	goes "with a umask that takes everything" bash -c 'umask 0777; exec "$@"' -
	goes "without an environment" env -i
	goes "with signals ignored" env --ignore-signal=CHLD,PIPE,HUP,INT,TERM,ALRM,USR1
	goes "with signals blocked" env --block-signal
	goes "as a subreaper's child" "$work/reaper"
	goes "in a new session" setsid -w
	goes "without standard descriptors" bash -c 'exec "$@" <&- >&- 2>&-' -
	goes "with a nice value and a scheduler of its own" chrt --idle 0
	goes "with a thousand open descriptors" bash -c 'for ((i = 10; i < 900; i++)); do eval "exec $i</dev/null"; done; exec "$@"' -
	if grep -qa __asan_init "$rebind"; then
		skip "with an address space of 1 GiB" "the address sanitizer needs terabytes"
	else
		goes "with an address space of 1 GiB" prlimit --as=1073741824
	fi
	goes "with no core and no locked memory" prlimit --core=0 --memlock=0
	goes "with a stack of 64 KiB" prlimit --stack=65536
	goes "in new namespaces of every other kind" unshare --uts --ipc --net --cgroup
	goes "with no_new_privs" setpriv --no-new-privs
	goes "with real and saved ids that are others'" setpriv --ruid=1000
	goes "with a personality" setarch -R
	goes "with a /proc that hides other users' processes" unshare --mount --propagation private bash -c \
		'mount -t proc -o hidepid=2 proc /proc && exec "$@"' -
	says "a small RLIMIT_FSIZE is an error, not a signal" 1 "File too large" bash -c '
		mkdir "$1/fsize"; exec prlimit --fsize=1000 "${@:2}" -D "$1/fsize"' - "$work" "$rebind" dump -t "$container" "${declared[@]}"
	result "and leaves no image" "$([ -z "$(ls "$work/fsize")" ] || ls "$work/fsize")"
	says "nor is it one to those around: a program that cannot be written to be executed" 1 "File too large" \
		prlimit --fsize=100000 "$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}" --pidfile "$work/pid"
	if grep -qa __asan_init "$rebind"; then
		skip "without /proc it is said" "the address sanitizer needs /proc"
	else
		no_proc
	fi
	says "with the /proc of another pid namespace" 1 "/proc" unshare --pid --fork --kill-child \
		"$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}" --pidfile "$work/pid"
}

cat >"$work/reaper.c" <<'END'
#include <sys/prctl.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	execvp(argv[1], argv + 1);
	return 127;
}
END
compile reaper "$work/reaper.c"
make_container plain
dump_container "$container" "$work/img"

paths
places
handed_down
forget "$container"
finish
