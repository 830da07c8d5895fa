// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The inventory is decoded, changed in one field and encoded: protobuf-c keeps the fields that
 * rebind.proto does not name.
 */
#include "image/criu-merge.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/new-file.h"
#include "image/image.h"
#include "image/rebind.pb-c.h"
#include "image/record.h"
#include "image/inventory.h"

#define INVENTORY "inventory.img"
#define FILES	  "files.img"
#define REMAPS	  "remap-fpath.img"

#define cannot_merge(findings, help, ...) \
	(findings_add(findings, FINDING_IMAGE_PROCESSES, 0, NULL, help, __VA_ARGS__), -EBADMSG)

int criu_merge_check(int dir_fd, uint32_t *ret_ns_id, struct findings *findings)
{
	struct image_info info = { 0 };
	uint32_t n = 0;
	int err = inventory_select(dir_fd, &info, findings);

	if (err == -ENOENT)
		return cannot_merge(findings, "CRIU's post-dump action",
				    INVENTORY
				    " is not there: CRIU has not dumped the processes yet");
	if (err)
		return err;
	if (info.by_rebind)
		return cannot_merge(findings, "an empty directory",
				    "the mounts of this image are rebind's already");
	err = inventory_select_namespace(dir_fd, ret_ns_id, findings);
	if (!err)
		err = inventory_count(dir_fd, &n);
	if (err || n == 1)
		return err;
	return cannot_merge(
		findings, "CRIU alone",
		"the processes are in %u mount namespaces; only that of the first process "
		"can be kept",
		n);
}

static int read_inventory(int dir_fd, struct record_pool *pool, Rebind__InventoryEntry **ret,
			  struct findings *findings)
{
	cleanup_record_file struct record_file file = RECORD_FILE_INIT;
	ProtobufCMessage *message;
	int err = record_open(&file, dir_fd, INVENTORY, RECORD_MAGIC_INVENTORY, findings);

	if (!err)
		err = record_first(&file, &rebind__inventory_entry__descriptor, pool, &message,
				   findings);
	if (!err)
		*ret = (Rebind__InventoryEntry *)message;
	return err;
}

static int put_inventory(int fd, const Rebind__InventoryEntry *entry)
{
	cleanup_record_out struct record_out out = { .fd = fd };
	int err = record_put_magic(&out, RECORD_MAGIC_INVENTORY);

	if (!err)
		err = record_put(&out, &entry->base);
	return err ? err : record_flush(&out);
}

/* Return: 1 if there are removed files that only CRIU makes again, 0, or a negative errno. */
static int needs_criu(int dir_fd, struct findings *findings)
{
	cleanup_findings struct findings own = { 0 };
	cleanup_removed struct removed_files files = { 0 };
	int err = removed_read(dir_fd, &files, &own);

	if (err == -EOPNOTSUPP)
		return 1;
	findings_append(findings, &own);
	return err;
}

int criu_merge_mark(int dir_fd, struct findings *findings)
{
	cleanup_record_pool struct record_pool pool = { 0 };
	cleanup_new_file struct new_file file = NEW_FILE_NONE;
	Rebind__RebindInventory ours = REBIND__REBIND_INVENTORY__INIT;
	Rebind__InventoryEntry *entry;
	int by_criu = needs_criu(dir_fd, findings);
	int err = by_criu < 0 ? by_criu : read_inventory(dir_fd, &pool, &entry, findings);

	if (!err)
		err = new_file_start(&file, dir_fd, INVENTORY);
	if (err)
		return err;
	ours.version = 1;
	ours.has_mounts_by_criu = ours.mounts_by_criu = by_criu > 0;
	ours.has_processes = ours.processes = true;
	entry->rebind = &ours;
	err = put_inventory(file.fd, entry);
	/* Without an inventory, for this moment, the directory is no image. */
	if (!err && unlinkat(dir_fd, INVENTORY, 0) < 0)
		err = -errno;
	return err ? err : new_file_finish(&file);
}

static int no_dump_ids(struct findings *findings)
{
	return cannot_merge(findings, NULL,
			    INVENTORY " does not say in which namespaces the dump was made");
}

int criu_merge_write_criu_inventory(int dir_fd, int out_fd, struct findings *findings)
{
	cleanup_record_pool struct record_pool pool = { 0 };
	Rebind__InventoryEntry *entry;
	uint32_t ns_id = 0;
	int err = read_inventory(dir_fd, &pool, &entry, findings);

	if (!err)
		err = inventory_select_namespace(dir_fd, &ns_id, findings);
	if (err)
		return err;
	if (!entry->root_ids)
		return no_dump_ids(findings);
	entry->root_ids->has_mnt_ns_id = true;
	entry->root_ids->mnt_ns_id = ns_id;
	return put_inventory(out_fd, entry);
}

static uint32_t differing(const Rebind__IdsEntry *left, const Rebind__IdsEntry *right)
{
	uint32_t all = 0;

	all |= left->pid_ns_id != right->pid_ns_id ? CLONE_NEWPID : 0;
	all |= left->net_ns_id != right->net_ns_id ? CLONE_NEWNET : 0;
	all |= left->ipc_ns_id != right->ipc_ns_id ? CLONE_NEWIPC : 0;
	all |= left->uts_ns_id != right->uts_ns_id ? CLONE_NEWUTS : 0;
	all |= left->user_ns_id != right->user_ns_id ? CLONE_NEWUSER : 0;
	all |= left->time_ns_id != right->time_ns_id ? MERGE_NEWTIME : 0;
	all |= left->cgroup_ns_id != right->cgroup_ns_id ? CLONE_NEWCGROUP : 0;
	return all;
}

