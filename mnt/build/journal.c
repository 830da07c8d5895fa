// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/build/journal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

int journal_add(struct journal *journal, int dir_fd, const char *name, const char *temporary)
{
	if ((journal->n & (journal->n - 1)) == 0) {
		size_t room = journal->n ? journal->n * 2 : 1;
		struct journal_entry *list = realloc(journal->list, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		journal->list = list;
	}
	const struct journal_entry *last = journal->n ? &journal->list[journal->n - 1] : NULL;
	bool shared = last && fd_same_file(last->dir_fd, dir_fd);
	struct journal_entry entry = {
		.dir_fd = shared ? last->dir_fd : fcntl(dir_fd, F_DUPFD_CLOEXEC, 3),
		.owns_dir = !shared,
		.name = strdup(name),
		.temporary = strdup(temporary),
	};

	if (entry.dir_fd < 0 || !entry.name || !entry.temporary)
		return -ENOMEM;
	journal->list[journal->n++] = entry;
	return 0;
}

void journal_made(struct journal *journal, uint64_t device, uint64_t inode)
{
	if (!journal->n)
		return;
	journal->list[journal->n - 1].device = device;
	journal->list[journal->n - 1].inode = inode;
}

static void undo_one(const struct journal_entry *entry, const char *name)
{
	struct stat stat;

	if (!name || fstatat(entry->dir_fd, name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (entry->inode && (stat.st_ino != entry->inode || stat.st_dev != entry->device))
		return;
	if (unlinkat(entry->dir_fd, name, S_ISDIR(stat.st_mode) ? AT_REMOVEDIR : 0) < 0)
		log_error(-errno, "cannot remove the mountpoint '%s' that was made", name);
}

void journal_undo(struct journal *journal)
{
	for (size_t i = journal->n; i-- > 0;) {
		const struct journal_entry *entry = &journal->list[i];

		if (entry->inode)
			undo_one(entry, entry->name);
		undo_one(entry, entry->temporary);
	}
	journal_free(journal);
}

void journal_free(struct journal *journal)
{
	for (size_t i = 0; i < journal->n; i++) {
		if (journal->list[i].owns_dir)
			fd_close(&journal->list[i].dir_fd);
		free(journal->list[i].name);
		free(journal->list[i].temporary);
	}
	free(journal->list);
	*journal = (struct journal){ 0 };
}
