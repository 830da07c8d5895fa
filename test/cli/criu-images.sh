#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Images that CRIU 4.2 wrote (test/data/criu-images) are restored, and the namespace is equal to the image.
#
# usage: test/cli/criu-images.sh BUILD_DIR     (as root)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
images=$here/../data/criu-images

mkdir -p src/d1/sub src/d2 src/f
echo x > src/f/file
# root SET DIR...: a root with the mountpoints of the image
root() {
	mkdir -p "$1"/proc "$1"/etc
	touch "$1"/etc/hosts "$1"/etc/app.conf
	local dir
	for dir in "${@:2}"; do mkdir -p "$1/$dir"; done
}

# restored SET OPTION...: restore it, compare it with the image
restored() {
	local set=$1
	shift
	if ! "$rebind" restore -D "$images/$set/img" --root "$set" --pidfile "$set.pid" "$@" 2> err; then
		echo "restore failed"
		return
	fi
	"$rebind" diff "$images/$set/img" "$(cat "$set.pid")" > differences 2>&1 || tr '\n' ';' < differences
	kill "$(cat "$set.pid")"
}

root flat-ext-binds vol/d1 vol/sub vol/ro tmp
result "binds of directories and files, and a tmpfs" "$(restored flat-ext-binds \
	--external "mnt[vd1]:$work/src/d1" --external "mnt[vsub]:$work/src/d1/sub" \
	--external "mnt[vro]:$work/src/d2" --external "mnt[hosts]:$work/src/f/file")"
root overmounts vol/a vol/x bin
result "stacks of overmounts, in which CRIU gave two mounts one key" \
	"$(restored overmounts --external "mnt[ab]:$work/src/d1")"
root shared-slave-groups vol/a vol/b vol/c vol/d vol/e data/x
result "peer groups and slaves" "$(restored shared-slave-groups)"
root crun-container dev sys tmp vol/dir vol/ro
result "a container of crun" "$(restored crun-container --new-ns pid,net,ipc \
	--external "mnt[/vol/dir]:src/d1" --external "mnt[/vol/ro]:src/d2" \
	--external "mnt[/etc/hosts]:src/f/file" --external "mnt[/etc/app.conf]:src/f/file" \
	--external "mnt[/proc/keys]:/dev/null" --external "mnt[/proc/timer_list]:/dev/null")"
root plugin-ext-mounts vol/d1
mkdir plugins
compile plugins/sample.so -shared -fPIC -x c - << 'C'
#include <criu-plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
static int restore(int id, char *mountpoint, char *old_root, int *is_file)
{
	char source[4096];
	*is_file = id == 66;
	snprintf(source, sizeof(source), "%s%s/%s", old_root, getenv("SAMPLE_SOURCES"), id == 66 ? "f/file" : "d1");
	FILE *made = id == 66 ? fopen(mountpoint, "w") : NULL;
	if (made)
		fclose(made);
	else if (mkdir(mountpoint, 0755))
		return -1;
	return mount(source, mountpoint, NULL, MS_BIND, NULL) ? -1 : 0;
}
CR_PLUGIN_REGISTER_DUMMY("sample")
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, restore)
C
export SAMPLE_SOURCES=$work/src
result "mounts that a plugin dumped" "$(restored plugin-ext-mounts -L plugins)"

# ---- shown and compared ----

records() {
	"$here/records.py" "$@"
}

