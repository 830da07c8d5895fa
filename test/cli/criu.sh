#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# rebind criu dump, rebind criu restore: the mounts by rebind, the processes by CRIU. With a stand-in that is called
# as CRIU is and acts its part out in real namespaces, and again with a CRIU, where one is in PATH or REBIND_TEST_CRIU
# and `criu check` passes.
#
# usage: test/cli/criu.sh BUILD_DIR     (as root)
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# so SENTENCE [COMMAND...]: it is true, and what ran before went well
so() {
	local sentence=$1 why=
	shift
	if [ "$status" -ne 0 ]; then
		why="exit status $status"
	elif [ $# -gt 0 ] && ! "$@" >>"$work/err" 2>&1; then
		why="not so: $*"
	fi
	result "$sentence" "$why"
}

# refused SENTENCE TEXT [COMMAND...]: it failed with this text, and the command is true
refused() {
	local sentence=$1 text=$2 why=
	shift 2
	if [ "$status" -ne 1 ]; then
		why="exit status $status"
	elif ! grep -qF -- "$text" "$work/err"; then
		why="not said: $text"
	elif [ $# -gt 0 ] && ! "$@" >>"$work/err" 2>&1; then
		why="not so: $*"
	fi
	result "$sentence" "$why"
}

# ---- a container ----

# A root, and the volumes of a side: side DIR
side() {
	mkdir -p "$1"/root/{proc,tmp,vol,etc,pts,cg,bin,sbin,usr/bin,usr/sbin} "$1"/vol/nested "$1"/nested
	cp "$work/worker" "$1/root/worker"
	: >"$1/root/etc/conf"
	: >"$1/root/etc/console"
	mknod -m 666 "$1/root/null" c 1 3
	echo "conf of $1" >"$1/conf"
	echo "nested of $1" >"$1/nested/file"
}

cat >"$work/container" <<'END'
set -e
cd "$1"
mount --bind root root
[ -n "${NO_PROC-}" ] || mount -t proc proc root/proc
mount -t tmpfs -o size=1m,mode=1777 scratch root/tmp
mkdir root/tmp/$'a]:b \\\n-c'
mount -t tmpfs odd root/tmp/$'a]:b \\\n-c'
mount --bind vol root/vol
mount --bind nested root/vol/nested
mount --bind conf root/etc/conf
mount -o remount,bind,ro,nosuid root/etc/conf
if [ -n "${TERMINAL-}" ]; then
	mount -t devpts -o newinstance,ptmxmode=0666 devpts root/pts
	exec 8<>root/pts/ptmx
	sleep 1000 &
	: >>"root/$TERMINAL"
	mount --bind root/pts/0 "root/$TERMINAL"
	mount -o remount,bind,nosuid,noexec,noatime "root/$TERMINAL"
	[ "$TERMINAL" != tmp/console ] || mount --make-shared root/tmp
fi
if [ -n "${READONLY_SYS-}" ]; then
	mount --bind root/proc/sys root/proc/sys
	mount -o remount,bind,ro root/proc/sys
	hostname inside
fi
[ -z "${CGROUP-}" ] || mount -t cgroup2 cgroup2 root/cg
exec "$2" "$1/root" /vol/log /tmp/state
END

declared=(--external 'mnt[/vol]:vol' --external 'mnt[/vol/nested]:nested' --external 'mnt[/etc/conf]:conf')
sources=(--external "mnt[vol]:$work/b/vol" --external "mnt[nested]:$work/b/nested" --external "mnt[conf]:$work/b/conf")

is_counting() {
	grep -q "SigCgt:.*200$" "/proc/$1/status" 2>"/dev/null" && [ "$(cat "/proc/$1/comm")" = worker ]
}

# count PID SUM LOG: at a signal it adds one, which is the sum then
count() {
	kill -USR1 "$1" && until_so sum_is "$2" "$3"
}

sum_is() {
	[ "$(tail -n 1 "$2" 2>"/dev/null")" = "$1" ]
}

start_container() {
	rm -rf --one-file-system "$work/a" "$work/b" "$work/img"
	mkdir "$work/img"
	side "$work/a"
	side "$work/b"
	(
		[ -z "${CGROUP-}" ] || echo "$BASHPID" >"$CGROUP/cgroup.procs"
		# shellcheck disable=SC2086 # words
		exec unshare --mount ${KINDS---pid --ipc --uts} --propagation private --fork --kill-child \
			"$BASH" "$work/container" "$work/a" "$work/worker" >"/dev/null" 2>&1
	) &
	outer=$!
	pid=
	until_so find_container || return
	known+=("$outer" "$pid")
	count "$pid" 1 "$work/a/vol/log" && count "$pid" 2 "$work/a/vol/log"
}

find_container() {
	pid=$(cat "/proc/$outer/task/$outer/children" 2>"/dev/null")
	pid=${pid% }
	[ -n "$pid" ] && is_counting "$pid"
}

stop_container() {
	kill -KILL "$pid" 2>"/dev/null"
	wait "$outer" 2>"/dev/null"
	known=()
}

is_running() {
	[[ "$(sed 's/.*) //' "/proc/$1/stat")" == [RS]* ]]
}

no_image() {
	[ -z "$(find "$work/img" -name '*.img')" ]
}

# What a restore may not change: the image, the new root, the volumes, the mounts here.
state() {
	listing "$work/img"
	names "$work/b/root"
	mounts
}

# ---- what has to be true with either of them ----

dumps() {
	local engine=$1
	status=0
	so "$engine: a container counts" start_container

	run "$rebind" criu dump --dry-run -t "$pid" "${declared[@]}"
	so "$engine: a dry run of a dump says what would be done" is_running "$pid"
	run "$rebind" criu dump --dry-run -t "$pid" -D "$work/img" "${declared[@]}"
	so "$engine: and neither writes nor ends anything" eval 'no_image && is_running "$pid"'
	run "$rebind" criu dump --mounts rebind -t "$pid" -D "$work/img" "${declared[@]}" -- --leave-running --prev-images-dir=../a
	refused "$engine: with --mounts rebind an incremental dump, which could not be restored, is none" "has a parent" eval 'no_image && [ ! -L "$work/img/parent" ]'
	status=0
	so "$engine: the container runs on" is_running "$pid"
	run "$rebind" criu dump --mounts rebind -t "$pid" -D "$work/img" -- --leave-running
	refused "$engine: mounts that cannot be dumped stop all, and every one is named" "--external 'mnt[/vol/nested]:KEY'" no_image
	run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}" --action-script "$work/says-no" -- --leave-running
	refused "$engine: a script that fails fails the dump, and no image stays" says-no no_image
	status=0
	so "$engine: the container runs on" is_running "$pid"

	run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}" -- --leave-running
	so "$engine: a container is dumped" test -s "$work/img/inventory.img"
	run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}" -- --leave-running
	so "$engine: a second dump into the directory replaces the first" test ! -e "$work/img/.rebind-older"
	so "$engine: and runs on" count "$pid" 3 "$work/a/vol/log"
	run "$rebind" diff "$work/img" "$pid"
	so "$engine: the image has its mounts"
}

