#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Wrong input: said in one clear sentence for each thing that is wrong, all of them in one run, with
# the right exit status; and mounts, files and processes are afterwards as they were.
#
# usage: test/cli/wrong-input.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# Set before each run: what must not change, and what says so.
list=listing

# refused SENTENCE STATUS REGEX... -- COMMAND...: each line of stderr is matched by its own REGEX, in
# this order, and nothing has changed
refused() {
	local sentence=$1 want=$2 why='' line regexes=() before_mounts before_files i=0
	shift 2
	while [ "$1" != -- ]; do
		regexes+=("$1")
		shift
	done
	shift
	before_mounts=$(mounts)
	before_files=$($list "${watched[@]}")
	timeout 20 "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
	while read -r line; do
		if [ "$i" -ge "${#regexes[@]}" ]; then
			why="more than ${#regexes[@]} lines"
		elif [[ ! $line =~ ${regexes[i]} ]]; then
			why="line $((i + 1)) does not match /${regexes[i]}/"
		elif [[ ! $line =~ ^rebind ]]; then
			why="line $((i + 1)) does not say who speaks"
		fi
		[ -z "$why" ] || break
		i=$((i + 1))
	done <"$work/err"
	if [ -z "$why" ] && [ "$i" -lt "${#regexes[@]}" ]; then
		why="nothing matches /${regexes[i]}/"
	fi
	[ "$status" -eq "$want" ] || why="exit status $status, not $want; $why"
	[ ! -s "$work/out" ] || why="something on stdout; $why"
	[ "$(mounts)" = "$before_mounts" ] || why="the mount table has changed; $why"
	[ "$($list "${watched[@]}")" = "$before_files" ] ||
		why="files have changed: $(diff <(echo "$before_files") <($list "${watched[@]}") | tr '\n' ' '); $why"
	result "$sentence" "$why$(left_processes)"
}

# works SENTENCE COMMAND...
works() {
	local sentence=$1 why='' before_mounts
	shift
	before_mounts=$(mounts)
	timeout 20 "$@" <"/dev/null" >"$work/out" 2>"$work/err" || why="exit status $?"
	[ "$(mounts)" = "$before_mounts" ] || why="the mount table has changed; $why"
	result "$sentence" "$why$(left_processes)"
}

image() {
	rm -rf "${work:?}/image"
	cp -a "$work/img" "$work/image"
}

# The archives of the container: that of /tmp, and the larger one, of /shm, with noise in it.
archives() {
	find "$1" -name 'tmpfs-dev-*' -printf '%s %p\n' | sort -n | cut -d ' ' -f 2-
}

