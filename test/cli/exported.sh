#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What podman exports beside a checkpoint is used: /dev/shm, volumes, what was changed in the root.
#
# usage: test/cli/exported.sh BUILD_DIR     (as root)
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"
export TMPDIR=$work/unpacked
mkdir "$TMPDIR"

# says SENTENCE STATUS PATTERN COMMAND...: it ends like that with such a line, and nothing is left
says() {
	local sentence=$1 want=$2 pattern=$3 why=''
	shift 3
	run "$@"
	[ "$status" -eq "$want" ] || why="exit status $status; "
	grep -Eq -- "$pattern" "$work/err" || why+="no line '$pattern'; "
	[ -z "$(ls "$TMPDIR")" ] || why+="unpacked files are left; "
	result "$sentence" "$why$(left_processes)"
}

# ---- a container with /dev/shm and a volume of the host ----

compile inside -static "$here/inside.c"
fresh_root() {
	rm -rf --one-file-system "$1"
	mkdir -p "$1"/{dev/shm,data,etc/dir,tmp,old/deep}
	echo gone >"$1/etc/gone"
	echo gone >"$1/old/deep/file"
	echo before >"$1/etc/changed"
	cp "$work/inside" "$1/inside"
}
fresh_root "$work/root"
mkdir -p "$work"/a/{shm,data} "$work/outside" "$work/s"/{shm,data}
hold container unshare --mount --propagation private bash -e -c 'cd "$0/root"; mount --bind . .; cd "$0/root"
	mount --bind "$0/a/shm" dev/shm; mount --bind "$0/a/data" data; mount -t tmpfs none tmp; exec "$0/root/inside" hold .' "$work"
mkdir -p "$work/export/checkpoint" "$work/export/volumes" "$work/f"/{shm,data,diff/etc/new}
run "$rebind" dump -t "$container" -D "$work/export/checkpoint" --external "mnt[/dev/shm]:/dev/shm" --external "mnt[/data]:/data"
[ "$status" -eq 0 ]
so "a container is dumped"
echo memory >"$work/f/shm/PostgreSQL.1"
echo row >"$work/f/data/table"
echo after >"$work/f/diff/etc/changed"
echo new >"$work/f/diff/etc/new/file"
cat >"$work/export/spec.dump" <<'END'
{"root": {"path": "/gone"}, "mounts": [{"destination": "/dev/shm", "type": "bind", "source": "/var/lib/gone/shm"}]}
END
echo '{"id": "0", "shmSize": 1048576, "namedVolumes": [{"volumeName": "other", "dest": "/"}, {"volumeName": "db", "dest": "/data/"}]}' >"$work/export/config.dump"
for name in shm data diff; do
	tar -C "$work/f/$name" -cf "$work/f/$name.tar" .
done
cp "$work/f/shm.tar" "$work/export/devshm-checkpoint.tar"
cp "$work/f/data.tar" "$work/export/volumes/db.tar"
cp "$work/f/diff.tar" "$work/export/rootfs-diff.tar"
echo '["/etc/gone", "/old", "/not/there", "/etc/dir/"]' >"$work/export/deleted.files"
pack() {
	tar -C "$work/export" -cf "$work/c.tar" .
}
pack
restore=("$rebind" restore --checkpoint "$work/c.tar" --root "$work/root")
data=(--external "mnt[/data]:$work/s/data")
shm=(--external "mnt[/dev/shm]:$work/s/shm")
empty() {
	rm -rf "$work"/s/{shm,data}
	mkdir -m 755 "$work"/s/{shm,data}
}

# ---- files of mounts ----

run "${restore[@]}" "${data[@]}" -- /inside cat /dev/shm/PostgreSQL.1 /data/table
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = $'memory\nrow' ] && [ "$(cat "$work/s/data/table")" = row ]
so "/dev/shm is a new tmpfs, and the volume's source has its files"
empty
run "${restore[@]}" "${data[@]}" --pidfile "$work/pid"
known+=("$(cat "$work/pid")")
grep -q ' /dev/shm .* - tmpfs shm .*size=1024k' "/proc/$(cat "$work/pid")/mountinfo" && [ "$(stat -c %a "/proc/$(cat "$work/pid")/root/dev/shm")" = 755 ]
so "which has podman's size, and the mode of the archive"
forget "$(cat "$work/pid")" 2>"/dev/null"
empty
run "${restore[@]}" "${data[@]}" "${shm[@]}" -- /inside cat /dev/shm/PostgreSQL.1
[ "$status" -eq 0 ] && [ "$(cat "$work/out" "$work/s/shm/PostgreSQL.1")" = $'memory\nmemory' ]
so "a source of the caller's that is empty has them"
echo mine >"$work/s/shm/PostgreSQL.1"
says "one that is not is left alone" 0 "'devshm-checkpoint.tar' in '$work/c.tar' is not used: /dev/shm has files already" \
	"${restore[@]}" "${data[@]}" "${shm[@]}" -- /inside cat /dev/shm/PostgreSQL.1
