#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is shown of a namespace: the table, the picture, what a saved mountinfo cannot tell; and how far a
# dump and a restore are.
#
# usage: test/cli/show.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# run COMMAND...: status; out and err
run() {
	timeout 20 "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
}

# shows SENTENCE EXPECTED COMMAND...: this on stdout, exit 0, nothing on stderr
shows() {
	local sentence=$1 why=
	printf '%s\n' "$2" >"$work/expected"
	shift 2
	run "$@"
	if [ "$status" -ne 0 ] || [ -s "$work/err" ]; then
		why="exit status $status"
	else
		why=$(diff "$work/expected" "$work/out" | tr '\n' ' ')
	fi
	result "$sentence" "$why"
}

# says SENTENCE STATUS REGEX COMMAND...: one line on stderr; with an empty REGEX, none
says() {
	local sentence=$1 want=$2 regex=$3 why=
	shift 3
	run "$@"
	if [ "$status" -ne "$want" ]; then
		why="exit status $status, not $want"
	elif [ "$(wc -l <"$work/err")" -ne $((${#regex} > 0)) ]; then
		why="stderr is another number of lines"
	elif ! grep -Eq -- "$regex" "$work/err" && [ -n "$regex" ]; then
		why="stderr does not match /$regex/"
	fi
	result "$sentence" "$why"
}

tables() {
	local long=/a/path/that/is/longer/than/any/column/of/a/table/should/ever/be
	cat >"$work/wide" <<-END
		1 0 0:1 / / rw shared:1 - ext4 /dev/sda rw
		2 1 0:2 / $long ro shared:2 master:9 - tmpfs tmpfs rw
		3 1 0:2 / /b ro shared:2 master:9 - tmpfs a-source-that-is-longer-than-any-column-of-a-table-should-be rw
		4 1 0:1 /x /c rw master:2 - ext4 /dev/sda rw
		5 1 0:3 / /d rw shared:5 - proc proc rw
	END
	shows "a wide cell breaks its line, and no column moves" \
		"TARGET                                            SOURCE                                            FSTYPE  PROPAGATION        OPTIONS
/                                                 /dev/sda                                          ext4    shared:1           rw
|-$long
                                                  tmpfs                                             tmpfs   shared:2,master:9  ro
|-/b                                              a-source-that-is-longer-than-any-column-of-a-table-should-be
                                                                                                    tmpfs   shared:2,master:9  ro
|-/c                                              /dev/sda[/x]                                      ext4    master:2           rw
\`-/d                                              proc                                              proc    shared:5           rw

PEER GROUPS
shared:2, slave of 9 (outside): $long, /b; slaves /c
shared:9 (outside): slaves $long, /b" \
		"$rebind" show "$work/wide"
	{
		echo "1 0 0:1 / / rw shared:1 - ext4 /dev/sda rw"
		for i in 1 2 3 4 5 6 7 8 9; do
			echo "1$i 1 0:1 /$i /$i rw shared:1 - ext4 /dev/sda rw"
		done
	} >"$work/many"
	printf '1 0 0:1 / / rw - ext4 /dev/sda rw\n2 1 0:1 /a//deleted /b rw - ext4 /dev/sda rw\n' >"$work/gone"
	run "$rebind" show "$work/gone"
	grep -qF ' /dev/sda[/a//deleted] ' "$work/out"
	so "a root that is gone is said to be"
	run "$rebind" show --json "$work/gone"
	[ "$(jq -c '[.mounts[].deleted]' "$work/out")" = '[false,true]' ]
	so "also in JSON"
	run "$rebind" show "$work/many"
	grep -qx 'shared:1: /, /1, /2, /3, /4, /5 and 4 more' "$work/out"
	so "of a large group the first mounts are named"
}

# colours WORD...: does the table have any on a terminal, with these in the environment
colours() {
	printf '1 0 0:1 / / rw - rootfs rootfs rw\n2 1 0:2 / / rw - ext4 /dev/sda rw\n' >"$work/dimmed"
	run script -qec "env ${*@Q} ${rebind@Q} show ${work@Q}/dimmed" "/dev/null"
	[ "$status" -eq 0 ] && grep -q '/dev/sda' "$work/out" || return 2
	grep -q $'\033\\[' "$work/out"
}

terminals() {
	if ! command -v script >"/dev/null"; then
		skip "colours are for terminals" "no script(1)"
		return
	fi
	colours NO_COLOR=
	so "on a terminal what is covered is dimmed"
	colours NO_COLOR=1
	[ $? -eq 1 ]
	so "but with NO_COLOR"
	run "$rebind" show "$work/dimmed"
	! grep -q $'\033' "$work/out"
	so "and nowhere else"
}

pictures() {
	cat >"$work/odd" <<-'END'
		1 0 0:1 / / rw shared:1 - ext4 /dev/sda rw
		2 1 0:2 / /a\040"b" rw shared:2 master:9 - tmpfs tmpfs rw
		3 1 0:2 / /c\012\134N&amp;<d>{|} rw shared:2 master:9 - tmpfs tmpfs rw
		4 1 0:1 /x /e rw master:2 - ext4 /dev/sda rw
		6 4 0:3 / /e rw - proc proc rw
	END
	printf '5 1 0:4 / /\303\244\377 rw - proc proc rw\n' >>"$work/odd"
	shows "a picture has nodes, edges, groups and masters, with every byte quoted" 'digraph mounts {
	rankdir="LR";
	compound="true";
	node [shape="box", fontname="sans-serif"];
	m1 [label="/\next4", tooltip="/", style="filled", fillcolor="white"];
	m2 [label="/a \"b\"\ntmpfs", tooltip="/a \"b\"", style="filled", fillcolor="white"];
	m3 [label="/c\\012\\134N&amp;amp;<d>{|}\ntmpfs", tooltip="/c\\012\\134N&amp;amp;<d>{|}", style="filled", fillcolor="white"];
	m4 [label="/e\next4", tooltip="/e", style="filled,dashed", fillcolor="white"];
	m6 [label="/e\nproc", tooltip="/e", style="filled", fillcolor="white"];
	m5 [label="/ä\\377\nproc", tooltip="/ä\\377", style="filled", fillcolor="white"];
	m1 -> m2;
	m1 -> m3;
	m1 -> m4;
	m4 -> m6;
	m1 -> m5;
	subgraph "cluster_1" {
		label="shared:1";
		m1;
	}
	subgraph "cluster_2" {
		label="shared:2";
		m2;
		m3;
	}
	g9 [label="shared:9\n(outside)", shape="ellipse", style="dashed"];
	g9 -> m2 [lhead="cluster_2", label="master:9", style="dashed", constraint="false"];
	m2 -> m4 [ltail="cluster_2", label="master:2", style="dashed", constraint="false"];
}' "$rebind" show --dot "$work/odd"
	cp "$work/out" "$work/first"
	{ head -1 "$work/odd"; tac "$work/odd" | head -n -1; } >"$work/turned"
	run "$rebind" show --dot "$work/turned"
	# The order of what is named first is that of the tree, not of the table.
	cmp -s "$work/first" "$work/out"
	so "the picture is the same for another order of the table"
	says "a picture is not JSON" 2 'give one of them' "$rebind" show --dot --json "$work/odd"
	says "nor two" 2 'give one of them' "$rebind" show --dot --svg "$work/odd"
	mkdir "$work/path"
	says "without Graphviz" 1 'dot, of Graphviz, is not installed; --dot prints what it would draw' \
		env PATH="$work/path" "$rebind" show --svg "$work/odd"
	printf '#!/bin/sh\nexit 1\n' >"$work/path/dot"
	chmod +x "$work/path/dot"
	says "with one that fails" 1 'dot, of Graphviz, has drawn nothing, or not all of it' \
		env PATH="$work/path:$PATH" "$rebind" show --svg "$work/odd"
	# What it reads is what --dot prints.
	printf '#!/bin/sh\n[ "$1" = -Tsvg ] && exec cat\n' >"$work/path/dot"
	run env PATH="$work/path:$PATH" "$rebind" show --svg "$work/odd"
	[ "$status" -eq 0 ] && cmp -s "$work/first" "$work/out"
	so "--svg gives dot what --dot prints"
	if ! command -v dot >"/dev/null"; then
		skip "it is drawn" "Graphviz is not installed"
		return
	fi
	run "$rebind" show --svg "$work/odd"
	[ "$status" -eq 0 ] && [ "$(grep -c '<g id="node' "$work/out")" -ge 6 ] && grep -q '^</svg>' "$work/out"
	so "it is drawn"
}

# What the left or right side is, where it is a text.
texts() {
	"$rebind" show --json "$container" >"/dev/null" || return
	cat "/proc/$container/mountinfo" >"$work/saved"
	says "diff says what a saved mountinfo does not tell" 0 \
		'the right side is a saved mountinfo, which does not tell: the contents of tmpfs, whether a mount is a directory or a file$' \
		"$rebind" diff "$container" "$work/saved"
	says "of two as well" 0 'both sides are a saved mountinfo' "$rebind" diff "$work/saved" "$work/saved"
	grep -v ' /ro ' "$work/saved" >"$work/less"
	says "the status is that of the comparison" 1 'the left side is' "$rebind" diff "$work/less" "$work/img"
	says "where it makes no difference nothing is said" 0 '' "$rebind" diff "$work/plain" "$work/plain"
	sed 's/ rw / rw,idmapped /' "$work/plain" >"$work/mapped"
	says "the maps of id-mapped mounts are one of them" 0 'not tell: the maps of id-mapped mounts$' \
		"$rebind" diff "$work/mapped" "$work/mapped"
	says "contents of a saved mountinfo cannot be compared" 2 \
		'contents cannot be compared: the left side is a saved mountinfo' \
		"$rebind" diff --contents "$work/saved" "$container"
}

# A text of another kernel has fields that we do not know, or lacks some that we do.
strange() {
	printf '1 0 0:1 / / rw news:3 - ext4 /dev/sda rw\n2 1 0:2 / /a rw shared:2 more - tmpfs x rw\n' >"$work/newer"
	says "an unknown optional field of a saved mountinfo is said to be unknown" 0 \
		'mount 1 of a saved mountinfo has an optional field that is unknown' "$rebind" show "$work/newer"
	printf '1 0 0:1 / / rw - ext4 /dev/sda rw\n2 1 0:2 / /a rw,nosuid,no\\033new,relatime - tmpfs x rw\n' >"$work/flags"
	says "an unknown flag of a mount is an error that names it" 1 \
		"mount 2 of '$work/flags' \(line 2\) has the per-mount flag 'no.033new', which is unknown here" "$rebind" show "$work/flags"
	printf '1 0 0:1 / / rw - ext4 /dev/sda rw\n2 1 0:2 / /a rw - tmpfs x rw,size=1\\000b\n' >"$work/zero"
	says "a zero byte in one is an error" 1 'zero byte' "$rebind" show "$work/zero"
	: >"$work/empty"
	printf '%s\r\n' '1 0 0:1 / / rw - ext4 /dev/sda rw' '2 1 0:2 / /o rw - overlay  rw,lowerdir=/a\054b\040c\134' \
		>"$work/windows"
	shows "a saved mountinfo may have been on Windows; what the kernel has escaped is escaped once" \
		'TARGET  SOURCE    FSTYPE   PROPAGATION  OPTIONS
/       /dev/sda  ext4     private      rw
`-/o    none      overlay  private      rw,lowerdir=/a\054b\040c\134' \
		"$rebind" show "$work/windows"
	sed 's/b.040/d\\040/' "$work/windows" >"$work/other"
	run "$rebind" diff "$work/windows" "$work/other"
	grep -qF '/o: options: lowerdir=/a\054b\040c\134 | lowerdir=/a\054d\040c\134' "$work/out"
	so "so are the options that differ"
	printf '%s\n' '1 0 0:1 / / rw - ext4 /dev/sda rw' '' 'nonsense' >"$work/lines"
	says "the line that is not one of mountinfo is named" 1 "is not a saved mountinfo: line 3 is not a line of mountinfo: 'nonsense'" \
		"$rebind" show "$work/lines"
	says "so is an empty file" 1 "is not a saved mountinfo: it is empty; give a pid" "$rebind" show "$work/empty"
	printf '1 0 0:1 / / rw - ext4 a\\033[31mb rw\n2 1 0:2 / /a\\033]0;x\\007\\012b\\302\\233c\302\2332J rw - tmpfs x rw,o=\\033[2J\n' >"$work/evil"
	for option in "" --dot; do
		# shellcheck disable=SC2086 # a word, or none
		run env LC_ALL=C.UTF-8 "$rebind" show $option "$work/evil"
		[ "$status" -eq 0 ] && ! LC_ALL=C grep -q $'\033\\|\007\|\302\233' "$work/out"
		so "what controls a terminal never reaches it${option:+, $option}"
	done
	run env LC_ALL=C.UTF-8 "$rebind" diff "$work/evil" "$work/plain"
	[ "$status" -eq 1 ] && ! LC_ALL=C grep -q $'\033\\|\007\|\302\233' "$work/out"
	so "nor does a difference"
}

large() {
	seq 2 10001 | awk 'BEGIN { print "1 0 0:1 / / rw - ext4 /dev/sda rw" }
		{ print $1, $1 % 50 ? $1 - 1 : 1, "0:" $1, "/", ($1 % 50 ? p = p "/d" $1 : p = "/d" $1), "rw shared:" $1, "- tmpfs tmpfs rw" }' \
		>"$work/large"
	for option in "" --dot --json; do
		# shellcheck disable=SC2086 # a word, or none
		run "$rebind" show $option "$work/large"
		[ "$status" -eq 0 ] && [ "$(wc -l <"$work/out")" -gt 10000 ]
		so "10,000 mounts are shown${option:+, $option}"
	done
	tac "$work/large" >"$work/turned"
	says "and equal themselves, in another order" 0 'both sides' "$rebind" diff "$work/large" "$work/turned"
}

images() {
	run "$rebind" show "$work/img"
	grep -Eq ' external mnt\[vol\] ' "$work/out"
	so "an external mount has the word that restores it"
	run "$rebind" show --dot "$work/img"
	grep -q 'label="/vol\\n[a-z0-9]*\\nmnt\[vol\]", tooltip="/vol", style="filled", fillcolor="khaki"' "$work/out"
	so "also in the picture"
	printf '1 0 0:1 / / rw - ext4 /dev/sda rw\n2 1 0:2 / /%s/é%s rw - tmpfs t rw\n' \
		"$(printf 'a%.0s' {1..60})" "$(printf 'z%.0s' {1..60})" >"$work/long"
	run "$rebind" show --dot "$work/long"
	grep -Eq 'label="/a{18}\.\.\.z{19}\\ntmpfs", tooltip="/a{60}/éz{60}"' "$work/out"
	so "where a long path is cut in the middle, and whole in the tooltip"
}

# A mount that is covered is not what its path leads to.
covered() {
	local id
	cat >"$work/covering" <<-'END'
		set -e
		cd "$1/root"
		mount --bind . .
		cd "$1/root"
		mount -t proc proc proc
		mount --bind "$1/vol" vol
		mount -t proc proc vol
		exec "$1/root/inside" hold .
	END
	hold container unshare --mount --propagation private bash "$work/covering" "$work/a"
	id=$(awk '$5 == "/vol" { print $1; exit }' "/proc/$container/mountinfo")
	run "$rebind" dump -t "$container" --dry-run
	grep -q "mnt\[#$id\]:KEY" "$work/err" && ! grep -q "mnt\[/vol\]" "$work/err"
	so "the help for a covered mount names it by its id"
	run "$rebind" dump -t "$container" --dry-run --external "mnt[#$id]:vol"
	[ "$status" -eq 0 ]
	so "and helps"
	forget "$container"
}

# What a plugin mounts has no source that rebind could look up.
plugins_slave() {
	mount --bind "$work/a/plug" "$work/a/plug"
	mount --make-shared "$work/a/plug"
	sed -i 's,^exec,mount --make-slave plug\n&,' "$work/container"
	hold container unshare --mount --propagation unchanged bash "$work/container" "$work/a" plug
	dump_container "$container" "$work/slave" -L "$work/libs"
	forget "$container"
	umount "$work/a/plug"
	says "a plugin's mount is said to join no group of the host" 1 \
		"^rebind: /plug .*slave of a peer group outside, and a plugin's mount cannot join a group.*--sharing slave" \
		"$rebind" restore -D "$work/slave" --root "$work/new" -L "$work/libs" "${sources[@]}" --dry-run
}

# terminal COMMAND...: on a terminal; everything it prints, without carriage returns of line ends
terminal() {
	timeout 30 script -qec "${*@Q}" "/dev/null" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
	tr '\r' '\n' <"$work/out" >"$work/lines"
}

progress() {
	local restore=("$rebind" restore -D "$work/slow" --root "$work/new" -L "$work/libs" "${sources[@]}")
	export REBIND_TEST_SOURCE=$work/src/plug REBIND_TEST_PLUGIN=slow
	mkdir "$work/slow" "$work/slow2"
	if ! command -v script >"/dev/null"; then
		skip "progress is shown on a terminal" "no script(1)"
		return
	fi
	terminal "$rebind" dump -t "$container" -D "$work/slow" -L "$work/libs" "${declared[@]}"
	[ "$status" -eq 0 ] && grep -q '^rebind: reading contents, [0-9]* of 2 mounts' "$work/lines"
	so "a dump that takes longer than a second says how far it is on a terminal"
	[ -z "$(tail -n 1 "$work/lines" | tr -d ' ')" ]
	so "and takes the line away"
	terminal "${restore[@]}" -- /inside exit 0
	[ "$status" -eq 0 ] && grep -Eq '^rebind: (mounting|unpacking contents), [0-9]+ of 9 mounts' "$work/lines"
	so "so does a restore"
	run "${restore[@]}" -- /inside exit 0
	[ "$status" -eq 0 ] && [ ! -s "$work/err" ]
	so "what is no terminal sees nothing of it"
	terminal "$rebind" dump -t "$container" -D "$work/slow2" -L "$work/libs" "${declared[@]}" --json
	[ "$status" -eq 0 ] && ! grep -q 'reading' "$work/out"
	so "nor does a terminal with --json"
	export REBIND_TEST_PLUGIN=good
	rm -r "$work/slow2"/*
	terminal "$rebind" dump -t "$container" -D "$work/slow2" -L "$work/libs" "${declared[@]}"
	[ "$status" -eq 0 ] && [ ! -s "$work/out" ]
	so "nor is anything shown of work that is done at once"
}

cat >"$work/plain" <<-'END'
	1 0 0:1 / / rw - ext4 /dev/sda rw
	2 1 0:3 / /proc rw - proc proc rw
END
tables
terminals
pictures
make_container plug
export REBIND_TEST_PLUGIN=good
dump_container "$container" "$work/img" -L "$work/libs"
strange
large
images
texts
progress
forget "$container"
covered
plugins_slave
finish
