#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# --bundle and --checkpoint: roots and sources from the configuration of a container, archives as
# podman writes them, and what is wrong with either.
#
# usage: test/cli/bundle.sh BUILD_DIR     (as root)
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"
images=$here/../data/criu-images
export TMPDIR=$work/unpacked
mkdir "$TMPDIR"

# run COMMAND...: status; out and err
run() {
	timeout 20 "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
}

# edit FILTER [OPTION...]: the configuration of the bundle
edit() {
	jq "$@" "$work/config.orig" >"$work/bundle/config.json"
}

# fails SENTENCE PATTERN COMMAND...: with status 125 or 1, a line that says so, and nothing left
fails() {
	local sentence=$1 pattern=$2 why=''
	shift 2
	run "$@"
	[ "$status" -eq 125 ] || [ "$status" -eq 1 ] || why="exit status $status; "
	grep -Eq -- "$pattern" "$work/err" || why+="no line '$pattern'; "
	[ -z "$(ls "$TMPDIR")" ] || why+="unpacked files are left; "
	result "$sentence" "$why$(left_processes)"
}

# ---- a bundle as runtimes have it ----

# Dumped with its destinations as keys, as runtimes do it; and with others.
make_container plain
mkdir -p "$work/bundle/rootfs"
new_root "$work/bundle/rootfs"
mkdir -p "$work/bundle/here"
mv "$work/src/vol" "$work/bundle/here/vol"
declared=(--external "mnt[/vol]:/vol" --external "mnt[/etc/conf]:etc/conf" --external "mnt[/ro]:some-name"
	--external "mnt[/deep/er/vol]:/links/vol")
dump_container "$container" "$work/img"
ln -s deep/er "$work/bundle/rootfs/links"
cat >"$work/config.orig" <<END
{
  "ociVersion": "1.0.2",
  "root": { "path": "rootfs" },
  "mounts": [
    { "destination": "/proc", "type": "proc", "source": "proc" },
    { "destination": "/vol/", "type": "bind", "source": "here/vol", "options": [ "rbind" ] },
    { "destination": "/etc/conf", "source": "$work/src/conf", "options": [ "bind", "ro" ] },
    { "destination": "ro", "type": "bind", "source": "$work/src/ro" },
    { "destination": "/links/vol", "type": "bind", "source": "$work/src/deep" },
    { "destination": "/nobody/wants/this", "type": "bind", "source": "/nowhere" }
  ]
}
END
edit .
restore=("$rebind" restore -D "$work/img" --bundle "$work/bundle")
run "${restore[@]}" -- /inside cat /vol/file /etc/conf /tmp/dir/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = $'volume of src\nconf of src\ndata' ] && [ ! -s "$work/err" ]
so "root and sources are those of the bundle: by key, by path, relative to it, through its links"
(cd "$work/bundle/here" && run "$rebind" restore -D "$work/img" --bundle .. -- /inside cat /vol/file; exit "$status")
so "whatever the working directory is"
run "${restore[@]}" --pidfile "$work/pid"
known+=("$(cat "$work/pid")")
"$rebind" diff "$container" "$(cat "$work/pid")" >"$work/out" 2>&1
so "and what is restored is equal"
forget "$(cat "$work/pid")" 2>"/dev/null"
mkdir "$work/other"
echo another >"$work/other/file"
run "${restore[@]}" --external "mnt[/vol]:$work/other" -- /inside cat /vol/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = another ]
so "--external goes before the bundle"
run "${restore[@]}" --inherit-fd "fd[3]:mnt[/vol]" -- /inside cat /vol/file 3<"$work/other"
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = another ]
so "so does --inherit-fd"
run "${restore[@]}" --root "$work/new" -- /inside cat /vol/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = "volume of src" ]
so "and --root"
edit '.root.path = $root' --arg root "$work/new"
run "${restore[@]}" -- /inside cat /vol/file
[ "$status" -eq 0 ]
so "root.path may be absolute"
edit '.mounts += [{destination: "/vol", type: "bind", source: $other}]' --arg other "$work/other"
run "${restore[@]}" -- /inside cat /vol/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = another ]
so "of two binds of one destination the last counts"

# ---- what is wrong with a bundle ----

fails "a bundle that is not there" "cannot open the bundle '$work/none': No such file" \
	"$rebind" restore -D "$work/img" --bundle "$work/none" -- /inside exit 0
fails "one without config.json" "cannot open '$work/other/config.json': No such file" \
	"$rebind" restore -D "$work/img" --bundle "$work/other" -- /inside exit 0