[ "$(cat "$work/out" "$work/s/shm/PostgreSQL.1")" = $'mine\nmine' ]
so "with what is in it"
empty
run "${restore[@]}" "${data[@]}" "${shm[@]}" --dry-run
[ "$status" -eq 0 ] && [ -z "$(find "$work/s/shm" "$work/s/data" -mindepth 1)" ]
so "a dry run unpacks nothing"
says "what is not used is named" 0 "'rootfs-diff.tar' in '.*' is not used: .* --apply-rootfs-diff" "${restore[@]}" "${data[@]}" -- /inside exit 0
empty
echo '{"namedVolumes": null}' >"$work/export/config.dump"
pack
says "so is a volume that config.dump does not know" 0 "'volumes/db.tar' in '.*' is not used: config.dump does not say where" \
	"${restore[@]}" "${data[@]}" -- /inside exit 0
for text in '{"namedVolumes": [null, {"volumeName": 1, "dest": "/data"}, {"volumeName": "db", "dest": "data"}]}' 'no JSON' '[]'; do
	echo "$text" >"$work/export/config.dump"
	pack
	empty
	says "config.dump may be $text" 0 "config.dump does not say where" "${restore[@]}" "${data[@]}" -- /inside exit 0
done
for dest in /data/.. /inside /nowhere /etc; do
	jq -n --arg dest "$dest" '{namedVolumes: [{volumeName: "db", dest: $dest}]}' >"$work/export/config.dump"
	pack
	says "a volume at $dest is not unpacked" 0 "'volumes/db.tar' in '.*' is not used: .* is no mount below the root" \
		"${restore[@]}" "${data[@]}" -- /inside exit 0
done
[ ! -e "$work/root/etc/table" ]
so "and nothing is written to the root"
echo '{"namedVolumes": [{"volumeName": "db", "dest": "/data"}]}' >"$work/export/config.dump"
mkdir -p "$work/f/big"
seq 20000 >"$work/f/big/a"
mkfifo "$work/f/big/b"
tar -C "$work/f/big" -cf - . | head -c 60000 >"$work/export/volumes/db.tar"
pack
empty
rm -f "$work/pid"
says "damage in it fails the restore" 1 "cannot unpack 'volumes/db.tar' of '.*'" "${restore[@]}" "${data[@]}" --pidfile "$work/pid"
[ -z "$(ls -A "$work/s/data")" ] && [ ! -e "$work/pid" ]
so "and the source is empty again"
# Four megabytes that take none: what is free in the source counts, not what the archive weighs.
mount -t tmpfs -o size=1m,mode=755 tmpfs "$work/s/data"
mkdir "$work/f/zeros"
truncate -s 4M "$work/f/zeros/a"
tar -C "$work/f/zeros" -cf - . | gzip >"$work/export/volumes/db.tar"
pack
says "one that is larger than its source is refused" 1 "limit of the filesystem itself, nine tenths of what is free" "${restore[@]}" "${data[@]}" --pidfile "$work/pid"
[ -z "$(ls -A "$work/s/data")" ] && [ ! -e "$work/pid" ]
so "and nothing of it is left"
umount "$work/s/data"
mknod "$work/f/data/sda" b 8 0
tar -C "$work/f/data" -cf "$work/export/volumes/db.tar" .
pack
says "a device is refused" 1 "'./sda' .*--allow-devices" "${restore[@]}" "${data[@]}" --pidfile "$work/pid"
run "${restore[@]}" "${data[@]}" --allow-devices -- /inside exit 0
[ "$status" -eq 0 ] && [ -b "$work/s/data/sda" ]
so "unless the caller allows it"
rm "$work/export/volumes/db.tar"

# ---- the root ----

