#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The completions of bash, zsh and fish: typed into the shell with a tab. What they offer is compared
# with what the program's --help says, which this script reads in its own way.
#
# usage: test/cli/completions.sh BUILD_DIR     (as root)

# shellcheck disable=SC2016 # for fish
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"
share=$(realpath "$here/../../share/completions")
declare -A files=([bash]=$share/rebind.bash [zsh]=$share/_rebind [fish]=$share/rebind.fish)
export PATH=$build:$PATH HOME=$work COMPLETIONS_SETUP=$work/setup

# What is asked of a shell, all at once: what kind of question, what it is called, what is wanted, and the line.
kinds=() sentences=() wants=() lines=()

# listed SENTENCE WORDS LINE: the words are offered
listed() {
	kinds+=(list) sentences+=("$1") wants+=("$2") lines+=("$3")
}

# becomes SENTENCE WANTED LINE: the line is completed, or, by fish, the word
becomes() {
	kinds+=(line) sentences+=("$1") wants+=("$2") lines+=("$3")
}

# complete_lines SHELL: a block in "out" for each line; first what it becomes, then what is offered
complete_lines() {
	if [ "$1" = fish ]; then
		timeout 120 fish --no-config -c 'source $argv[1]
			for line in $argv[2..]
				complete -C (string replace "??" "" $line) | string replace -r "\t.*" ""
				echo
			end' "${files[fish]}" "${lines[@]}"
	else
		timeout 120 /usr/bin/python3 -I "$here/completions.py" "$1" "${files[$1]}" "${lines[@]}"
	fi >"$work/out" 2>"$work/err" </dev/null
	status=$?
}

# check_block KIND WANTED: why BLOCK is not as it should be
check_block() {
	local word
	if [ "$1" = line ]; then
		[ "$(head -n 1 <<<"$block")" = "$2" ] || printf '%s\n' "'$2' is wanted, not '$(head -n 3 <<<"$block")'"
		return
	fi
	for word in $2; do
		grep -qx -- "$word" <<<"$block" || echo "not offered: $word"
	done
}

ask_shell() {
	local i block
	complete_lines "$1"
	result "$1 takes it all" "$([ "$status" -eq 0 ] || echo "exit status $status")"
	for i in "${!lines[@]}"; do
		block=$(awk -v RS= -v n="$((i + 1))" 'NR == n' "$work/out")
		result "$1 ${sentences[i]}" "$(check_block "${kinds[i]}" "${wants[i]}")"
	done
	kinds=() sentences=() wants=() lines=()
}

# options VERB...: of --help
options() {
	rebind "$@" --help | grep -oE '^ {2,6}(-[A-Za-z], +)?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u
}

lists() {
	local verb
	listed "offers each verb" "$verbs" "rebind ??"
	for verb in $verbs "criu dump" "criu restore"; do
		[ "$verb" != criu ] || continue
		# shellcheck disable=SC2086 # words
		listed "offers each option of $verb" "$(options $verb)" "rebind ${verb/#plugin/plugin list} --??"
	done
}

typed() {
	becomes "completes a verb" "rebind restore " "rebind res"
	becomes "completes what follows plugin" "rebind plugin test " "rebind plugin t"
	becomes "completes a choice" "rebind restore --sharing slave " "rebind restore --sharing sl"
	# As a whole number it may be the beginning of another.
	listed "offers a pid" "$container" "rebind dump -t ??"
	becomes "completes a directory" "rebind dump -D $work/img/" "rebind dump -D $work/im"
	becomes "completes a plugin" "rebind plugin test $work/libs/plugin.so " "rebind plugin test $work/libs/"
	becomes "completes the source of a key, in quotes" "$image --external 'mnt[vol]:$work/source-of-vol' " \
		"$image --external 'mnt[vol]:$work/source"
}

in_bash() {
	lists
	typed
	becomes "completes a key of the image" "$image --external mnt[deep]:" "$image --external mnt[de"
	becomes "completes a key in quotes" "$image --external 'mnt[deep]:'" "$image --external 'mnt[de"
	becomes "completes a source without quotes" "$image --external mnt[vol]:$work/source-of-vol " \
		"$image --external mnt[vol]:$work/source"
	becomes "completes a mountpoint of the process" "rebind dump -t $container --external mnt[/deep/er/vol]:" \
		"rebind dump -t $container --external mnt[/de"
	ask_shell bash
}

in_zsh() {
	lists
	typed
	becomes "completes a key of the image" "$image --external 'mnt[deep]:" "$image --external 'mnt[de"
	becomes "completes a mountpoint of the process" "rebind dump -t $container --external 'mnt[/deep/er/vol]:" \
		"rebind dump -t $container --external 'mnt[/de"
	ask_shell zsh
}

in_fish() {
	lists
	becomes "completes a verb" restore "rebind res"
	becomes "completes what follows plugin" test "rebind plugin t"
	becomes "completes a choice" slave "rebind restore --sharing sl"
	listed "offers a pid" "$container" "rebind dump -t ??"
	becomes "completes a directory" "$work/img/" "rebind dump -D $work/im"
	becomes "completes a plugin" "$work/libs/plugin.so" "rebind plugin test $work/libs/"
	becomes "completes the source of a key" "mnt[vol]:$work/source-of-vol" "$image --external mnt[vol]:$work/source"
	becomes "completes a key of the image" "mnt[deep]:" "$image --external mnt[de"
	becomes "completes a mountpoint of the process" "mnt[/deep/er/vol]:" "rebind dump -t $container --external mnt[/de"
	ask_shell fish
}

make_container plain
dump_container "$container" "$work/img"
: >"$work/source-of-vol"
image="rebind restore -D $work/img"
verbs=$(rebind --help | awk '/^  [a-z]/ { print $1 }')
in_bash
in_zsh
in_fish
forget "$container"
result "no process is left" "$(left_processes)"
finish
