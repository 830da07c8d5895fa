#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Formats registered in a user namespace's binfmt_misc: what is shown of them and compared, and where they are not
# restored, or not even looked for.
#
# usage: test/cli/formats.sh BUILD_DIR     (as root)

# shellcheck disable=SC2154 # $container of hold, $build of lib.sh
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# says SENTENCE STATUS TEXT COMMAND...: these lines, on stdout or stderr
says() {
	local sentence=$1 want=$2 text=$3 why=
	shift 3
	run "$@"
	cat "$work/err" >>"$work/out"
	[ "$status" -eq "$want" ] || why="exit status $status, not $want; "
	[ "$(cat "$work/out")" = "$text" ] || why+="it says: $(head -c 900 "$work/out")"
	result "$sentence" "$why"
}

# refuses SENTENCE WORDS COMMAND...: exit 1, one line, with these words
refuses() {
	local sentence=$1 words=$2 why=
	shift 2
	run "$@"
	[ "$status" -eq 1 ] || why="exit status $status, not 1; "
	[ "$(wc -l <"$work/err")" -eq 1 ] || why+="not one line; "
	grep -qF -- "$words" "$work/err" || why+="it does not say '$words'"
	result "$sentence" "$why"
}

# user_namespace VAR: a process of new namespaces, whose ids are the host's
user_namespace() {
	hold "$1" unshare --user --map-root-user --mount --net --ipc bash -c 'echo ready; exec sleep 600'
}

# The namespace of a container with a binfmt_misc, and with a file in a tmpfs.
container() {
	local owner
	user_namespace owner
	hold "$1" nsenter --target "$owner" --user --mount --net --ipc bash -e "$work/build" "$work/root"
}

# formats PID SCRIPT: something done to them
formats() {
	nsenter --target "$1" --user --mount --root /bin/busybox sh -e -c "cd /formats; $2"
}

mkdir -p root/{bin,formats,tmp,huge,proc} new/{bin,formats,tmp,huge,proc} img copy broken
cp "$(command -v busybox)" root/bin/busybox
cat >build <<'END'
cd "$1"
mount --bind . .
cd "$1"
mount -t tmpfs -o size=1m files tmp
echo kept >tmp/file
mount -t binfmt_misc formats formats 2>"/dev/null" || { echo none; exit; }
mkdir tmp/old
/usr/sbin/pivot_root . tmp/old
/bin/busybox umount -l /tmp/old
/bin/busybox rmdir /tmp/old
echo ready
exec /bin/busybox sleep 600
END
# Linux before 6.7 has one of the host's only.
if ! unshare --user --map-root-user --mount mount -t binfmt_misc none "$work/new/formats" 2>"$work/err"; then
	skip "formats of a user namespace" "this kernel has no binfmt_misc of user namespaces: $(tail -1 "$work/err")"
	finish
fi
# register PID FLAGS SCRIPT: these two, whatever was there; and what else is done then
register() {
	formats "$1" 'for file in one two; do [ ! -e $file ] || echo -1 >$file; done
		echo ":one:E::1::/bin/one:'"$2"'" >register; echo ":two:M:2:\\x7f:\\x7f:/bin/two:" >register'"; $3"
}

container one
register "$one" OC 'echo 0 >two'
container two
register "$two" OC 'echo 0 >two'

# ---- shown and compared ----

one_text='enabled, extension 1, interpreter /bin/one, flags OC'
two_text='disabled, magic 7f at 2, mask 7f, interpreter /bin/two'
"$rebind" dump -t "$one" -D img 2>err
result "they are kept" "$([ $? -eq 0 ] || echo "they are not")"
says "an image has what the namespace has" 0 '' "$rebind" diff "$one" img
says "two namespaces can have the same" 0 '' "$rebind" diff "$one" "$two"
for what in "$one" img; do
	"$rebind" show "$what" 2>err | grep ' formats .*,formats:2$' >out
	result "how many they are is shown of ${what//[0-9]*/a process}" "$([ -s out ] || echo "it is not")"
	said=$("$rebind" show --json "$what" 2>err | jq -cS '.mounts[] | select(.fstype == "binfmt_misc").formats')
	result "so are they, for programs" "$([ "$said" = '[{"enabled":true,"extension":"1","flags":"OC","interpreter":"/bin/one","name":"one"},{"enabled":false,"flags":"","interpreter":"/bin/two","magic":"7f","mask":"7f","name":"two","offset":2}]' ] ||
		echo "$said")"
done
formats "$two" 'echo -1 >one'
says "one that is missing is a difference, between processes" 1 "/formats/one: format: $one_text | -" "$rebind" diff "$one" "$two"
says "and between a process and an image" 1 "/formats/one: format: - | $one_text" "$rebind" diff "$two" img
says "also with the mount table's text" 1 "/formats/one: format: - | $one_text" "$rebind" diff --reader mountinfo "$two" img
register "$two" OC ''
says "one that is enabled is a difference" 1 \
	"/formats/two: format: $two_text | enabled${two_text#disabled}" "$rebind" diff img "$two"
