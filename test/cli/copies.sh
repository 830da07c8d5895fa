#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# --copies: several namespaces of one image, each with what is its own alone.
#
# usage: test/cli/copies.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# container NAME PROPAGATION SCRIPT: a root with a busybox, and what the script mounts in it
container() {
	mkdir -p "$1/old" "$1/proc" "$1/t" "$1/dev" "$1/v" "$1.image" newroot/{old,proc,t,dev,v} sources/{v,w}
	cp /bin/busybox "$1/"
	mount --bind "$1" "$1"
	unshare --mount --propagation "$2" sh -c "cd $1 && $3 && pivot_root . old && exec /busybox sh -c '
		/busybox umount -l /old && : >/ready && exec /busybox sleep 1000'" &
	pid=$!
	until_so test -e "$1/ready"
	"$rebind" dump -t "$pid" -D "$1.image" --external "mnt[/v]:v" "${@:4}" 2>"$work/err" || cat "$work/err"
}

# restore NAME ARG...
restore() {
	"$rebind" restore -D "$1.image" --root newroot --external "mnt[v]:$work/sources/v" "${@:2}" >"$work/out" 2>"$work/err"
}

# in_ns NUMBER COMMAND...
in_ns() {
	nsenter --mount="/proc/$(cat "h.$1")/ns/mnt" /busybox "${@:2}"
}

end_holders() {
	for file in h.*; do
		[ -e "$file" ] && kill "$(cat "$file")" && rm "$file"
	done
	sleep 0.2
}

# equal NAME: each copy is what the image says
equal() {
	local i
	for ((i = 1; i <= 3; i++)); do
		"$rebind" diff --contents "$1.image" "$(cat "h.$i")" >"$work/out" 2>"$work/err" || return 1
	done
}

# apart: a file in a tmpfs of one is not in the others, and no two are one namespace
apart() {
	in_ns 1 touch /t/of-one && ! in_ns 2 ls /t/of-one && ! in_ns 3 ls /t/of-one &&
		[ "$(readlink /proc/"$(cat h.1)"/ns/mnt /proc/"$(cat h.2)"/ns/mnt /proc/"$(cat h.3)"/ns/mnt | sort -u | wc -l)" -eq 3 ]
}

cd "$work" || exit 1
cp /bin/busybox . && mkdir -p newroot && cp /bin/busybox newroot/
touch_source="mount --bind $work/sources/v v"

container plain private "$touch_source"
restore plain --copies 3 --pidfile h.%d && equal plain
so "copies of binds are what the image says"
[ "$(ls h.* | tr '\n' ' ')" = "h.1 h.2 h.3 " ]
so "%d is the number of each, from 1"
end_holders

container full private "$touch_source && mount -t proc proc proc && mount -t tmpfs -o mode=755 dev dev &&
	mkdir dev/pts dev/shm dev/w && mount -t devpts -o newinstance devpts dev/pts && mount -t tmpfs shm dev/shm &&
	echo text >dev/shm/file && mount --bind $work/sources/w dev/w && mount -t tmpfs t t && echo own >t/file" \
	--external "mnt[/dev/w]:w"
restore full --external "mnt[w]:$work/sources/w" --copies 3 --pidfile h.%d && equal full
so "copies with proc, terminals and tmpfs are what the image says"
apart
so "what is in a tmpfs of one is in no other"
in_ns 2 cat /t/file | grep -qx own && in_ns 3 cat /dev/shm/file | grep -qx text
so "each has the files that were dumped"
a=$(in_ns 1 stat -c %d /proc) b=$(in_ns 2 stat -c %d /proc)
[ -n "$a" ] && [ "$a" != "$b" ]
so "each has a proc of its own"
end_holders

container groups private "$touch_source && mount --make-shared v && mount -t tmpfs t t"
restore groups --copies 3 --pidfile h.%d && equal groups && apart
so "peer groups are each copy's own"
in_ns 1 mkdir -p /t/x && in_ns 1 mkdir -p /v/sub && in_ns 1 mount -t tmpfs x /v/sub && grep -q ' /v/sub ' "/proc/$(cat h.1)/mountinfo" &&
	grep -q ' /v ' "/proc/$(cat h.2)/mountinfo" && ! grep -q ' /v/sub ' "/proc/$(cat h.2)/mountinfo"