restores() {
	local engine=$1 before new
	# Where it went on, there nothing is added: files on a volume have to have the size that they had.
	echo 1 >"$work/b/vol/log"
	echo 2 >>"$work/b/vol/log"
	stop_container
	before=$(state)

	run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]:2}" -- -d
	refused "$engine: a volume without a source stops all before anything runs" "mnt[vol]" test "$(state)" = "$before"
	run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" --action-script "$work/says-no" -- -d
	refused "$engine: a script that fails fails the restore" says-no test "$(state)" = "$before"
	result "$engine: and nothing is left of it" "$(left_processes)"

	run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" \
		-- -d "--pidfile=$work/pid"
	so "$engine: it is restored under another root" test -s "$work/pid"
	new=$(cat "$work/pid")
	so "$engine: the image is as it was" test "$(state)" = "$before"
	so "$engine: it goes on where it was, on the new volume" count "$new" 3 "$work/b/vol/log"
	so "$engine: not on the old one" sum_is 3 "$work/a/vol/log"
	run "$rebind" diff "$work/img" "$new"
	so "$engine: its mounts are those of the image" grep -q "nested of $work/b" "/proc/$new/root/vol/nested/file"
	so "$engine: what was read-only is" grep -q "/etc/conf ro,nosuid" "/proc/$new/mountinfo"
	so "$engine: /proc is that of its pid namespace" grep -q worker "/proc/$new/root/proc/1/comm"
	kill -KILL "$new"
	until_so test ! -e "/proc/$new"
	rm "$work/pid"
	result "$engine: with it everything ends" "$(left_processes)"
}

