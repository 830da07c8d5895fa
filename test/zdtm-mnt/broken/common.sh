# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What the broken engines share. Each sources this with its arguments: every command but restore is
# rebind's own; a restore is done by rebind, and then spoilt from outside, through the holder.
set -eu

real=${REBIND:?the program to break}

if [ "$1" != restore ]; then
	exec "$real" "$@"
fi

# The word after an option of the restore.
option() {
	local wanted=$1 before=
	shift
	for word; do
		if [ "$before" = "$wanted" ]; then
			printf '%s\n' "$word"
			return
		fi
		before=$word
	done
	return 1
}

# shellcheck disable=SC2034 # for the engines
root=$(option --root "$@")
pidfile=$(option --pidfile "$@")

restore() {
	"$real" "$@"
	holder=$(cat "$pidfile")
}

# A busybox command in the restored namespace.
inside() {
	nsenter --target "$holder" --mount /bin/busybox "$@"
}

# The mountinfo of the restored namespace.
table() {
	cat "/proc/$holder/mountinfo"
}

# A path as mountinfo has it, as it is.
unescape() {
	printf '%b' "${1//\\/\\0}"
}
