#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Filesystems and sockets that somebody outside serves: fuse, autofs, a socket in a tmpfs. What they
# are served through comes from a plugin, and they work again.
#
# usage: test/cli/served.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

restore=("$rebind" restore --root "$work/new" -L "$work/plugins" --plugin-timeout 5)
before=$(mounts)
# A server whose children live on.
lasting=

# children_of PID: servers that run already are not what a test leaves
children_of() {
	local pid
	for pid in $(pgrep -P "$1"); do
		known+=("$pid")
	done
}

# ran SENTENCE OUTPUT COMMAND...
ran() {
	local sentence=$1 want=$2 why=''
	shift 2
	timeout 20 "$@" <"/dev/null" >"$work/out" 2>"$work/err" || why="exit status $?; "
	[ "$(cat "$work/out")" = "$want" ] || why="$why$(head -c 300 "$work/out")"
	[ "$(mounts)" = "$before" ] || why="the mount table has changed; $why"
	[ -z "$lasting" ] || children_of "$lasting"
	result "$sentence" "$why$(left_processes)"
}

# refused SENTENCE STATUS REGEX COMMAND...
refused() {
	local sentence=$1 want=$2 regex=$3 why=''
	shift 3
	timeout 20 "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
	[ "$status" -eq "$want" ] || why="exit status $status, not $want; "
	grep -Eq "$regex" "$work/err" || why="nothing matches /$regex/; $why"
	[ "$(wc -l <"$work/err")" -eq 1 ] || why="not one line; $why"
	[ "$(mounts)" = "$before" ] || why="the mount table has changed; $why"
	[ -z "$lasting" ] || children_of "$lasting"
	result "$sentence" "$why$(left_processes)"
}

# said SENTENCE REGEX: in the log of the run before
said() {
	result "$1" "$(grep -Eq "$2" "$work/err" || echo "nothing matches /$2/")"
}

# container NAME COMMAND...: a namespace with what these commands, a line each, mount in its root
container() {
	# shellcheck disable=SC2034 # the caller's
	local -n made=$1
	shift
	printf '%s\n' 'set -e' 'cd "$1"' 'mount --bind . .' 'cd "$1"' 'mount -t proc proc proc' "$@" \
		'exec ./inside hold .' >"$work/script"
	hold made unshare --mount --propagation private bash "$work/script" "$work/root"
}

roots() {
	compile inside -static "$here/inside.c"
	compile outside "$here/outside.c"
	compile deny "$here/deny.c"
	compile plugin.so -shared -fPIC -Werror "$here/served-plugin.c"
	mkdir -p "$work/plugins" "$work/root"/{proc,fuse,bound,auto,run} "$work/src" "$work/other" || exit 1
	mv "$work/plugin.so" "$work/plugins/"
	cp "$work/inside" "$work/root/"
	cp -a "$work/root" "$work/new"
	mkdir "$work/src/dir"
	echo "from the fuse that was" >"$work/src/dir/file"
	mkdir -p "$work/other/dir"
	echo "from the fuse that is" >"$work/other/dir/file"
}

