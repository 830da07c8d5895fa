#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What people bring, and what is said about it: whoever follows the advice of a finding does not get it again. Keys that
# are mountpoints, bundles with namespaces, masks that a host lacks, cgroups that are gone.
#
# usage: test/cli/brought.sh BUILD_DIR     (as root)

# shellcheck disable=SC2016 # words for another shell
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

also=left_processes

# box SCRIPT: a namespace that a script makes in $work/a/root; its pid in $box
box=
box() {
	echo "set -e; cd \"\$1/root\"; mount --bind . .; cd \"\$1/root\"; mount -t proc proc proc; $1; exec ./inside hold ." >"$work/boxed"
	hold box unshare --mount --propagation private bash "$work/boxed" "$work/a"
}

# no_loop SENTENCE OPTION...: each option that a finding of a dump of $box advises makes that finding go away
no_loop() {
	local sentence=$1 why='' line option path n=0
	shift
	run "$rebind" dump -t "$box" --dry-run --json "$@"
	[ "$(jq '.findings | length' "$work/out")" -gt 0 ] || why="there is no finding; "
	cp "$work/out" "$work/findings"
	while IFS=$'\t' read -r path line; do
		while read -r option; do
			[ -n "$option" ] || continue
			n=$((n + 1))
			option=${option//KEY/some$n}
			echo "exec \"\$@\" $option" >"$work/pasted"
			run bash "$work/pasted" "$rebind" dump -t "$box" --dry-run --json "$@"
			jq -e --arg path "$path" '[.findings[] | select(.path == $path)] | length == 0' "$work/out" >"/dev/null" ||
				why+="'$option' does not help '$path': $(jq -c '.findings[0]' "$work/out"); "
		done < <(sed 's/^pass //; s/,\{0,1\} or a plugin//g; s/ to take a copy$//; s/, or --/\n--/g; s/, --/\n--/g' <<<"$line" | grep ^--)
	done < <(jq -r '.findings[] | select(.help) | [.path, .help] | @tsv' "$work/findings")
	[ "$n" -gt 0 ] || why+="nothing is advised; "
	result "$sentence" "$why$(left_processes)"
}

compile inside -static "$here/inside.c"
mkdir -p "$work"/{a,src} "$work/src/vol" "$work/img"
new_root "$work/a/root"
new_root "$work/new"
mkdir -p "$work"/{a/root,new}/{sys,run}
echo "volume of src" >"$work/src/vol/file"

# ---- advice that is followed ----

mkdir "$work/mine" "$work/debug"
mount -t tmpfs mine "$work/mine"
mkdir "$work/mine/dir"
echo text >"$work/mine/file"
debugfs=:
mount -t debugfs debugfs "$work/debug" 2>"/dev/null" && debugfs='mount -t sysfs sysfs sys; mount -t debugfs debugfs sys/kernel/debug'
mkdir "$work/src/hidden"
mount --make-shared --bind "$work/src/vol" "$work/src/vol"
box 'mount --bind "$1/../mine" shm; mount --bind "$1/../mine/file" etc/conf; mount --bind "$1/../src/vol" vol
	mkdir -p "$1/../src/gone"; mount --bind "$1/../src/gone" ro; rmdir "$1/../src/gone"; '"$debugfs"
no_loop "what a finding of a dump advises helps"
no_loop "also where mnt[] was given, and did not take it" --external "mnt[]"
run "$rebind" dump -t "$box" --dry-run --json
jq -e '[.findings[].path] == ([.findings[].path] | sort)' "$work/out" >"/dev/null"
so "findings are sorted by path"
jq -e '[.findings[] | select(.help) | .help | test("^[a-z]")] | all' "$work/out" >"/dev/null"
so "advice begins with a verb"
jq -e '.findings[] | select(.path == "/ro") | .help | test("mnt\\[\\]") | not' "$work/out" >"/dev/null"
so "mnt[] is not advised for what was deleted"
forget "$box"
umount "$work/mine" "$work/src/vol"
umount "$work/debug" 2>"/dev/null"

# ---- keys that are mountpoints ----

mkdir -p "$work/src/other"
echo "another" >"$work/src/other/file"
box 'mount --bind "$1/../src/vol" vol; mount --bind "$1/../src/other" ro'
run "$rebind" dump -t "$box" -D "$work/img" --external "mnt[]"
[ "$status" -eq 0 ]
so "mnt[] takes what the caller has"
from=("$rebind" restore -D "$work/img" --root "$work/new")
run "${from[@]}" --external "mnt[]" --external "mnt[/vol]:$work/src/other" -- /inside cat /vol/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = another ]
so "and --external gives one of them another source, by its mountpoint"
run "${from[@]}" --external "mnt[]:sm" --inherit-fd "fd[3]:mnt[/vol]" -- /inside cat /vol/file 3<"$work/src/other"
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = another ]
so "so does --inherit-fd; CRIU's words behind mnt[] are taken on this side, too"
run "${from[@]}" --external "mnt[/vol]:$work/src/vol" --external "mnt[/ro]:$work/src/vol" -- /inside cat /vol/file
[ "$status" -eq 0 ]
so "with one for each no consent is needed"
run "${from[@]}" --external "mnt[]:x" -- /inside exit 0
[ "$status" -eq 125 ]
so "what is no word behind mnt[] is refused"
mkdir "$work/named"
run "$rebind" dump -t "$box" -D "$work/named" --external "mnt[*]"
[ "$status" -eq 0 ] && [ "$("$rebind" show --json "$work/named" | jq -c '[.mounts[].key | select(.)] | sort')" = '["/ro","/vol"]' ]
so "mnt[*] names each external mount by its mountpoint"

