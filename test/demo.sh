#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The main job, to look at: a process with a root of its own, a tmpfs, /proc and three volumes that it cannot
# see the sources of. Its mounts are dumped and built again under another root, with the volumes somewhere else.
# All of it in mount and pid namespaces of its own, in a directory that is removed: nothing is left.
# Exits with 1 if anything is not as it was.
#
# usage: test/demo.sh BUILD_DIR
set -euo pipefail
export LC_ALL=C

# What is dumped must not hold what we happened to be given.
for fd in /proc/self/fd/*; do
	fd=${fd##*/}
	if [ "$fd" -gt 2 ] && [ "$fd" -ne 255 ]; then
		exec {fd}>&-
	fi
done
exec </dev/null

if [ -z "${REBIND_DEMO-}" ]; then
	build=$(realpath "${1:?usage: demo.sh BUILD_DIR}")
	if [ "$(id -u)" -ne 0 ]; then
		echo "demo: it mounts: run it as root" >&2
		exit 1
	fi
	REBIND_DEMO=$(mktemp -d "${TMPDIR:-/tmp}/rebind-demo-XXXXXX")
	trap 'rm -rf --one-file-system "$REBIND_DEMO"' EXIT
	export REBIND_DEMO
	unshare --mount --propagation private --pid --fork --kill-child --mount-proc "$0" "$build"
	exit
fi
build=$1
unset NO_COLOR
# No plugins: those that are installed have no part in it.
export CRIU_LIBS_DIR=$REBIND_DEMO/none
mkdir -p "$CRIU_LIBS_DIR"
PATH=$build:$PATH
cd "$REBIND_DEMO"
wrong=0

say() {
	printf '\n\033[1m%s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9]*m//g'; fi
}

# show COMMAND...: as it would be typed, then what it says.
show() {
	local word line='$'
	for word; do
		case $word in
		*[\ \;\[]*) line+=" '$word'" ;;
		*) line+=" ${word//$build\//}" ;;
		esac
	done
	printf '%s\n' "$line" | fold -s -w 96 | sed '2,$s/^/    /; $!s/ *$/ \\/'
	"$@" 2>&1
}

# must SENTENCE COMMAND...: true of what came out, or the demo fails.
must() {
	local sentence=$1
	shift
	if "$@" >must.log 2>&1; then
		echo "  ok      $sentence"
	else
		echo "  NOT OK  $sentence"
		sed 's/^/          /' must.log
		wrong=1
	fi
}

# ---- two hosts, played by two directories ----

# A root with a busybox, and the mountpoints that its mounts have.
make_root() {
	mkdir -p "$1"/{bin,etc,proc,tmp,data,var/lib/db}
	cp /bin/busybox "$1/bin/"
	for applet in sh cat ls mount touch; do
		ln -s busybox "$1/bin/$applet"
	done
	: >"$1/etc/app.conf"
}

# The volumes of a host, DIR for its data, and the driver's map of where its own are.
make_host() {
	local host=$1 data=$2 text=$3
	mkdir -p "$host/$data" "$host/driver/17"
	echo "data on $text" >"$host/$data/hello"
	echo "config on $text" >"$host/app.conf"
	echo "database on $text" >"$host/driver/17/table"
	echo "/var/lib/db $PWD/$host/driver/17" >"$host/driver.map"
}

# The process that is dumped: what a container runtime does before it starts a program.
run_container() {
	local root=$PWD/a/root
	mount --bind "$root" "$root"
	mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
	mount -t tmpfs -o size=8m,mode=1777,nosuid,nodev scratch "$root/tmp"
	mount --bind a/volumes/data "$root/data"
	mount --bind a/app.conf "$root/etc/app.conf"
	mount -o remount,bind,ro "$root/etc/app.conf"
	mount --bind a/driver/17 "$root/var/lib/db"
	mount -o remount,bind,noexec,noatime "$root/var/lib/db"
	cd "$root"
	pivot_root . .old
	cd /
	/bin/busybox umount -l /.old
	/bin/busybox rmdir /.old
	/bin/busybox mkdir /tmp/work
	/bin/busybox ln -s notes /tmp/work/link
	echo "what the program left in its tmpfs" >/tmp/work/notes
	exec /bin/busybox sleep 3600
}

is_asleep() {
	[ "$(cat "/proc/$1/comm" 2>/dev/null)" = busybox ] &&
		tr '\0' ' ' <"/proc/$1/cmdline" | grep -q sleep
}