fuse() {
	local pid old_server server
	if ! { : <>/dev/fuse; } 2>"$work/err" || ! command -v squashfuse mksquashfs >"/dev/null"; then
		skip "a fuse filesystem" "$(head -c 200 "$work/err") or no squashfuse"
		return
	fi
	mksquashfs "$work/src" "$work/old.img" -quiet -no-progress >"/dev/null"
	mksquashfs "$work/other" "$work/new.img" -quiet -no-progress >"/dev/null"
	hold old_server "$work/outside" fuse "$work/fuse.old" "$work/old.img"
	hold server "$work/outside" fuse "$work/fuse.new" "$work/new.img"
	export REBIND_TEST_FUSE=$work/fuse.new
	container pid "$work/outside mount $work/fuse.old fuse.squashfuse fuse rootmode=40000,user_id=0,group_id=0,allow_other" \
		"mount --bind fuse/dir bound" "mount -o remount,bind,ro,nosuid fuse"
	children_of "$old_server"
	mkdir "$work/img" "$work/img2" "$work/img3" "$work/img4" "$work/none"

	refused "a fuse that nobody takes is named" 1 "^rebind: /fuse .*an external mount" \
		"$rebind" dump -t "$pid" -D "$work/none" --external "mnt[/bound]:bound"
	REBIND_TEST_PLUGIN=decline refused "also when a plugin declines its descriptor" 1 "^rebind: /fuse .*an external mount" \
		"$rebind" dump -t "$pid" -D "$work/none" --external "mnt[/bound]:bound" -L "$work/plugins"
	ran "a fuse is dumped by the descriptor behind it" "" "$rebind" dump -t "$pid" -D "$work/img" -L "$work/plugins" -v
	said "which is the /dev/fuse of its server" "served: dump_file\(/dev/fuse, [0-9]+\)"
	result "asked for once, although two mounts show it" \
		"$([ "$(grep -c 'dump_file' "$work/err")" -eq 1 ] || cat "$work/err")"
	ran "it comes back, served by a process outside" \
		"from the fuse that is"$'\n'"from the fuse that is" \
		"${restore[@]}" -D "$work/img" -- /inside cat /fuse/dir/file /bound/file
	timeout 20 "${restore[@]}" -D "$work/img" --pidfile "$work/pid" -v <"/dev/null" >"$work/out" 2>"$work/restored"
	awk '$5 == "/fuse" || $5 == "/bound" { print $4, $5, $6, $(NF-2), $(NF-1), $NF }' \
		"/proc/$(cat "$work/pid")/mountinfo" | sort >"$work/out"
	result "both mounts of it have their options and flags" "$(diff "$work/out" - <<-END
		/ /fuse ro,nosuid,relatime fuse.squashfuse outside rw,user_id=0,group_id=0,allow_other
		/dir /bound rw,relatime fuse.squashfuse outside rw,user_id=0,group_id=0,allow_other
	END
	)"
	"$rebind" diff "$pid" "/proc/$(cat "$work/pid")/ns/mnt" >"$work/out" 2>"$work/err"
	result "and the namespaces are equal" "$(cat "$work/out" "$work/err")"
	kill -KILL "$(cat "$work/pid")"
	rm "$work/pid"
	result "its server ends with the namespace" "$(left_processes)"
	ran "where nobody is seen to have it, it is dumped by the root of the mount" "" \
		"$work/deny" ENOSYS pidfd_getfd "$rebind" dump -t "$pid" -D "$work/img4" -L "$work/plugins" -v
	said "which has the same number" "served: dump_file\(/(fuse)?, $(sed -n 's/.*restore_file(\([0-9]*\)).*/\1/p' \
		"$work/restored")\)"
	ran "and comes back in the same way" "from the fuse that is" \
		"${restore[@]}" -D "$work/img4" -- /inside cat /bound/file
	REBIND_TEST_PLUGIN=crash refused "a crash when a descriptor is asked for is named" 125 \
		"'served' .* in RESTORE_EXT_FILE was killed by signal 6.*mount [0-9]+ '/(fuse|bound)'" \
		"${restore[@]}" -D "$work/img" -- /inside exit 0
	REBIND_TEST_PLUGIN=crash refused "also at dump" 1 \
		"'served' .* in DUMP_EXT_FILE was killed by signal 6.*mount [0-9]+ '/(fuse|bound)'" \
		"$rebind" dump -t "$pid" -D "$work/none" -L "$work/plugins"
	REBIND_TEST_PLUGIN='' ran "a namespace of another user namespace has it too" "from the fuse that is" \
		"${restore[@]}" -D "$work/img" --new-ns user,pid -- /inside cat /fuse/dir/file
	timeout 20 "$rebind" restore --root "$work/new" -D "$work/img" -- /inside exit 0 <"/dev/null" >"$work/out" 2>"$work/err"
	said "without a plugin it is said what is missing" "^rebind: /fuse .*no plugin that restores such descriptors"
	REBIND_TEST_PLUGIN=null refused "what is no /dev/fuse is named" 125 \
		"mount [0-9]+ '/fuse': what RESTORE_EXT_FILE returned is no new /dev/fuse" \
		"${restore[@]}" -D "$work/img" -- /inside exit 0
	REBIND_TEST_PLUGIN=forever refused "a plugin that wants to be asked for ever is named" 125 \
		"RESTORE_EXT_FILE for [0-9]+, of mount [0-9]+ '/fuse', asks to be called again" \
		"${restore[@]}" -D "$work/img" -- /inside exit 0
	REBIND_TEST_FUSE=$work/none/x refused "a server that is not there is the plugin's error" 125 \
		"'served' .*RESTORE_EXT_FILE for [0-9]+ returned -2.*mount [0-9]+ '/fuse'" \
		"${restore[@]}" -D "$work/img" -- /inside exit 0

	# Taken whole, by the plugin or by a key.
	mkdir "$work/mounted"
	"$work/outside" mount "$work/fuse.new" fuse.squashfuse "$work/mounted" rootmode=40000,user_id=0,group_id=0
	children_of "$server"
	before=$(mounts)
	export REBIND_TEST_SOURCE=$work/mounted
	REBIND_TEST_PLUGIN=mounts ran "a fuse is dumped by DUMP_EXT_MOUNT first" "" \
		"$rebind" dump -t "$pid" -D "$work/img2" -L "$work/plugins" --external "mnt[/bound]:bound" -v
	result "and its descriptor not asked for" "$(grep dump_file "$work/err")"
	ran "and is what the plugin mounts" "from the fuse that is" \
		"${restore[@]}" -D "$work/img2" --external "mnt[bound]:$work/src" -- /inside cat /fuse/dir/file
	ran "or by a key, which comes before all plugins" "" "$rebind" dump -t "$pid" -D "$work/img3" -L "$work/plugins" \
		--external "mnt[/fuse]:fuse" -v
	result "and nothing is asked for it" "$(grep dump_file "$work/err")"
	ran "and is what the caller names" "from the fuse that is" \
		"${restore[@]}" -D "$work/img3" --external "mnt[fuse]:$work/mounted" -- /inside cat /fuse/dir/file
	umount "$work/mounted"
	before=$(mounts)
	forget "$pid"
	forget "$server"
	forget "$old_server"
}

