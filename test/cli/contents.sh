#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The contents of tmpfs mounts: what `rebind diff --contents` says of them, and what a damaged archive does.
#
# usage: test/cli/contents.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# inside COMMAND...: in the container
inside() {
	nsenter --mount="/proc/$container/ns/mnt" --root="/proc/$container/root" "$@"
}

# says SENTENCE STATUS REGEX COMMAND...: one line, on stdout or stderr; with an empty REGEX, none
says() {
	local sentence=$1 want=$2 regex=$3 why=
	shift 3
	run "$@"
	cat "$work/err" >>"$work/out"
	if [ "$status" -ne "$want" ]; then
		why="exit status $status, not $want"
	elif [ "$(wc -l <"$work/out")" -ne $((${#regex} > 0)) ]; then
		why="another number of lines: $(head -c 400 "$work/out" | tr '\n' ' ')"
	elif ! grep -Eq -- "$regex" "$work/out" && [ -n "$regex" ]; then
		why="it does not match /$regex/: $(head -c 400 "$work/out" | tr '\n' ' ')"
	fi
	result "$sentence" "$why"
}

sockets() {
	inside /inside socket /tmp/dir/s
	dump_container "$container" "$work/img"
	says "a socket is one of the contents" 0 '' "$rebind" diff --contents "$container" "$work/img"
	inside /busybox chmod 640 /tmp/dir/s
	says "its mode is compared" 1 '/tmp/dir/s: contents: socket 0640 0:0 .* \| socket 0600 0:0' \
		"$rebind" diff --contents "$container" "$work/img"
}

devices() {
	local why=
	inside /busybox mknod /tmp/dir/whiteout c 0 0
	dump_container "$container" "$work/img2"
	run "$rebind" restore -D "$work/img2" --root "$work/new" "${sources[@]}" -- /inside exit 7
	[ "$status" -eq 7 ] || why="exit status $status"
	result "a whiteout of overlay needs no consent" "$why"
	inside /busybox mknod /tmp/dir/disk b 8 0
	dump_container "$container" "$work/img3"
	says "other devices do, and that is said before anything is built" 1 \
		"^rebind: /tmp \(mount [0-9]+\): it holds device nodes other than .*; pass --allow-devices\$" \
		"$rebind" restore -D "$work/img3" --root "$work/new" "${sources[@]}" --dry-run
	run "$rebind" restore -D "$work/img3" --root "$work/new" "${sources[@]}" --allow-devices -- /inside exit 7
	result "with it they are made" "$([ "$status" -eq 7 ] || echo "exit status $status")"
}

# restore [OPTION...]: status
restore() {
	run "$rebind" restore -D "$work/img4" --root "$work/new" "${sources[@]}" "$@" -- /inside exit 7
}

limits() {
	head -c 4M /dev/urandom | inside /busybox tee /tmp/dir/noise >"/dev/null"
	dump_container "$container" "$work/img4"
	restore --max-contents 8M --allow-devices
	result "contents within the limit are restored" "$([ "$status" -eq 7 ] || echo "exit status $status")"
	restore --max-contents 4M --allow-devices
	result "beyond it the message names the limit and the option" \
		"$(grep -q 'exceed the limit of 4 MiB of memory; --max-contents' "$work/err" && [ "$status" -eq 125 ] || echo "exit status $status: $(head -3 "$work/err")")"
	run "$rebind" restore -D "$work/img4" --root "$work/new" "${sources[@]}" --allow-devices --max-contents 4096K --dry-run
	result "a dry run says it too" \
		"$(grep -q "^rebind: /tmp .*limit of 4 MiB of memory; --max-contents" "$work/err" && [ "$status" -eq 1 ] || echo "exit status $status")"
	for size in 0 4Q '' M 99999999999T; do
		restore --max-contents "$size"
		result "'$size' is no size" "$([ "$status" -eq 125 ] || echo "exit status $status")"
	done
}

make_container plain
cp "$(command -v busybox)" "$work/a/root/busybox"
sockets
devices
limits
finish
