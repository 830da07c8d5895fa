#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is installed works from where it is installed: the command, a program that uses the library,
# linked either way, the headers by themselves; and goes again.
#
# usage: test/install.sh BUILD_DIR
set -euo pipefail
export LC_ALL=C
build=$(realpath "${1:?usage: install.sh BUILD_DIR}")
cd "$(dirname "$0")/.."
CC=${CC:-gcc}
work=$(mktemp -d "${TMPDIR:-/tmp}/rebind-install-XXXXXX")
trap 'rm -rf "$work"' EXIT
dest=$work/dest
usr=$dest/usr/local
export PKG_CONFIG_PATH=$usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$dest
export CRIU_LIBS_DIR=$work/none
mkdir "$CRIU_LIBS_DIR"
passed=0 failed=0

check() {
	local sentence=$1
	shift
	local status
	# Not as a condition: there `set -e` would not count in a function, and only its last command would.
	set +e
	(set -e; "$@") >"$work/log" 2>&1
	status=$?
	set -e
	if [ "$status" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $sentence"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $sentence"
		sed 's/^/# /' "$work/log"
	fi
}

make_it() {
	env -u PKG_CONFIG_PATH -u PKG_CONFIG_SYSROOT_DIR make -s BUILD="$build" CC="$CC" DESTDIR="$dest" "$@"
}

files() {
	(cd "$usr" && find . ! -type d | sort) | diff - <(sort <<-END
		./bin/rebind
		./include/rebind.h
		./include/rebind/criu-log.h
		./include/rebind/criu-plugin.h
		./include/rebind/rebind-plugin.h
		./lib/librebind.a
		./lib/librebind.so
		./lib/librebind.so.0
		./lib/pkgconfig/rebind-plugin.pc
		./lib/pkgconfig/rebind.pc
		./lib/rebind/loop-volume.so
		./lib/rebind/volume-map.so
		./lib/systemd/system/rebind.service
		./lib/systemd/system/rebind.socket
		./share/bash-completion/completions/rebind
		./share/doc/rebind/CHANGELOG.md
		./share/doc/rebind/COPYING
		./share/doc/rebind/README.md
		./share/doc/rebind/SECURITY.md
		./share/doc/rebind/examples/bindmount-example.c
		./share/doc/rebind/examples/enter.py
		./share/doc/rebind/examples/runtime.c
		./share/doc/rebind/loop-volume.md
		./share/doc/rebind/show.schema.json
		./share/doc/rebind/volume-map.md
		./share/fish/vendor_completions.d/rebind.fish
		./share/man/man1/rebind.1
		./share/man/man3/librebind.3
		./share/man/man5/rebind-images.5
		./share/man/man7/rebind-plugin.7
		./share/zsh/site-functions/_rebind
	END
	)
	test -d "$usr/lib/rebind"
}

# compile OUTPUT FLAG...: program.c, and only what pkg-config says.
compile() {
	local output=$1
	shift
	# shellcheck disable=SC2046 # words
	"$CC" -Wall -Wextra -Werror -o "$output" "$work/program.c" $(pkg-config --cflags rebind) "$@"
}

cat >"$work/program.c" <<'END'
#include <stdio.h>
#include <rebind.h>

int main(void)
{
	struct rebind_report *report = rebind_report_new();
	struct rebind_tree *tree;

	if (rebind_tree_open("/proc/self/ns/mnt", 0, NULL, report, &tree) < 0)
		return 1;
	printf("%s %d\n", rebind_version(), rebind_tree_count(tree) > 0);
	rebind_tree_free(tree);
	rebind_report_free(report);
	return 0;
}
END

version() {
	test "$("$usr/bin/rebind" --version)" = "rebind $(pkg-config --modversion rebind)"
}

shared() {
	# shellcheck disable=SC2046
	compile "$work/shared" $(pkg-config --libs rebind)
	LD_LIBRARY_PATH=$usr/lib "$work/shared" | diff - <(echo "$(pkg-config --modversion rebind) 1")
}

# A program that loads plugins has to show them what they may call.
static() {
	# shellcheck disable=SC2046
	compile "$work/static" -rdynamic "$usr/lib/librebind.a" \
		$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --libs --static rebind | sed 's/-lrebind//; s/-L[^ ]*//')
	"$work/static" | diff - <(echo "$(pkg-config --modversion rebind) 1")
}