printf '{\n  "root": { "path": "rootfs" },\n  "mounts": [ { ]\n}\n' >"$work/bundle/config.json"
fails "a mistake has its line and column" "/config.json', line 3, column 17: " "${restore[@]}" -- /inside exit 0
edit '.mounts = "none"'
fails "mounts that are no list" "/config.json': mounts must be an array of objects, and is a string" "${restore[@]}" -- /inside exit 0
edit '.mounts[2].source = 7 | .mounts[3].destination = null | .root = []'
fails "wrong types, each with its path" "mounts\[2\].source must be a string, and is a number" "${restore[@]}" -- /inside exit 0
grep -q "mounts\[3\].destination is missing" "$work/err" && grep -q ": root must be an object, and is an array" "$work/err"
so "all of them"
edit 'del(.root)'
fails "no root" "has no root.path; give --root PATH" "${restore[@]}" -- /inside exit 0
edit '.root.path = "gone"'
fails "a root that is not there" "$work/bundle/gone.*No such file" "${restore[@]}" -- /inside exit 0
edit '.mounts[1].source = "gone" | .mounts[2].source = "/gone/too"'
fails "sources that are not there" "the source 'gone' in '$work/bundle/config.json' is not taken: No such file" "${restore[@]}" -- /inside exit 0
grep -q "the source '/gone/too'.*No such file" "$work/err" &&
	grep -q -- "--external 'mnt\[/vol\]:SOURCE'" "$work/err" && grep -q -- "--external 'mnt\[etc/conf\]:SOURCE'" "$work/err"
so "all of them, with the options that help"
run "${restore[@]}" --external "mnt[/vol]:$work/other" --external "mnt[etc/conf]:$work/src/conf" -- /inside cat /vol/file
[ "$status" -eq 0 ]
so "and with these it is restored"
edit '.mounts[4].destination = "/../../deep/../deep/er/vol"'
run "${restore[@]}" -- /inside exit 0
[ "$status" -eq 0 ]
so "a destination with '..' stays in the root"
rm "$work/bundle/rootfs/links"
ln -s "$work/a" "$work/bundle/rootfs/links"
edit '.mounts[4].destination = "/links/deep/er/vol"'
fails "and so does one with a symlink" "/deep/er/vol .*has no source" "${restore[@]}" -- /inside exit 0
edit .
fails "an image that is none" "inventory.img" "$rebind" restore -D "$work/other" --bundle "$work/bundle" -- /inside exit 0
run "$rebind" restore --bundle "$work/bundle" -- /inside exit 0
[ "$status" -eq 125 ] && grep -q "give -D DIR" "$work/err"
so "a bundle alone is no image"

# ---- masked paths and devices ----

box=
# What a runtime masks, and devices: dumped with these keys.
masked() {
	local dir=$work/masked.img
	rm -rf "$dir"
	mkdir "$dir"
	hold box unshare --mount --propagation private bash -ec '
		cd "$1" && mount --bind . . && cd "$1" && mount -t proc proc proc
		mount --bind /dev/null proc/version && mount --bind "$2" proc/fs
		mount --bind /dev/zero etc/conf && mount --bind /dev/loop-control vol/dev
		exec "$1/inside" hold .' - "$work/a/root" "$work/other"
	run "$rebind" dump -t "$box" -D "$dir" --external 'mnt[/proc/version]:/proc/version' \
		--external 'mnt[/proc/fs]:/proc/fs' --external 'mnt[/etc/conf]:/dev/zero' --external 'mnt[/vol/dev]:/dev/loop-control'
	[ "$status" -eq 0 ] || result "masked paths are dumped" "they are not"
	forget "$box"
}
if [ -c /dev/loop-control ]; then
	touch "$work/a/root/vol/dev" "$work/bundle/rootfs/vol/dev"
	masked
	restore=("$rebind" restore -D "$work/masked.img" --bundle "$work/bundle")
	edit '.linux = {maskedPaths: ["/proc/version", "/proc/fs"], devices: [{path: "/dev/loop-control", type: "c", major: 10, minor: 237}]}'
	run "${restore[@]}" --pidfile "$work/pid"
	[ "$status" -eq 0 ] && known+=("$(cat "$work/pid")") && root=/proc/$(cat "$work/pid")/root &&
		[ "$(stat -c %F:%t:%T "$root/proc/version" "$root/etc/conf" "$root/vol/dev" | tr '\n' ' ')" = \
			"character special file:1:3 character special file:1:5 character special file:a:ed " ] &&
		[ -d "$root/proc/fs" ] && [ -z "$(ls -A "$root/proc/fs")" ]
	so "masked paths are the host's null and an empty directory, devices are its own"
	forget "$(cat "$work/pid")" 2>"/dev/null"
	edit '.linux = {maskedPaths: ["/proc/version", "/proc/fs"]}'
	fails "a device that the bundle does not have is not taken" "the external mount '/dev/loop-control' has no source" "${restore[@]}" -- /inside exit 0
	edit '.linux = {maskedPaths: ["/proc/version", "/proc/fs"], devices: [{path: "/dev/loop-control", type: "c", major: 1, minor: 3}]}'
	fails "nor one of other numbers" "/dev/loop-control.*the host has another device of that name" "${restore[@]}" -- /inside exit 0
	edit '.linux = {maskedPaths: ["/proc/version", "/proc/fs"]}'
	fails "a null that is none is found" "'/dev/null' of the host is not the character device 1:3" \
		unshare --mount --propagation private bash -c 'mount --bind "$0" /dev/null && exec "$@"' "$work/src/conf" "${restore[@]}" --pidfile "$work/pid"
