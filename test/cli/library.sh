#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The library in programs that have more to do: threads, children, handlers of SIGCHLD, descriptors
# in the place of paths, structs of other versions, operations that are cancelled.
#
# usage: test/cli/library.sh BUILD_DIR     (as root)
#
# REBIND_TEST_ROUNDS=N: how often two threads restore at the same time, 50 if it is not set.

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=${REBIND_TEST_ROUNDS:-50}
sanitize=$(sed -n 's/.*-fsanitize=\([a-z,]*\) .*/\1/p' "$build/flags")
# What forks goes on in the child, where the sanitizer knows of no other thread.
export TSAN_OPTIONS="die_after_fork=0 halt_on_error=0 exitcode=66 ${TSAN_OPTIONS-}"

# program NAME: of this directory, with the library
program() {
	# shellcheck disable=SC2046 # words
	compile "$1" -D_GNU_SOURCE -g ${sanitize:+-fsanitize="$sanitize"} "$here/$1.c" -rdynamic \
		"$build/librebind.a" $(pkg-config --libs libprotobuf-c) -ldl -pthread
}

# What is in the directories; a mountpoint that came and went may be another inode.
present() {
	mounts
	find "${watched[@]}" "$work/scratch" -printf '%p %y %m\n' | sort
}

# works SENTENCE PROGRAM ARG...: exit status 0, and nothing is left
works() {
	local sentence=$1 before why=
	shift
	before=$(present)
	timeout 120 "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
	[ "$status" -eq 0 ] || why="exit status $status; "
	[ "$(present)" = "$before" ] || why+="something is left; "
	result "$sentence" "$why$(left_processes)"
}

make_container plain
dump_container "$container" "$work/img"
mkdir -p "$work/scratch/other"
new_root "$work/scratch/other/new"
cp -a "$work/src" "$work/scratch/other/src"
cp -a "$work/img" "$work/scratch/other/img"
program library
program library-calls
place=("$work/img" "$work/new" "$work/src" "$work/scratch")

# ---- threads ----

works "two threads restore, compare and dump $rounds times at the same time, each with its own log" \
	"$work/library" threads "${place[@]}" "$rounds"
works "a thread restores while 50 others allocate memory and make locales" \
	"$work/library" busy "${place[@]}" 20

works "a program that waits for any child in another thread" "$work/library" reap "${place[@]}" 10
# In a child of a process with one thread, this sanitizer begins another, and setns(2) is refused.
[ "$sanitize" != thread ] || finish

# ---- children ----

works "a program that ignores SIGCHLD" "$work/library" ignore "${place[@]}" 3
works "a program that has a handler of SIGCHLD, which stays" "$work/library" handler "${place[@]}" 3
works "a subreaper, which is left no child" "$work/library" subreaper "${place[@]}" 3

# ---- calls ----

works "the image, the root and the namespace as descriptors" "$work/library-calls" descriptors "${place[@]}"
works "structs that are smaller and larger than this library's" "$work/library-calls" sizes "${place[@]}"
works "what failed is in the report, with its mount" "$work/library-calls" errors "${place[@]}"
works "getters have no effect" "$work/library-calls" getters "${place[@]}"
works "a restore that is cancelled at any of its lines ends with ECANCELED" "$work/library-calls" cancel-restore "${place[@]}"
works "so does a dump" "$work/library-calls" cancel-dump "${place[@]}"
works "so does a command" "$work/library-calls" cancel-run "${place[@]}"
works "a namespace can only be freed when its thread has ended" "$work/library-calls" thread-gone "${place[@]}"
finish