# The one that ends what it dumped, and stays with what it restored.
moves() {
	local engine=$1
	start_container
	run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}"
	so "$engine: without --leave-running the container ends" test ! -e "/proc/$pid/root/worker"
	cp "$work/a/vol/log" "$work/b/vol/log"
	stop_container
	"$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" -- "--pidfile=$work/pid2" >"$work/out" 2>"$work/err" &
	local stays=$! new
	until_so test -s "$work/pid2"
	new=$(cat "$work/pid2")
	until_so is_counting "$new"
	so "$engine: what it stays with counts" count "$new" 3 "$work/b/vol/log"
	kill -KILL "$new"
	wait "$stays"
	status=$?
	so "$engine: and its end is seen"
	rm "$work/pid2"
}

# An OCI bundle has root and sources.
from_bundle() {
	local engine=$1 name mounts=
	status=0
	so "$engine: a container is dumped to be moved with its bundle" start_container
	run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}"
	cp "$work/a/vol/log" "$work/b/vol/log"
	stop_container
	for name in /vol:vol /vol/nested:nested /etc/conf:conf; do
		mounts+="${mounts:+,}{\"destination\":\"${name%:*}\",\"type\":\"bind\",\"source\":\"$work/b/${name#*:}\",\"options\":[\"rbind\"]}"
	done
	echo "{\"root\":{\"path\":\"root\"},\"mounts\":[$mounts]}" >"$work/b/config.json"
	run "$rebind" criu restore -D "$work/img" --bundle "$work/none" -- -d
	refused "$engine: a bundle that is not there" "$work/none"
	run "$rebind" criu restore -D "$work/img" --bundle "$work/b" -- -d "--pidfile=$work/pid"
	so "$engine: root and sources are those of a bundle" count "$(cat "$work/pid")" 3 "$work/b/vol/log"
	kill -KILL "$(cat "$work/pid")"
	rm "$work/pid"
	result "$engine: nothing is left of these" "$(left_processes)"
}

# ---- programs that CRIU runs where its first process is ----

# Each name that CRIU may call, as a program of the container's.
set_traps() {
	local dir name
	for dir in bin sbin usr/bin usr/sbin; do
		for name in sh ip nft iptables-restore ip6tables-restore iptables-legacy-restore ip6tables-legacy-restore iptables-nft-restore; do
			cp "$work/trap" "$work/b/root/$dir/$name"
		done
	done
}

# dumped_and_moved ENGINE: a container is dumped, and what it wrote is on the new volume
dumped_and_moved() {
	run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}"
	so "$1 is dumped"
	cp "$work/a/vol/log" "$work/b/vol/log"
	stop_container
}

more=() # options for CRIU
# restored_again SENTENCE: it is restored, and goes on; new
restored_again() {
	run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" -- -d "--pidfile=$work/pid" "${more[@]}"
	new=$(cat "$work/pid" 2>"/dev/null")
	so "$1" count "${new:-0}" 3 "$work/b/vol/log"
	so_far "and its mounts are those of the image" "$rebind" diff "$work/img" "${new:-0}"
}

end_restored() {
	[ -z "$new" ] || kill -KILL "$new"
	until_so test ! -e "/proc/$new"
	rm -f "$work/pid"
	result "nothing is left of it" "$(left_processes)"
}

helpers() {
	local engine=$1 new
	if [ "$engine" = CRIU ] && ! { command -v ip && command -v iptables-restore; } >"/dev/null"; then
		skip "$engine: a network namespace" "CRIU wants ip and iptables-restore, which are not there"
		return
	fi
	READONLY_SYS=1 KINDS="--pid --ipc --uts --net" start_container
	dumped_and_moved "$engine: a container with a network namespace, and a read-only /proc/sys,"
	restored_again "$engine: it is restored, without an ip or a shell in it"
	so "$engine: its /proc/sys is read-only" grep -q " /proc/sys ro,.* - proc " "/proc/$new/mountinfo"
	[ "$engine" != CRIU ] ||
		so "$engine: it has its host name" test "$(nsenter --uts --target "$new" hostname)" = inside
	end_restored
	set_traps
	printf '1\n2\n' >"$work/b/vol/log"
	restored_again "$engine: it is restored with programs of these names in it"
	result "$engine: none of them was executed" "$(find "$work/b" -name 'trapped*')"
	end_restored
	NO_PROC=1 start_container
	dumped_and_moved "$engine: a container without a /proc"
	restored_again "$engine: it is restored, uts and ipc namespaces too"
	end_restored
}

