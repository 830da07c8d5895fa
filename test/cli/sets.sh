#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Several mount namespaces in one image: dumped by their process tree or by their files, restored
# together in each way of handing over, and then one set again: what is mounted in one appears where
# it did, and nowhere else. What goes wrong with one of them leaves none.
#
# usage: test/cli/sets.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

compile sets -static "$here/sets.c"
mkdir -p root new vols/1 vols/2 src/1 src/2 img pins plain || exit 1
echo "volume 1" >vols/1/file
echo "volume 2" >vols/2/file
echo "source 1" >src/1/file
echo "source 2" >src/2/file
mount --bind root root && mount --bind root new || exit 1
externals=(--external 'mnt[/vol]:one' --external 'mnt[2:/vol]:two')
sources=(--external "mnt[one]:$work/src/1" --external "mnt[two]:$work/src/2")
restore=("$rebind" restore -D img --root "$work/new" "${sources[@]}")

# run COMMAND...: status; out and err
run() {
	timeout 30 "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
}

# start: the process tree; its pids are in p1 to p4
start() {
	rm -f pids
	"$work/sets" make "$work/root" "$work/pids" "$work/vols" &
	for _ in $(seq 100); do
		[ ! -s pids ] || break
		pause_for 0.05
	done
	# shellcheck disable=SC2034
	read -r p1 p2 p3 p4 <pids || exit 1
	known+=("$p1" "$p2" "$p3" "$p4")
}

# ok SENTENCE COMMAND...: it succeeds
ok() {
	local sentence=$1
	shift
	run "$@"
	result "$sentence" "$([ "$status" -eq 0 ] || echo "exit status $status: $(head -c 400 "$work/out")")"
}

# refused SENTENCE STATUS REGEX COMMAND...: fails with that sentence, and leaves no mount, process or file
refused() {
	local sentence=$1 wanted=$2 regex=$3 before files why=
	shift 3
	before=$(mounts)
	files=$(names pins "$work"/img* 2>"/dev/null")
	run "$@"
	if [ "$status" -ne "$wanted" ]; then
		why="exit status $status, not $wanted; "
	elif ! grep -qE "$regex" "$work/err"; then
		why="no message with '$regex'; "
	fi
	[ "$(mounts)" = "$before" ] || why+="the mount table differs; "
	[ "$(names pins "$work"/img* 2>"/dev/null")" = "$files" ] || why+="a file came or went; "
	result "$sentence" "$why$(left_processes)"
}

