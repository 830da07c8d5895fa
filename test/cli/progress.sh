#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Progress on a terminal has totals and a rate; Ctrl-C ends the line and says what became of it. A program
# gets it as JSON.
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

make_container plug
export REBIND_TEST_SOURCE=$work/src/plug REBIND_TEST_PLUGIN=slow
dump=("$rebind" dump -t "$container" -L "$work/libs" "${declared[@]}")
restore=("$rebind" restore -D "$work/img" --root "$work/new" -L "$work/libs" "${sources[@]}")
seq 60000000 | head -c 300M >"/proc/$container/root/tmp/large"
mkdir "$work/img" "$work/gone" "$work/other"

# ---- for a program ----

# plain COMMAND...: without a terminal; what comes from descriptor 9 are the lines
plain() {
	timeout 60 "$@" 9>"$work/lines" >"$work/out" 2>"$work/err" <"/dev/null"
	status=$?
}

plain "${dump[@]}" -D "$work/other" --json --progress-fd 9
[ "$status" -eq 0 ] && jq -es 'length > 1 and all(.mounts <= .all_mounts and .bytes >= 0) and
	any(.doing == "reading contents" and .bytes > 0 and .all_bytes > 300000000)' "$work/lines" >"/dev/null" && jq -e .ok "$work/out" >"/dev/null"
so "a program gets progress as lines of JSON"
plain "$rebind" restore -D "$work/other" --root "$work/new" -L "$work/libs" "${sources[@]}" --progress-fd 9 -- /inside fds
[ "$status" -eq 0 ] && jq -es 'any(.doing == "unpacking contents")' "$work/lines" >"/dev/null" && ! grep -qx 9 "$work/out"
so "so it does of a restore, and the command does not inherit the descriptor"
for reader in slow gone; do
	rm -rf "$work/other"
	mkdir "$work/other"
	mkfifo "$work/pipe"
	exec {pipe}<> "$work/pipe"
	head -c 65536 "/dev/zero" >&"$pipe"
	exec 8>"$work/pipe"
	[ "$reader" = slow ] || exec {pipe}>&-
	timeout 60 "${dump[@]}" -D "$work/other" --progress-fd 8 >"$work/out" 2>"$work/err" <"/dev/null"
	status=$?
	exec 8>&-
	[ "$reader" = gone ] || exec {pipe}>&-
	rm "$work/pipe"
	[ "$status" -eq 0 ] && [ -e "$work/other/inventory.img" ]
	so "a reader that is $reader is not waited for"
done
rm -rf "$work/other"
mkdir "$work/other"
for wrong in "77:not open" "8:for reading only" "0:number from 1" "x:number from 1"; do
	timeout 60 "${dump[@]}" -D "$work/other" --progress-fd "${wrong%%:*}" 8<"/dev/null" >"$work/out" 2>"$work/err" <"/dev/null"
	status=$?
	[ "$status" -eq 2 ] && grep -q "progress-fd.*${wrong#*:}" "$work/err" && [ -z "$(ls "$work/other")" ]
	so "descriptor ${wrong%%:*} is refused: ${wrong#*:}"
done

# ---- for a terminal ----

if ! command -v script >"/dev/null"; then
	skip "progress has totals on a terminal" "no script(1)"
	forget "$container"
	finish
fi
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
