#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# examples/: compiled against what is installed, and run.
#
# usage: test/cli/examples.sh BUILD_DIR     (as root)
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"
top=$(cd "$here/../.." && pwd)
usr=$work/dest/usr/local

also=left_processes

make_container plain
dump_container "$container" "$work/img"
before=$(mounts)
# As it was built: another setting would build it again.
sanitize=$(sed -n 's/.*-fsanitize=\([a-z,]*\) .*/\1/p' "$build/flags")
result "rebind is installed" "$(make -s -C "$top" BUILD="$build" CC="${CC:-gcc}" ${sanitize:+SANITIZE="$sanitize"} DESTDIR="$work/dest" install 2>&1 | grep -v '^ ')"
export PKG_CONFIG_PATH=$usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/dest LD_LIBRARY_PATH=$usr/lib

# shellcheck disable=SC2046 # words
run "${CC:-cc}" -Wall -Wextra -Werror ${sanitize:+-fsanitize="$sanitize"} -o "$work/runtime" "$top/examples/runtime.c" $(pkg-config --cflags --libs rebind)
[ "$status" -eq 0 ]
so "the C example is compiled with what pkg-config says"
[ "$(wc -l <"$top/examples/runtime.c")" -le 60 ]
so "it is a runtime in 60 lines"
volumes=("mnt[vol]:$work/src/vol" "mnt[conf]:$work/src/conf" "mnt[ro]:$work/src/ro" "mnt[deep]:$work/src/deep")
run "$work/runtime" "$work/img" "$work/new" "${volumes[@]}" -- /inside cat /vol/file /etc/conf /tmp/dir/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = $'volume of src\nconf of src\ndata' ]
so "it runs a command in what was restored"
run "$work/runtime" "$work/img" "$work/new" "${volumes[@]}" -- /inside exit 7
[ "$status" -eq 7 ]
so "whose exit status is its own"
run "$work/runtime" "$work/img" "$work/new" "${volumes[0]}" -- /inside exit 0
[ "$status" -eq 125 ] && grep -q "^/etc/conf: .*--external 'mnt\[conf\]:SOURCE'" "$work/err" && grep -q "^/ro: " "$work/err"
so "what is wrong is said, all of it"
run "$work/runtime" "$work/img"
[ "$status" -eq 2 ]
so "and how it is used"

export REBIND=$usr/bin/rebind
enter=("$top/examples/enter.py" -D "$work/img" --root "$work/new" "${sources[@]}")
run "${enter[@]}" -- /inside cat /vol/file /etc/conf /tmp/dir/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = $'volume of src\nconf of src\ndata' ]
so "the Python example runs a command in what was sent to it"
run "${enter[@]}" -- /inside exit 7
[ "$status" -eq 7 ]
so "whose exit status is its own"
run "${enter[@]}" --external "mnt[none]:/" -- /inside exit 0
[ "$status" -eq 1 ] && grep -q "names the key 'none'" "$work/err"
so "a failure is rebind's own words"
result "nothing is left of either" "$([ "$(mounts)" = "$before" ] || echo "the mount table differs")"
forget "$container"
finish
