#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# With rebind in front of CRIU no container is lost that CRIU would have kept: what rebind cannot do is CRIU's, with the
# words that were given; an image that was there comes back if a dump fails; a plain CRIU restores the image. With a
# program that notes how it is called, and with a CRIU where REBIND_TEST_CRIU or PATH has one and `criu check` passes.
#
# usage: test/cli/never-worse.sh BUILD_DIR     (as root)
# shellcheck disable=SC2016,SC2034 # scripts in quotes, and what they use
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"
unset REBIND_MOUNTS CRIU_CONFIG_FILE
export HOME=$work/home

cat >"$work/noting" <<'END'
#!/bin/bash
# Of one that failed rebind asks the version.
[ "$*" = --version ] && [ -e "$NOTED/failed" ] && exit
printf '%s\n' "$@" >"$NOTED/words"
trap '[ $? -eq 0 ] || : >"$NOTED/failed"' EXIT
echo "$$" >"$NOTED/pid"
dir=.
for word; do
	case $word in --images-dir=*) dir=${word#*=} ;; -D*) dir=${word#-D} ;; esac
done
eval "${ACT-}"
END
chmod 755 "$work/noting"
mkdir -p "$work/bin" "$work/noted" "$work/img" "$work/home/.criu"
ln -s "$rebind" "$work/bin/criu"
export NOTED=$work/noted REBIND_CRIU=$work/noting
criu=$work/bin/criu

# so SENTENCE COMMAND...: it is true
so() {
	local sentence=$1 why=
	shift
	"$@" >>"$work/err" 2>&1 || why="not so: $*; CRIU's words: $(paste -sd' ' "$work/noted/words" 2>"/dev/null")"
	result "$sentence" "$why"
}

said() { grep -qF -- "$1" "$work/err"; }
got() { grep -qxF -- "$1" "$work/noted/words"; }
got_only() { [ "$(cat "$work/noted/words")" = "$(printf '%s\n' "$@")" ]; }
alone() { [ "$status" -eq 0 ] && said "CRIU does the mounts alone" && ! grep -q '^--action-script=/proc/' "$work/noted/words"; }
fresh() { rm -rf "$work/img" "$work/noted"/*; mkdir "$work/img"; }

# box NAMESPACES SCRIPT: a container in $box, whose first process is that of the script; it has nothing of the host open
box() {
	# shellcheck disable=SC2086 # words
	unshare --mount $1 --propagation private --fork --kill-child "$BASH" -c "
		cd '$work/root' && mount --bind . . && cd '$work/root' && mount -t proc proc proc
		for fd in /proc/self/fd/*; do [ \"\${fd##*/}\" -le 2 ] || eval \"exec \${fd##*/}>&-\"; done
		pivot_root . old && exec /bin/setsid /bin/sh -c 'umount -l /old; exec <&- >&- 2>&-; $2'" >"/dev/null" 2>"$work/box.err" </dev/null &
	outer=$!
	box=
	until_so box_is_ready
	known+=("$outer" "$box")
}

box_is_ready() {
	read -r box 2>"/dev/null" <"/proc/$outer/task/$outer/children"
	[ -n "$box" ] && [ "$(cat "/proc/$box/comm" 2>"/dev/null")" = sleep ]
}

unbox() {
	kill -KILL "$box" "$outer" 2>"/dev/null"
	wait "$outer" 2>"/dev/null"
	known=()
}

cat >"$work/apart.c" <<'END'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	if (argc > 1) { /* a removed socket, open by its path */
		if (mknod("/tmp/socket", S_IFSOCK | 0600, 0) || open("/tmp/socket", O_PATH) < 0 || unlink("/tmp/socket"))
			return 1;
		execl("/bin/sleep", "sleep", "1000", NULL);
	}
	int ready[2];
	char byte;

	if (pipe(ready))
		return 1;
	if (fork()) {
		close(ready[1]);
		return read(ready[0], &byte, 1) != 1;
	}
	if (unshare(CLONE_NEWNS) || mount(0, "/", 0, MS_REC | MS_PRIVATE, 0) || write(ready[1], "r", 1) != 1)
		return 1;
	for (;;)
		pause();
}
END
mkdir -p "$work/root"/{bin,proc,tmp,old,vol,src,dst}
cp "$(command -v busybox)" "$work/root/bin/busybox" || exit 1
for name in sh sleep setsid umount mount mkdir rmdir rm; do
	ln -s busybox "$work/root/bin/$name"
