#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The command line: what is wrong with it is said in one sentence, with the right exit status, and
# nothing is done. Needs no privileges.
#
# usage: test/cli/options.sh BUILD_DIR
set -u

build=${1:?usage: options.sh BUILD_DIR}
rebind=$build/rebind
passed=0
failed=0
skipped=0
number=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# Nothing of the caller's configuration may matter.
unset NO_COLOR
export CRIU_LIBS_DIR=$work/plugins
mkdir "$CRIU_LIBS_DIR"
export LC_ALL=C

if [ ! -x "$rebind" ]; then
	echo "options.sh: no command at $rebind: build it first" >&2
	exit 1
fi

# result NAME WHY: WHY is empty if the test passed
result() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		passed=$((passed + 1))
		echo "ok $number - $1"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $number - $1"
	echo "# $2"
	sed 's/^/# stderr: /' "$work/err"
}

skip() {
	number=$((number + 1))
	skipped=$((skipped + 1))
	echo "ok $number - $1 # SKIP $2"
}

# run ARG...: not on a terminal; status, and out and err in $work
run() {
	timeout 20 "$rebind" "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
}

# says NAME STATUS REGEX ARG...: one line on stderr, nothing on stdout
says() {
	local name=$1 want=$2 regex=$3 why=
	shift 3
	run "$@"
	if [ "$status" -ne "$want" ]; then
		why="exit status $status, not $want"
	elif [ "$(wc -l <"$work/err")" -ne 1 ]; then
		why="stderr is not one line"
	elif ! grep -Eq -- "$regex" "$work/err"; then
		why="stderr does not match /$regex/"
	elif [ -s "$work/out" ]; then
		why="stdout is not empty"
	fi
	result "$name" "$why"
}

# prints NAME REGEX ARG...: exit 0, text on stdout, nothing on stderr
prints() {
	local name=$1 regex=$2 why=
	shift 2
	run "$@"
	if [ "$status" -ne 0 ]; then
		why="exit status $status, not 0"
	elif [ -s "$work/err" ]; then
		why="stderr is not empty"
	elif ! grep -Eq -- "$regex" "$work/out"; then
		why="stdout does not match /$regex/"
	fi
	result "$name" "$why"
}

# fails NAME STATUS ARG...: something on stderr, and this status
fails() {
	local name=$1 want=$2 why=
	shift 2
	run "$@"
	if [ "$status" -ne "$want" ]; then
		why="exit status $status, not $want"
	elif [ ! -s "$work/err" ]; then
		why="stderr is empty"
	fi
	result "$name" "$why"
}

absent() {
	if [ -e "$2" ]; then
		result "$1" "$2 exists"
	else
		result "$1" ""
	fi
}

image=$work/image # holds no image
mkdir "$image" || exit 1

help_and_version() {
	local verb
	prints "--help prints the verbs" '^ +restore ' --help
	prints "-h is --help" '^usage: rebind ' -h
	prints "--version prints a version" '^rebind [0-9]+\.[0-9]+' --version
	for verb in check dump restore show diff plugin; do
		prints "$verb --help prints its options" "^usage: rebind $verb" "$verb" --help
	done
	prints "--help counts also behind other options" '^usage: rebind dump' dump -t 1 --help
	run restore --help
	if grep -Eq -- '--reader' "$work/out"; then
		result "help lists no hidden option" "it does"
	else
		result "help lists no hidden option" ""
	fi
}

verbs() {
	says "no verb is a usage error" 2 'a verb is missing'
	says "an unknown verb is named" 2 "unknown verb 'dmup'" dmup
	says "an option before the verb is named" 2 "unknown option '-v' before the verb" -v dump
	says "a verb with an escape sequence is printed without it" 2 "unknown verb '.033" $'\033[31m'
	says "plugin needs a word" 2 'list or test is missing' plugin
	says "plugin refuses an unknown word" 2 "unknown word 'lost'" plugin lost
}

