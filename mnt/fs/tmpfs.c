// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/log.h"
#include "base/fd.h"
#include "archive/archive.h"
#include "image/image.h"
#include "mnt/contents/contents.h"
#include "mnt/contents/rules.h"
#include "mnt/fs/fs.h"
#include "model/filesystem.h"

/* An archive that lost something is no image of what was dumped. CRIU's records have no counts. */
static int check_counts(const struct mount *m, const struct mount_contents *recorded,
			const struct mount_contents *done)
{
	if (!recorded || !recorded->entries ||
	    (recorded->entries == done->entries && recorded->bytes == done->bytes))
		return 0;
	return log_error(
		-EBADMSG,
		"the contents of mount %u '%s' are not what was dumped: %llu entries and %llu "
		"bytes in place of %llu and %llu",
		m->id, m->mountpoint, (unsigned long long)done->entries,
		(unsigned long long)done->bytes, (unsigned long long)recorded->entries,
		(unsigned long long)recorded->bytes);
}

/* CRIU's records have no digest. */
static int check_digest(const struct mount *m, const char *name,
			const struct mount_contents *recorded, const struct mount_contents *done)
{
	if (!recorded || !recorded->has_digest ||
	    memcmp(recorded->digest, done->digest, sizeof(done->digest)) == 0)
		return 0;
	return log_error(-EBADMSG,
			 "'%s', the contents of mount %u '%s', is not the file that was dumped",
			 name, m->id, m->mountpoint);
}

int fs_unpack(struct build *b, const struct mount *m, const struct mount_contents *recorded, int fd,
	      struct archive_flags *flags)
{
	struct archive_fault fault = { "" };
	struct mount_contents done = { 0 };
	char name[64], without[CAPS_TEXT];
	cleanup_fd int in = openat(b->image_dir_fd, image_contents_name(m, name),
				   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	/* CRIU makes a new ramfs, and keeps nothing of it; where we did, there are its counts. */
	if (in < 0 && errno == ENOENT && !recorded &&
	    filesystem_type_of(m->fstype) != FILESYSTEM_TYPE_TMPFS)
		return 0;
	if (in < 0)
		return log_error(-errno, "cannot open '%s', the contents of mount %u '%s'%s", name,
				 m->id, m->mountpoint, image_of_symlink(-errno));
	b->progress.doing = "unpacking contents";
	struct archive_rules rules =
		contents_rules(b->options, in, m, recorded, &b->contents_memory);
	rules.ids = b->ids;
	int err =
		archive_unpack(in, fd, &rules, &done, flags, progress_bytes, &b->progress, &fault);

	b->progress.doing = "mounting";
	b->progress.bytes += done.bytes;
	/* What is malformed is said by the text. */
	if (err)
		return log_error(err == -EBADMSG ? 0 : err,
				 "cannot unpack '%s' into mount %u '%s'%s: %s%s%s", name, m->id,
				 m->mountpoint,
				 caps_without(err == -EBADMSG || err == -EFBIG ? err : -EPERM,
					      CAPS_SPECIAL, without),
				 fault.text,
				 err == -ENOSPC ? "; the filesystem's own limits are " : "",
				 err != -ENOSPC		     ? ""
				 : m->options && *m->options ? m->options
							     : "those of a new one"),
		       err;
	err = check_digest(m, name, recorded, &done);
	return err ? err : check_counts(m, recorded, &done);
}

int fs_become_owner(const struct build *b, int fd)
{
	struct stat st;

	if (!b->ns_helper || !b->ns_helper->has_user)
		return 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	setfsgid(st.st_gid);
	setfsuid(st.st_uid);
	/* To be another user takes capabilities out of effect. */
	return caps_raise();
}

int fs_become_ourselves(const struct build *b)
{
	if (!b->ns_helper || !b->ns_helper->has_user)
		return 0;
	setfsgid(getegid());
	setfsuid(geteuid());
	return caps_raise();
}

/* It shows every device of this host, but for a bind of one that every container has. */
static bool shows_devices(const struct mount *m)
{
	static const char *const harmless[] = { "/null",    "/zero", "/full",	 "/random",
						"/urandom", "/tty",  "/console", "/ptmx" };

	if (filesystem_type_of(m->fstype) != FILESYSTEM_TYPE_DEVTMPFS)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		if (strcmp(m->root, harmless[i]) == 0)
			return false;
	return true;
}

/* Which it is stands in the archive. */
static void refuse_devices(const struct rebind_restore_options *o, const struct mount *m,
			   int image_dir_fd, struct findings *findings)
{
	struct archive_fault fault = { "" };
	struct mount_contents done = { 0 };
	uint64_t memory = 0;
	char name[64];
	cleanup_fd int in = caps_openat(image_dir_fd, image_contents_name(m, name),
					O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct archive_rules rules = contents_rules(o, in, m, m->contents, &memory);

	rules.policy = ARCHIVE_LIST_ONLY;
	int err = in < 0 ? in : archive_unpack(in, -EBADF, &rules, &done, NULL, NULL, NULL, &fault);

	/* "'sda' is the block device 8:0, which takes ..." */
	const char *named = err == -EPERM ? strstr(fault.text, ", which") : NULL;

	findings_mount(findings, FINDING_DEVICES, m, "--allow-devices",
		       "it holds device nodes other than those that every container has%s%.*s",
		       named ? ": " : "", named ? (int)(named - fault.text) : 0, fault.text);
}

void fs_tmpfs_check(const struct mount_tree *tree, const struct rebind_restore_options *o,
		    int image_dir_fd, struct findings *findings)
{
	for (uint32_t i = 0; i < tree->n && !o->allow_devices; i++) {
		const struct mount *m = &tree->mounts[i];

		if (m->owner == MOUNT_INTERNAL && shows_devices(m) &&
		    !filesystem_is_among(m->fstype, o->enable_fs, o->n_enable_fs))
			findings_mount(findings, FINDING_DEVICES, m,
				       "--allow-devices, --enable-fs devtmpfs",
				       "a devtmpfs shows every device of this host");
		if (m->owner == MOUNT_INTERNAL && m->contents &&
		    (m->contents->takes & MOUNT_TAKES_CONSENT))
			refuse_devices(o, m, image_dir_fd, findings);
	}
}

int fs_tmpfs_fill(struct build *b, const struct mount *m, int fd)
{
	const struct mount *first = &b->tree->mounts[tree_first_of_superblock(b->tree, m)];
	cleanup_archive_flags struct archive_flags flags = { 0 };
	struct archive_fault fault = { "" };

	/* Its mounts show what was deleted, alone: that comes one by one. */
	if (!mount_is_fsroot(first))
		return 0;
	int err = fs_become_owner(b, fd);

	if (!err)
		err = fs_unpack(b, first, first->contents, fd, &flags);
	if (!err)
		err = fs_sockets_make(b->host, first, first->contents, fd);
	int back = fs_become_ourselves(b);

	if (err || back)
		return err ? err : back;
	err = archive_flags_set(&flags, fd, &fault);
	return err ? log_error(err, "cannot restore the contents of mount %u '%s': %s", m->id,
			       m->mountpoint, fault.text)
		   : 0;
}
