#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `make dist`: the same bytes each time, also from what was unpacked, by another user's umask, at
# another time; with everything that is in the sources, and nothing that was built.
#
# usage: test/dist.sh BUILD_DIR
set -euo pipefail
export LC_ALL=C
build=$(realpath "${1:?usage: dist.sh BUILD_DIR}")
cd "$(dirname "$0")/.."
work=$(mktemp -d "${TMPDIR:-/tmp}/rebind-dist-XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

check() {
	local sentence=$1
	shift
	local status
	# Not as a condition: there `set -e` would not count in a function, and only its last command would.
	set +e
	(set -e; "$@") >"$work/log" 2>&1
	status=$?
	set -e
	if [ "$status" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $sentence"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $sentence"
		sed 's/^/# /' "$work/log"
	fi
}

version=$("$build/rebind" --version | sed 's/^rebind //')
name=rebind-$version
pack() {
	make -s -C "$1" dist DIST="$2"
}

again() {
	sleep 1
	(umask 077 && TZ=Asia/Tokyo pack . "$work/two.tar.gz") && cmp "$work/one.tar.gz" "$work/two.tar.gz"
}

unpacked() {
	mkdir "$work/in" && tar -C "$work/in" -xzf "$work/one.tar.gz" && pack "$work/in/$name" "$work/three.tar.gz" &&
		cmp "$work/one.tar.gz" "$work/three.tar.gz"
}

whole() {
	[ "$(ls "$work/in")" = "$name" ] && test -x "$work/in/$name/test/run-all" && test ! -e "$work/in/$name/build" &&
		cmp Makefile "$work/in/$name/Makefile" && make -s -C "$work/in/$name" -n all >/dev/null && "$work/in/$name/tools/lint-spdx"
}

# What is unpacked where another repository ignores it is read all the same.
licences() {
	git init -q "$work" && echo '*' >"$work/.gitignore" && "$work/in/$name/tools/lint-spdx" &&
		sed -i /SPDX-License-Identifier/d "$work/in/$name/Makefile" && ! "$work/in/$name/tools/lint-spdx"
}

check "the sources are packed" pack . "$work/one.tar.gz"
check "to the same bytes a second time, whatever umask and time zone" again
check "and from what was unpacked" unpacked
check "which is all of them" whole
check "a licence that is missing there is noticed, below another repository too" licences
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
