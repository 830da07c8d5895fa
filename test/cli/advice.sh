#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a finding says would help is taken at its word: pasted into a shell, it does. Also where the paths and keys are
# such as only a test has.
#
# usage: test/cli/advice.sh BUILD_DIR     (as root)

# shellcheck disable=SC2016,SC2154 # words for another shell; $build is of lib.sh
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

names=("plain" "with space" "it's" '"quoted"' '$HOME `id` $(id)' 'back\slash' $'new\nline' $'tab\there' $'\303\244\302\265'
	$'byte\377' $'esc\033[31m' 'a]:b' '[x]' ';rm -r &|<>*?' '#1' '-n' $'both\'\n"\\134' '%s %n' '!x' $'\302\233')

make_container plain
forget "$container"
{
	echo 'set -e; cd "$1/root"; mount --bind . .; cd "$1/root"; mount -t proc proc proc; shift'
	echo 'for name; do mount --bind ../vol "./odd/$name"; done; exec ./inside hold .'
} >"$work/odd"
for root in a/root new; do
	for name in "${names[@]}"; do mkdir -p "$work/$root/odd/$name"; done
done
hold container unshare --mount --propagation private bash "$work/odd" "$work/a" "${names[@]}"

# What is advised for each of them, of what is on stderr; KEY and SOURCE stand for what the caller has.
advised() {
	sed -n "s/.*; pass \(--external .*\), --external mnt\[\] or a plugin\$/\1/p; s/.*; pass \(--external .*\)\$/\1/p" "$work/err" |
		grep -v 'or a plugin$'
}

"$rebind" dump -t "$container" --dry-run >"/dev/null" 2>"$work/err"
advised | awk '{ sub("]:KEY", "]:key " NR); print }' >"$work/words"
[ "$(wc -l <"$work/words")" -eq ${#names[@]} ]
result "each mount has an advice" "$([ $? -eq 0 ] || echo "there are $(wc -l <"$work/words"), not ${#names[@]}")"
[ -z "$(LC_ALL=C tr -d '\n -~\303\244\302\265' <"$work/err")" ]
result "of which a terminal can see every byte" "$([ $? -eq 0 ] || echo "it cannot")"
mkdir "$work/img"
echo "exec \"\$@\" $(tr '\n' ' ' <"$work/words")" >"$work/pasted"
bash "$work/pasted" "$rebind" dump -t "$container" -D "$work/img" 2>"$work/err"
result "pasted into a shell it is all that a dump needs" "$([ $? -eq 0 ] || echo "it is not")"
# A POSIX shell has no $'...' before 2024; what is printable needs none.
grep -v "\\$'" "$work/words" >"$work/some"
echo "printf '%s\n' $(tr '\n' ' ' <"$work/some")" >"$work/pasted"
[ "$(sh "$work/pasted" | wc -l)" -eq $(($(wc -l <"$work/some") * 2)) ] && [ "$(wc -l <"$work/some")" -gt 10 ]
result "also into a POSIX shell, where they are printable" "$([ $? -eq 0 ] || echo "it is not")"

# Keys are as odd as the names.
declared=()
for name in "${names[@]}"; do declared+=(--external "mnt[/odd/$name]:k ${name//]:/}"); done
rm -r "$work/img"
dump_container "$container" "$work/img"
"$rebind" restore -D "$work/img" --root "$work/new" --dry-run >"/dev/null" 2>"$work/err"
advised | awk -v src="$work/src/vol" '{ sub("]:SOURCE", "]:" src); print }' >"$work/words"
[ "$(wc -l <"$work/words")" -eq ${#names[@]} ]
result "each key that has no source has an advice" "$([ $? -eq 0 ] || echo "there are $(wc -l <"$work/words"), not ${#names[@]}")"
echo "exec \"\$@\" $(tr '\n' ' ' <"$work/words") -- /inside cat '/odd/plain/file' '/odd/it'\\''s/file'" >"$work/pasted"
said=$(bash "$work/pasted" "$rebind" restore -D "$work/img" --root "$work/new" 2>"$work/err")
result "pasted into a shell it is all that a restore needs" "$([ "$said" = $'volume of src\nvolume of src' ] || echo "'$said'")"
forget "$container"

# A copy is advised where the caller has the filesystem mounted, too.
mkdir -p "$work/a/root/odd/it's"
mount -t tmpfs -o size=1m ours "$work/src/deep"
sed -i "s|^for name.*|mount --bind '$work/src/deep' \"./odd/it's\"; exec ./inside hold .|; s|^set -e;.*shift|set -e; cd \"\$1/root\"; mount --bind . .; cd \"\$1/root\"; mount -t proc proc proc|" \
	"$work/odd"
sed -i '2s/^done; //' "$work/odd"
hold container unshare --mount --propagation private bash "$work/odd" "$work/a"
"$rebind" dump -t "$container" --dry-run >"/dev/null" 2>"$work/err"
words=$(sed -n 's/.*, or \(--copy .*\) to take a copy$/\1/p' "$work/err")
mkdir "$work/copy"
echo "exec \"\$@\" $words" >"$work/pasted"
sh "$work/pasted" "$rebind" dump -t "$container" -D "$work/copy" 2>"$work/err"
result "so is the advice to copy" "$([ $? -eq 0 ] && [ -n "$words" ] || echo "$words")"
forget "$container"
umount "$work/src/deep"

# Several findings about a mount have the same help: it is said once, and pasted as often as one likes.
{
	echo 'set -e; mkdir "$1/layers"; cd "$1/layers"; mkdir a b up work; cd "$1/root"; mount --bind . .; cd "$1/root"'
	echo 'mount -t proc proc proc; mount -t overlay -o lowerdir="$1/layers/a:$1/layers/b,upperdir=$1/layers/up,workdir=$1/layers/work" over vol'
	echo 'mount -t mqueue q shm; exec ./inside hold .'
} >"$work/odd"
hold container unshare --mount --ipc --net --propagation private bash "$work/odd" "$work/a"
"$rebind" dump -t "$container" --dry-run >"/dev/null" 2>"$work/err"
[ "$(grep -c "its overlay layer" "$work/err")" -eq 4 ] && [ "$(grep -c "pass --external 'mnt\[/vol\]:KEY'" "$work/err")" -eq 1 ]
result "advice for four layers of an overlay is given once" "$([ $? -eq 0 ] || echo "it is not")"
"$rebind" dump -t "$container" --dry-run --json 2>"/dev/null" | jq -r '.findings[].help | sub("^pass "; "") | sub("KEY"; "layers")' >"$work/words"
mkdir "$work/overlay"
echo "exec \"\$@\" $(tr '\n' ' ' <"$work/words")" >"$work/pasted"
sh "$work/pasted" "$rebind" dump -t "$container" -D "$work/overlay" 2>"$work/err"
result "pasted four times it helps as well" "$([ $? -eq 0 ] && [ "$(wc -l <"$work/words")" -eq 4 ] || cat "$work/words")"
forget "$container"
finish
