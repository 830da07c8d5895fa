#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Plugins in whole dumps and restores: which hooks are called and when, what they may not leave in
# the staging root, and what they can do to their process without harm to anything else.
#
# usage: test/cli/hooks.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

run=(-- /inside cat /plug/file)
deny=()

# goes SENTENCE MODE [OPTION...]: a restore with the plugin works, and the command prints what it should
goes() {
	local sentence=$1 mode=$2 why='' before before_files
	shift 2
	before=$(mounts)
	before_files=$(names "${watched[@]}")
	REBIND_TEST_PLUGIN=$mode timeout 20 "${deny[@]}" "$rebind" restore -D "$work/img" --root "$work/new" \
		-L "$work/hooks" --plugin-timeout 2 "${sources[@]}" "$@" "${run[@]}" <"/dev/null" >"$work/out" 2>"$work/err" ||
		why="exit status $?"
	[ "$(cat "$work/out")" = "plug of src" ] || why="wrong output: $(head -c 200 "$work/out"); $why"
	[ "$(mounts)" = "$before" ] || why="the mount table has changed; $why"
	[ "$(names "${watched[@]}")" = "$before_files" ] || why="files have changed; $why"
	! grep -q 'HOSTILE\|NEVER' "$work/err" || why="code ran that should not; $why"
	result "$sentence" "$why$(left_processes)"
}

# fails SENTENCE MODE REGEX [OPTION...]: it fails with one line, nothing has changed
fails() {
	local sentence=$1 mode=$2 regex=$3 why='' before before_files status
	shift 3
	before=$(mounts)
	before_files=$(names "${watched[@]}")
	REBIND_TEST_PLUGIN=$mode timeout 20 "${deny[@]}" "$rebind" restore -D "$work/img" --root "$work/new" \
		-L "$work/hooks" --plugin-timeout 1 "${sources[@]}" "$@" "${run[@]}" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
	[ "$status" -eq 125 ] || why="exit status $status"
	[ ! -s "$work/out" ] || why="something on stdout; $why"
	grep -qE "$regex" "$work/err" || why="nothing matches /$regex/; $why"
	[ "$(grep -vc 'were left\|plugins left' "$work/err")" -eq 1 ] || why="not one line; $why"
	[ "$(mounts)" = "$before" ] || why="the mount table has changed; $why"
	[ "$(names "${watched[@]}")" = "$before_files" ] || why="files have changed; $why"
	result "$sentence" "$why$(left_processes)"
}

# logged SENTENCE LINE...: the plugin's lines of the run before, all of them, in this order
logged() {
	local sentence=$1
	shift
	sed -n 's/.*test: //p' "$work/err" | sed 's/ (mount [0-9]* .*//' >"$work/lines"
	result "$sentence" "$(diff <(printf '%s\n' "$@") "$work/lines" 2>&1 | tr '\n' ' ')"
}

calls() {
	REBIND_TEST_PIDFILE=$work/pid goes "a restore calls what it has to" "" -v
	logged "in this order: init, RESTORE_INIT, mounts, POST_FORKING when all stands, exit" \
		"init(2)" "restore_init" "restore('ok', '/crt-old-root', 0)" "post_forking: complete, ours" "exit(2, 0)"
	REBIND_TEST_PIDFILE=$work/pid timeout 20 "$rebind" restore -D "$work/img" --root "$work/new" -L "$work/hooks" \
		"${sources[@]}" --pidfile "$work/pid" -v 2>"$work/err" >"$work/out"
	logged "nothing is handed over before POST_FORKING" \
		"init(2)" "restore_init" "restore('ok', '/crt-old-root', 0)" "post_forking: complete, ours" "exit(2, 0)"
	[ ! -s "$work/pid" ] || kill -KILL "$(cat "$work/pid")"
	rm -f "$work/pid"
	rmdir "$work/new/plug"
	fails "a restore that fails after the hook" "" "mount [0-9]+ '/plug'|/plug "
	REBIND_TEST_PLUGIN='' timeout 20 "$rebind" restore -D "$work/img" --root "$work/new" -L "$work/hooks" \
		"${sources[@]}" -v "${run[@]}" 2>"$work/err" >"$work/out"
	logged "calls no POST_FORKING, and tells exit" "init(2)" "restore_init" \
		"restore('ok', '/crt-old-root', 0)" "exit(2, -22)"
	mkdir "$work/new/plug"
	# It may come too late, and nobody's fault is that: there is little time in between.
	for _ in {1..20}; do
		REBIND_TEST_PLUGIN=restore:tamper timeout 20 "$rebind" restore -D "$work/img" --root "$work/new" \
			-L "$work/hooks" "${sources[@]}" -v "${run[@]}" 2>"$work/err" >"$work/out"
		! grep -q 'differs from the image' "$work/err" || break
	done
	result "what is changed after the hook is found by the comparison" \
		"$(grep -q 'differs from the image' "$work/err" || cat "$work/err")"
	logged "and nothing is ready then" "init(2)" "restore_init" "restore('ok', '/crt-old-root', 0)" "exit(2, -116)"
	REBIND_TEST_PLUGIN='' timeout 20 "$rebind" restore -D "$work/img" --root "$work/new" -L "$work/hooks" \
		"${sources[@]}" -o "$work/log" -v "${run[@]}" >"$work/out" 2>"$work/err"
	result "a plugin's lines are in the log file" "$(grep -q 'test: restore_init' "$work/log" || echo "they are not")"
	if "$rebind" plugin list -L "$work/hooks" | grep -q CHECKPOINT_DEVICES; then
		result "hooks for processes are listed, and were not called" ""
	else
		result "hooks for processes are listed, and were not called" "they are not listed"
	fi
}

