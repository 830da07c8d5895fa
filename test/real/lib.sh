# shellcheck shell=bash disable=SC2034 # the scripts use what is set here
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the scripts in this directory have in common. Sourced, with the script's own arguments: it runs the script
# again in a mount namespace of its own, with a /run that is empty and cgroup2 alone on /sys/fs/cgroup, where a
# machine may have both versions.
set -u
build=$(realpath "${1:?usage: $(basename "$0") BUILD_DIR [--show]}")
show=${2:-}
if [ "${REBIND_REAL_INSIDE:-}" != 1 ]; then
	exec env REBIND_REAL_INSIDE=1 unshare --mount --propagation private bash "$0" "$@"
fi

# An emulated machine gets more time.
timeout() { command timeout "$(($1 * ${REBIND_TEST_SLOW:-1}))" "${@:2}"; }

passed=0 failed=0 skipped=0
ok() { passed=$((passed + 1)); echo "ok - $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok - $1"; }
check() { if "${@:2}"; then ok "$1"; else not_ok "$1"; fi; }
finish() { echo "$passed passed, $failed failed, $skipped skipped"; [ "$failed" = 0 ]; exit; }
skip() { skipped=$((skipped + 1)); echo "ok - # SKIP $1"; finish; }

# run WORD...: rebind; with --show it is seen
run() { [ -n "$show" ] && echo "\$ rebind $*" | sed "s#$dir#DIR#g" >&2; "$build/rebind" "$@"; }

umount -R /sys/fs/cgroup 2> /dev/null
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2> /dev/null || skip "no cgroup2 to be had"
mount -t tmpfs -o mode=755 tmpfs /run
dir=$(mktemp -d "${TMPDIR:-/tmp}/rebind-real.XXXXXX")
# What is installed on this machine has no part in it.
export CRIU_LIBS_DIR=$dir/no-plugins
mkdir "$CRIU_LIBS_DIR"
cgroup=/sys/fs/cgroup/${dir##*/}
mkdir "$cgroup" || skip "no cgroup can be made"
monitor=''

# Kills the container's processes, with whom its monitor ends, and removes cgroups and files.
cleanup() {
	[ -n "${holder:-}" ] && kill "$holder" 2> /dev/null
	[ "$(type -t stop)" = function ] && stop
	echo 1 > "$cgroup/cgroup.kill"
	[ -n "$monitor" ] && wait "$monitor" 2> /dev/null
	find "$cgroup" -depth -type d -exec rmdir {} + 2> /dev/null
	rm -rf --one-file-system "$dir"
}
trap cleanup EXIT

# make_root DIR: a root for a container, with busybox alone
make_root() {
	mkdir -p "$1"/{bin,dev,etc,proc,run,srv,sys,tmp,usr,vol/dir,vol/ro}
	cp "$(command -v busybox)" "$1/bin/busybox"
	for applet in sh sleep cat ls touch; do ln -s busybox "$1/bin/$applet"; done
	: > "$1/etc/hosts"
	echo ID=rebind-test > "$1/etc/os-release"
}

# What a container runs: it says when it is there, and stays. Of all that runs in its cgroup, it is found by its name.
program='echo kept > /tmp/file; echo ready > /vol/dir/ready; read -r line < /vol/dir/never'
find_init() {
	find "$cgroup" -name cgroup.procs -exec cat {} + | while read -r pid; do
		[[ $(tr '\0' ' ' < "/proc/$pid/cmdline") == "/bin/busybox sh -c echo kept"* ]] && echo "$pid"
	done
}

# start COMMAND...: it is to run `/bin/busybox sh -c "$program"` in a container; in the cgroup, without descriptors of
# others. The container's process is $init then.
start() {
	local said=
	mkfifo "$dir/old/dir/ready" "$dir/old/dir/never"
	(
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			[ "$fd" -gt 2 ] && eval "exec $fd>&-"
		done
		echo "$BASHPID" > "$cgroup/cgroup.procs"
		exec "$@" < /dev/null > "$dir/log" 2>&1
	) &
	monitor=$!
	said=$(timeout 20 cat "$dir/old/dir/ready")
	init=$(find_init)
	if [ "$said" != ready ] || [ -z "$init" ]; then
		cat "$dir/log"
		not_ok "$1 starts a container"
		finish
	fi
	rm "$dir/old/dir/ready"
	ok "$1 starts a container"
}

# Volumes before and after: a directory, a read-only one, a file.
make_volumes() {
	local side
	for side in old new; do
		mkdir -p "$dir/$side/dir" "$dir/$side/ro"
		echo "$side" | tee "$dir/$side/dir/which" "$dir/$side/ro/which" > "$dir/$side/hosts"
	done
}

# same_but PATH A B: the namespaces differ in what is at PATH, and in nothing else
same_but() {
	run diff --contents "$2" "$3" > "$dir/differences"
	[ $? = 1 ] && ! grep -v "^$1: " "$dir/differences"
}

# without_descriptors COMMAND...: those of others have no business in what is dumped
without_descriptors() {
	(
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			[ "$fd" -gt 2 ] && eval "exec $fd>&-"
		done
		"$@" < /dev/null > "$dir/log" 2>&1
	)
}

# make_worker FILE: a program that adds one at each SIGUSR1, and writes the sum to a file on a volume, which it keeps
# open, and to its tmpfs: "/worker /vol/dir/log /tmp/state"
make_worker() {
	"${CC:-cc}" -O1 -Wall -static -o "$1" "$(dirname "$0")/../cli/criu-worker.c" || { not_ok "the program is built"; finish; }
}
has_counted() { [ "$(tail -n 1 "$dir/old/dir/log" 2> /dev/null)" = "$1" ]; }
# until_so COMMAND...: waits until it is true, 20 seconds at most
until_so() {
	local i
	for ((i = 0; i < 1000 * ${REBIND_TEST_SLOW:-1}; i++)); do "$@" && return; sleep 0.02; done
	return 1
}
# is_ready PID: it has opened its files and can be told
can_be_told() { [ -e "$dir/old/dir/log" ] && grep -q 'SigCgt:.*200$' "/proc/$1/status"; }
is_ready() { until_so can_be_told "$1"; }
# counts PID SUM: told once more, it comes to SUM
counts() { kill -USR1 "$1" && until_so has_counted "$2"; }
