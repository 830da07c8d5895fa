/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The contents of a tmpfs as CRIU keeps them: a gzip of a tar of the filesystem. */
#ifndef REBIND_ARCHIVE_ARCHIVE_H
#define REBIND_ARCHIVE_ARCHIVE_H

#include "model/mount.h"

/* Why an archive could not be written or unpacked. */
struct archive_fault {
	char text[512]; /* one sentence with the entry's name */
};

/* Called now and then with the bytes done so far; may be NULL. */
typedef void (*archive_progress_fn)(void *data, uint64_t bytes);

/* Who wrote an archive. Ours are read and written without libarchive, which takes long to load. */
enum archive_writer {
	ARCHIVE_ANYBODY, /* tar in all its dialects */
	ARCHIVE_OURS,	 /* an image says so: archive_pack() wrote it */
	ARCHIVE_STORED,	 /* the same, as a gzip of one stored block: no library at all */
};

/* What is told while something is archived. */
struct archive_watch {
	archive_progress_fn progress;
	/*
	 * A file has another size, mtime or ctime after it was read than before: "./a/b". What is
	 * in the archive may be neither the old nor the new; where it is shorter now, zeros fill
	 * it up. May be NULL. Return: 0, or a negative errno that ends it.
	 */
	int (*changed)(void *data, const char *path);
	void *data; /* of all */
	/* Owners are written as its inside has them (ids_shown_uid()); NULL: as they are. */
	const struct mount_idmap *ids;
	unsigned int compress; /* how: 0, or what archive_compress() made of a word */
	/*
	 * Load zlib, by archive_prepare(): the archive is too large to be stored. For a process that
	 * has left the root with the libraries. NULL: zlib is loaded before anything is read.
	 */
	int (*load)(void *data);
};

/**
 * archive_compress - what "gzip", "gzip:LEVEL" (0 to 9) or "none" asks for
 *
 * Each of them makes a gzip, which CRIU can unpack: "none" is one of stored blocks.
 *
 * Return: 0, or -EINVAL for another word.
 */
int archive_compress(const char *word, unsigned int *ret);

/**
 * archive_prepare - load what the functions below need: nothing, zlib; libarchive, a locale
 *
 * Call it while "/" is still the caller's: later, code and data would come from the namespace that
 * is dumped or restored. The functions below call it if that has not happened.
 *
 * Return: 0, or a negative errno with @fault filled.
 */
int archive_prepare(enum archive_writer writer, struct archive_fault *fault);

/**
 * archive_pack - write the contents of a directory tree
 * @dir_fd: the root of the filesystem; nothing else is mounted below it in this view (another
 *          device met on the way is not entered)
 * @out_fd: where the gzip goes
 * @watch: may be NULL
 * @contents: entries, bytes, sockets and digest are filled; untouched on failure. Sockets and
 *            their attributes are two malloc()ed blocks, each with its texts in it:
 *            mount_contents_clear() is all. Bytes are the sizes of regular files, holes among them,
 * each file once. The digest is of what went to @out_fd.
 *
 * pax format, numeric owners, hard links once, sparse files with their holes, xattrs (ACLs and
 * capabilities among them), nanosecond times, "./" first with the mode and owner of the root.
 * Bounded memory: one buffer, one entry for each file with more than one link, and the names of
 * the subdirectories on the way from the root to where it is. Not descriptors: three, at any depth.
 * The process' working directory moves about and is put back. Where there are two CPUs, a thread
 * compresses and writes what was read; it is gone when this returns. So it is when unpacking.
 *
 * A write through a mapping that was made before changes no time in a tmpfs, and is not noticed.
 *
 * Refused, because it could not be unpacked: a path of 64 KiB and more (-ENAMETOOLONG), an extended
 * attribute whose name has '=', '%' or what is not printable ASCII (-EINVAL), more than 900 KiB of
 * attributes (-E2BIG).
 *
 * Return: 0 or a negative errno with @fault filled; -ESTALE if files were replaced meanwhile.
 */
int archive_pack(int dir_fd, int out_fd, struct mount_contents *contents,
		 const struct archive_watch *watch, struct archive_fault *fault);

/* The name of what is no directory in an archive of one thing. */
#define ARCHIVE_ONE_NAME "deleted"

/**
 * archive_pack_one - write one thing alone: an empty directory as "./", anything else by the name
 * ARCHIVE_ONE_NAME
 * @name: in @dir_fd; another filesystem may be mounted there
 *
 * For what was deleted while it was in use: no directory has it, and a directory is empty then.
 *
 * Return: as archive_pack().
 */
int archive_pack_one(int dir_fd, const char *name, int out_fd, struct mount_contents *contents,
		     const struct archive_watch *watch, struct archive_fault *fault);

/* Inode flags of files and directories that cannot be changed once they have them. */
struct archive_flag {
	char *path;	/* "a/b", from the root */
	uint32_t flags; /* FS_IMMUTABLE_FL and its like */
};

