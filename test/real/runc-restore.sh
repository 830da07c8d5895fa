#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/real/runc-restore.sh BUILD_DIR [--show]: Debian's runc dumps and restores a container with rebind for its
# criu. The processes are not kept: what is restored is the container's mounts, with a process that holds them.
# `--show` prints each command and what it says.
# shellcheck disable=SC2016,SC2317
set -u
build=$(realpath "${1:?usage: runc-restore.sh BUILD_DIR [--show]}")
show=${2:-}

# A mount namespace of our own, with cgroup2 alone on /sys/fs/cgroup: runc 1.1 refuses a hybrid tree.
if [ "${REBIND_RUNC_INSIDE:-}" != 1 ]; then
	exec env REBIND_RUNC_INSIDE=1 unshare --mount --propagation private bash "$0" "$@"
fi
unset REBIND_CRIU

passed=0 failed=0 skipped=0
ok() { passed=$((passed + 1)); echo "ok - $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok - $1"; [ ! -s "$dir/said" ] || sed 's/^/# /' "$dir/said"; }
check() { if "${@:2}"; then ok "$1"; else not_ok "$1"; fi; }
finish() { echo "$passed passed, $failed failed, $skipped skipped"; [ "$failed" = 0 ]; exit; }
skip() { skipped=$((skipped + 1)); echo "ok - # SKIP $1"; finish; }

command -v runc > /dev/null || skip "runc is not installed"
umount -R /sys/fs/cgroup 2> /dev/null
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2> /dev/null || skip "no cgroup2 to be had"

dir=$(mktemp -d "${TMPDIR:-/tmp}/rebind-runc-restore.XXXXXX")
id=rebind-restore-$$
cleanup() {
	runc --root "$dir/state" delete -f "$id" > /dev/null 2>&1
	cd / && umount -R "$dir" 2> /dev/null
	rm -rf --one-file-system "$dir"
}
trap cleanup EXIT
mount -t tmpfs tmpfs "$dir"
cd "$dir" || exit 1

# What a criu is to runc: a program of that name in PATH.
mkdir "$dir/bin"
ln -s "$build/rebind" "$dir/bin/criu"
export PATH=$dir/bin:$PATH

# run COMMAND...: shown on request; its stderr is kept for a failure
run() {
	[ -z "$show" ] || echo "\$ $*" | sed "s#$build/##g; s#$dir#DIR#g; s#$id#ID#g"
	"$@" 2> "$dir/said"
	local status=$?
	[ -z "$show" ] || [ ! -s "$dir/said" ] || sed "s#$dir#DIR#g; s/^/  /" "$dir/said"
	return $status
}
container() { run runc --root "$dir/state" "$@"; }
state() { runc --root "$dir/state" state "$id" 2> /dev/null | jq -r "$1"; }
is_now() { [ "$(state .status)" = "$1" ]; }
# until_so COMMAND...: waits until it is true
until_so() {
	local i
	for ((i = 0; i < 500 * ${REBIND_TEST_SLOW:-1}; i++)); do "$@" && return; sleep 0.02; done
	return 1
}

mkdir -p bundle/rootfs/{bin,dev,etc,proc,sys,tmp,vol/dir,vol/ro,vol/shared,vol/slave,vol/nested} \
	vol/{dir,ro,shared,slave,nested/inner,inner,else}
cp "$(command -v busybox)" bundle/rootfs/bin/busybox
for applet in sh sleep cat ls touch; do ln -s busybox "bundle/rootfs/bin/$applet"; done
for name in dir ro shared slave nested inner; do echo "$name" > "vol/$name/which"; done
echo 'a host file' > vol/file
: > bundle/rootfs/etc/conf
# Volumes that propagate are mounts of the host's, and shared ones.
for name in shared slave; do
	mount --bind "vol/$name" "vol/$name"
	mount --make-shared "vol/$name"
done
mount --bind vol/inner vol/nested/inner

