#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A namespace that changes while it is dumped: the image is of one moment, or there is none and an
# error says why. churn.c says what is true at every moment.
#
# usage: test/cli/changing.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

images=0 written=0 refused=0 wrong=
# Who is told to freeze the processes knows what to do.
says='chang'

# mounted NAME: in the table of the image that was just looked at
mounted() {
	grep -qE "\"(path|mountpoint)\": ?\"/loop/$1\"" "$work/out"
}

# of_no_moment: WHY the image is of none, or nothing
of_no_moment() {
	if mounted b && ! mounted a; then
		echo "b without a; "
	elif mounted here && mounted there; then
		echo "one mount in two places; "
	elif ! mounted here && ! mounted there; then
		echo "one mount is nowhere; "
	fi
}

# dump_once OPTION...: counts, and collects in $wrong what is wrong with it
dump_once() {
	images=$((images + 1))
	local image=$work/image.$images status
	mkdir "$image"
	timeout 20 "$rebind" dump -t "$container" -D "$image" "${declared[@]}" "$@" 2>"$work/err"
	status=$?
	if [ "$status" -eq 0 ]; then
		written=$((written + 1))
		"$rebind" show --json "$image" >"$work/out" 2>>"$work/err" || wrong+="it cannot be shown; "
		wrong+=$(of_no_moment)
		"$rebind" restore -D "$image" --root "$work/new" "${sources[@]}" -- /inside exit 0 2>>"$work/err" ||
			wrong+="it cannot be restored: $(head -1 "$work/err"); "
		rm -r "$image"
		return
	fi
	refused=$((refused + 1))
	[ "$status" -eq 1 ] || wrong+="exit status $status; "
	[ "$(wc -l <"$work/err")" -eq 1 ] && grep -qE "^rebind: .*($says)" "$work/err" ||
		wrong+="the error is: $(head -2 "$work/err" | tr '\n' ' '); "
	rmdir "$image" 2>"/dev/null" || wrong+="something was written; "
}

# churn WORD: in the container
churn() {
	exec nsenter --mount="/proc/$container/ns/mnt" --root="/proc/$container/root" /churn "$1"
}

# changing SENTENCE MICROSECONDS OPTION...
changing() {
	local sentence=$1 between=$2 loop i
	shift 2
	(churn settle)
	churn "$between" 2>"$work/churn.err" &
	loop=$!
	known+=("$loop")
	written=0 refused=0 wrong=
	for ((i = 0; i < 15; i++)); do
		dump_once "$@"
	done
	kill -0 "$loop" || wrong+="the loop has ended: $(cat "$work/churn.err")"
	forget "$loop"
	: >"$work/err"
	result "$sentence ($written images, $refused refused)" "${wrong:0:1500}$(left_processes)"
}

make_container plain
compile churn -static "$here/churn.c"
for dir in "$work/a/root" "$work/new"; do
	mkdir -p "$dir"/loop/{a,b,here,there,flags}
	cp "$work/churn" "$dir/churn"
done
# Something that takes a moment to be read.
head -c 200000 "/dev/urandom" >"/proc/$container/root/tmp/noise"
# Rarely is seldom for a dump, however long that takes here.
start=${EPOCHREALTIME/[.,]/}
(churn settle)
dump_container "$container" "$work/first"
took=$((${EPOCHREALTIME/[.,]/} - start))
rarely=$((took * 6 > 60000 ? took * 6 : 60000))
for reader in best $(readers); do
	options=(--reader "$reader")
	[ "$reader" != best ] || options=()
	changing "a namespace that never rests, $reader" 0 "${options[@]}"
	changing "one that changes now and then, $reader" 12000 "${options[@]}"
	changing "one that changes rarely, $reader" "$rarely" "${options[@]}"
	result "which can be dumped, $reader" "$([ "$written" -gt 0 ] || echo "it never was")"
done
(churn settle)
dump_container "$container" "$work/img"
"$rebind" diff "$container" "$work/img" >"$work/err" 2>&1
result "when it rests it is dumped as it is" "$([ $? -eq 0 ] || echo "it is not")"
forget "$container"
finish
