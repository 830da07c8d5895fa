#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Several mount namespaces in one image: what goes wrong with one of them leaves none, neither of a
# restore nor of a dump.
#
# usage: test/cli/sets-endings.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib-sets.sh
. "$(dirname "$0")/lib-sets.sh"

# timed SENTENCE COMMAND...: ok, and how many microseconds it took, in $took
timed() {
	local begin=${EPOCHREALTIME/./}
	ok "$@"
	took=$((${EPOCHREALTIME/./} - begin))
}

# pause_within MICROSECONDS: for a part of them, or a little more than all
pause_within() {
	local pause=$((RANDOM * $1 / 27000))
	printf -v pause '%d.%06d' $((pause / 1000000)) $((pause % 1000000))
	pause_for "$pause"
}

start
timed "a set is dumped" "$rebind" dump -t "$p1" --all-mntns -D img "${externals[@]}"
dump_took=$took
forget "$p1"
known=()
host=$(mounts)

# ---- restores ----

timed "it is restored" "${restore[@]}" --pin-dir pins
unpin
cat >script <<'END'
#!/bin/sh
[ "$CRTOOLS_SCRIPT_ACTION" != "$FAIL_AT" ]
END
chmod 755 script
for action in setup-namespaces post-setup-namespaces post-restore pre-resume post-resume; do
	refused "a script that fails at $action" 1 "$action" env FAIL_AT=$action "${restore[@]}" --action-script "$work/script" --pin-dir pins
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
	pause_within "$took"
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

# ---- dumps ----

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
for i in $(seq 1000); do
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
	pause_within "$dump_took"
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
