// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CRIU without rebind's mounts: the words that rebind was given are CRIU's, too. An image that was
 * in the directory is still set aside until the new one is complete.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/table.h"
#include "runtime/criu/criu.h"

static int alone_put(struct strings *ret, const char *option, const char *value)
{
	return value ? strings_print(ret, "--%s=%s", option, value) : 0;
}

static int put_all(struct strings *ret, const char *option, const char *const *list, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = alone_put(ret, option, list[i]);
	return err;
}

/* The mounts of the container, read when the first word names one by its id. */
struct mounts_by_id {
	struct rebind_report *report;
	struct rebind_tree *tree;
	struct table index;
};

static void mounts_free(struct mounts_by_id *mounts)
{
	if (mounts->tree)
		rebind_tree_free(mounts->tree);
	rebind_report_free(mounts->report);
	table_free(&mounts->index);
}

static int mounts_read(struct mounts_by_id *mounts, pid_t pid)
{
	struct rebind_mount m = { .size = sizeof(m) };
	char name[16];

	snprintf(name, sizeof(name), "%d", (int)pid);
	mounts->report = rebind_report_new();
	int err = mounts->report ? rebind_tree_open(NULL, name, 0, mounts->report, &mounts->tree)
				 : -ENOMEM;

	for (size_t i = 0; !err && i < rebind_tree_count(mounts->tree); i++) {
		rebind_tree_get(mounts->tree, i, &m);
		err = table_put(&mounts->index, m.id, (uint32_t)i, NULL);
	}
	return err;
}

/* "mnt[#ID]:KEY": CRIU knows mounts by their paths. */
static int put_by_id(struct strings *ret, struct mounts_by_id *mounts, pid_t pid, unsigned int id,
		     const char *key)
{
	int err = mounts->report ? 0 : mounts_read(mounts, pid);
	uint32_t i = err ? TABLE_NONE : table_get(&mounts->index, id);
	struct rebind_mount m = { .size = sizeof(m) };

	if (err)
		return log_error(err, "cannot read the mounts of process %d", (int)pid);
	if (i == TABLE_NONE)
		return log_error(-ENOENT, "process %d has no mount %u, which --external names",
				 (int)pid, id);
	rebind_tree_get(mounts->tree, i, &m);
	return strings_print(ret, "--external=mnt[%s]:%s", m.mountpoint, key);
}

static int put_externals(struct strings *ret, const struct rebind_dump_options *options)
{
	cleanup(mounts_free) struct mounts_by_id mounts = { 0 };
	int err = 0;

	for (size_t i = 0; i < options->n_external && !err; i++) {
		const char *word = options->external[i];
		unsigned int id;
		int end = 0;

		err = sscanf(word, "mnt[#%u]:%n", &id, &end) == 1 && end
			      ? put_by_id(ret, &mounts, options->pid, id, word + end)
			      : alone_put(ret, "external", word);
	}
	return err;
}

static int put_dump(struct strings *ret, const struct rebind_dump_options *mounts)
{
	int err = strings_print(ret, "--tree=%d", (int)mounts->pid);

	if (!err)
		err = alone_put(ret, "images-dir", mounts->images_dir);
	if (!err)
		err = alone_put(ret, "libdir", mounts->libdir);
	if (!err)
		err = put_externals(ret, mounts);
	if (!err)
		err = put_all(ret, "skip-mnt", mounts->skip_mnt, mounts->n_skip_mnt);
	if (mounts->n_copy)
		log_warn("--copy is rebind's: CRIU copies every tmpfs that is not external");
	return err ? err : put_all(ret, "enable-fs", mounts->enable_fs, mounts->n_enable_fs);
}

static int put_restore(struct strings *ret, const struct rebind_restore_options *mounts)
{
	int err = alone_put(ret, "images-dir", mounts->images_dir);

	if (!err)
		err = alone_put(ret, "root", mounts->root);
	if (!err)
		err = alone_put(ret, "libdir", mounts->libdir);
	if (!err)
		err = put_all(ret, "external", mounts->external, mounts->n_external);
	if (!err)
		err = put_all(ret, "join-ns", mounts->join_ns, mounts->n_join_ns);
	return err ? err : put_all(ret, "enable-fs", mounts->enable_fs, mounts->n_enable_fs);
}

