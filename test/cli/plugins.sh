#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The plugins that ship, each through `plugin test` and through a full dump and restore on "another host": other
# sources, another map, another root.
#
# usage: test/cli/plugins.sh BUILD_DIR
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

compile inside -static "$here/inside.c"
plugins=$build/plugins
mounts >"$work/mounts"

# keeps_contract SENTENCE OPTION...
keeps_contract() {
	local sentence=$1 why=
	shift
	run "$rebind" plugin test "$@" || why="$(grep -v '^ok' "$work/out")"
	[ "$(grep -c '^ok ' "$work/out")" -ge 30 ] || why+="; too few clauses"
	mounts | cmp -s - "$work/mounts" || why+="; mounts are left"
	result "$sentence" "$why"
}

# root DIR PLACE...: a root with directories, or files where the name ends in a colon
root() {
	local dir=$1 place
	shift
	mkdir -p "$dir"
	cp "$work/inside" "$dir/inside"
	for place in "$@"; do
		if [ "${place%:}" != "$place" ]; then
			mkdir -p "$(dirname "$dir${place%:}")"
			: >"$dir${place%:}"
		else
			mkdir -p "$dir$place"
		fi
	done
}

# container VAR ROOT COMMANDS: run them, then hold ROOT
start() {
	hold "$1" unshare --mount --propagation private bash -ec "cd '$2'; mount --bind . .; cd '$2'; $3; exec '$2/inside' hold ."
}

# ---- volume-map ----

a=$work/a b=$work/b
places=(/data /vol/one /vol/two "/with blank" /etc/x.conf: /ro)
for side in a b; do
	root "$work/$side/root" "${places[@]}"
done
mkdir -p "$a"/src/{data,one,two,blank,ro} "$b"/volumes/{data,ro} "$b"/volumes/sub/{one,two} "$b/volumes/a blank"
for name in data one two blank ro; do echo "old $name" >"$a/src/$name/f"; done
echo "old conf" >"$a/src/conf"
for name in data ro sub/one sub/two "a blank"; do echo "new $name" >"$b/volumes/$name/f"; done
echo "new conf" >"$b/volumes/x.conf"
cat >"$a/map" <<END2
# what is a volume here

