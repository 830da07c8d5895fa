#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# More externals than a command line holds: from a file, from standard input, in a request.
#
# usage: test/cli/external-from.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

n=3
images=0

container() {
	mkdir -p root/old sources newroot
	for ((i = 0; i < n; i++)); do
		mkdir "root/$i" "newroot/$i" "sources/$i" && touch "sources/$i/is-$i" || exit 1
	done
	mount --bind root root
	cp /bin/busybox root/
	unshare --mount --propagation private sh -c "
		for i in 0 1 2; do mount --bind sources/\$i root/\$i; done
		cd root && pivot_root . old && exec /busybox sh -c '
			/busybox umount -l /old && : >/ready && exec /busybox sleep 1000'" &
	pid=$!
	until_so test -e root/ready && return
	echo "external-from.sh: the container does not start" >&2
	exit 1
}

# dump ARG...: into a new directory, $image
dump() {
	images=$((images + 1))
	image=$work/image.$images
	mkdir "$image"
	"$rebind" dump -t "$pid" -D "$image" "$@" >"$work/out" 2>"$work/err"
}

# restores ARG...: the volumes are where they belong
restores() {
	cp /bin/busybox newroot/
	"$rebind" restore -D "$image" --root newroot "$@" -- /busybox ls /0 /1 /2 >"$work/out" 2>"$work/err" &&
		[ "$(grep -c '^is-[012]$' "$work/out")" -eq 3 ]
}

lines() {
	for ((i = 0; i < n; i++)); do echo "mnt[/$i]:k$i"; done >dump.lines
	for ((i = 0; i < n; i++)); do echo "mnt[k$i]:$work/sources/$i"; done >restore.lines
	dump --external-from dump.lines && restores --external-from restore.lines
	so "a line is a word of --external, for dump and for restore"
	tr '\n' '\0' <dump.lines >dump.nul
	tr '\n' '\0' <restore.lines >restore.nul
	dump --external-from dump.nul && restores --external-from restore.nul
	so "or what ends with a NUL byte is"
	printf '\n\nmnt[/0]:k0\n\nmnt[/1]:k1' >some
	dump --external-from some --external 'mnt[/2]:k2' && restores --external-from restore.lines
	so "empty lines are none, the last need not end, and --external adds to it"
	dump --external-from - <dump.lines && restores --external-from - <restore.lines
	so "standard input is -"
	head -1 dump.lines >first
	sed 1d dump.lines >others
	dump --external-from first --external-from others && restores --external-from restore.lines
	so "several files are one list"
}

# refused SENTENCE TEXT ARG...: the sentence has the text, nothing is written
refused() {
	local sentence=$1 text=$2
	shift 2
	dump "$@"
	[ $? -ne 0 ] && grep -qF -- "$text" "$work/err" && rmdir "$image"
	so "$sentence"
}

wrong() {
	refused "a file that is not there" "cannot read the file 'missing' of --external-from: No such file" --external-from missing
	refused "a directory" "cannot read the file 'root' of --external-from: Is a directory" --external-from root
	refused "what has no end" "longer than 64 MiB" --external-from /dev/zero
	echo 'mnt/0]:k' >bad
	refused "a line that is no word of --external is named" "mnt/0]:k" --external-from bad
	{ cat dump.lines && sed 's/:k/:j/' dump.lines; } >twice
	refused "a mount that is given two keys" "j0" --external-from twice
	dump --external @dump.lines
	[ $? -ne 0 ] && rmdir "$image"
	so "@FILE is no other way to say it"
}

# Each is looked for in a table: 90,000 that no mount has are refused within seconds.
many() {
	local limit=$((60 * ${REBIND_TEST_SLOW:-1})) begin
	for ((i = 0; i < 90000; i++)); do echo "mnt[/none/$i]:none-$i"; done >many
	begin=$SECONDS
	dump --external-from many
	[ $? -eq 1 ] && [ "$(grep -c "none/" "$work/err")" -ge 90000 ] && [ $((SECONDS - begin)) -lt "$limit" ] && rmdir "$image"
	so "90,000 of them, by a file"
	compile rpc-client "$here/rpc-client.c" -I "$build" -I "$here/../.." "$build/runtime/rpc/rpc.pb-c.o" -lprotobuf-c
	mkdir request
	exec 9<request
	begin=$SECONDS
	./rpc-client "swrk:$rebind" "DUMP pid=$pid leave_running=1 images_dir=$work/request many=90000" >"$work/out" 2>"$work/err"
	grep -q "^DUMP ok" "$work/out" &&
		[ $((SECONDS - begin)) -lt "$limit" ]
	so "and by a request of 3 MB"
}

container
lines
wrong
many
kill -KILL "$pid"
finish
