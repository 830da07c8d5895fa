#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Files that change while they are copied, and what keeps them from it: they are named, --strict fails for them, --freeze
# stops who writes. Whatever ends a dump, what it froze is thawed, and nothing of its image is left. As root.
#
# usage: test/cli/freeze.sh BUILD_DIR
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

make_container plain
file=/proc/$container/root/tmp/big
head -c 12M /dev/urandom >"$file"
img=$work/image
cgroups=()
trap 'for cgroup in "${cgroups[@]}"; do rmdir "$cgroup"; done' EXIT

# dump OPTION...
dump() {
	rm -rf "$img"
	mkdir "$img"
	timeout 60 "$rebind" dump -D "$img" "${declared[@]}" "$@" >"$work/out" 2>"$work/err"
	status=$?
}

# left_files: WHY something is in the image directory after a moment, or nothing
is_empty() { [ -z "$(ls -A "$img")" ]; }
left_files() {
	until_so is_empty ||
		echo "files are left: $(ls -A "$img"); "
}

exits() {
	[ "$status" -eq "$1" ] || echo "exit status $status, not $1; "
}

# says FILE REGEX; says_not
says() {
	grep -qE -- "$2" "$work/$1" || echo "it does not say '$2'; "
}
says_not() {
	! grep -qE -- "$2" "$work/$1" || echo "it says '$2'; "
}

# ---- a process that writes all the time ----

write_always() {
	while :; do
		printf %s "$RANDOM" 1<>"$file"
		pause_for 0.002
	done
}
write_always &
writer=$!
known+=("$writer")

dump -t "$container"
result "a file that changes is named in a warning" "$(exits 0)$(says err "mount [0-9]+: '/tmp/big' changed while it was copied")"
dump -t "$container" --json
result "and in the JSON" "$(exits 0)$(says out '"path": ?"/tmp/big"')$(
	jq -e '.changed | map(.path) == ["/tmp/big"]' "$work/out" >"/dev/null" || echo "it is not in 'changed'")"
dump -t "$container" --strict
result "with --strict the dump fails for it" "$(exits 1)$(says err '^rebind: /tmp/big .*changed while it was copied; (pass )?--freeze')$(left_files)"
dump -t "$container" --strict --json
result "and says so in the JSON" "$(exits 1)$(
	jq -e '.findings[0].code == "changed" and .changed[0].path == "/tmp/big"' "$work/out" >"/dev/null" || echo "it is not there")"

# ---- freezers ----

# make_cgroup VERSION: in $cgroup; false if there is none to be had here
make_cgroup() {
	local kind=cgroup2 mount test=cgroup.freeze
	[ "$1" = 2 ] || kind=cgroup test=freezer.state
	while read -r mount; do
		cgroup=$mount/rebind-freeze-$own
		mkdir "$cgroup" 2>"/dev/null" || continue
		[ ! -e "$cgroup/$test" ] || return 0
		rmdir "$cgroup"
	done < <(awk -v kind=$kind '$(NF - 2) == kind { print $5 }' /proc/self/mountinfo)
	return 1
}

# state: "frozen", "thawed" or something else
state() {
	if [ "$version" = 1 ]; then
		case $(<"$cgroup/freezer.state") in
		THAWED) echo thawed ;;
		FROZEN) echo frozen ;;
		*) echo freezing ;;
		esac
	elif [ "$(<"$cgroup/cgroup.freeze")" = 0 ]; then
		echo thawed
	else
		grep -q "frozen 1" "$cgroup/cgroup.events" && echo frozen || echo freezing
	fi
}

# set_state frozen | thawed
set_state() {
	case $version$1 in
	1frozen) echo FROZEN >"$cgroup/freezer.state" ;;
	1thawed) echo THAWED >"$cgroup/freezer.state" ;;
	2frozen) echo 1 >"$cgroup/cgroup.freeze" ;;
	2thawed) echo 0 >"$cgroup/cgroup.freeze" ;;
	esac
}

# becomes STATE: WHY it does not, in a moment
is_in_state() { [ "$(state)" = "$1" ]; }
becomes() {
	until_so is_in_state "$1" || echo "it is $(state), not $1; "
}

