#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# README.md says what to type. This types it, every block in the order it stands, into a fresh shell: once where `/` is
# private, once where it is shared, as it is on most machines. Nothing is prepared that a reader has not: the files of
# C are saved under the names that the fences give. /run and /srv are empty, and cgroup2 alone is on /sys/fs/cgroup.
#
# usage: test/readme.sh BUILD_DIR
# shellcheck disable=SC2016 # patterns of sed, not of the shell
set -euo pipefail
export LC_ALL=C
top=$(cd "$(dirname "$0")/.." && pwd)

case ${REBIND_README-} in
"")
	build=$(realpath "${1:?usage: readme.sh BUILD_DIR}")
	REBIND_README=outside exec unshare --mount --propagation private "$0" "$build"
	;;
outside) # of its pid namespace: the directory and the cgroup are removed from here
	REBIND_README=$(mktemp -d "${TMPDIR:-/tmp}/rebind-readme-XXXXXX")
	export REBIND_README
	umount -R /sys/fs/cgroup 2>/dev/null || true
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	cgroup=/sys/fs/cgroup/${REBIND_README##*/}
	mkdir -p "$cgroup/shell"
	unshare --mount --propagation private --pid --fork --kill-child --mount-proc "$0" "$1" && status=0 || status=$?
	find "$cgroup" -depth -type d -exec rmdir {} + || status=1
	rm -rf --one-file-system "$REBIND_README"
	exit "$status"
	;;
esac
build=$1
work=$REBIND_README
inst=$work/inst/usr/local
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /srv
# runc puts a container beside the cgroup that it runs in itself.
echo 1 >"/sys/fs/cgroup/${work##*/}/shell/cgroup.procs"
export TMPDIR=$work PATH=$inst/bin:$PATH
export PKG_CONFIG_PATH=$inst/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/inst
export CRIU_LIBS_DIR=$work/none
mkdir -p "$CRIU_LIBS_DIR"
failed=0 number=0

# The blocks of sh and C, as a script.
typed() {
	awk '/^```sh$/ { on = 1; next }
		/^```c / { print "cat > " $2 " << \"END OF FILE\""; on = 2; next }
		/^```$/ { if (on == 2) print "END OF FILE"; on = 0; next }
		on' "$top/README.md"
}

printed() {
	sed -n '/^```text$/,/^```$/{/^```/d;p}' "$top/README.md"
}

check() {
	local sentence=$1 status
	shift
	number=$((number + 1))
	# Not as a condition: there `set -e` would not count in a function, and only its last command would.
	set +e
	(set -e; "$@") >"$work/log" 2>&1
	status=$?
	set -e
	if [ "$status" -eq 0 ]; then
		echo "ok $number - $sentence"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $number - $sentence"
	sed 's/^/# /' "$work/log"
}

install_it() {
	make -s -C "$top" install BUILD="$build" CC="${CC:-gcc}" DESTDIR="$work/inst"
}

# All of it works; what the README says that it prints, it prints, in one piece.
type_it() {
	rm -rf /srv/my-volume
	timeout $((120 * ${REBIND_TEST_SLOW:-1})) bash -eux -o pipefail "$work/typed" </dev/null >"$work/typed.log" 2>&1 || {
		cat "$work/typed.log"
		return 1
	}
	grep -v '^+' "$work/typed.log" >"$work/output"
	cat "$work/typed.log"
	grep -A 1 -x 'hello from another volume' "$work/output" | head -2 | diff - <(printed) &&
		grep -qx 'hello from the driver' "$work/output" && ! grep 'warning:' "$work/output"
}

typed >"$work/typed"
check "make install" install_it
check "what it says to type works, in this order" type_it
mount --make-rshared /
check "the same where / is shared" type_it

echo "1..$number"
echo "$((number - failed)) passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
