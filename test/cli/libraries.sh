#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# libarchive, zlib, libmount, jansson and libmd are loaded when they are needed. Each of them is taken away in two ways: its file is
# empty, and it is another library, which has some of the functions. A command that needs it says so in one line, and
# leaves nothing; one that does not need it does its work.
#
# usage: test/cli/libraries.sh BUILD_DIR     (as root)

# shellcheck disable=SC2016 # words for another shell
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# libraries: what can be taken away, the file and a function that the other library has
declare -A sonames=([libarchive]=libarchive.so.13 [zlib]=libz.so.1 [libmount]=libmount.so.1 [jansson]=libjansson.so.4 [libmd]=libmd.so.0)
declare -A first=([libarchive]=archive_read_free [zlib]=deflate [libmount]=mnt_new_table [jansson]=json_decref [libmd]=SHA256Init)

make_others() {
	local name

	for name in "${!sonames[@]}"; do
		mkdir "$work/$name"
		echo "int ${first[$name]}(void) { return 0; }" | "${CC:-cc}" -shared -fPIC -x c -o "$work/$name/${sonames[$name]}" - || exit 1
	done
}

# without NAME WAY COMMAND...: status; out and err
without() {
	local name=$1 way=$2 file
	shift 2
	if [ "$way" = other ]; then
		timeout 20 env LD_LIBRARY_PATH="$work/$name" "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	else
		file=$(ldconfig -p | sed -n "s|.*\b${sonames[$name]}\b.*x86-64.*=> ||p; t; s|.*\b${sonames[$name]}\b.*=> ||p" | head -n 1)
		timeout 20 unshare --mount --propagation private bash -c 'mount --bind /dev/null "$0" && exec "$@"' "$file" "$@" \
			<"/dev/null" >"$work/out" 2>"$work/err"
	fi
	status=$?
}

# left: WHY something is, or nothing
left() {
	[ "$(mounts)" = "$mounts_before" ] || printf 'a mount is left; '
	[ "$(names "${watched[@]}" "$TMPDIR")" = "$names_before" ] || printf 'a file is left; '
	[ -z "$(ls "$work/fresh")" ] || printf 'the image has %s; ' "$(ls "$work/fresh")"
	[ ! -e "$work/pid" ] || printf 'a pidfile is left; '
	left_processes
}

# says NAME SENTENCE STATUS REGEX COMMAND...: one line
says() {
	local name=$1 sentence=$2 want=$3 regex=$4 way
	shift 4
	for way in empty other; do
		without "$name" "$way" "$@"
		result "$name is $way: $sentence" "$([ "$status" -eq "$want" ] && [ "$(wc -l <"$work/err")" -eq 1 ] &&
			grep -Eq "$regex" "$work/err" || echo "exit status $status; ")$(left)"
	done
}

# goes NAME SENTENCE COMMAND...: it is not needed
goes() {
	local name=$1 sentence=$2 way
	shift 2
	for way in empty other; do
		without "$name" "$way" "$@"
		result "$name is $way: $sentence" "$([ "$status" -eq 0 ] || echo "exit status $status; ")$(rm -rf "$work"/fresh/*)$(left)"
	done
}

# checks NAME: `rebind check` names it, and what follows
checks() {
	goes "$1" "check says so" bash -c '"$0" check | grep -Eq "^(lib)?$1 +missing +.*: "' "$rebind" "$1"
}

# ---- what is dumped and restored ----

make_container plain
make_others
# What is small takes no zlib.
head -c 100000 /dev/urandom >"/proc/$container/root/tmp/large" || exit 1
compile deny "$here/deny.c"
dump_container "$container" "$work/img"
mkdir "$work/export" "$work/fresh" "$work/tmp" "$work/empty"
export TMPDIR=$work/tmp
cp -r "$work/img" "$work/export/checkpoint"
echo '{ "root": { "path": "rootfs" }, "mounts": [] }' >"$work/export/spec.dump"
tar -C "$work/export" -czf "$work/c.tar.gz" .
cat "/proc/$container/mountinfo" >"$work/table"
mkdir -p "$work/layout/blobs/sha256"
echo '{"imageLayoutVersion": "1.0.0"}' >"$work/layout/oci-layout"
digest=$(printf '{}' | sha256sum)
printf '{}' >"$work/layout/blobs/sha256/${digest%% *}"
echo '{"manifests": [{"digest": "sha256:'"${digest%% *}"'", "size": 2}]}' >"$work/layout/index.json"
names_before=$(names "${watched[@]}" "$TMPDIR")
mounts_before=$(mounts)