(cd bundle && runc spec)
volumes='[
	{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "size=1m"]},
	{destination: "/vol/dir", type: "bind", source: ($d + "/dir"), options: ["bind", "rw"]},
	{destination: "/vol/ro", type: "bind", source: ($d + "/ro"), options: ["bind", "ro", "nosuid", "nodev", "noexec"]},
	{destination: "/etc/conf", type: "bind", source: ($d + "/file"), options: ["bind", "ro"]},
	{destination: "/vol/shared", type: "bind", source: ($d + "/shared"), options: ["rbind", "rshared"]},
	{destination: "/vol/slave", type: "bind", source: ($d + "/slave"), options: ["rbind", "rslave"]},
	{destination: "/vol/nested", type: "bind", source: ($d + "/nested"), options: ["rbind"]}
]'
jq --arg d "$dir/vol" ".mounts += $volumes"' | .process.terminal = false | .process.args = ["/bin/sleep", "600"] |
	.root.readonly = false | .linux.rootfsPropagation = "shared"' bundle/config.json > config && mv config bundle/config.json

# Without what was inherited: descriptors of others have no business in a container.
lean() (
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || eval "exec $fd>&-"
	done
	"$@" < /dev/null > "$dir/runc.log" 2>&1
)
[ -z "$show" ] || echo "\$ runc run -d --bundle DIR/bundle ID"
lean runc --root "$dir/state" run -d --bundle "$dir/bundle" "$id"
pid=$(state .pid)
if [ -z "$pid" ] || [ "$pid" = null ]; then
	cat "$dir/runc.log"
	not_ok "runc run -d"
	finish
fi
ok "runc run -d starts the container"
runc --root "$dir/state" exec "$id" /bin/sh -c 'echo kept > /tmp/file'
table=$(cat /proc/self/mountinfo)

# ---- dump ----

check "without --leave-running the checkpoint is refused" \
	eval '! container checkpoint --image-path "$dir/gone" --work-path "$dir/work" "$id"'
check "its log says why" grep -q -- 'Error (rebind): .*--leave-running.*REBIND_CRIU' "$dir/work/dump.log"
check "and the container runs" test "$(state .status)" = running
check "runc checkpoint --leave-running" container checkpoint --leave-running --image-path "$dir/img" \
	--work-path "$dir/work" "$id"
[ ! -s "$dir/work/dump.log" ] || [ "$failed" = 0 ] || cat "$dir/work/dump.log"
check "the container runs" test "$(state .status)" = running
check "the image is what the container is" run "$build/rebind" diff --contents "$dir/img" "$pid"
[ -z "$show" ] || run "$build/rebind" show "$dir/img"

# ---- a second one beside it ----

lean runc --root "$dir/state" restore -d --bundle "$dir/bundle" --image-path "$dir/img" --work-path "$dir/work" "$id-2"
second=$(runc --root "$dir/state" state "$id-2" 2> "$dir/said" | jq -r .pid)
# For a masked file runc has the host's /dev/null bound, where the container had its own; both are the device 1:3.
masks_differ() {
	"$build/rebind" diff --contents "$pid" "$second" > "$dir/different"
	[ $? -le 1 ] && ! grep -vE '^/(dev: superblock|proc/[a-z_]+: (filesystem|source)):' "$dir/different"
}
check "restored beside the container, its mounts differ in what masks files alone" masks_differ
[ -z "$show" ] || { echo '$ rebind diff --contents PID RESTORED'; cat "$dir/different"; }
container delete -f "$id-2"

# ---- restore: the container is gone, its volumes are the host's still ----

container kill "$id" KILL
until_so is_now stopped
check "runc delete removes the container" container delete "$id"
[ -z "$show" ] || echo "\$ runc restore -d --bundle DIR/bundle --image-path DIR/img --work-path DIR/work ID"
check "runc restore -d" lean runc --root "$dir/state" restore -d --bundle "$dir/bundle" --image-path "$dir/img" \
	--work-path "$dir/work" --pid-file "$dir/pid" "$id"
[ "$failed" = 0 ] || cat "$dir/runc.log" "$dir/work/restore.log"
holder=$(state .pid)
[ -z "$show" ] || container state "$id"
check "runc state: it runs" test "$(state .status)" = running
check "with the process that the restore made" test "$(cat "$dir/pid")" = "$holder"
check "its mounts are the image's" run "$build/rebind" diff --contents "$dir/img" "$holder"
[ -z "$show" ] || echo '  (no difference)'
[ -z "$show" ] || run "$build/rebind" show "$holder"

inside() { runc --root "$dir/state" exec "$id" /bin/sh -c "$1" 2> "$dir/said"; }
check "runc exec runs in it: the volumes are there, the tmpfs has its file" \
	test "$(inside 'cat /vol/dir/which /vol/ro/which /etc/conf /vol/nested/which /vol/nested/inner/which /tmp/file')" = \
	$'dir\nro\na host file\nnested\ninner\nkept'
