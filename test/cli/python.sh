#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bindings/python: installed by pip, used by a program that dumps, restores, looks, compares, and is
# told what is wrong.
#
# usage: test/cli/python.sh BUILD_DIR     (as root)

# shellcheck source=test/cli/lib.sh
. "$(dirname "$0")/lib.sh"
bindings=$(realpath "$here/../../bindings/python")
export REBIND=$rebind

# python FILE ARG...: Debian's, with what pip has installed here
python() {
	timeout 60 /usr/bin/python3 -I -c 'import runpy, sys
sys.path.insert(0, sys.argv.pop(1)); sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name="__main__")' \
		"$work/site" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
}

make_container plain
compile sets -static "$here/sets.c"
mkdir "$work/a/set"
"$work/sets" make "$work/a/set" "$work/pids" &
until_so test -s "$work/pids"
read -r -a several <"$work/pids"
known+=("${several[@]}")
cp -r "$bindings" "$work/source"
timeout 120 env HOME="$work" /usr/bin/python3 -I -m pip install --quiet --no-index --no-deps --no-build-isolation \
	--root-user-action=ignore --target "$work/site" "$work/source" >"$work/out" 2>&1 </dev/null
status=$?
[ "$status" -eq 0 ] && [ -e "$work/site/rebind/py.typed" ]
so "pip installs it, with its types"
[ "$(sed -n 's/^version = "\(.*\)"/\1/p' "$bindings/pyproject.toml")" = "$("$rebind" --version | sed 's/rebind //')" ]
so "its version is that of the command"

cat >"$work/program.py" <<'END'
import os, subprocess, sys
import rebind

pid, work = int(sys.argv[1]), sys.argv[2]
image, root, src = work + "/img", work + "/new", work + "/src"
names = {"/vol": "vol", "/etc/conf": "conf", "/ro": "ro", "/deep/er/vol": "deep"}


