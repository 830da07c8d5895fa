#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is large costs in proportion, and what is too much is refused before it costs: by a sentence that names the limit.
#
# usage: test/cli/bounds.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"

make_container plain
dump_container "$container" "$work/img"
with=("$rebind" restore --root "$work/new" "${sources[@]}")

# says REGEX; failed
says() {
	grep -qE -- "$1" "$work/err" || echo "it does not say '$1': $(head -c 300 "$work/err"); "
}
failed() {
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ] || echo "exit status $status; "
}
exits() {
	[ "$status" -eq "$1" ] || echo "exit status $status, not $1; "
}
# ---- records ----

# repeat N IMAGE: the image with the record of its first mount N times
repeat() {
	cp -r "$work/img" "$2"
	python3 - "$1" "$2"/mountpoints-1.img <<'END'
import struct, sys
count, path = int(sys.argv[1]), sys.argv[2]
data = open(path, "rb").read()
size = struct.unpack("<I", data[8:12])[0]
with open(path, "wb") as out:
    out.write(data[:8] + data[8:12 + size] * count + data[12 + size:])
END
}

# peak COMMAND...: in KiB, into $peak; what it says into err
peak() {
	peak=$(python3 - "$@" 2>"$work/err" <<'END'
import os, resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, timeout=60 * int(os.environ.get("REBIND_TEST_SLOW", "1")))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END
	)
}

max=$(</proc/sys/fs/mount-max)
if [ "$max" -le 200000 ]; then
	peak "${with[@]}" -D "$work/img" --dry-run
	before=$peak
	repeat $((max + 5)) "$work/img-many"
	peak "${with[@]}" -D "$work/img-many" --dry-run
	result "more records than a namespace may have mounts are counted, not read" "$(
		says "mountpoints-1.img has more records than fs.mount-max lets one namespace have \\($max\\)")$(
		[ "$peak" -lt $((before + 4096)) ] || echo "it took $peak KiB, another image $before")"
	rm -r "$work/img-many"
else
	skip "more records than a namespace may have mounts are counted, not read" "fs.mount-max is $max here"
fi
repeat 1048577 "$work/img-many"
peak "$rebind" show "$work/img-many"
result "more than a million are counted, not read" "$(says "has more than 1048576 records")$(
	[ "$peak" -lt 32768 ] || echo "it took $peak KiB")"
rm -r "$work/img-many"

# ---- a filesystem's own limit ----

head -c 900K /dev/urandom >"/proc/$container/root/shm/noise"
dump_container "$container" "$work/img-size"
for size in 512k 524288 0x80000; do
	cp -r "$work/img-size" "$work/img-own"
	"$here/records.py" set "$work/img-own/mountpoints-1.img" /shm "options=size=$size"
	[ "$size" != 0x80000 ] || break
	run "${with[@]}" -D "$work/img-own" --pidfile "$work/pid"
	result "contents beyond the filesystem's own limit are refused, and it is named: size=$size" \
		"$(failed)$(says "the contents exceed the limit of the filesystem itself, size=$size")$(
			[ ! -e "$work/pid" ] || echo "a pidfile")"
	run "${with[@]}" -D "$work/img-own" --dry-run
	result "before anything is done, too" "$(failed)$(says "/shm .*exceed the limit of the filesystem itself, size=$size$")"
	rm -r "$work/img-own"
done
rm -r "$work/img-own"
cp -r "$work/img-size" "$work/img-own"
"$here/records.py" set "$work/img-own/mountpoints-1.img" /shm "options=size=1m,nr_inodes=1"
run "${with[@]}" -D "$work/img-own" --pidfile "$work/pid"
result "so is the one of inodes" "$(failed)$(says "No space left on device; the filesystem's own limits are size=1m,nr_inodes=1")"
rm -r "$work/img-own"

# ---- comparisons ----

cp -r "$work/img" "$work/img-bomb"
mkdir "$work/bomb"
head -c 64M /dev/zero >"$work/bomb/file"
for archive in "$work"/img-bomb/tmpfs-dev-*.tar.gz.img; do
	tar -C "$work/bomb" -czf "$archive" .
done
run "$rebind" diff --contents "$work/img" "$work/img-bomb"
result "what a comparison unpacks is bounded by what was recorded" "$(exits 2)$(says "it holds more than the [0-9]+ entries and [0-9]+ bytes that were recorded")"

# ---- many, and deep ----

# fill N: so many files without data and symlinks, and a path that is 2000 deep
fill() {
	python3 - "$1" "/proc/$container/root/tmp/many" <<'END'
import os, sys
count = int(sys.argv[1])
os.mkdir(sys.argv[2])
os.chdir(sys.argv[2])
for i in range(count):
    os.close(os.open("file-%d" % i, os.O_CREAT | os.O_WRONLY))
    os.symlink("file-%d" % i, "link-%d" % i)
for i in range(2000):
    os.mkdir("d")
    os.chdir("d")
open("bottom", "w").write("deep\n")
END
}

fill 20000
mkdir "$work/img-large"
start=$EPOCHREALTIME
run "$rebind" dump -t "$container" -D "$work/img-large" "${declared[@]}"
result "40,000 names and a path that is 2,000 deep are dumped" "$(exits 0)"
run "${with[@]}" -D "$work/img-large" --pidfile "$work/pid"
result "and restored" "$(exits 0)"
run "$rebind" diff --contents "$container" "$(<"$work/pid")"
result "and equal" "$(exits 0)$(head -c 300 "$work/out")"
kill "$(<"$work/pid")"
end=$EPOCHREALTIME
echo "# $(awk -v a="$start" -v b="$end" 'BEGIN { print b - a }') s"
python3 -c 'import shutil, sys; sys.setrecursionlimit(9999); shutil.rmtree(sys.argv[1])' "/proc/$container/root/tmp/many"
forget "$container"
finish