# ---- bundles ----

mkdir -p "$work/bundle"
cat >"$work/bundle/config.json" <<END
{ "root": { "path": "$work/new" },
  "process": { "rlimits": [ { "type": "RLIMIT_MEMLOCK", "hard": 18446744073709551615, "soft": 18446744073709551615 } ] },
  "mounts": [ { "destination": "/vol", "type": "bind", "source": "$work/src/vol" },
    { "destination": "ro", "type": "bind", "source": "$work/src/other", "options": [ "rbind" ] } ],
  "linux": { "namespaces": [ { "type": "pid" }, { "type": "uts" }, { "type": "mount" }, { "type": "network" } ] } }
END
run "$rebind" restore -D "$work/img" --bundle "$work/bundle" -- /inside cat /vol/file /ro/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = $'volume of src\nanother' ]
so "a bundle gives what mnt[] took its sources"
run "$rebind" restore -D "$work/img" --bundle "$work/bundle" --pidfile "$work/pid"
[ "$status" -eq 0 ] && known+=("$(cat "$work/pid")") && for ns in pid uts net; do
	[ "$(readlink "/proc/$(cat "$work/pid")/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ] || status="the same $ns"
done && [ "$status" = 0 ] && [ "$(readlink "/proc/$(cat "$work/pid")/ns/ipc")" = "$(readlink /proc/self/ns/ipc)" ]
so "and the namespaces that it asks for"
forget "$(cat "$work/pid")" 2>"/dev/null"
run "$rebind" restore -D "$work/img" --bundle "$work/bundle" --new-ns ipc --pidfile "$work/pid"
[ "$status" -eq 0 ] && known+=("$(cat "$work/pid")") &&
	[ "$(readlink "/proc/$(cat "$work/pid")/ns/uts")" = "$(readlink /proc/self/ns/uts)" ]
so "unless the caller names some"
forget "$(cat "$work/pid")" 2>"/dev/null"
mkdir "$work/bundled"
run "$rebind" dump -t "$box" -D "$work/bundled" --bundle "$work/bundle"
[ "$status" -eq 0 ] && [ "$("$rebind" show --json "$work/bundled" | jq -c '[.mounts[].key | select(.)] | sort')" = '["/ro","/vol"]' ]
so "a dump names the binds of a bundle by their destinations"
forget "$box"

# ---- what this host does not have ----

