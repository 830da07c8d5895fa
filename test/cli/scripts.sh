#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# --action-script: when scripts are run, what they are told, what they can do, and that one that
# fails leaves nothing of the operation behind.
#
# usage: test/cli/scripts.sh BUILD_DIR     (as root)
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

restore=("$rebind" restore -D "$work/img" --root "$work/new" "${sources[@]}")

# run COMMAND...: status; out and err
run() {
	: >"$work/said"
	timeout 20 "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
}

# script NAME <TEXT: a script
script() {
	{ echo '#!/bin/bash'; cat; } >"$work/$1"
	chmod 755 "$work/$1"
}

so() {
	local was=$?
	result "$1" "$([ "$was" -eq 0 ] || echo "it is not so; said: $(head -c 600 "$work/said" | tr '\n' '|')")"
}

# said SENTENCE TEXT: what the scripts noted, in one line
said() {
	local all
	all=$(tr '\n' ' ' <"$work/said")
	result "$1" "$([ "$status" -eq 0 ] || echo "exit status $status; ")$([ "${all% }" = "$2" ] || echo "'$all', not '$2'")"
}

make_container plain
dump_container "$container" "$work/img"
export SAID=$work/said

# ---- order and environment ----

script note <<'END'
echo "$CRTOOLS_SCRIPT_ACTION" >>"$SAID"
END
script tell <<'END'
echo "$CRTOOLS_SCRIPT_ACTION:$CRTOOLS_IMAGE_DIR:${CRTOOLS_INIT_PID-none}" >>"$SAID"
END
note=(--action-script "$work/note")
tell=(--action-script "$work/tell")

mkdir "$work/other.img"
ln -s other.img "$work/link.img"
run "$rebind" dump -t "$container" -D "$work/link.img" "${declared[@]}" "${tell[@]}"
said "a dump runs pre-dump and post-dump, with the directory and the process" \
	"pre-dump:$work/other.img:$container post-dump:$work/other.img:$container"
