#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An image as one archive, and as an image in an OCI layout, which buildah makes and skopeo copies: written, read, and
# refused where it is not what it says.
#
# usage: test/cli/layout.sh BUILD_DIR     (as root)
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"
export TMPDIR=$work/unpacked HOME=$work XDG_RUNTIME_DIR=$work/run
mkdir "$TMPDIR" "$work/run"

run() {
	timeout 60 "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
}

# says SENTENCE STATUS PATTERN COMMAND...: it ends like that with such a line, and nothing is left
says() {
	local sentence=$1 want=$2 pattern=$3 why=''
	shift 3
	run "$@"
	[ "$status" -eq "$want" ] || why="exit status $status; "
	grep -Eq -- "$pattern" "$work/err" || why+="no line '$pattern'; "
	[ -z "$(ls "$TMPDIR")" ] || why+="files are left in TMPDIR; "
	result "$sentence" "$why$(left_processes)"
}

# comes SENTENCE ARCHIVE [OPTION...]: it is restored, with the files of its tmpfs
comes() {
	local sentence=$1 archive=$2
	shift 2
	run "$rebind" restore --checkpoint "$archive" --root "$work/new" "${sources[@]}" "$@" -- /inside cat /tmp/dir/file /vol/file
	[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = $'data\nvolume of src' ] && [ -z "$(ls "$TMPDIR")" ]
	so "$sentence"
}

# ---- written ----

make_container plain
for end in tar tar.gz tgz tar.zst; do
	run "$rebind" dump -t "$container" "${declared[@]}" --checkpoint "$work/c.$end"
	[ "$status" -eq 0 ] && [ ! -s "$work/err" ] && [ -z "$(ls "$TMPDIR")" ] && [ "$(stat -c %a "$work/c.$end")" = 600 ]
	so "a namespace is dumped into FILE.$end"
	comes "and restored from it" "$work/c.$end"
done
[[ $(file -b "$work/c.tar") == *"tar archive"* && $(file -b "$work/c.tgz") == gzip* && $(file -b "$work/c.tar.zst") == Zstandard* ]]
so "the name says how it is compressed"
tar -tf "$work/c.tar" >"$work/out" 2>"$work/err"
[ "$(grep -cvE '^checkpoint/([a-z0-9.-]+\.img)?$' "$work/out")" -eq 0 ] && grep -qx checkpoint/inventory.img "$work/out"
so "it has checkpoint/ and the image in it"
cp "$work/c.tar" "$work/before"
says "an archive that is there is not replaced" 1 "cannot make the archive '$work/c.tar': give another name: File exists" \
	"$rebind" dump -t "$container" "${declared[@]}" --checkpoint "$work/c.tar"
cmp -s "$work/before" "$work/c.tar"
so "and stays as it is"
says "a directory that is not there" 1 "cannot open the directory of '/nowhere/c.tar': No such file" \
	"$rebind" dump -t "$container" "${declared[@]}" --checkpoint /nowhere/c.tar
says "a name that does not say what it is" 2 "takes FILE.tar, FILE.tar.gz or FILE.tar.zst, not 'c.zip'" \
	"$rebind" dump -t "$container" "${declared[@]}" --checkpoint c.zip
says "two places" 2 "-D and --checkpoint both" "$rebind" dump -t "$container" -D "$work" --checkpoint c.tar
says "CRIU beside it" 2 "is for mounts alone" "$rebind" criu dump -t "$container" --checkpoint c.tar
says "findings leave no archive" 1 "/vol \(mount [0-9]+\)" "$rebind" dump -t "$container" --checkpoint "$work/none.tar"
run "$rebind" dump -t "$container" "${declared[@]}" --checkpoint "$work/none.tar" --dry-run
[ "$status" -eq 0 ] && [ ! -e "$work/none.tar" ] && [ -z "$(ls "$TMPDIR")" ]
so "nor does a dry run"
mkdir "$work/full"
mount -t tmpfs -o size=8k tmpfs "$work/full"
says "a full filesystem leaves none" 1 "cannot write the archive '$work/full/c.tar': .*No space left" \
	"$rebind" dump -t "$container" "${declared[@]}" --checkpoint "$work/full/c.tar"
[ -z "$(ls -A "$work/full")" ]
so "nor a part of one"

# ---- a bundle goes with it ----

mkdir "$work/web"
cat >"$work/web/config.json" <<'END'
{"ociVersion": "1.0.2", "root": {"path": "rootfs"}, "mounts": [
 {"destination": "/vol", "type": "bind", "source": "SRC/vol"}, {"destination": "/etc/conf", "type": "bind", "source": "SRC/conf"},
 {"destination": "/ro", "type": "bind", "source": "SRC/ro"}, {"destination": "/deep/er/vol", "type": "bind", "source": "SRC/deep"}]}
