# shellcheck shell=bash disable=SC2034 # the scripts use what is set here
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the scripts in this directory that need privileges have in common. Sourced, with the script's
# own arguments: it runs the script again in namespaces of its own, so that nothing that happens
# there is seen outside, and every process that is left is found.
set -u
export LC_ALL=C
unset NO_COLOR REBIND_PLUGIN_DEBUG

# The limits of the tests are those of a machine of today; an emulated one gets more.
timeout() {
	local seconds=$1
	shift
	command timeout "$((seconds * ${REBIND_TEST_SLOW:-1}))" "$@"
}

script=$(basename "$0")
here=$(cd "$(dirname "$0")" && pwd) || exit 1
build=$(cd "${1:?usage: $script BUILD_DIR}" && pwd) || exit 1
# run-rules has another one in its place, which runs this.
rebind=${REBIND_TEST_COMMAND:-$build/rebind}

if [ ! -x "$rebind" ]; then
	echo "$script: no command at $rebind: build it first" >&2
	exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "$script: needs root" >&2
	exit 1
fi

if [ -z "${REBIND_TEST_WORK-}" ]; then
	REBIND_TEST_WORK=$(mktemp -d "${TMPDIR:-/tmp}/rebind-${script%.sh}.XXXXXX") || exit 1
	# Plugins in it must be out of everybody's reach, sources within that of nobody.
	chmod 755 "$REBIND_TEST_WORK"
	trap 'rm -rf --one-file-system "$REBIND_TEST_WORK"' EXIT
	export REBIND_TEST_WORK
	unshare --mount --pid --fork --kill-child --mount-proc --propagation private "$0" "$build"
	exit
fi

