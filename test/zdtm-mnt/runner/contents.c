// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What directories hold, as text to compare: a line for each entry.
 *
 * A tmpfs can be covered, wholly or in part, by other mounts. So a helper process makes a copy of
 * the namespace and takes it apart from the top: a mount that nothing is mounted on, and that its
 * path leads to, is listed and unmounted, until none is left.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runner.h"

struct walk {
	struct text *out;
	bool with_times;
	struct list link_names; /* files with several names: the first one met */
	ino_t *link_inodes;
};

static void add_escaped(struct text *text, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c <= ' ' || c == '\\' || c >= 0x7f)
			text_add(text, "\\%03o", c);
		else
			text_append(text, &c, 1);
	}
}

static const char *first_name(struct walk *walk, const struct stat *st, const char *path)
{
	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return NULL;
	for (size_t i = 0; i < walk->link_names.count; i++)
		if (walk->link_inodes[i] == st->st_ino)
			return walk->link_names.items[i];
	walk->link_inodes = realloc(walk->link_inodes,
				    (walk->link_names.count + 1) * sizeof(*walk->link_inodes));
	if (!walk->link_inodes)
		abort();
	walk->link_inodes[walk->link_names.count] = st->st_ino;
	list_add(&walk->link_names, path);
	return NULL;
}

static void add_data(struct text *out, int directory, const char *name)
{
	unsigned char buffer[65536];
	unsigned long long sum = 14695981039346656037ULL; /* FNV-1a */
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC);
	ssize_t got = 0;

	while (fd >= 0 && (got = read(fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < got; i++)
			sum = (sum ^ buffer[i]) * 1099511628211ULL;
	if (fd < 0 || got < 0)
		text_add(out, " data=%s", strerror(errno));
	else
		text_add(out, " data=%016llx", sum);
	if (fd >= 0)
		close(fd);
}

/* The xattr calls know no directory descriptor: the walk stands in the directory. */
static void add_xattrs(struct text *out, const char *name)
{
	char names[4096], value[4096];
	ssize_t length = llistxattr(name, names, sizeof(names));
	struct list sorted = { 0 };

	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1)
		list_add(&sorted, names + at);
	list_sort(&sorted);
	for (size_t i = 0; i < sorted.count; i++) {
		ssize_t size = lgetxattr(name, sorted.items[i], value, sizeof(value));

		text_add(out, " %s=", sorted.items[i]);
		/* File handles of an overlay's layers: a copy has others. */
		if (!strcmp(sorted.items[i], "trusted.overlay.origin") ||
		    !strcmp(sorted.items[i], "trusted.overlay.upper"))
			continue;
		add_escaped(out, value, size > 0 ? (size_t)size : 0);
	}
}

static void add_target(struct text *out, int directory, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(directory, name, target, sizeof(target));

	text_add(out, " -> ");
	add_escaped(out, target, length > 0 ? (size_t)length : 0);
}

static void add_entry(struct walk *walk, const char *path, int directory, const char *name,
		      const struct stat *st)
{
	const char *link = first_name(walk, st, path);
	struct text *out = walk->out;

	add_escaped(out, path, strlen(path));
	text_add(out, " %06o %u:%u", st->st_mode, st->st_uid, st->st_gid);
	if (S_ISREG(st->st_mode)) {
		text_add(out, " size=%lld", (long long)st->st_size);
		add_data(out, directory, name);
	}
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		text_add(out, " device=%u:%u", major(st->st_rdev), minor(st->st_rdev));
	if (S_ISLNK(st->st_mode))
		add_target(out, directory, name);
	if (walk->with_times)
		text_add(out, " mtime=%lld.%09ld", (long long)st->st_mtim.tv_sec,
			 st->st_mtim.tv_nsec);
	if (!fchdir(directory))
		add_xattrs(out, name);
	if (link) {
		text_add(out, " same-file-as=");
		add_escaped(out, link, strlen(link));
	}
	text_add(out, "\n");
}

static struct list names_in(int directory)
{
	struct list names = { 0 };
	DIR *stream = fdopendir(dup(directory));
	struct dirent *entry;