box 'mount -t tmpfs -o ro,size=0 mask proc/driver; mount -t tmpfs -o size=1m full tmp'
rm -r "$work/img"
mkdir "$work/img"
run "$rebind" dump -t "$box" -D "$work/img"
sed -i 's#/proc/driver#/proc/nosuch#g' "$work"/img/mountpoints-*.img
run "${from[@]}" --create-mountpoints -- /inside exit 0
[ "$status" -eq 125 ] && grep -q "^rebind: /proc/nosuch .*; pass --skip-missing-masks" "$work/err"
so "a mask that this host lacks is said, with what helps"
run "${from[@]}" --dry-run
[ "$status" -eq 1 ] && grep -q "^rebind: /proc/nosuch .*; pass --skip-missing-masks" "$work/err"
so "also by a dry run"
run "${from[@]}" --skip-missing-masks -- /inside cat /proc/self/mountinfo
[ "$status" -eq 0 ] && grep -q "warn.*/proc/nosuch.* is left out" "$work/err" && grep -q " /tmp " "$work/out" && ! grep -q nosuch "$work/out"
so "which leaves it out, with a warning"
echo "{ \"root\": { \"path\": \"$work/new\" }, \"linux\": { \"maskedPaths\": [ \"/proc/nosuch\" ] } }" >"$work/bundle/config.json"
run "$rebind" restore -D "$work/img" --bundle "$work/bundle" -- /inside exit 0
[ "$status" -eq 0 ]
so "so does a bundle that masks it"
rmdir "$work/new/tmp"
run "${from[@]}" --dry-run --skip-missing-masks
grep -q "^rebind: /tmp .*; pass --create-mountpoints" "$work/err"
so "a missing mountpoint is one to create"
mkdir "$work/new/tmp"
run "$rebind" restore -D "$work/img" --skip-missing-masks --dry-run
[ "$status" -eq 0 ] && ! grep -v "is left out" "$work/err" | grep -q .
so "and none is missing in one's own root"
forget "$box"