dump=("$rebind" dump -t "$container" -D "$work/fresh" "${declared[@]}")
restore=("$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}")
checkpoint=("$rebind" restore --checkpoint "$work/c.tar.gz" --root "$work/new" "${sources[@]}")
cat_it=(-- /inside cat /tmp/dir/file)

says zlib "files of a tmpfs are not dumped" 1 'zlib cannot be loaded: .*libz' "${dump[@]}"
says zlib "nor without compression" 1 'zlib cannot be loaded: .*libz' "${dump[@]}" --compress none
says zlib "nor restored" 1 'zlib cannot be loaded: .*libz' "${restore[@]}" --pidfile "$work/pid"
says zlib "nor looked at" 1 'its contents .* cannot be read: zlib cannot be loaded: .*libz' "${restore[@]}" --dry-run
says zlib "nor for a command" 125 'zlib cannot be loaded: .*libz' "${restore[@]}" "${cat_it[@]}"
says zlib "an archive is not unpacked" 125 'zlib cannot be loaded: .*libz' "${checkpoint[@]}" "${cat_it[@]}"
says zlib "contents are not compared" 2 'zlib cannot be loaded: .*libz' "$rebind" diff --contents "$work/img" "$work/img"
goes zlib "an image is shown" "$rebind" show "$work/img"
goes zlib "images are compared" "$rebind" diff "$work/img" "$work/img"
checks zlib

goes libarchive "files of a tmpfs are dumped" "${dump[@]}"
goes libarchive "and restored" "${restore[@]}" "${cat_it[@]}"
says libarchive "an archive is not unpacked" 125 'libarchive cannot be loaded: .*libarchive' "${checkpoint[@]}" "${cat_it[@]}"
says libarchive "nor written" 1 'cannot write the archive .*: libarchive cannot be loaded: .*libarchive' \
	"$rebind" dump -t "$container" "${declared[@]}" --checkpoint "$work/fresh/c.tar"
says libarchive "contents are not compared" 2 'libarchive cannot be loaded: .*libarchive' "$rebind" diff --contents "$work/img" "$work/img"
checks libarchive

goes libmount "a namespace is dumped" "${dump[@]}"
goes libmount "and restored" "${restore[@]}" "${cat_it[@]}"
says libmount "a saved table is not read" 1 'libmount.* cannot be loaded: .*libmount' "$rebind" show "$work/table"
says libmount "nor compared" 2 'libmount.* cannot be loaded: .*libmount' "$rebind" diff "$work/table" "$work/img"
says libmount "nor is a namespace, without statmount" 1 'libmount.* cannot be loaded: .*libmount' "$rebind" show "$container" --reader mountinfo
says libmount "it is not dumped" 1 'libmount.* cannot be loaded: .*libmount' "${dump[@]}" --reader mountinfo
says libmount "nor restored" 125 'libmount.* cannot be loaded: .*libmount' "${restore[@]}" --reader mountinfo "${cat_it[@]}"
says libmount "nor are its contents compared" 2 'libmount.* cannot be loaded: .*libmount' \
	"$work/deny" ENOSYS listmount,statmount "$rebind" diff --contents "$container" "$work/img"
checks libmount

goes jansson "a namespace is dumped" "${dump[@]}"
goes jansson "and restored" "${restore[@]}" "${cat_it[@]}"
for verb in "check" "show $work/img" "diff $work/img $work/img"; do
	read -r -a words <<<"$verb"
	says jansson "${words[0]} --json" "$([ "${words[0]}" = diff ] && echo 2 || echo 1)" 'jansson cannot be loaded: .*libjansson' "$rebind" "${words[@]}" --json
done
says jansson "dump --json" 1 'jansson cannot be loaded: .*libjansson' "${dump[@]}" --json
says jansson "restore --json" 1 'jansson cannot be loaded: .*libjansson' "${restore[@]}" --pidfile "$work/pid" --json
says jansson "an archive's configuration is not read" 125 'jansson.* cannot be loaded: .*libjansson' "${checkpoint[@]}" "${cat_it[@]}"
says jansson "a wrong word has its own status" 2 'rr' "$rebind" diff "$work/img" "$work/img" --rr --json
checks jansson

goes libmd "an archive is unpacked" "${checkpoint[@]}" "${cat_it[@]}"
says libmd "a layout is not" 125 'libmd, which checks the digests of .* cannot be loaded: .*libmd' \
	"$rebind" restore --checkpoint "$work/layout" --root "$work/new" "${sources[@]}" "${cat_it[@]}"
finish
