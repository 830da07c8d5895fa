#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# README.md says what to type. This types it: once where `/` is private, once where it is shared, as it is on most
# machines. The plugin is compiled, against headers as they are installed, and used.
#
# usage: test/readme.sh BUILD_DIR
set -euo pipefail
export LC_ALL=C
top=$(cd "$(dirname "$0")/.." && pwd)

if [ -z "${REBIND_README-}" ]; then
	build=$(realpath "${1:?usage: readme.sh BUILD_DIR}")
	REBIND_README=$(mktemp -d "${TMPDIR:-/tmp}/rebind-readme-XXXXXX")
	trap 'rm -rf --one-file-system "$REBIND_README"' EXIT
	export REBIND_README
	unshare --mount --propagation private --pid --fork --kill-child --mount-proc "$0" "$build"
	exit
fi
build=$1
work=$REBIND_README
inst=$work/inst/usr/local
export TMPDIR=$work PATH=$inst/bin:$PATH
export PKG_CONFIG_PATH=$inst/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/inst
export CRIU_LIBS_DIR=$work/none
mkdir -p "$CRIU_LIBS_DIR"
failed=0 number=0

# block LANGUAGE NAME: the lines of all fences with these words.
block() {
	sed -n "/^\`\`\`$1 $2\$/,/^\`\`\`\$/{/^\`\`\`/d;p}" "$top/README.md"
}

# result SENTENCE STATUS LOG
result() {
	number=$((number + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $number - $1"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $number - $1"
	sed 's/^/# /' "$3"
}

check() {
	local sentence=$1 status=0
	shift
	"$@" >"$work/log" 2>&1 || status=$?
	result "$sentence" "$status" "$work/log"
}

# Only --dry-run may fail, and only with what it lacks.
by_hand() {
	block sh by-hand | sed 's/--dry-run$/--dry-run || test $? -eq 1/' >"$work/by-hand"
	bash -eu "$work/by-hand" >"$work/by-hand.log" 2>&1 </dev/null || {
		cat "$work/by-hand.log"
		return 1
	}
	block text by-hand >"$work/wanted"
	# What it prints is in the output, in one piece, and diff adds nothing to it.
	grep -A 2 -x 'hello from another volume' "$work/by-hand.log" | diff - \
		<(cat "$work/wanted" && echo 'hello from another volume')
}

plugin() (
	set -eu
	cd "$(mktemp -d)"
	umask 022
	mkdir -p root/bin root/data newroot/bin newroot/data volume image plugins srv/my-volume
	cp /bin/busybox root/bin/
	cp /bin/busybox newroot/bin/
	echo "hello from the driver" >srv/my-volume/hello
	bwrap --bind root / --bind volume /data /bin/busybox sleep 1000 &
	sleep 1
	pid=$(cat "/proc/$!/task/$!/children")
	# As a plugin's author would have it; only the volume of the README lies elsewhere here.
	block c plugin | sed "s|%s/srv|%s$PWD/srv|" >my-volume.c
	block sh plugin >plugin.sh
	pid=$pid bash -eu plugin.sh >log 2>&1 || {
		cat log
		exit 1
	}
	kill "${pid% }"
	cat log
	! grep "warning:" log && grep -qx "hello from the driver" log
)

install_it() {
	make -s -C "$top" install BUILD="$build" CC="${CC:-gcc}" DESTDIR="$work/inst"
}

check "make install" install_it
check "the first dump and restore work as typed" by_hand
check "the plugin compiles, is loaded, and mounts" plugin
mount --make-rshared /
check "the same where / is shared" by_hand
check "the plugin, where / is shared" plugin

echo "1..$number"
echo "$((number - failed)) passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
