#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Signals: to rebind while it builds, when it ends and nothing is left; and while a command runs, when they are the
# command's. With the exit status of a shell.
#
# usage: test/cli/signals.sh BUILD_DIR     (as root)

# shellcheck disable=SC2016,SC2154 # words for another shell; $build is of lib.sh
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# busy COMMAND...: in the background, in a session of its own, until it says "ready"; its pid is $busy
busy() {
	local line='' said
	rm -f "$work/said"
	mkfifo "$work/said"
	exec {said}<> "$work/said"
	# A shell starts what is in the background with SIGINT and SIGQUIT ignored.
	env --default-signal=INT,QUIT "$@" >"$work/said" 2>"$work/err" <"/dev/null" {said}>&- &
	busy=$!
	read -r -t $((20 * ${REBIND_TEST_SLOW:-1})) line <&"$said"
	exec {said}>&-
	[ "$line" = ready ]
}

# has_ended PID
has_ended() { grep -qs '^State:.*Z' "/proc/$1/status" || [ ! -d "/proc/$1" ]; }

# command_of REBIND: the pid of the command that runs; the builder may be there for a moment more
command_of() {
	local child
	for child in $(<"/proc/$1/task/$1/children"); do
		[ "$(<"/proc/$child/comm")" != inside ] || echo "$child"
	done
}

# signalled SENTENCE SIGNAL STATUS COMMAND...
signalled() {
	local sentence=$1 signal=$2 want=$3 why=
	shift 3
	if ! busy "$@"; then
		why="it did not start"
	else
		kill -"$signal" "$busy"
		until_so has_ended "$busy" || why="it goes on; "
	fi
	[ -z "$why" ] || kill -KILL "$busy"
	wait "$busy" 2>"/dev/null"
	status=$?
	[ "$status" -eq "$want" ] || why+="exit status $status, not $want; "
	result "$sentence" "$why$(left_processes)"
}

make_container plug
export REBIND_TEST_PLUGIN=good REBIND_TEST_SOURCE=$work/src/plug
dump_container "$container" "$work/img" -L "$work/libs"
cp "$(command -v busybox)" "$work/new/busybox"
restore=("$rebind" restore -D "$work/img" --root "$work/new" -L "$work/libs" "${sources[@]}")
before=$(mounts)

# A command that ends as it is told, and one that nothing was told.
polite='trap "exit 41" HUP; trap "exit 42" INT; trap "exit 43" QUIT; trap "exit 45" TERM; trap "exit 46" USR1
	trap "exit 47" USR2; echo ready; while :; do /busybox sleep 0.05; done'

number_of=(HUP 1 INT 2 QUIT 3 TERM 15 USR1 10 USR2 12)
status_of=(HUP 41 INT 42 QUIT 43 TERM 45 USR1 46 USR2 47)
for ((i = 0; i < 12; i += 2)); do
	name=${number_of[i]}
	for new in "" "--new-ns pid" "--new-ns user,pid"; do
		# shellcheck disable=SC2086 # words
		signalled "SIG$name is the command's${new:+, $new}" "$name" "${status_of[i + 1]}" \
			"${restore[@]}" $new -- /busybox sh -c "$polite"
	done
	signalled "SIG$name ends it where it does not expect that" "$name" $((128 + number_of[i + 1])) \
		"${restore[@]}" -- /inside stay
	signalled "also in a new pid namespace, where the command is not the first process" "$name" $((128 + number_of[i + 1])) \
		"${restore[@]}" --new-ns pid -- /inside stay
done

# What the caller ignores is ignored by both.
busy env --ignore-signal=HUP "${restore[@]}" -- /inside stay
inner=$(command_of "$busy")
kill -HUP "$busy" "$inner"
pause_for 0.1
result "what the caller ignores ends neither" "$([ -d "/proc/$busy" ] && [ -d "/proc/$inner" ] || echo "it ended")"
kill -TERM "$busy"
wait "$busy"
result "and nothing is left" "$(left_processes)"

# Without rebind the command goes on, as the child of a shell would; a new pid namespace goes with it.
busy "${restore[@]}" -- /inside stay
inner=$(command_of "$busy")
kill -KILL "$busy"
wait "$busy" 2>"/dev/null"
result "a command outlives rebind" "$([ -d "/proc/$inner" ] || echo "it ended")"
kill -KILL "$inner"
busy "${restore[@]}" --new-ns pid -- /inside stay
kill -KILL "$busy"
wait "$busy" 2>"/dev/null"
result "but not in a new pid namespace" "$(left_processes)"