hierarchy=$(sed -n 's/^[0-9 :]* \/ \([^ ]*\/pids\) .* - cgroup .*/\1/p' /proc/self/mountinfo | head -1)
if [ -n "$hierarchy" ] && mkdir "$hierarchy/rebind.$own" "$hierarchy/rebind.$own/below" "$hierarchy/rebind-new.$own" 2>"/dev/null"; then
	box "mount -t tmpfs none tmp; mkdir tmp/c tmp/d; mount --bind $hierarchy/rebind.$own tmp/c; mount --bind $hierarchy/rebind.$own/below tmp/d"
	rm -r "$work/img"
	mkdir "$work/img" "$hierarchy/rebind-new.$own/below"
	run "$rebind" dump -t "$box" -D "$work/img"
	rmdir "$hierarchy/rebind.$own/below" "$hierarchy/rebind.$own"
	run "${from[@]}" --dry-run
	[ "$status" -eq 1 ] && [ "$(grep -c -- "; --cgroup-root .pids:/CGROUP" "$work/err")" -eq 2 ]
	so "a cgroup that is gone is said before anything is done"
	run "${from[@]}" --cgroup-root "pids:/rebind-new.$own" -- /inside cat /proc/self/mountinfo
	[ "$status" -eq 0 ] && grep -q " /rebind-new.$own /tmp/c " "$work/out" && grep -q " /rebind-new.$own/below /tmp/d " "$work/out"
	so "and another takes its place, with what is in it"
	run "${from[@]}" --cgroup-root "cpu:/rebind-new.$own" -- /inside exit 0
	[ "$status" -eq 125 ] && grep -q "is for no cgroup mount of the image" "$work/err"
	so "of the hierarchies that are named"
	# bundle JSON [NAMESPACE]: its cgroupsPath, and where its cgroups are
	bundle() {
		echo "{ \"root\": { \"path\": \"$work/new\" }, \"mounts\": [ { \"destination\": \"${2:-/tmp}\", \"type\": \"cgroup\" } ],
			\"linux\": { \"cgroupsPath\": $1, \"namespaces\": [ { \"type\": \"${3:-mount}\" } ] } }" >"$work/bundle/config.json"
	}
	bundled=("$rebind" restore -D "$work/img" --bundle "$work/bundle")
	bundle "\"/rebind-new.$own/\""
	run "${bundled[@]}" -- /inside cat /proc/self/mountinfo
	[ "$status" -eq 0 ] && grep -q " /rebind-new.$own /tmp/c " "$work/out" && grep -q " /rebind-new.$own/below /tmp/d " "$work/out"
	so "a bundle says which it is"
	mkdir "$hierarchy/rebind-other.$own" "$hierarchy/rebind-other.$own/below"
	run "${bundled[@]}" --cgroup-root "pids:/rebind-other.$own" -- /inside cat /proc/self/mountinfo
	[ "$status" -eq 0 ] && grep -q " /rebind-other.$own /tmp/c " "$work/out"
	so "unless the caller does"
	rmdir "$hierarchy/rebind-other.$own/below" "$hierarchy/rebind-other.$own"
	for path in "rebind-new.$own" "system.slice:rebind:new.$own"; do
		bundle "\"$path\""
		run "${bundled[@]}" --dry-run
		[ "$status" -eq 1 ] && grep -q "warn.*linux.cgroupsPath '$path' of .* is not used" "$work/err" && grep -q "its cgroup '/rebind.$own' does not exist" "$work/err"
		so "what only a runtime understands, '$path', is not used, with a warning"
	done
	bundle "\"/rebind-new.$own\"" /tmp/nowhere
	run "${bundled[@]}" --dry-run
	[ "$status" -eq 1 ] && grep -q "its cgroup '/rebind.$own' does not exist" "$work/err"
	so "a bundle that mounts its cgroups elsewhere says nothing about these"
	bundle "\"/rebind-new.$own\"" /tmp cgroup
	run "${bundled[@]}" --dry-run
	[ "$status" -eq 1 ] && grep -q "its cgroup '/rebind.$own' does not exist" "$work/err" && ! grep -q "rebind-new" "$work/err"
	so "nor does one with a cgroup namespace"
	bundle 7
	run "${bundled[@]}" --dry-run
	[ "$status" -eq 1 ] && grep -q "linux.cgroupsPath must be a string, and is a number" "$work/err"
	so "a path that is none is refused"
	forget "$box"
	rmdir "$hierarchy/rebind-new.$own/below" "$hierarchy/rebind-new.$own"
	mkdir "$hierarchy/rebind.$own"
	box "mount -t tmpfs none tmp; mkdir tmp/c; mount --bind $hierarchy/rebind.$own tmp/c"
	rmdir "$hierarchy/rebind.$own"
	run "$rebind" dump -t "$box" --dry-run
	[ "$status" -eq 1 ] && grep -q "^rebind: /tmp/c .*its cgroup '/rebind.$own' of the hierarchy 'pids' has been removed" "$work/err"
	so "one that was removed under the mount is said by the dump"
	no_loop "and what is advised helps"
	forget "$box"
else
	skip "a cgroup that is gone" "there is no hierarchy of version 1"
fi

box 'mkdir -p etc/part; mount --bind etc/part tmp'
rm -r "$work/img"
mkdir "$work/img"
run "$rebind" dump -t "$box" -D "$work/img"
run "${from[@]}" --dry-run
[ "$status" -eq 1 ] && grep -q "^rebind: /tmp .*what it shows, '/etc/part' of the root, does not exist in the new root" "$work/err"
so "a bind of what the new root lacks is said by a dry run"
mkdir "$work/new/etc/part"
run "${from[@]}" --dry-run
[ "$status" -eq 0 ]
so "and not where it is there"
forget "$box"

# ---- words ----

run "$rebind" help restore
[ "$status" -eq 0 ] && grep -q "usage: rebind restore" "$work/out"
so "help is a verb"
run "$rebind" restorr
[ "$status" -eq 2 ] && grep -q "did you mean 'restore'?" "$work/err"
so "a verb that is mistyped is answered with the nearest"
run "$rebind" dump 5325
[ "$status" -eq 2 ] && grep -q "unexpected argument '5325'; did you mean -t 5325?" "$work/err"
so "so is a pid that stands alone"
finish
