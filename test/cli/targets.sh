#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Whose namespace is dumped: of a process with another root than its namespace has, of a file that
# keeps a namespace which nobody is in, of a process that has ended, of a kernel thread, of rebind
# itself. It is the whole namespace, or an error that says why.
#
# usage: test/cli/targets.sh BUILD_DIR     (as root)

# A pid namespace of one's own has no kernel threads: asked before lib.sh makes one.
if [ -z "${REBIND_TEST_WORK-}" ] && [ -x "${1-}/rebind" ] && kthread=$(pgrep -x kthreadd | head -1) &&
	[ -n "$kthread" ]; then
	KTHREAD_SAID=$(timeout 20 "$1/rebind" dump --dry-run -t "$kthread" -D "${TMPDIR:-/tmp}" 2>&1 >"/dev/null" | head -c 4000)
	KTHREAD_STATUS=$(timeout 20 "$1/rebind" dump --dry-run -t "$kthread" -D "${TMPDIR:-/tmp}" >"/dev/null" 2>&1 && echo 0 || echo $?)
	export KTHREAD_SAID KTHREAD_STATUS
fi

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

images=0

# dump ARG...: into a new directory, $image
dump() {
	images=$((images + 1))
	image=$work/image.$images
	mkdir "$image"
	run "$rebind" dump -D "$image" "$@"
}

# whole SENTENCE ARG...: what is dumped is all that the container has
whole() {
	local sentence=$1 why=
	shift
	dump "$@" "${declared[@]}"
	if [ "$status" -ne 0 ]; then
		why="exit status $status"
	elif ! "$rebind" diff --contents "$work/img" "$image" >"$work/err" 2>&1; then
		why="it is not: $(head -1 "$work/err")"
	fi
	result "$sentence" "$why$(left_processes)"
}

# refused SENTENCE STATUS REGEX ARG...: one line that says why, and no image
refused() {
	local sentence=$1 want=$2 regex=$3 why=
	shift 3
	dump "$@"
	if [ "$status" -ne "$want" ]; then
		why="exit status $status, not $want"
	elif [ "$(wc -l <"$work/err")" -ne 1 ] || ! grep -qE "$regex" "$work/err"; then
		why="the message is not one line with '$regex'"
	elif ! rmdir "$image" 2>"/dev/null"; then
		why="something was written"
	fi
	result "$sentence" "$why$(left_processes)"
}

# in_jail VAR DIR: a process of the container's namespace that has DIR as its root
in_jail() {
	hold "$1" nsenter --mount="/proc/$container/ns/mnt" --root="/proc/$container/root$2" \
		/busybox sh -c 'echo ready; exec /busybox sleep 1000'
}

other_roots() {
	local jailed reader

	for reader in $(readers); do
		in_jail jailed /jail
		whole "the root of a chrooted process is not that of its namespace, $reader" \
			-t "$jailed" --reader "$reader" --root-of namespace
		refused "which has to be asked for, $reader" 1 "has its root at '/jail'.*; .*--root-of namespace" \
			-t "$jailed" --reader "$reader" "${declared[@]}"
		forget "$jailed"
		in_jail jailed /tmp
		whole "nor is it where that is a mount, $reader" -t "$jailed" --reader "$reader" --root-of namespace
		refused "which has to be asked for as well, $reader" 1 "has its root at '/tmp'.*; .*--root-of namespace" \
			-t "$jailed" --reader "$reader" "${declared[@]}"
		forget "$jailed"
	done
}

# As systemd-nspawn leaves it: the container's root is moved over the host's, and is shared.
moved_root() {
	local moved reader

	mkdir -p "$work"/{a/root,new}/jail/below
	cat >"$work/move" <<-'END'
		set -e
		cd "$1/a/root"
		mount --bind . .
		cd "$1/a/root"
		mount --bind jail jail
		mount -t tmpfs -o size=1m below jail/below
		mount --make-rshared jail
		exec ./inside hold . /jail
	END
	hold moved unshare --mount --propagation private bash "$work/move" "$work"
	for reader in $(readers); do
		dump -t "$moved" --reader $reader
		result "a root that another was moved over is dumped, $reader" "$([ "$status" -eq 0 ] || echo "exit status $status")"
		run "$rebind" restore -D "$image" --root "$work/new" --pidfile "$work/pid" --reader $reader
		result "and restored" "$([ "$status" -eq 0 ] || echo "exit status $status")"
		run "$rebind" diff --contents "$moved" "$(cat "$work/pid")"
		result "and equal" "$([ "$status" -eq 0 ] || echo "exit status $status: $(cat "$work/out")")"
		kill "$(cat "$work/pid")"
	done
	forget "$moved"
	rm -r "$work"/{a/root,new}/jail/below
}

# Its root is a mount that nobody else can reach any more.
lost_root() {
	local lost reader
	nsenter --mount="/proc/$container/ns/mnt" --root="/proc/$container/root" \
		/tmp/busybox sh -c '/tmp/busybox mount -t tmpfs lost /jail && /tmp/busybox cp /tmp/busybox /jail/busybox'
	in_jail lost /jail
	nsenter --mount="/proc/$container/ns/mnt" --root="/proc/$container/root" /tmp/busybox umount -l /jail
	for reader in $(readers); do
		whole "nor where that is mounted no more, $reader" -t "$lost" --reader "$reader" --root-of namespace
		refused "which has to be asked for, too, $reader" 1 "root that is mounted no more.*; .*--root-of namespace" \
			-t "$lost" --reader "$reader" "${declared[@]}"
	done
	forget "$lost"
}