register "$two" O 'echo 0 >two'
"$rebind" dump -t "$two" -D copy 2>err
says "other flags are one, between images" 1 "/formats/one: format: $one_text | ${one_text%C}" "$rebind" diff img copy
register "$two" OC 'echo 0 >two; echo 0 >status'
says "the switch for all is one" 1 '/formats: formats: enabled | disabled' "$rebind" diff img "$two"
"$rebind" show "$two" 2>err | grep ' formats .*,formats:2,formats:off$' >out
result "it is shown" "$([ -s out ] || echo "it is not")"
said=$("$rebind" show --json "$two" 2>err | jq -c '.mounts[] | select(.fstype == "binfmt_misc").formats_disabled')
result "also for programs" "$([ "$said" = true ] || echo "$said")"
formats "$two" 'echo 1 >status; echo -1 >one; echo ":one:E::1::/bin/one:OC" >register'
says "another order is one" 1 '/formats: order of formats: number 1 is two | number 1 is one' "$rebind" diff img "$two"
cat "/proc/$one/mountinfo" >table
run "$rebind" diff "$one" table
result "a saved mountinfo does not tell of them, and that is said" \
	"$([ "$status" -eq 0 ] && grep -q 'does not tell: .*the formats registered with binfmt_misc' err || echo "exit status $status")"

# ---- restored, or not ----

refuses "without a user namespace they would be the caller's" \
	"formats are registered in it, which belong to a user namespace of its own, and would be the caller's; pass --new-ns user or --join-ns user:PID" \
	"$rebind" restore -D img --root new --pidfile pid
run "$rebind" restore -D img --root new --new-ns user --pidfile pid
why=
if [ "$status" -eq 0 ]; then
	known+=("$(cat pid)")
	"$rebind" diff --contents img "$(cat pid)" >>err 2>&1 || why="they differ"
	kill -KILL "$(cat pid)"
else
	why="exit status $status"
fi
result "in a new one they are registered" "$why"
# The archive of the tmpfs would be another reason, if anybody had come to it.
cp img/* broken
for file in broken/tmpfs-dev-*; do echo >"$file"; done
user_namespace owner
for theirs in "" theirs; do
	hold holder nsenter --target "$owner" --user unshare --mount bash -c 'mount -t binfmt_misc none "$1"
		[ -z "$2" ] || echo ":$2:E::t::/t:" >"$1/register"
		echo ready; exec sleep 600' - "$work/new/formats" "$theirs"
	refuses "nothing is added to ${theirs:-an empty one}, which others have mounted, nor anything else built" \
		"others have the binfmt_misc of this user namespace mounted, and would keep what is put into it" \
		"$rebind" restore -D broken --root new --join-ns "user:$owner" --pidfile pid
	result "what is in it is as it was" "$(nsenter --target "$holder" --user --mount ls "$work/new/formats" | tr '\n' ' ' | grep -vx "register status ${theirs:+theirs }")"
	forget "$holder"
done
cp root/bin/busybox new/bin/busybox
for command in /missing /bin/busybox; do
	run "$rebind" restore -D img --root new --join-ns "user:$owner" -- "$command" true
	result "$command: where nobody has it mounted they are registered, and go with the mount" \
		"$([ "$status" -eq "$([ "$command" = /missing ] && echo 127 || echo 0)" ] || echo "exit status $status")"
done

# ---- not looked for, or not to be seen ----

compile deny "$here/deny.c"
rm -rf copy
mkdir copy
refuses "what cannot be listed is not taken for empty" "; pass --external 'mnt[/formats]:KEY'" \
	"$work/deny" EPERM getdents64 "$rebind" dump -t "$one" --dry-run
result "and it is said of what" "$(grep -q "/formats (mount [0-9]*): whether the binfmt_misc holds anything, which would be lost, cannot be seen" err || echo "it is not")"

# The caller's own, which the caller has not mounted. In a user namespace, as the host's is nobody's to change.
cat >own <<'END'
mount --make-rprivate /
cd "$2"
mount -t tmpfs tmp tmp
mkdir -p tmp/formats tmp/proc tmp/bin
cp bin/busybox tmp/bin/busybox
unshare --mount --propagation private bash -e -c '
	mount -t binfmt_misc formats tmp/formats
	echo ":mine:E::m::/bin/m:" >tmp/formats/register
	cd tmp
	/usr/sbin/pivot_root . proc
	/bin/busybox umount -l /proc
	echo ready
	exec /bin/busybox sleep 600' >"$3/said" &
pid=$!
read -r -t $((20 * ${REBIND_TEST_SLOW:-1})) line <"$3/said" && [ "$line" = ready ]
mkdir tmp/img
"$1" dump -t $pid -D tmp/img
"$1" show --json tmp/img | jq -c '[.mounts[].formats]'
"$1" diff $pid tmp/img
kill $pid
END
mkfifo said
run unshare --user --map-root-user --mount --pid --fork --kill-child --mount-proc bash -e own "$rebind" "$work/root" "$work"
result "those of the caller's own user namespace are not the container's" \
	"$([ "$status" -eq 0 ] && [ "$(cat out)" = '[null,null]' ] || echo "exit status $status, $(cat out)")"
finish
