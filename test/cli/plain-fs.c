// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * plain-fs MOUNTPOINT DIR [close]
 *
 * A fuse filesystem that shows DIR as an object store would: files are created, written, read,
 * renamed and removed, and nothing else. There is no O_TMPFILE, no hard link, and a rename replaces.
 * With "close", what is written is lost at close(2), which says so: the store is full. "ready" is
 * printed when it is mounted; it ends when that mount does.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define MAX_NODES 4096
#define WRITE_SIZE (128 * 1024)

static int fuse_fd, dir_fd;
static int is_full;
/* Of a node, its name in DIR: there are no directories in it. Node 1 is DIR. */
static char *names[MAX_NODES] = { NULL, "." };
static uint64_t n_nodes = 2;
static char request[WRITE_SIZE + 4096];
static char answer[WRITE_SIZE + 4096];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void reply(const struct fuse_in_header *in, int err, size_t size)
{
	struct fuse_out_header *out = (struct fuse_out_header *)answer;

	*out = (struct fuse_out_header){ .unique = in->unique, .error = err };
	out->len = (uint32_t)(sizeof(*out) + (err ? 0 : size));
	/* ENOENT: who asked was killed. */
	if (write(fuse_fd, answer, out->len) < 0 && errno != ENOENT)
		die("write to /dev/fuse");
}

/* Where the answer's own part is. */
static void *body(size_t size)
{
	return memset(answer + sizeof(struct fuse_out_header), 0, size);
}

static uint64_t node_of(const char *name)
{
	for (uint64_t i = 2; i < n_nodes; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	if (n_nodes == MAX_NODES)
		die("too many names");
	names[n_nodes] = strdup(name);
	return n_nodes++;
}

static int fill(uint64_t node, struct fuse_attr *attr)
{
	struct stat st;

	if (fstatat(dir_fd, names[node], &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	attr->ino = node;
	attr->size = (uint64_t)st.st_size;
	attr->blocks = (uint64_t)st.st_blocks;
	attr->mode = st.st_mode;
	attr->nlink = 1;
	attr->uid = st.st_uid;
	attr->gid = st.st_gid;
	attr->blksize = 4096;
	attr->mtime = (uint64_t)st.st_mtim.tv_sec;
	attr->ctime = (uint64_t)st.st_ctim.tv_sec;
	return 0;
}

static void do_init(const struct fuse_in_header *in)
{
	struct fuse_init_out *out = body(sizeof(*out));

	out->major = FUSE_KERNEL_VERSION;
	out->minor = 31;
	out->max_write = WRITE_SIZE;
	out->flags = FUSE_BIG_WRITES;
	reply(in, 0, sizeof(*out));
}

static void do_lookup(const struct fuse_in_header *in, const char *name)
{
	struct fuse_entry_out *out = body(sizeof(*out));
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		reply(in, -errno, 0);
		return;
	}
	out->nodeid = node_of(name);
	reply(in, fill(out->nodeid, &out->attr), sizeof(*out));
}

static void do_getattr(const struct fuse_in_header *in)
{
	struct fuse_attr_out *out = body(sizeof(*out));

	reply(in, fill(in->nodeid, &out->attr), sizeof(*out));
}

static void do_setattr(const struct fuse_in_header *in, const struct fuse_setattr_in *args)
{
	const char *name = names[in->nodeid];

	if ((args->valid & FATTR_MODE && fchmodat(dir_fd, name, args->mode & 07777, 0) < 0))
		reply(in, -errno, 0);
	else
		do_getattr(in);
}

static void do_open(const struct fuse_in_header *in, const struct fuse_open_in *args)
{
	struct fuse_open_out *out = body(sizeof(*out));
	int fd = openat(dir_fd, names[in->nodeid], (int)args->flags | O_CLOEXEC);

	out->fh = (uint64_t)fd;
	reply(in, fd < 0 ? -errno : 0, sizeof(*out));
}

static void do_create(const struct fuse_in_header *in, const struct fuse_create_in *args)
{
	const char *name = (const char *)(args + 1);
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out file;
	} *out = body(sizeof(*out));
	int fd = openat(dir_fd, name, (int)args->flags | O_CREAT | O_CLOEXEC, args->mode & 07777);

	if (fd < 0) {
		reply(in, -errno, 0);
		return;
	}
	out->entry.nodeid = node_of(name);
	out->file.fh = (uint64_t)fd;
	reply(in, fill(out->entry.nodeid, &out->entry.attr), sizeof(*out));
}

static void do_read(const struct fuse_in_header *in, const struct fuse_read_in *args)
{
	char *out = body(0);
	ssize_t n = pread((int)args->fh, out, args->size, (off_t)args->offset);

	reply(in, n < 0 ? -errno : 0, n < 0 ? 0 : (size_t)n);
}

static void do_write(const struct fuse_in_header *in, const struct fuse_write_in *args)
{
	struct fuse_write_out *out = body(sizeof(*out));
	ssize_t n = pwrite((int)args->fh, args + 1, args->size, (off_t)args->offset);

	out->size = n < 0 ? 0 : (uint32_t)n;
	reply(in, n < 0 ? -errno : 0, sizeof(*out));
}

static void do_readdir(const struct fuse_in_header *in, const struct fuse_read_in *args)
{
	char *out = body(0);
	size_t size = 0;
	uint64_t at = 0;
	DIR *dir = fdopendir(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	for (struct dirent *e; dir && (e = readdir(dir));) {
		struct fuse_dirent *entry = (struct fuse_dirent *)(out + size);
		size_t n = strlen(e->d_name);

		if (at++ < args->offset)
			continue;
		if (size + FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + n) > args->size)
			break;
		memset(entry, 0, FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + n));
		entry->ino = at;
		entry->off = at;
		entry->namelen = (uint32_t)n;
		memcpy(entry->name, e->d_name, n);
		size += FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + n);
	}
	if (dir)
		closedir(dir);
	reply(in, 0, size);
}