/data         $a/src/data
/vol/*        $a/src/*   name=subs	# one line, many volumes
"/with blank" $a/src/blank
/etc/?.conf   $a/src/conf name=conf
/ro           $a/src/ro rw
END2
cat >"$b/map" <<END2
/data         $b/volumes/data
/elsewhere/*  $b/volumes/sub/*  name=subs
/with\\040blank "$b/volumes/a blank"
/etc/y.conf   $b/volumes/x.conf name=conf
/ro           $b/volumes/ro ro
END2
start container "$a/root" "mount --bind '$a/src/data' data; mount --bind '$a/src/one' vol/one;
	mount --bind '$a/src/two' vol/two; mount --bind '$a/src/blank' 'with blank'; mount --bind '$a/src/conf' etc/x.conf;
	mount --bind '$a/src/ro' ro"
export VOLUME_MAP=$a/map
keeps_contract "volume-map keeps the contract with a directory" "$plugins/volume-map.so" --source "$a/src/data"
keeps_contract "with a file" "$plugins/volume-map.so" --mountpoint /etc/x.conf --source "$a/src/conf"
VOLUME_MAP=$b/map keeps_contract "and read-only" "$plugins/volume-map.so" --mountpoint /ro --source "$b/volumes/ro"
grep -q 'has ro,nosuid' "$work/out"
so "the volume is read-only then"

mkdir img
run "$rebind" dump -t "$container" -D img -L "$plugins"
so "volume-map takes the mounts that its patterns match"
[ "$(grep -l subs img/volume-map-* | wc -l)" -eq 2 ] && ! grep -q "$a/src" img/volume-map-*
so "the image has names, and no path of the host"
export VOLUME_MAP=$b/map
restore=("$rebind" restore -D img --root "$b/root" -L "$plugins")
run "${restore[@]}" -- /inside cat /data/f /vol/one/f /vol/two/f "/with blank/f" /etc/x.conf /ro/f
so "and restores them on another host"
diff "$work/out" - <<<$'new data\nnew sub/one\nnew sub/two\nnew a blank\nnew conf\nnew ro' >"$work/err"
so "each from where that host's map has it"
run "${restore[@]}" -- /inside write /ro/x
[ $? -eq 99 ] && grep -q 'Read-only' "$work/err"
so "one that is read-only there is read-only"
run "${restore[@]}" -- /inside write /data/x && [ -f "$b/volumes/data/x" ]
so "the others can be written"

# Asked first, and declines: the second time it puts another map in place of the first.
cat >swap.c <<'END2'
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "criu-plugin.h"
static int restore(int id, char *mountpoint, char *old_root, int *is_file)
{
	static int n;
	(void)id, (void)mountpoint, (void)old_root, (void)is_file;
	return ++n == 2 && rename(getenv("NEXT_MAP"), getenv("VOLUME_MAP")) < 0 ? -errno : -ENOTSUP;
}
CR_PLUGIN_REGISTER_DUMMY("swap")
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, restore)
END2
mkdir libs
compile libs/a-swap.so -shared -fPIC swap.c
cp "$plugins/volume-map.so" libs/
cp "$b/map" "$b/swapped"
mkdir -p "$b"/later/sub/{one,two} "$b"/later/{data,ro} "$b/later/a blank"
for name in data ro sub/one sub/two "a blank"; do echo "later" >"$b/later/$name/f"; done
echo later >"$b/later/x.conf"
sed "s|/volumes/|/later/|" "$b/map" >"$b/next"
NEXT_MAP=$b/next VOLUME_MAP=$b/swapped run "$rebind" restore -D img --root "$b/root" -L libs -- \
	/inside cat /data/f /vol/one/f /vol/two/f "/with blank/f" /etc/x.conf /ro/f
so "the map may be replaced while hooks run"
[ "$(grep -c later "$work/out")" -eq 5 ] && [ "$(grep -c '^new ' "$work/out")" -eq 1 ]
so "what comes after is from the new one"

# refuses SENTENCE REGEX: the restore fails and says so
refuses() {
	local why=
	run "${restore[@]}" -- /inside cat /data/f
	[ $? -eq 125 ] || why="it does not fail"
	grep -Eq -- "$2" "$work/err" || why+="; stderr is not /$2/"
	mounts | cmp -s - "$work/mounts" || why+="; mounts are left"
	result "$1" "$why"
}

export VOLUME_MAP=$work/bad
# wrong TEXT REGEX
wrong() {
	printf '%s\n' "# a map" "$1" >"$VOLUME_MAP"
	refuses "a map is refused: $1" "/bad:2: $2"
}
wrong "/data" "a source is missing for '/data'"
wrong "/data srv" "the source is no absolute path: 'srv'"
wrong "data /srv" "the pattern is no absolute path: 'data'"
wrong "/data /srv rx" "ro, rw or name=NAME is expected, not 'rx'"
wrong "/data /srv/*" "the source has more '\*' than '/data'"
wrong "\"/data /srv" "a quote is not closed"
printf '/data /srv\n\n/data /srv2\n' >"$VOLUME_MAP"
refuses "a name that two lines have is refused" "/bad:3: another line has the name '/data'"
grep -v '/data' "$b/map" >"$VOLUME_MAP"
refuses "a volume that today's map lacks is named" "'/data' is volume '/data', which .*/bad does not have"
sed "s|$b/volumes/data|$b/volumes/gone|" "$b/map" >"$VOLUME_MAP"
refuses "a source that is not there is named with its line" "/bad:1: the source of volume '/data', '.*/gone': No such file"
sed "s|$b/volumes/data|$b/volumes/x.conf|" "$b/map" >"$VOLUME_MAP"
refuses "a file for what was a directory is refused" "was a directory, but volume '/data' .* is a file"
rm "$VOLUME_MAP"
refuses "a map that VOLUME_MAP names has to be there" "cannot read .*/bad"
export VOLUME_MAP=$b/map
mkdir -p "$b/secret"
echo secret >"$b/secret/f"
for record in img/volume-map-*; do
	! grep -q two "$record" || { printf 'subs\0/vol/two\0../../secret\0' >"$work/record"; cp "$work/record" "$record"; }
done
refuses "an image cannot climb out of where the map says" 'is none of a volume'
forget "$container"

# ---- bindmount-example ----

echo "/data $b/volumes/data" >"$work/least"
BINDMOUNT_EXAMPLE_MAP=$work/least keeps_contract "bindmount-example keeps the contract" \
	"$plugins/bindmount-example.so" --source "$b/volumes/data"
start container "$a/root" "mount --bind '$a/src/data' data; mount --bind '$a/src/conf' etc/x.conf"
printf '%s\n' "/data $a/src/data" "/etc/x.conf $a/src/conf" >"$work/least"
mkdir img2
unset VOLUME_MAP
BINDMOUNT_EXAMPLE_MAP=$work/least run "$rebind" dump -t "$container" -D img2 -L "$plugins"
so "bindmount-example takes what its map has"
printf '%s\n' "/data $b/volumes/data" "/etc/x.conf $b/volumes/x.conf" >"$work/least"
BINDMOUNT_EXAMPLE_MAP=$work/least run "$rebind" restore -D img2 --root "$b/root" -L "$plugins" -- \
	/inside cat /data/f /etc/x.conf
diff "$work/out" - <<<$'new data\nnew conf' >"$work/err"
so "and restores it, a directory and a file"
forget "$container"

# ---- loop-volume ----