done

compile apart -static "$work/apart.c"
mv "$work/apart" "$work/root/bin/apart"

# ---- what is CRIU's, and why ----

# falls_back SENTENCE REASON: a dump of the box is CRIU's alone, for this reason
falls_back() {
	local sentence=$1 reason=$2
	fresh
	run "$rebind" criu dump -t "$box" -D "$work/img" --external 'mnt[/vol]:v' -- --leave-running
	so "$sentence: CRIU alone, and it is said why" eval 'alone && said "$reason"'
	so "$sentence: with the words that were given" got_only dump --leave-running "--tree=$box" "--images-dir=$work/img" "--external=mnt[/vol]:v"
}

# refused_alone SENTENCE: the same, where rebind has to do the mounts, is refused before CRIU is started
refused_alone() {
	fresh
	run "$rebind" criu dump --mounts rebind -t "$box" -D "$work/img" -- --leave-running
	so "$1: refused with --mounts rebind, before CRIU is started" eval '[ "$status" -eq 1 ] && [ ! -e "$work/noted/words" ]'
}

for removed in 'exec 7>/tmp/gone; rm /tmp/gone; exec sleep 1000' 'mkdir /tmp/away; cd /tmp/away; rmdir /tmp/away; exec sleep 1000'; do
	box --pid "$removed"
	fresh
	run "$rebind" criu dump -t "$box" -D "$work/img" -- --leave-running
	so "removed files are no reason: $removed" eval '! said "CRIU does the mounts alone" && got "--external=mnt[/proc]:/proc"'
	unbox
done
box --pid 'exec apart socket'
falls_back "a removed socket that is open by its path" "is still open by its path: '/tmp/socket' in process $box (sleep)"
refused_alone "a removed socket"
unbox
box --pid 'exec 7>"/tmp/kept (deleted)"; exec sleep 1000'
fresh
run "$rebind" criu dump -t "$box" -D "$work/img" -- --leave-running
so "a name that ends in (deleted) is no removed file" eval 'got "--external=mnt[/proc]:/proc" && ! said "CRIU does the mounts alone"'
rm "$work/root/tmp/kept (deleted)"
unbox
box --pid 'apart; exec sleep 1000'
falls_back "a process in mounts of its own" "has a mount namespace of its own within the container"
unbox
box --pid 'mount --bind /src /dst; rmdir /src; exec sleep 1000'
falls_back "a bind of a removed directory" "'/dst'"
mkdir "$work/root/src"
unbox
box "--pid --user --map-root-user" 'exec sleep 1000'
fresh
run "$rebind" criu dump -t "$box" -D "$work/img" -- --leave-running
so "a user namespace is no reason" eval '! said "CRIU does the mounts alone" && got "--external=mnt[/proc]:/proc"'
unbox
sleep 1000 &
box=$!
known+=("$box")
falls_back "the caller's own mounts" "is in the caller's own mount namespace"
kill "$box"
wait "$box" 2>"/dev/null"

# ---- the container that rebind can do, and words ----

box --pid 'exec sleep 1000'
fresh
run "$rebind" criu dump -t "$box" -D "$work/img" -- --leave-running
so "what rebind can do it does" eval 'got "--external=mnt[/proc]:/proc" && ! said "alone"'
fresh
run "$rebind" criu dump -t "$box" -D "$work/img" -- --leave-running --prev-images-dir=../before
so "an incremental dump is CRIU's" eval 'alone && said "has a parent (--prev-images-dir '"'../before'"')"'
fresh
run "$rebind" criu dump --mounts criu -t "$box" -D "$work/img" --ext-mount-map auto -- --leave-running
so "--mounts criu: without a warning" eval '[ ! -s "$work/err" ] && got_only dump --leave-running "--tree=$box" "--images-dir=$work/img" "--external=mnt[]"'
REBIND_MOUNTS=criu run "$criu" dump -t "$box" -D "$work/img" -M console: -R
so "REBIND_MOUNTS says it where there is no option, and CRIU gets the line as it was" got_only dump -t "$box" -D "$work/img" -M console: -R
REBIND_MOUNTS=other run "$criu" dump -t "$box" -D "$work/img"
so "another word is an error" eval '[ "$status" -eq 1 ] && said "REBIND_MOUNTS"'
# The line of lxc-checkpoint.
fresh
run "$criu" dump --tcp-established --file-locks --link-remap --manage-cgroups=full --action-script "$work/none" -D "$work/img" \
	-o "$work/img/dump.log" --cgroup-root x:y -v4 --enable-external-masters --ext-mount-map console: --enable-fs hugetlbfs -t "$box"
