#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Progress on a terminal has totals and a rate; Ctrl-C ends the line and says what became of it.
#
# usage: test/cli/progress.sh BUILD_DIR     (as root)
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

so() {
	local was=$?
	result "$1" "$([ "$was" -eq 0 ] || echo "it is not so, exit status $status; the last lines were: $(tail -n 4 "$work/lines" | tr '\n' ' ')")"
}

# terminal COMMAND...: on a terminal, where what is read is typed
terminal() {
	timeout 60 script -qec "exec ${*@Q}" "/dev/null" >"$work/out" 2>"$work/err"
	status=$?
	tr '\r' '\n' <"$work/out" | grep -v '^ *$' >"$work/lines"
}

if ! command -v script >"/dev/null"; then
	skip "progress has totals on a terminal" "no script(1)"
	finish
fi
make_container plug
export REBIND_TEST_SOURCE=$work/src/plug REBIND_TEST_PLUGIN=slow
dump=("$rebind" dump -t "$container" -L "$work/libs" "${declared[@]}")
restore=("$rebind" restore -D "$work/img" --root "$work/new" -L "$work/libs" "${sources[@]}")
seq 60000000 | head -c 300M >"/proc/$container/root/tmp/large"
mkdir "$work/img" "$work/gone"
terminal "${dump[@]}" -D "$work/img" <"/dev/null"
[ "$status" -eq 0 ] && grep -Eq '^rebind: reading contents, [0-9]* of 2 mounts, [0-9]+ of 30[0-9] MiB of contents' "$work/lines"
so "a dump says how many bytes are done, and of how many"
grep -Eq 'MiB of contents, [1-9][0-9]* MiB/s' "$work/lines"
so "and how fast"
terminal "${restore[@]}" -- /inside exit 0 <"/dev/null"
[ "$status" -eq 0 ] && grep -Eq '^rebind: unpacking contents, [0-9]* of 9 mounts, [0-9]+ of 300 MiB of contents' "$work/lines"
so "so does a restore, from the image"

before=$(listing "$work/new"; mounts)
: >"$work/out"
terminal "${dump[@]}" -D "$work/gone" < <(until_so grep -q 'reading contents' "$work/out"; printf '\003'; pause_for 2)
[ "$status" -eq 130 ] && [ "$(tail -n 1 "$work/lines")" = "rebind: interrupted; no image was written" ] &&
	[ "$(grep -c interrupted "$work/lines")" -eq 1 ] && [ -z "$(ls -A "$work/gone")" ]
so "Ctrl-C ends the line, and says once that no image was written"
tail -n 3 "$work/out" | grep -q '^rebind: interrupted'
so "in a line of its own"
: >"$work/out"
terminal "${restore[@]}" --pidfile "$work/pid" < <(until_so grep -Eq '(mounting|unpacking contents), ' "$work/out"; printf '\003'; pause_for 2)
[ "$status" -eq 130 ] && [ "$(tail -n 1 "$work/lines")" = "rebind: interrupted; nothing was restored, and nothing is left of it" ] &&
	[ ! -e "$work/pid" ] && [ "$(listing "$work/new"; mounts)" = "$before" ]
so "so it does for a restore, and that is true"
result "no process is left" "$(left_processes)"
has_begun() { [ -n "$(ls -A "$work/gone")" ]; }
terminal bash -c 'trap "" INT; exec "$@"' - "$rebind" dump -t "$container" "${declared[@]}" --external 'mnt[/plug]:plug' -D "$work/gone" < <(until_so has_begun; printf '\003'; pause_for 3)
[ "$status" -eq 0 ] && ! grep -q interrupted "$work/lines"
so "where Ctrl-C is ignored it stays so"
forget "$container"
finish