rm "$work"/other.img/*
run env CRTOOLS_INIT_PID=1 "$rebind" dump --mntns "/proc/$container/ns/mnt" -D "$work/other.img" "${declared[@]}" "${tell[@]}"
said "where no process is known none is named, whatever the environment has" \
	"pre-dump:$work/other.img:none post-dump:$work/other.img:none"
rm "$work"/other.img/*
run "$rebind" dump -t "$container" -D "$work/other.img" "${declared[@]}" "${note[@]}" --dry-run
said "a dry run of a dump runs nothing" ""
run "${restore[@]}" "${note[@]}" --dry-run
said "nor does one of a restore" ""

run "${restore[@]}" "${tell[@]}" --pidfile "$work/pid"
holder=$(cat "$work/pid")
builder=$(sed -n 's/^post-setup-namespaces:.*://p' "$work/said")
said "a restore runs six, in CRIU's order; the holder is known before it is resumed" \
	"$(echo "pre-restore:$work/img:none setup-namespaces:$work/img:none post-setup-namespaces:$work/img:$builder" \
		"post-restore:$work/img:$holder pre-resume:$work/img:$holder post-resume:$work/img:$holder")"
kill -KILL "$holder"
script see <<'END'
case $CRTOOLS_SCRIPT_ACTION in
post-setup-namespaces) nsenter --mount="/proc/$CRTOOLS_INIT_PID/ns/mnt" /inside cat /vol/file >>"$SAID" ;;
post-restore) [ ! -s "$SAID.pid" ] && nsenter --mount="/proc/$CRTOOLS_INIT_PID/ns/mnt" /inside cat /etc/conf >>"$SAID" ;;
post-resume) cmp "$SAID.pid" <(echo "$CRTOOLS_INIT_PID") && echo pidfile >>"$SAID" ;;
esac
END
rm -f "$work/said.pid"
run "${restore[@]}" --action-script "$work/see" --pidfile "$work/said.pid"
said "the mounts can be seen when they stand, and in the holder; the pidfile is there at post-resume" \
	"volume of src conf of src pidfile"
kill -KILL "$(cat "$work/said.pid")"
six="pre-restore setup-namespaces post-setup-namespaces post-restore pre-resume post-resume"
run "${restore[@]}" "${note[@]}" --pin "$work/pin"
said "so it is with --pin" "$six"
umount "$work/pin"
run "${restore[@]}" "${note[@]}" -- /inside exit 0
said "and with a command" "$six"
hold pid "$work/inside" receive "${restore[@]}" "${note[@]}" --send-fd 3
said "and with --send-fd" "$six $six"
forget "$pid"

script one <<'END'
echo "one $CRTOOLS_SCRIPT_ACTION" >>"$SAID"
END
script two <<'END'
echo "two $CRTOOLS_SCRIPT_ACTION" >>"$SAID"
END
run "$rebind" dump -t "$container" -D "$work/other.img" "${declared[@]}" --action-script "$work/two" --action-script "$work/one"
said "several scripts are run in the order of the command line" "two pre-dump one pre-dump two post-dump one post-dump"
rm "$work"/other.img/*

# ---- what a script has ----

script inherit <<'END'
{
	ls /proc/self/fd | tr '\n' ' '
	readlink /proc/self/fd/0
	grep -E '^(CapEff|CapPrm|SigBlk|SigIgn)' /proc/self/status
	ulimit -Sn
	pwd
} >"$SAID"
echo to-stdout
END
exec {extra}<"$work/src/conf"
run "${restore[@]}" --action-script "$work/inherit" --pidfile "$work/pid"
kill -KILL "$(cat "$work/pid")"
exec {extra}<&-
{
	echo "0 1 2 3 /dev/null" # 3 is that of ls
	grep -E '^(CapEff|CapPrm|SigBlk|SigIgn)' /proc/self/status
	ulimit -Sn
	pwd
} >"$work/want"
result "a script has descriptors 0 to 2, and the caller's privileges, signals, limits and directory" \
	"$(diff "$work/want" "$work/said" 2>&1)"
[ ! -s "$work/out" ] && grep -q to-stdout "$work/err"
so "what it prints goes to standard error"
script stop <<'END'
[ "$CRTOOLS_SCRIPT_ACTION" != setup-namespaces ] || { echo $$ >"$SAID"; kill -STOP $$; }
END
"${restore[@]}" --action-script "$work/stop" --pidfile "$work/pid" 2>"$work/err" &
pid=$!
until_so test -s "$work/said"
kill -KILL "$pid"
wait "$pid" 2>"/dev/null"
result "a script dies with rebind" "$(left_processes)"

# stopped ACTION: rebind waits for a script there; $pid
stopped() {
	rm -f "$work/go"
	mkfifo "$work/go"
	script stop <<-END
	[ "\$CRTOOLS_SCRIPT_ACTION" != $1 ] || { echo there >"$work/go"; kill -STOP \$\$; }
	END
	rm -f "$work/ends/pid"
	"${restore[@]}" --create-mountpoints --action-script "$work/stop" --pidfile "$work/ends/pid" 2>"$work/err" &
	pid=$!
	read -r _ <"$work/go"
}
mkdir -p "$work/ends"
rmdir "$work"/new/vol
before=$(names "${watched[@]}" "$work/ends")
for action in pre-restore post-setup-namespaces post-restore pre-resume; do
	stopped "$action"
	kill -TERM "$pid"
	wait "$pid" 2>"/dev/null"
	left=$(left_processes)
	result "rebind can be ended while a script runs at $action, and nothing is left" \
		"$left$([ "$(names "${watched[@]}" "$work/ends")" = "$before" ] || echo "files differ")"
done
rm "$work/go"
mkdir "$work/new/vol"

# ---- what a script can do ----

script link <<'END'
[ "$CRTOOLS_SCRIPT_ACTION" != setup-namespaces ] || ip link set moved netns "$CRTOOLS_INIT_PID"
END
script linked <<'END'
ip link add moved type veth peer name stays && "$@"
status=$?
cat /proc/self/net/dev >&2
exit "$status"
END
if unshare --net ip link add moved type veth peer name stays 2>"/dev/null"; then
	run unshare --net "$work/linked" "${restore[@]}" --new-ns net,pid --action-script "$work/link" -- /inside cat /proc/self/net/dev
	[ "$status" -eq 0 ] && grep -q moved "$work/out" && ! grep -q stays "$work/out" &&
		! grep -q moved "$work/err"
	so "a link that is moved at setup-namespaces is in the new network namespace"
else
	skip "a link is moved at setup-namespaces" "the kernel has no veth links"
fi
mv "$work/src/vol" "$work/src/later"
script late <<'END'
[ "$CRTOOLS_SCRIPT_ACTION" != pre-restore ] || mv "$(dirname "$SAID")/src/later" "$(dirname "$SAID")/src/vol"
END
run "${restore[@]}" --action-script "$work/late" -- /inside cat /vol/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = "volume of src" ]
so "sources may come with pre-restore"
run "$rebind" restore -D "$work/src" --root "$work/new" "${note[@]}" -- /inside exit 0
[ "$status" -eq 125 ] && [ ! -s "$work/said" ]
so "no script is run for what is no image"

# ---- what a script that fails leaves ----

script fail <<'END'
echo "$CRTOOLS_SCRIPT_ACTION" >>"$SAID"
[ "$CRTOOLS_SCRIPT_ACTION" != "$FAIL_AT" ] || exit 3
END
fail=(--action-script "$work/fail")

# undone SENTENCE ACTION STATUS MOUNTS LISTING
undone() {
	local why=''
	[ "$status" -eq "$3" ] || why="exit status $status; "
	[ "$(cat "$work/err")" = "rebind: $2: the action script '$work/fail' failed with exit status 3" ] || why+="another sentence; "
	[ "$(tail -1 "$work/said")" = "$2" ] || why+="it was not the last; "
	[ "$(mounts)" = "$4" ] || why+="the mount table differs; "
	[ "$(names "${watched[@]}" "$work/other.img" "$work/ends")" = "$5" ] || why+="files differ; "
	result "$1" "$why$(left_processes)"
}

for FAIL_AT in pre-dump post-dump; do
	export FAIL_AT
	mkdir -p "$work/ends"
	before=$(mounts) there=$(names "${watched[@]}" "$work/other.img" "$work/ends")
	run "$rebind" dump -t "$container" -D "$work/other.img" "${declared[@]}" "${fail[@]}"
	undone "a script that fails at $FAIL_AT fails the dump, and no file is left" "$FAIL_AT" 1 "$before" "$there"
done
rmdir "$work"/new/vol "$work"/new/deep/er/vol
before=$(mounts) there=$(names "${watched[@]}" "$work/other.img" "$work/ends")
for FAIL_AT in $six; do
	export FAIL_AT
	create=(--create-mountpoints "${fail[@]}")
	run "${restore[@]}" "${create[@]}" --pidfile "$work/ends/pid"
	undone "a script that fails at $FAIL_AT fails a restore with --pidfile" "$FAIL_AT" 1 "$before" "$there"
	run "${restore[@]}" "${create[@]}" --new-ns pid,net --pidfile "$work/ends/pid"
	undone "and in new namespaces" "$FAIL_AT" 1 "$before" "$there"
	run "${restore[@]}" "${create[@]}" --pin "$work/ends/pin"
	undone "and with --pin" "$FAIL_AT" 1 "$before" "$there"
	run "${restore[@]}" "${create[@]}" -- /inside stay
	undone "and with a command" "$FAIL_AT" 125 "$before" "$there"
	run "${restore[@]}" "${create[@]}" --join-ns "pid:$container" -- /inside stay
	undone "and in a pid namespace that is joined" "$FAIL_AT" 125 "$before" "$there"
done
: >"$work/ends/pid"
FAIL_AT=post-resume run "${restore[@]}" --create-mountpoints "${fail[@]}" --pidfile "$work/ends/pid"
[ "$status" -eq 1 ] && [ -e "$work/ends/pid" ] && [ ! -s "$work/ends/pid" ]
so "a pidfile that was there is empty then"
new_root "$work/new"

# fails SENTENCE TEXT SCRIPT
fails() {
	run "${restore[@]}" --action-script "$3" --pidfile "$work/ends/none"
	[ "$status" -eq 1 ] && [ "$(cat "$work/err")" = "rebind: pre-restore: the action script '$3' $2" ] && [ ! -e "$work/ends/none" ]
	so "$1"
}
script killed <<<'kill -TERM $$'
fails "one that a signal ends fails" "was ended by signal 15" "$work/killed"
fails "so does one that is not there" "cannot be executed: No such file or directory" "$work/nowhere"
fails "or is a directory" "cannot be executed: Permission denied" "$work/src"
echo "exit 0" >"$work/bare"
chmod 755 "$work/bare"
fails "or has no interpreter" "cannot be executed: Exec format error" "$work/bare"
chmod 644 "$work/note"
fails "or may not be executed" "cannot be executed: Permission denied" "$work/note"
FAIL_AT=pre-restore run "${restore[@]}" --json "${fail[@]}" --pidfile "$work/ends/none"
[ "$(jq -r '[.ok, .errno, .errors[0]] | @tsv' "$work/out")" = $'false\tECANCELED\t'"pre-restore: the action script '$work/fail' failed with exit status 3" ]
so "--json has the sentence"
forget "$container"
finish