for set in "$images"/*/; do
	set=$(basename "$set")
	json=("$images/$set"/mountpoints-*.json)
	# The script's own reader, which the tests below believe, says what crit says.
	result "$set is read by the test as crit reads it" "$(diff \
		<(jq -cS '.entries[] | map_values(if . == true then 1 elif . == false then 0 else . end)' "${json[0]}") \
		<(for file in "$images/$set"/img/mountpoints-*.img; do records show "$file"; done | jq -cS .) 2>&1)"
	result "$set is shown" "$(diff \
		<(jq -r '.entries[] | [.mountpoint, .mnt_id, .root, .source, .options, .shared_id, .master_id] | @tsv' "${json[0]}" | sort) \
		<("$rebind" show --json "$images/$set/img" |
			jq -r '.mounts[] | [.mountpoint, .id, .root, .source, .options, .shared, .master] | @tsv' | sort) 2>&1)"
	result "$set is equal to the mountinfo of what was dumped" \
		"$("$rebind" diff "$images/$set/img" "$images/$set/mountinfo.dump.txt" 2>"err" || echo different)"
	result "and not to that of another" \
		"$("$rebind" diff "$images/$set/img" "$here/../data/mountinfo/bwrap.txt" >"differences" 2>"err" && echo equal)"
done

# ---- other kinds of images ----

# like SET: a copy to change
like() {
	rm -rf image
	cp -r "$images/$1/img" image
}

# restored_copy OPTION...: the changed one
restored_copy() {
	if ! "$rebind" restore -D image "$@" --pidfile copy.pid 2>err; then
		echo "restore failed"
		return
	fi
	"$rebind" diff image "$(cat copy.pid)" 2>&1 | tr '\n' ';'
	kill "$(cat copy.pid)"
}

# refused_copy PATTERN OPTION...: with a line that has it
refused_copy() {
	local pattern=$1
	shift
	if "$rebind" restore -D image "$@" --pidfile copy.pid 2>err; then
		kill "$(cat copy.pid)"
		echo "it is restored"
	fi
	grep -Eq -- "$pattern" err || echo "no line '$pattern'"
}
flat=(--external "mnt[vd1]:$work/src/d1" --external "mnt[vsub]:$work/src/d1/sub" --external "mnt[vro]:$work/src/d2"
	--external "mnt[hosts]:$work/src/f/file")

like flat-ext-binds
records version1 image
result "version 1 of the format is restored" "$(restored_copy --root flat-ext-binds "${flat[@]}")"
result "and is equal to version 2" "$("$rebind" diff --contents image "$images/flat-ext-binds/img" 2>&1)"

like flat-ext-binds
cp "$images"/crun-container/img/mountpoints-13.img image/
result "of several namespaces it is that of the root task" "$(restored_copy --root flat-ext-binds "${flat[@]}")"
result "with --ns-id another is shown" \
	"$([ "$("$rebind" show --json --ns-id 13 image | jq '.mounts | length')" -eq 20 ] || echo "it is not")"
result "and compared" "$("$rebind" diff --ns-id 13 image "$images/crun-container/mountinfo.dump.txt" 2>"err" || echo different)"
result "and restored, as far as its contents are there" "$(refused_copy "tmpfs-dev-[0-9]+.tar.gz.img" --ns-id 13 --root crun-container \
	--external "mnt[/vol/dir]:src/d1" --external "mnt[/vol/ro]:src/d2" --external "mnt[/etc/hosts]:src/f/file" \
	--external "mnt[/etc/app.conf]:src/f/file" --external "mnt[/proc/keys]:/dev/null" --external "mnt[/proc/timer_list]:/dev/null")"
cp "$images"/crun-container/img/tmpfs* image/
result "and restored" "$("$rebind" restore --ns-id 13 -D image --root crun-container --new-ns pid,net,ipc \
	--external "mnt[/vol/dir]:src/d1" --external "mnt[/vol/ro]:src/d2" --external "mnt[/etc/hosts]:src/f/file" \
	--external "mnt[/etc/app.conf]:src/f/file" --external "mnt[/proc/keys]:/dev/null" \
	--external "mnt[/proc/timer_list]:/dev/null" --pidfile copy.pid 2>err || cat err
	"$rebind" diff --ns-id 13 image "$(cat copy.pid)" 2>&1; kill "$(cat copy.pid)")"
rm image/pstree.img
result "without a process one must be named, and they are listed" "$(refused_copy "10.*13.*--ns-id" --root flat-ext-binds "${flat[@]}")"
result "then it is restored" "$("$rebind" restore -D image --ns-id 10 --root flat-ext-binds "${flat[@]}" --pidfile copy.pid 2>err || cat err
	kill "$(cat copy.pid)")"

like flat-ext-binds
records set image/mountpoints-10.img /vol/d1 ext_key=CRIU:AUTOGENERATED "source=$work/src/d1"
result "the path of an autodetected mount needs consent" \
	"$(refused_copy "^rebind: /vol/d1 .*--external mnt\[\]" --root flat-ext-binds "${flat[@]:2}")"
result "and is taken with it" "$(restored_copy --root flat-ext-binds --external "mnt[]" "${flat[@]:2}")"
records set image/mountpoints-10.img /vol/d1 "source=/nowhere/at/all"
result "if it is there" "$(refused_copy "^rebind: /vol/d1 .*/nowhere/at/all.*No such file" --root flat-ext-binds --external "mnt[]" "${flat[@]:2}")"