/* Behind argv[0]. */
static int put_plain(struct strings *ret, char *const *plain)
{
	int err = 0;

	for (size_t i = 1; plain[i] && !err; i++)
		err = strings_print(ret, "%s", plain[i]);
	return err;
}

static int alone_put_together(struct strings *ret, const char *verb, const struct strings *options,
			      const struct criu_command *command)
{
	cleanup_free char *program = NULL;
	int err = criu_find(&program);

	if (!err)
		err = strings_print(ret, "%s", program);
	if (!err && command->plain)
		return put_plain(ret, command->plain);
	if (err)
		return err;
	err = strings_print(ret, "%s", verb);
	if (!err)
		err = put_all(ret, "action-script", command->scripts, command->n_scripts);
	return err ? err : criu_put_words(ret, command->words, options);
}

static int alone_judge(const char *path, int status)
{
	char version[CRIU_VERSION_MAX];

	if (WIFSIGNALED(status))
		return criu_failed("CRIU was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		return criu_failed(
			"CRIU alone could not dump the container (exit status %d): its own "
			"messages tell why%s",
			WEXITSTATUS(status), criu_version(path, version));
	return 0;
}

/* Its directory may hold an image that CRIU would have overwritten in part. */
static int dump_into(const struct rebind_dump_options *mounts, int dir_fd, char *const *argv)
{
	struct criu_dumped dumped = { CRIU_DUMPED_INIT };
	int status = 0;

	dumped.images_dir = mounts->images_dir;
	dumped.target_fd = sys_pidfd_open(mounts->pid);
	pid_t pid = criu_spawn(argv);

	if (pid < 0)
		return pid;
	child_wait_program(pid, &status);
	int err = alone_judge(argv[0], status);

	dumped.complete = faccessat(dir_fd, "inventory.img", F_OK, 0) == 0;
	criu_dumped_end(&dumped, mounts->images_dir, err != 0);
	return err;
}

int criu_alone_dump(const struct rebind_dump_options *mounts, const struct criu_command *command)
{
	cleanup(strings_free) struct strings options = { 0 };
	cleanup(strings_free) struct strings argv = { 0 };
	cleanup_fd int dir = -EBADF;
	int err = command->plain ? 0 : put_dump(&options, mounts);

	if (!err)
		err = alone_put_together(&argv, "dump", &options, command);
	if (!err)
		err = criu_images_claim(mounts->images_dir, &dir);
	return err ? err : dump_into(mounts, dir, (char *const *)argv.list);
}

/* They change what is built, and CRIU has no such words. */
static int refuse_ours(const struct rebind_restore_options *mounts)
{
	const char *option = mounts->n_external_flags	  ? "external-flags"
			     : mounts->new_ns		  ? "new-ns"
			     : mounts->sharing		  ? "sharing"
			     : mounts->create_mountpoints ? "create-mountpoints"
			     : mounts->premount_existing  ? "premount"
			     : mounts->ns_id		  ? "ns-id"
							  : NULL;

	if (!option)
		return 0;
	log_error(0,
		  "--%s is rebind's, but the mounts of this image are CRIU's to restore: leave it "
		  "out, or give --mounts rebind",
		  option);
	return -EINVAL;
}

int criu_alone_restore(const struct rebind_restore_options *mounts,
		       const struct criu_command *command)
{
	cleanup(strings_free) struct strings options = { 0 };
	cleanup(strings_free) struct strings argv = { 0 };
	int err = refuse_ours(mounts);

	if (!err && !command->plain)
		err = put_restore(&options, mounts);
	if (!err)
		err = alone_put_together(&argv, "restore", &options, command);
	return err ? err : criu_become((char *const *)argv.list);
}
