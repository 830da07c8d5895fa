#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `rebind --version -v`: the kernel, what check finds, and the libraries, as the ELF file and their
# packages have them.
#
# usage: test/cli/version.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

table=$(mounts)
run "$rebind" --version
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = "rebind $(sed -n 's/^VERSION := //p' "$here/../../Makefile")" ]
so "the version is a line"
for word in --version -V; do
	run "$rebind" "$word" -v
	[ "$status" -eq 0 ] && [ "$(sed -n 2p "$work/out" | tr -s ' ')" = "kernel $(uname -srm)" ]
	so "$word -v names the kernel"
done
"$rebind" check >"$work/check"
[ "$(sed -n 's/^features *//p' "$work/out" | cut -d, -f1)" = \
	"$(awk '!/^(cap_|zlib |lib)/ { n++; ok += / ok( |$)/ } END { print ok " of " n }' "$work/check")" ]
so "it counts the features that check finds"
[ "$(sed -n 's/^privileges *//p' "$work/out" | cut -d, -f1)" = \
	"$(awk '/^cap_/ { n++; ok += / ok( |$)/ } END { print ok " of " n }' "$work/check")" ]
so "and the privileges"
strings -a "$rebind" | grep -o '"soname":\["[^"]*"\]' | cut -d'"' -f4 | sort -u >"$work/noted"
sed -n 's/.*(\(lib.*\.so\.[0-9]*\))$/\1/p' "$work/out" | sort -u >"$work/named"
result "it names each library that the ELF file notes" "$(diff "$work/noted" "$work/named" 2>&1)"
result "each with its version" "$(grep '(lib' "$work/out" | grep -vE '^[a-z]+ +[0-9]+\.[0-9.]+ \(')"

run setpriv --bounding-set -mknod,-setgid "$rebind" --version -v
grep -qE '^privileges +[0-9]+ of [0-9]+, missing: cap_mknod; cap_setgid$' "$work/out"
so "what is missing has its name"
mkdir "$work/empty"
: >"$work/empty/libjansson.so.4"
run env LD_LIBRARY_PATH="$work/empty" "$rebind" --version -v
[ "$status" -eq 0 ] && grep -q '^libjansson *missing: .*file too short' "$work/out" && grep -q '^libmount *[0-9]' "$work/out"
so "so has a library that cannot be loaded"

run "$rebind" --version -v more
[ "$status" -eq 2 ] && [ ! -s "$work/out" ] && grep -q "unexpected argument 'more' after --version" "$work/err"
so "a word too many is a usage error"
run "$rebind" --version --json
[ "$status" -eq 2 ] && grep -q "unexpected argument '--json' after --version" "$work/err"
so "so is another option"
result "the mount table is as before, and no process is left" \
	"$([ "$(mounts)" = "$table" ] || echo "the mount table differs")$(left_processes)"
finish