# ---- with no namespace to make, CRIU is silent about them ----

alone() {
	local engine=$1 new
	KINDS="" start_container
	dumped_and_moved "$engine: a process with no namespace of its own but its mounts"
	restored_again "$engine: it is restored where they were built"
	so "$engine: not on the host" test "$(stat -c %d:%i "/proc/$new/root/")" = "$(stat -c %d:%i "$work/b/root/")"
	end_restored
}

# ---- cgroups are shown as they are seen from inside ----

# inside_root PID: the root of /cg, as who is in its cgroup namespace sees it
inside_root() {
	nsenter --cgroup --target "$1" cat "/proc/$1/mountinfo" | sed -n 's|^[^ ]* [^ ]* [^ ]* \([^ ]*\) /cg .*|\1|p'
}

cgroups() {
	local engine=$1 new CGROUP=$work/cgroups/rebind-test-$own STANDIN_CGROUP
	mkdir -p "$work/cgroups"
	if ! mount -t cgroup2 cgroup2 "$work/cgroups" || ! mkdir "$CGROUP"; then
		skip "$engine: cgroups" "there is no cgroup version 2 here, or none can be made"
		return
	fi
	export CGROUP STANDIN_CGROUP=$CGROUP/cgroup.procs
	# CRIU mounts cgroups where it works, and cannot in a view of the images, which is mounted nowhere.
	[ "$engine" != CRIU ] || more=(--work-dir "$work")
	KINDS="--pid --ipc --uts --cgroup" start_container
	result "$engine: a container is the root of its cgroups" "$([ "$(inside_root "$pid")" = / ] || inside_root "$pid")"
	dumped_and_moved "$engine: it"
	restored_again "$engine: it is restored"
	result "$engine: and is the root of its cgroups again" "$([ "$(inside_root "$new")" = / ] || inside_root "$new")"
	end_restored
	KINDS="--cgroup" start_container
	run "$rebind" criu dump --mounts rebind -t "$pid" -D "$work/img" "${declared[@]}"
	refused "$engine: a cgroup namespace that CRIU makes without saying when" "does not say when they are there" no_image
	stop_container
	rmdir "$CGROUP"
	umount "$work/cgroups"
	more=()
	unset CGROUP STANDIN_CGROUP
}

# ---- what could not be restored is not dumped ----

in_user_namespace() {
	[ "$(readlink "/proc/$1/ns/user")" != "$(readlink "/proc/self/ns/user")" ]
}

refuses() {
	local engine=$1
	if [ "$engine" = stand-in ]; then
		start_container
		rm "/proc/$pid/root/tmp/state"
		run "$rebind" criu dump --mounts rebind -t "$pid" -D "$work/img" "${declared[@]}" -- --leave-running
		so "$engine: removed files that only CRIU makes again are said" grep -q "only CRIU makes again" "$work/err"
		so_far "$engine: the container runs on" count "$pid" 3 "$work/a/vol/log"
		stop_container
		rm -r "$work/img"
		mkdir "$work/img"
	fi
	unshare --user --map-root-user sleep 100 &
	pid=$!
	until_so in_user_namespace "$pid"
	run "$rebind" criu dump --mounts rebind -t "$pid" -D "$work/img" --
	refused "$engine: no mount namespace of its own" "is in the caller's own mount namespace" no_image
	kill "$pid"
	wait "$pid" 2>"/dev/null"
}

# ---- a terminal, which CRIU opens among mounts that are built ----

printf '#!/bin/sh\n[ $CRTOOLS_SCRIPT_ACTION != pre-resume ] || grep " /etc/console " /proc/$CRTOOLS_INIT_PID/mountinfo >%s\n' \
	"$work/console" >"$work/looks"