start_container() {
	unshare --mount --propagation private "$BASH" -euc \
		"$(declare -f run_container); run_container" >container.log 2>&1 &
	container=$!
	for ((tries = 0; tries < 400 * ${REBIND_TEST_SLOW:-1}; tries++)); do
		! is_asleep "$container" || return 0
		sleep 0.05
	done
	cat container.log >&2
	echo "demo: the container did not start" >&2
	exit 1
}

# ---- what must be so at the end ----

# In this pid namespace.
only_we_run() {
	local process
	for process in /proc/[0-9]*; do
		process=${process#/proc/}
		[ "$process" -eq $$ ] || [ "$process" -eq "$BASHPID" ] || not_running "$process" || return 1
	done
}

not_running() {
	local line
	line=$(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null) || return 0
	[ -n "$line" ] || return 0
	echo "$1 $line"
	return 1
}

same() {
	diff -u "$1" "$2"
}

list_root() {
	find b/root -printf '%P %y %m %u %s %T@\n' | sort
}

# ---- the demo ----

make_root a/root
mkdir b
cp -a a/root b/root
mkdir a/root/.old
make_host a volumes/data "host a"
make_host b elsewhere/disk3 "host b"
cat /proc/self/mountinfo >mounts.before
list_root >root.before

say "1. A process with its own root; /data, /etc/app.conf and /var/lib/db come from outside of it."
start_container
show rebind show "$container"

say "2. What would a dump of it lack? All that is wrong is said at once, and nothing is written."
mkdir image
show rebind dump -t "$container" -D image --dry-run || echo "(exit status $?)"

say "3. Two volumes get names. The third is for a plugin: it finds it in the volume driver's own map."
export BINDMOUNT_EXAMPLE_MAP=$PWD/a/driver.map
show rebind dump -t "$container" -D image -L "$build/plugins" \
	--external 'mnt[/data]:data' --external 'mnt[/etc/app.conf]:config'
show ls image

say "4. On host b the root is elsewhere, and so are the volumes. What would be done?"
export BINDMOUNT_EXAMPLE_MAP=$PWD/b/driver.map
restore=(rebind restore -D image --root b/root -L "$build/plugins"
	--external 'mnt[data]:b/elsewhere/disk3' --external 'mnt[config]:b/app.conf')
show "${restore[@]}" --dry-run

say "5. It is done, and compared with the image before anybody gets it."
show "${restore[@]}" --pidfile restored.pid
restored=$(cat restored.pid)
show rebind show "$restored"

say "6. The original still runs. Do the two differ? With --contents: also by a file of the tmpfs?"
show rebind diff --contents "$container" "$restored" && echo "(no difference)"
must "the original and what was restored are equal" rebind diff --contents "$container" "$restored"
must "the image and what was restored are equal" rebind diff --contents image "$restored"
echo "With --sources: what the root and the volumes are made of. They were to be others:"
show rebind diff --sources "$container" "$restored" | tee sources.log || :
must "the root and the three volumes are" test "$(grep -c ': root: .*/a/.* | .*/b/' sources.log)" -eq 4
kill "$restored" "$container"
wait "$container" 2>/dev/null || :

say "7. Once more from the image, this time with a command in it. What does it see?"
inside='cd /; cat data/hello etc/app.conf var/lib/db/table tmp/work/link; touch data/new etc/app.conf; ls'
show "${restore[@]}" -- /bin/sh -c "$inside" | tee seen.log || :
must "the command read the directory volume of host b" grep -qx "data on host b" seen.log
must "the file volume" grep -qx "config on host b" seen.log
must "the volume of the plugin" grep -qx "database on host b" seen.log
must "what was in the tmpfs" grep -qx "what the program left in its tmpfs" seen.log
must "the read-only volume is read-only" grep -q "app.conf: Read-only file system" seen.log
must "of rebind there is nothing to see" test "$(grep -c crt- seen.log)" -eq 0
must "the new file is on host b" test -e b/elsewhere/disk3/new

say "8. What is left of all this?"
cat /proc/self/mountinfo >mounts.after
list_root >root.after
must "the mounts here are those of before" same mounts.before mounts.after
must "the new root has no file more, less or other" same root.before root.after
must "no process is left" only_we_run

echo
if [ "$wrong" -ne 0 ]; then
	echo "demo: something is not as it was"
	exit 1
fi
echo "demo: all as it was"
