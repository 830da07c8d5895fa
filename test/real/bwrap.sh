#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/real/bwrap.sh BUILD_DIR: a bubblewrap sandbox with volumes, /dev of binds, a tmpfs and an overmount is dumped
# and restored under another root.
# shellcheck disable=SC2317
set -u
build=$(realpath "${1:?usage: bwrap.sh BUILD_DIR}")
if [ "${REBIND_BWRAP_INSIDE:-}" != 1 ]; then
	exec env REBIND_BWRAP_INSIDE=1 unshare --mount --propagation private bash "$0" "$@"
fi

passed=0 failed=0
ok() { passed=$((passed + 1)); echo "ok - $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok - $1"; }
check() { if "${@:2}"; then ok "$1"; else not_ok "$1"; fi; }
finish() { echo "$passed passed, $failed failed, 0 skipped"; [ "$failed" = 0 ]; exit; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/rebind-bwrap.XXXXXX")
sandbox='' holder=''
cleanup() {
	[ -n "$holder" ] && kill "$holder" 2> /dev/null
	[ -n "$sandbox" ] && kill -KILL "$sandbox" 2> /dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
for root in root newroot; do
	mkdir -p "$dir/$root"/{bin,dev,etc,proc,tmp,srv,vol/dir,vol/ro}
	cp "$(command -v busybox)" "$dir/$root/bin/busybox"
	ln -s busybox "$dir/$root/bin/sh"
	: > "$dir/$root/etc/hosts"
done
for side in old new; do
	mkdir -p "$dir/$side/dir" "$dir/$side/ro"
	echo "$side" | tee "$dir/$side/dir/which" "$dir/$side/ro/which" > "$dir/$side/hosts"
done

mkfifo "$dir/info"
(
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		[ "$fd" -gt 2 ] && eval "exec $fd>&-"
	done
	exec 3> "$dir/info"
	exec bwrap --bind "$dir/root" / --bind "$dir/old/dir" /vol/dir --ro-bind "$dir/old/ro" /vol/ro \
		--ro-bind "$dir/old/hosts" /etc/hosts --proc /proc --dev /dev --tmpfs /tmp --mqueue /dev/mqueue \
		--bind "$dir/old/dir" /srv --tmpfs /srv --unshare-pid --unshare-ipc --die-with-parent --info-fd 3 \
		/bin/busybox sh -c 'echo kept > /tmp/file; exec /bin/busybox sleep 600' \
		< /dev/null > "$dir/log" 2>&1 3> "$dir/info"
) &
sandbox=$!
inner=$(jq -r '.["child-pid"]' < "$dir/info")
# The program in it is the last that the sandbox starts.
for ((i = 0; i < 1000 * ${REBIND_TEST_SLOW:-1}; i++)); do [ -s "/proc/$inner/root/tmp/file" ] && break; sleep 0.02; done
check "bwrap starts the sandbox" test -s "/proc/$inner/root/tmp/file"
table=$(cat /proc/self/mountinfo)
mkdir "$dir/img"
ids=$("$build/rebind" show --json "$inner" | jq -r '.mounts[]? | select(.mountpoint == "/srv") | .id' | head -1)
check "the sandbox is dumped" "$build/rebind" dump -t "$inner" -D "$dir/img" --external 'mnt[/vol/dir]:dir' \
	--external 'mnt[/vol/ro]:ro' --external 'mnt[/etc/hosts]:hosts' --external "mnt[#$ids]:srv"
check "it is restored under another root" "$build/rebind" restore -D "$dir/img" --root "$dir/newroot" \
	--external "mnt[dir]:$dir/new/dir" --external "mnt[ro]:$dir/new/ro" --external "mnt[hosts]:$dir/new/hosts" \
	--external "mnt[srv]:$dir/new/dir" --join-ns "pid:$inner" --join-ns "ipc:$inner" --pidfile "$dir/pid"
holder=$(cat "$dir/pid" 2> /dev/null)
check "image and restored namespace are equal" "$build/rebind" diff --contents "$dir/img" "$holder"
check "sandbox and restored namespace are equal" "$build/rebind" diff --contents "$inner" "$holder"
check "the volumes are the new ones" \
	test "$(cat "/proc/$holder/root/vol/dir/which" "/proc/$holder/root/etc/hosts" "/proc/$holder/root/tmp/file")" = $'new\nnew\nkept'
check "the host's mount table is as before" test "$table" = "$(cat /proc/self/mountinfo)"
finish