# Nothing but the interface: neither our own functions nor generated ones.
symbols() {
	local extra
	nm -D --defined-only "$usr/lib/librebind.so.0" | awk '{ print $3 }' |
		grep -vx 'rebind_[a-z][a-z_]*\|criu_get_image_dir\|print_on_level\|log_get_loglevel' >"$work/extra" || :
	extra=$(cat "$work/extra")
	test -z "$extra" || { echo "$extra"; return 1; }
	# Each function of rebind.h is there.
	grep -oE '\brebind_[a-z_]+\(' include/rebind.h | tr -d '(' | sort -u |
		while read -r name; do
			nm -D --defined-only "$usr/lib/librebind.so.0" | grep -q " $name\$" || echo "no $name"
		done >"$work/missing"
	test ! -s "$work/missing" || { cat "$work/missing"; return 1; }
}

headers() {
	local header
	for header in rebind.h rebind/criu-plugin.h rebind/criu-log.h rebind/rebind-plugin.h; do
		echo "#include <$header>" | "$CC" -std=c99 -Wall -Wextra -Werror -I"$usr/include" -fsyntax-only -xc -
	done
}

# Nothing of the sources is in reach: a directory of its own, and what pkg-config says.
mkdir -p "$work/plugins" "$work/volume"
cat >"$work/plugins/short.c" <<'END'
#include "criu-plugin.h"
#include "criu-log.h"
#include <rebind/criu-plugin.h>
#include <rebind/rebind-plugin.h>
#include <rebind-plugin.h>

extern __typeof__(rebind_mount_info) rebind_mount_info __attribute__((weak));

static int hook(int index, int type, char *kind)
{
	pr_info("link %d of type %d, %s, %d\n", index, type, kind, rebind_mount_info ? 1 : 0);
	return 0;
}

CR_PLUGIN_REGISTER_DUMMY("short")
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_LINK, hook)
END

# plugin_of SOURCE NAME [OPTION...]: build it, list it, test it with what is installed
plugin_of() {
	local source=$1 name=$2
	shift 2
	# shellcheck disable=SC2046
	(cd "$work/plugins" && "$CC" -shared -fPIC -Wall -Wextra -Werror -o "$name.so" "$source" $(pkg-config --cflags rebind-plugin)) &&
		"$usr/bin/rebind" plugin list -L "$work/plugins" | grep "^$name\.so  $name  0\.2\.0  " &&
		"$usr/bin/rebind" plugin test "$work/plugins/$name.so" "$@"
}

example() {
	cp plugins/bindmount-example/bindmount-example.c "$work/plugins/"
	echo "/srv/data $work/volume" >"$work/map"
	BINDMOUNT_EXAMPLE_MAP=$work/map plugin_of bindmount-example.c bindmount-example \
		--mountpoint /srv/data --source "$work/volume"
}

# program_of PAGE: the last literal block that includes something
program_of() {
	awk '/^\.Bd/ { n = 0; text = "" } !/^\./ { text = text $0 "\n"; n += /^#include/ }
		/^\.Ed/ && n { whole = text; n = 0 } END { print whole }' "$usr/share/man/$1" | sed 's/\\e/\\/g; s/\\&//g'
}

# librebind(3) has a program, and every function.
library_manual() {
	local name
	program_of man3/librebind.3 >"$work/program.c"
	# shellcheck disable=SC2046
	compile "$work/shell" $(pkg-config --libs rebind)
	LD_LIBRARY_PATH=$usr/lib "$work/shell" "$work" / >"$work/said" 2>&1 && return 1 || [ $? -eq 125 ]
	grep inventory.img "$work/said"
	for name in $(grep -oE '\brebind_[a-z_]+\(' "$usr/include/rebind.h" | tr -d '(' | sort -u); do
		grep -qw "Fn $name" "$usr/share/man/man3/librebind.3" || { echo "no $name"; return 1; }
	done
}

# rebind-plugin(7) has a whole plugin.
of_the_manual() {
	program_of man7/rebind-plugin.7 >"$work/plugins/my-volume.c"
	MY_VOLUME=$work/volume plugin_of my-volume.c my-volume --source "$work/volume"
}