int criu_merge_own_namespaces(int dir_fd, uint32_t *ret, struct findings *findings)
{
	cleanup_record_pool struct record_pool pool = { 0 };
	cleanup_record_pool struct record_pool pool_of_ids = { 0 };
	Rebind__InventoryEntry *entry;
	const Rebind__IdsEntry *ids;
	int err = read_inventory(dir_fd, &pool, &entry, findings);

	if (!err)
		err = select_root_ids(dir_fd, &pool_of_ids, &ids, findings);
	if (err)
		return err;
	if (!entry->root_ids)
		return no_dump_ids(findings);
	*ret = differing(ids, entry->root_ids);
	return 0;
}

bool criu_merge_has_user(int dir_fd)
{
	cleanup_findings struct findings ignored = { 0 };
	uint32_t own = 0;

	return criu_merge_own_namespaces(dir_fd, &own, &ignored) == 0 && (own & CLONE_NEWUSER);
}

/* A socket's name is looked for in the mounts of its process. Return: was it changed. */
static bool change_socket(Rebind__UnixEntry *socket)
{
	bool named = socket && socket->has_mnt_id && socket->mnt_id >= 0;

	if (named)
		socket->mnt_id = -1;
	return named;
}

/* Bytes of the pool are put in their stead: it frees nothing. */
static bool change_text(ProtobufCBinaryData *text, const struct removed_file *file)
{
	if (!file)
		return false;
	*text = (ProtobufCBinaryData){ strlen(file->made), (uint8_t *)file->made };
	return true;
}

static bool change_watch(Rebind__HandleEntry *handle, const struct removed_file *file)
{
	handle->has_path |= file != NULL;
	return change_text(&handle->path, file);
}

/* By the handle alone nothing is found again that was made anew. */
static bool change_watches(Rebind__FileEntry *entry, const struct removed_files *removed)
{
	const Rebind__InotifyEntry *inotify = entry->inotify;
	const Rebind__FanotifyEntry *fanotify = entry->fanotify;
	bool changed = false;

	for (size_t i = 0; inotify && i < inotify->n_watches; i++) {
		const Rebind__InotifyWatch *watch = inotify->watches[i];

		changed |= change_watch(watch->handle,
					removed_find_watched(removed, watch->dev, watch->inode));
	}
	for (size_t i = 0; fanotify && i < fanotify->n_marks; i++) {
		const Rebind__FanotifyMark *mark = fanotify->marks[i];

		if (mark->inode)
			changed |= change_watch(
				mark->inode->handle,
				removed_find_watched(removed, mark->dev, mark->inode->inode));
	}
	return changed;
}

/* Return: 1 if it was changed, 0, or a negative errno. */
static int put_file(struct record_out *out, const uint8_t *data, size_t size,
		    struct record_pool *pool, const struct removed_files *removed)
{
	record_pool_reset(pool);
	Rebind__FileEntry *entry = rebind__file_entry__unpack(&pool->allocator, size, data);

	if (!entry)
		return -EBADMSG;
	bool changed = change_socket(entry->socket);

	if (entry->reg)
		changed |= change_text(&entry->reg->name, removed_find(removed, entry->reg->id));
	changed |= change_watches(entry, removed);
	int err = record_put(out, &entry->base);

	return err ? err : changed;
}

int criu_merge_write_criu_files(int dir_fd, int out_fd, const struct removed_files *removed,
				struct findings *findings)
{
	cleanup_record_file struct record_file file = RECORD_FILE_INIT;
	cleanup_record_out struct record_out out = { .fd = out_fd };
	cleanup_record_pool struct record_pool pool = { 0 };
	const uint8_t *data;
	size_t size;
	int err = record_open(&file, dir_fd, FILES, RECORD_MAGIC_FILES, findings);
	int got = 0, changed = 0;

	if (err)
		return err == -ENOENT ? 0 : err;
	err = record_put_magic(&out, RECORD_MAGIC_COMMON);
	if (!err)
		err = record_put_magic(&out, RECORD_MAGIC_FILES);
	while (!err && (got = record_next(&file, &data, &size, findings)) > 0) {
		int one = put_file(&out, data, size, &pool, removed);

		err = one < 0 ? one : 0;
		changed |= one > 0;
	}
	if (!err)
		err = got < 0 ? got : record_flush(&out);
	return err ? err : changed;
}

static int put_remap(struct record_out *out, const uint8_t *data, size_t size,
		     const struct removed_files *removed)
{
	Rebind__RemapEntry *entry = rebind__remap_entry__unpack(NULL, size, data);

	if (!entry)
		return -EBADMSG;
	bool is_ours = removed_find(removed, entry->file_id);
	int err = is_ours ? 0 : record_put(out, &entry->base);

	rebind__remap_entry__free_unpacked(entry, NULL);
	return err;
}

int criu_merge_write_criu_remaps(int dir_fd, int out_fd, const struct removed_files *removed,
				 struct findings *findings)
{
	cleanup_record_file struct record_file file = RECORD_FILE_INIT;
	cleanup_record_out struct record_out out = { .fd = out_fd };
	const uint8_t *data;
	size_t size;
	int got = 0;

	if (!removed->n)
		return 0;
	int err = record_open(&file, dir_fd, REMAPS, RECORD_MAGIC_REMAPS, findings);

	if (!err)
		err = record_put_magic(&out, RECORD_MAGIC_COMMON);
	if (!err)
		err = record_put_magic(&out, RECORD_MAGIC_REMAPS);
	while (!err && (got = record_next(&file, &data, &size, findings)) > 0)
		err = put_remap(&out, data, size, removed);
	if (!err)
		err = got < 0 ? got : record_flush(&out);
	return err ? err : 1;
}