# unpin: all that is pinned
unpin() {
	local file
	for file in pins/*; do
		umount "$file" 2>"/dev/null"
		rm -f "$file"
	done
}

# behaves SENTENCE NS1 NS2 NS3 NS4: files of these namespaces; are they one set?
behaves() {
	local sentence=$1 one=$2 two=$3 three=$4 four=$5 why=
	"$work/sets" mount "$one" /shared/later || why+="cannot mount in 1; "
	"$work/sets" mount "$one" /slave/later || why+="cannot mount in 1; "
	"$work/sets" shows "$four" /s/later || why+="4 does not see what its peer in 1 has; "
	! "$work/sets" shows "$two" /shared/later || why+="2 sees it, and is private; "
	"$work/sets" shows "$two" /slave/later || why+="2 does not see what its master has; "
	"$work/sets" mount "$two" /slave/own && "$work/sets" shows "$two" /slave/own || why+="cannot mount in 2; "
	! "$work/sets" shows "$one" /slave/own || why+="1 sees what its slave has; "
	"$work/sets" mount "$four" /s/peer || why+="cannot mount in 4; "
	"$work/sets" shows "$one" /shared/peer || why+="1 does not see what its peer in 4 has; "
	"$work/sets" put "$three" /in/written "by 3" || why+="cannot write in 3; "
	[ "$("$work/sets" cat "$one" /shared/part/written)" = "by 3" ] || why+="1 does not have what 3 wrote; "
	[ "$("$work/sets" cat "$two" /ro/part/written)" = "by 3" ] || why+="2 does not have what 3 wrote; "
	! "$work/sets" put "$two" /ro/no "by 2" 2>"/dev/null" || why+="2 can write where it is read-only; "
	[ "$("$work/sets" cat "$two" /tmp/file)" = "of the second" ] || why+="the /tmp of 2 is another; "
	[ "$("$work/sets" cat "$four" /file)" = "of the fourth" ] || why+="the root of 4 is another; "
	result "$sentence" "$why"
}

# ---- dump ----

start
refused "a volume of each is missed by the name of its namespace" 1 "2:/vol \(mount [0-9]+\).*mnt\[2:/vol\]:KEY" \
	"$rebind" dump -t "$p1" --all-mntns -D img
refused "an option that names another namespace's path is refused" 1 "names '5:/vol', which is not there" \
	"$rebind" dump -t "$p1" --all-mntns -D img "${externals[@]}" --external 'mnt[5:/vol]:three'
refused "the root of the first has its own source" 1 "root of the namespace cannot be external" \
	"$rebind" dump -t "$p1" --all-mntns -D img "${externals[@]}" --external 'mnt[1:/]:root'
ok "the advice works, and all four are dumped" "$rebind" dump -t "$p1" --all-mntns -D img "${externals[@]}"
[ "$(find img -name 'mountpoints-[1-4].img' | wc -l)" -eq 4 ]
so "a file each"
[ "$(find img -name 'tmpfs-dev-*' | wc -l)" -eq 8 ]
so "each tmpfs is dumped once, whoever shows it"
ok "the image is what is there" "$rebind" diff --contents --all-mntns img "$p1"
# With the descriptors of a namespace or two, and permission to have more.
few=(sh -c 'ulimit -Sn 20 && exec "$@"' sh)
mkdir few
cat >limit <<'END'
#!/bin/sh
[ "$(ulimit -Sn)" -lt 200 ]
END
chmod 755 limit
ok "a set takes more open files than the soft limit, a script does not" "${few[@]}" "$rebind" dump -t "$p1" --all-mntns -D few \
	"${externals[@]}" --action-script "$work/limit"
ok "so does to show one" "${few[@]}" "$rebind" show --all-mntns "$p1"
ok "and to compare two" "${few[@]}" "$rebind" diff --contents --all-mntns few "$p1"
ok "each is an image of its own" "$rebind" diff --contents --ns-id 2 img "$p2"
mkdir files
ok "by their files they are the same set" "$rebind" dump --mntns "/proc/$p1/ns/mnt" --mntns "/proc/$p2/ns/mnt" \
	--mntns "/proc/$p3/ns/mnt" --mntns "/proc/$p4/ns/mnt" -D files "${externals[@]}"
ok "with no difference" "$rebind" diff --contents img files
refused "one file twice is refused" 2 "named before" \
	"$rebind" dump --mntns "/proc/$p1/ns/mnt" --mntns "/proc/$p1/ns/mnt" -D plain
refused "--all-mntns without a process is refused" 2 "takes a process" \
	"$rebind" dump --mntns "/proc/$p1/ns/mnt" --all-mntns -D plain
"$rebind" show img >out 2>err && [ "$(grep -c '^NAMESPACE [1-4]$' out)" -eq 4 ] && grep -q '^shared:[0-9]*: /shared, 4:/s$' out &&
	grep -q '^shared:[0-9]*: /; slaves 2:/$' out
so "show prints each with a heading, and who propagates to whom across them"
"$rebind" show --ns-id 3 img >out 2>err && ! grep -q NAMESPACE out && grep -q '/in ' out
so "--ns-id picks one"
[ "$("$rebind" show --json img | jq '[.mounts[].namespace] | unique | length')" -eq 4 ]
so "as JSON each mount has the number of its namespace"

# ---- restore ----

behaves "the namespaces that were dumped are a set" "/proc/$p1/ns/mnt" "/proc/$p2/ns/mnt" "/proc/$p3/ns/mnt" "/proc/$p4/ns/mnt"
forget "$p1"
known=()
host=$(mounts)
for reader in $(readers); do
	echo "not ours" >pins/other
	ok "restored, $reader" "${restore[@]}" --reader "$reader" --pin-dir pins
	ok "with no difference, $reader" "$rebind" diff --contents img pins
	[ "$("$work/sets" cat pins/1 /vol/file) $("$work/sets" cat pins/2 /vol/file)" = "source 1 source 2" ]
	so "each has its own volume, $reader"
	behaves "they are a set as before, $reader" pins/1 pins/2 pins/3 pins/4
	# With so few descriptors that the directory is opened, and not listed.
	for ((files = 3; files < 9; files++)); do
		run sh -c 'ulimit -n "$1" && shift && exec "$@"' sh "$files" "$rebind" show pins
		! grep -q "cannot look at the namespaces that are pinned there: Too many open files" err || break
	done
	[ "$files" -lt 9 ]
	so "a directory that cannot be listed is not taken for one without pins, $reader"
	[ "$(cat pins/other)" = "not ours" ]
	so "another file in the directory is as it was, $reader"
	refused "a directory that holds a set is refused, $reader" 1 "pins/[1-4]'.*holds a namespace already" "${restore[@]}" --pin-dir pins
	unpin
done
ok "a holder and its children hold them" "${restore[@]}" --pidfile holder
read -r holder <holder
known=("$holder" "$(pgrep -P "$holder" | tr '\n' ' ')")
ok "with no difference" "$rebind" diff --contents --all-mntns img "$holder"
mkdir again
ok "they can be dumped again" "$rebind" dump -t "$holder" --all-mntns -D again "${externals[@]}"
ok "and are the same" "$rebind" diff --contents img again
kill "$holder"
known=()
result "the holder's end is that of all" "$(left_processes)"
ok "in new user and pid namespaces" "${restore[@]}" --new-ns user,pid --pidfile holder
read -r holder <holder
known=("$holder" "$(pgrep -P "$holder" | tr '\n' ' ')")
ok "with no difference" "$rebind" diff --contents --all-mntns img "$holder"
kill "$holder"
known=()
result "and they go as well" "$(left_processes)"
run python3 - "${restore[@]}" <<'END'
import os, socket, subprocess, sys
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
child = subprocess.Popen(sys.argv[1:] + ["--send-fd", str(b.fileno())], pass_fds=[b.fileno()])
b.close()
seen = []
while True:
    word, fds, _, _ = socket.recv_fds(a, 64, 4)
    if not word:
        break
    assert len(fds) == 1 and os.readlink("/proc/self/fd/%d" % fds[0]).startswith("mnt:"), fds
    seen.append(word.decode())
sys.exit(child.wait() or seen != ["mnt:1", "mnt:2", "mnt:3", "mnt:4"])
END
so "over a socket each comes with its number"
cp sets root/sets
ok "a command is in the first" "${restore[@]}" -- /sets cat - /vol/file
[ "$(cat out)" = "source 1" ]
so "and sees its volume"
rm root/sets
ok "--ns-id restores one alone" "$rebind" restore -D img --root "$work/new" --external "mnt[two]:$work/src/2" \
	--ns-id 2 --sharing private --pin pins/one
[ "$("$work/sets" cat pins/one /shared/file) $("$work/sets" cat pins/one /slave/file)" = "one two" ]
so "with the contents of what it shares with the others"
unpin
refused "--pin takes one of them" 1 "has 4 mount namespaces.*--ns-id ID, or --pin-dir DIR" "${restore[@]}" --pin pins/all
refused "--pin-dir with --ns-id is refused" 2 "give --pin FILE" "${restore[@]}" --ns-id 2 --pin-dir pins
refused "a directory that is not there is refused" 1 "cannot make files in 'nowhere'" "${restore[@]}" --pin-dir nowhere
refused "no end at all is refused" 2 "no option says what becomes of the namespace" "${restore[@]}"

# ---- what goes wrong leaves none ----

cat >script <<'END'
#!/bin/sh
[ "$CRTOOLS_SCRIPT_ACTION" != "$FAIL_AT" ]
END
chmod 755 script
for action in setup-namespaces post-setup-namespaces post-restore pre-resume post-resume; do
	refused "a script that fails at $action" 1 "" env FAIL_AT=$action "${restore[@]}" --action-script "$work/script" --pin-dir pins
done
# shellcheck disable=SC2016 # the script's
printf '#!/bin/sh\n%s\n' '[ "$CRTOOLS_SCRIPT_ACTION" != post-resume ] || { kill -KILL $(pgrep -P "$CRTOOLS_INIT_PID" | head -n 1); sleep 0.2; }' >killer
chmod 755 killer
refused "a process that holds one of them is killed before all are handed over" 1 "cannot release the process that holds" \
	"${restore[@]}" --action-script "$work/killer" --pidfile holder2
[ ! -e holder2 ]
so "and there is no pidfile"
mkdir aside
: >aside/file
ln -s ../aside/file pins/3
refused "a name that is a symlink" 1 "pins/3' is a symlink" "${restore[@]}" --pin-dir pins
rm pins/3
mkdir pins/3
refused "a name that is taken by a directory" 1 "pins/3" "${restore[@]}" --pin-dir pins
rmdir pins/3
for i in $(seq 30); do
	"${restore[@]}" --pin-dir pins <"/dev/null" >out 2>err &
	pid=$!
	pause_for "0.0$((RANDOM % 90))"
	kill -KILL "$pid" 2>"/dev/null"
	wait "$pid" 2>"/dev/null"
	why=$(left_processes)
	# What was handed over stands, all of it.
	n=$(grep -c " $work/pins/[1-4] " /proc/self/mountinfo)
	[ "$n" -eq 0 ] || [ "$n" -eq 4 ] || why+="$n of 4 are pinned; "
	[ "$n" -eq 4 ] || [ -z "$(find pins -name '[1-4]')" ] || why+="a file is left; "
	unpin
	[ -z "$why" ] || break
done
result "killed at any moment, all of them are pinned or none" "$why"
rm -f pins/other

# broken SENTENCE REGEX COMMAND...: of a copy of the image, in $PWD
broken() {
	local sentence=$1 regex=$2
	shift 2
	rm -rf "$work/img-bad"
	cp -a "$work/img" "$work/img-bad"
	(cd "$work/img-bad" && "$@") || exit 1
	refused "$sentence" 1 "$regex" "$rebind" restore -D img-bad --root "$work/new" "${sources[@]}" --pin-dir pins
}
broken "a namespace is missing" "mountpoints-3.img is not there" rm mountpoints-3.img
broken "a namespace is cut short" "mountpoints-2.img" truncate -s -7 mountpoints-2.img
broken "a namespace is empty" "mountpoints-2.img" truncate -s 8 mountpoints-2.img
broken "a namespace that is not listed" "mountpoints-9.img is not of this image" cp mountpoints-2.img mountpoints-9.img
broken "one mount twice" "has the id of another mount" cp mountpoints-2.img mountpoints-3.img
broken "what shows it whole is left out" "no record shows whole|is not there" rm mountpoints-1.img
broken "contents are missing" "tmpfs-dev" find . -name 'tmpfs-dev-*' -delete
rm -rf img-bad

# ---- a service of its own within a container: PrivateTmp= ----

compile plugin.so -shared -fPIC -Wno-unused-parameter "$here/plugin.c"
mkdir -p libs box volume/sub source/sub plugged there fresh || exit 1
mv plugin.so libs/
echo "of the volume" >volume/file
echo "of the source" >source/file
echo "by the plugin" >there/file
mount -t tmpfs submount volume/sub && mount -t tmpfs other source/sub && mount -t tmpfs plugged plugged || exit 1
echo "below the source" >source/sub/file
mount --bind / box && mount --bind / fresh || exit 1
cat >box.sh <<'END'
set -e
cd "$1/box"
mount -t tmpfs run run
mount -t tmpfs tmp tmp
mount -t tmpfs mnt mnt
mount -t tmpfs dev dev
mknod -m 666 dev/null c 1 3
mkdir -p run/volume run/again run/low run/up run/work run/merged mnt/plug tmp/old
echo lower >run/low/file
mount --rbind "$1/volume" run/volume
mount --bind "$1/plugged" mnt/plug
mount -t proc proc proc
pivot_root . tmp/old
cd /
umount -l /tmp/old
mount --make-rshared /
mount --make-private /mnt
echo shared >/tmp/file
cat >/run/service <<'SERVICE'
set -e
mount -t tmpfs private /tmp
echo private >/tmp/file
mount --bind /run/volume /run/again
mount -o remount,bind,ro /run/again
mount -t overlay overlay -o lowerdir=/run/low,upperdir=/run/up,workdir=/run/work /run/merged
echo upper >/run/merged/new
exec sleep 1000
SERVICE
unshare -m --propagation slave sh /run/service &
while [ ! -e /run/up/new ]; do sleep 0.05; done
umount /mnt/plug
echo ready >&3
exec sleep 1000
END
mkfifo ready
exec {line}<>ready
unshare -m --propagation private sh box.sh "$work" 3>ready {line}>&- &
box=$!
read -r -t 20 _ <&"$line"
exec {line}>&-
mkdir box-img
box_dump=("$rebind" dump -t "$box" --all-mntns -D box-img -L libs --external 'mnt[/run/volume]:volume')
box_restore=("$rebind" restore -D box-img --root "$work/fresh" -L libs --sharing private --external "mnt[volume]:$work/source")
ok "a container with a service in it is dumped" "${box_dump[@]}"
"$rebind" show --json box-img >out && [ "$(jq -r '.mounts[] | select(.owner == "plugin") | "\(.namespace)\(.mountpoint)"' out)" = "2/mnt/plug" ]
so "the plugin has claimed a mount of the second namespace, by its path there"
[ "$(jq '[.mounts[] | select(.namespace == 2 and .key == "volume")] | length' out)" -eq 3 ]
so "what it shows of the first's volume comes along"
kill -KILL "$box" $(pgrep -P "$box")
wait "$box" 2>"/dev/null"
ok "it is restored" env REBIND_TEST_SOURCE="$work/there" "${box_restore[@]}" --pin-dir pins
ok "with no difference" "$rebind" diff --contents box-img pins
inside() { nsenter --mount="pins/$1" sh -c "$2" 2>&1; }
[ "$(inside 1 'cat /tmp/file') $(inside 2 'cat /tmp/file')" = "shared private" ]
so "each has its /tmp"
[ "$(inside 2 'cat /run/volume/file /run/volume/sub/file /run/again/file | tr "\n" ,')" = "of the source,below the source,of the source," ]
so "the service has the container's volume"
inside 2 'touch /run/again/x' >out
grep -q "Read-only" out
so "read-only where it was"
[ "$(inside 2 'cat /run/merged/file /run/merged/new | tr "\n" ,') $(inside 1 'ls /run/merged | wc -l')" = "lower,upper, 0" ]
so "an overlay of its own, of directories that both see"
[ "$(inside 2 'cat /mnt/plug/file') $(inside 1 'ls /mnt/plug | wc -l')" = "by the plugin 0" ]
so "and the plugin's mount"
inside 1 'mkdir /run/new; mount -t tmpfs new /run/new; mount -t tmpfs new /tmp' >out
[ "$(inside 2 'mountpoint -q /run/new; echo $?; cat /tmp/file' | tr "\n" ,)" = "0,private," ]
so "what the container mounts appears in the service, but not over its /tmp"
unpin
refused "a plugin that fails leaves none" 1 "plug" env REBIND_TEST_SOURCE="$work/none" "${box_restore[@]}" --pin-dir pins
umount volume/sub source/sub plugged box fresh

# Namespaces that come before the mounts are read, and after that: the next try has them all.
compile grown.so -shared -fPIC -x c - <<'END'
#include <stdlib.h>
#include "criu-plugin.h"
int cr_plugin_init(int stage)
{
	return system(getenv("GROW")) ? -1 : 0;
}
END
mkdir grow-libs more
mv grown.so grow-libs/
cat >grow <<'END'
#!/bin/sh
[ "${CRTOOLS_SCRIPT_ACTION:-pre-dump}" = pre-dump ] || exit 0
n=$(wc -l <"$PIDS")
kill "-${SIGNAL:-USR1}" "$(head -n 1 "$PIDS" | cut -d ' ' -f 1)"
for i in $(seq 200); do
	[ "$(wc -l <"$PIDS")" -eq "$n" ] || exit 0
	sleep 0.02
done
exit 1
END
chmod 755 grow
start
ok "namespaces that come during a dump are in it" env PIDS="$work/pids" GROW="$work/grow" "$rebind" dump -v -t "$p1" \
	--all-mntns -D more "${externals[@]}" --action-script "$work/grow" -L grow-libs
[ "$(find more -name 'mountpoints-[1-6].img' | wc -l) $(grep -c 'changed while it was dumped: again' err)" = "6 1" ]
so "all six, at the second try"
ok "the image is what is there" "$rebind" diff --contents --all-mntns more "$p1"
forget "$p1"
known=()
for reader in $(readers); do
	start
	rm -rf more
	mkdir more
	ok "a root that is renamed during a dump, $reader" env PIDS="$work/pids" GROW="$work/grow" SIGNAL=USR2 \
		"$rebind" dump -v -t "$p1" --all-mntns -D more "${externals[@]}" -L grow-libs --reader "$reader"
	[ "$(grep -c 'changed while it was dumped: again' err)" -eq 1 ]
	so "is noticed, $reader"
	ok "the image is what is there, $reader" "$rebind" diff --all-mntns more "$p1"
	forget "$p1"
	known=()
done

# A namespace that goes while the set is dumped: its processes end, and it is dumped or not, but
# there is no image of half of it.
why=
for i in $(seq 10); do
	start
	rm -rf gone
	mkdir gone
	"$rebind" dump -t "$p1" --all-mntns -D gone "${externals[@]}" <"/dev/null" >out 2>err &
	pid=$!
	pause_for "0.00$((RANDOM % 10))"
	kill -KILL "$p4" "$p3"
	wait "$pid"
	status=$?
	if [ "$status" -eq 0 ]; then
		run "$rebind" show gone
		[ "$status" -eq 0 ] || why="an image that cannot be read"
	elif [ -n "$(find gone -type f)" ]; then
		why="a dump that failed has left files"
	fi
	kill -KILL "$p1"
	wait 2>"/dev/null"
	known=()
	[ -z "$why" ] || break
done
result "namespaces that go while they are dumped" "$why$(left_processes)"
[ "$(mounts)" = "$host" ]
so "the mount table is what it was"
finish