with_cplusplus() {
	local cxx
	cxx=$(command -v g++ || command -v clang++) || return
	# shellcheck disable=SC2046
	"$cxx" -x c++ -fPIC -Wall -Wextra -Werror -c -o "$work/short.o" "$work/plugins/short.c" $(pkg-config --cflags rebind-plugin) &&
		"$CC" -shared -o "$work/short.so" "$work/short.o" &&
		"$usr/bin/rebind" plugin test "$work/short.so" | grep 'DUMP_EXT_LINK answers 0 or -ENOTSUP: 0'
}

# Every field of a mount's record, by its number and name, is in the manual.
images_manual() {
	awk '/^message (mnt_entry|rebind_mount) / { in_it = 1 } /^}/ { in_it = 0 }
		in_it && / = [0-9]+;/ { sub(/;.*/, ""); print ".It " $NF " Ta Fa " $(NF - 2) " Ta" }' image/rebind.proto >"$work/fields"
	[ "$(wc -l <"$work/fields")" -gt 30 ]
	while read -r line; do
		grep -qF "$line" "$usr/share/man/man5/rebind-images.5" || echo "not there: $line"
	done <"$work/fields" | { ! grep .; }
}

# A program of what is installed: without a map they do nothing.
shipped() {
	"$usr/bin/rebind" plugin list -L "$usr/lib/rebind" | awk '{ print $1 }' | diff - <(printf '%s.so\n' loop-volume volume-map) || return
	mkdir "$work/img"
	unshare --mount --propagation private "$usr/bin/rebind" dump -t $$ --dry-run -L "$usr/lib/rebind" --external 'mnt[]' >"$work/said" 2>&1 || :
	# What it says is of mounts that nothing takes.
	grep 'pass --external' "$work/said" && ! grep -i "plugins\?:" "$work/said"
}

ldconfig_runs() {
	make_it -n install DESTDIR= | grep -qx 'ldconfig || :' && ! make_it -n install | grep ldconfig
}

# A plugin that fails whatever is dumped, where plugins are installed, in a namespace of the test's own: the tests pass.
with_a_plugin() {
	cat >"$work/plugins/bad.c" <<-'END'
		#include <criu-plugin.h>
		static int init(int stage) { return -1; }
		static void end(int stage, int ret) { }
		CR_PLUGIN_REGISTER("bad", init, end)
	END
	# shellcheck disable=SC2046
	"$CC" -shared -fPIC -o "$work/bad.so" "$work/plugins/bad.c" $(pkg-config --cflags rebind-plugin)
	rm "$work/plugins/bad.c"
	env -u CRIU_LIBS_DIR BUILD="$build" unshare --mount --propagation private bash -ec '
		mount -t tmpfs -o mode=755 tmpfs /usr/local/lib
		mkdir /usr/local/lib/rebind
		cp "$1" /usr/local/lib/rebind/bad.so
		"$2/rebind" plugin list | grep -q bad.so
		for script in demo cli/external-from cli/bundle; do
			echo "$script"
			"test/$script.sh" "$2"
		done
		test/zdtm-mnt/run --no-diff ro_volume tmpfs_contents plugin_volumes' - "$work/bad.so" "$build"
}

uninstall() {
	make_it uninstall
	test -z "$(find "$usr" ! -type d)"
}

check "make install" make_it install
check "each file is where it belongs, and no other" files
check "the command says the version of the library" version
check "a program uses the shared library" shared
check "a program uses the static library" static
check "the shared library shows its interface and nothing else" symbols
check "each header stands by itself" headers
check "a plugin is built from what is installed, and tested" plugin_of short.c short
check "so is the example to copy" example
check "so is the one in rebind-plugin(7)" of_the_manual
check "and one in C++" with_cplusplus
check "librebind(3) has every function, and a program that runs" library_manual
check "rebind-images(5) has every field of a mount" images_manual
check "the plugins that are installed load, and do nothing without a map" shipped
check "the loader is told of the library, where it is the running system's" ldconfig_runs
check "the tests pass with another plugin where plugins are installed" with_a_plugin
check "make uninstall" uninstall
echo "1..$((passed + failed))"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