so "CRIU's words go on to it" eval 'got --tcp-established && got --manage-cgroups=full && got --cgroup-root=x:y && got --verbosity=4 && got "--action-script=$work/none"'
so "those of mounts do not" eval '! grep -q "ext-mount-map\|enable-fs\|enable-external" "$work/noted/words" && got "--external=mnt[/proc]:/proc"'
for line in "check --feature mnt_id" "check --all --no-default-config" "--version" "pre-dump -t 1 -D x" "page-server --port 1" "dump" "dump --nothing" "cpuinfo dump"; do
	# shellcheck disable=SC2086 # words
	run "$criu" $line
	# shellcheck disable=SC2086
	so "criu $line is CRIU's" got_only $line
done
unbox
box --pid 'mount --bind /src /vol; exec sleep 1000'
for at in /vol /nowhere; do
	echo "ext-mount-map \"$at:from-file\" # a volume" >"$work/home/.criu/default.conf"
	fresh
	ACT='exit 1' run "$criu" dump --config "$work/none" -t "$box" -D "$work/img" -R
	if [ $at = /vol ]; then
		so "CRIU's configuration files are read, too" eval 'got "--config=$work/none" && ! said alone'
	else
		so "what they name is looked for" eval 'said "names '"'/nowhere'"'"'
		run "$criu" dump --no-default-config -t "$box" -D "$work/img" -R
		so "but where they are not wanted" eval 'got "--external=mnt[/proc]:/proc" && ! said /nowhere'
	fi
done
rm "$work/home/.criu/default.conf"

# ---- an image that was there ----

older() { fresh; echo old >"$work/img/inventory.img"; echo old >"$work/img/core-1.img"; ln -s ../x "$work/img/parent"; echo log >"$work/img/dump.log"; }
is_older() { [ "$(cat "$work/img/inventory.img")$(cat "$work/img/core-1.img")$(readlink "$work/img/parent")" = oldold../x ] && [ ! -e "$work/img/.rebind-older" ]; }
is_newer() { [ "$(cat "$work/img/inventory.img")" = new ] && [ ! -e "$work/img/core-1.img" ] && [ ! -e "$work/img/parent" ] && [ ! -e "$work/img/.rebind-older" ] && [ -e "$work/img/dump.log" ]; }
dumps=("$rebind" criu dump --mounts criu -t "$box" -D "$work/img" -- -R)
older
ACT='[ ! -e $dir/inventory.img ] && echo new >$dir/inventory.img' run "${dumps[@]}"
so "a new image replaces the one that was there, logs stay" is_newer
older
ACT='echo half >$dir/core-1.img; exit 1' run "${dumps[@]}"
so "a dump that fails gives it back" eval 'is_older && [ "$status" -eq 1 ]'
older
ACT='echo half >$dir/core-1.img; kill -KILL $PPID' run "${dumps[@]}"
ACT='exit 1' run "${dumps[@]}"
so "so does the one after a dump that was killed" is_older
# The inventory goes first and comes back last: killed in between, both ways.
for moved in inventory.img "inventory.img core-1.img" "inventory.img parent"; do
	older
	mkdir "$work/img/.rebind-older"
	for file in $moved; do mv "$work/img/$file" "$work/img/.rebind-older/"; done
	ACT='exit 1' run "${dumps[@]}"
	so "killed while it was set aside or given back, $moved" is_older
done
older
ACT='echo half >$dir/core-1.img; exit 1' run "$rebind" criu dump --mounts rebind -t "$box" -D "$work/img" -- -R
so "it comes back where rebind does the mounts, too" is_older
older
run "$criu" dump -t 99999999 -D "$work/img" -R
so "a process that is not there is CRIU's to miss" eval 'got_only dump -t 99999999 -D "$work/img" -R'
unbox