autofs() {
	local pid old_server server
	if ! grep -qw autofs "/proc/filesystems"; then
		skip "an autofs" "this kernel has none"
		return
	fi
	hold old_server "$work/outside" autofs "$work/autofs.old" "$work/asked.old"
	hold server "$work/outside" autofs "$work/autofs.new" "$work/asked"
	export REBIND_TEST_AUTOFS=$work/autofs.new
	container pid "$work/outside mount $work/autofs.old autofs auto minproto=5,maxproto=5,indirect" \
		"$work/outside mount $work/autofs.old autofs bound minproto=5,maxproto=5,direct"
	children_of "$old_server"
	mkdir "$work/auto"
	ran "an autofs is dumped by the pipe behind it" "" "$rebind" dump -t "$pid" -D "$work/auto" -L "$work/plugins" -v
	said "which is that of its server, by its inode's number" "served: dump_file\(pipe:\[([0-9]+)\], \1\)"
	timeout 20 "${restore[@]}" -D "$work/auto" -- /inside cat /auto/wanted <"/dev/null" >"$work/out" 2>"$work/err"
	result "it comes back, and its server outside is asked" "$(diff <(echo wanted) "$work/asked" 2>&1)"
	said "and answers" "/auto/wanted: No such file"
	result "nothing is left of it" "$(left_processes)"
	REBIND_TEST_PLUGIN=retry ran "a plugin that lets the others go first is called again after them" "" \
		"${restore[@]}" -D "$work/auto" -v -- /inside exit 0
	result "once" "$([ "$(grep -c 'served: restore_file' "$work/err")" -eq 3 ] || cat "$work/err")"
	REBIND_TEST_PLUGIN=null refused "what is no pipe is named" 125 \
		"mount [0-9]+ '/(auto|bound)': what RESTORE_EXT_FILE returned is no pipe" \
		"${restore[@]}" -D "$work/auto" -- /inside exit 0
	forget "$pid"
	forget "$server"
	forget "$old_server"
}