so "what is mounted in one is mounted in no other"
end_holders

# Sources are held while what they stood on is made again: more of them than there are descriptors.
seq 1100 | sed "s|.*|$work/sources/w $work/many/t/& none bind|" >fstab
container many private "$touch_source && mount -t tmpfs t t && (cd t && seq 1100 | xargs mkdir) && mount -a -T $work/fstab" \
	--external 'mnt[*]'
"$rebind" show --json many.image | jq -r --arg source "$work/sources/w" \
	'.mounts[] | .key | select(. and . != "v") | "mnt[\(.)]:\($source)"' >many.sources
[ "$(wc -l <many.sources)" -eq 1100 ] && (ulimit -n 1024 && restore many --external-from many.sources --copies 3 --pidfile h.%d) && equal many
so "there are many sources for few descriptors"
end_holders

mkdir pins && mount --bind pins pins && mount --make-private pins
restore full --external "mnt[w]:$work/sources/w" --copies 2 --pin pins/ns.%d
so "copies can be pinned"
for i in 1 2; do nsenter --mount="pins/ns.$i" /busybox true || break; done
so "and entered by their files"
umount pins/ns.1 pins/ns.2

# A namespace is bound to no file in a mount that is shared: the first, which is the last to be, fails when the second is pinned.
mkdir pins/1 pins/2
echo text >pins/2/ns
mount -t tmpfs pin pins/1 && mount --make-shared pins/1 && mount --bind pins/1 pins/1
rmdir newroot/t
! restore plain --copies 2 --create-mountpoints --pin pins/%d/ns && grep -q 'pins/1/ns' "$work/err" && [ "$(cat pins/2/ns)" = text ] &&
	! mountpoint -q pins/2/ns && [ ! -e pins/1/ns ]
so "if one cannot be pinned none is, and a file that was there is as it was"
[ ! -e newroot/t ]
so "and no mountpoint is left"
mkdir newroot/t
umount pins/1 pins/1
mkdir h.3
! restore plain --copies 3 --pidfile h.%d && [ ! -e h.1 ] && [ ! -e h.2 ]
so "if one file cannot be made none is"
rmdir h.3

# Killed when the first of three is handed over, and the second is there: neither stays.
# shellcheck disable=SC2016 # the script's
printf '#!/bin/sh\n%s\n' '[ "$CRTOOLS_SCRIPT_ACTION" != post-resume ] || { echo >>"$SEEN"; [ "$(wc -l <"$SEEN")" -lt 2 ] || kill -KILL $PPID; }' >killer
chmod 755 killer
export SEEN=$work/seen
: >pins/there.1
for how in "--pidfile h.%d" "--pin pins/there.%d"; do
	rm -f "$SEEN"
	# shellcheck disable=SC2086
	restore plain --copies 3 $how --action-script "$work/killer"
	status=$?
	for ((i = 0; i < 100; i++)); do
		[ -z "$(pgrep rebind; ls h.* pins/there.[23] 2>/dev/null)" ] && ! mountpoint -q pins/there.1 && break
		pause_for 0.05
	done
	[ "$status" -eq 137 ] && [ "$(wc -l <"$SEEN")" -eq 2 ] && [ "$i" -lt 100 ] && [ -e pins/there.1 ]
	so "killed between two of them, ${how% *} leaves none"
done
rm -f pins/there.1

for words in "--pidfile h" "--pidfile h%d.%d" "--pidfile h.%s" "--pin h.1"; do
	# shellcheck disable=SC2086
	restore plain --copies 2 $words
	[ $? -eq 2 ] && grep -q 'needs one %d' "$work/err"
	so "--copies with '$words' is refused"
done
restore plain --copies 2 -- /busybox true
[ $? -eq 125 ] && grep -q 'has no command' "$work/err"
so "--copies with a command is refused"
timeout 20 "$rebind" restore --checkpoint x.tar --root newroot --copies 2 --pidfile h.%d 2>"$work/err"
[ $? -eq 2 ] && grep -q 'takes -D' "$work/err"
so "--copies of an archive is refused"
for n in 0 -1 x 10001; do
	restore plain --copies $n --pidfile h.%d
	[ $? -eq 2 ]
	so "--copies $n is refused"
done

finish
