#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A namespace is bound to a file every time: whatever the ids that the kernel hands out on each CPU,
# in a chroot, in another user namespace; or it is said why the file cannot be had.
#
# usage: test/cli/pin.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

restore=("$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}")

# pinned SENTENCE FILE COMMAND...: what is bound there is what was dumped
pinned() {
	local sentence=$1 pin=$2 why=
	shift 2
	run "$@" --pin "$pin"
	if [ "$status" -ne 0 ]; then
		why="exit status $status"
	elif [ "$(nsenter --mount="$pin" /inside cat /vol/file)" != "volume of src" ]; then
		why="it is not the namespace"
	fi
	umount "$pin" 2>"/dev/null"
	rm -f "$pin"
	result "$sentence" "$why$(left_processes)"
}

# refused SENTENCE REGEX FILE: one line that says why; nothing is left
refused() {
	local sentence=$1 regex=$2 pin=$3 before why=
	before=$(mounts)
	run "${restore[@]}" --pin "$pin"
	if [ "$status" -ne 1 ]; then
		why="exit status $status, not 1; "
	elif [ "$(wc -l <"$work/err")" -ne 1 ] || ! grep -qE "$regex" "$work/err"; then
		why="the message is not one line with '$regex'; "
	fi
	[ "$(mounts)" = "$before" ] || why+="the mount table differs; "
	[ ! -e "$pin" ] || why+="the file is left; "
	result "$sentence" "$why$(left_processes)"
}

# Ids come per CPU, in batches: the next CPU's may be smaller by thousands than one's own.
often() {
	local cpus cpu i done=0 why='' before
	before=$(mounts)
	IFS=' ' read -r -a cpus <<<"$(taskset -pc $$ | sed 's/.*: //' | tr ',' '\n' |
		awk -F- '{ for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i }' | head -8 | tr '\n' ' ')"
	for ((i = 0; i < 50 && ${#why} == 0; i++)); do
		cpu=${cpus[i % ${#cpus[@]}]}
		run taskset -c "$cpu" "${restore[@]}" --pin "$work/pins/$i"
		[ "$status" -eq 0 ] || why="time $i, on CPU $cpu: exit status $status"
		done=$((done + 1))
	done
	result "fifty pins in a row, on ${#cpus[@]} CPUs by turns" "$why$(left_processes)"
	for ((i = 0; i < done; i++)); do
		umount "$work/pins/$i" && rm "$work/pins/$i"
	done
	result "none is left" "$([ "$(mounts)" = "$before" ] || echo "the mount table differs")"
}

# A plain directory with what rebind needs, and the image, the root and the sources in it.
# Two are never bound to one file: umount(8) would then end only the later one.
already_pinned() {
	local before
	run "${restore[@]}" --pin "$work/pins/one"
	before=$(mounts)
	run "${restore[@]}" --pin "$work/pins/one"
	[ "$status" -eq 1 ] && grep -q "pins/one' of --pin holds a namespace already" "$work/err"
	so "a file that holds a namespace is refused"
	result "and holds it still" "$([ "$(mounts)" = "$before" ] || echo "the mount table differs")$(left_processes)"
	umount "$work/pins/one" && : >"$work/pins/file" && ln -s file "$work/pins/link"
	run "${restore[@]}" --pin "$work/pins/link"
	[ "$status" -eq 0 ] && umount "$work/pins/file"
	so "where it is a symlink, the file that it leads to is bound"
	rm "$work/pins/one" "$work/pins/file" "$work/pins/link"
}

in_a_chroot() {
	local dir reader jail=$work/jail
	mkdir -p "$jail"/{proc,work,build}
	for dir in usr lib lib64 bin; do
		if [ -L "/$dir" ]; then
			cp -P "/$dir" "$jail/$dir"
		elif [ -d "/$dir" ]; then
			mkdir "$jail/$dir"
			mount --bind "/$dir" "$jail/$dir"
		fi
	done
	mount -t proc proc "$jail/proc"
	mount --bind "$work" "$jail/work"
	mount --bind "$build" "$jail/build"
	sources=("${sources[@]//$work/\/work}")
	local inside=(chroot "$jail" /build/rebind restore -D /work/img --root /work/new "${sources[@]}")
	for reader in $(readers); do
		run "${inside[@]}" --reader "$reader" --pin /pin
		result "in a chroot it is pinned, $reader" "$([ "$status" -eq 0 ] || echo "exit status $status")"
		result "and is what was dumped" "$("$rebind" diff "$container" "$jail/pin" 2>&1 | head -3)"
		umount "$jail/pin"
	done
	run "${inside[@]}" --new-ns user --pin /pin2
	result "in a chroot with another user namespace, too" "$([ "$status" -eq 0 ] || echo "exit status $status")"
	umount "$jail/pin2"
	run chroot "$jail" /build/rebind check
	result "and check misses nothing there" "$([ "$status" -eq 0 ] || echo "exit status $status")$(grep MISSING "$work/out")"
	grep -E '^(pivot_root|move_mount|user namespaces) ' "$work/out" >"$work/inside-says"
	run "$rebind" check
	result "but says the same as outside" \
		"$(grep -E '^(pivot_root|move_mount|user namespaces) ' "$work/out" | diff - "$work/inside-says")"
	umount -R "$jail/proc" "$jail/work" "$jail/build"
	for dir in usr lib lib64 bin; do
		[ -L "$jail/$dir" ] || [ ! -d "$jail/$dir" ] || umount "$jail/$dir"
	done
}

on_shared_mounts() {
	mkdir "$work/shared" "$work/peer"
	mount -t tmpfs tmpfs "$work/shared"
	mount --make-shared "$work/shared"
	pinned "a file on a shared mount that has no peers is good" "$work/shared/pin" "${restore[@]}"
	mount --bind "$work/shared" "$work/peer"
	refused "where it has one, why not is said" "shared/pin'.*shared mount.*private" "$work/shared/pin"
	mount --make-slave "$work/peer"
	refused "so it is where it has a slave" "shared/pin'.*shared mount.*private" "$work/shared/pin"
	pinned "on the slave it is good" "$work/peer/pin" "${restore[@]}"
	umount "$work/peer" "$work/shared"
}

make_container plain
dump_container "$container" "$work/img"
mkdir "$work/pins"
often
pinned "also where another user namespace owns it" "$work/pins/user" "${restore[@]}" --new-ns user,pid
already_pinned
on_shared_mounts
in_a_chroot
forget "$container"
finish