mountpoints() {
	goes "a plugin that expects its mountpoint is called again, with it" "restore:expect"
	goes "or has it at once with --premount existing" "restore:expect" --premount existing -v
	result "and is called once" "$([ "$(grep -c 'test: restore(' "$work/err")" -eq 1 ] || echo "it is not")"
	fails "ENOENT of something else is the plugin's failure" "restore:enoent" \
		"plugin test: RESTORE_EXT_MOUNT for mount [0-9]+ '/plug': No such file"
	goes "a restriction of the plugin's mount is kept" "restore:noexec"
	REBIND_TEST_PLUGIN=restore:noexec timeout 20 "$rebind" restore -D "$work/img" --root "$work/new" -L "$work/hooks" \
		"${sources[@]}" -- /inside cat /proc/self/mountinfo >"$work/out" 2>"$work/err"
	result "with those of the image" \
		"$(awk '$5 == "/plug" { print $6 }' "$work/out" | grep -qx 'ro,noexec,relatime' || grep ' /plug ' "$work/out")"
}

staging() {
	local who="plugin test: RESTORE_EXT_MOUNT for mount [0-9]+ '/plug' left"

	fails "a mount elsewhere is named" "restore:mount-new-root" "$who another mount at '/crt-new-root'"
	fails "a mount on the staging root is named" "restore:mount-on-root" "$who another mount at '/'"
	fails "a mount in the plugin's mount is named" "restore:two" "$who another mount at '/crt-premount.[0-9]+/sub'"
	fails "a file in the staging root is named" "restore:file" "$who a file or directory at '/left-behind'"
	fails "a mountpoint that nobody asked for is named" "restore:other-premount" \
		"$who a file or directory at '/crt-premount.999999'"
	deny=("$work/deny" ENOSYS "listmount,statmount")
	who="a plugin left"
	goes "without listmount a plugin that behaves works" ""
	fails "a mount elsewhere is still seen" "restore:mount-new-root" "$who another mount at '/crt-new-root'"
	fails "a mount in the plugin's mount is still seen" "restore:two" "$who another mount at '/crt-premount.[0-9]+/sub'"
	deny=()
	fails "what was left before any mount was asked for is named" "start:file" "left-behind"
}