END
sed -i "s,SRC,$work/a,g" "$work/web/config.json"
run "$rebind" dump -t "$container" --bundle "$work/web" --checkpoint "$work/b.tar.zst"
[ "$status" -eq 0 ] && tar -xOf "$work/b.tar.zst" spec.dump | cmp -s - "$work/web/config.json" &&
	[ "$(tar -xOf "$work/b.tar.zst" config.dump | jq -r .name)" = web ]
so "a bundle's configuration goes with it, as CRI-O calls it"
run "$rebind" restore --checkpoint "$work/b.tar.zst" --root "$work/new" --external 'mnt[]' -- /inside cat /vol/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = "volume of a" ]
so "and names the sources, if the caller trusts it"
says "else not" 125 "external 'mnt\[/vol\]:" "$rebind" restore --checkpoint "$work/b.tar.zst" --root "$work/new" -- /inside exit 0

# ---- an image of buildah's, copied by skopeo ----

# blob FILE: put it into the layout. Prints its descriptor.
blob() {
	local hex
	hex=$(sha256sum "$1")
	hex=${hex%% *}
	cp "$1" "$layout/blobs/sha256/$hex"
	jq -nc --arg type "$2" --arg hex "$hex" --argjson size "$(stat -c %s "$1")" '{mediaType: $type, digest: ("sha256:" + $hex), size: $size}'
}

# index DESCRIPTOR...: of the layout
index() {
	local IFS=,
	echo "{\"schemaVersion\": 2, \"manifests\": [$*]}"
}

manifest=application/vnd.oci.image.manifest.v1+json
tar_type=application/vnd.oci.image.layer.v1.tar
new_layout() {
	layout=$work/layout
	rm -rf "$layout"
	mkdir -p "$layout/blobs/sha256"
	echo '{"imageLayoutVersion": "1.0.0"}' >"$layout/oci-layout"
}

# image LAYER...: a layout with an image of these layers
image() {
	local IFS=,
	echo "{\"schemaVersion\": 2, \"mediaType\": \"$manifest\", \"layers\": [$*]}" >"$work/manifest"
	index "$(blob "$work/manifest" "$manifest")" >"$layout/index.json"
}

if command -v buildah >"/dev/null" && command -v skopeo >"/dev/null"; then
	buildah=(buildah --root "$work/store" --runroot "$work/run" --storage-driver vfs)
	run "${buildah[@]}" from --name ck scratch
	[ "$status" -eq 0 ] && run "${buildah[@]}" add ck "$work/c.tar.zst" /
	[ "$status" -eq 0 ] && run "${buildah[@]}" config --annotation=io.kubernetes.cri-o.annotations.checkpoint.name=web ck
	[ "$status" -eq 0 ] && run "${buildah[@]}" commit ck "oci:$work/image:web"
	[ "$status" -eq 0 ]
	so "buildah makes an image of the archive"
	comes "the layout of which is restored" "$work/image"
	run skopeo copy "oci:$work/image:web" "dir:$work/registry"
	[ "$status" -eq 0 ] && run skopeo copy "dir:$work/registry" "oci-archive:$work/image.tar"
	[ "$status" -eq 0 ]
	so "skopeo copies it"
	comes "and its archive is restored" "$work/image.tar"
	run skopeo copy "oci:$work/image:web" "oci:$work/image:again"
	says "of two images none is taken for the other" 125 "'$work/image' has 2 images \('web', 'again'\): .*skopeo copy oci:DIR:NAME" \
		"$rebind" restore --checkpoint "$work/image" --root "$work/new" "${sources[@]}" -- /inside exit 0
	run skopeo copy "oci:$work/image:again" "oci:$work/one"
	comes "what the message says helps" "$work/one"
	"${buildah[@]}" rm ck >"/dev/null" 2>&1
else
	skip "an image of buildah's, copied by skopeo" "one of them is not installed"
fi

# ---- what others write ----

new_layout
image "$(blob "$work/c.tar.zst" "$tar_type+zstd")"
comes "a layout made by hand" "$layout"
index "$(blob "$layout/index.json" application/vnd.oci.image.index.v1+json)" >"$work/index"
cp "$work/index" "$layout/index.json"
comes "an index in an index" "$layout"
tar -C "$layout" -cf "$work/archive.tar" .
comes "an archive of it" "$work/archive.tar"
gzip -kf "$work/archive.tar"
comes "which may be compressed" "$work/archive.tar.gz"
new_layout
mkdir -p "$work/files"
tar -C "$work/files" -xf "$work/c.tar"
tar -C "$work/files/checkpoint" -cf "$work/criu.tar" .

# 0x12, a varint of the length, the value
python3 -c 'import sys; v = open(sys.argv[1], "rb").read(); n = len(v); sys.stdout.buffer.write(b"\x0a\x04type\x12" + bytes([n & 127 | 128, n >> 7]) + v)' \
	"$work/web/config.json" >"$work/any"