# overwrite FILE OFFSET BYTES(printf)
overwrite() {
	# shellcheck disable=SC2059 # the bytes are escapes
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

with=("$rebind" restore -D "$work/image" --root "$work/new")
run=(-- /inside exit 0)

damaged_images() {
	local size file

	mkdir -p "$work/empty"
	refused "a directory without an image is named" 125 "inventory.img" -- \
		"$rebind" restore -D "$work/empty" --root "$work/new" "${run[@]}"
	refused "a missing image directory is named" 125 "image directory '$work/none'.*No such file" -- \
		"$rebind" restore -D "$work/none" --root "$work/new" "${run[@]}"
	refused "an image directory that is a file is named" 125 "'$work/src/conf'.*Not a directory" -- \
		"$rebind" restore -D "$work/src/conf" --root "$work/new" "${run[@]}"
	refused "without a COMMAND the status of a failure is 1" 1 "inventory.img" -- \
		"$rebind" restore -D "$work/empty" --root "$work/new" --pidfile "$work/pid"

	image
	truncate -s 10 "$work/image/inventory.img"
	refused "a truncated inventory is named" 125 "inventory.img" -- "${with[@]}" "${sources[@]}" "${run[@]}"
	image
	: >"$work/image/inventory.img"
	refused "an empty inventory is named" 125 "inventory.img" -- "${with[@]}" "${sources[@]}" "${run[@]}"
	image
	overwrite "$work/image/inventory.img" 0 '\377'
	refused "an inventory with another magic is named" 125 "inventory.img" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	image
	overwrite "$work/image/mountpoints-1.img" 5 '\377'
	refused "mountpoints with another magic are named" 125 "mountpoints-1.img" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	image
	rm "$work/image/mountpoints-1.img"
	refused "missing mountpoints are named" 125 "mountpoints" -- "${with[@]}" "${sources[@]}" "${run[@]}"
	image
	head -c 64 "/dev/zero" | tr '\0' '\377' |
		dd of="$work/image/mountpoints-1.img" bs=1 seek=12 conv=notrunc status=none
	refused "a record of garbage is named" 125 "mountpoints-1.img" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	image
	printf '\4\0\0\0abcd' >>"$work/image/mountpoints-1.img"
	refused "garbage behind the last record is named" 125 "mountpoints-1.img" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	image
	mv "$work/image/mountpoints-1.img" "$work/image/mountpoints-4294967296.img"
	refused "a number that no namespace has is not taken" 125 "mountpoints" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	image
	cp "$work/image/mountpoints-1.img" "$work/image/mountpoints-2.img"
	refused "of several namespaces one must be named" 125 "--ns-id" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	refused "a namespace that the image has not is named" 125 "[^0-9]7" -- \
		"${with[@]}" "${sources[@]}" --ns-id 7 "${run[@]}"

	# Wherever it ends: never less than what was dumped.
	size=$(stat -c %s "$work/img/mountpoints-1.img")
	image
	file=$work/image/mountpoints-1.img
	local cut bad=
	for ((cut = size - 1; cut >= 0; cut -= 13)); do
		truncate -s "$cut" "$file"
		"${with[@]}" "${sources[@]}" "${run[@]}" 2>"$work/err"
		status=$?
		[ "$status" -eq 125 ] || bad="$bad $cut (status $status)"
		[ "$(wc -l <"$work/err")" -ge 1 ] || bad="$bad $cut (nothing said)"
		grep -q mountpoints-1.img "$work/err" || bad="$bad $cut (file not named)"
	done
	result "mountpoints cut anywhere are refused" "${bad:+cut at$bad}"
}

damaged_archives() {
	local first second cut bad=

	image
	rm "$(archives "$work/image" | tail -1)"
	refused "a missing tmpfs archive is named" 125 "/shm.*tmpfs-dev-|tmpfs-dev-.*/shm" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	image
	first=$(archives "$work/image" | head -1)
	second=$(archives "$work/image" | tail -1)
	mv "$first" "$work/image/x"
	mv "$second" "$first"
	mv "$work/image/x" "$second"
	refused "archives that were swapped are refused" 125 "'/(tmp|shm)'" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	image
	echo text >"$second"
	refused "an archive that is none is named" 125 "/shm" -- "${with[@]}" "${sources[@]}" "${run[@]}"
	image
	for ((cut = $(stat -c %s "$second") - 1; cut >= 0; cut -= 211)); do
		truncate -s "$cut" "$second"
		"${with[@]}" "${sources[@]}" "${run[@]}" 2>"$work/err"
		status=$?
		[ "$status" -eq 125 ] || bad="$bad $cut (status $status)"
		grep -q /shm "$work/err" || bad="$bad $cut (mount not named)"
	done
	result "an archive cut anywhere is refused" "${bad:+cut at$bad}"
	image
	overwrite "$second" 2000 'XXXXXXXX'
	refused "an archive with other bytes in it is named" 125 "tmpfs-dev-.*/shm" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	image
	overwrite "$second" "$(($(stat -c %s "$second") - 6))" 'XX'
	refused "so is one whose checksum differs" 125 "tmpfs-dev-.*/shm.*(dumped|incorrect data check)" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	image
	echo text >>"$second"
	refused "and one with something behind its end" 125 "tmpfs-dev-.*/shm.*(dumped|behind the end)" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
}

keys_and_sources() {
	local no_vol=("${sources[@]:2}")

	image
	refused "a key that no record has is named" 125 "'nokey'" -- \
		"${with[@]}" "${sources[@]}" --external "mnt[nokey]:/" "${run[@]}"
	refused "a key given twice is named" 125 "'vol'.*twice" -- \
		"${with[@]}" "${sources[@]}" --external "mnt[vol]:$work/src/ro" "${run[@]}"
	refused "a volume without a source is named, with the option that helps" 125 \
		"^rebind: /vol .*--external 'mnt\\[vol\\]:" -- "${with[@]}" "${no_vol[@]}" "${run[@]}"
	refused "all volumes without a source are named at once" 125 "/(vol|etc/conf|ro|deep/er/vol) " \
		"/(vol|etc/conf|ro|deep/er/vol) " "/(vol|etc/conf|ro|deep/er/vol) " \
		"/(vol|etc/conf|ro|deep/er/vol) " -- "${with[@]}" "${run[@]}"
	refused "a source that does not exist is named" 125 "/vol .*$work/none.*No such file" -- \
		"${with[@]}" "${no_vol[@]}" --external "mnt[vol]:$work/none" "${run[@]}"
	refused "a source behind a file is named" 125 "/vol .*$work/src/conf/x.*Not a directory" -- \
		"${with[@]}" "${no_vol[@]}" --external "mnt[vol]:$work/src/conf/x" "${run[@]}"
	refused "a file for a directory is named" 125 "/vol .*$work/src/conf.* is a file.* of a directory" -- \
		"${with[@]}" "${no_vol[@]}" --external "mnt[vol]:$work/src/conf" "${run[@]}"
	refused "a directory for a file is named" 125 \
		"/etc/conf .*$work/src/vol.* is a directory.* of a file" -- "${with[@]}" \
		"${sources[@]:0:2}" "${sources[@]:4}" --external "mnt[conf]:$work/src/vol" "${run[@]}"
	ln -s "$work/none" "$work/dangling"
	refused "a source that is a dangling symlink is named" 125 "/vol .*$work/dangling.*No such file" -- \
		"${with[@]}" "${no_vol[@]}" --external "mnt[vol]:$work/dangling" "${run[@]}"
	refused "a descriptor that is not open is named" 125 "descriptor 77" -- \
		"${with[@]}" "${no_vol[@]}" --inherit-fd "fd[77]:mnt[vol]" "${run[@]}"
	refused "a flag that is none is named" 125 "'mauve'" -- \
		"${with[@]}" "${sources[@]}" --external-flags vol:mauve "${run[@]}"
	refused "flags for a key that no record has are named" 125 "'nokey:ro'" -- \
		"${with[@]}" "${sources[@]}" --external-flags nokey:ro "${run[@]}"
	refused "a new root that does not exist is named" 125 "$work/none.*No such file" -- \
		"$rebind" restore -D "$work/image" --root "$work/none" "${sources[@]}" "${run[@]}"
	refused "a new root that is a file is named" 125 "$work/src/conf.*file|$work/src/conf.*directory" -- \
		"$rebind" restore -D "$work/image" --root "$work/src/conf" "${sources[@]}" "${run[@]}"
	refused "all that is wrong with the sources is said at once" 125 "'mauve'" "'nokey'" \
		"/deep/er/vol " "/etc/conf .*is a directory" "/ro .*none" "/vol .*is a file" -- \
		"${with[@]}" --external "mnt[vol]:$work/src/conf" --external "mnt[conf]:$work/src/vol" \
		--external "mnt[ro]:$work/none" --external "mnt[nokey]:/" --external-flags vol:mauve "${run[@]}"

	ln -s vol "$work/src/link"
	works "a source that is a symlink works" \
		"${with[@]}" "${no_vol[@]}" --external "mnt[vol]:$work/src/link" "${run[@]}"
	works "a source behind symlinks works" \
		"${with[@]}" "${no_vol[@]}" --external "mnt[vol]:$work/src/link/../link" "${run[@]}"
	works "a relative source works" \
		"${with[@]}" "${no_vol[@]}" --external "mnt[vol]:src/vol" "${run[@]}"
	works "a relative new root and image work" \
		"$rebind" restore -D image --root new/. "${sources[@]}" "${run[@]}"
	rm "$work/src/link"

	# What no clone can be had of is said before anything is done, also by a dry run.
	local elsewhere=/proc/$container/root/vol fd
	refused "a source in another mount namespace is named" 1 "/vol .*'$elsewhere' lies in another mount namespace; use " -- \
		"${with[@]}" "${no_vol[@]}" --external "mnt[vol]:$elsewhere" --dry-run
	exec {fd}<"$elsewhere"
	refused "so is a descriptor of one" 1 "/vol .*descriptor.* lies in another mount namespace; use " -- \
		"${with[@]}" "${no_vol[@]}" --inherit-fd "fd[$fd]:mnt[vol]" --dry-run
	exec {fd}<&-
	refused "so is a root there" 1 "^rebind: / .*'/proc/$container/root' lies in another mount namespace; use " -- \
		"$rebind" restore -D "$work/image" --root "/proc/$container/root" "${sources[@]}" --dry-run
	mkdir "$work/unbindable"
	mount -t tmpfs -o mode=755 unbindable "$work/unbindable"
	mount --make-unbindable "$work/unbindable"
	refused "a source on an unbindable mount is named" 1 \
		"/vol .*'$work/unbindable' lies on a mount that is unbindable; run mount --make-private '$work/unbindable' first" -- \
		"${with[@]}" "${no_vol[@]}" --external "mnt[vol]:$work/unbindable" --dry-run
	mount --make-private "$work/unbindable"
	works "and what is advised helps" "${with[@]}" "${no_vol[@]}" --external "mnt[vol]:$work/unbindable" "${run[@]}"
	umount "$work/unbindable"
	rmdir "$work/unbindable"
}

mountpoints() {
	image
	rmdir "$work/new/vol" "$work/new/shm" "$work/new/deep/er/vol"
	refused "all missing mountpoints are named, with the option that helps" 125 \
		"/(vol|shm|deep/er/vol) .*--create-mountpoints" "/(vol|shm|deep/er/vol) .*--create-mountpoints" \
		"/(vol|shm|deep/er/vol) .*--create-mountpoints" -- "${with[@]}" "${sources[@]}" "${run[@]}"
	list=names
	image
	rm "$(archives "$work/image" | tail -1)"
	refused "mountpoints that were created are taken back" 125 "/shm" -- \
		"${with[@]}" "${sources[@]}" --create-mountpoints "${run[@]}"
	rmdir "$work/new/deep/er"
	refused "so are the directories above them" 125 "/shm" -- \
		"${with[@]}" "${sources[@]}" --create-mountpoints "${run[@]}"
	list=listing

	new_root "$work/new"
	image
	rmdir "$work/new/vol"
	ln -s ro "$work/new/vol"
	refused "a mountpoint that is a symlink is refused" 125 "/vol .*symlink" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	refused "also with --create-mountpoints" 125 "/vol .*symlink" -- \
		"${with[@]}" "${sources[@]}" --create-mountpoints "${run[@]}"
	rm "$work/new/vol"
	ln -s "$work/src/none" "$work/new/vol"
	refused "a dangling symlink is not created" 125 "/vol .*symlink" -- \
		"${with[@]}" "${sources[@]}" --create-mountpoints "${run[@]}"
	new_root "$work/new"
	mv "$work/new/deep/er" "$work/new/deep/real"
	ln -s real "$work/new/deep/er"
	refused "a symlink on the way to a mountpoint is refused" 125 "/deep/er/vol .*symlink" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	rm -r "$work/new/deep/real/vol"
	refused "and nothing is created behind it" 125 "/deep/er/vol .*symlink" -- \
		"${with[@]}" "${sources[@]}" --create-mountpoints "${run[@]}"
	rm "$work/new/deep/er"
	ln -s "$work/src" "$work/new/deep/er"
	refused "also where it leads out of the new root" 125 "/deep/er/vol .*symlink" -- \
		"${with[@]}" "${sources[@]}" --create-mountpoints "${run[@]}"
	new_root "$work/new"
	rmdir "$work/new/vol"
	: >"$work/new/vol"
	refused "a file as mountpoint of a directory is refused" 125 "/vol .*directory.*file" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	new_root "$work/new"
	rm "$work/new/etc/conf"
	mkdir "$work/new/etc/conf"
	refused "a directory as mountpoint of a file is refused" 125 "/etc/conf .*file.*directory" -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	new_root "$work/new"
	rm -r "$work/new/deep"
	: >"$work/new/deep"
	refused "a file on the way to a mountpoint is refused" 125 "/deep/er/vol .*Not a directory" -- \
		"${with[@]}" "${sources[@]}" --create-mountpoints "${run[@]}"
	new_root "$work/new"
	rmdir "$work/new/vol" "$work/new/shm"
	rm -r "$work/new/deep" "$work/new/etc/conf"
	mkdir "$work/new/etc/conf"
	ln -s ro "$work/new/shm"
	refused "all that is wrong with the mountpoints is said at once" 125 \
		"/(vol|shm|deep/er/vol|etc/conf) " "/(vol|shm|deep/er/vol|etc/conf) " \
		"/(vol|shm|deep/er/vol|etc/conf) " "/(vol|shm|deep/er/vol|etc/conf) " -- \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	new_root "$work/new"
	mount --bind "$work/new" "$work/new"
	mount -o remount,bind,ro "$work/new"
	works "a new root on a read-only mount works" "${with[@]}" "${sources[@]}" "${run[@]}"
	umount "$work/new"
	rmdir "$work/new/vol"
	mount --bind "$work/new" "$work/new"
	mount -o remount,bind,ro "$work/new"
	refused "a mountpoint that cannot be created is named" 125 "/vol .*read-only" -- \
		"${with[@]}" "${sources[@]}" --create-mountpoints "${run[@]}"
	umount "$work/new"
	new_root "$work/new"
}

# misbehaves SENTENCE MODE REGEX...: the plugin in a restore
misbehaves() {
	local sentence=$1 mode=$2
	shift 2
	refused "a plugin that $sentence" 125 "$@" -- env REBIND_TEST_PLUGIN="$mode" \
		"$rebind" restore -D "$work/plugimg" --root "$work/new" -L "$work/libs" \
		--plugin-timeout 1 "${sources[@]}" "${run[@]}"
}

plugins() {
	local pid with_plugin=("$rebind" restore -D "$work/plugimg" --root "$work/new" "${sources[@]}")

	export REBIND_TEST_SOURCE=$work/src/plug
	hold pid unshare --mount --propagation private bash "$work/container" "$work/a" plug
	dump_container "$pid" "$work/plugimg" -L "$work/libs"
	REBIND_TEST_PLUGIN=good works "a plugin that behaves works" "${with_plugin[@]}" -L "$work/libs" "${run[@]}"
	REBIND_TEST_PLUGIN=daemon works "what a plugin leaves running ends with it" \
		"${with_plugin[@]}" -L "$work/libs" "${run[@]}"

	refused "a plugin's mount without a plugin is named" 125 "/plug .*-L" -- "${with_plugin[@]}" "${run[@]}"
	refused "a plugin directory that does not exist is named" 125 "$work/none.*No such file" -- \
		"${with_plugin[@]}" -L "$work/none" "${run[@]}"
	mkdir "$work/bad" "$work/open"
	echo "not an object" >"$work/bad/text.so"
	refused "a plugin that is text is named" 125 "text.so" -- "${with_plugin[@]}" -L "$work/bad" "${run[@]}"
	cp "$work/libs/plugin.so" "$work/open/"
	chmod 777 "$work/open"
	refused "plugins that everybody may replace are refused" 125 "$work/open.*0777" -- \
		"${with_plugin[@]}" -L "$work/open" "${run[@]}"

	misbehaves "fails is named, with hook and result" fail "test.*RESTORE_EXT_MOUNT.*-5.*'/plug'"
	misbehaves "declines leaves the mount to nobody, which is said" decline "/plug.*declined"
	misbehaves "answers what the contract has not is named" positive "test.*RESTORE_EXT_MOUNT.*returned 1"
	misbehaves "makes no mountpoint is named" absent "test.*/plug.*left nothing"
	misbehaves "makes a symlink is named" symlink "test.*/plug"
	misbehaves "mounts nothing is named" nothing "test.*/plug.*mounted nothing"
	misbehaves "mounts twice is named" twice "/plug.*second mount"
	misbehaves "leaves an entry in the staging root is named" extra "left-behind"
	misbehaves "crashes is named, with hook and signal" crash "test.*RESTORE_EXT_MOUNT.*(SIGSEGV|signal 11|Segmentation).*'/plug'"
	misbehaves "exits is named, with hook and status" "exit" "test.*RESTORE_EXT_MOUNT.*3.*'/plug'"
	misbehaves "hangs is named, and ended" hang "test.*RESTORE_EXT_MOUNT.*1 s.*'/plug'"
	misbehaves "fails in init is named" init-fail "test.*init returned -13"
	misbehaves "crashes in init is named" init-crash "test.*init.*(SIGSEGV|signal 11|Segmentation)"
	misbehaves "fails after the namespace is built is named" late-fail "test.*POST_FORKING returned -5"
	misbehaves "crashes after the namespace is built is named" late-crash "test.*POST_FORKING.*(SIGSEGV|signal 11|Segmentation)"
	misbehaves "crashes at its end is named" exit-crash "test.*exit.*(SIGSEGV|signal 11|Segmentation)"
	REBIND_TEST_PLUGIN=unmount-root works "a plugin that unmounts the old root does no harm" \
		"${with_plugin[@]}" -L "$work/libs" "${run[@]}"
	REBIND_TEST_PLUGIN=wrong-kind works "a plugin that tells the wrong kind is warned of" \
		"${with_plugin[@]}" -L "$work/libs" "${run[@]}"
	if grep -q "file, but it is a directory" "$work/err"; then
		result "with what it said and what is true" ""
	else
		result "with what it said and what is true" "no such warning"
	fi
	REBIND_TEST_PLUGIN=share works "a plugin that shares the staging root does no harm" \
		"${with_plugin[@]}" -L "$work/libs" "${run[@]}"

	mkdir "$work/out.img"
	watched+=("$work/out.img")
	local dump=("$rebind" dump -t "$pid" -D "$work/out.img" "${declared[@]}")
	list=names
	refused "a volume that nobody takes is named at dump, with what helps" 1 "/plug .*--external 'mnt\\[/plug\\]" -- \
		"${dump[@]}"
	refused "a plugin that fails at dump is named" 1 "test.*DUMP_EXT_MOUNT.*/plug.*-5" -- \
		env REBIND_TEST_PLUGIN=dump-fail "${dump[@]}" -L "$work/libs"
	refused "a plugin that crashes at dump is named" 1 "test.*DUMP_EXT_MOUNT.*(SIGSEGV|signal 11|Segmentation).*'/plug'" -- \
		env REBIND_TEST_PLUGIN=dump-crash "${dump[@]}" -L "$work/libs"
	refused "a plugin that hangs at dump is named" 1 "test.*DUMP_EXT_MOUNT.*1 s.*'/plug'" -- \
		env REBIND_TEST_PLUGIN=dump-hang "${dump[@]}" -L "$work/libs" --plugin-timeout 1
	refused "a plugin that fails in init at dump is named" 1 "test.*init returned -13" -- \
		env REBIND_TEST_PLUGIN=init-fail "${dump[@]}" -L "$work/libs"
	list=listing
	forget "$pid"
}

dumps() {
	local dump=("$rebind" dump -t "$container" -D "$work/out.img") gone

	list=names
	refused "all undeclared volumes are named at dump" 1 "/(vol|etc/conf|ro|deep/er/vol) .*--external" \
		"/(vol|etc/conf|ro|deep/er/vol) .*--external" "/(vol|etc/conf|ro|deep/er/vol) .*--external" \
		"/(vol|etc/conf|ro|deep/er/vol) .*--external" -- "${dump[@]}"
	refused "a key given twice at dump is named" 1 "'vol'" -- \
		"${dump[@]}" "${declared[@]:2}" --external "mnt[/vol]:vol" --external "mnt[/ro]:vol"
	refused "a mount declared twice is named" 1 "/vol.*twice" -- \
		"${dump[@]}" "${declared[@]}" --external "mnt[/vol]:again"
	refused "a path that is not there is named" 1 "'/nowhere'.*No such file" -- \
		"${dump[@]}" "${declared[@]}" --external "mnt[/nowhere]:x"
	refused "a path that is no mountpoint is named" 1 "'/etc'.*not a mountpoint" -- \
		"${dump[@]}" "${declared[@]}" --external "mnt[/etc]:x"
	refused "a mount id that is not there is named" 1 "999999" -- \
		"${dump[@]}" "${declared[@]}" --external "mnt[#999999]:x"
	refused "the root as external is refused" 1 "root.*--root" -- \
		"${dump[@]}" "${declared[@]}" --external "mnt[/]:x"
	refused "all that is wrong with the declarations is said at once" 1 "'/nowhere'" "'/etc'" 999999 \
		"/vol .*--external" -- "${dump[@]}" "${declared[@]:2}" --external "mnt[/nowhere]:x" \
		--external "mnt[/etc]:y" --external "mnt[#999999]:z"
	sleep 0 &
	gone=$!
	wait "$gone"
	refused "a process that is gone is named" 1 "process $gone.*No such process" -- \
		"$rebind" dump -t "$gone" -D "$work/out.img"
	refused "a pid that is not a number is a usage error" 2 "'first'" -- \
		"$rebind" dump -t first -D "$work/out.img"
	refused "a namespace file that does not exist is named" 1 "$work/none.*No such file" -- \
		"$rebind" dump --mntns "$work/none" -D "$work/out.img"
	refused "a namespace file that is none is named" 1 "conf" -- \
		"$rebind" dump --mntns "$work/src/conf" -D "$work/out.img"
	refused "a namespace of another kind is named" 1 "/ns/net.*mount namespace" -- \
		"$rebind" dump --mntns "/proc/self/ns/net" -D "$work/out.img"
	refused "a directory that holds an image is refused" 1 "$work/img.*already" -- \
		"$rebind" dump -t "$container" -D "$work/img" "${declared[@]}"
	refused "an image directory that does not exist is named" 1 "$work/none.*No such file" -- \
		"$rebind" dump -t "$container" -D "$work/none" "${declared[@]}"
	refused "an image directory that is a file is named" 1 "$work/src/conf.*Not a directory" -- \
		"$rebind" dump -t "$container" -D "$work/src/conf" "${declared[@]}"
	mount --bind "$work/out.img" "$work/out.img"
	mount -o remount,bind,ro "$work/out.img"
	refused "an image directory that cannot be written is named" 1 "image.*Read-only" -- \
		"${dump[@]}" "${declared[@]}"
	umount "$work/out.img"
	mount -t tmpfs -o size=8k tmpfs "$work/out.img"
	refused "an image directory that is full is named" 1 "mountpoints-1.img.*No space|tmpfs-dev-.*No space" -- "${dump[@]}" "${declared[@]}"
	umount "$work/out.img"
	works "a dry run of a dump writes nothing" "${dump[@]}" "${declared[@]}" --dry-run
	if [ -z "$(ls -A "$work/out.img")" ]; then
		result "after all of these the image directory is empty" ""
	else
		result "after all of these the image directory is empty" "$(ls -A "$work/out.img")"
	fi
	list=listing
}

privileges() {
	local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	local bare=(setpriv --bounding-set=-all --inh-caps=-all)

	image
	chown -R 65534:65534 "$work/image"
	chmod 700 "$work/image"
	chmod 600 "$work/image"/*
	works "an image directory that is another user's and closed restores" \
		"${with[@]}" "${sources[@]}" "${run[@]}"
	works "and shows" "$rebind" show "$work/image"
	image
	chmod -R a+rX "$work/image"
	chmod 777 "$work/out.img"
	refused "a dump without privileges says what is missing" 1 "(CAP_SYS_ADMIN|root)" -- \
		"${nobody[@]}" "$rebind" dump -t "$container" -D "$work/out.img" "${declared[@]}"
	refused "a restore without privileges says what is missing" 125 "(CAP_SYS_ADMIN|root)" -- \
		"${nobody[@]}" "${with[@]}" "${sources[@]}" "${run[@]}"
	refused "a dump by root without capabilities says what is missing" 1 "(CAP_SYS_ADMIN|root)" -- \
		"${bare[@]}" "$rebind" dump -t "$container" -D "$work/out.img" "${declared[@]}"
	refused "a restore by root without capabilities says what is missing" 125 "(CAP_SYS_ADMIN|root)" -- \
		"${bare[@]}" "${with[@]}" "${sources[@]}" "${run[@]}"
	refused "a restore without cap_sys_chroot is said" 125 "." -- \
		setpriv --bounding-set=-sys_chroot "${with[@]}" "${sources[@]}" "${run[@]}"
	skip "an fs.mount-max that is too small is named" "it is the host's, and not to be changed"
}

usage() {
	refused "an unknown option is a usage error" 125 "'--create-mountpoint'" -- \
		"${with[@]}" "${sources[@]}" --create-mountpoint "${run[@]}"
	refused "no ending is a usage error" 2 "--pidfile" -- "${with[@]}" "${sources[@]}"
	refused "two endings are a usage error" 125 "one of them" -- \
		"${with[@]}" "${sources[@]}" --pidfile "$work/pid" "${run[@]}"
	refused "a namespace kind that is none is named" 125 "'time'" -- \
		"${with[@]}" "${sources[@]}" --new-ns time "${run[@]}"
	refused "a namespace to join that is not there is named" 125 "pid:$work/none.*No such file" -- \
		"${with[@]}" "${sources[@]}" --join-ns "pid:$work/none" "${run[@]}"
	refused "a file that is no namespace is not joined" 125 "is not the file of a net namespace; give a pid" -- \
		"${with[@]}" "${sources[@]}" --join-ns "net:$work/src/conf" "${run[@]}"
	refused "each --new-ns adds, and what is pasted twice counts once" 125 \
		"--new-ns and --join-ns both name a net namespace" "'nett' is no namespace" -- \
		"${with[@]}" "${sources[@]}" --new-ns net --new-ns ipc --new-ns net --new-ns nett \
		--join-ns net:$$ --join-ns net:$$ "${run[@]}"
	refused "nor is one of another kind" 125 "'ipc:/proc/self/ns/net' is not the file of a ipc namespace" -- \
		"${with[@]}" "${sources[@]}" --join-ns ipc:/proc/self/ns/net "${run[@]}"
	refused "without a mount namespace of its own a user namespace cannot restore" 125 \
		"does not belong to its user namespace.*; run it in a mount namespace of its own" -- \
		unshare --user --map-root-user "${with[@]}" "${sources[@]}" "${run[@]}"
	mkdir "$work/gone" "$work/shown"
	mount --bind "$work/gone" "$work/shown"
	rmdir "$work/gone"
	refused "a source that has been deleted is named" 125 \
		"/vol .*its source '$work/shown' has been deleted.*; give another source" -- \
		"${with[@]}" "${sources[@]/#mnt\[vol\]:*/mnt[vol]:$work/shown}" "${run[@]}"
	umount "$work/shown"
	refused "a pidfile that cannot be written is named" 1 "$work/none/pid.*No such file" -- \
		"${with[@]}" "${sources[@]}" --pidfile "$work/none/pid"
	refused "a pin that cannot be created is named" 1 "$work/none/pin.*No such file" -- \
		"${with[@]}" "${sources[@]}" --pin "$work/none/pin"
	refused "a pin on a directory is refused" 1 "$work/src.*[Dd]irectory" -- \
		"${with[@]}" "${sources[@]}" --pin "$work/src"
	local option value
	while read -r option value; do
		for value in $value; do
			refused "$option $value is a usage error of a restore" 2 "$option '" -- \
				"${with[@]}" "${sources[@]}" --pidfile "$work/pid" "$option" "$value"
			refused "and of one with a command" 125 "$option '" -- \
				"${with[@]}" "${sources[@]}" "$option" "$value" "${run[@]}"
		done
	done <<-'END'
		--external x mnt mnt[ mnt[k] mnt[k]: mnt[]:x dev[k] fd[k]:x
		--external-flags x k: :ro vol:mauve vol:ro,mauve
		--join-ns x net net: time:1 :1
		--new-ns x net,x
		--cgroup-root x cpu/x :/x
		--enable-fs x ext4
	END
	for value in x mnt 'mnt[]:x' 'mnt[#x]:k' 'mnt[#1]' 'mnt[/vol]' 'mnt[/vol]:' 'dev[1]:k' 'dev[a/b]:k' 'mnt[/vol]:CRIU:x'; do
		refused "--external $value is a usage error of a dump" 2 "--external '" -- \
			"$rebind" dump -t "$container" -D "$work/usage" --external "$value"
	done
	for value in x gzip: gzip:10 gzip:x none:1 GZIP gzip:-1; do
		refused "--compress $value is one" 2 "--compress '$value' is no compression; give gzip, gzip:LEVEL" -- \
			"$rebind" dump -t "$container" -D "$work/usage" "${declared[@]}" --compress "$value"
	done
	refused "--enable-fs x is one" 2 "--enable-fs 'x' is no filesystem" -- \
		"$rebind" dump -t "$container" -D "$work/usage" "${declared[@]}" --enable-fs x
	"$rebind" show >"$work/own"
	works "show without an argument works" "$rebind" show
	result "and shows one's own namespace" "$(diff "$work/own" <("$rebind" show $$) | head -3)"
	refused "a descriptor to send to that is no socket is named" 2 "--send-fd.*socket" -- \
		"${with[@]}" "${sources[@]}" --send-fd 0
}

# Twenty of a kind.
on_a_terminal() {
	local i many=()
	command -v script >"/dev/null" || { skip "on a terminal the first twenty findings of a kind are shown" "no script(1)"; return; }
	for ((i = 0; i < 1023; i++)); do
		many+=(--external "mnt[none-$i]:/")
	done
	printf '%q ' "${with[@]}" "${sources[@]}" "${many[@]}" --external-flags vol:mauve --pidfile "$work/pid" >"$work/command"
	timeout 20 script -qec "bash $work/command" "/dev/null" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
	[ "$status" -eq 2 ] && [ "$(grep -c "the key 'none-" "$work/out")" -eq 20 ] && [ "$(grep -c mauve "$work/out")" -eq 1 ] &&
		grep -q "^rebind: unknown-key: 1,003 more; --json lists all; nothing was restored" "$work/out"
	result "on a terminal the first twenty findings of a kind are shown" "$([ $? -eq 0 ] || tail -3 "$work/out")"
	bash "$work/command" 2>"$work/err"
	[ "$(grep -c "the key 'none-" "$work/err")" -eq 1023 ] && ! grep -q " more;" "$work/err"
	result "all of them else" "$([ $? -eq 0 ] || tail -3 "$work/err")"
}

make_container plain
dump_container "$container" "$work/img"
watched+=("$work/img")
image
mkdir "$work/usage"
watched+=("$work/usage")
works "the restore that is spoilt from here on works" "${with[@]}" "${sources[@]}" "${run[@]}"
on_a_terminal
damaged_images
damaged_archives
keys_and_sources
mountpoints
plugins
dumps
privileges
usage
image
works "after all of these it works as before" "${with[@]}" "${sources[@]}" "${run[@]}"
forget "$container"
finish
