#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The binary interface of the library is the recorded one, and tools/abi sees what would break a
# program: records are changed, so that the library differs from them.
#
# usage: test/abi.sh BUILD_DIR
set -uo pipefail
export LC_ALL=C
build=$(realpath "${1:?usage: abi.sh BUILD_DIR}")
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/rebind-abi-test-XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

say() {
	local was=$? sentence=$1
	if [ "$was" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $sentence"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $sentence"
		sed 's/^/# /' "$work/log"
	fi
}

end() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

# Another compiler has other names for the types of C, a sanitizer has symbols of its own.
if ! [[ $(basename "${CC:-gcc}") == *gcc* ]] || grep -q fsanitize "$build/flags"; then
	skipped=1
	echo "ok 1 - the interface of the library # SKIP recorded with gcc, without sanitizers"
	end
fi
tools/abi check "$build" >"$work/log" 2>&1
say "the interface of the library is the recorded one"

# differs SENTENCE PATTERN SED: it is seen that the record says something else
differs() {
	local sentence=$1 pattern=$2 change=$3
	mkdir -p "$work/record"
	rm -f "$work/record"/*
	cp include/librebind-*.abi "$work/record/"
	sed -i "$change" "$work/record"/*.abi
	! cmp -s include/librebind-*.abi "$work/record"/*.abi && {
		REBIND_ABI_DIR=$work/record tools/abi check "$build" >"$work/log" 2>&1
		[ $? -eq 1 ]
	} && grep -q "$pattern" "$work/log"
	say "$sentence"
}

differs "a function that was added, and one that is gone" "D.*rebind_set_cancelled" \
	"s/'rebind_set_cancel_fd/'rebind_set_cancelled/g"
differs "what a function returns" "return type changed" \
	"/function-decl name='rebind_version'/,/function-decl>/s/<return type-id='[^']*'/<return type-id='type-id-1'/"
differs "a value of an enum" 'enum rebind_set' "/name='REBIND_SET_ALL'/s/value='2'/value='3'/"
differs "an enumerator that was added" 'REBIND_FINDING_NOT_ATTACHED' "/REBIND_FINDING_NOT_ATTACHED/d"
differs "a field of a struct" 'rebind_restore_options' "/<var-decl name='for_pin'/s/for_pin/for_pins/"
differs "the size of a struct" 'rebind_mount' \
	"/class-decl name='rebind_mount'/s/size-in-bits='[0-9]*'/size-in-bits='4096'/"

sed 's/^REBIND_0.2 {/REBIND_9.9 {/' include/librebind.map >"$work/map"
REBIND_ABI_MAP=$work/map tools/abi check "$build" >"$work/log" 2>&1
[ $? -eq 1 ] && grep -q 'nothing is recorded for version 9.9' "$work/log"
say "a version without a record"

mkdir "$work/older"
sed 's/^REBIND_0.2 {/REBIND_0.1 {/' include/librebind.map >"$work/map"
: >"$work/older/librebind-0.1.abi"
REBIND_ABI_MAP=$work/map REBIND_ABI_DIR=$work/older tools/abi record "$build" >"$work/log" 2>&1
[ $? -eq 1 ] && grep -q 'version 0.1 is released' "$work/log" && [ ! -s "$work/older/librebind-0.1.abi" ]
say "what is released is not recorded again"
end