syntax() {
	says "an unknown long option is named" 2 "unknown option '--foo'" dump --foo=1
	says "an unknown short option is named" 2 "unknown option '-q'" dump -q
	says "an abbreviated option is unknown" 2 "unknown option '--exter'" dump --exter x
	says "an option of another verb is unknown" 2 "unknown option '--pin'" dump --pin x
	says "a value for a flag is refused" 2 '--dry-run takes no value' dump --dry-run=1
	says "a missing value is named" 2 '--images-dir needs DIR' dump -t 1 -D
	says "a missing value of a long option is named" 2 '--root needs PATH' restore --root
	says "an empty value is refused" 2 '--images-dir needs DIR, not an empty' dump -D ''
	says "an option with one value has not two" 125 "--root is given twice, with '/' and '/tmp'" \
		restore -D "$image" -r / --root /tmp -- true
	says "the same value twice, as advice is pasted, is no mistake" 125 'inventory.img' \
		restore -D "$image" -r / --root / --sharing slave --sharing slave -- true
	says "--ns-id is for an image" 2 "--ns-id chooses a namespace of an image" show --ns-id 3 1
	says "a mistyped verb of criu is named" 2 "unknown verb 'dmp': give dump or restore" criu dmp
	says "a directory without -D is told where it belongs" 2 "did you mean -D $image" dump -t 1 "$image"
	says "a stray word is named" 2 "unexpected argument 'x'" dump -t 1 -D "$image" x
	says "a stray word of check is named" 2 "unexpected argument 'x'" check x
	says "a log level out of range is refused" 2 "level from 0 to 4, not '5'" check -v5
	says "a log level that is no number is refused" 2 "level from 0 to 4, not 'vx'" check -vvx
	says "an empty filesystem name is refused" 2 "--enable-fs takes" \
		dump -t 1 -D "$image" --enable-fs bpf,,tracefs
}

dump_options() {
	says "dump needs a namespace" 2 'give -t PID or --mntns FILE' dump -D "$image"
	says "dump takes one namespace" 2 'give one of them' dump -t 1 --mntns x -D "$image"
	says "dump needs a directory" 2 'give -D DIR' dump -t 1
	says "a pid is a number" 2 "--tree takes a number from 1 to [0-9]+, not 'x1'" \
		dump -t x1 -D "$image"
	says "a pid is not 0" 2 "--tree takes a number" dump -t 0 -D "$image"
	says "a pid is not negative" 2 "--tree takes a number" dump -t -1 -D "$image"
	says "a pid is not larger than one can be" 2 "--tree takes a number" \
		dump -t 99999999999 -D "$image"
	says "a plugin's time is not 0" 2 "--plugin-timeout takes a number" \
		dump -t 1 -D "$image" --plugin-timeout 0
	says "the older word needs a colon" 2 "--ext-mount-map takes KEY:VALUE or auto, not 'x'" \
		dump -t 1 -D "$image" --ext-mount-map x
	says "the older word needs a key" 2 "--ext-mount-map takes" \
		dump -t 1 -D "$image" --ext-mount-map :x
	says "a reader is one of two" 2 "--reader takes" dump -t 1 -D "$image" --reader x
	says "a positional pid is answered with the option" 2 "did you mean -t 4711\?" dump 4711 -D "$image"
}

restore_options() {
	says "restore needs an image" 125 'give -D DIR' restore -- true
	says "sharing is one of three" 125 "--sharing takes strict\|slave\|private, not 'x'" \
		restore -D "$image" --sharing x -- true
	says "premount has one word" 125 "--premount takes existing" \
		restore -D "$image" --premount x -- true
	says "a namespace id is a number" 125 "--ns-id takes a number" \
		restore -D "$image" --ns-id x -- true
	says "the older words for masters need auto" 125 'needs --ext-mount-map auto' \
		restore -D "$image" --enable-external-masters -- true
	says "inherit-fd has a form" 125 '--inherit-fd takes fd\[N\]' \
		restore -D "$image" --inherit-fd 'mnt[key]' -- true
	says "inherit-fd needs a key" 125 '--inherit-fd takes fd\[N\]' \
		restore -D "$image" --inherit-fd 'fd[0]:mnt[]' -- true
	says "inherit-fd needs a number" 125 '--inherit-fd takes fd\[N\]' \
		restore -D "$image" --inherit-fd 'fd[x]:mnt[key]' -- true
	says "inherit-fd needs an open descriptor" 125 'descriptor 987 of --inherit-fd is not open' \
		restore -D "$image" --inherit-fd 'fd[987]:mnt[key]' -- true
}