# The key of a terminal is sent by the kernel to both, and counts once; also as long as rebind is not done with starting
# the command. `script` runs what it is given by a shell, which must not be between.
cat >"$work/busy-script" <<'END'
#!/bin/sh
trap '' INT
[ "$CRTOOLS_SCRIPT_ACTION" != post-resume ] || { : >"$PRESSED.awaited"; timeout 20 cat "$PRESSED" >/dev/null; }
END
chmod 755 "$work/busy-script"
export PRESSED=$work/pressed
for how in "" "--action-script $work/busy-script"; do
	sentence="the key of a terminal counts once${how:+, while a script runs}"
	command -v script >"/dev/null" || { skip "$sentence" "no script(1)" && continue; }
	counting='n=0; trap "n=\$((n + 1))" INT; echo ready; /busybox sleep 2; /busybox sleep 0.2; exit $((50 + n))'
	rm -f "$work/keys" "$work/said" "$work/pressed"
	mkfifo "$work/keys" "$work/said" "$work/pressed"
	exec {keys}<> "$work/keys" {said}<> "$work/said" {pressed}<> "$work/pressed"
	env --default-signal=INT,QUIT script -qefc "exec ${restore[*]@Q} $how -- /busybox sh -c ${counting@Q}" "/dev/null" \
		<"$work/keys" >"$work/said" 2>"$work/err" {said}>&- {keys}>&- {pressed}>&- &
	busy=$!
	read -r -t $((20 * ${REBIND_TEST_SLOW:-1})) line <&"$said"
	[ -z "$how" ] || until_so test -e "$work/pressed.awaited"
	printf '\003' >&"$keys"
	pause_for 0.1
	exec {pressed}>&-
	wait "$busy"
	status=$?
	exec {keys}>&- {said}>&-
	result "$sentence" "$([ "$status" -eq 51 ] || echo "exit status $status, not 51 ($line)")$(left_processes)"
done
unset PRESSED

# The pidfile is there, and the process that it names not let go: a script is asked what it thinks of it.
cat >"$work/script" <<'END'
#!/bin/sh
[ "$CRTOOLS_SCRIPT_ACTION" != "$AT" ] || { [ -s "$PIDFILE" ] && touch "$PIDFILE.seen"; kill -KILL $PPID; }
END
chmod 755 "$work/script"
export PIDFILE=$work/pid AT
# no_pidfile FILE: WHY there is one after a moment, or nothing
is_taken_back() { [ ! -e "$work/pid" ] || { [ "$1" = empty ] && [ ! -s "$work/pid" ]; }; }
no_pidfile() { until_so is_taken_back "$1" || echo "a pidfile is left"; }
AT=post-resume
for file in new empty; do
	[ "$file" = new ] || : >"$work/pid"
	"${restore[@]}" --action-script "$work/script" --pidfile "$work/pid" >"$work/out" 2>"$work/err" &
	wait $! 2>"/dev/null"
	status=$?
	result "killed before it lets go what a pidfile names, that is taken back, $file" "$(
		[ "$status" -eq 137 ] || echo "exit status $status; ")$([ -e "$work/pid.seen" ] || echo "there was none; ")$(
		no_pidfile $file)$(left_processes)"
	rm -f "$work/pid" "$work/pid.seen"
done
unset AT

# The only one that has the file as its descriptor 1.
cat >"$work/script" <<'END'
#!/bin/sh
[ "$CRTOOLS_SCRIPT_ACTION" = post-resume ] || exit 0
for pid in $(cat /proc/$PPID/task/$PPID/children); do
	[ ! "/proc/$pid/fd/1" -ef "$PIDFILE" ] || { kill -KILL "$pid"; touch "$PIDFILE.seen"; }
done
END
timeout 20 env --default-signal=PIPE "${restore[@]}" --action-script "$work/script" --pidfile "$work/pid" >"$work/out" 2>"$work/err" <"/dev/null"
status=$?
result "a killed guard of a pidfile does not end what it guards" "$([ -e "$work/pid.seen" ] || echo "there was none; ")$(
	[ "$status" -eq 0 ] || echo "exit status $status; ")$(kill -KILL "$(cat "$work/pid")" 2>&1)$(left_processes)"
rm -f "$work/pid" "$work/pid.seen"

# The image is complete, and what is said of it waits for a reader: a signal comes too late to take it back.
mkfifo "$work/full"
for name in TERM INT HUP QUIT; do
	mkdir "$work/late"
	exec {full}<> "$work/full"
	dd if=/dev/zero of="$work/full" bs=4096 count=64 oflag=nonblock 2>"/dev/null"
	env --default-signal=INT,QUIT "$rebind" dump -t "$container" -D "$work/late" -L "$work/libs" "${declared[@]}" --json \
		>"$work/full" 2>"$work/err" <"/dev/null" {full}>&- &
	busy=$!
	until_so test -e "$work/late/inventory.img"
	pause_for 0.5
	kill -"$name" "$busy"
	timeout 20 cat <"$work/full" >"$work/out" {full}>&- &
	reader=$!
	exec {full}>&-
	wait "$busy"
	status=$?
	wait "$reader"
	result "SIG$name when the image is complete: it stays, with exit status 0" "$(
		[ "$status" -eq 0 ] || echo "exit status $status; ")$([ -e "$work/late/inventory.img" ] || echo "no image; ")$(left_processes)"
	rm -rf "$work/late"
done