work=$(cd "$REBIND_TEST_WORK" && pwd -P) || exit 1
# For names that others see, of cgroups and abstract sockets: in its pid namespace each script is process 1.
own=${work##*.}
# The plugins that are installed on this machine have no part in it.
[ ! -d "$(cat "$build/plugindir")" ] || mount -t tmpfs -o mode=755 tmpfs "$(cat "$build/plugindir")" || exit 1
cd "$work" || exit 1
passed=0
failed=0
skipped=0
number=0
status=0
: >"$work/err"

# result SENTENCE WHY: WHY is empty if the test passed
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

# What each so() looks for besides: a command that prints what is wrong.
also=:

# so SENTENCE: the command before it was true
so() {
	local was=$?
	result "$1" "$([ "$was" -eq 0 ] || echo "it is not so, exit status $status; the last output was: $(head -c 600 "$work/out" | tr '\n' ' ')")$("$also")"
}

# run COMMAND...: status; out and err. It returns the status, so that so() right behind it fails as the command does.
run() {
	# The outer redirection is for what bash says of a command that a signal ended.
	{ timeout 60 "$@" <"/dev/null" >"$work/out" 2>"$work/err"; } 2>"/dev/null"
	status=$?
	return "$status"
}

# until_so COMMAND...: waits until it is true, 20 seconds at most
until_so() {
	local i
	for ((i = 0; i < 1000 * ${REBIND_TEST_SLOW:-1}; i++)); do
		"$@" && return 0
		pause_for 0.02
	done
	return 1
}

skip() {
	number=$((number + 1))
	skipped=$((skipped + 1))
	echo "ok $number - $1 # SKIP $2"
}

finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

# The readers of mount tables that this kernel has.
readers() {
	"$rebind" check | grep -Eq '^listmount, statmount +ok' && echo statmount
	echo mountinfo
}

# compile NAME FLAG...: a program or plugin of this directory, into $work
compile() {
	local name=$1
	shift
	if ! "${CC:-cc}" -O1 -Wall -I "$here/../../include" -o "$work/$name" "$@"; then
		echo "$script: cannot compile $name" >&2
		exit 1
	fi
}

# listing DIR...: everything that is in it, with kinds, modes, sizes, times
listing() {
	find "$@" -printf '%p %y %m %U:%G %n %s %i %T@ %l\n' | sort
}

# names DIR...: the same without times, which a mountpoint that came and went changes
names() {
	find "$@" -printf '%p %y %m %U:%G %i %l\n' | sort
}

# The processes of the pid namespace, but for this script and those in $known.
known=()
processes() {
	local dir pid line rest
	# "PID (name) state ...": the name may contain anything.
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		[ "$pid" -ne $$ ] || continue
		[[ " ${known[*]} " != *" $pid "* ]] || continue
		{ read -r line <"$dir/stat"; } 2>"/dev/null" || continue
		rest=${line##*) }
		line=${line%)*}
		# Subshells of this script, as the one that asks.
		[ "${line#*(}" != "${script:0:15}" ] || continue
		# What has ended and waits for this script alone, the first process here, which reaps when bash likes to.
		[[ "$rest" != "Z $$ "* ]] || continue
		echo "$line) ${rest%% *}"
	done
}

# no_process: WHY some are left after a moment, or nothing
left_processes() {
	local i left
	for i in 1 2 3 4 5 6 7 8 9 10; do
		left=$(processes)
		[ -n "$left" ] || return 0
		pause_for "0.0$i"
	done
	printf 'a process is left: %s' "$left"
}

# Without a process of its own.
exec {nothing}<> <(:)
pause_for() {
	read -r -t "$1" -u "$nothing" || true
}

# mounts: the mount table of the script's namespace
mounts() {
	cat /proc/self/mountinfo
}

# ---- a container, its image, and what it can be restored with ----

# Everything that is to be found unchanged after a failure.
watched=("$work/new" "$work/src")

# new_root DIR: a root with places for everything that the container has
new_root() {
	rm -rf --one-file-system "$1"
	mkdir -p "$1"/{proc,tmp,shm,vol,etc,ro,plug,deep/er/vol} || exit 1
	: >"$1/etc/conf"
	cp "$work/inside" "$1/inside"
}

# hold VAR COMMAND...: run `inside hold` or the like in the background until it says "ready"
hold() {
	local -n held=$1
	local line='' ready
	shift
	rm -f "$work/ready"
	mkfifo "$work/ready"
	# Open at both ends, so that neither waits for the other to come.
	exec {ready}<> "$work/ready"
	"$@" >"$work/ready" {ready}>&- &
	held=$!
	read -r -t $((20 * ${REBIND_TEST_SLOW:-1})) line <&"$ready"
	exec {ready}>&-
	if [ "$line" != ready ]; then
		echo "$script: a helper did not start: $*" >&2
		exit 1
	fi
	known+=("$held")
}

# forget PID: end a process of hold's
forget() {
	local i
	kill -KILL "$1"
	wait "$1" 2>"/dev/null"
	for i in "${!known[@]}"; do
		[ "${known[i]}" != "$1" ] || unset "known[i]"
	done
}

# The container's own root and volumes are in $work/a, those for the restore in $work/new and src.
# make_container plain | plug: plug with the mount that the plugin claims
make_container() {
	local dir
	compile inside -static "$here/inside.c"
	compile plugin.so -shared -fPIC -Wno-unused-parameter "$here/plugin.c"
	mkdir -p "$work"/a/{vol,ro,deep,plug} "$work"/src/{vol,ro,deep,plug} "$work/libs" || exit 1
	mv "$work/plugin.so" "$work/libs/plugin.so"
	for dir in a src; do
		echo "volume of $dir" >"$work/$dir/vol/file"
		echo "conf of $dir" >"$work/$dir/conf"
		echo "plug of $dir" >"$work/$dir/plug/file"
	done
	new_root "$work/a/root"
	new_root "$work/new"
	cat >"$work/container" <<'END'
set -e
a=$1
cd "$a/root"
mount --bind . .
cd "$a/root"
mount -t proc proc proc
mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs tmp
mkdir tmp/dir
echo data >tmp/dir/file
mount -t tmpfs -o size=1m shm shm
head -c 3000 /dev/urandom >shm/noise
mount --bind "$a/vol" vol
mount --bind "$a/conf" etc/conf
mount --bind "$a/ro" ro
mount -o remount,bind,ro ro
mount --bind "$a/deep" deep/er/vol
[ "$2" != plug ] || mount --bind "$a/plug" plug
exec "$a/root/inside" hold .
END
	hold container unshare --mount --propagation private bash "$work/container" "$work/a" "$1"
}

container=
# What declares the container's volumes, and what restores them.
declared=(--external "mnt[/vol]:vol" --external "mnt[/etc/conf]:conf" --external "mnt[/ro]:ro"
	--external "mnt[/deep/er/vol]:deep")
sources=(--external "mnt[vol]:$work/src/vol" --external "mnt[conf]:$work/src/conf"
	--external "mnt[ro]:$work/src/ro" --external "mnt[deep]:$work/src/deep")

# dump_container PID DIR OPTION...
dump_container() {
	local pid=$1 dir=$2
	shift 2
	mkdir -p "$dir"
	if ! "$rebind" dump -t "$pid" -D "$dir" "${declared[@]}" "$@" 2>"$work/err"; then
		result "the container is dumped" "it is not"
		finish
	fi
}
