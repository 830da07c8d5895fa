#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Root without one of its capabilities: either it is not needed, or which one is missing and for what is said in one
# line, before anything is done, and nothing is left.
#
# usage: test/cli/capabilities.sh BUILD_DIR     (as root)

# shellcheck disable=SC2154 # $build is of lib.sh
# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# run_without CAPABILITY[,CAPABILITY] COMMAND...: status; out and err
run_without() {
	local drop=-${1//,/,-}
	shift
	timeout 20 setpriv --bounding-set "$drop" --inh-caps "$drop" "$@" <"/dev/null" >"$work/out" 2>"$work/err"
	status=$?
}

# refused SENTENCE STATUS CAPABILITY REGEX COMMAND...: one line, with the capability and the REGEX
refused() {
	local sentence=$1 want=$2 cap=$3 regex=$4 why=
	shift 4
	run_without "$cap" "$@"
	if [ "$status" -ne "$want" ]; then
		why="exit status $status, not $want"
	elif [ "$(wc -l <"$work/err")" -ne 1 ] || ! grep -qE "cap_${cap%%,*}.*$regex|$regex.*cap_${cap%%,*}" "$work/err"; then
		why="it is not one line about cap_${cap%%,*} and '$regex'"
	elif [ "$(names "$work/new" "$work/src")" != "$untouched" ]; then
		why="something was made"
	fi
	result "$sentence" "$why$(left_processes)"
}

# works SENTENCE CAPABILITY COMMAND...
works() {
	local sentence=$1
	run_without "$2" "${@:3}"
	result "$sentence" "$([ "$status" -eq 0 ] || echo "exit status $status")$(left_processes)"
}

dump() {
	rm -rf "$work/again"
	mkdir "$work/again"
	"$@" -D "$work/again"
}

# A container whose tmpfs has what each of the capabilities is for.
make_container plain
files=/proc/$container/root/tmp/dir
echo x >"$files/owned"
cp "$work/inside" "$files/privileged"
chown 1000:1001 "$files/owned"
chmod 6755 "$files/owned"
mkdir -m 0 "$files/closed"
chown 1002 "$files/closed"
echo y >"$files/closed/file"
chmod 0 "$files/closed/file"
chown 1003 "$files/closed/file"
dump_container "$container" "$work/plain.img"
mknod "$files/null" c 1 3
dump_container "$container" "$work/device.img"
rm "$files/null"
setcap cap_net_raw+ep "$files/privileged"
dump_container "$container" "$work/filecap.img"
setcap -r "$files/privileged"
chattr +a "$files/owned" 2>"$work/err" && dump_container "$container" "$work/flags.img" && chattr -a "$files/owned"
untouched=$(names "$work/new" "$work/src")

dump=("$rebind" dump -t "$container" "${declared[@]}")
restore=("$rebind" restore --root "$work/new" "${sources[@]}")
run=(-- /inside exit 0)
plain=("${restore[@]}" -D "$work/plain.img")

dump refused "a dump without cap_sys_admin" 1 sys_admin "root" "${dump[@]}"
dump refused "without cap_sys_chroot" 1 sys_chroot "is needed to enter a mount namespace" "${dump[@]}"
dump refused "of a process with more capabilities, without cap_sys_ptrace" 1 sys_ptrace "cannot open the mount namespace" "${dump[@]}"
dump works "without cap_dac_read_search, as cap_dac_override is enough" dac_read_search "${dump[@]}"
dump works "and the other way round" dac_override "${dump[@]}"
dump refused "but with neither files cannot be read" 1 dac_read_search,dac_override "is needed to read files" "${dump[@]}"
[ -z "$(ls "$work/again")" ]
result "and nothing is written" "$([ $? -eq 0 ] || echo "there is $(ls "$work/again")")"
for cap in chown fowner fsetid mknod setfcap setuid setgid; do
	dump works "a dump needs no cap_$cap" $cap "${dump[@]}"
done

refused "a restore without cap_sys_admin" 125 sys_admin "root" "${plain[@]}" "${run[@]}"
refused "without cap_sys_chroot" 125 sys_chroot "change its root" "${plain[@]}" "${run[@]}"
refused "without cap_sys_ptrace" 125 sys_ptrace "open the namespaces" "${plain[@]}" "${run[@]}"
refused "of files, without cap_chown" 125 chown "owners" "${plain[@]}" "${run[@]}"
refused "without cap_fowner" 125 fowner "modes and times" "${plain[@]}" "${run[@]}"
refused "without cap_fsetid, when setgid modes would be lost" 125 fsetid "setgid" "${plain[@]}" "${run[@]}"
refused "without cap_dac_override" 125 dac_override "create files" "${plain[@]}" "${run[@]}"
refused "of devices, without cap_mknod" 125 mknod "create device nodes" "${restore[@]}" -D "$work/device.img" "${run[@]}"
refused "of file capabilities, without cap_setfcap" 125 setfcap "restore file capabilities" \
	"${restore[@]}" -D "$work/filecap.img" "${run[@]}"
if [ -e "$work/flags.img/inventory.img" ]; then
	refused "of append-only files, without cap_linux_immutable" 125 linux_immutable "immutable" \
		"${restore[@]}" -D "$work/flags.img" "${run[@]}"
else
	skip "of append-only files, without cap_linux_immutable" "tmpfs has no inode flags here (before Linux 6.6): $(tail -1 "$work/err")"
fi
for cap in setuid setgid setfcap; do
	refused "in a new user namespace without cap_$cap" 125 $cap "user namespace" "${plain[@]}" --new-ns user "${run[@]}"
	works "without one it is not needed" $cap "${plain[@]}" "${run[@]}"
done
for cap in mknod dac_read_search; do
	works "a restore needs no cap_$cap where there is nothing of the kind" $cap "${plain[@]}" "${run[@]}"
done
run_without chown,fowner,fsetid "${plain[@]}" "${run[@]}"
result "of several each is named" "$([ "$status" -eq 125 ] && [ "$(grep -cE 'cap_(chown|fowner|fsetid) is missing' "$work/err")" -eq 3 ] ||
	echo "exit status $status")"
run_without chown "${plain[@]}" --dry-run --json
result "a dry run says so too, as JSON" "$([ "$status" -eq 1 ] && grep -q '"code": "capability"' "$work/out" || echo "exit status $status")"
refused "show without cap_sys_chroot" 1 sys_chroot "cannot read the mount namespace" "$rebind" show "$container"
refused "without cap_sys_ptrace" 1 sys_ptrace "cannot open the mount namespace" "$rebind" show "$container"
works "of an image it needs none of them" sys_admin,sys_chroot,sys_ptrace,chown "$rebind" show "$work/plain.img"
forget "$container"
finish
