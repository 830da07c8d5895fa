// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What to do next, by the seed and by what is mounted now. Each seed likes some kinds of steps more
 * than others and leaves some out: what is never unmounted gets deep, what is never shared gets
 * wide.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "random.h"

static unsigned int below(struct world *world, unsigned int limit)
{
	uint64_t z = world->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (unsigned int)((z ^ (z >> 31)) >> 33) % limit;
}

static bool chance(struct world *world, unsigned int percent)
{
	return below(world, 100) < percent;
}

#define MANY 40

#define ONE_OF(world, list) ((list)[below(world, sizeof(list) / sizeof((list)[0]))])

/* --- places --- */

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static bool append(char *path, const char *name)
{
	size_t length = strlen(path);

	if (length + strlen(name) + 2 > PATH_MAX / 4)
		return false;
	sprintf(path + length, "%s%s", path[length - 1] == '/' ? "" : "/", name);
	return true;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Into an entry of a directory. What the kernel shows of itself changes all the time: a few of it.
 */
static bool walk(struct world *world, char *path)
{
	static const char *const kernel[] = { "sys", "fs", "sys/kernel", "uptime", "irq" };
	char probe[PATH_MAX + 2];
	struct dirent **entries;
	int count, wanted;
	bool found = false;

	snprintf(probe, sizeof(probe), "%s/.", path);
	if (!is_dir(path))
		return false;
	if (!step_may_write(probe))
		return append(path, ONE_OF(world, kernel));
	count = scandir(path, &entries, NULL, by_name);
	wanted = count > 2 ? 2 + (int)below(world, (unsigned int)count - 2) : -1;
	for (int i = 0, seen = 0; i < count; i++) {
		bool dots = !strcmp(entries[i]->d_name, ".") || !strcmp(entries[i]->d_name, "..");

		if (!dots && seen++ == wanted - 2)
			found = append(path, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return found;
}

static void any_mount(struct world *world, char *path)
{
	struct place *places;
	size_t count = table_read(world, &places);

	snprintf(path, PATH_MAX, "%s",
		 count ? places[below(world, (unsigned int)count)].path : "/");
	free(places);
}

static void any_path(struct world *world, char *path)
{
	char longer[PATH_MAX];

	any_mount(world, path);
	for (unsigned int depth = below(world, 4); depth; depth--) {
		snprintf(longer, sizeof(longer), "%s", path);
		if (walk(world, longer))
			snprintf(path, PATH_MAX, "%s", longer);
	}
}

/* Of the same kind as another one, if chance finds one. */
static void path_like(struct world *world, const char *other, char *path)
{
	bool wanted = is_dir(other);

	for (int tries = 0; tries < 20; tries++) {
		any_path(world, path);
		if (is_dir(path) == wanted && strcmp(path, other) &&
		    (strcmp(path, "/") || chance(world, 3)))
			return;
	}
}

static void any_dir(struct world *world, char *path)
{
	path_like(world, "/", path);
}

static void new_name(struct world *world, char *path)
{
	static const char *const names[] = {
		"a",	     "b",   "c",	"d",	   "x",		  "y",
		"new\nline", "f",   "sp ace",	"back\\a", "#hash",	  "\xff\xfe",
		"tab\t",     "..x", "deleted ", "\\040",   "x (deleted)", "-",
	};

	for (int tries = 0; tries < 10; tries++) {
		any_dir(world, path);
		if (!append(path, ONE_OF(world, names)))
			continue;
		if (access(path, F_OK) && step_may_write(path))
			return;
	}
}

/* --- lines --- */

static void add_line(struct world *world, const char *verb, const char *const *words)
{
	char *line = calloc(1, LINE_SIZE);

	if (!line || world->pending_count == MAX_PENDING)
		abort();
	words_add(line, verb);
	for (; *words; words++)
		words_add(line, *words);
	world->pending[world->pending_count++] = line;
}

#define LINE(world, verb, ...) add_line(world, verb, (const char *const[]){ __VA_ARGS__, NULL })

static void choose_files(struct world *world, const char *verb)
{
	char path[PATH_MAX];

	new_name(world, path);
	LINE(world, verb, path);
}

static void choose_mkdir(struct world *world)
{
	choose_files(world, "mkdir");
}

static void choose_touch(struct world *world)
{
	choose_files(world, chance(world, 15) ? "fifo" : "touch");
}

static void choose_remove(struct world *world)
{
	char path[PATH_MAX];

	any_path(world, path);
	LINE(world, is_dir(path) ? "rmdir" : "unlink", path);
}

static void choose_rename(struct world *world)
{
	char from[PATH_MAX], to[PATH_MAX];

	any_path(world, from);
	new_name(world, to);
	LINE(world, "rename", from, to);
}

/* --- new filesystems --- */

static void fill(struct world *world, const char *top)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/x", top);
	LINE(world, "mkdir", path);
	strcat(path, "/y");
	LINE(world, "mkdir", path);
	snprintf(path, sizeof(path), "%s/f", top);
	LINE(world, "touch", path);
}

static void choose_tmpfs(struct world *world)
{
	static const char *const options[] = {
		"size=1m", "mode=711", "size=64k,nr_inodes=100", "uid=7,gid=8,mode=1777",
		"",	   "size=10%",
	};
	static const char *const sources[] = {
		"tmpfs", "none", "odd name", "#x", "a\\b", "/dev/x"
	};
	char path[PATH_MAX];

	any_dir(world, path);
	LINE(world, "new", chance(world, 8) ? "ramfs" : "tmpfs", path,
	     chance(world, 8) ? "ro" : "rw", ONE_OF(world, sources), ONE_OF(world, options));
	if (chance(world, 75))
		fill(world, path);
}

static void choose_kernel_fs(struct world *world)
{
	static const struct {
		const char *type, *options;
	} types[] = {
		{ "proc", "" },
		{ "proc", "hidepid=2" },
		{ "sysfs", "" },
		{ "mqueue", "" },
		{ "devpts", "ptmxmode=666" },
		{ "devpts", "newinstance,gid=5" },
		{ "cgroup2", "" },
		{ "proc", "" },
	};
	unsigned int i = below(world, sizeof(types) / sizeof(types[0]));
	char path[PATH_MAX];

	any_dir(world, path);
	LINE(world, "new", types[i].type, path, chance(world, 10) ? "ro" : "rw", types[i].type,
	     types[i].options);
}

/* Colons and commas do not occur in our names; backslashes the kernel wants escaped. */
static void add_layer(char *options, const char *name, const char *path)
{
	char *end = options + strlen(options);

	end += sprintf(end, "%s", name);
	for (; *path; path++) {
		if (*path == '\\' || *path == ':' || *path == ',')
			*end++ = '\\';
		*end++ = *path;
	}
	*end = '\0';
}

static void choose_overlay(struct world *world)
{
	char options[LINE_SIZE / 2] = "", path[PATH_MAX], upper[PATH_MAX + 8], work[PATH_MAX + 8];

	any_dir(world, path);
	add_layer(options, "lowerdir=", path);
	any_dir(world, path);
	add_layer(options, ":", path);
	if (chance(world, 50)) {
		any_dir(world, path);
		snprintf(upper, sizeof(upper), "%s/up", path);
		snprintf(work, sizeof(work), "%s/wk", path);
		LINE(world, "mkdir", upper);
		LINE(world, "mkdir", work);
		add_layer(options, ",upperdir=", upper);
		add_layer(options, ",workdir=", work);
	}
	if (chance(world, 30))
		strcat(options, ",userxattr");
	any_dir(world, path);
	LINE(world, "new", "overlay", path, "rw", "overlay", options);
}

/* --- binds --- */

static void choose_pair(struct world *world, const char *verb, bool mounts_only)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (mounts_only)
		any_mount(world, from);
	else
		any_path(world, from);
	path_like(world, from, to);
	LINE(world, verb, from, to);
}

static void choose_bind(struct world *world)
{
	choose_pair(world, "bind", chance(world, 30));
}

static void choose_rbind(struct world *world)
{
	choose_pair(world, "rbind", chance(world, 50));
}

static void choose_move(struct world *world)
{
	choose_pair(world, "move", true);
}

static void choose_beneath(struct world *world)
{
	char from[PATH_MAX], to[PATH_MAX];

	any_mount(world, from);
	any_mount(world, to);
	LINE(world, chance(world, 70) ? "beneath" : "group", from, to);
}

static void choose_from(struct world *world)
{
	static const char *const sources[] = {
		"src/plain",  "src/plain/x",  "src/plain/f", "src/plain/x/y",
		"src/shared", "src/shared/x", "src/slave",   "src/tmp",
		"src/tmp/x",  "src/tree",     "src/tree/x",  "src/ro",
	};
	const char *source = ONE_OF(world, sources);
	char path[PATH_MAX];

	path_like(world, strrchr(source, '/')[1] == 'f' ? "/f" : "/", path);
	LINE(world, !strncmp(source, "src/tree", 8) ? "rfrom" : "from", source, path);
}

static void choose_idmap(struct world *world)
{
	static const char *const firsts[] = { "70000", "1000", "0", "100000" };
	char from[PATH_MAX], to[PATH_MAX];

	any_path(world, from);
	path_like(world, from, to);
	LINE(world, "idmap", from, to, ONE_OF(world, firsts));
}

static void choose_umount(struct world *world)
{
	char path[PATH_MAX];

	any_mount(world, path);
	LINE(world, chance(world, 40) ? "detach" : "umount", path);
}

/* --- attributes --- */

static void choose_share(struct world *world)
{
	static const char *const kinds[] = { "shared", "shared",  "slave",
					     "slave",  "private", "unbindable" };
	char path[PATH_MAX];

	any_mount(world, path);
	LINE(world, chance(world, 25) ? "rshare" : "share", path, ONE_OF(world, kinds));
}

static void choose_set(struct world *world)
{
	static const char *const sets[] = {
		"rdonly",      "nosuid",     "nodev,noexec", "noatime",
		"strictatime", "nodiratime", "nosymfollow",  "",
	};
	static const char *const clears[] = { "",	    "",	     "", "rdonly", "nosuid,nodev",
					      "atime-mode", "noexec" };
	char path[PATH_MAX];

	any_mount(world, path);
	LINE(world, chance(world, 20) ? "rset" : "set", path, ONE_OF(world, sets),
	     ONE_OF(world, clears));
}

static void choose_remount(struct world *world)
{
	char path[PATH_MAX];

	any_mount(world, path);
	LINE(world, "remount", path, chance(world, 60) ? "ro" : "rw");
}

/* --- kinds of steps --- */

static const struct kind {
	void (*choose)(struct world *world);
	unsigned int weight;
	char flag;  /* only for seeds with this flag */
	bool fewer; /* makes no mounts */
	bool many;  /* makes as many as there are peers, or more */
} kinds[] = {
	{ choose_mkdir, 6 },
	{ choose_touch, 3 },
	{ choose_remove, 4 },
	{ choose_rename, 3 },
	{ choose_tmpfs, 10 },
	{ choose_kernel_fs, 2, 'k' },
	{ choose_overlay, 2 },
	{ choose_bind, 16 },
	{ choose_rbind, 5, .many = true },
	{ choose_move, 5, .many = true },
	{ choose_beneath, 2 },
	{ choose_from, 6, 'v' },
	{ choose_idmap, 2, 'm' },
	{ choose_umount, 6, .fewer = true },
	{ choose_share, 14, .fewer = true },
	{ choose_set, 7, .fewer = true },
	{ choose_remount, 2, .fewer = true },
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

void choose_seed(struct world *world, uint64_t seed, const char *flags)
{
	static const unsigned int likings[] = { 0, 1, 2, 2, 2, 6 };

	world->random = seed;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		unsigned int liking = ONE_OF(world, likings);

		if (kinds[i].flag && !strchr(flags, kinds[i].flag))
			liking = 0;
		/* Without these there is nothing to play with. */
		if (!liking && (kinds[i].choose == choose_tmpfs || kinds[i].choose == choose_bind))
			liking = 1;
		world->weights[i] = kinds[i].weight * liking;
	}
}

/* Below a shared mount each bind is as many as there are peers: it must not get out of hand. */
static unsigned int weight_of(const struct world *world, size_t i, size_t mounts)
{
	bool fits = kinds[i].fewer ||
		    (mounts < world->most_mounts && (!kinds[i].many || mounts < MANY));

	return fits ? world->weights[i] : 0;
}

static const struct kind *choose_kind(struct world *world, size_t mounts)
{
	unsigned int sum = 0, wanted;

	for (size_t i = 0; i < KIND_COUNT; i++)
		sum += weight_of(world, i, mounts);
	wanted = sum ? below(world, sum) : 0;
	for (size_t i = 0; i < KIND_COUNT && sum; i++) {
		unsigned int weight = weight_of(world, i, mounts);

		if (wanted < weight)
			return &kinds[i];
		wanted -= weight;
	}
	return &kinds[0];
}

/* The caller frees the line. */
char *choose_step(struct world *world)
{
	struct place *places;
	char *line;

	if (!world->pending_count) {
		size_t count = table_read(world, &places);

		free(places);
		choose_kind(world, count)->choose(world);
	}
	line = world->pending[0];
	world->pending_count--;
	memmove(world->pending, world->pending + 1, world->pending_count * sizeof(char *));
	return line;
}