files=$(blob "$work/criu.tar" application/vnd.containerd.container.criu.checkpoint.criu.tar)
spec=$(blob "$work/any" application/vnd.containerd.container.checkpoint.config.v1+proto)
index "$spec" "$files" >"$layout/index.json"
run "$rebind" restore --checkpoint "$layout" --root "$work/new" --external 'mnt[]' "${sources[@]}" -- /inside cat /tmp/dir/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = data ]
so "containerd's: CRIU's files and its configuration"
index "$files" >"$layout/index.json"
comes "and without a configuration" "$layout"

# ---- what is not what it says ----

# refused SENTENCE PATTERN: the layout
refused() {
	says "$1" 125 "$2" "$rebind" restore --checkpoint "$layout" --root "$work/new" "${sources[@]}" -- /inside exit 0
}

new_layout
layer=$(blob "$work/c.tar" "$tar_type")
refused "without an index" "cannot open '$layout/index.json': No such file"
: >"$layout/index.json"
refused "an empty one" "'$layout/index.json', line"
for text in '[]' '{}' '{"manifests": {}}' '{"manifests": []}' 'null'; do
	echo "$text" >"$layout/index.json"
	refused "the index $text" "'$layout' has no image in its index|'$layout/index.json', line"
done
for digest in 'sha256:../../../../etc/passwd' 'md5:d41d8cd98f00b204e9800998ecf8427e' "sha256:$(printf 'A%.0s' {1..64})" sha256: '' 'sha256:ab/cd'; do
	index "$(jq -nc --arg digest "$digest" '{mediaType: "x", digest: $digest, size: 1}')" >"$layout/index.json"
	refused "the digest '$digest'" "by '$digest', which is no sha256 or sha512 digest"
done
index '{"digest": 7}' >"$layout/index.json"
refused "a digest that is a number" "by '', which is no sha256"
image "$(jq -c '.size += 1' <<<"$layer")"
refused "a blob of another size" "the blob sha256:[0-9a-f]+ of '$layout' is not a file of [0-9]+ bytes"
image "$layer"
hex=$(jq -r '.digest | ltrimstr("sha256:")' <<<"$layer")
printf x | dd of="$layout/blobs/sha256/$hex" bs=1 seek=600 conv=notrunc status=none
refused "a blob with one other byte" "the blob sha256:$hex of '$layout' has another digest: it is damaged"
rm "$layout/blobs/sha256/$hex"
refused "a blob that is not there" "cannot open the blob sha256:$hex of '$layout': No such file"
ln -s "$work/c.tar" "$layout/blobs/sha256/$hex"
refused "one that is a symlink" "cannot open the blob sha256:$hex of '$layout': Too many levels"
rm "$layout/blobs/sha256/$hex"
mkfifo "$layout/blobs/sha256/$hex"
refused "one that is a fifo" "is not a file of [0-9]+ bytes"
rm "$layout/blobs/sha256/$hex"
image "$(blob "$work/c.tar" "$tar_type")" "$(blob "$work/b.tar.zst" "$tar_type+zstd")"
refused "two layers" "the image in '$layout' has 2 layers: that of a checkpoint has one"
image
refused "none" "has 0 layers"
image "$(blob "$work/c.tar" "$tar_type+encrypted")"
refused "an encrypted one" "is encrypted: decrypt it first"
tar -C "$work" -cf "$work/other.tar" a
image "$(blob "$work/other.tar" "$tar_type")"
refused "an image of something else" "the image in '$layout' is not that of a checkpoint|neither a file nor a directory"
tar -C "$work" -P --transform 's,^,../,' -cf "$work/out.tar" c.tar
image "$(blob "$work/out.tar" "$tar_type")"
refused "a layer that climbs out" "'../c.tar' leaves"
image "$(blob "$work/c.tar" "$tar_type")"
echo '{"imageLayoutVersion": "2.0.0"}' >"$layout/oci-layout"
refused "a layout of another version" "is an OCI image layout of version '2.0.0': rebind reads version 1"
new_layout
image "$(blob "$work/c.tar" "$tar_type")"
for _ in 1 2 3 4 5 6; do
	index "$(blob "$layout/index.json" application/vnd.oci.image.index.v1+json)" >"$work/index"
	cp "$work/index" "$layout/index.json"
done
refused "indexes in indexes" "an index in an index, more than 4 deep"
new_layout
for any in '' '\n' '\n\377\377\377\377\377\377' '\22\5ab' '\30\1' '\22\4null'; do
	# shellcheck disable=SC2059 # the escapes are the test
	printf "$any" >"$work/any"
	index "$(blob "$work/criu.tar" application/vnd.containerd.container.criu.checkpoint.criu.tar)" \
		"$(blob "$work/any" application/vnd.containerd.container.checkpoint.config.v1+proto)" >"$layout/index.json"
	refused "the configuration '$any'" "is not a protobuf Any with a value|spec.dump'|is no object|root.path|the new root"
done
layout=$work/a
refused "a directory that is no layout" "'$layout' is a directory, and no OCI image layout: .*give -D DIR"
forget "$container"
finish
