#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/real/runc.sh BUILD_DIR: a container of Debian's runc, with a directory volume, a read-only one, a bound file
# and masked paths, is dumped and restored under another root; `--show` prints what is seen.
# shellcheck disable=SC2016,SC2317
set -u
build=$(realpath "${1:?usage: runc.sh BUILD_DIR [--show]}")
show=${2:-}

# A mount namespace of our own, with cgroup2 alone on /sys/fs/cgroup: runc 1.1 refuses a hybrid tree.
if [ "${REBIND_RUNC_INSIDE:-}" != 1 ]; then
	exec env REBIND_RUNC_INSIDE=1 unshare --mount --propagation private bash "$0" "$@"
fi

passed=0 failed=0 skipped=0
ok() { passed=$((passed + 1)); echo "ok - $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok - $1"; }
check() { if "${@:2}"; then ok "$1"; else not_ok "$1"; fi; }
finish() { echo "$passed passed, $failed failed, $skipped skipped"; [ "$failed" = 0 ]; exit; }
skip() { skipped=$((skipped + 1)); echo "ok - # SKIP $1"; finish; }

command -v runc > /dev/null || skip "runc is not installed"
umount -R /sys/fs/cgroup 2> /dev/null
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2> /dev/null || skip "no cgroup2 to be had"

dir=$(mktemp -d "${TMPDIR:-/tmp}/rebind-runc.XXXXXX")
id=rebind-test-$$
cleanup() {
	runc --root "$dir/state" kill "$id" KILL > /dev/null 2>&1
	sleep 0.2
	runc --root "$dir/state" delete -f "$id" > /dev/null 2>&1
	rm -rf "$dir"
}
trap cleanup EXIT

make_root() {
	mkdir -p "$1"/{bin,dev,etc,proc,sys,tmp,vol/dir,vol/ro}
	cp "$(command -v busybox)" "$1/bin/busybox"
	for applet in sh sleep cat ls touch mount; do ln -s busybox "$1/bin/$applet"; done
	: > "$1/etc/hosts"
}
make_root "$dir/bundle/rootfs"
for side in old new; do
	mkdir -p "$dir/$side/dir" "$dir/$side/ro"
	echo "$side" | tee "$dir/$side/dir/which" "$dir/$side/ro/which" > "$dir/$side/hosts"
done
(cd "$dir/bundle" && runc spec) || { not_ok "runc spec"; finish; }
jq --arg d "$dir/old" '
	.process.terminal = false | .process.args = ["/bin/sleep", "600"] | .root.readonly = false |
	.mounts += [
		{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "size=1m"]},
		{destination: "/vol/dir", type: "bind", source: ($d + "/dir"), options: ["bind", "rw"]},
		{destination: "/vol/ro", type: "bind", source: ($d + "/ro"), options: ["bind", "ro", "nosuid", "nodev", "noexec"]},
		{destination: "/etc/hosts", type: "bind", source: ($d + "/hosts"), options: ["bind", "ro"]}
	]' "$dir/bundle/config.json" > "$dir/config" && mv "$dir/config" "$dir/bundle/config.json"

# Close what was inherited: descriptors of others have no business in what is dumped.
(
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		[ "$fd" -gt 2 ] && eval "exec $fd>&-"
	done
	runc --root "$dir/state" run -d --bundle "$dir/bundle" "$id" < /dev/null > "$dir/runc.log" 2>&1
)
pid=$(runc --root "$dir/state" state "$id" 2> /dev/null | jq -r .pid)
if [ -z "$pid" ] || [ "$pid" = null ]; then
	cat "$dir/runc.log"
	not_ok "runc run -d"
	finish
fi
ok "runc run -d starts the container"
runc --root "$dir/state" exec "$id" /bin/sh -c 'echo kept > /tmp/file'

mkdir "$dir/img"
make_root "$dir/newroot"
table=$(cat /proc/self/mountinfo)
run() { [ -n "$show" ] && echo "\$ rebind $*" | sed "s#$dir#DIR#g"; "$build/rebind" "$@"; }

cgroup=()
# Without a cgroup namespace the container's cgroups are a bind of the host's; runc's default has one.
check "the container is dumped" run dump -t "$pid" -D "$dir/img" --external 'mnt[/vol/dir]:dir' \
	--external 'mnt[/vol/ro]:ro' --external 'mnt[/etc/hosts]:hosts' "${cgroup[@]}"
[ -n "$show" ] && run show "$dir/img"
sources=(--external "mnt[dir]:$dir/new/dir" --external "mnt[ro]:$dir/new/ro"
	--external "mnt[hosts]:$dir/new/hosts")
joins=()
for ns in pid ipc net uts cgroup; do joins+=(--join-ns "$ns:$pid"); done
check "it is restored under another root" run restore -D "$dir/img" --root "$dir/newroot" "${sources[@]}" \
	"${joins[@]}" --pidfile "$dir/pid"
holder=$(cat "$dir/pid" 2> /dev/null)
check "image and restored namespace are equal" run diff --contents "$dir/img" "$holder"
check "container and restored namespace are equal" run diff --contents "$pid" "$holder"
refused() { ! run restore -D "$dir/img" --root "$dir/newroot" "${sources[@]}" --pidfile "$dir/no" 2> "$dir/said" && grep -q -- '--new-ns net' "$dir/said"; }
check "without its network namespace it is refused, and the option that helps is named" refused
in_new() { run restore -D "$dir/img" --root "$dir/newroot" "${sources[@]}" "${joins[@]}" -- /bin/sh -c "$1"; }
check "the volumes are the new ones" \
	test "$(in_new 'cat /vol/dir/which /vol/ro/which /etc/hosts /tmp/file' | grep -v '^\$')" = $'new\nnew\nnew\nkept'
check "the read-only volume is" in_new '! touch /vol/ro/x 2>/dev/null'
check "masked paths are masked" in_new '[ ! -s /proc/kcore ] && [ -z "$(ls /proc/acpi 2>/dev/null)" ] && ! touch /proc/sys/x 2>/dev/null'
[ -n "$show" ] && run show "$holder" && run diff --contents "$pid" "$holder" && echo "(no difference)"
[ -n "$holder" ] && kill "$holder"
check "the host's mount table is as before" test "$table" = "$(cat /proc/self/mountinfo)"
finish