like flat-ext-binds
records set image/mountpoints-10.img /vol/d1 ext_key=CRIU:EXTERNAL_DEV "source=dev[disk]" fstype=16 fsname=ext4 root=/ options=
result "the device of a mount needs a name" \
	"$(refused_copy "^rebind: /vol/d1 .*--external 'dev\[disk\]:DEVICE'" --root flat-ext-binds "${flat[@]:2}")"
head -c 4M /dev/zero >disk
if mkfs.ext4 -q disk 2>err && loop=$(losetup --show -f disk 2>err); then
	result "and is mounted then" "$(restored_copy --root flat-ext-binds --external "dev[disk]:$loop" "${flat[@]:2}")"
	losetup -d "$loop"
else
	skip "and is mounted then" "no loop device: $(head -1 err)"
fi

like flat-ext-binds
records set image/mountpoints-10.img /vol/d1 root=vd1 ext_mount=1 ext_key
result "the key of an old image is in its root" "$(restored_copy --root flat-ext-binds "${flat[@]}")"
like flat-ext-binds
records set image/mountpoints-10.img /vol/d1 fstype=99
result "a filesystem of a number that is not known is no source of one" "$(refused_copy "/vol/d1|fstype|99" --root flat-ext-binds)"

# ---- beside the images of processes ----

like flat-ext-binds
for name in core-1 mm-1 pages-1 pagemap-1 fs-1 files fdinfo-2 tty-info seccomp stats-dump; do
	printf 'this is not for us: %s' "$name" >"image/$name.img"
done
echo log >image/dump.log
# A mark that reading would move.
find image -type f -exec touch -a -d 2020-01-01 {} +
mount --bind image image
mount -o remount,bind,strictatime image
before=$(find image -printf '%p %y %m %U:%G %n %s %i %T@ %C@\n' | sort)
others=$(find image -type f ! -name 'mountpoints*' ! -name 'inventory*' ! -name 'pstree*' ! -name 'ids*' ! -name 'tmpfs*')
# shellcheck disable=SC2086 # words
unread=$(stat -c '%n %X' $others)
"$rebind" show image >shown
result "the directory of a whole checkpoint is shown" "$(grep -q /vol/d1 shown || echo "it is not")"
result "and compared" "$("$rebind" diff --contents image "$images/flat-ext-binds/img" 2>&1)"
result "and its mounts are restored" "$(restored_copy --root flat-ext-binds "${flat[@]}")"
result "and nothing of it was changed" "$(diff <(echo "$before") <(find image -printf '%p %y %m %U:%G %n %s %i %T@ %C@\n' | sort) 2>&1)"
# shellcheck disable=SC2086
result "or read that is not for rebind" "$([ "$unread" = "$(stat -c '%n %X' $others)" ] || echo "it was")"
mount -o remount,bind,ro image
result "it may be on a read-only filesystem" "$(restored_copy --root flat-ext-binds "${flat[@]}")"
umount image

# ---- what rebind writes ----

