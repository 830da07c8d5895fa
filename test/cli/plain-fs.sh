#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Images on a filesystem that can create, write, rename and remove files, and nothing more: no O_TMPFILE, no hard
# links, no rename that refuses to replace. Object stores behind fuse are such.
#
# usage: test/cli/plain-fs.sh BUILD_DIR     (as root)
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# store VARIANT...: a new one at $work/store, which shows $work/behind; its server ends with it
store() {
	umount "$work/store" 2>"/dev/null"
	rm -rf "$work/behind"
	mkdir -p "$work/store" "$work/behind"
	hold _server "$work/plain-fs" "$work/store" "$work/behind" "$@"
}

# files NAME...: that is what the store holds, and nothing temporary
files() {
	[ "$(find "$work/behind" -mindepth 1 -printf '%f\n' | sort | tr '\n' ' ')" = "$*" ]
}

compile plain-fs "$here/plain-fs.c"
make_container plain
if ! { : <>/dev/fuse; } 2>"$work/err"; then
	skip "images on a plain filesystem" "$(head -c 200 "$work/err")"
	finish
fi
store
! ln "$work/store/a" "$work/store/b" 2>"/dev/null" && : >"$work/store/a" && ! ln "$work/store/a" "$work/store/b" 2>"$work/err" && rm "$work/store/a"
so "the filesystem has no hard links"

run "$rebind" dump -t "$container" -D "$work/store" "${declared[@]}"
[ "$status" -eq 0 ] && [ ! -s "$work/err" ]
so "a container is dumped to it"
listing "$work/behind" >"$work/before"
! find "$work/behind" -name '*.tmp' -o -name '.*' -type f | grep -q . && [ -s "$work/behind/inventory.img" ]
so "nothing temporary is left of that"
run "$rebind" restore -D "$work/store" --root "$work/new" "${sources[@]}" -- /inside cat /vol/file /tmp/dir/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = $'volume of src\ndata' ]
so "it is restored from there"
run "$rebind" diff --contents "$container" "$work/store"
[ "$status" -eq 0 ] && [ ! -s "$work/out" ]
so "and is the container's"
run "$rebind" dump -t "$container" -D "$work/store" "${declared[@]}"
[ "$status" -eq 1 ] && grep -q "holds an image already" "$work/err" && listing "$work/behind" | cmp -s - "$work/before"
so "no other image takes its place"

# The inventory is last: two dumps at once leave one image.
store
timeout 20 "$rebind" dump -t "$container" -D "$work/store" "${declared[@]}" 2>"$work/one" & first=$!
timeout 20 "$rebind" dump -t "$container" -D "$work/store" "${declared[@]}" 2>"$work/two" & second=$!
wait "$first"; one=$?
wait "$second"; two=$?
cat "$work/one" "$work/two" >"$work/err"
[ $((one + two)) -eq 1 ] && run "$rebind" diff --contents "$container" "$work/store" && [ "$status" -eq 0 ]
so "of two dumps at once one fails, and the other's image is whole"

store close
run "$rebind" dump -t "$container" -D "$work/store" "${declared[@]}"
[ "$status" -eq 1 ] && grep -q "No space left on device" "$work/err" && files ""
so "what is lost at the end of a file is an error, and leaves nothing"
umount "$work/store"
finish
