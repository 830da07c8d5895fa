#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `rebind plugin test`: a plugin that keeps the contract passes, one that breaks a clause fails that clause; the
# shipped ones and those of other generations are among them. clauses.c is the plugin that breaks what it is told.
# It takes some 8 s: 60 plugins, four of which hang for a second.
#
# usage: test/cli/plugin-test.sh BUILD_DIR
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir -p "$work/source/dir"
echo data >"$work/source/file"
echo conf >"$work/a-file"
export SOURCE=$work/source
for flavour in "" WITHOUT_RESTORE WITH_OTHERS BY_NAME; do
	compile "clauses${flavour:+-$flavour}.so" -Werror -shared -fPIC -pthread "$here/clauses.c" ${flavour:+-D"$flavour"}
done
mounts >"$work/mounts"

# run PLUGIN OPTION...: status; what it says in $work/out, in $work/bad the clauses that do not hold
run() {
	timeout 60 "$rebind" plugin test --plugin-timeout 1 "$@" </dev/null >"$work/out" 2>"$work/err"
	status=$?
	grep '^not ok ' "$work/out" >"$work/bad"
}

# Whatever the plugin did: nothing of it is left here.
aftermath() {
	mounts | cmp -s - "$work/mounts" || echo "mounts are left: $(mounts | diff "$work/mounts" - | grep '^[<>]')"
	left_processes
}

# passes SENTENCE LINES PLUGIN OPTION...
passes() {
	local sentence=$1 least=$2 why
	shift 2
	run "$@"
	why=$(aftermath)
	if [ "$status" -ne 0 ]; then
		why="status $status: $(tail -n 3 "$work/out")"
	elif [ -s "$work/bad" ] || [ -s "$work/err" ]; then
		why="it says something is wrong: $(cat "$work/bad")"
	elif [ "$(grep -c '^ok ' "$work/out")" -lt "$least" ]; then
		why="fewer than $least clauses were tried"
	elif [ "$(tail -n 1 "$work/out")" != "1..$(grep -c '^ok ' "$work/out")" ]; then
		why="the plan is not the number of clauses"
	fi
	result "$sentence" "$why"
}