# ---- restores ----

fresh
run "$rebind" criu restore --mounts criu -D "$work/img" --root "$work/root" --external 'mnt[v]:/x' -- -d --restore-sibling
so "CRIU alone restores with the words that were given" \
	got_only restore -d --restore-sibling "--images-dir=$work/img" "--root=$work/root" "--external=mnt[v]:/x"
"$rebind" criu restore --mounts criu -D "$work/img" &
wait "$!"
so "it is the process that was started" test "$(cat "$work/noted/pid")" = "$!"
run "$rebind" criu restore --mounts criu -D "$work/img" --external-flags v:ro
so "what CRIU has no word for is not passed over" eval '[ "$status" -eq 1 ] && said "--external-flags is rebind"'

# ---- with a CRIU ----

pid_of() { cat "$work/pid"; }
ends() { kill -KILL "$(pid_of)"; rm "$work/pid"; }

# both_ways NAME NAMESPACES SCRIPT [WORD...]: dumped by one, restored by the other
both_ways() {
	local name=$1 space=$2 script=$3
	shift 3
	fresh
	box "$space" "$script"
	run "$rebind" criu dump -t "$box" -D "$work/img" "$@" -- --network-lock skip
	unbox
	run "$real" restore -D "$work/img" -W "$work/noted" -o r.log --root "$work/root" -d --pidfile "$work/pid" "$@"
	so "$name: a plain CRIU restores what rebind dumped" ends
	fresh
	box "$space" "$script"
	run "$real" dump -t "$box" -D "$work/img" "$@" --network-lock skip
	unbox
	run "$rebind" criu restore -D "$work/img" --root "$work/root" "$@" -- -d --pidfile "$work/pid" -o r.log
	so "$name: rebind restores what a plain CRIU dumped" ends
	so "$name: CRIU's log is in the image directory" test -s "$work/img/r.log"
}

real=${REBIND_TEST_CRIU:-$(command -v criu)}
if [ -z "$real" ] || ! timeout 20 "$real" check >"$work/out" 2>&1; then
	skip "the same with a CRIU" "none that works is in PATH or REBIND_TEST_CRIU"
	finish
fi
export REBIND_CRIU=$real
both_ways "a plain container" --pid 'exec sleep 1000'
both_ways "tmpfs, binds, read-only mounts" "--pid --ipc --uts" 'mount -t tmpfs -o size=1m t /tmp; echo x >/tmp/x; mkdir /tmp/d; mount --bind /tmp/d /dst; mount -o remount,bind,ro /dst; mount -t sysfs -o ro s /vol; exec sleep 1000'
both_ways "shared mounts" --pid 'mount -t tmpfs t /tmp; mount --make-shared /tmp; mount --bind /tmp /dst; mount --make-slave /dst; exec sleep 1000'
both_ways "a user namespace" "--pid --user --map-root-user" 'mount -t tmpfs t /tmp; echo x >/tmp/x; mount -t sysfs s /dst; exec sleep 1000'
both_ways "a removed file" --pid 'mount -t tmpfs t /tmp; exec 7>/tmp/gone; rm /tmp/gone; exec sleep 1000'
both_ways "a network namespace" "--pid --net" 'exec sleep 1000'
both_ways "mounts within mounts" --pid 'apart; exec sleep 1000'
printf '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != pre-dump ] || rm "%s/root/tmp/late"\n' "$work" >"$work/removes"
chmod 755 "$work/removes"
fresh
box --pid 'exec 7>/tmp/late; exec sleep 1000'
run "$rebind" criu dump -t "$box" -D "$work/img" --action-script "$work/removes"
so "a file that is removed when all was decided does not fail the dump" test "$status" -eq 0
unbox
run "$rebind" criu restore -D "$work/img" --root "$work/root" -- -d --pidfile "$work/pid"
so "and comes back" eval '[ "$status" -eq 0 ] && ends'
so "and nothing of it stays" eval '[ -z "$(ls -A "$work/root/tmp")" ]'
result "no process is left" "$(left_processes)"
finish
