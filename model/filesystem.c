// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/filesystem.h"

#include <string.h>

static const char *const no_options[] = { NULL };
static const char *const proc_options[] = { "hidepid", "gid", "subset", NULL };
static const char *const ramfs_options[] = { "mode", NULL };
static const char *const devpts_options[] = { "uid", "gid",	    "mode", "ptmxmode",
					      "max", "newinstance", NULL };
static const char *const tmpfs_options[] = { "size",
					     "nr_blocks",
					     "nr_inodes",
					     "mode",
					     "uid",
					     "gid",
					     "huge",
					     "inode32",
					     "inode64",
					     "noswap",
					     "mpol",
					     "quota",
					     "usrquota",
					     "grpquota",
					     "usrquota_block_hardlimit",
					     "usrquota_inode_hardlimit",
					     "grpquota_block_hardlimit",
					     "grpquota_inode_hardlimit",
					     "casefold",
					     "strict_encoding",
					     NULL };
static const char *const overlay_options[] = { "lowerdir",  "lowerdir+",      "datadir+",
					       "upperdir",  "workdir",	      "default_permissions",
					       "index",	    "redirect_dir",   "nfs_export",
					       "xino",	    "fsync",	      "metacopy",
					       "userxattr", "volatile",	      "uuid",
					       "verity",    "override_creds", "nooverride_creds",
					       NULL };

static const char *const hugetlbfs_options[] = { "pagesize", "size", "min_size", "nr_inodes",
						 "uid",	     "gid",  "mode",	 NULL };
static const char *const bpf_options[] = { "uid", "gid", "mode", NULL };
/* What a hierarchy of version 1 is known by: its controllers and its name. */
static const char *const cgroup_options[] = { "name",	 "cpuset",     "cpu",	   "cpuacct",
					      "blkio",	 "memory",     "devices",  "freezer",
					      "net_cls", "perf_event", "net_prio", "hugetlb",
					      "pids",	 "rdma",       "misc",	   "dmem",
					      "debug",	 NULL };

/* Views of the kernel itself: mounted for all by the host, only if the caller says so. */
#define OF_THE_KERNEL \
	(FILESYSTEM_SINGLE | FILESYSTEM_HOST_OPTIONS | FILESYSTEM_ON_REQUEST | FILESYSTEM_OF_HOST)

static const struct filesystem filesystems[] = {
	{ "tmpfs", FILESYSTEM_CONTENTS, NULL, tmpfs_options, FILESYSTEM_TYPE_TMPFS },
	{ "proc", FILESYSTEM_OF_NAMESPACE, "pid", proc_options, 0 },
	{ "sysfs", FILESYSTEM_SINGLE, "net", no_options, 0 },
	{ "devpts", 0, NULL, devpts_options, FILESYSTEM_TYPE_DEVPTS },
	{ "mqueue", FILESYSTEM_SINGLE, "ipc", no_options, 0 },
	{ "cgroup2", FILESYSTEM_SINGLE | FILESYSTEM_HOST_OPTIONS, "cgroup", no_options,
	  FILESYSTEM_TYPE_CGROUP2 },
	{ "cgroup", FILESYSTEM_SINGLE, "cgroup", cgroup_options, FILESYSTEM_TYPE_CGROUP },
	{ "devtmpfs", FILESYSTEM_SINGLE | FILESYSTEM_HOST_OPTIONS, NULL, no_options,
	  FILESYSTEM_TYPE_DEVTMPFS },
	{ "overlay", FILESYSTEM_LAYERS, NULL, overlay_options, FILESYSTEM_TYPE_OVERLAY },
	{ "ramfs", FILESYSTEM_CONTENTS, NULL, ramfs_options, FILESYSTEM_TYPE_RAMFS },
	{ "hugetlbfs", FILESYSTEM_CONTENTS | FILESYSTEM_NO_DATA | FILESYSTEM_OF_HOST, NULL,
	  hugetlbfs_options, FILESYSTEM_TYPE_HUGETLBFS },
	{ "binfmt_misc", FILESYSTEM_SINGLE | FILESYSTEM_FORMATS, "user", no_options,
	  FILESYSTEM_TYPE_BINFMT_MISC },
	{ "bpf", FILESYSTEM_ON_REQUEST | FILESYSTEM_NO_FILES | FILESYSTEM_OF_HOST, NULL,
	  bpf_options, 0 },
	{ "debugfs", OF_THE_KERNEL, NULL, no_options, 0 },
	{ "tracefs", OF_THE_KERNEL, NULL, no_options, 0 },
	{ "securityfs", OF_THE_KERNEL, NULL, no_options, 0 },
	{ "pstore", OF_THE_KERNEL, NULL, no_options, 0 },
	{ "efivarfs", OF_THE_KERNEL, NULL, no_options, 0 },
	{ "configfs", OF_THE_KERNEL, NULL, no_options, 0 },
	{ "fusectl", OF_THE_KERNEL, NULL, no_options, 0 },
};

const struct filesystem *filesystem_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++)
		if (strcmp(filesystems[i].name, name) == 0)
			return &filesystems[i];
	return NULL;
}

enum filesystem_type filesystem_type_of(const char *name)
{
	const struct filesystem *fs = filesystem_find(name);

	return fs ? fs->type : FILESYSTEM_TYPE_OTHER;
}