terminals() {
	local ptmx
	TERMINAL=etc/console start_container
	mkdir "$work/alone"
	run "$rebind" dump -t "$pid" -D "$work/alone" "${declared[@]}"
	refused "a terminal cannot be dumped without who has it open" "it shows the terminal '/0' of a devpts" test -z "$(ls "$work/alone")"
	rmdir "$work/alone"
	run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}"
	so "with CRIU it is dumped" test -s "$work/img/inventory.img"
	cp "$work/a/vol/log" "$work/b/vol/log"
	stop_container
	run "$rebind" restore --dry-run -D "$work/img" --root "$work/b/root" "${sources[@]}"
	refused "who restores mounts alone has to say what is there" "external 'mnt[/etc/console]:SOURCE'"
	for ptmx in pts/ptmx ""; do
		run env ${ptmx:+STANDIN_TERMINAL=$ptmx} "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" \
			--action-script "$work/looks" -- -d "--pidfile=$work/pid"
		if [ -n "$ptmx" ]; then
			so "it is where it was when CRIU has opened it" grep -q ' /0 /etc/console rw,nosuid,noexec,noatime - devpts ' "$work/console"
		else
			so "where CRIU opened none a null device is, with a warning" \
				eval 'grep -q " /null /etc/console rw,nosuid,noexec,noatime " "$work/console" && grep -q "is a null device" "$work/err"'
		fi
		kill -KILL "$(cat "$work/pid")"
		rm "$work/pid"
	done
	TERMINAL=tmp/console start_container
	run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}"
	cp "$work/a/vol/log" "$work/b/vol/log"
	stop_container
	run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" -- -d
	refused "on a mount with peers no terminal is put later: they would get it, too" "'/tmp/console' shows a terminal"
	result "nothing is left of terminals" "$(left_processes)"
}

# ---- killed at any action ----

cat >"$work/kills" <<'END'
#!/bin/bash
[ "$CRTOOLS_SCRIPT_ACTION" = "$AT" ] || exit 0
[ "${WHOM% *}" = rebind ] && kill "-${WHOM#* }" "$PPID" && exit
for child in $(cat "/proc/$PPID/task/$PPID/children"); do
	[ "$(readlink "/proc/$child/exe")" != "$(readlink -f "$REBIND_CRIU")" ] || kill "-${WHOM#* }" "$child"
done
END

# is_as_before: nothing is left of a restore
is_as_before() {
	[ "$(state)" = "$before" ] && [ -z "$(left_processes)" ]
}

killed() {
	local engine=$1 sum=2 before
	export WHOM AT
	status=0
	so "$engine: a container counts, that dumps are killed of" start_container
	for WHOM in "rebind KILL" "rebind TERM" "CRIU KILL"; do
		# Frozen by the stand-in nobody goes on who has lost it.
		[ "$engine $WHOM" != "stand-in CRIU KILL" ] || continue
		for AT in pre-dump post-dump; do
			run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}" --action-script "$work/kills"
			result "$engine: $WHOM at $AT fails the dump" "$([ "$status" -ne 0 ] || echo "it did not")"
			sum=$((sum + 1))
			so_far "$engine: the container runs on, no image is left" eval \
				'until_so is_running "$pid" && count "$pid" "$sum" "$work/a/vol/log" && until_so no_image && [ -z "$(left_processes)" ]'
		done
	done
	run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}"
	cp "$work/a/vol/log" "$work/b/vol/log"
	stop_container
	rmdir "$work/b/root/tmp"
	before=$(state)
	for WHOM in "rebind KILL" "rebind TERM" "CRIU KILL"; do
		for AT in pre-restore setup-namespaces post-setup-namespaces post-restore pre-resume; do
			run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" \
				--create-mountpoints --action-script "$work/kills" -- -d
			result "$engine: $WHOM at $AT fails the restore" "$([ "$status" -ne 0 ] || echo "it did not")"
			so_far "$engine: and nothing is left, no mountpoint and no process" until_so is_as_before
		done
	done
	sed -i 's/post-dump | post-setup-namespaces/pre-resume/' "$work/says-no"
	run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" \
		--create-mountpoints --action-script "$work/says-no" -- -d
	refused "$engine: a script that fails at pre-resume fails the restore, whatever CRIU thinks of it" says-no until_so is_as_before
	sed -i 's/pre-resume/post-dump | post-setup-namespaces/' "$work/says-no"
	unset WHOM AT
}