# fields FILE: what CRIU's fields say of each mount, by its id
fields() {
	records show "$1" | jq -r '[.mnt_id, .parent_mnt_id, .mountpoint, .root, .shared_id, .master_id] | @tsv' | sort
}
make_container plain
mkdir ours
result "a container is dumped" "$("$rebind" dump -t "$container" -D ours "${declared[@]}" 2>&1)"
result "its records have the ids, the places, the roots and the groups of mountinfo" "$(diff <(fields ours/mountpoints-*.img) \
	<(awk '{ shared = master = 0
		for (i = 7; $i != "-"; i++) { if (sub("shared:", "", $i)) shared = $i; if (sub("master:", "", $i)) master = $i }
		printf "%s\t%s\t%s\t%s\t%s\t%s\n", $1, $2, $5, $4, shared, master }' "/proc/$container/mountinfo" | sort) 2>&1)"
result "flags are those of mount(2), keys the caller's, and the root's record stands last" "$(diff <(records show ours/mountpoints-*.img |
	jq -r '[.mountpoint, .fstype, .flags % 16, .sb_flags % 2, .ext_key // "-"] | @tsv') - <<'END'
/deep/er/vol	0	0	0	deep
/ro	0	1	0	ro
/etc/conf	0	0	0	conf
/vol	0	0	0	vol
/shm	5	0	0	-
/tmp	5	6	0	-
/proc	1	0	0	-
/	0	0	0	-
END
)"
result "what is rebind's alone is one field" \
	"$([ "$(records show ours/mountpoints-*.img | jq -c '.others' | sort -u)" = "[1001]" ] || echo "others: $(records show ours/mountpoints-*.img | jq -c '.others' | sort | uniq -c)")"
result "the inventory is of version 2" "$([ "$(records show ours/inventory.img | jq -c '[.img_version, .fdinfo_per_id, .ns_per_id]')" = "[2,1,1]" ] ||
	records show ours/inventory.img)"
result "and the contents are a tar" "$(for file in ours/tmpfs-dev-*.tar.gz.img; do tar -tzf "$file" || echo "$file is not"; done 2>&1 >shown
	grep -qx ./dir/file shown || echo "it lacks ./dir/file")"
if command -v crit >"/dev/null"; then
	for file in ours/mountpoints-*.img ours/inventory.img; do
		crit decode -i "$file" --pretty >decoded 2>err || echo failed >decoded
		result "crit reads $(basename "$file")" "$(jq -e '.entries | length > 0' decoded 2>&1 >/dev/null)"
	done
	result "as the test does" "$(diff <(jq -r '.entries[] | [.mnt_id, .parent_mnt_id, .mountpoint, .root, .shared_id, .master_id] | @tsv' \
		<(crit decode -i ours/mountpoints-*.img) | sort) <(fields ours/mountpoints-*.img) 2>&1)"
else
	echo "# crit is not installed: what rebind writes was read by records.py alone"
fi
forget "$container"

# ---- deleted roots: CRIU keeps of them that they were deleted ----

new_root old
mkdir deleted
cat >deleted.sh <<'END'
set -e
mount --bind old old
cd old
mount -t proc proc proc
mount -t tmpfs t tmp
mkdir tmp/gone
echo text >tmp/file
mkdir tmp/kept
mount --bind tmp/gone tmp/kept
mount --bind tmp/file etc/conf
rm -r tmp/gone tmp/file
exec "$1" hold .
END
hold container unshare --mount --propagation private bash deleted.sh "$work/old/inside"
result "deleted roots are dumped" "$("$rebind" dump -t "$container" -D deleted 2>&1)"
forget "$container"
records strip deleted/mountpoints-1.img
records set deleted/mountpoints-1.img /tmp/kept root=/gone//deleted
rm deleted/deleted-*.img
new_root new
result "and restored without what rebind alone keeps of them" \
	"$("$rebind" restore -D deleted --root new --pidfile deleted.pid 2>&1)"
pid=$(cat deleted.pid)
result "they are deleted again" "$("$rebind" diff deleted "$pid" 2>&1)"
result "a file, and a directory" "$([ "$(stat -L -c %F "/proc/$pid/root/etc/conf" "/proc/$pid/root/tmp/kept")" = \
	$'regular empty file\ndirectory' ] || stat -L "/proc/$pid/root/etc/conf" "/proc/$pid/root/tmp/kept")"
kill "$pid"
finish