else
	skip "masked paths and devices" "there is no /dev/loop-control"
fi

# ---- an archive of podman's ----

mkdir "$work/export"
cp -r "$work/img" "$work/export/checkpoint"
: >"$work/export/checkpoint/pages-1.img"
jq '.mounts[1].source = "/var/lib/containers/storage/gone/vol" | .root.path = "/var/lib/gone/merged"' "$work/config.orig" >"$work/export/spec.dump"
echo '{ "id": "0123" }' >"$work/export/config.dump"
echo diff >"$work/export/rootfs-diff.tar"
tar -C "$work/export" -cf "$work/c.tar" .
gzip -k "$work/c.tar"
(cd "$work/export" && tar -cf - -- *) | zstd -q >"$work/c.tar.zst"
edit .
volume=(--external "mnt[/vol]:$work/other")
for archive in c.tar c.tar.gz c.tar.zst; do
	restore=("$rebind" restore --checkpoint "$work/$archive")
	run "${restore[@]}" --root "$work/bundle/rootfs" --external "mnt[]" "${volume[@]}" -- /inside cat /vol/file /etc/conf /tmp/dir/file
	[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = $'another\nconf of src\ndata' ] && [ -z "$(ls "$TMPDIR")" ]
	so "$archive is restored, and nothing of it is left"
done
run "${restore[@]}" --bundle "$work/bundle" -- /inside cat /vol/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = "volume of src" ]
so "with a bundle, root and sources are those of the bundle"
fails "paths of the host are not taken from an archive" "the source '$work/src/conf' in '.*/spec.dump' is not taken.*mnt\[\]" \
	"${restore[@]}" --root "$work/bundle/rootfs" -- /inside exit 0
[ "$(grep -c -- "; pass --external 'mnt\[.*\]:SOURCE'" "$work/err")" -eq 4 ]
so "all of them are listed, with the option for each"
fails "nor is the root" "give --root PATH" "${restore[@]}" --external "mnt[]" -- /inside exit 0
fails "a stale source is named, with the option that overrides it" "the source '/var/lib/containers/storage/gone/vol' in .*: No such file" \
	"${restore[@]}" --root "$work/bundle/rootfs" --external "mnt[]" -- /inside exit 0
grep -q -- "^rebind: /vol .*; pass --external 'mnt\[/vol\]:SOURCE'" "$work/err"
so "by its key"
printf '#!/bin/sh\n[ -e "$CRTOOLS_IMAGE_DIR/inventory.img" ]\n' >"$work/look"
chmod 755 "$work/look"
run "${restore[@]}" --bundle "$work/bundle" --action-script "$work/look" --pidfile "$work/pid"
[ "$status" -eq 0 ] && [ -z "$(ls "$TMPDIR")" ]
so "action scripts can look into it"
kill -KILL "$(cat "$work/pid")"


for signal in TERM KILL; do
	mkfifo "$work/go"
	printf '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != pre-restore ] || { echo there >"%s"; kill -STOP $$; }\n' "$work/go" >"$work/stop"
	chmod 755 "$work/stop"
	"${restore[@]}" --bundle "$work/bundle" --action-script "$work/stop" --pidfile "$work/pid" 2>"$work/err" &
	pid=$!
	read -r _ <"$work/go"
	[ -n "$(ls "$TMPDIR")" ] || echo "# nothing was unpacked"
	kill -"$signal" "$pid"
	wait "$pid" 2>"/dev/null"
	left=$(left_processes)
	result "after SIG$signal nothing is left" "$left$(ls "$TMPDIR")"
	rm "$work/go"
done

for i in 01 02 03 04 05 06 07 08 09 10 12 14 16 20 25 30; do
	"${restore[@]}" --bundle "$work/bundle" -- /inside stay >"$work/out" 2>"$work/err" &
	pid=$!
	pause_for "0.0$i"
	kill -KILL "$pid"
	wait "$pid" 2>"/dev/null"
	# A command outlives rebind, as it would a shell.
	for pid in $(pgrep -x inside); do
		[ "$pid" -eq "$container" ] || kill -KILL "$pid"
	done