check "the read-only volume is" inside '! touch /vol/ro/x 2> /dev/null && ! touch /etc/conf 2> /dev/null'
check "masked files and directories are masked" \
	inside '[ ! -s /proc/kcore ] && [ -z "$(ls /proc/acpi 2> /dev/null)" ] && ! touch /proc/sys/x 2> /dev/null'
check "the first process of its pid namespace is the one that holds it" \
	test "$(inside 'cat /proc/1/comm')" = rebind-holder
check "which the container cannot look into: it is a program of the host" \
	inside 'for name in environ exe maps root/etc/hosts; do ! cat /proc/1/$name > /dev/null 2>&1 || exit 1; done'
check "runc ps shows it" eval 'container ps "$id" | grep -q " $holder "'
for ns in mnt pid ipc uts net cgroup; do
	check "its $ns namespace is its own" \
		test "$(readlink "/proc/$holder/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")"
done
check "it is in the container's cgroup" grep -q "$id" "/proc/$holder/cgroup"
mount --bind vol/else vol/shared
echo new > vol/shared/new
check "what is mounted on the rshared volume is seen inside" test "$(inside 'cat /vol/shared/new')" = new
umount vol/shared
mount --bind vol/else vol/slave
check "and on the rslave one" test "$(inside 'cat /vol/slave/new')" = new
umount vol/slave
nsenter -t "$holder" -m /bin/busybox mount -t tmpfs inside /vol/shared
check "what is mounted inside on the rshared volume is seen outside" \
	test -n "$(findmnt -n "$dir/vol/shared" -t tmpfs)"
nsenter -t "$holder" -m /bin/busybox umount /vol/shared

# ---- the end ----

check "runc kill TERM ends it" container kill "$id" TERM
until_so is_now stopped
check "runc state: it has stopped" test "$(state .status)" = stopped
check "runc delete removes it" container delete "$id"
check "the host's mount table is as before" test "$table" = "$(cat /proc/self/mountinfo)"
check "runc restores it once more, and deletes it by force" eval \
	'lean runc --root "$dir/state" restore -d --bundle "$dir/bundle" --image-path "$dir/img" --work-path "$dir/work" "$id" &&
	container delete -f "$id"'

# runc waits for the process of a restore in the foreground, and clears away when it has ended.
foreground() {
	local waiting
	lean runc --root "$dir/state" restore --bundle "$dir/bundle" --image-path "$dir/img" --work-path "$dir/work" "$id" &
	waiting=$!
	until_so is_now running
	container kill "$id" TERM
	wait "$waiting" && ! container state "$id" > /dev/null
}
check "in the foreground too: it waits until the process ends" foreground

# ---- a network that was there before ----

: > net
unshare --net="$dir/net" true
cp bundle/config.json config.own
jq --arg net "$dir/net" '(.linux.namespaces[] | select(.type == "network")).path = $net' config.own > bundle/config.json
lean runc --root "$dir/state" run -d --bundle "$dir/bundle" "$id"
check "a container in a network of the host's is dumped" container checkpoint --leave-running --image-path "$dir/img-net" \
	--work-path "$dir/work" "$id"
container delete -f "$id"
check "and restored" lean runc --root "$dir/state" restore -d --bundle "$dir/bundle" --image-path "$dir/img-net" \
	--work-path "$dir/work" "$id"
check "into that network" test "$(readlink "/proc/$(state .pid)/ns/net")" = "net:[$(stat -c %i net)]"
container delete -f "$id"
umount net
mv config.own bundle/config.json

# ---- what goes wrong ----

umount vol/shared
check "a volume that was shared and is no more fails the restore" eval \
	'! lean runc --root "$dir/state" restore -d --bundle "$dir/bundle" --image-path "$dir/img" --work-path "$dir/work" "$id"'
check "its log says which" grep -q "Error (rebind): .*/vol/shared" "$dir/work/restore.log"
check "nothing of it is left: no mount" test "$(grep -v " $dir/vol/shared " <<< "$table")" = "$(cat /proc/self/mountinfo)"
# Those that nobody has reaped yet are none.
check "and no process" test -z "$(for file in $(grep -sl "$id" /proc/[0-9]*/cgroup); do
	grep -sE '^State:\s+[^Z]' "${file%cgroup}status"
done)"
finish