pack
empty
restore+=("${data[@]}")
apply=("${restore[@]}" --apply-rootfs-diff)
run "${apply[@]}" --dry-run
[ "$status" -eq 0 ] && [ -e "$work/root/etc/gone" ] && [ "$(cat "$work/root/etc/changed")" = before ]
so "a dry run changes no root"
run "${apply[@]}" -- /inside cat /etc/changed /etc/new/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = $'after\nnew' ] && [ ! -e "$work/root/etc/gone" ] && [ ! -e "$work/root/old" ] && [ ! -e "$work/root/etc/dir" ]
so "files that were written are written, those that were removed are removed"
! grep -q rootfs-diff "$work/err"
so "and nothing is said to be unused"
run "${apply[@]}" -- /inside exit 0
[ "$status" -eq 0 ]
so "it can be done again"
run "$rebind" restore -D "$work/export/checkpoint" --apply-rootfs-diff -- /inside exit 0
[ "$status" -eq 2 ] || [ "$status" -eq 125 ]
so "it takes an archive"

# hostile SENTENCE PATTERN: with what is in export; nothing is changed anywhere
hostile() {
	local before
	pack
	before=$(listing "$work/outside" "$work/root")
	says "$1" 125 "$2" "${apply[@]}" -- /inside exit 0
	[ "$(listing "$work/outside" "$work/root")" = "$before" ]
	so "and nothing is changed"
}
echo outside >"$work/outside/file"
fresh_root "$work/root"
ln -s "$work/outside" "$work/root/etc/link"
rm "$work/export/rootfs-diff.tar"
for path in /etc/link/file /../outside/file /etc/../../outside/file .. /.. / etc/gone "" /etc/link/. /dev/shm/..; do
	jq -n --arg path "$path" '[$path]' >"$work/export/deleted.files"
	hostile "'$path' is not removed" "cannot remove|is no list of paths"
done
for text in '{"a": 1}' '["/etc/gone", 1]' '[["/etc/gone"]]' '"/etc/gone"' '["/etc/gone\u0000x"]' '["/etc/gone"'; do
	echo "$text" >"$work/export/deleted.files"
	hostile "$text is refused whole" "is no list of paths|deleted.files.*line"
done
echo '["/etc/link"]' >"$work/export/deleted.files"
pack
run "${apply[@]}" -- /inside exit 0
[ "$status" -eq 0 ] && [ ! -L "$work/root/etc/link" ] && [ -e "$work/outside/file" ]
so "a symlink itself is removed, not what it leads to"
mkdir "$work/root/mounted"
echo '["/mounted"]' >"$work/export/deleted.files"
pack
run unshare --mount --propagation private bash -c 'mount --bind "$0/outside" "$0/root/mounted" && exec "$@"' "$work" "${apply[@]}" -- /inside exit 0
[ "$status" -eq 125 ] && grep -q "another filesystem" "$work/err" && [ -e "$work/outside/file" ]
so "what is mounted below the root is not removed"
rm "$work/export/deleted.files"
# archive TAR_OPTION...: rootfs-diff.tar
archive() {
	tar -C "$work/f/diff" -P -cf "$work/export/rootfs-diff.tar" "$@"
}
archive --transform "s,.*,../outside/evil," etc/changed
hostile "a name that climbs out is refused" "'../outside/evil' leaves"
archive --transform "s,.*,$work/outside/evil," etc/changed
hostile "an absolute one is refused" "is an absolute name"
ln -s "$work/outside" "$work/root/way"
archive --transform "s,.*,way/evil," etc/changed
hostile "a symlink of the root is not followed" "cannot unpack 'rootfs-diff.tar'"
ln -s "$work/outside" "$work/f/diff/way2"
archive way2 --transform "s,^etc/changed,way2/evil," etc/changed
hostile "nor is one of the archive" "cannot unpack 'rootfs-diff.tar'"
mknod "$work/f/diff/sda" b 8 0
archive etc/changed sda
hostile "a device is refused before anything is written" "sda.*--allow-devices"
archive etc
head -c 700 "$work/export/rootfs-diff.tar" >"$work/half"
mv "$work/half" "$work/export/rootfs-diff.tar"
hostile "so is damage" "cannot unpack 'rootfs-diff.tar'"
rm "$work/export/rootfs-diff.tar"
pack
says "where there is nothing to apply, that is said" 0 "has neither 'rootfs-diff.tar' nor 'deleted.files'" "${apply[@]}" -- /inside exit 0
forget "$container"
finish