def fails(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except rebind.Error as error:
        return error
    raise SystemExit(f"{call.__name__} does not fail")


def claim(sentence, held):
    print("ok" if held else "no", sentence)


os.mkdir(image)
error = fails(rebind.dump, image, pid=pid)
claim("a dump without names fails with a finding for each", sorted(one.path for one in error.findings) == sorted(names)
      and all(one.code == "not-dumpable" and "--external" in one.help for one in error.findings))
claim("which its text has, too", all(path in str(error) for path in names))
rebind.dump(image, pid=pid, external=names)
mounts = rebind.show(image)
claim("a dump is shown", {mount.mountpoint: mount.key for mount in mounts if mount.owner == "external"} == names)
sources = {"conf": src + "/conf", "ro": src + "/ro", "deep": src + "/deep"}
error = fails(rebind.restore, image, root=root, external=sources)
claim("a source that is missing is a finding", [(one.code, one.path) for one in error.findings] == [("no-source", "/vol")])
before = sorted(os.listdir("/proc/self/fd"))
error = fails(rebind.restore, image, root=root, external={**sources, "vol": src + "/vol", "other": "/"})
claim("so is a key that no mount has", [one.code for one in error.findings] == ["unknown-key"])
claim("a failure leaves no descriptor", sorted(os.listdir("/proc/self/fd")) == before)
fd = os.open(src + "/vol", os.O_PATH)
with rebind.restore(image, root=root, external=sources, inherit_fds={"vol": fd}) as namespace:
    done = namespace.run(["/inside", "cat", "/vol/file", "/etc/conf", "/tmp/dir/file"], stdout=subprocess.PIPE, text=True)
    claim("a command runs in what was restored", done.stdout == "volume of src\nconf of src\ndata\n")
    claim("and its status is told", namespace.run(["/inside", "exit", "7"]).returncode == 7)
    path = f"/proc/{os.getpid()}/fd/{namespace.fileno()}"
    claim("it equals the container", rebind.diff(pid, path, contents=True) == [])
    claim("the descriptor is not inherited", not os.get_inheritable(namespace.fileno()))
    kept = namespace.detach()
claim("what is detached is open after the block", os.path.samestat(os.fstat(kept), os.stat(path)))
os.close(kept)
several, its_root = work + "/several", work + "/a/set"
os.mkdir(several)
rebind.dump(several, pid=int(sys.argv[3]), options=["--all-mntns"])
before = sorted(os.listdir("/proc/self/fd"))
error = fails(rebind.restore, several, root=its_root)
claim("of several namespaces one is asked for", "to 4 mount namespaces" in str(error) and "ns_id=N" in str(error))
claim("and none is left", sorted(os.listdir("/proc/self/fd")) == before)
everyone = rebind.restore_all(several, root=its_root)
claim("all of them come, in their order", [one.id for one in everyone] == [1, 2, 3, 4])
claim("each is one of its own", len({os.fstat(one.fileno()).st_ino for one in everyone}) == 4)
claim("and none is inherited", not any(os.get_inheritable(one.fileno()) for one in everyone))
for one in everyone:
    one.close()
with rebind.restore(several, root=its_root, ns_id=2, options=["--sharing", "private"]) as namespace:
    paths = {mount.mountpoint for mount in rebind.show(f"/proc/{os.getpid()}/fd/{namespace.fileno()}")}
    claim("one comes alone", "/ro" in paths)
    claim("and has no number", namespace.id is None)
copies = rebind.restore_all(image, root=root, external={**sources, "vol": src + "/vol"}, options=["--copies", "2"])
claim("copies come, too", len({os.fstat(one.fileno()).st_ino for one in copies}) == 2)
for one in copies:
    one.close()
differences = rebind.diff(pid, os.getpid())
claim("two namespaces differ", any(one.path == "/vol" for one in differences))
error = fails(rebind.show, work + "/nothing")
claim("a namespace that is not there is an error with its name", error.errno == "ENOENT" and "nothing" in str(error))
error = fails(rebind.show, pid, ns_id=0)
claim("a wrong value is a usage error", error.status == 2 and "--ns-id" in str(error))
claim("check has probes", {"openat2"} <= {probe.name for probe in rebind.check()})
claim("a name that is no UTF-8 comes back", os.fsdecode(os.fsencode(work) + b"/odd-\377") in
      {mount.mountpoint for mount in rebind.show(os.getpid())})
os.environ["REBIND"] = "/nowhere/rebind"
try:
    rebind.check()
    claim("without the command there is an OSError", False)
except FileNotFoundError:
    claim("without the command there is an OSError", True)
END
mkdir "$work/"$'odd-\377'
mount -t tmpfs tmpfs "$work/"$'odd-\377'
table=$(mounts)
python "$work/program.py" "$container" "$work" "${several[0]}"
result "the program runs to its end" "$([ "$status" -eq 0 ] || echo "exit status $status")"
cp "$work/out" "$work/claims"
while read -r verdict sentence; do
	[ "$verdict" = ok ]
	so "$sentence"
done <"$work/claims"
result "the mount table is as before" "$([ "$table" = "$(mounts)" ] || echo "it is not")"
umount "$work/"$'odd-\377'
table=$(mounts)

python "$bindings/examples/run.py" "$work/img" "$work/new" "vol=$work/src/vol" "conf=$work/src/conf" "ro=$work/src/ro" \
	"deep=$work/src/deep" -- /inside cat /vol/file
[ "$status" -eq 0 ] && [ "$(cat "$work/out")" = "volume of src" ]
so "the example runs a command"
python "$bindings/examples/run.py" "$work/img" "$work/new" -- /inside cat /vol/file
[ "$status" -eq 125 ] && [ "$(grep -c "no source" "$work/err")" -eq 4 ]
so "and says all that is wrong"
forget "$container"
forget "${several[0]}"
result "nothing is left" "$([ "$table" = "$(mounts)" ] || echo "the mount table differs")$(left_processes)"
finish