# A mount over the root of a namespace without processes: who enters it cannot see below.
covered() {
	local covered pin=$work/covered.pin
	cat >"$work/cover" <<'END'
mount --bind "$1" "$1"
cd "$1"
/usr/sbin/pivot_root . old
exec /busybox sh -c '/busybox umount -l /old; /busybox mount -t tmpfs t /tmp; /busybox mount -t tmpfs cover /
	echo ready; exec /busybox sleep 1000'
END
	mkdir "$work/plain" "$work/plain/old" "$work/plain/tmp"
	cp "$(command -v busybox)" "$work/plain/busybox"
	hold covered unshare --mount --propagation private bash "$work/cover" "$work/plain"
	dump -t "$covered"
	mv "$image" "$work/covered.img"
	result "a process below a mount over the root tells all, mountinfo" \
		"$("$rebind" diff --reader mountinfo "$work/covered.img" "/proc/$covered/ns/mnt" 2>&1)"
	forget "$covered"
	cp -r "$work/plain" "$work/plain.new"
	run "$rebind" restore -D "$work/covered.img" --root "$work/plain.new" --pin "$pin"
	result "without one statmount does" "$("$rebind" diff "$work/covered.img" "$pin" 2>&1)"
	umount "$pin"
}

outside() {
	local pin=$work/pin id

	whole "a process is a target" -t "$container"
	whole "its nsfs file is one" --mntns "/proc/$container/ns/mnt"
	run "$rebind" restore -D "$work/img" --root "$work/a/root" "${sources[@]}" --pin "$pin"
	id=$(stat -L -c %i "$pin")
	forget "$container"
	result "nobody is in the namespace any more" "$(for ns in /proc/[0-9]*/ns/mnt; do
		[ "$(stat -L -c %i "$ns" 2>"/dev/null")" != "$id" ] || echo "$ns"
	done)"
	whole "a file that keeps a namespace without processes is a target" --mntns "$pin"
	run "$rebind" restore -D "$image" --root "$work/new" "${sources[@]}" -- /inside cat /vol/file /tmp/dir/file
	result "and what was dumped is restored" \
		"$([ "$(cat "$work/out")" = $'volume of src\ndata' ] || echo "exit status $status, '$(head -c 200 "$work/out")'")"
	umount "$pin"
	refused "the file without the namespace is refused" 1 "$pin.*not the file of a mount namespace" --mntns "$pin"
}

# The machine has mounts that cannot be dumped without words about them, or none: both are fine.
own() {
	local before

	before=$(mounts)
	dump -t $$
	if [ "$status" -eq 0 ]; then
		[ -e "$image/inventory.img" ]
	else
		[ "$status" -eq 1 ] && ! grep -qv '^rebind: ' "$work/err" && rmdir "$image"
	fi
	result "rebind's own namespace is dumped, or refused mount by mount" "$([ $? -eq 0 ] || echo "exit status $status")"
	result "and stays as it is" "$([ "$(mounts)" = "$before" ] || echo "the mount table differs")"
}

no_namespace() {
	local zombie parent

	# It ends when its parent is a program that waits for nobody; before, the shell would have reaped it.
	bash -c 'sleep 0.3 & echo $!; exec sleep 1000' >"$work/zombie" &
	parent=$!
	known+=("$parent")
	until zombie=$(cat "$work/zombie" 2>"/dev/null") && grep -qs '^State:.*Z' "/proc/${zombie:-none}/status"; do
		pause_for 0.02
	done
	known+=("$zombie")
	refused "a zombie has no namespace" 1 "process $zombie [(]a zombie: .*no namespaces.*: No such process" -t "$zombie"
	forget "$parent"
	refused "nor has a process that is not there" 1 "process 4194303: No such process" -t 4194303
	refused "a namespace of another kind is refused" 1 "net.*not the file of a mount namespace" --mntns "/proc/self/ns/net"
	refused "so is a file that is no namespace" 1 "null.*not the file of a mount namespace" --mntns "/dev/null"
	if [ -z "${KTHREAD_STATUS-}" ]; then
		skip "a kernel thread" "none is seen here"
		return
	fi
	echo "$KTHREAD_SAID" >"$work/err"
	result "a kernel thread is dumped or refused, in words" \
		"$([ "$KTHREAD_STATUS" -eq 0 ] || { [ "$KTHREAD_STATUS" -eq 1 ] && ! grep -qv '^rebind: ' "$work/err"; } || echo "exit status $KTHREAD_STATUS")"
}

make_container plain
for dir in "$work/a/root" "$work/new"; do
	mkdir "$dir/jail"
	cp "$(command -v busybox)" "$dir/jail/busybox"
done
cp "$work/a/root/jail/busybox" "/proc/$container/root/tmp/busybox"
dump_container "$container" "$work/img"
no_namespace
own
other_roots
lost_root
covered
moved_root
outside
finish