sockets() {
	local pid server long
	long=served-$(printf 'x%.0s' {1..200})
	hold server "$work/outside" unix "$work/unix"
	export REBIND_TEST_UNIX=$work/unix
	container pid "mount -t tmpfs tmpfs run" "$work/outside bind $work/unix run/served" "chmod 2620 run/served" \
		"chown 7:8 run/served" "mkdir run/dir" "ln run/served run/dir/other" "./inside socket run/plain" \
		"$work/outside bind $work/unix run/short" "mv run/short run/dir/$long" "touch -d @1000000 run/served run"
	lasting=$server
	mkdir "$work/sockets"
	ran "a socket is served in the original" "served outside" nsenter --mount="/proc/$pid/ns/mnt" /inside hear /run/served
	ran "it is dumped by a plugin" "" "$rebind" dump -t "$pid" -D "$work/sockets" -L "$work/plugins" -v
	result "each inode is asked for once" \
		"$([ "$(grep -c 'served: dump_socket' "$work/err")" -eq 3 ] || cat "$work/err")"
	said "with a descriptor of it" "served: dump_socket\(/(served|dir/other)\)"
	ran "restored, a client in the namespace is served from outside" "served outside" \
		"${restore[@]}" -D "$work/sockets" -- /inside hear /run/served
	ran "also in another user namespace" "served outside" \
		"${restore[@]}" -D "$work/sockets" --new-ns user,pid -- /inside hear /run/served
	ran "also by its other name" "served outside" "${restore[@]}" -D "$work/sockets" -- /inside hear /run/dir/other
	timeout 20 "${restore[@]}" -D "$work/sockets" -- /inside hear /run/plain <"/dev/null" >"$work/out" 2>"$work/err"
	said "one that no plugin took is there, unconnected" "/run/plain: Connection refused"
	timeout 20 "${restore[@]}" -D "$work/sockets" --pidfile "$work/pid" <"/dev/null" >"$work/out" 2>"$work/err"
	"$rebind" diff --contents "$pid" "/proc/$(cat "$work/pid")/ns/mnt" >"$work/out" 2>"$work/err"
	result "modes, owners, times and links are those of the image" "$(cat "$work/out" "$work/err")"
	nsenter --mount="/proc/$(cat "$work/pid")/ns/mnt" /inside hear /run/served >"$work/out" 2>"$work/err"
	result "and it is served as long as its server lives" "$(diff <(echo served outside) "$work/out" 2>&1)"
	kill -KILL "$(cat "$work/pid")"
	rm "$work/pid"
	REBIND_TEST_PLUGIN=decline ran "what no plugin restores is there" "" \
		"${restore[@]}" -D "$work/sockets" -- /inside exit 0
	said "with a warning" "the socket '/served' in mount [0-9]+ '/run' is unconnected"
	REBIND_TEST_PLUGIN=crash refused "a crash when a socket is asked for is named" 125 \
		"'served' .* in RESTORE_UNIX_SK was killed by signal 6.*mount [0-9]+ '/run'" \
		"${restore[@]}" -D "$work/sockets" -- /inside exit 0
	REBIND_TEST_PLUGIN=crash refused "also at dump" 1 \
		"'served' .* in DUMP_UNIX_SK was killed by signal 6.*mount [0-9]+ '/run'" \
		"$rebind" dump -t "$pid" -D "$work/none" -L "$work/plugins"
	result "of which nothing is left" "$(ls -A "$work/none")"
	ran "without plugins the sockets are there, unconnected" "" \
		"$rebind" restore --root "$work/new" -D "$work/sockets" -- /inside exit 0
	REBIND_TEST_PLUGIN=null refused "what is no socket is named" 125 \
		"RESTORE_UNIX_SK for [0-9]+, the socket '/[a-z/-]*' in mount [0-9]+ '/run', returned no unix socket" \
		"${restore[@]}" -D "$work/sockets" -- /inside exit 0
	REBIND_TEST_PLUGIN=bound refused "what is bound already is named" 125 "returned a socket that is bound already" \
		"${restore[@]}" -D "$work/sockets" -- /inside exit 0
	forget "$pid"
	forget "$server"
}

roots
fuse
autofs
sockets
finish
