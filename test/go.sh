#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bindings/go: it is formatted and documented, needs no other module and no cgo, can be vendored, and
# its own tests, which dump and restore, pass. Those make namespaces for themselves.
#
# usage: test/go.sh BUILD_DIR     (as root)
set -uo pipefail
export LC_ALL=C
build=$(realpath "${1:?usage: go.sh BUILD_DIR}")
cd "$(dirname "$0")/../bindings/go" || exit 1
source=$PWD
work=$(mktemp -d "${TMPDIR:-/tmp}/rebind-go-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
# Nothing of the caller's settings, nothing from a network, nothing outside of the build directory.
for name in $(compgen -e | grep -E '^(GO|CGO_)'); do
	unset "$name"
done
mkdir -p "$build/go"
export GOENV=off GOFLAGS=-mod=mod GOPROXY=off GOSUMDB=off GOTOOLCHAIN=local CGO_ENABLED=0
export GOCACHE=$build/go/cache GOPATH=$build/go/path REBIND=$build/rebind
passed=0 failed=0 skipped=0

if ! go=$(command -v go); then
	echo "go.sh: there is no go: apt-get install golang-go" >&2
	exit 1
fi

# result SENTENCE WHY: WHY is empty if it is so
result() {
	if [ -z "$2" ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed + skipped)) - $1"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed + skipped)) - $1"
		sed 's/^/# /' <<<"$2"
	fi
}

# check SENTENCE COMMAND...: it succeeds
check() {
	local sentence=$1 why
	shift
	if ("$@") >"$work/log" 2>&1 </dev/null; then
		why=
	else
		why="exit status $?; $(tail -n 60 "$work/log")"
	fi
	result "$sentence" "$why"
}

go() {
	timeout $((120 * ${REBIND_TEST_SLOW:-1})) "$go" "$@"
}

formatted() {
	local names
	names=$(gofmt -l .) && [ -z "$names" ] || { echo "gofmt -l: $names"; return 1; }
}

# The standard library, and what is here.
alone() {
	go list -deps -f '{{if not .Standard}}{{.ImportPath}}{{end}}' ./... | grep -vxE '(rebind(/.*)?)?' && return 1
	! go list -f '{{if .CgoFiles}}{{.ImportPath}}{{end}}' ./... | grep .
}

user() {
	mkdir -p "$1" && cat >"$1/main.go" <<-'END'
		package main

		import (
			"fmt"

			"rebind"
			"rebind/criu"
		)

		func main() {
			fmt.Println(rebind.External("a", "b"), *criu.Int32(7))
		}
	END
}

vendored() {
	user "$work/user" && cd "$work/user" && printf 'module user\n\ngo 1.19\n\nrequire rebind v0.0.0\n\nreplace rebind => %s\n' "$source" >go.mod &&
		go mod vendor && GOFLAGS=-mod=vendor go build -o program . && [ "$(./program)" = "mnt[a]:b 7" ] &&
		[ -e vendor/rebind/criu/opts.go ] && [ ! -e vendor/rebind/internal/sandbox ]
}

# As packages of Debian have it.
in_gopath() {
	user "$work/path/src/user" && ln -s "$source" "$work/path/src/rebind" && cd "$work/path/src/user" &&
		GO111MODULE=off GOFLAGS='' GOPATH=$work/path go build -o "$work/program" . && [ "$("$work/program")" = "mnt[a]:b 7" ]
}

# run_tests PACKAGE: each test of it is one here
run_tests() {
	local package=$1 status verdict name before
	before=$(cat /proc/self/mountinfo)
	timeout $((200 * ${REBIND_TEST_SLOW:-1})) "$work/$package.test" -test.v -test.timeout $((190 * ${REBIND_TEST_SLOW:-1}))s \
		>"$work/tests" 2>&1 </dev/null
	status=$?
	while read -r _ verdict name _; do
		case $verdict in
		PASS:) result "$package: $name" "" ;;
		FAIL:) result "$package: $name" "$(cat "$work/tests")" ;;
		SKIP:)
			skipped=$((skipped + 1))
			echo "ok $((passed + failed + skipped)) - $package: $name # SKIP $(grep -A1 -- "--- SKIP: $name" "$work/tests" | tail -n 1)"
			;;
		esac
	done < <(grep -E '^ *--- (PASS|FAIL|SKIP): ' "$work/tests")
	result "$package: all tests have run" "$([ "$status" -eq 0 ] && grep -qx PASS "$work/tests" || echo "exit status $status; $(tail -n 60 "$work/tests")")"
	result "$package: the mount table is as before" "$([ "$before" = "$(cat /proc/self/mountinfo)" ] || echo "it is not")"
}

check "it is formatted" formatted
check "go vet finds nothing" go vet ./...
check "it needs the standard library alone, and no cgo" alone
check "it is vendored, without what is for tests" vendored
check "it is built in a GOPATH" in_gopath
check "the example is built" go build -o "$work/runtime" ./examples/runtime
check "its tests are built" go test -c -o "$work/rebind.test" .
check "those of criu, too" go test -c -o "$work/criu.test" ./criu
export REBIND_GO_EXAMPLE=$work/runtime
cd "$work" || exit 1
run_tests rebind
run_tests criu
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