# is_writing: WHY the file stays as it is
was_written() { [ "$(stat -c %z "$file")" != "$1" ]; }
is_writing() {
	until_so was_written "$(stat -c %z "$file")" || echo "who writes stands still; "
}

# interrupted SENTENCE SIGNAL WHEN TARGET: WHEN, in hundredths of a second, it is frozen; TARGET: process or group
interrupted() {
	local pid
	rm -rf "$img"
	mkdir "$img"
	# Bash has the background ignore the keys of a terminal.
	env --default-signal=INT,QUIT setsid "$rebind" dump -D "$img" "${declared[@]}" -t "$container" --freeze >"$work/out" 2>"$work/err" &
	pid=$!
	becomes frozen
	pause_for "0.$3"
	[ "$4" = process ] && kill -"$2" "$pid" || kill -"$2" -- "-$pid"
	wait "$pid" 2>"/dev/null"
	result "$1" "$(becomes thawed)$(is_writing)$(left_files)$(left_processes)"
}

test_version() {
	local pid
	for pid in "$container" "$writer"; do
		echo "$pid" >"$cgroup/cgroup.procs" || return
	done
	dump -t "$container" --freeze --strict
	result "$1: frozen, nothing changes" "$(exits 0)$(says_not err changed)$(becomes thawed)$(is_writing)"
	dump -t "$container" --freeze --dry-run
	result "$1: a dry run freezes nothing" "$(exits 0)$(becomes thawed)$([ -z "$(ls -A "$img")" ] || echo files)"
	set_state frozen
	becomes frozen
	dump -t "$container" --freeze --strict
	result "$1: what was frozen before stays frozen" "$(exits 0)$(becomes frozen)"
	set_state thawed
	dump -t "$container" --freeze --external "mnt[/none]:none"
	result "$1: it is thawed when the dump fails" "$(exits 1)$(becomes thawed)$(is_writing)$(left_files)"
	interrupted "$1: and when rebind is killed" KILL 05 process
	for pid in INT TERM HUP QUIT; do
		interrupted "$1: and at SIG$pid to all of its group, of which no archive stays" "$pid" "$((RANDOM % 2))5" group
	done
	mkdir "$cgroup/below"
	cgroups=("$cgroup/below" "${cgroups[@]}")
	echo "$writer" >"$cgroup/below/cgroup.procs"
	dump -t "$container" --freeze --strict
	result "$1: what is below it is frozen too" "$(exits 0)$(becomes thawed)$(is_writing)"
	rm -rf "$img"
	mkdir "$img"
	bash -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$cgroup/below" \
		timeout 60 "$rebind" dump -D "$img" "${declared[@]}" -t "$container" --freeze >"$work/out" 2>"$work/err"
	status=$?
	result "$1: a cgroup that the caller is in is refused" "$(exits 1)$(
		says err "the cgroup '.*' of process [0-9]+ cannot be frozen: the caller is in it too")$(becomes thawed)"
	for pid in "$container" "$writer"; do
		echo "$pid" >"${cgroup%/*}/cgroup.procs"
	done
}

dump -t "$container" --freeze
if [[ $(sed -n 's/^0:://p' /proc/self/cgroup)$(sed -n 's/^[0-9]*:freezer://p' /proc/self/cgroup) =~ ^/+$ ]]; then
	result "a root cgroup is refused" "$(exits 1)$(says err "the cgroup '/' of process [0-9]+ cannot be frozen: it is the root")$(left_files)"
else
	result "the caller's own cgroup is refused" "$(exits 1)$(says err "cannot be frozen: the caller is in it")$(left_files)"
fi
for version in 1 2; do
	if make_cgroup $version; then
		cgroups=("$cgroup" "${cgroups[@]}")
		test_version "cgroup v$version"
	else
		skip "cgroup v$version" "there is none here that can freeze"
	fi
done
dump --mntns "/proc/$container/ns/mnt" --freeze
result "--freeze takes a process" "$(exits 2)$(says err '^rebind: --freeze takes a process: give -t PID')"
timeout 20 "$rebind" criu dump -t "$container" -D "$img" --freeze >"$work/out" 2>"$work/err"
status=$?
result "and no CRIU, which freezes itself" "$(exits 2)$(says err 'CRIU freezes')"
kill -KILL "$writer"
wait "$writer" 2>"/dev/null"
forget "$container"
finish
