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

# ---- ids that the namespace to be joined lacks: before anything is done, one by one ----

cat > lacks << 'END'
cd "$1"
mount --bind old old
cd old
mount -t tmpfs -o uid=100005,gid=7 options tmp
mount -t tmpfs file vol
echo a > vol/file
/bin/chown -R 100001:100002 vol
/bin/chown 100001:7 vol/file
mount -t devpts -o newinstance,gid=7 pts pts
/usr/sbin/pivot_root . old
/bin/busybox umount -l /old
echo ready
exec /bin/busybox sleep 600
END
sed -i 's|^mount -t devpts|mount -t tmpfs acl sys; echo b > sys/acl; /bin/chown -R 100001:100001 sys; setfacl -m u:7:r sys/acl\n&|' lacks
sed -i 's|^/usr/sbin|mount -t tmpfs caps run; echo c > run/caps; setcap -n 7 cap_chown=p run/caps; /bin/chown 100001 run; /bin/chown -h 100001:100001 run run/caps; setcap -n 7 cap_chown=p run/caps\n&|' lacks
mkdir -p old/{sys,run} new/{sys,run} img2
before=$(mounts)
other=
hold other unshare --mount --propagation private bash -e "$work/lacks" "$work"
result "ids of several filesystems are dumped" "$(run dump -t "$other" -D img2)"
for how in --dry-run "--pidfile pid2"; do
	# shellcheck disable=SC2086 # words
	"$rebind" restore -D img2 --root new "${owner[@]}" $how 2> err > out
	status=$?
	result "each id that a namespace lacks is found, ${how% *}" "$(
		[ "$status" -eq 1 ] || echo "exit status $status; "
		for what in "/tmp.*option gid=7 " "/vol.*: './file' belongs to group 7" "/sys.*an ACL or the capabilities of './acl'" \
			"/run.*of './caps'"; do
			grep -Eq "$what" err || echo "no '$what'; "
		done
		[ "$(grep -c "does not have" err)" -eq 4 ] || echo "$(grep -c "does not have" err) findings; "
		[ ! -e pid2 ] && [ "$(mounts)" = "$before" ] || echo "something is left"
	)$(left_processes)"
done
result "as advised, in a new user namespace it is restored" \
	"$(run restore -D img2 --root new --new-ns user --pidfile pid2)"
forget "$(cat pid2)" 2> err
result "no process is left" "$(left_processes)"
finish
