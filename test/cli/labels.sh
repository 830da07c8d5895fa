#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# SELinux contexts of an image. Where the tests run there is no SELinux: the image is one of a kernel that has it.
#
# usage: test/cli/labels.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# ends SENTENCE STATUS REGEX: how the last run ended, and what is on stderr
ends() {
	local why=
	[ "$status" -eq "$2" ] || why="exit status $status, not $2"
	[ -z "$3" ] || grep -Eq -- "$3" "$work/err" || why="stderr does not match /$3/"
	[ -n "$3" ] || [ ! -s "$work/err" ] || why="there is something on stderr"
	result "$1" "$why"
}

mkdir -p old/{bin,shm,put} new/{bin,shm,put} img plain
cp "$(command -v busybox)" old/bin/busybox
cp old/bin/busybox new/bin/
# shellcheck disable=SC2016 # the inner shell expands
unshare --mount --propagation private bash -c 'mount --bind old old && cd old &&
	mount -t tmpfs -o size=64000k,mode=1777,nr_inodes=123456,uid=4711,gid=4711 shm shm &&
	pivot_root . put && exec /bin/busybox sh -c "busybox umount -l /put; echo >/shm/there; exec busybox sleep 1000"' &
pid=$!
until_so test -e "/proc/$pid/root/shm/there"
run "$rebind" dump -t "$pid" -D img
ends "a namespace is dumped" 0 ""
cp img/* plain
# Others of the same length in the place of the options of that tmpfs.
python3 - img/mountpoints-*.img <<'END'
import re, sys
data = open(sys.argv[1], "rb").read()
old = re.search(rb"size=64000k[\x20-\x7e]*?gid=4711", data).group(0)
new = b'context="u:r:t:s0:c3,c7",size=64000k'
open(sys.argv[1], "wb").write(data.replace(old, new + b"," * (len(old) - len(new))))
END
if grep -q selinuxfs "/proc/filesystems"; then
	skip "the contexts of an image on a kernel without SELinux" "this kernel has SELinux"
	finish
fi
restore=("$rebind" restore -D img --root new)
run "${restore[@]}" -- /bin/busybox test -e /shm/there
ends "on a kernel without SELinux a context is dropped, with a warning" 0 \
	"warning: mount [0-9]+ '/shm': SELinux labels are dropped: this kernel has no SELinux"
run "${restore[@]}" --lsm-mount-context u:r:t:s0:c1,c2 -- /bin/busybox true
ends "so is the one that replaces it" 0 "SELinux labels are dropped"
run "${restore[@]}" --lsm-mount-context 'u:r:t "' -- /bin/busybox true
ends "what is no context is refused" 125 "is no context for --lsm-mount-context: it has a byte that no context has"
run "${restore[@]}" --dry-run --lsm-mount-context ""
ends "so is an empty one" 2 "needs CONTEXT"
run "$rebind" restore -D plain --root new --lsm-mount-context u:r:t -- /bin/busybox true
ends "a context that is not used is said" 0 "lsm-mount-context is not used: no filesystem of the image was mounted with a context"
run "$rebind" show img
grep -q 'context="u:r:t:s0:c3,c7",size=64000k' out
result "it is shown as the kernel would" "$([ $? -eq 0 ] || cat out)"
kill "$pid"
finish