# ---- what can only be seen where CRIU fails when it is told to ----

fails() {
	local before action
	start_container
	# Of the options behind -- the last wants a value: it does not get one of ours that is missed then.
	run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}" -- --leave-running --lsm-profile
	so "an option without its value takes none of ours" test -s "$work/img/inventory.img"
	rm "$work/img"/*
	run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}" -- --leave-running "--images-dir=$work/b" --tree=1
	so "process and directory are those that rebind was told" eval 'test -s "$work/img/inventory.img" && test ! -e "$work/b/inventory.img"'
	rm "$work/img"/*
	export STANDIN_FAIL=post-dump
	run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}"
	refused "CRIU fails after our part: no image, the container runs on" "CRIU could not dump" no_image
	status=0
	so "and which CRIU it is stands there" grep -q "; it is '/.*', Version: 9.9" "$work/err"
	status=0
	so "it does" is_running "$pid"
	unset STANDIN_FAIL
	STANDIN_FAIL=killed run "$rebind" criu dump -t "$pid" -D "$work/img" "${declared[@]}"
	refused "CRIU is killed when the container has ended: the image, which is complete, is kept" "is kept" test -s "$work/img/inventory.img"
	cp "$work/a/vol/log" "$work/b/vol/log"
	stop_container
	rmdir "$work/b/root/tmp"
	before=$(state)
	for action in pre-restore setup-namespaces post-setup-namespaces post-restore pre-resume; do
		STANDIN_FAIL=$action run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" \
			--create-mountpoints -- -d
		refused "CRIU fails at $action: all is taken back, created mountpoints too" "CRIU could not restore" test "$(state)" = "$before"
	done
	result "no process is left of these" "$(left_processes)"
	STANDIN_ASTRAY=1 run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" --create-mountpoints -- -d
	refused "what CRIU restores outside of the namespace does not live on" "outside of the mount namespace that was built" \
		test -z "$(left_processes)"
	STANDIN_ELSEWHERE=1 run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" --create-mountpoints -- -d
	refused "nor what did not come along to the new root" "did not come along" test -z "$(left_processes)"
	result "and all that was made is taken back" "$([ "$(state)" = "$before" ] || echo "it is not")"
	STANDIN_LOG=$work/log run "$rebind" criu restore -D "$work/img" --root "$work/b/root" --external "mnt[vol]:$work/b/vol" -- -d
	refused "findings are said before CRIU is started" "mnt[conf]" test ! -e "$work/log"
	run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" --create-mountpoints -- -d "--pidfile=$work/pid"
	so "then it works, and the mountpoint that was made stays" test -d "$work/b/root/tmp"
	kill -KILL "$(cat "$work/pid")"
	rm "$work/pid"

	mkdir "$work/layers" "$work/over" "$work/none"
	mount -t tmpfs layers "$work/layers"
	mkdir "$work/layers"/{1,2,3,4}
	mount -t overlay -o "lowerdir=$work/img,upperdir=$work/layers/1,workdir=$work/layers/2" over "$work/over"
	mount -t overlay -o "lowerdir=$work/over,upperdir=$work/layers/3,workdir=$work/layers/4" over "$work/none"
	run "$rebind" criu restore -D "$work/none" --root "$work/b/root" "${sources[@]}" -- -d
	refused "where no overlay can be laid it is said what helps" "copy the image"
	umount "$work/none" "$work/over" "$work/layers"
	run env -u REBIND_CRIU PATH=/nowhere "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}"
	refused "without a CRIU it is said how to name one" REBIND_CRIU
	REBIND_CRIU=$rebind run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}"
	refused "rebind is not its own CRIU" "rebind itself"
	cp "$rebind" "$work/copy"
	REBIND_CRIU=$work/copy says "nor is a copy, which ends the round" "VERSION ok 4.2" VERSION
	rm "$work/copy"
	REBIND_CRIU=/bin/true run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}"
	refused "a program that does nothing has not restored" "CRIU could not restore"
	run "$rebind" criu restore -D "$work/img" --root "$work/b/root" "${sources[@]}" --pin "$work/pin"
	result "an ending for mounts alone is a usage error" "$([ "$status" -eq 2 ] || echo "exit status $status")"
	run "$rebind" criu restore --checkpoint "$work/archive.tar" --root "$work/b/root" "${sources[@]}"
	result "so is an archive, of which only mounts are read" "$([ "$status" -eq 2 ] || echo "exit status $status")"
}

# ---- the RPC: the requests of a runtime go on to CRIU ----

# says SENTENCE TEXT STEP...: what the client heard has a line with this text
says() {
	local sentence=$1 text=$2
	shift 2
	run "$work/client" "swrk:$rebind" "$@"
	cat "$work/out" >>"$work/err"
	result "$sentence" "$(grep -qF -- "$text" "$work/out" || echo "not heard: $text")"
}

# served_restore REQUEST: the same by a service, which has no siblings to give
served_restore() {
	local service new ready
	mkfifo "$work/service-ready"
	exec {ready}<>"$work/service-ready"
	"$rebind" service --address "$work/sock" --status-fd 9 9>"$work/service-ready" {ready}>&- 2>"$work/service.err" &
	service=$!
	known+=("$service")
	IFS= read -r -d '' -t $((20 * ${REBIND_TEST_SLOW:-1})) -u "$ready" _
	exec {ready}>&-
	run "$work/client" "unix:$work/sock" "$1 rst_sibling=1"
	result "RPC: a service makes no sibling, with a CRIU neither" \
		"$(grep -qF "rst_sibling takes a worker" "$work/out" || cat "$work/out")"
	run "$work/client" "unix:$work/sock" "$1"
	new=$(sed -n 's/^RESTORE ok.*pid=\([0-9]*\).*/\1/p' "$work/out")
	until_so is_counting "$new"
	so_far "RPC: by a service both come back, too" "$rebind" diff "$work/img" "$new"
	kill -KILL "$new"
	kill "$service"
	wait "$service"
	rm "$work/service-ready"
	result "RPC: and nothing is left" "$(left_processes)"
	cp "$work/a/vol/log" "$work/b/vol/log"
}