done
left=$(left_processes)
result "killed at any moment it leaves nothing" "$left$(ls "$TMPDIR")"

# ---- what is wrong with an archive ----

restore=("$rebind" restore --bundle "$work/bundle" --pidfile "$work/pid")
run "${restore[@]}" -D "$work/img" --checkpoint "$work/c.tar"
[ "$status" -eq 2 ]
so "one image is enough"
fails "an archive that is not there" "cannot open the archive '$work/none'" "${restore[@]}" --checkpoint "$work/none"
fails "a directory" "'$work/img' is a directory, and no OCI image layout: .* give -D DIR" "${restore[@]}" --checkpoint "$work/img"
fails "another file" "cannot unpack '$rebind'" "${restore[@]}" --checkpoint "$rebind"
tar -C "$work/export" -cf "$work/bad.tar" spec.dump
fails "an archive of something else" "is not the archive of a checkpoint: it has no checkpoint/" "${restore[@]}" --checkpoint "$work/bad.tar"
for archive in c.tar c.tar.gz c.tar.zst; do
	head -c $(($(stat -c %s "$work/$archive") / 2 + 100)) "$work/$archive" >"$work/bad.tar"
	fails "half of $archive" "cannot unpack '$work/bad.tar': " "${restore[@]}" --checkpoint "$work/bad.tar"
done
# hostile SENTENCE PATTERN TAR_OPTION...
hostile() {
	local sentence=$1 pattern=$2
	shift 2
	tar -C "$work/export" -P -cf "$work/bad.tar" checkpoint spec.dump "$@"
	fails "$sentence" "cannot unpack '$work/bad.tar': $pattern" "${restore[@]}" --checkpoint "$work/bad.tar"
}
echo evil >"$work/evil"
before=$(names "$work" | grep -v bad.tar)
hostile "an absolute name" "'$work/evil' is an absolute name" "$work/evil"
hostile "a name that climbs out" "'checkpoint/../../evil' leaves the directory" --transform "s,spec.dump,checkpoint/../../evil,"
ln -s "$work/a" "$work/export/link"
hostile "a symlink" "'link' is neither a file nor a directory" link
ln "$work/export/spec.dump" "$work/export/hard"
hostile "a hard link" "'hard' is neither a file nor a directory" hard
mknod "$work/export/node" c 1 3
hostile "a device" "'node' is neither a file nor a directory" node
mkfifo "$work/export/pipe"
hostile "a pipe" "'pipe' is neither a file nor a directory" pipe
hostile "a name that stands in it twice" "'spec.dump' stands in it twice" --transform "s,hard,spec.dump," --hard-dereference hard
truncate -s 100T "$work/export/huge" 2>"/dev/null" || truncate -s 10T "$work/export/huge"
hostile "a file that nobody has room for" "'checkpoint/huge' has [0-9]+ bytes, for which there is no room" --sparse --transform "s,^huge,checkpoint/huge," huge
rm "$work"/export/{link,hard,node,pipe,huge}
[ "$(names "$work" | grep -v -e bad.tar -e " $work/export")" != "" ] && [ "$(names "$work" | grep -v bad.tar)" = "$before" ]
so "none of them leaves a file anywhere"

# ---- a bundle of crun's, with an image that CRIU wrote ----

mkdir -p "$work/crun/rootfs"/{proc,etc,dev,sys,tmp,vol/dir,vol/ro} "$work/lab/dir" "$work/lab/ro"
touch "$work/crun/rootfs"/etc/{hosts,app.conf} "$work/lab/file"
jq --arg lab "$work/lab" '(.mounts[] | select(.source == "/srv/lab/oci/vol/dir")).source = $lab + "/dir" |
	(.mounts[] | select(.source == "/srv/lab/oci/vol/ro")).source = $lab + "/ro" |
	(.mounts[] | select(.destination | startswith("/etc/"))).source = $lab + "/file"' \
	"$images/crun-container/config.json" >"$work/crun/config.json"
run "$rebind" restore -D "$images/crun-container/img" --bundle "$work/crun" --new-ns pid,net,ipc --pidfile "$work/pid"
[ "$status" -eq 0 ] && known+=("$(cat "$work/pid")") && run "$rebind" diff "$images/crun-container/img" "$(cat "$work/pid")" && [ "$status" -eq 0 ]
so "CRIU's image of a container of crun is restored with its bundle"
forget "$(cat "$work/pid")" 2>"/dev/null"
forget "$container"
finish