surroundings() {
	local step what

	for step in init start restore late exit; do
		for what in chdir umask signals noise leak close-stdio; do
			goes "$what in $step does no harm" "$step:$what"
		done
	done
	goes "a thread that lives on does no harm" "restore:thread" -v
	result "it looks things up in the caller's root" "$(grep -q "looked up elsewhere" "$work/err" || echo "it does not")"
	goes "a process that lives on does no harm" "restore:forker"
	result "it is said to be killed" \
		"$(grep -q "plugins left 1 process in the namespace" "$work/err" || echo "it is not")"
	goes "a daemon that lives on does no harm" "restore:daemon" -v
	result "it is ended before there is a new root" "$(grep -q "nobody looks up" "$work/err" || echo "it is not")"
	goes "a daemon that was there before does no harm" "init:daemon" -v
	goes "nor does one that comes when the namespace stands" "late:daemon"
	for step in init start restore late exit; do
		fails "a crash in $step is one line" "$step:crash" "plugin 'test' \(plugin.so\) in [a-zA-Z_]+ was killed by signal 11"
		fails "exit() in $step is one line" "$step:exit" "plugin 'test' \(plugin.so\) in [a-zA-Z_]+ called exit\(3\)"
		fails "closed descriptors in $step are one line" "$step:close" "plugin 'test' \(plugin.so\) in [a-zA-Z_]+ "
	done
	fails "a crash while a child has all its descriptors is one line" "restore:forker restore:crash" \
		"in RESTORE_EXT_MOUNT was killed by signal 11"
	fails "a hook that hangs with all signals blocked is one line" "restore:signals restore:daemon restore:hang" \
		"in RESTORE_EXT_MOUNT did not return within 1 s"
	fails "so does the end" "exit:hang" "in exit did not return within 1 s"
}

# names_of COMMAND...: the plugins that a list has
names_of() {
	"$@" plugin list 2>&1 | awk '{ print $1 }' | tr '\n' ' '
}

# A program that may more than its caller looks for no code where its caller says.
secure() {
	local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups) copy=$work/copy/rebind
	mkdir "$work/copy"
	cp "$rebind" "$copy"
	export CRIU_LIBS_DIR=$work/hooks
	result "CRIU_LIBS_DIR is heeded for a program without privileges" \
		"$([[ $(names_of "${nobody[@]}" "$copy") == *plugin.so* ]] || names_of "${nobody[@]}" "$copy")"
	setcap cap_sys_admin+ep "$copy" || skip "CRIU_LIBS_DIR and file capabilities" "setcap does not work here"
	result "it is ignored for one with file capabilities" "$(names_of "${nobody[@]}" "$copy" | grep plugin.so)"
	setcap -r "$copy"
	chmod 4755 "$copy"
	result "and for one that is setuid" "$(names_of "${nobody[@]}" "$copy" | grep plugin.so)"
	result "for root it is heeded" "$([[ $(names_of "$copy") == *plugin.so* ]] || names_of "$copy")"
	unset CRIU_LIBS_DIR
}

# What the new root has where the C library looks.
hostile() {
	local dir lib arch
	arch=$("${CC:-cc}" -print-multiarch)
	compile hostile.so -shared -fPIC "$here/hostile.c"
	for dir in lib lib64 "lib/$arch" usr/lib "usr/lib/$arch"; do
		mkdir -p "$work/new/$dir/gconv"
		for lib in libc.so.6 libnss_hostile.so.2 libnss_files.so.2 libnss_compat.so.2 libutil.so.1 ld-linux-x86-64.so.2; do
			cp "$work/hostile.so" "$work/new/$dir/$lib"
		done
		cp "$work/hostile.so" "$work/new/$dir/gconv/IBM037.so"
	done
	echo 'passwd: hostile files' >"$work/new/etc/nsswitch.conf"
	goes "no code of the new root runs" ""
	goes "nor in a thread" "restore:thread"
	goes "nor in a daemon" "restore:daemon"
	goes "nor in one from before" "init:daemon"
	goes "nor in one from after" "late:daemon"
}

make_container plain
forget "$container"
compile deny "$here/deny.c"
compile plugin.so -shared -fPIC -Werror "$here/hooks-plugin.c"
mkdir "$work/hooks"
mv "$work/plugin.so" "$work/hooks/"
export REBIND_TEST_SOURCE=$work/src/plug REBIND_TEST_PLUGIN=
sed -i 's,^exec,mount -o remount\,bind\,ro plug\n&,' "$work/container"
hold container unshare --mount --propagation private bash "$work/container" "$work/a" plug
dump_container "$container" "$work/img" -L "$work/hooks" -v
logged "a dump calls init, the hook, and exit" "init(0)" "dump('./plug')" "exit(0, 0)"
mkdir "$work/refused"
"$rebind" dump -t "$container" -D "$work/refused" -L "$work/hooks" -v 2>"$work/err" >"$work/out"
logged "a dump that is refused tells exit" "init(0)" "dump('./plug')" "exit(0, -22)"
result "and leaves nothing" "$(ls -A "$work/refused")"
forget "$container"
calls
mountpoints
staging
surroundings
secure
hostile
finish