without_loops() {
	skip "loop-volume restores a whole filesystem" "$1"
	finish
}
command -v mkfs.ext4 >/dev/null || without_loops "mkfs.ext4 is not installed"
[ -e /dev/loop-control ] || without_loops "no loop devices"
truncate -s 8M old.ext4 new.ext4
mkfs.ext4 -q old.ext4
mkfs.ext4 -q new.ext4
mkdir fill
old_loop=$(losetup -f --show old.ext4) || without_loops "no loop device is free"
losetup -d "$old_loop"
for side in old new; do
	mount -o loop $side.ext4 fill
	echo "$side filesystem" >fill/f
	umount fill
done

# no_loop FILE: no device has it, or soon none; a detached one may take a moment
has_no_loop() { [ -z "$(losetup -j "$1")" ]; }
no_loop() { until_so has_no_loop "$1"; }

echo "/data $work/old.ext4" >"$work/loops"
export LOOP_VOLUME_MAP=$work/loops
mount -o loop old.ext4 fill
mounts >"$work/mounts"
keeps_contract "loop-volume keeps the contract" "$plugins/loop-volume.so" --source "$work/fill"
[ "$(losetup -j old.ext4 | wc -l)" -eq 1 ]
so "a file that is attached is not attached a second time"
umount fill
mounts >"$work/mounts"
start container "$a/root" "mount -o loop '$work/old.ext4' data; mount --bind '$a/src/one' vol/one"
mkdir img3
run "$rebind" dump -t "$container" -D img3 -L "$plugins" --external "mnt[/vol/one]:one"
so "loop-volume takes a whole filesystem on a loop device"
restore=("$rebind" restore -D img3 --root "$b/root" -L "$plugins" --external "mnt[one]:$b/volumes/sub/one")
run "${restore[@]}" -- /inside cat /data/f
[ "$(cat "$work/out")" = "old filesystem" ] && [ "$(losetup -j old.ext4 | wc -l)" -eq 1 ]
so "while the container runs its device is used"
forget "$container"
no_loop old.ext4
so "with the container it is gone"

echo "/data $work/new.ext4" >"$work/loops"
run "${restore[@]}" -- /inside cat /data/f
[ "$(cat "$work/out")" = "new filesystem" ]
so "a restore attaches the file that the map has"
no_loop new.ext4
so "and it is detached when the namespace ends"
run "${restore[@]}" --pidfile holder
pid=$(cat holder)
[ "$(losetup -j new.ext4 | wc -l)" -eq 1 ] && grep -q ' /data .* ext4 /dev/loop' "/proc/$pid/mountinfo" &&
	losetup -nO AUTOCLEAR -j new.ext4 | grep -q 1
so "while it lives the device is its own, with autoclear"
kill "$pid"
no_loop new.ext4
so "when it is killed it is detached"
rmdir "$b/root/vol/one"
run "${restore[@]}" -- /inside cat /data/f
[ $? -eq 125 ] && grep -q "/vol/one" "$work/err" && [ "$(losetup -j new.ext4 | wc -l)" -eq 0 ]
so "after a restore that failed it is detached at once"
mkdir "$b/root/vol/one"
echo "/data $work/new.ext4 ro" >"$work/loops"
run "${restore[@]}" -- /inside write /data/x
[ $? -eq 99 ] && grep -q 'Read-only' "$work/err"
so "ro is read-only"
echo "/data $work/new.ext4 fstype=xfs" >"$work/loops"
refuses "a filesystem of another type is refused" "cannot mount '.*new.ext4'"
no_loop new.ext4
so "and its file is detached"
echo "/data $work/none.ext4" >"$work/loops"
refuses "a file that is not there is named with its line" "loops:1: cannot open '.*none.ext4'"
echo "/other $work/new.ext4" >"$work/loops"
refuses "a file that the map lacks is named" "mount [0-9]* '/data' is a loop volume, but .* has no file for it"
echo "/data new.ext4" >"$work/loops"
refuses "a map that is wrong is refused with its line" "loops:1: a mountpoint and a file are expected"

# The word of the map is missing: that it was read-only is the superblock's.
start container "$a/root" "mount -o loop,ro '$work/new.ext4' data"
echo "/data $work/new.ext4" >"$work/loops"
mkdir img5
run "$rebind" dump -t "$container" -D img5 -L "$plugins"
forget "$container"
no_loop new.ext4
run "$rebind" restore -D img5 --root "$b/root" -L "$plugins" --pidfile holder
grep -q ' /data .* ext4 /dev/loop[0-9]* ro' "/proc/$(cat holder)/mountinfo"
so "a filesystem that was read-only is so again"
kill "$(cat holder)"
no_loop new.ext4

# A bind at a mountpoint of the map is none of its business.
start container "$a/root" "mount --bind '$a/src/data' data"
echo "/data $work/new.ext4" >"$work/loops"
mkdir img4
run "$rebind" dump -t "$container" -D img4 -L "$plugins"
[ $? -eq 1 ] && grep -q "is in the map, but it is no whole filesystem on a loop device" "$work/err"
so "a mount that is no filesystem on a loop device is not taken, and it says why"
forget "$container"

finish
