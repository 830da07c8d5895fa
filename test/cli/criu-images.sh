#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Images that CRIU 4.2 wrote (test/data/criu-images) are restored, and the namespace is equal to the image.
#
# usage: test/cli/criu-images.sh BUILD_DIR     (as root)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
images=$here/../data/criu-images

mkdir -p src/d1/sub src/d2 src/f
echo x > src/f/file
# root SET DIR...: a root with the mountpoints of the image
root() {
	mkdir -p "$1"/proc "$1"/etc
	touch "$1"/etc/hosts "$1"/etc/app.conf
	local dir
	for dir in "${@:2}"; do mkdir -p "$1/$dir"; done
}

# restored SET OPTION...: restore it, compare it with the image
restored() {
	local set=$1
	shift
	if ! "$rebind" restore -D "$images/$set/img" --root "$set" --pidfile "$set.pid" "$@" 2> err; then
		echo "restore failed"
		return
	fi
	"$rebind" diff "$images/$set/img" "$(cat "$set.pid")" > differences 2>&1 || tr '\n' ';' < differences
	kill "$(cat "$set.pid")"
}

root flat-ext-binds vol/d1 vol/sub vol/ro tmp
result "binds of directories and files, and a tmpfs" "$(restored flat-ext-binds \
	--external "mnt[vd1]:$work/src/d1" --external "mnt[vsub]:$work/src/d1/sub" \
	--external "mnt[vro]:$work/src/d2" --external "mnt[hosts]:$work/src/f/file")"
root overmounts vol/a vol/x bin
result "stacks of overmounts, in which CRIU gave two mounts one key" \
	"$(restored overmounts --external "mnt[ab]:$work/src/d1")"
root shared-slave-groups vol/a vol/b vol/c vol/d vol/e data/x
result "peer groups and slaves" "$(restored shared-slave-groups)"
root crun-container dev sys tmp vol/dir vol/ro
result "a container of crun" "$(restored crun-container --new-ns pid,net,ipc \
	--external "mnt[/vol/dir]:src/d1" --external "mnt[/vol/ro]:src/d2" \
	--external "mnt[/etc/hosts]:src/f/file" --external "mnt[/etc/app.conf]:src/f/file" \
	--external "mnt[/proc/keys]:/dev/null" --external "mnt[/proc/timer_list]:/dev/null")"
root plugin-ext-mounts vol/d1
mkdir plugins
compile plugins/sample.so -shared -fPIC -x c - << 'C'
#include <criu-plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
static int restore(int id, char *mountpoint, char *old_root, int *is_file)
{
	char source[4096];
	*is_file = id == 66;
	snprintf(source, sizeof(source), "%s%s/%s", old_root, getenv("SAMPLE_SOURCES"), id == 66 ? "f/file" : "d1");
	FILE *made = id == 66 ? fopen(mountpoint, "w") : NULL;
	if (made)
		fclose(made);
	else if (mkdir(mountpoint, 0755))
		return -1;
	return mount(source, mountpoint, NULL, MS_BIND, NULL) ? -1 : 0;
}
CR_PLUGIN_REGISTER_DUMMY("sample")
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, restore)
C
export SAMPLE_SOURCES=$work/src
result "mounts that a plugin dumped" "$(restored plugin-ext-mounts -L plugins)"
finish