forwards() {
	local volumes="ext_mnt=/vol:vol ext_mnt=/vol/nested:nested ext_mnt=/etc/conf:conf" dump restore before new action
	start_container
	dump="DUMP pid=$pid images_dir=$work/img leave_running=1 notify_scripts=1 log_level=4 log_file=dump.log"
	says "RPC: a CRIU beside is asked for its version" "VERSION ok 4.2" VERSION
	REBIND_MOUNTS=rebind says "RPC: mounts that cannot be dumped are answered before CRIU is asked" "external 'mnt[/vol/nested]" "$dump"
	so_far "RPC: no image is left, and the container runs" no_image
	says "RPC: mounts that rebind cannot dump are CRIU's, and where that fails both are said" "external 'mnt[/vol/nested]" "$dump"
	so_far "RPC: no image is left, and the container runs" no_image
	REBIND_MOUNTS=rebind says "RPC: an incremental dump, which could not be restored, is refused" "parent_img '../first'" "$dump $volumes parent_img=../first"
	so_far "RPC: no image is left, and the container runs" no_image
	says "RPC: a client's no at post-dump fails the dump" "DUMP failed" on post-dump no "$dump $volumes"
	so_far "RPC: no image is left, and the container runs" no_image
	STANDIN_FAIL=post-dump says "RPC: so does a CRIU that goes away" "went away without an answer" "$dump $volumes"
	so_far "RPC: no image is left, and the container runs" no_image
	says "RPC: a client that dies at post-dump" "" on post-dump die "$dump $volumes"
	until_so no_image
	so_far "RPC: leaves no image, and the container runs" no_image
	says "RPC: DUMP keeps processes and mounts" "DUMP ok" "$dump $volumes"
	result "RPC: the client was told" "$(grep -q "NOTIFY ok post-dump" "$work/out" || echo "it was not")"
	so_far "RPC: the image has the mounts" "$rebind" diff --contents "$work/img" "$pid"
	cp "$work/a/vol/log" "$work/b/vol/log"
	stop_container

	restore="RESTORE images_dir=$work/img root=$work/b/root notify_scripts=1 ext_mnt=vol:$work/b/vol ext_mnt=conf:$work/b/conf"
	before=$(state)
	says "RPC: a volume without a source is answered before CRIU is asked" "mnt[nested]" "$restore"
	restore+=" ext_mnt=nested:$work/b/nested"
	for action in setup-namespaces post-setup-namespaces post-restore pre-resume; do
		says "RPC: a client's no at $action fails the restore" "RESTORE failed" on "$action" no "$restore"
		says "RPC: a client that dies there" "NOTIFY" on "$action" die "$restore"
	done
	result "RPC: nothing is left of these" "$(left_processes)"
	so_far "RPC: and nothing has changed" test "$(state)" = "$before"
	served_restore "$restore"
	says "RPC: RESTORE brings both back" "RESTORE ok" "$restore"
	new=$(sed -n 's/^RESTORE ok.*pid=\([0-9]*\).*/\1/p' "$work/out")
	until_so is_counting "$new"
	so_far "RPC: it goes on where it was" count "$new" 3 "$work/b/vol/log"
	so_far "RPC: the mounts are those of the image" "$rebind" diff "$work/img" "$new"
	kill -KILL "$new"
}

