#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# docs/move.md says what to type. This types it, every block in the order it stands, into a fresh shell in an empty
# directory. What it says that is printed, is printed.
#
# usage: test/cli/tutorial.sh BUILD_DIR     (as root)
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"
page=$here/../../docs/move.md

# blocks KIND: those of the page
blocks() {
	awk -v fence="\`\`\`$1" '$0 == fence { on = 1; next } /^```$/ { on = 0 } on' "$page"
}

for program in bwrap busybox jq buildah skopeo; do
	if ! command -v "$program" >"/dev/null"; then
		skip "what the tutorial says to type" "$program is not installed"
		finish
	fi
done
# buildah's store, and no configuration of this machine's.
mkdir "$work/empty" "$work/tmp"
cat >"$work/storage.conf" <<END
[storage]
driver = "vfs"
graphroot = "$work/store"
runroot = "$work/run"
END
blocks sh >"$work/typed"
cd "$work/empty" || exit 1
PATH=$build:$PATH HOME=$work TMPDIR=$work/tmp CONTAINERS_STORAGE_CONF=$work/storage.conf \
	timeout 120 bash -eu -o pipefail "$work/typed" <"/dev/null" >"$work/out" 2>"$work/err"
status=$?
cd "$work" || exit 1
[ "$status" -eq 0 ]
so "what the tutorial says to type works, in this order"
blocks text >"$work/wanted"
tail -n "$(wc -l <"$work/wanted")" "$work/out" | cmp -s - "$work/wanted"
so "and prints what it says"
[ -z "$(ls "$work/tmp")" ] || ls "$work/tmp" >"$work/out"
[ -z "$(find "$work/tmp" -name 'rebind-*')" ]
so "and leaves no file in TMPDIR"
result "nor a process" "$(left_processes)"
finish
