#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/real/runc-criu.sh BUILD_DIR: runc checkpoints a container and restores it, its process by a CRIU, its mounts by
# rebind, which runc finds as criu; `--show` prints the session. A volume has a bind inside, at which CRIU alone fails.
# The CRIU is in PATH, or REBIND_TEST_CRIU names it, where `criu check` passes; else a stand-in that acts it out, with
# a program that is started anew.
# shellcheck disable=SC2016,SC2086,SC2317
# shellcheck source=test/real/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
command -v runc > /dev/null || skip "runc is not installed"
criu=${REBIND_TEST_CRIU:-$(command -v criu)}
mkdir "$dir/bin"
if [ -n "$criu" ] && timeout 20 "$criu" check > "$dir/log" 2>&1; then
	echo "# with CRIU, $("$criu" --version | head -n 1)"
else
	[ -z "$criu" ] || echo "# criu check fails here: $(tail -n 1 "$dir/log")"
	echo "# with a stand-in for CRIU"
	criu=$dir/bin/standin
	# shellcheck disable=SC2046 # words
	"${CC:-cc}" -O1 -Wall -I "$build" -o "$criu" "$here/../cli/criu-standin.c" "$build/image/rebind.pb-c.c" \
		"$build/runtime/rpc/rpc.pb-c.c" $(pkg-config --cflags --libs libprotobuf-c) || { not_ok "the stand-in is built"; finish; }
fi
ln -s "$build/rebind" "$dir/bin/criu"
id=rebind-test-$$
# runc WORD...: with rebind as its criu
runc() {
	[ -n "$show" ] && echo "\$ runc $*" | sed "s#$dir#DIR#g" >&2
	PATH=$dir/bin:$PATH REBIND_CRIU=$criu command runc --root "$dir/state" "$@"
}
stop() { command runc --root "$dir/state" delete -f "$id" > /dev/null 2>&1; }

make_root "$dir/bundle/rootfs"
make_volumes
mkdir "$dir/nested"
echo nested > "$dir/nested/which"
mkdir "$dir/old/dir/inside"
mount --bind "$dir/old/dir" "$dir/old/dir"
mount --bind "$dir/nested" "$dir/old/dir/inside"
(cd "$dir/bundle" && command runc spec)
make_worker "$dir/bundle/rootfs/worker"
# The host's network: to lock another one CRIU takes iptables.
jq --arg d "$dir/old" '
	.process.terminal = false | .process.args = ["/worker", "/vol/dir/log", "/tmp/state"] | .root.readonly = false |
	del(.linux.namespaces[] | select(.type == "network")) |
	.mounts += [
		{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "size=1m"]},
		{destination: "/vol/dir", type: "bind", source: ($d + "/dir"), options: ["rbind", "rw"]},
		{destination: "/vol/ro", type: "bind", source: ($d + "/ro"), options: ["bind", "ro", "nosuid", "nodev", "noexec"]},
		{destination: "/etc/hosts", type: "bind", source: ($d + "/hosts"), options: ["bind", "ro"]}
	]' "$dir/bundle/config.json" > "$dir/config" && mv "$dir/config" "$dir/bundle/config.json"
pid_of() { command runc --root "$dir/state" state "$id" | jq -r .pid; }

# What the container writes to is nothing of the host.
check "runc run -d" without_descriptors eval 'runc run -d --bundle "$dir/bundle" "$id" > /dev/null 2>&1'
pid=$(pid_of)
is_ready "$pid"
check "it counts" counts "$pid" 1
table=$(cat /proc/self/mountinfo)
without_descriptors runc checkpoint --leave-running --image-path "$dir/first" --work-path "$dir/work" "$id"
check "runc checkpoint --leave-running" test "$?" = 0
[ -n "$show" ] && cat "$dir/log"
check "the image has the mounts of the container" run diff "$dir/first" "$pid"
check "which goes on" counts "$pid" 2
run show "$dir/first" > "$dir/shown"
[ -n "$show" ] && cat "$dir/shown"
check "the bind inside the volume is in the image" grep -q '/vol/dir/inside' "$dir/shown"
without_descriptors runc checkpoint --image-path "$dir/img" --work-path "$dir/work" "$id"
check "runc checkpoint" test "$?" = 0
[ -e "$dir/img/inventory.img" ] || cat "$dir/log" "$dir/work/dump.log"
command runc --root "$dir/state" delete -f "$id" > /dev/null 2>&1
files() { (cd "$dir/img" && stat -c '%n %s %y %z' . ./*); }
before=$(files)
without_descriptors runc restore -d --bundle "$dir/bundle" --image-path "$dir/img" --work-path "$dir/work" "$id"
check "runc restore -d" test "$?" = 0
[ -n "$show" ] && cat "$dir/log"
new=$(pid_of)
[ -n "$new" ] || cat "$dir/log" "$dir/work/restore.log"
check "the image is as it was" test "$before" = "$(files)"
check "image and container are equal" run diff "$dir/img" "$new"
is_ready "$new"
check "it goes on where it was" counts "$new" 3
check "also in its tmpfs" test "$(cat "/proc/$new/root/tmp/state")" = 3
check "the bind inside the volume is there" test "$(cat "/proc/$new/root/vol/dir/inside/which")" = nested
check "the read-only volume is" grep -q ' /vol/ro ro,nosuid,nodev,noexec' "/proc/$new/mountinfo"
check "runc state" test "$(command runc --root "$dir/state" state "$id" | jq -r .status)" = running
check "runc exec" test "$(command runc --root "$dir/state" exec "$id" /bin/cat /etc/hosts)" = old
check "runc kill" runc kill "$id" KILL
is_stopped() { [ "$(command runc --root "$dir/state" state "$id" | jq -r .status)" = stopped ]; }
check "it ends" until_so is_stopped
check "runc delete" runc delete "$id"
check "the host's mount table is as before" test "$table" = "$(cat /proc/self/mountinfo)"
umount "$dir/old/dir/inside" "$dir/old/dir"
finish