	if (!stream)
		give_up("cannot list a directory: %s", strerror(errno));
	rewinddir(stream);
	while ((entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			list_add(&names, entry->d_name);
	closedir(stream);
	list_sort(&names);
	return names;
}

static void walk_directory(struct walk *walk, const char *path, int directory)
{
	struct list names = names_in(directory);

	for (size_t i = 0; i < names.count; i++) {
		char *below = format("%s/%s", path, names.items[i]);
		struct stat st;
		int fd;

		if (fstatat(directory, names.items[i], &st, AT_SYMLINK_NOFOLLOW))
			give_up("cannot look at '%s': %s", below, strerror(errno));
		add_entry(walk, below, directory, names.items[i], &st);
		if (!S_ISDIR(st.st_mode))
			continue;
		fd = openat(directory, names.items[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			give_up("cannot open '%s': %s", below, strerror(errno));
		walk_directory(walk, below, fd);
		close(fd);
	}
}

char *contents_tree(int directory_fd, bool with_times)
{
	struct text out = { 0 };
	struct walk walk = { .out = &out, .with_times = with_times };
	struct stat st;

	if (fstat(directory_fd, &st))
		give_up("cannot look at a directory: %s", strerror(errno));
	add_entry(&walk, ".", directory_fd, ".", &st);
	walk_directory(&walk, ".", directory_fd);
	if (chdir("/"))
		give_up("chdir: %s", strerror(errno));
	return out.bytes;
}

/* --- a copy of a namespace, taken apart ------------------------------------------------------- */

struct copy {
	struct mounts *mounts; /* of the copy */
	const struct mounts *original;
	bool *gone; /* or as good as that */
	size_t *children;
	int out;
};

static char *list_file(const char *point)
{
	struct text out = { 0 };
	struct walk walk = { .out = &out, .with_times = true };
	struct stat st;

	if (lstat(point, &st))
		give_up("cannot look at '%s': %s", point, strerror(errno));
	add_entry(&walk, ".", AT_FDCWD, point, &st);
	return out.bytes;
}

static char *list_mount(const char *point)
{
	int fd = open(point, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char *listing;

	if (fd < 0)
		return list_file(point);
	listing = contents_tree(fd, true);
	close(fd);
	return listing;
}

static bool leads_to(const char *point, const struct mount *mount)
{
	struct statx stx;

	return !statx(AT_FDCWD, point, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		      STATX_MNT_ID, &stx) &&
	       stx.stx_mnt_id == (unsigned long long)mount->id;
}

static bool is_listed(const struct mount *mount)
{
	return mount->parent && !mount->foreign && !strcmp(mount->type, "tmpfs");
}

static void send_listing(int out, size_t index, const char *listing)
{
	size_t header[2] = { index, strlen(listing) + 1 };

	if (write(out, header, sizeof(header)) != (ssize_t)sizeof(header) ||
	    write(out, listing, header[1]) != (ssize_t)header[1])
		give_up("cannot hand over a listing: %s", strerror(errno));
}

static bool peel(struct copy *copy, size_t i)
{
	const struct mount *mount = copy->mounts->all[i];
	/* "/.." is the root, or what is mounted on it; "/" never is the latter. */
	char *point = format("/..%s", mounts_unescape(mount->point));

	if (!leads_to(point, mount))
		return false;
	if (is_listed(copy->original->all[i]))
		send_listing(copy->out, i, list_mount(point));
	copy->gone[i] = true;
	/* One that came along with a volume into a user namespace is locked to it, and stays. */
	if (umount2(point, MNT_DETACH | UMOUNT_NOFOLLOW))
		return false;
	copy->children[mount->parent->index]--;
	return true;
}

static void take_apart(struct copy *copy)
{
	bool progress = true;

	while (progress) {
		progress = false;
		for (size_t i = copy->mounts->count; i-- > 1;)
			if (!copy->gone[i] && !copy->children[i])
				progress |= peel(copy, i);
	}
	for (size_t i = 1; i < copy->mounts->count; i++)
		if (!copy->gone[i] && is_listed(copy->original->all[i]))
			give_up("the tmpfs at '%s' cannot be reached",
				copy->original->all[i]->point);
}

static void check_copy(const struct copy *copy)
{
	if (copy->mounts->count != copy->original->count)
		give_up("a copy of the namespace has %zu mounts, not %zu", copy->mounts->count,
			copy->original->count);
	for (size_t i = 0; i < copy->mounts->count; i++) {
		const struct mount *mount = copy->mounts->all[i];

		if (mount->shared || mount->master)
			give_up("'%s' of a copy is shared: it must not be taken apart",
				mount->point);
		if (strcmp(mount->point, copy->original->all[i]->point))
			give_up("a copy of the namespace has '%s' for '%s'", mount->point,
				copy->original->all[i]->point);
	}
}

/* Into a copy of the namespace, with the process' own root: an entrant stands on what covers it. */
static bool enter_copy(pid_t pid, bool user)
{
	int root = open(format("/proc/%d/root", pid), O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool entered = root >= 0 && process_enter(pid, user) && !fchdir(root) && !chroot(".") &&
		       !unshare(CLONE_NEWNS);

	if (root >= 0)
		close(root);
	return entered;
}

static void helper(pid_t pid, bool user, const struct mounts *original, int out)
{
	struct copy copy = { .original = original, .out = out };
	struct text text = { 0 };
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (!enter_copy(pid, user))
		give_up("cannot copy the namespace of process %d: %s", pid, strerror(errno));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		give_up("cannot make a copy private: %s", strerror(errno));
	fd = openat(proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	text_read_fd(&text, fd);
	copy.mounts = mounts_parse(text_string(&text));
	check_copy(&copy);
	copy.gone = allocate((copy.mounts->count + 1) * sizeof(*copy.gone));
	copy.children = allocate((copy.mounts->count + 1) * sizeof(*copy.children));
	for (size_t i = 0; i < copy.mounts->count; i++)
		if (copy.mounts->all[i]->parent)
			copy.children[copy.mounts->all[i]->parent->index]++;
	take_apart(&copy);
}

static void receive_listings(char **contents, size_t count, int fd)
{
	struct text text = { 0 };
	size_t at = 0, header[2];

	if (lseek(fd, 0, SEEK_SET))
		give_up("cannot read the listings: %s", strerror(errno));
	text_read_fd(&text, fd);
	for (; at < text.length; at += sizeof(header) + header[1]) {
		memcpy(header, text.bytes + at, sizeof(header));
		if (header[0] < count)
			contents[header[0]] = strdup(text.bytes + at + sizeof(header));
	}
}

char **contents_read(pid_t pid, bool user, const struct mounts *mounts)
{
	char **contents = allocate((mounts->count + 1) * sizeof(*contents));
	int fd = memfd_create("listings", MFD_CLOEXEC), status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (fd < 0 || child < 0)
		give_up("cannot read the contents: %s", strerror(errno));
	if (!child) {
		helper(pid, user, mounts, fd);
		exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		give_up("the contents of process %d's namespace cannot be read", pid);
	receive_listings(contents, mounts->count, fd);
	close(fd);
	return contents;
}