# Near the end of a dump, at any moment: all, and exit status 0, or nothing.
took=${EPOCHREALTIME/./}
mkdir "$work/late"
"$rebind" dump -t "$container" -D "$work/late" -L "$work/libs" "${declared[@]}" >"$work/out" 2>"$work/err"
took=$((${EPOCHREALTIME/./} - took))
rm -r "$work/late"
why='' all=0 none=0
for ((i = 0; i < 60; i++)); do
	mkdir "$work/late"
	env --default-signal=INT,QUIT "$rebind" dump -t "$container" -D "$work/late" -L "$work/libs" "${declared[@]}" \
		>"$work/out" 2>"$work/err" <"/dev/null" &
	busy=$!
	printf -v wait '0.%06d' $((took / 2 + took * (RANDOM % 100) / 150))
	pause_for "$wait"
	kill -TERM "$busy" 2>"/dev/null"
	wait "$busy" 2>"/dev/null"
	status=$?
	for ((j = 0; j < 100 && status; j++)); do
		[ -n "$(ls -A "$work/late")" ] || break
		pause_for 0.02
	done
	whole=no
	[ ! -e "$work/late/inventory.img" ] || whole=yes
	case $status:$whole in
	0:yes) all=$((all + 1)) ;;
	143:no) none=$((none + 1)) ;;
	*) why+="after $wait s exit status $status with: $(ls "$work/late" | tr '\n' ' '); " ;;
	esac
	rm -rf "$work/late"
done
result "SIGTERM near the end of a dump: all, or nothing ($all and $none of 60)" "$why$(left_processes)"

# While it builds: the plugin takes its time.
export REBIND_TEST_PLUGIN=ready
rm -r "$work/new/vol"
untouched=$(names "$work/new" "$work/src")
for name in TERM:143 INT:130 HUP:129; do
	for how in "--pidfile $work/pid" "--pin $work/pin" "--pidfile $work/pid --new-ns pid,user"; do
		# shellcheck disable=SC2086 # words
		signalled "SIG${name%:*} while it builds ends it, ${how//$work\//}" "${name%:*}" "${name#*:}" \
			bash -c 'exec "$@" 2>&1' - "${restore[@]}" --create-mountpoints $how
		result "and leaves nothing" "$([ "$(names "$work/new" "$work/src")" = "$untouched" ] || echo "files")$(
			[ "$(mounts)" = "$before" ] || echo " mounts")$([ ! -e "$work/pid" ] || echo " a pidfile")"
	done
done
# guard_of PID: its child that has a session of its own
guard_of() {
	local child rest
	for child in $(<"/proc/$1/task/$1/children"); do
		rest=$(<"/proc/$child/stat")
		# shellcheck disable=SC2086 # words
		set -- ${rest##*) }
		[ "$4" != "$child" ] || echo "$child"
	done
}

# A dump that is ended: by the end of standard error a caller learns that the guard has undone all.
cat >"$work/script" <<'END'
#!/bin/sh
[ "$CRTOOLS_SCRIPT_ACTION" = post-dump ] || exit 0
touch "$REACHED"
exec sleep 20 2>/dev/null
END
export REACHED=$work/reached
mkfifo "$work/stderr"
mkdir "$work/ended"
{
	cat "$work/stderr" >"$work/err"
	ls "$work/ended" >"$work/listed"
	touch "$work/closed"
} &
reader=$!
"$rebind" dump -t "$container" -D "$work/ended" -L "$work/libs" "${declared[@]}" --action-script "$work/script" \
	>"$work/out" 2>"$work/stderr" <"/dev/null" &
busy=$!
until_so test -e "$work/reached"
guard=$(guard_of "$busy")
kill -STOP "$guard"
kill -TERM "$busy"
wait "$busy" 2>"/dev/null"
status=$?
pause_for 0.3
result "standard error stays open until a guard has undone what a dump did" "$([ ! -e "$work/closed" ] || echo "it is closed; ")$(
	[ "$status" -eq 143 ] || echo "exit status $status; ")$([ -n "$(ls "$work/ended")" ] || echo "there was nothing to undo")"
kill -CONT "$guard"
wait "$reader"
result "and then nothing is left" "$(cat "$work/listed")$(left_processes)"
unset REACHED

# The image is there, and its dump has not said so yet: it is not ended any more.
mkdir "$work/whole"
mkfifo "$work/stdout"
exec {full}<> "$work/stdout"
for way in "-D $work/whole" "--checkpoint $work/whole.tar"; do
	head -c 65536 "/dev/zero" >&"$full"
	# shellcheck disable=SC2086 # words
	"$rebind" dump --json -t "$container" $way -L "$work/libs" "${declared[@]}" >&"$full" 2>"$work/err" \
		<"/dev/null" {full}>&- &
	busy=$!
	made=$work/whole.tar
	[ "$way" != "-D $work/whole" ] || made=$work/whole/inventory.img
	until_so test -e "$made"
	pause_for 0.3
	kill -TERM "$busy"
	pause_for 0.3
	head -c 65536 <&"$full" >"/dev/null"
	wait "$busy" 2>"/dev/null"
	status=$?
	read -r -t 1 -N 65536 <&"$full"
	result "a dump with an image says so, whatever signal comes, ${way%% *}" "$([ "$status" -eq 0 ] || echo "exit status $status; ")$(
		[ -e "$made" ] || echo "there is none")$(left_processes)"
done
exec {full}>&-
forget "$container"
finish
