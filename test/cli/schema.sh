#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# share/json/show.schema.json describes what `rebind show --json` prints: each field that it prints,
# and none that it does not.
#
# usage: test/cli/schema.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"
schema=$here/../../share/json/show.schema.json
files=()

# show NAME STATUS ARG...: its output becomes one of the files
show() {
	local name=$1 want=$2
	shift 2
	timeout 20 "$rebind" show --json "$@" >"$work/$name.json" 2>"$work/err" </dev/null
	status=$?
	[ "$status" -eq "$want" ]
	so "$name is printed"
	files+=("$work/$name.json")
}

validate() {
	/usr/bin/python3 -I "$here/schema.py" "$schema" "$@" >"$work/out" 2>"$work/err"
	status=$?
}

# A binfmt_misc of a user namespace, with formats of both kinds; where the kernel has it.
make_formats() {
	mkdir -p "$work/formats" "$work/disabled"
	hold formats unshare --user --map-root-user --mount bash -c 'mount -t binfmt_misc none "$0" 2>/dev/null || { echo ready; exec sleep 600; }
		echo ":one:M:2:\\xca\\xfe:\\xff\\xff:/bin/one:" >"$0/register"
		echo ":two:E::two::/bin/two:" >"$0/register"
		echo 0 >"$0/status"
		echo ready; exec sleep 600' "$work/formats"
}

make_container plain
dump_container "$container" "$work/img"
mkdir "$work/"$'not-utf8-\377'
show image 0 "$work/img"
show container 0 "$container"
mount -t tmpfs tmpfs "$work/"$'not-utf8-\377'
show escaped 0
umount "$work/"$'not-utf8-\377'
# A set: a process, and one below it in another namespace.
set=
hold set unshare --mount --pid --fork --kill-child --propagation private bash -c \
	'unshare --mount --propagation private bash -c "echo ready; exec sleep 600" & wait'
show set 0 --all-mntns "$set"
show nothing 1 "$work/nothing"
show usage 2 one two three
cp -r "$work/img" "$work/broken"
hostile=$here/../data/should-fail-image
for file in "$work"/broken/mountpoints-*.img; do
	cp "$hostile/climbs-out.img" "$file"
done
show broken 1 "$work/broken"
show no-namespace 1 "$hostile/climbs-out.img"
formats=
make_formats
show formats 0 "$formats"
validate "${files[@]}"
[ "$status" -eq 0 ]
so "all of it is as the schema says"
unused=$(sed -n 's/^unused //p' "$work/out")
if ! grep -q '"formats"' "$work/formats.json"; then
	skip "formats" "this kernel has no binfmt_misc of user namespaces"
	unused=$(grep -vxE 'formats|formats_disabled|name|enabled|interpreter|flags|extension|offset|magic|mask' <<<"$unused")
fi
result "each field of the schema is printed somewhere" "${unused:+unused: $unused}"

# The same with output that is not so.
sed 's/"depth"/"deep"/' "$work/image.json" >"$work/renamed.json"
validate "$work/renamed.json"
[ "$status" -eq 1 ] && grep -q "'depth' is a required property" "$work/out" && grep -q "'deep' was unexpected" "$work/out"
so "another name is noticed"
sed 's/"owner": "external"/"owner": "landlord"/' "$work/image.json" >"$work/owner.json"
validate "$work/owner.json"
[ "$status" -eq 1 ] && grep -q "'landlord' is not one of" "$work/out"
so "and another owner"
forget "$formats"
forget "$set"
forget "$container"
result "no process is left" "$(left_processes)"
finish
