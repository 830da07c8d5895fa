#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/real/runc.sh BUILD_DIR: a container of Debian's runc (or crun), with a directory volume, a read-only one, a bound file
# and masked paths, is dumped and restored under another root; `--show` prints what is seen.
# The runtime is the one that REBIND_RUNTIME names, runc if none.
# shellcheck disable=SC2016,SC2086,SC2317
# shellcheck source=test/real/lib.sh
. "$(dirname "$0")/lib.sh"
runtime=${REBIND_RUNTIME:-runc}
command -v "$runtime" > /dev/null || skip "$runtime is not installed"
# Here crun has no right to limit devices by a BPF program; its cgroups are not what is tested.
[ "$runtime" = crun ] && runtime="crun --cgroup-manager=disabled"
runtime() { command $runtime --root "$dir/state" "$@"; }
id=rebind-test-$$
stop() { runtime delete -f "$id" > /dev/null 2>&1; }

make_root "$dir/bundle/rootfs"
make_volumes
(cd "$dir/bundle" && runtime spec) || { not_ok "$runtime spec"; finish; }
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
	runtime run -d --bundle "$dir/bundle" "$id" < /dev/null > "$dir/log" 2>&1
)
pid=$(runtime state "$id" 2> /dev/null | jq -r .pid)
if [ -z "$pid" ] || [ "$pid" = null ]; then
	cat "$dir/log"
	not_ok "$runtime run -d"
	finish
fi
ok "$runtime run -d starts the container"
runtime exec "$id" /bin/sh -c 'echo kept > /tmp/file'

mkdir "$dir/img"
make_root "$dir/newroot"
table=$(cat /proc/self/mountinfo)

# Without a cgroup namespace the container's cgroups are a bind of the host's; runc's default has one.
check "the container is dumped" run dump -t "$pid" -D "$dir/img" --external 'mnt[/vol/dir]:dir' \
	--external 'mnt[/vol/ro]:ro' --external 'mnt[/etc/hosts]:hosts'
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
[ "$runtime" != runc ] || check "without its network namespace it is refused, and the option that helps is named" refused
in_new() { run restore -D "$dir/img" --root "$dir/newroot" "${sources[@]}" "${joins[@]}" -- /bin/sh -c "$1"; }
check "the volumes are the new ones" \
	test "$(in_new 'cat /vol/dir/which /vol/ro/which /etc/hosts /tmp/file')" = $'new\nnew\nnew\nkept'
check "the read-only volume is" in_new '! touch /vol/ro/x 2>/dev/null'
check "masked paths are masked" in_new '[ ! -s /proc/kcore ] && [ -z "$(ls /proc/acpi 2>/dev/null)" ] && ! touch /proc/sys/x 2>/dev/null'
# As runtimes do it: destinations are the keys, and another bundle has the sources.
mkdir "$dir/img2" "$dir/bundle2"
sed "s#$dir/old#$dir/new#; s#\"rootfs\"#\"../newroot\"#" "$dir/bundle/config.json" > "$dir/bundle2/config.json"
check "it is dumped with its destinations as keys" run dump -t "$pid" -D "$dir/img2" \
	--external 'mnt[/vol/dir]:/vol/dir' --external 'mnt[/vol/ro]:/vol/ro' --external 'mnt[/etc/hosts]:/etc/hosts'
check "it is restored by its bundle" run restore -D "$dir/img2" --bundle "$dir/bundle2" "${joins[@]}" --pidfile "$dir/pid2"
check "container and restored namespace are equal" run diff --contents "$pid" "$(cat "$dir/pid2")"
check "the volumes are those of the bundle" \
	test "$(run restore -D "$dir/img2" --bundle "$dir/bundle2" "${joins[@]}" -- /bin/cat /vol/dir/which /vol/ro/which /etc/hosts | grep -v '^\$')" = $'new\nnew\nnew'
kill "$(cat "$dir/pid2")"
[ -n "$show" ] && run show "$holder" && run diff --contents "$pid" "$holder" && echo "(no difference)"
[ -n "$holder" ] && kill "$holder"
check "the host's mount table is as before" test "$table" = "$(cat /proc/self/mountinfo)"
finish