# fails BREAK N REGEX [PLUGIN OPTION...]: N clauses do not hold, the first of them is REGEX
fails() {
	local mode=$1 n=$2 regex=$3 why
	shift 3
	[ $# -gt 0 ] || set -- "$work/clauses.so" --source "$work/source"
	BREAK=$mode run "$@"
	why=$(aftermath)
	rmdir "$work/source/of-the-plugin" 2>/dev/null
	if [ "$status" -ne 1 ]; then
		why="exit status $status, not 1"
	elif [ "$(wc -l <"$work/bad")" -ne "$n" ]; then
		why="not $n clauses: $(cat "$work/bad")"
	elif ! head -n 1 "$work/bad" | grep -Eq -- "$regex"; then
		why="not /$regex/: $(head -n 1 "$work/bad")"
	elif [ "$(tail -n 1 "$work/out" | cut -d ' ' -f 1-2)" != "# $n" ]; then
		why="the sum does not say $n"
	fi
	result "$mode fails its clause" "$why"
}

# ---- good ones ----

passes "a plugin that keeps the contract passes" 30 "$work/clauses.so" --source "$work/source"
SOURCE=$work/a-file passes "so it does with a file" 30 "$work/clauses.so" --source "$work/a-file"
BREAK=read-only passes "and with a read-only mount" 30 "$work/clauses.so" --source "$work/source"
grep -q 'has ro,nosuid' "$work/out"
result "which stays read-only" "$([ $? -eq 0 ] || echo "it does not say so")"
passes "hooks of sockets, files and links are run" 35 "$work/clauses-WITH_OTHERS.so" --source "$work/source"
for hook in DUMP_UNIX_SK RESTORE_UNIX_SK DUMP_EXT_FILE RESTORE_EXT_FILE DUMP_EXT_LINK POST_FORKING; do
	grep -q "^ok [0-9]* - $hook answers" "$work/out"
	result "$hook is one of them" "$([ $? -eq 0 ] || echo "it is not")"
done
passes "one of generation 0.1.0, by its named functions" 30 "$work/clauses-BY_NAME.so" --source "$work/source"
grep -q '0\.1\.0, functions by name' "$work/out"
result "and is called that" "$([ $? -eq 0 ] || echo "it is not")"
passes "a plugin of the first days, with a file hook only" 8 "$build/test/unit/plugins/ext-file-only.so"
BREAK=none passes "without a source there is a tmpfs" 30 "$work/clauses.so"
echo "/srv/x $work/source" >"$work/map"
BINDMOUNT_EXAMPLE_MAP=$work/map passes "bindmount-example" 30 "$build/plugins/bindmount-example.so" \
	--mountpoint /srv/x --source "$work/source"

# ---- loading ----

fails "newer version" 1 'it loads: .*version 0\.3\.7.*above ours, 0\.2\.0' "$build/test/unit/plugins/newer-version.so"
fails "more hooks" 1 'it loads: .*hooks .max_hooks., we know 15' "$build/test/unit/plugins/more-hooks.so"
fails "missing symbol" 1 'it loads: .*undefined symbol' "$build/test/unit/plugins/missing-symbol.so"
fails "nothing" 1 'it has a hook: none: CR_PLUGIN_REGISTER_HOOK' "$build/test/unit/plugins/nothing.so"
fails "without restore" 1 'come together: only DUMP_EXT_MOUNT is there' "$work/clauses-WITHOUT_RESTORE.so"

# ---- the dump ----

fails init-fail 1 'init\(DUMP\) answers 0: .*init returned -5.*not tried'
fails init-crash 1 'init\(DUMP\) answers 0: .*killed by signal 6'
fails init-noise 1 "writes nothing to stdout and stderr: 'how noisy'"
fails unknown-fail 1 'does not know: .*returned -5'
fails unknown-hang 2 'does not know: .*did not return within 1 s'
fails unknown-leak 1 'leaks no descriptor: [0-9]* open, [0-9]* after being asked 8 times'
fails dump-declines 1 "did not take '/data': --mountpoint names one"
fails dump-positive 1 'a dump succeeds.*returned 1, which the contract does not have'
fails dump-crash 1 'a dump succeeds.*DUMP_EXT_MOUNT was killed by signal 6'
fails dump-exit 1 'a dump succeeds.*DUMP_EXT_MOUNT called exit\(3\)'
fails dump-mounts 1 'after a dump the caller.s mounts are what they were: 1 more.*/mnt'
fails dump-daemon 1 'after a dump no process is left: plugins left 1 process running: killed'

# ---- the restore ----

fails init2-fail 1 'init\(RESTORE\) answers 0: .*init returned -5'
fails forgets 1 'for the mount that it took: -ENOTSUP: it has forgotten'
fails restore-fail 1 'for the mount that it took: .*returned -5'
fails restore-positive 1 'for the mount that it took: .*returned 1'
fails restore-crash 1 'for the mount that it took: .*killed by signal 6'
fails restore-exit 1 'for the mount that it took: .*called exit\(3\)'
fails restore-hang 1 'for the mount that it took: .*did not return within 1 s'
fails wants-mountpoint 1 'makes the mountpoint itself: -ENOENT without it, as written for CRIU 4'
fails no-mountpoint 1 "makes the mountpoint itself: there is no '/crt-premount\.[0-9]*'"
fails mounts-nothing 1 "a mount is on it: none is on '/crt-premount\.[0-9]*'"
fails is-file 2 'the hook left is_file 1, but the mountpoint is a directory'
fails mounts-twice 2 'nothing else is mounted.*1 mounts more than asked for, /crt-premount'
fails leaves-mount 2 'nothing else is mounted.*1 mounts more than asked for, /left-behind'
fails leaves-directory 2 "nothing else is mounted.*left a file or directory at '/left-behind'"
fails foreign-fail 1 'an id that is not its own: .*returned -5.*mounts of other plugins'
fails takes-all 1 'an id that is not its own: 0: mounts of other plugins'
fails foreign-leak 1 'at restore it leaks no descriptor: [0-9]* open, [0-9]* after'
fails hermit 1 'sent back to the caller.s namespace: .*thread'
fails late-fail 1 'POST_FORKING answers 0: .*returned -5'
fails end-crash 1 'exit\(DUMP, 0\) returns: .*in exit was killed by signal 6'
fails undo-crash 1 'exit\(RESTORE, failure\) returns: .*in exit was killed by signal 6'
fails undo-hang 1 'exit\(RESTORE, failure\) returns: .*in exit did not return within 1 s'
fails daemon 4 'no process of its stays behind: plugins left 1 process.*: killed'
fails changes-host 1 "what is in the source stays as it was: '.*/source.*' is new, gone or changed"
others=("$work/clauses-WITH_OTHERS.so" --source "$work/source")
fails sk-fail 1 'DUMP_UNIX_SK answers 0 or -ENOTSUP: .*returned -5' "${others[@]}"
fails rsk-fail 1 'RESTORE_UNIX_SK answers a descriptor or -ENOTSUP: .*returned -5' "${others[@]}"
fails file-again 1 'RESTORE_EXT_FILE answers.*asks to be called again for ever' "${others[@]}"
fails file-none 1 'RESTORE_EXT_FILE answers.*returned 900, not a descriptor' "${others[@]}"
fails link-fail 1 'DUMP_EXT_LINK answers 0 or -ENOTSUP: .*returned -5' "${others[@]}"

# ---- volumes in files ----

volumes() {
	local how=("$work/clauses.so" --source "$work/source")
	command -v mkfs.ext4 >/dev/null || { skip "a file is attached once" "mkfs.ext4 is not installed"; return; }
	truncate -s 8M "$work/volume.ext4" && mkfs.ext4 -q "$work/volume.ext4"
	mount -o loop "$work/volume.ext4" "$work/source" 2>"$work/err" || { skip "a file is attached once" "no loop device"; return; }
	mounts >"$work/mounts"
	export LOOP_FILE=$work/volume.ext4
	BREAK=none passes "a volume that is mounted from the device that its file has" 31 "${how[@]}"
	grep -q '^ok [0-9]* - a file that is attached already is not attached once more: /dev/loop' "$work/out"
	so "keeps the clause about it"
	fails attaches-again 1 'not attached once more: /dev/loop[0-9]* and /dev/loop[0-9]* have one file' "${how[@]}"
	[ "$(losetup -j "$LOOP_FILE" | wc -l)" -eq 1 ]
	so "of which nothing is left"
	umount "$work/source"
	unset LOOP_FILE
	mounts >"$work/mounts"
}
volumes

# ---- the command ----

# usage SENTENCE REGEX ARG...
usage() {
	local sentence=$1 regex=$2 why=
	shift 2
	"$rebind" plugin "$@" >"$work/out" 2>"$work/err"
	[ $? -eq 2 ] || why="exit status is not 2"
	grep -Eq -- "$regex" "$work/err" || why="stderr is not /$regex/"
	result "$sentence" "$why"
}

usage "plugin test wants a plugin" 'plugin test takes a plugin' test
usage "plugin test has no -L" '-L is for plugin list' test x.so -L .
usage "plugin list has no --source" '--source and --plugin-timeout are for plugin test' list --source .
run "$work/none.so"
result "a plugin that is not there is said in one line" \
	"$([ "$status" -eq 1 ] && [ ! -s "$work/out" ] && grep -q "cannot find the plugin '.*none.so'" "$work/err" || echo no)"
run "$work/clauses.so" --mountpoint data
result "a mountpoint is an absolute path" \
	"$([ "$status" -eq 1 ] && grep -q "'data' is no mountpoint" "$work/err" || echo no)"
run "$work/clauses.so" --source "$work/none"
result "a source that is not there is said" \
	"$([ "$status" -eq 1 ] && grep -q "cannot find the source '.*none'" "$work/err" || echo no)"
BREAK=restore-crash run "$work/clauses.so" --source "$work/source" --json
result "--json says the same" "$(jq -e '.ok == false and (.plugin | endswith("clauses.so")) and
	([.clauses[] | select(.ok | not)] | length == 1) and (.clauses | length > 10)' "$work/out" >/dev/null || echo no)"
run "$work/clauses.so" --source "$work/source" --json
result "--json of a good one" "$(jq -e '.ok and all(.clauses[]; .ok and (.clause | length > 5))' "$work/out" >/dev/null || echo no)"

finish