static void do_statfs(const struct fuse_in_header *in)
{
	struct fuse_statfs_out *out = body(sizeof(*out));

	out->st.blocks = out->st.bfree = out->st.bavail = 1 << 20;
	out->st.bsize = out->st.frsize = 4096;
	out->st.namelen = 255;
	reply(in, 0, sizeof(*out));
}

static void do_rename(const struct fuse_in_header *in, const char *from)
{
	reply(in, renameat(dir_fd, from, dir_fd, from + strlen(from) + 1) < 0 ? -errno : 0, 0);
}

static void serve(const struct fuse_in_header *in, const void *args)
{
	switch (in->opcode) {
	case FUSE_INIT:
		return do_init(in);
	case FUSE_LOOKUP:
		return do_lookup(in, args);
	case FUSE_GETATTR:
		return do_getattr(in);
	case FUSE_SETATTR:
		return do_setattr(in, args);
	case FUSE_OPEN:
		return do_open(in, args);
	case FUSE_CREATE:
		return do_create(in, args);
	case FUSE_READ:
		return do_read(in, args);
	case FUSE_WRITE:
		return do_write(in, args);
	case FUSE_READDIR:
		return do_readdir(in, args);
	case FUSE_STATFS:
		return do_statfs(in);
	case FUSE_RENAME:
		return do_rename(in, (const char *)args + sizeof(struct fuse_rename_in));
	case FUSE_UNLINK:
		return reply(in, unlinkat(dir_fd, args, 0) < 0 ? -errno : 0, 0);
	case FUSE_FLUSH:
		return reply(in, is_full ? -ENOSPC : 0, 0);
	case FUSE_RELEASE:
		close((int)((const struct fuse_release_in *)args)->fh);
		return reply(in, 0, 0);
	case FUSE_OPENDIR:
		body(sizeof(struct fuse_open_out));
		return reply(in, 0, sizeof(struct fuse_open_out));
	case FUSE_RELEASEDIR:
		return reply(in, 0, 0);
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	}
	reply(in, -ENOSYS, 0);
}

int main(int argc, char **argv)
{
	char options[128];
	ssize_t n;

	if (argc < 3)
		return 2;
	is_full = argc > 3;
	dir_fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		die(argv[2]);
	fuse_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse_fd < 0)
		die("/dev/fuse");
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40700,user_id=0,group_id=0,allow_other,default_permissions", fuse_fd);
	if (mount("plain", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		die("mount");
	puts("ready");
	fflush(stdout);
	while ((n = read(fuse_fd, request, sizeof(request))) > 0 || errno == EINTR || errno == ENOENT)
		if (n > 0)
			serve((struct fuse_in_header *)request,
			      request + sizeof(struct fuse_in_header));
	return errno == ENODEV ? 0 : 1;
}