# A process with no namespace of its own but its mounts, of which CRIU tells nothing but the first action and the last ones.
forwards_alone() {
	local volumes="ext_mnt=/vol:vol ext_mnt=/vol/nested:nested ext_mnt=/etc/conf:conf" new
	KINDS="" start_container
	says "RPC: a process alone in its mounts is dumped" "DUMP ok" \
		"DUMP pid=$pid images_dir=$work/img leave_running=1 notify_scripts=1 $volumes"
	cp "$work/a/vol/log" "$work/b/vol/log"
	stop_container
	says "RPC: and restored" "RESTORE ok" "RESTORE images_dir=$work/img root=$work/b/root notify_scripts=1 \
ext_mnt=vol:$work/b/vol ext_mnt=conf:$work/b/conf ext_mnt=nested:$work/b/nested"
	new=$(sed -n 's/^RESTORE ok.*pid=\([0-9]*\).*/\1/p' "$work/out")
	until_so is_counting "$new"
	so_far "RPC: where its mounts were built" count "$new" 3 "$work/b/vol/log"
	kill -KILL "$new"
}

# so_far SENTENCE COMMAND...: it is true, whatever the last status was
so_far() {
	status=0
	so "$@"
}

printf '%s\n' '#include <fcntl.h>' 'int main(void) { return open("/trapped", O_CREAT | O_WRONLY, 0600) < 0; }' >"$work/trap.c"
compile trap -static "$work/trap.c"
compile worker -static "$here/criu-worker.c"
# shellcheck disable=SC2046 # words
compile standin -I "$build" "$here/criu-standin.c" "$build/image/rebind.pb-c.c" \
	"$build/runtime/rpc/rpc.pb-c.c" $(pkg-config --cflags --libs libprotobuf-c)
# shellcheck disable=SC2046 # words
compile client -I "$build" "$here/rpc-client.c" "$build/runtime/rpc/rpc.pb-c.c" $(pkg-config --cflags --libs libprotobuf-c)
printf '#!/bin/sh\ncase $CRTOOLS_SCRIPT_ACTION in post-dump | post-setup-namespaces) exit 1 ;; esac\n' >"$work/says-no"
chmod 755 "$work/says-no" "$work/kills" "$work/looks"

export REBIND_CRIU=$work/standin
dumps stand-in
restores stand-in
moves stand-in
from_bundle stand-in
helpers stand-in
alone stand-in
cgroups stand-in
refuses stand-in
terminals
killed stand-in
fails
forwards
forwards_alone

real=${REBIND_TEST_CRIU:-$(command -v criu)}
if [ -z "$real" ]; then
	skip "the same with a CRIU" "no criu in PATH, and REBIND_TEST_CRIU names none"
elif ! timeout 20 "$real" check >"$work/out" 2>&1; then
	skip "the same with a CRIU" "criu check fails here: $(tail -n 1 "$work/out")"
else
	export REBIND_CRIU=$real
	echo "# the same with $("$real" --version | head -n 1 | tr -d '\n') of CRIU"
	dumps CRIU
	restores CRIU
	moves CRIU
	from_bundle CRIU
	helpers CRIU
	alone CRIU
	cgroups CRIU
	refuses CRIU
	killed CRIU
fi
finish
