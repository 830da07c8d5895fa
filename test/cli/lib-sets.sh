# shellcheck shell=bash disable=SC2034 # the scripts use what is set here
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the scripts about sets of namespaces have in common: the process tree that is dumped, and the
# directories that it and its restores need. Sourced, with the script's own arguments.

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

compile sets -static "$here/sets.c"
mkdir -p root new vols/1 vols/2 src/1 src/2 img pins plain || exit 1
echo "volume 1" >vols/1/file
echo "volume 2" >vols/2/file
echo "source 1" >src/1/file
echo "source 2" >src/2/file
mount --bind root root && mount --bind root new || exit 1
externals=(--external 'mnt[/vol]:one' --external 'mnt[2:/vol]:two')
sources=(--external "mnt[one]:$work/src/1" --external "mnt[two]:$work/src/2")
restore=("$rebind" restore -D img --root "$work/new" "${sources[@]}")

# start: the process tree; its pids are in p1 to p4
start() {
	rm -f pids
	"$work/sets" make "$work/root" "$work/pids" "$work/vols" 2>"$work/tree" &
	if ! until_so test -s pids || ! read -r p1 p2 p3 p4 <pids; then
		result "the process tree stands" "it does not: $(cat "$work/tree")"
		finish
	fi
	known+=("$p1" "$p2" "$p3" "$p4")
}

# ok SENTENCE COMMAND...: it succeeds
ok() {
	local sentence=$1
	shift
	run "$@"
	result "$sentence" "$([ "$status" -eq 0 ] || echo "exit status $status: $(head -c 400 "$work/out")")"
}

# refused SENTENCE STATUS REGEX COMMAND...: fails with that sentence, and leaves no mount, process or file
refused() {
	local sentence=$1 wanted=$2 regex=$3 before files why=
	shift 3
	before=$(mounts)
	files=$(names pins "$work"/img* 2>"/dev/null")
	run "$@"
	if [ "$status" -ne "$wanted" ]; then
		why="exit status $status, not $wanted; "
	elif ! grep -qE "$regex" "$work/err"; then
		why="no message with '$regex'; "
	fi
	[ "$(mounts)" = "$before" ] || why+="the mount table differs; "
	[ "$(names pins "$work"/img* 2>"/dev/null")" = "$files" ] || why+="a file came or went; "
	result "$sentence" "$why$(left_processes)"
}

# unpin: all that is pinned
unpin() {
	local file
	for file in pins/*; do
		umount "$file" 2>"/dev/null"
		rm -f "$file"
	done
}
