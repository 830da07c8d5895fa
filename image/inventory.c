// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/inventory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/fd.h"
#include "image/rebind.pb-c.h"
#include "image/record.h"

#define OUR_VERSION 1
#define NAMESPACES                                                                   \
	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP)
#define LISTED_MAX 64 /* namespaces that a sentence names */
#define FOUND_MAX  (SET_MAX + 1)

#define bad_image(findings, code, help, ...) \
	(findings_add(findings, code, 0, NULL, help, __VA_ARGS__), -EBADMSG)

/* ---- the inventory ---- */

static bool has_pstree(int dir_fd)
{
	cleanup_fd int fd = caps_openat(dir_fd, "pstree.img", O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0;
}

static int check_inventory(int dir_fd, const Rebind__InventoryEntry *entry, void *data,
			   struct findings *findings)
{
	struct image_info *info = data;
	const Rebind__RebindInventory *ours = entry->rebind;

	info->version = entry->img_version;
	info->by_rebind = ours != NULL;
	info->has_processes = ours && ours->has_processes ? ours->processes : has_pstree(dir_fd);
	info->by_criu = info->has_processes && (!ours || ours->mounts_by_criu);
	info->has_namespaces = ours && ours->has_namespaces;
	info->namespaces = info->has_namespaces ? ours->namespaces : 0;
	if (entry->img_version != 1 && entry->img_version != 2)
		return bad_image(findings, FINDING_IMAGE_VERSION, NULL,
				 "inventory.img is of the image version %u; 1 and 2 are known",
				 entry->img_version);
	if (ours && (ours->version != OUR_VERSION || ours->base.n_unknown_fields))
		return bad_image(findings, FINDING_IMAGE_VERSION, NULL,
				 "inventory.img was written by another version of rebind (%u); "
				 "%d is known",
				 ours->version, OUR_VERSION);
	if (info->namespaces & ~NAMESPACES)
		return bad_image(findings, FINDING_IMAGE_INVENTORY, NULL,
				 "inventory.img names namespaces of an unknown kind (%#x)",
				 info->namespaces & ~NAMESPACES);
	return 0;
}

/* What is done with the one record that there is. */
typedef int (*inventory_fn)(int dir_fd, const Rebind__InventoryEntry *entry, void *data,
			    struct findings *findings);

static int inventory_read(int dir_fd, inventory_fn use, void *data, struct findings *findings)
{
	cleanup_record_file struct record_file file = RECORD_FILE_INIT;
	cleanup_record_pool struct record_pool pool = { 0 };
	ProtobufCMessage *entry;
	const uint8_t *bytes;
	size_t size;
	int err = record_open(&file, dir_fd, "inventory.img", RECORD_MAGIC_INVENTORY, findings);

	if (!err)
		err = record_first(&file, &rebind__inventory_entry__descriptor, &pool, &entry,
				   findings);
	if (err)
		return err;
	err = use(dir_fd, (Rebind__InventoryEntry *)entry, data, findings);
	int more = record_next(&file, &bytes, &size, findings);

	if (more > 0)
		return bad_image(findings, FINDING_IMAGE_INVENTORY, NULL,
				 "inventory.img has more than one record");
	return more < 0 ? more : err;
}

int inventory_select(int dir_fd, struct image_info *info, struct findings *findings)
{
	return inventory_read(dir_fd, check_inventory, info, findings);
}

bool inventory_has(const struct image_set *set, uint32_t id)
{
	for (uint32_t i = 0; i < set->n; i++)
		if (set->ids[i] == id)
			return true;
	return false;
}

static int take_listed(int dir_fd, const Rebind__InventoryEntry *entry, void *data,
		       struct findings *findings)
{
	const Rebind__RebindInventory *ours = entry->rebind;
	struct image_set *set = data;

	for (size_t i = 0; ours && i < ours->n_mount_namespaces; i++) {
		uint32_t id = ours->mount_namespaces[i];

		if (set->n == SET_MAX)
			return bad_image(findings, FINDING_IMAGE_INVENTORY, NULL,
					 "inventory.img lists more than %u mount namespaces",
					 SET_MAX);
		if (!id || inventory_has(set, id))
			return bad_image(findings, FINDING_IMAGE_INVENTORY, NULL,
					 id ? "inventory.img lists the mount namespace %u twice"
					    : "inventory.img lists a mount namespace %u",
					 id);
		set->ids[set->n++] = id;
	}
	return 0;
}

int inventory_listed(int dir_fd, struct image_set *ret, struct findings *findings)
{
	ret->n = 0;
	return inventory_read(dir_fd, take_listed, ret, findings);
}

/* ---- the namespace ---- */

static int root_pid(int dir_fd, uint32_t *ret_pid, struct findings *findings)
{
	cleanup_record_file struct record_file file = RECORD_FILE_INIT;
	cleanup_record_pool struct record_pool pool = { 0 };
	ProtobufCMessage *entry;
	int err = record_open(&file, dir_fd, "pstree.img", RECORD_MAGIC_PSTREE, findings);

	if (!err)
		err = record_first(&file, &rebind__pstree_entry__descriptor, &pool, &entry,
				   findings);
	if (!err)
		*ret_pid = ((Rebind__PstreeEntry *)entry)->pid;
	return err;
}

int select_root_ids(int dir_fd, struct record_pool *pool, const Rebind__IdsEntry **ret,
		    struct findings *findings)
{
	cleanup_record_file struct record_file file = RECORD_FILE_INIT;
	ProtobufCMessage *ids;
	uint32_t pid = 0;
	char name[32];
	int err = root_pid(dir_fd, &pid, findings);

	snprintf(name, sizeof(name), "ids-%u.img", pid);
	if (!err)
		err = record_open(&file, dir_fd, name, RECORD_MAGIC_IDS, findings);
	if (!err)
		err = record_first(&file, &rebind__ids_entry__descriptor, pool, &ids, findings);
	if (err)
		return err;
	*ret = (const Rebind__IdsEntry *)ids;
	if ((*ret)->has_mnt_ns_id && (*ret)->mnt_ns_id)
		return 0;
	return bad_image(findings, FINDING_IMAGE_NAMESPACE, NULL,
			 "%s does not say which mount namespace is the process's", name);
}

/* Return: the id in "mountpoints-<id>.img", or 0. */
static uint32_t id_of_name(const char *name)
{
	static const char prefix[] = "mountpoints-";
	size_t n = sizeof(prefix) - 1;
	char *end;

	if (strncmp(name, prefix, n) != 0 || name[n] < '1' || name[n] > '9')
		return 0;
	unsigned long long id = strtoull(name + n, &end, 10);

	return id <= UINT32_MAX && strcmp(end, ".img") == 0 ? (uint32_t)id : 0;
}

struct found {
	uint32_t ids[FOUND_MAX]; /* ascending */
	uint32_t n;		 /* of all, also of those not listed */
};

static void add_found(struct found *found, uint32_t id)
{
	uint32_t i = found->n < FOUND_MAX ? found->n : FOUND_MAX - 1;

	if (found->n++ >= FOUND_MAX && found->ids[i] < id)
		return;
	for (; i && found->ids[i - 1] > id; i--)
		found->ids[i] = found->ids[i - 1];
	found->ids[i] = id;
}

static int list_namespaces(int dir_fd, struct found *found)
{
	cleanup_fd int fd = caps_openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(struct dirent64) char buf[4096];
	ssize_t n = 0;

	if (fd < 0)
		return fd;
	/* The library's way takes three calls more. */
	while ((n = getdents64(fd, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buf + at);
			uint32_t id = id_of_name(entry->d_name);

			if (id)
				add_found(found, id);
			at += entry->d_reclen;
		}
	return n < 0 ? -errno : 0;
}

static int find_namespaces(int dir_fd, struct found *found, struct findings *findings)
{
	int err = list_namespaces(dir_fd, found);

	if (err)
		findings_add(findings, FINDING_IMAGE_READ, 0, NULL, NULL,
			     "the image directory cannot be listed: %s", strerror(-err));
	else if (found->n == 0)
		return bad_image(
			findings, FINDING_IMAGE_NAMESPACE, NULL,
			"the image has no mount namespace: there is no mountpoints-ID.img");
	return err;
}

static int several(const struct found *found, struct findings *findings)
{
	char list[LISTED_MAX * 12] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < found->n && i < LISTED_MAX; i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%u", i ? ", " : "",
					 found->ids[i]);
	return bad_image(findings, FINDING_IMAGE_NAMESPACE, "--ns-id ID, or --pin-dir DIR for all",
			 "the image has %u mount namespaces (%s%s) and no process tree that would "
			 "tell which one is meant",
			 found->n, list, found->n > LISTED_MAX ? ", ..." : "");
}

static int only_namespace(int dir_fd, uint32_t *ret_ns_id, struct findings *findings)
{
	struct found found = { .n = 0 };
	int err = find_namespaces(dir_fd, &found, findings);

	if (err)
		return err;
	if (found.n > 1)
		return several(&found, findings);
	*ret_ns_id = found.ids[0];
	return 0;
}

int inventory_count(int dir_fd, uint32_t *ret)
{
	struct found found = { .n = 0 };
	int err = list_namespaces(dir_fd, &found);

	if (!err)
		*ret = found.n;
	return err;
}

int inventory_select_namespace(int dir_fd, uint32_t *ret_ns_id, struct findings *findings)
{
	cleanup_record_pool struct record_pool pool = { 0 };
	const Rebind__IdsEntry *ids;
	int err = select_root_ids(dir_fd, &pool, &ids, findings);

	if (!err)
		*ret_ns_id = ids->mnt_ns_id;
	/* No pstree; or an old image, with the ids elsewhere. */
	if (err == -ENOENT)
		return only_namespace(dir_fd, ret_ns_id, findings);
	return err;
}

/* The one that the process tree names stands before the others. */
static int put_first(int dir_fd, struct image_set *set, struct findings *findings)
{
	cleanup_record_pool struct record_pool pool = { 0 };
	const Rebind__IdsEntry *ids;
	int err = select_root_ids(dir_fd, &pool, &ids, findings);
	uint32_t first = 0;

	if (err)
		return err == -ENOENT ? 0 : err;
	while (first < set->n && set->ids[first] != ids->mnt_ns_id)
		first++;
	if (first == set->n)
		return bad_image(findings, FINDING_IMAGE_NAMESPACE, NULL,
				 "the image does not have the mount namespace %u, which is that of "
				 "its first process",
				 ids->mnt_ns_id);
	for (; first; first--)
		set->ids[first] = set->ids[first - 1];
	set->ids[0] = ids->mnt_ns_id;
	return 0;
}

int inventory_find_all(int dir_fd, struct image_set *ret, struct findings *findings)
{
	struct found found = { .n = 0 };
	int err = find_namespaces(dir_fd, &found, findings);

	if (err)
		return err;
	if (found.n > SET_MAX)
		return bad_image(findings, FINDING_IMAGE_NAMESPACE, "--ns-id ID",
				 "the image has %u mount namespaces, and %u are the most that are "
				 "read together",
				 found.n, SET_MAX);
	ret->n = found.n;
	memcpy(ret->ids, found.ids, found.n * sizeof(*found.ids));
	return put_first(dir_fd, ret, findings);
}