endings() {
	says "two endings are refused" 2 'give one of them' \
		restore -D "$image" --pin "$work/pin" --pidfile "$work/pid"
	says "an ending and a command are refused" 125 'give one of them' \
		restore -D "$image" --send-fd 0 -- true
	says "without a terminal an ending is needed" 2 'give --pin FILE, --pin-dir DIR, --pidfile FILE' \
		restore -D "$image"
	says "a command comes after dashes" 2 "unexpected argument 'true' .a command comes after" \
		restore -D "$image" true
	says "dashes need a command" 2 "a command is missing after '--'" restore -D "$image" --
	says "dashes can be a value" 2 'give --pin FILE' restore -D --
	says "send-fd is a number" 2 "--send-fd takes a number from 0 to [0-9]+, not 'x'" \
		restore -D "$image" --send-fd x
	says "send-fd is not negative" 2 "--send-fd takes a number" restore -D "$image" --send-fd=-1
	says "send-fd is open" 2 'descriptor 987 of --send-fd is not open' \
		restore -D "$image" --send-fd 987
	says "send-fd is a socket" 2 'descriptor 0 of --send-fd is not an AF_UNIX socket' \
		restore -D "$image" --send-fd 0
	says "a pidfile needs a directory" 1 "cannot create the file '.*/none/x' of --pidfile" \
		restore -D "$image" --pidfile "$work/none/x"
	says "a pidfile is not a directory" 1 "of --pidfile: Is a directory" \
		restore -D "$image" --pidfile "$work"
	says "a pin needs a directory" 1 "cannot create the file '.*/none/x' of --pin" \
		restore -D "$image" --pin "$work/none/x"
	says "a pin is not a directory" 1 "of --pin: Is a directory" restore -D "$image" --pin "$work"
	absent "what was refused made no pidfile" "$work/pid"
	absent "what was refused made no pin" "$work/pin"
}

compare_options() {
	says "show takes one namespace" 2 "unexpected argument '2'" show 1 2
	says "diff needs two namespaces" 2 'the second namespace is missing' diff 1
	says "diff takes two namespaces" 2 "unexpected argument '3'" diff 1 2 3
}

# script(1) gives a terminal: a shell is what follows, so the failure is one of a command.
terminal() {
	if ! command -v script >/dev/null; then
		skip "on a terminal no ending means a shell" "no script(1)"
		return
	fi
	timeout 20 script -qec "'$rebind' restore -D '$image'" /dev/null \
		<"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
	if [ "$status" -eq 125 ]; then
		result "on a terminal no ending means a shell" ""
	else
		result "on a terminal no ending means a shell" "exit status $status"
	fi
}

# What the library refuses: the status, and that nothing is left.
failures() {
	fails "dump of a pid that is gone fails" 1 dump -t 2147483647 -D "$image"
	fails "dump into a directory that does not exist fails" 1 dump -t 1 -D "$work/none"
	fails "restore of no image fails" 1 restore -D "$image" --pin "$work/pin"
	absent "a failed restore leaves no pin" "$work/pin"
	fails "restore of no image with a pidfile fails" 1 \
		restore -D "$image" --pidfile "$work/pid"
	absent "a failed restore leaves no pidfile" "$work/pid"
	fails "restore of no image with a command is 125" 125 restore -D "$image" -- true
	fails "show of nothing fails" 1 show "$work/none"
	fails "diff of nothing is 2" 2 diff "$work/none" "$image"
	says "a log file that cannot be opened is named" 1 "cannot open the log file" \
		check -o "$work/none/log"
	echo 17 >"$work/pid"
	run restore -D "$image" --pidfile "$work/pid"
	if [ "$(cat "$work/pid")" = 17 ]; then
		result "a failed restore keeps a pidfile that was there" ""
	else
		result "a failed restore keeps a pidfile that was there" "it was changed"
	fi
	run restore -D "$image" --json --pin "$work/pin"
	if ! command -v python3 >/dev/null; then
		skip "a failure is JSON with --json" "no python3"
	elif python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)["ok"])' <"$work/out"; then
		result "a failure is JSON with --json" ""
	else
		result "a failure is JSON with --json" "stdout is not"
	fi
}