static bool is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' &&
	       p[2] <= '7';
}

static char *unescape(const char *text, size_t size)
{
	char *out = malloc(size + 1), *end = out;

	if (!out)
		return NULL;
	for (size_t i = 0; i < size;) {
		if (text[i] == '\\' && i + 4 <= size && is_octal(text + i + 1)) {
			*end++ = (char)((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
					(text[i + 3] - '0'));
			i += 4;
		} else {
			*end++ = text[i++];
		}
	}
	*end = '\0';
	return out;
}

/* The options of a security module, which every filesystem may have. */
static bool is_label_name(const char *name, size_t n)
{
	static const char *const names[] = { "context", "fscontext", "defcontext", "rootcontext" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
			return true;
	return false;
}

bool filesystem_is_label(const char *option)
{
	return is_label_name(option, strlen(option));
}

bool filesystem_is_layer(const char *option)
{
	return strcmp(option, "lowerdir+") == 0 || strcmp(option, "datadir+") == 0;
}

size_t filesystem_option_size(const char *option)
{
	size_t name = strcspn(option, "=,");
	const char *value = option + name + 1;

	if (option[name] != '=' || *value != '"' || !is_label_name(option, name))
		return name + strcspn(option + name, ",");
	const char *quote = strchr(value + 1, '"');

	/* The kernel escapes a quote inside; without a second one it is no quoted value. */
	return !quote ? name + strcspn(option + name, ",")
		      : (size_t)(quote - option) + strcspn(quote, ",");
}

int filesystem_next_option(const char **options, struct filesystem_option *ret)
{
	const char *p = *options + strspn(*options, ",");
	size_t n = filesystem_option_size(p);
	const char *equals = memchr(p, '=', n);
	size_t name = equals ? (size_t)(equals - p) : n, value = name + 1, end = n;

	*options = p + n;
	if (!n)
		return 0;
	if (is_label_name(p, name) && end >= value + 2 && p[value] == '"' && p[end - 1] == '"') {
		value++;
		end--;
	}
	*ret = (struct filesystem_option){
		.name = unescape(p, name),
		.value = equals ? unescape(p + value, end - value) : NULL,
	};
	if (ret->name && (ret->value || !equals))
		return 1;
	filesystem_free_option(ret);
	return -ENOMEM;
}

void filesystem_free_option(struct filesystem_option *option)
{
	free(option->name);
	free(option->value);
	*option = (struct filesystem_option){ 0 };
}

bool filesystem_drop_option(char *options, const char *name)
{
	size_t size = strlen(name);
	bool found = false;

	for (char *p = options; *p;) {
		size_t n = filesystem_option_size(p), next = n + (p[n] == ',');

		if (strncmp(p, name, size) != 0 || (size < n && p[size] != '=')) {
			p += next;
			continue;
		}
		/* The last one takes the comma before it along. */
		char *from = !p[n] && p > options ? p - 1 : p;

		memmove(from, p + next, strlen(p + next) + 1);
		p = from;
		found = true;
	}
	return found;
}

bool filesystem_allows(const struct filesystem *fs, const char *option)
{
	if (filesystem_is_label(option))
		return true;
	for (const char *const *known = fs->options; *known; known++)
		if (strcmp(*known, option) == 0)
			return true;
	return false;
}

bool filesystem_shows_terminal(const char *fstype, const char *root)
{
	return filesystem_type_of(fstype) == FILESYSTEM_TYPE_DEVPTS && root[0] == '/' && root[1] &&
	       strspn(root + 1, "0123456789") == strlen(root + 1);
}

bool filesystem_ignores(const char *option)
{
	/* From "release_agent" on: of the one hierarchy that all of the host's cgroup mounts show.
	 */
	static const char *const ignored[] = { "seclabel",	 "newinstance", "release_agent",
					       "clone_children", "noprefix",	"cpuset_v2_mode",
					       "xattr",		 "favordynmods" };

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		if (strcmp(ignored[i], option) == 0)
			return true;
	return false;
}

bool filesystem_own_file(const struct filesystem *fs, const char *name)
{
	static const struct {
		const char *fs, *name;
	} own[] = {
		{ "binfmt_misc", "register" },
		{ "binfmt_misc", "status" },
		{ "bpf", "maps.debug" },
		{ "bpf", "progs.debug" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (strcmp(own[i].fs, fs->name) == 0 && strcmp(own[i].name, name) == 0)
			return true;
	return false;
}

/* The next word that counts; it is not unescaped: equal words are spelled equally. */
static const char *next_word(const char **list, size_t *ret_size)
{
	for (;;) {
		const char *word = *list + strspn(*list, ",");
		char name[16] = "";

		size_t n = strcspn(word, ",=");

		*ret_size = filesystem_option_size(word);
		*list = word + *ret_size;
		if (n < sizeof(name))
			memcpy(name, word, n);
		if (!*ret_size || !filesystem_ignores(name))
			return word;
	}
}

bool filesystem_same_options(const char *left, const char *right)
{
	size_t n, k;

	do {
		const char *l = next_word(&left, &n), *r = next_word(&right, &k);

		if (n != k || memcmp(l, r, n) != 0)
			return false;
	} while (n);
	return true;
}

bool filesystem_is_among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}
