#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test/cli/user-ids.sh BUILD_DIR: a namespace of a user namespace that does not have the host's root,
# as that of an ordinary container, restored into another one with these ids.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# user_namespace VAR FIRST: a process of new namespaces whose ids 0 to 999 are FIRST and what follows
user_namespace() {
	local file
	hold "$1" unshare --user --mount --net --ipc bash -c 'echo ready; exec sleep 600'
	for file in uid_map gid_map; do
		echo "0 $2 1000" > "/proc/${!1}/$file"
	done
}

run() { "$rebind" "$@" 2> err > out || echo "exit status $?"; }

mkdir -p old/{bin,proc,tmp,pts,vol,old} img src/{old,new}
cp "$(command -v busybox)" old/bin/busybox
for side in old new; do
	echo "$side" > src/$side/file
done
cat > container << 'END'
cd "$1"
mount --bind old old
cd old
mount --bind ../src/old vol
mount -t tmpfs -o size=1m,uid=5,gid=6 files tmp
mount -t devpts -o newinstance,gid=7 pts pts
echo kept > tmp/file
/bin/chown 0:9 tmp/file
mkdir tmp/gone tmp/of-gone
/bin/chown 3:4 tmp/gone
mount --bind tmp/gone tmp/of-gone
rmdir tmp/gone
/usr/sbin/pivot_root . old
/bin/busybox umount -l /old
echo ready
exec /bin/busybox sleep 600
END
chown -R 100000:100000 old
cp -a old new
user_namespace one 100000
user_namespace owner 100000
# shellcheck disable=SC2154 # hold has set it
hold source nsenter --target "$one" --user --mount --net --ipc bash -e "$work/container" "$work"
# shellcheck disable=SC2154 # hold has set it
owner=(--join-ns "user:$owner" --join-ns "net:$owner" --join-ns "ipc:$owner")

# shellcheck disable=SC2154 # hold has set it
result "a namespace with ids of its own is dumped" "$(run dump -t "$source" -D img --external 'mnt[/vol]:vol')"
result "it is restored into another one" \
	"$(run restore -D img --root new --external "mnt[vol]:src/new" "${owner[@]}" --pidfile pid)"
holder=$(cat pid)
known+=("$holder")
result "the tmpfs and what is in it have their owners" \
	"$(stat -c '%u:%g' /proc/"$holder"/root/tmp{,/file} | tr '\n' ' ' | grep -vx '100005:100006 100000:100009 ')"
result "so has what was deleted" "$(stat -c '%u:%g' "/proc/$holder/root/tmp/of-gone" | grep -vx 100003:100004)"
result "a terminal has its group" \
	"$(grep ' /pts ' "/proc/$holder/mountinfo" | grep -v 'gid=100007')"
result "the two are equal, with either reader" \
	"$(for reader in $(readers); do run diff --contents --reader $reader "$source" "$holder"; cat out; done)"
forget "$holder" 2> err
result "no process is left" "$(left_processes)"
finish