struct archive_flags {
	struct archive_flag *list;
	size_t n, room;
};

/* Return: 0 or -ENOMEM. */
int archive_flags_add(struct archive_flags *flags, const char *path, uint32_t value);

/**
 * archive_flags_set - the last step of a restore, when everything is in its place
 *
 * Return: 0 or a negative errno with @fault filled.
 */
int archive_flags_set(const struct archive_flags *flags, int dir_fd, struct archive_fault *fault);

void archive_flags_free(struct archive_flags *flags);
#define cleanup_archive_flags cleanup(archive_flags_free)

/* What an archive may do. */
enum archive_policy {
	ARCHIVE_ANY_DEVICES = 1, /* --allow-devices: device nodes other than the harmless nine */
	ARCHIVE_LIST_ONLY = 2,	 /* check, unpack nothing: @dir_fd is not used */
};

/*
 * How much an archive may hold. A few megabytes of gzip can stand for all of the memory: it is
 * looked at while it is unpacked, not after.
 */
struct archive_rules {
	enum archive_writer writer;
	unsigned int policy;	 /* bits of enum archive_policy */
	uint64_t entries, bytes; /* what was recorded of it; no entries: nothing was */
	uint64_t own;		 /* bytes of data that its filesystem has room for; 0: not known */
	char own_name[32];	 /* that limit in words: "size=1024k" */
	const char *option;	 /* what changes the limit of memory, or NULL */
	uint64_t memory;	 /* what all archives of a restore may take together; 0: no limit */
	const struct mount_idmap *ids;	  /* owners are those of its inside; NULL: as they are */
	const struct mount_idmap *within; /* with ARCHIVE_LIST_ONLY: ids must be among those of its
					     outside; NULL: all may be there */
	uint64_t *taken;		  /* by them so far, grows; NULL: this is the only one */
};

/**
 * archive_unpack - unpack below a directory, and only there
 * @in_fd: the archive: ours, GNU tar's, CRIU's; gzip or plain. Read to its end.
 * @dir_fd: the root of the new filesystem
 * @rules: what it may do, and how much it may hold
 * @ret_done: entries, bytes, and the digest of all that was read; compare with what was recorded.
 * @ret_flags: is filled, on failure too; NULL: one is an error, if anything is unpacked
 *
 * Refused: absolute names, "..", a name or hard link that goes through a symlink, device nodes
 * other than null, zero, full, random, urandom, tty, console, ptmx (-EPERM), unknown entry types.
 * Owners, modes (setuid too), times, xattrs, ACLs come back; the process' umask does not count.
 * The archive must be whole: gzip's CRC and length are checked, and nothing stands behind its end.
 * The directory's own mode, owner and times are those of "./". The process' working directory and
 * umask change while it runs and are put back.
 *
 * Return: 0 or a negative errno with @fault filled: -EBADMSG for an archive that is damaged, -EXDEV
 * for a name that leaves the directory, -ELOOP for one through a symlink, -EPERM for a device,
 * -EFBIG for more than @rules allow, -EOVERFLOW for an id that is not among those of @rules.
 */
int archive_unpack(int in_fd, int dir_fd, const struct archive_rules *rules,
		   struct mount_contents *ret_done, struct archive_flags *ret_flags,
		   archive_progress_fn progress, void *data, struct archive_fault *fault);

/* One entry for a comparison. Strings are malloc()ed. */
struct archive_entry_info {
	char *path;	/* "./a/b" */
	char *describe; /* "file 0644 0:0 2026-01-02T03:04:05.678900000 5 bytes <digest>" */
};

struct archive_list {
	struct archive_entry_info *list; /* sorted by path */
	size_t n;
};

void archive_list_free(struct archive_list *list);

/**
 * archive_list - what an archive holds, each entry described in one line
 * @rules: how much it may hold; memory: what the list may take; data does not count
 *
 * Type, mode, owner, mtime, device, link target, xattrs and a digest of the data all go into the
 * description: two filesystems are equal if their lists are. The digest is a SHA-256 of the blocks
 * that are not all zero, with their places: holes cost nothing and make no difference. Hard links
 * are described by the name of the first path of their group in sorted order. atime and ctime are
 * left out. The size and mtime of directories are left out of it (mtime of a directory is kept: it
 * is restored).
 *
 * Return: 0 or a negative errno with @fault filled.
 */
int archive_list(int in_fd, const struct archive_rules *rules, struct archive_list *ret,
		 struct archive_fault *fault);

/**
 * archive_list_add_sockets - the sockets of the same filesystem, sorted into its list
 * @contents: may be NULL
 *
 * Return: 0 or -ENOMEM.
 */
int archive_list_add_sockets(struct archive_list *list, const struct mount_contents *contents);

#endif