# json SENTENCE STATUS FILTER ARG...: one document on stdout, of which the jq FILTER is true
json() {
	local name=$1 want=$2 filter=$3 why=
	shift 3
	run "$@"
	if [ "$status" -ne "$want" ]; then
		why="exit status $status, not $want"
	elif ! jq -se "length == 1 and (.[0] | $filter)" <"$work/out" >"/dev/null" 2>&1; then
		why="not a document with $filter: $(tr '\n' ' ' <"$work/out" | head -c 300)"
	fi
	result "$name" "$why"
}

documents() {
	local refused='(.ok == false) and (.findings == []) and (.errors | length == 1)'

	if ! command -v jq >"/dev/null"; then
		skip "documents of --json" "no jq"
		return
	fi
	json "a pin in no directory is JSON" 1 "$refused and (.errors[0] | contains(\"--pin\")) and .verb == \"restore\"" \
		restore -D "$work" --json --pin "$work/nodir/x"
	json "a pidfile in none" 1 "$refused and (.errors[0] | contains(\"--pidfile\"))" restore -D "$work" --json --pidfile "$work/nodir/x"
	json "a log file that cannot be opened" 1 "$refused and (.errors[0] | contains(\"log file\"))" \
		restore -D "$work" --json --pin "$work/pin" -o "$work/nodir/x"
	json "of dump, too" 1 "$refused and .verb == \"dump\"" dump -t $$ -D "$work" --json -o "$work/nodir/x"
	json "of check" 1 "$refused and .verb == \"check\"" check --json -o "$work/nodir/x"
	json "a usage error" 2 "$refused" restore --json --pin "$work/pin"
	json "an option that is not there" 2 "$refused and .verb == \"dump\"" dump --nothing --json
	json "two endings" 2 "$refused" restore -D "$work" --json --pin a --pidfile b
	json "a descriptor that is not open" 2 "$refused" restore -D "$work" --json --pin a --inherit-fd 'fd[99]:mnt[x]'
	json "a word too many" 2 "$refused and .verb == \"show\"" show --json a b
	json "in diff" 2 "$refused and .verb == \"diff\"" diff --json a
	json "what cannot be opened" 1 '.ok == false and .verb == "show" and (.errors | length == 1)' show --json "$work/nothing"
	json "a file that is no mountinfo" 1 '.ok == false and (.findings | length == 1)' show --json /dev/null
	json "a plugin directory that is not there" 1 '.ok == false and .verb == "plugin list" and .plugins == [] and (.errors | length == 1)' \
		plugin list --json -L "$work/nothing"
	json "plugin list has its plugins" 0 '.ok and .verb == "plugin list" and (.plugins | type == "array")' plugin list --json
	json "show has its mounts" 0 '.ok and .verb == "show" and (.mounts | length > 0)' show --json $$
	json "diff whether they are equal" 0 '.ok and .verb == "diff" and .equal and .differences == []' diff --json $$ $$
	run check --json
	json "check its probes" "$status" ".verb == \"check\" and .ok == $([ "$status" -eq 0 ] && echo true || echo false) and (.probes | length > 10)" \
		check --json
	run restore --pin "$work/pin"
	result "without --json there is none" "$([ ! -s "$work/out" ] || echo "there is")"
}

own_namespace() {
	prints "show prints a tree" '^/ ' show /proc/self/mountinfo
	run diff $$ $$
	if [ "$status" -eq 0 ] && [ ! -s "$work/out" ]; then
		result "a namespace equals itself" ""
	else
		result "a namespace equals itself" "exit status $status"
	fi
	if [ -w /dev/full ]; then
		"$rebind" --help >/dev/full 2>"$work/err"
		status=$?
		if [ "$status" -eq 1 ]; then
			result "output that is lost is an error" ""
		else
			result "output that is lost is an error" "exit status $status"
		fi
	else
		skip "output that is lost is an error" "no /dev/full"
	fi
	"$rebind" show $$ >&- 2>"$work/err"
	status=$?
	result "so is output for which there is no descriptor" \
		"$([ "$status" -eq 1 ] && [ "$(wc -l <"$work/err")" -eq 1 ] || echo "exit status $status")"
	"$rebind" diff $$ $$ >&- 2>"$work/err"
	status=$?
	result "where nothing is to be printed it does not matter" "$([ "$status" -eq 0 ] || echo "exit status $status")"
}

help_and_version
verbs
syntax
dump_options
restore_options
endings
compare_options
terminal
failures
documents
own_namespace

echo "1..$number"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
