// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/new-file.h"
#include "image/convert.h"
#include "image/fstype.h"
#include "image/image.h"
#include "image/record.h"
#include "model/flags.h"
#include "test/unit/scratch.h"

#define DATA "test/data/"

static const struct sample {
	const char *name;
	uint32_t ns_id;
} samples[] = {
	{ "crun-container", 13 },    { "flat-ext-binds", 10 },	    { "overmounts", 10 },
	{ "plugin-ext-mounts", 10 }, { "shared-slave-groups", 10 },
};

#define for_each_sample(s) \
	for (const struct sample *s = samples; s < samples + ARRAY_SIZE(samples); s++)

/* ---- directories ---- */

static int open_sample(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), DATA "criu-images/%s/img", name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static char *load(int dir_fd, const char *name, size_t *size)
{
	cleanup_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	char *data;

	assert_true(fd >= 0);
	assert_int_equal(fd_slurp(fd, &data, size), 0);
	return data;
}

static void store(int dir_fd, const char *name, const void *data, size_t size)
{
	cleanup_fd int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, size), 0);
}

static void copy_sample(const struct sample *s, int to_fd)
{
	cleanup_fd int from = open_sample(s->name);
	char mounts[64];

	snprintf(mounts, sizeof(mounts), "mountpoints-%u.img", s->ns_id);
	const char *names[] = { "inventory.img", "pstree.img", "ids-1.img", mounts };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t size;
		cleanup_free char *data = load(from, names[i], &size);

		store(to_fd, names[i], data, size);
	}
}

static void show(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		print_message("finding: %s: %s\n", findings->list[i].code, findings->list[i].text);
}

static void read_good(int dir_fd, uint32_t ns_id, struct mount_tree *tree, struct image_info *info)
{
	cleanup_findings struct findings findings = { 0 };
	int err = image_read(dir_fd, ns_id, tree, info, &findings);

	show(&findings);
	assert_int_equal(err, 0);
	assert_int_equal(findings.n, 0);
}

/* What the only finding of a bad image says. */
/* The path that a finding has for a program is the one that its sentence has for a reader. */
static bool names_mount(const struct finding *finding)
{
	cleanup_free char *quoted = NULL;

	if (!finding->mount_id)
		return true;
	assert_true(asprintf(&quoted, " '%s'", finding->path) > 0);
	return strstr(finding->text, quoted);
}

static void read_bad(int dir_fd, uint32_t ns_id, const char *code, const char *part)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree = { 0 };
	struct image_info info;
	bool said = false;

	assert_int_equal(image_read(dir_fd, ns_id, &tree, &info, &findings), -EBADMSG);
	for (size_t i = 0; i < findings.n; i++)
		said |= strcmp(findings.list[i].code, code) == 0 &&
			strstr(findings.list[i].text, part) && names_mount(&findings.list[i]);
	if (!said)
		show(&findings);
	assert_true(said);
}

/* ---- CRIU's images ---- */

/* The value of a field in a JSON object that has a field in each line, as crit prints it. */
static bool json_field(const char *object, const char *end, const char *name, char *ret,
		       size_t size)
{
	char key[64];

	snprintf(key, sizeof(key), "\"%s\": ", name);
	const char *p = memmem(object, (size_t)(end - object), key, strlen(key));

	if (!p)
		return false;
	p += strlen(key);
	size_t n = strcspn(p, "\n");

	n -= p[n - 1] == ',';
	if (*p == '"') {
		p++;
		n -= 2;
	}
	assert_true(n < size);
	memcpy(ret, p, n);
	ret[n] = '\0';
	return true;
}

static void assert_number(const char *object, const char *end, const char *name, uint32_t value)
{
	char text[4096];

	assert_true(json_field(object, end, name, text, sizeof(text)));
	assert_int_equal(strtoul(text, NULL, 10), value);
}

static void assert_text(const char *object, const char *end, const char *name, const char *value)
{
	char text[4096];

	if (!json_field(object, end, name, text, sizeof(text)))
		return assert_null(value);
	assert_string_equal(text, value);
}

static uint32_t ms_of(const struct mount *m)
{
	return flags_attr_to_ms(m->attributes) | (m->shared ? MS_SHARED : 0) |
	       (m->master ? MS_SLAVE : 0) | (m->unbindable ? MS_UNBINDABLE : 0);
}

static void assert_record(const struct mount *m, const char *object, const char *end)
{
	char text[64];

	assert_true(json_field(object, end, "flags", text, sizeof(text)));
	/* MS_STRICTATIME is the absence of the other two. */
	assert_int_equal(strtoul(text, NULL, 10) & ~(1UL << 24), ms_of(m));
	assert_true(json_field(object, end, "fstype", text, sizeof(text)));
	assert_string_equal(m->fstype, fstype_name((uint32_t)strtoul(text, NULL, 10)));
	assert_number(object, end, "mnt_id", m->id);
	assert_number(object, end, "root_dev", m->dev);
	assert_number(object, end, "parent_mnt_id", m->parent_id);
	assert_number(object, end, "shared_id", m->shared);
	assert_number(object, end, "master_id", m->master);
	assert_number(object, end, "sb_flags", m->sb_flags);
	assert_text(object, end, "root", m->root);
	assert_text(object, end, "mountpoint", m->mountpoint);
	assert_text(object, end, "source", m->source);
	assert_text(object, end, "options", m->options);
	assert_text(object, end, "ext_key", m->key);
	assert_int_equal(json_field(object, end, "with_plugin", text, sizeof(text)),
			 m->owner == MOUNT_PLUGIN);
}

static void criu_images_read_as_their_json(void **state)
{
	for_each_sample(s)
	{
		cleanup_fd int dir_fd = open_sample(s->name);
		cleanup_tree struct mount_tree tree = { 0 };
		struct image_info info;
		char path[64];
		size_t size;

		snprintf(path, sizeof(path), "../mountpoints-%u.json", s->ns_id);
		cleanup_free char *json = load(dir_fd, path, &size);

		read_good(dir_fd, 0, &tree, &info);
		assert_int_equal(info.ns_id, s->ns_id);
		assert_int_equal(info.version, 2);
		assert_false(info.by_rebind);
		assert_true(info.has_processes);
		const char *object = strstr(json, "\"entries\"");
		uint32_t n = 0;

		while ((object = strchr(object, '{'))) {
			const char *end = strchr(object, '}');

			assert_true(n < tree.n);
			/* The file has them in reverse. */
			assert_record(&tree.mounts[tree.n - 1 - n++], object, end);
			object = end;
		}
		assert_int_equal(n, tree.n);
		assert_int_equal(tree.mounts[tree.root].owner, MOUNT_ROOT);
	}
}

static void criu_images_are_written_back_byte_for_byte(void **state)
{
	struct scratch scratch;

	scratch_make(&scratch);
	for_each_sample(s)
	{
		cleanup_fd int dir_fd = open_sample(s->name);
		cleanup_tree struct mount_tree tree = { 0 };
		struct image_info info;
		char name[64];
		size_t before_size, after_size;

		snprintf(name, sizeof(name), "mountpoints-%u.img", s->ns_id);
		read_good(dir_fd, 0, &tree, &info);
		assert_int_equal(image_write_mounts(scratch.fd, &tree, s->ns_id), 0);
		cleanup_free char *before = load(dir_fd, name, &before_size);
		cleanup_free char *after = load(scratch.fd, name, &after_size);

		assert_int_equal(before_size, after_size);
		assert_memory_equal(before, after, after_size);
		scratch_empty(&scratch);
	}
	scratch_remove(&scratch);
}

static void owners_are_told_from_the_records(void **state)
{
	cleanup_fd int binds = open_sample("flat-ext-binds");
	cleanup_fd int plugin = open_sample("plugin-ext-mounts");
	cleanup_tree struct mount_tree tree = { 0 }, other = { 0 };
	struct image_info info;

	read_good(binds, 0, &tree, &info);
	assert_int_equal(tree_find(&tree, 88)->owner, MOUNT_ROOT);
	assert_int_equal(tree_find(&tree, 89)->owner, MOUNT_INTERNAL);
	assert_int_equal(tree_find(&tree, 90)->owner, MOUNT_EXTERNAL);
	assert_string_equal(tree_find(&tree, 90)->key, "vd1");
	read_good(plugin, 0, &other, &info);
	assert_int_equal(tree_find(&other, 65)->owner, MOUNT_PLUGIN);
	assert_true(tree_find(&other, 65)->need_plugin);
}

/* ---- our own ---- */

static const char *text(struct mount_tree *tree, const char *s)
{
	return arena_copy(&tree->strings, s, strlen(s));
}

static struct mount *add(struct mount_tree *tree, uint32_t id, uint32_t parent, const char *path,
			 const char *fstype, enum mount_owner owner)
{
	struct mount *m = tree_add(tree);

	m->id = id;
	m->parent_id = parent;
	m->dev = MOUNT_DEV(0, id);
	m->mountpoint = text(tree, path);
	m->fstype = text(tree, fstype);
	m->source = text(tree, "source");
	m->owner = (uint8_t)owner;
	return m;
}

static void add_rich_mount(struct mount_tree *tree)
{
	struct mount *m = add(tree, 12, 10, "/t\xff\n", "tmpfs", MOUNT_INTERNAL);

	m->kind = MOUNT_KIND_FILE;
	m->unique_id = 0x123456789abcULL;
	m->attributes = MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME |
			MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_NODIRATIME;
	m->sb_flags = MS_RDONLY | MS_LAZYTIME;
	m->shared = 7;
	m->master = 8;
	m->deleted = true;
	m->idmap = calloc(1, sizeof(*m->idmap));
	m->idmap->uid = calloc(2, sizeof(*m->idmap->uid));
	m->idmap->uid[0] = (struct mount_id_extent){ 0, 100000, 65536 };
	m->idmap->uid[1] = (struct mount_id_extent){ 70000, 5, 1 };
	m->idmap->n_uid = 2;
	m->contents = calloc(1, sizeof(*m->contents));
	m->contents->entries = 3;
	m->contents->takes = MOUNT_TAKES_MKNOD | MOUNT_TAKES_CONSENT;
	m->contents->bytes = 1ULL << 40;
	m->contents->inode = 1ULL << 50;
	m->contents->link = "/of the same\xff";
	m->contents->has_digest = true;
	for (size_t i = 0; i < sizeof(m->contents->digest); i++)
		m->contents->digest[i] = (uint8_t)(3 * i);
	m->contents->sockets = calloc(1, sizeof(*m->contents->sockets));
	m->contents->n_sockets = 1;
	m->contents->sockets[0] = (struct mount_socket){
		.path = text(tree, "/run/s"),
		.mode = 0755,
		.uid = 1,
		.gid = 2,
		.inode = 99,
		.atime = { -1, 999999999 },
		.mtime = { 1LL << 40, 1 },
		.has_times = true,
		.n_attributes = 2,
		.with_plugin = true,
	};
	m->contents->attributes = calloc(2, sizeof(*m->contents->attributes));
	m->contents->n_attributes = 2;
	m->contents->attributes[0] = (struct mount_attribute){ "trusted.a", (uint8_t *)"x", 1 };
	m->contents->attributes[1] = (struct mount_attribute){ "trusted.b", (uint8_t *)"", 0 };
}

static void add_formats(struct mount_tree *tree)
{
	struct mount *m = add(tree, 19, 10, "/formats", "binfmt_misc", MOUNT_INTERNAL);

	m->formats = calloc(1, sizeof(*m->formats));
	m->formats->disabled = true;
	m->formats->n = 2;
	m->formats->list = calloc(2, sizeof(*m->formats->list));
	m->formats->list[0] = (struct mount_format){
		.name = "by:magic",
		.interpreter = "/bin/a",
		.flags = "OC",
		.magic = (const uint8_t *)"\0\x7f:",
		.n_magic = 3,
		.mask = (const uint8_t *)"\xff\0\xff",
		.n_mask = 3,
		.offset = 4,
		.enabled = true,
	};
	m->formats->list[1] = (struct mount_format){
		.name = "ext", .interpreter = "/b", .flags = "", .extension = "e"
	};
}

static void assert_formats(const struct mount_formats *formats)
{
	assert_true(formats->disabled);
	assert_int_equal(formats->n, 2);
	assert_string_equal(formats->list[0].name, "by:magic");
	assert_string_equal(formats->list[0].interpreter, "/bin/a");
	assert_string_equal(formats->list[0].flags, "OC");
	assert_null(formats->list[0].extension);
	assert_int_equal(formats->list[0].n_magic, 3);
	assert_memory_equal(formats->list[0].magic, "\0\x7f:", 3);
	assert_int_equal(formats->list[0].n_mask, 3);
	assert_memory_equal(formats->list[0].mask, "\xff\0\xff", 3);
	assert_int_equal(formats->list[0].offset, 4);
	assert_true(formats->list[0].enabled);
	assert_string_equal(formats->list[1].extension, "e");
	assert_false(formats->list[1].enabled);
}

static void make_tree(struct mount_tree *tree)
{
	struct tree_fault fault;
	struct mount *m = add(tree, 10, 1, "/", "ext4", MOUNT_ROOT);

	m->root = text(tree, "/srv/root");
	m = add(tree, 11, 10, "/vol", "xfs", MOUNT_EXTERNAL);
	m->key = text(tree, "volume");
	add_rich_mount(tree);
	add_formats(tree);
	m = add(tree, 13, 11, "/vol/sub", "fuse.sshfs", MOUNT_EXTERNAL);
	m->parent_key = text(tree, "volume");
	m->comes_along = true;
	m = add(tree, 28, 10, "/elsewhere", "fuse.sshfs", MOUNT_EXTERNAL);
	m->parent_key = text(tree, "volume");
	m->parent_path = text(tree, "/sub/x");
	m->comes_along = true;
	add(tree, 14, 10, "/p", "ext4", MOUNT_PLUGIN);
	add(tree, 18, 10, "/fuse", "fuse.sshfs", MOUNT_PLUGIN)->file_id = 41;
	add(tree, 15, 10, "/new", "hugetlbfs", MOUNT_INTERNAL);
	m = add(tree, 16, 10, "/skipped", "tmpfs", MOUNT_SKIPPED);
	m = add(tree, 17, 10, "/un", "tmpfs", MOUNT_INTERNAL);
	m->unbindable = true;
	m->attributes = MOUNT_ATTR_STRICTATIME;
	assert_int_equal(tree_link(tree, &fault), 0);
}

static void assert_same_text(const char *a, const char *b)
{
	if (!a || !b)
		return assert_ptr_equal(a, b);
	assert_string_equal(a, b);
}

static void assert_same_mount(const struct mount *a, const struct mount *b)
{
	assert_int_equal(a->unique_id, b->unique_id);
	assert_int_equal(a->parent_id, b->parent_id);
	assert_int_equal(a->dev, b->dev);
	assert_int_equal(a->attributes, b->attributes);
	assert_int_equal(a->sb_flags, b->sb_flags);
	assert_int_equal(a->shared, b->shared);
	assert_int_equal(a->master, b->master);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->owner, b->owner);
	assert_int_equal(a->unbindable, b->unbindable);
	assert_int_equal(a->deleted, b->deleted);
	assert_int_equal(a->comes_along, b->comes_along);
	assert_int_equal(a->file_id, b->file_id);
	assert_same_text(a->root, b->root);
	assert_same_text(a->mountpoint, b->mountpoint);
	assert_same_text(a->fstype, b->fstype);
	assert_same_text(a->source, b->source);
	assert_same_text(a->options, b->options);
	assert_same_text(a->key, b->key);
	assert_same_text(a->parent_key, b->parent_key);
	assert_same_text(a->parent_path, b->parent_path);
	assert_int_equal(!a->idmap, !b->idmap);
	assert_int_equal(!a->contents, !b->contents);
}

static void only_what_is_served_has_a_descriptor(void **state)
{
	static const struct {
		const char *fstype;
		uint8_t owner;
	} bad[] = { { "ext4", MOUNT_PLUGIN },
		    { "fuse", MOUNT_INTERNAL },
		    { "fuseblk", MOUNT_PLUGIN } };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup_tree struct mount_tree tree = { 0 };
		struct image_info info = { .has_processes = false };
		struct tree_fault fault;
		struct scratch scratch;

		scratch_make(&scratch);
		add(&tree, 10, 1, "/", "ext4", MOUNT_ROOT);
		add(&tree, 11, 10, "/p", bad[i].fstype, bad[i].owner)->file_id = 7;
		assert_int_equal(tree_link(&tree, &fault), 0);
		assert_int_equal(image_write_mounts(scratch.fd, &tree, 3), 0);
		assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
		read_bad(scratch.fd, 0, "image-field", "cannot be served through a descriptor");
		scratch_remove(&scratch);
	}
}

static void a_path_below_a_parent_is_normal_and_has_a_parent(void **state)
{
	static const struct {
		const char *key, *path;
	} bad[] = {
		{ "volume", "/a/../../b" }, { "volume", "a" }, { "volume", "" }, { NULL, "/a" }
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup_tree struct mount_tree tree = { 0 };
		struct image_info info = { .has_processes = false };
		struct tree_fault fault;
		struct scratch scratch;

		scratch_make(&scratch);
		add(&tree, 10, 1, "/", "ext4", MOUNT_ROOT);
		struct mount *m = add(&tree, 11, 10, "/p", "ext4", MOUNT_EXTERNAL);

		m->parent_key = bad[i].key;
		m->key = bad[i].key ? NULL : "own";
		m->host_shared = true;
		m->parent_path = bad[i].path;
		assert_int_equal(tree_link(&tree, &fault), 0);
		assert_int_equal(image_write_mounts(scratch.fd, &tree, 3), 0);
		assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
		read_bad(scratch.fd, 0, "image-path", "no parent to have a path below");
		scratch_remove(&scratch);
	}
}

static void the_namespaces_of_the_dumped_process_are_known_ones(void **state)
{
	cleanup_findings struct findings findings = { 0 };
	struct image_info info = { .has_namespaces = true,
				   .namespaces = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUSER };
	struct scratch scratch;

	scratch_make(&scratch);
	assert_int_equal(image_read_info(scratch.fd, &info, &findings), -ENOENT);
	info = (struct image_info){ .has_namespaces = true,
				    .namespaces = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUSER };
	assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
	info = (struct image_info){ 0 };
	assert_int_equal(image_read_info(scratch.fd, &info, &findings), 0);
	assert_true(info.has_namespaces);
	assert_int_equal(info.namespaces, CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUSER);
	/* They become flags of clone(2): nothing else may be among them. */
	unlinkat(scratch.fd, "inventory.img", 0);
	info.namespaces |= CLONE_VM;
	assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
	assert_int_equal(image_read_info(scratch.fd, &info, &findings), -EBADMSG);
	assert_non_null(strstr(findings.list[0].text, "unknown kind (0x100)"));
	scratch_remove(&scratch);
}

static void what_criu_has_no_field_for_survives(void **state)
{
	cleanup_tree struct mount_tree tree = { 0 }, back = { 0 };
	struct image_info info = { .has_processes = false };
	struct scratch scratch;

	scratch_make(&scratch);
	make_tree(&tree);
	assert_int_equal(image_write_mounts(scratch.fd, &tree, 3), 0);
	assert_int_equal(image_is_empty(scratch.fd), 1);
	assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
	assert_int_equal(image_is_empty(scratch.fd), 0);
	read_good(scratch.fd, 0, &back, &info);
	assert_int_equal(info.ns_id, 3);
	assert_true(info.by_rebind);
	assert_false(info.has_processes);
	assert_int_equal(back.n, tree.n - 1);
	assert_null(tree_find(&back, 16));
	for (uint32_t i = 0; i < back.n; i++)
		assert_same_mount(tree_find(&tree, back.mounts[i].id), &back.mounts[i]);
	const struct mount *rich = tree_find(&back, 12);

	assert_int_equal(rich->contents->inode, 1ULL << 50);
	assert_string_equal(rich->contents->link, "/of the same\xff");
	assert_int_equal(rich->idmap->n_uid, 2);
	assert_int_equal(rich->idmap->n_gid, 0);
	assert_int_equal(rich->idmap->uid[0].count, 65536);
	assert_int_equal(rich->idmap->uid[1].first, 70000);
	assert_int_equal(rich->contents->bytes, 1ULL << 40);
	assert_int_equal(rich->contents->takes, MOUNT_TAKES_MKNOD | MOUNT_TAKES_CONSENT);
	assert_true(rich->contents->has_digest);
	assert_memory_equal(rich->contents->digest, tree_find(&tree, 12)->contents->digest, 32);
	assert_string_equal(rich->contents->sockets[0].path, "/run/s");
	assert_int_equal(rich->contents->sockets[0].inode, 99);
	assert_true(rich->contents->sockets[0].with_plugin);
	assert_true(rich->contents->sockets[0].has_times);
	assert_int_equal(rich->contents->sockets[0].atime.seconds, -1);
	assert_int_equal(rich->contents->sockets[0].atime.nanoseconds, 999999999);
	assert_int_equal(rich->contents->sockets[0].mtime.seconds, 1LL << 40);
	assert_int_equal(rich->contents->sockets[0].n_attributes, 2);
	assert_string_equal(rich->contents->attributes[0].name, "trusted.a");
	assert_int_equal(rich->contents->attributes[0].size, 1);
	assert_memory_equal(rich->contents->attributes[0].value, "x", 1);
	assert_int_equal(rich->contents->attributes[1].size, 0);
	assert_formats(tree_find(&back, 19)->formats);
	scratch_remove(&scratch);
}

static void an_image_is_never_overwritten(void **state)
{
	cleanup_tree struct mount_tree tree = { 0 };
	struct image_info info = { 0 };
	struct scratch scratch;

	scratch_make(&scratch);
	make_tree(&tree);
	assert_int_equal(image_write_mounts(scratch.fd, &tree, 3), 0);
	assert_int_equal(image_write_mounts(scratch.fd, &tree, 3), -EEXIST);
	assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
	assert_int_equal(image_write_inventory(scratch.fd, &info), -EEXIST);
	scratch_remove(&scratch);
}

static void an_external_mount_without_a_key_is_not_written(void **state)
{
	cleanup_tree struct mount_tree tree = { 0 };
	struct scratch scratch;

	scratch_make(&scratch);
	make_tree(&tree);
	tree_find(&tree, 11)->key = NULL;
	assert_int_equal(image_write_mounts(scratch.fd, &tree, 3), -EINVAL);
	assert_int_equal(faccessat(scratch.fd, "mountpoints-3.img", F_OK, 0), -1);
	scratch_remove(&scratch);
}

static void an_unfinished_file_has_no_name(void **state)
{
	struct scratch scratch;

	scratch_make(&scratch);
	{
		cleanup_new_file struct new_file file = NEW_FILE_NONE;

		assert_int_equal(new_file_start(&file, scratch.fd, "x.img"), 0);
		assert_int_equal(fd_write_all(file.fd, "abc", 3), 0);
		assert_int_equal(faccessat(scratch.fd, "x.img", F_OK, 0), -1);
	}
	/* rmdir would fail if anything were left. */
	close(scratch.fd);
	assert_int_equal(rmdir(scratch.path), 0);
}

/* ---- which namespace ---- */

static void without_a_pstree_the_only_namespace_is_read(void **state)
{
	cleanup_tree struct mount_tree tree = { 0 };
	struct image_info info;
	struct scratch scratch;

	scratch_make(&scratch);
	copy_sample(&samples[1], scratch.fd);
	unlinkat(scratch.fd, "pstree.img", 0);
	read_good(scratch.fd, 0, &tree, &info);
	assert_int_equal(info.ns_id, 10);
	assert_false(info.has_processes);
	scratch_remove(&scratch);
}

static void of_several_namespaces_one_must_be_named(void **state)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree = { 0 }, named = { 0 };
	struct image_info info;
	struct scratch scratch;

	scratch_make(&scratch);
	copy_sample(&samples[1], scratch.fd);
	copy_sample(&samples[0], scratch.fd);
	unlinkat(scratch.fd, "pstree.img", 0);
	assert_int_equal(image_read(scratch.fd, 0, &tree, &info, &findings), -EBADMSG);
	assert_int_equal(findings.n, 1);
	assert_non_null(strstr(findings.list[0].text, "(10, 13)"));
	assert_non_null(strstr(findings.list[0].help, "--ns-id"));
	read_good(scratch.fd, 13, &named, &info);
	assert_int_equal(info.ns_id, 13);
	scratch_remove(&scratch);
}

/* ---- bad images ---- */

struct bad_record {
	const char *what;
	void (*spoil)(Rebind__MntEntry *record);
	const char *code, *said;
};

static ProtobufCBinaryData bytes(const char *s)
{
	return (ProtobufCBinaryData){ strlen(s), (uint8_t *)s };
}

static void spoil_flag(Rebind__MntEntry *r)
{
	r->flags |= 0x40;
}

static void spoil_sb_flag(Rebind__MntEntry *r)
{
	r->has_sb_flags = true;
	r->sb_flags = 0x100;
}

static void spoil_atime(Rebind__MntEntry *r)
{
	r->flags |= MS_NOATIME | MS_RELATIME;
}

static void spoil_shared(Rebind__MntEntry *r)
{
	r->flags |= MS_SHARED;
}

static void spoil_slave(Rebind__MntEntry *r)
{
	r->has_master_id = true;
	r->master_id = 4;
}

static void spoil_unbindable(Rebind__MntEntry *r)
{
	r->flags |= MS_SHARED | MS_UNBINDABLE;
	r->has_shared_id = true;
	r->shared_id = 4;
}

static void spoil_fstype(Rebind__MntEntry *r)
{
	r->fstype = 20;
}

static void spoil_auto(Rebind__MntEntry *r)
{
	r->fstype = 16;
}

static void spoil_two_names(Rebind__MntEntry *r)
{
	r->has_fsname = true;
	r->fsname = bytes("ext4");
}

static void spoil_dots(Rebind__MntEntry *r)
{
	r->mountpoint = bytes("/a/../b");
}

static void spoil_relative(Rebind__MntEntry *r)
{
	r->mountpoint = bytes("a");
}

/* What a set's roots are called, by which nothing stands behind it here. */
static void spoil_numbered(Rebind__MntEntry *r)
{
	r->mountpoint = bytes("2:");
}

static void spoil_empty(Rebind__MntEntry *r)
{
	r->mountpoint = bytes("");
}

static void spoil_slashes(Rebind__MntEntry *r)
{
	r->mountpoint = bytes("/a//b");
}

static void spoil_root(Rebind__MntEntry *r)
{
	r->root = bytes("/../etc");
}

static void spoil_nul(Rebind__MntEntry *r)
{
	r->source = (ProtobufCBinaryData){ 3, (uint8_t *)"a\0b" };
}

static void spoil_key(Rebind__MntEntry *r)
{
	r->has_ext_key = true;
}

static void spoil_long_name(Rebind__MntEntry *r)
{
	static char path[300];

	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	r->mountpoint = bytes(path);
}

static void spoil_long_path(Rebind__MntEntry *r)
{
	static char path[5001];

	for (size_t i = 0; i < sizeof(path) - 1; i += 2)
		memcpy(path + i, "/a", 2);
	r->mountpoint = bytes(path);
}

static void spoil_id(Rebind__MntEntry *r)
{
	r->mnt_id = 1;
}

static void spoil_parent(Rebind__MntEntry *r)
{
	r->parent_mnt_id = 77;
}

static void spoil_attributes(Rebind__MntEntry *r)
{
	r->rebind->has_attributes = true;
	r->rebind->attributes = 1ULL << 40;
}

static void spoil_kind(Rebind__MntEntry *r)
{
	r->rebind->has_kind = true;
	r->rebind->kind = (Rebind__RootKind)3;
}

static void spoil_extent(Rebind__MntEntry *r)
{
	static Rebind__IdExtent extent = REBIND__ID_EXTENT__INIT, *list[] = { &extent };

	extent.first = UINT32_MAX;
	extent.count = 2;
	r->rebind->n_uid_map = 1;
	r->rebind->uid_map = list;
}

static void spoil_socket(Rebind__MntEntry *r)
{
	static Rebind__SocketEntry entry = REBIND__SOCKET_ENTRY__INIT, *list[] = { &entry };

	entry.path = bytes("../s");
	r->rebind->n_sockets = 1;
	r->rebind->sockets = list;
}

static void spoil_socket_time(Rebind__MntEntry *r)
{
	static Rebind__SocketEntry entry = REBIND__SOCKET_ENTRY__INIT, *list[] = { &entry };

	entry.path = bytes("/s");
	entry.has_mtime_ns = true;
	entry.mtime_ns = 1000000000;
	r->rebind->n_sockets = 1;
	r->rebind->sockets = list;
}

static void spoil_socket_attribute(Rebind__MntEntry *r)
{
	static Rebind__AttributeEntry attribute = REBIND__ATTRIBUTE_ENTRY__INIT;
	static Rebind__AttributeEntry *attributes[] = { &attribute };
	static Rebind__SocketEntry entry = REBIND__SOCKET_ENTRY__INIT, *list[] = { &entry };

	entry.path = bytes("/s");
	entry.n_attributes = 1;
	entry.attributes = attributes;
	r->rebind->n_sockets = 1;
	r->rebind->sockets = list;
}

static void spoil_digest(Rebind__MntEntry *r, size_t size)
{
	static uint8_t digest[33];

	r->rebind->has_digest = true;
	r->rebind->digest = (ProtobufCBinaryData){ .len = size, .data = digest };
}

static void spoil_digest_short(Rebind__MntEntry *r)
{
	spoil_digest(r, 31);
}

static void spoil_digest_long(Rebind__MntEntry *r)
{
	spoil_digest(r, 33);
}

static void spoil_takes(Rebind__MntEntry *r)
{
	r->rebind->has_takes = true;
	r->rebind->takes = 16;
}

static void spoil_digest_empty(Rebind__MntEntry *r)
{
	spoil_digest(r, 0);
}

static Rebind__BinfmtEntry *spoil_format(Rebind__MntEntry *r)
{
	static Rebind__BinfmtEntry entry, *list[] = { &entry };

	rebind__binfmt_entry__init(&entry);
	entry.name = bytes("f");
	entry.interpreter = bytes("/i");
	entry.flags = bytes("");
	entry.has_extension = true;
	entry.extension = bytes("e");
	r->fstype = 4;
	r->rebind->n_binfmt = 1;
	r->rebind->binfmt = list;
	return &entry;
}

static void spoil_format_name(Rebind__MntEntry *r)
{
	spoil_format(r)->name = bytes("../f");
}

static void spoil_format_flag(Rebind__MntEntry *r)
{
	spoil_format(r)->flags = bytes("POF");
}

static void spoil_format_magic(Rebind__MntEntry *r)
{
	spoil_format(r)->has_extension = false;
}

static void spoil_format_place(Rebind__MntEntry *r)
{
	spoil_format(r);
	r->fstype = 5;
}

static const struct bad_record bad_records[] = {
	{ "flag", spoil_flag, "image-flags", "mount 2 '/a' has flags that are not known: 0x40" },
	{ "sb flag", spoil_sb_flag, "image-flags", "0x100" },
	{ "atime", spoil_atime, "image-flags", "more than one atime mode" },
	{ "shared", spoil_shared, "image-flags", "is shared by its flags" },
	{ "slave", spoil_slave, "image-flags", "has the master group 4" },
	{ "unbindable", spoil_unbindable, "image-flags", "both unbindable and" },
	{ "fstype", spoil_fstype, "image-fstype", "number 20" },
	{ "auto", spoil_auto, "image-fstype", "has no filesystem name" },
	{ "two names", spoil_two_names, "image-fstype", "two filesystems" },
	{ "dots", spoil_dots, "image-path", "mount 2 '/a/../b' has a mountpoint" },
	{ "relative", spoil_relative, "image-path", "mountpoint" },
	{ "numbered", spoil_numbered, "image-path", "mount 2 '2:' has a mountpoint" },
	{ "empty", spoil_empty, "image-path", "mount 2 '' has a mountpoint" },
	{ "slashes", spoil_slashes, "image-path", "mountpoint" },
	{ "root", spoil_root, "image-path", "'/../etc'" },
	{ "nul", spoil_nul, "image-text", "NUL byte in its source" },
	{ "key", spoil_key, "image-key", "empty key" },
	{ "long name", spoil_long_name, "image-path", "longer than a path can be" },
	{ "long path", spoil_long_path, "image-path", "longer than a path can be" },
	{ "id", spoil_id, "image-tree", "has the id of another mount" },
	{ "parent", spoil_parent, "image-tree", "parent that is not there" },
	{ "attributes", spoil_attributes, "image-flags", "attributes that are not known" },
	{ "kind", spoil_kind, "image-field", "kind 3" },
	{ "extent", spoil_extent, "image-idmap", "4294967295" },
	{ "socket", spoil_socket, "image-path", "socket '../s'" },
	{ "socket-time", spoil_socket_time, "image-socket", "a time that is not one" },
	{ "socket-attribute", spoil_socket_attribute, "image-socket", "an attribute that cannot" },
	{ "short digest", spoil_digest_short, "image-digest", "31 bytes, where 32 are expected" },
	{ "long digest", spoil_digest_long, "image-digest", "33 bytes, where 32 are expected" },
	{ "takes", spoil_takes, "image-unknown", "take 0x10 to be unpacked" },
	{ "format name", spoil_format_name, "image-format", "a name that no format can have" },
	{ "format flag", spoil_format_flag, "image-format", "the flag F" },
	{ "format magic", spoil_format_magic, "image-format", "a magic that cannot be" },
	{ "format place", spoil_format_place, "image-format", "only a binfmt_misc has any" },
	{ "empty digest", spoil_digest_empty, "image-digest", "0 bytes, where 32 are expected" },
};

static void init_record(Rebind__MntEntry *r, uint32_t id, uint32_t parent, const char *path)
{
	rebind__mnt_entry__init(r);
	r->fstype = 5;
	r->mnt_id = id;
	r->parent_mnt_id = parent;
	r->root_dev = id;
	r->root = bytes("/");
	r->mountpoint = bytes(path);
	r->source = bytes("none");
	r->options = bytes("");
}

static void begin(struct record_out *out, int dir_fd, const char *name, uint32_t magic)
{
	out->fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(out->fd >= 0);
	assert_int_equal(record_put_magic(out, RECORD_MAGIC_COMMON), 0);
	assert_int_equal(record_put_magic(out, magic), 0);
}

static void finish(struct record_out *out)
{
	assert_int_equal(record_flush(out), 0);
	close(out->fd);
	record_out_free(out);
}

static void write_two(int dir_fd, void (*spoil)(Rebind__MntEntry *))
{
	Rebind__MntEntry root, child;
	Rebind__RebindMount extra = REBIND__REBIND_MOUNT__INIT;
	struct record_out out = { 0 };

	init_record(&child, 2, 1, "/a");
	init_record(&root, 1, 0, "/");
	child.rebind = &extra;
	if (spoil)
		spoil(&child);
	begin(&out, dir_fd, "mountpoints-5.img", RECORD_MAGIC_MOUNTPOINTS);
	assert_int_equal(record_put(&out, &child.base), 0);
	assert_int_equal(record_put(&out, &root.base), 0);
	finish(&out);
}

static void each_bad_field_is_a_finding(void **state)
{
	cleanup_tree struct mount_tree tree = { 0 };
	struct image_info info = { 0 };
	struct scratch scratch;

	scratch_make(&scratch);
	assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
	write_two(scratch.fd, NULL);
	read_good(scratch.fd, 0, &tree, &info);
	for (size_t i = 0; i < ARRAY_SIZE(bad_records); i++) {
		write_two(scratch.fd, bad_records[i].spoil);
		read_bad(scratch.fd, 0, bad_records[i].code, bad_records[i].said);
	}
	scratch_remove(&scratch);
}

/* One byte string after the other, as a mountpoints file behind its magic. */
static void put_raw(int dir_fd, const void *data, size_t size)
{
	struct record_out out = { 0 };

	begin(&out, dir_fd, "mountpoints-5.img", RECORD_MAGIC_MOUNTPOINTS);
	assert_int_equal(record_flush(&out), 0);
	assert_int_equal(fd_write_all(out.fd, data, size), 0);
	finish(&out);
}

static void damaged_framing_is_a_finding(void **state)
{
	struct image_info info = { 0 };
	struct scratch scratch;

	scratch_make(&scratch);
	assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
	read_bad(scratch.fd, 0, "image-namespace", "no mount namespace");
	put_raw(scratch.fd, "", 0);
	read_bad(scratch.fd, 0, "image-empty", "mountpoints-5.img has no record");
	put_raw(scratch.fd, "\1\0", 2);
	read_bad(scratch.fd, 0, "image-truncated", "record 1 is cut off within its length");
	put_raw(scratch.fd,
		"\xff\xff\xff\xff"
		"abc",
		7);
	read_bad(scratch.fd, 0, "image-truncated", "4294967295 bytes are announced, 3 are there");
	put_raw(scratch.fd,
		"\3\0\0\0"
		"abc",
		7);
	read_bad(scratch.fd, 0, "image-record", "record 1 cannot be decoded");
	store(scratch.fd, "mountpoints-5.img", "\x19\x43", 2);
	read_bad(scratch.fd, 0, "image-truncated", "too short for its magic number");
	store(scratch.fd, "mountpoints-5.img", "\x19\x43\x56\x54\x30\x27\x50\x0a", 8);
	read_bad(scratch.fd, 0, "image-magic", "magic number");
	unlinkat(scratch.fd, "mountpoints-5.img", 0);
	assert_int_equal(mkfifoat(scratch.fd, "mountpoints-5.img", 0600), 0);
	read_bad(scratch.fd, 0, "image-read", "is not a regular file");
	unlinkat(scratch.fd, "inventory.img", 0);
	read_bad(scratch.fd, 5, "image-inventory", "the directory is not an image");
	scratch_remove(&scratch);
}

static void where_nothing_is_only_that_is_said(void **state)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree = { 0 };
	struct image_info info;
	struct scratch scratch;

	scratch_make(&scratch);
	assert_int_equal(image_read(scratch.fd, 0, &tree, &info, &findings), -EBADMSG);
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.list[0].code, "image-inventory");
	scratch_remove(&scratch);
}

static void a_huge_record_is_refused(void **state)
{
	struct image_info info = { 0 };
	struct scratch scratch;
	uint32_t size = RECORD_MAX + 1;

	scratch_make(&scratch);
	assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
	put_raw(scratch.fd, &size, sizeof(size));
	cleanup_fd int fd = openat(scratch.fd, "mountpoints-5.img", O_WRONLY);

	assert_int_equal(ftruncate(fd, 1 << 30), 0);
	read_bad(scratch.fd, 0, "image-record", "too large");
	scratch_remove(&scratch);
}

/* 4 million empty submessages of 2 bytes: 16 MiB would become hundreds. */
static void a_record_cannot_take_all_memory(void **state)
{
	struct image_info info = { 0 };
	struct scratch scratch;
	size_t n = 2u << 20;
	cleanup_free unsigned char *data = malloc(4 + 6 + 6 * n);
	unsigned char *p = data + 4;

	scratch_make(&scratch);
	assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
	/* field 1001, then field 3 again and again, each an id_extent with its three numbers 0 */
	size_t body = 8 * (n / 2), total = 0;

	p[total++] = 0xca;
	p[total++] = 0x3e;
	for (size_t rest = body, more = 1; more;) {
		more = rest > 127;
		p[total++] = (unsigned char)((rest & 127) | (more ? 128 : 0));
		rest >>= 7;
	}
	for (size_t i = 0; i < n / 2; i++, total += 8)
		memcpy(p + total, "\x1a\x06\x08\0\x10\0\x18\0", 8);
	uint32_t size = (uint32_t)total;

	memcpy(data, &size, 4);
	put_raw(scratch.fd, data, total + 4);
	read_bad(scratch.fd, 0, "image-record", "cannot be decoded");
	scratch_remove(&scratch);
}

static void an_unknown_field_is_a_finding_in_a_mount_only(void **state)
{
	cleanup_tree struct mount_tree tree = { 0 };
	struct image_info info = { 0 };
	struct scratch scratch;
	Rebind__MntEntry record;
	uint8_t buf[128];

	scratch_make(&scratch);
	/* Every sample's inventory has fields that rebind.proto does not: they read. */
	copy_sample(&samples[1], scratch.fd);
	read_good(scratch.fd, 0, &tree, &info);
	init_record(&record, 1, 0, "/");
	size_t n = rebind__mnt_entry__pack(&record, buf + 4);

	memcpy(buf + 4 + n, "\xd8\x07\x01", 3); /* field 123 */
	uint32_t size = (uint32_t)n + 3;

	memcpy(buf, &size, 4);
	put_raw(scratch.fd, buf, n + 7);
	read_bad(scratch.fd, 5, "image-field", "field 123 in its rebind.mnt_entry");
	scratch_remove(&scratch);
}

static void version_one_files_have_no_common_magic(void **state)
{
	cleanup_tree struct mount_tree tree = { 0 };
	struct image_info info;
	struct scratch scratch;
	size_t size;

	scratch_make(&scratch);
	copy_sample(&samples[1], scratch.fd);
	cleanup_free char *data = load(scratch.fd, "mountpoints-10.img", &size);

	store(scratch.fd, "mountpoints-10.img", data + 4, size - 4);
	read_good(scratch.fd, 0, &tree, &info);
	assert_int_equal(tree.n, 7);
	scratch_remove(&scratch);
}

static void spoil_nothing_old(Rebind__MntEntry *r)
{
	r->has_ext_mount = r->ext_mount = true;
	r->root = bytes("not a path");
	r->rebind = NULL;
}

static void old_images_keep_the_key_in_the_root(void **state)
{
	cleanup_tree struct mount_tree tree = { 0 };
	struct image_info info = { 0 };
	struct scratch scratch;

	scratch_make(&scratch);
	assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
	write_two(scratch.fd, spoil_nothing_old);
	read_good(scratch.fd, 0, &tree, &info);
	assert_string_equal(tree_find(&tree, 2)->key, "not a path");
	assert_string_equal(tree_find(&tree, 2)->root, "/");
	assert_int_equal(tree_find(&tree, 2)->owner, MOUNT_EXTERNAL);
	scratch_remove(&scratch);
}

static void everything_wrong_is_said_at_once(void **state)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree = { 0 };
	Rebind__MntEntry root, child;
	struct image_info info = { 0 };
	struct record_out out = { 0 };
	struct scratch scratch;

	scratch_make(&scratch);
	assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
	init_record(&child, 2, 1, "/a");
	child.flags = 0x40;
	child.fstype = 99;
	init_record(&root, 1, 0, "/");
	root.root = bytes("x");
	begin(&out, scratch.fd, "mountpoints-5.img", RECORD_MAGIC_MOUNTPOINTS);
	assert_int_equal(record_put(&out, &child.base), 0);
	assert_int_equal(record_put(&out, &root.base), 0);
	finish(&out);
	assert_int_equal(image_read(scratch.fd, 0, &tree, &info, &findings), -EBADMSG);
	assert_int_equal(findings.n, 3);
	scratch_remove(&scratch);
}

/* Of a set, in which all but the first get another name. */
static void read_as_member(int dir_fd, const char *data, size_t size)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree = { 0 };
	struct image_info info;

	store(dir_fd, "mountpoints-6.img", data, size);
	assert_int_equal(image_read_set(dir_fd, IMAGE_SET_ANY, 0, &tree, &info, &findings),
			 -EBADMSG);
	for (size_t i = 0; i < findings.n; i++)
		assert_true(names_mount(&findings.list[i]));
	assert_int_equal(unlinkat(dir_fd, "mountpoints-6.img", 0), 0);
}

/* Each file in test/data/should-fail-image is a mountpoints file. */
static void hostile_files_are_refused(void **state)
{
	cleanup_fd int from = open(DATA "should-fail-image", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct image_info info = { 0 };
	struct scratch scratch;
	int n = 0;

	assert_true(from >= 0);
	scratch_make(&scratch);
	assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
	DIR *dir = fdopendir(dup(from));

	for (const struct dirent *e; (e = readdir(dir));) {
		cleanup_findings struct findings findings = { 0 };
		cleanup_tree struct mount_tree tree = { 0 };
		size_t size;

		if (!strstr(e->d_name, ".img"))
			continue;
		cleanup_free char *data = load(from, e->d_name, &size);

		store(scratch.fd, "mountpoints-5.img", data, size);
		int err = image_read(scratch.fd, 0, &tree, &info, &findings);

		if (err != -EBADMSG || !findings.n)
			print_message("%s is not refused\n", e->d_name);
		assert_int_equal(err, -EBADMSG);
		assert_true(findings.n > 0);
		read_as_member(scratch.fd, data, size);
		n++;
	}
	closedir(dir);
	assert_true(n >= 8);
	scratch_remove(&scratch);
}

static void read_mutant(int dir_fd)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree = { 0 };
	struct image_info info;
	int err = image_read(dir_fd, 0, &tree, &info, &findings);

	assert_int_equal(err != 0, findings.n != 0);
	if (!err)
		assert_true(tree.root < tree.n);
}

static void mutate_file(int dir_fd, const char *name)
{
	static const unsigned char masks[] = { 0xff, 0x01, 0x80 };
	size_t size;
	cleanup_free char *data = load(dir_fd, name, &size);
	cleanup_fd int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; i < size; i++)
		for (size_t k = 0; k < ARRAY_SIZE(masks); k++) {
			unsigned char c = (unsigned char)data[i] ^ masks[k];

			assert_int_equal(pwrite(fd, &c, 1, (off_t)i), 1);
			read_mutant(dir_fd);
			assert_int_equal(pwrite(fd, data + i, 1, (off_t)i), 1);
		}
	for (size_t i = 0; i < size; i++) {
		assert_int_equal(ftruncate(fd, (off_t)i), 0);
		read_mutant(dir_fd);
		assert_int_equal(pwrite(fd, data, size, 0), size);
	}
}

static void no_flipped_or_missing_byte_is_fatal(void **state)
{
	for_each_sample(s)
	{
		struct scratch scratch;
		char name[64];

		scratch_make(&scratch);
		copy_sample(s, scratch.fd);
		snprintf(name, sizeof(name), "mountpoints-%u.img", s->ns_id);
		mutate_file(scratch.fd, name);
		mutate_file(scratch.fd, "inventory.img");
		mutate_file(scratch.fd, "pstree.img");
		mutate_file(scratch.fd, "ids-1.img");
		scratch_remove(&scratch);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void ten_thousand_mounts_are_no_effort(void **state)
{
	cleanup_tree struct mount_tree tree = { 0 }, back = { 0 };
	struct image_info info = { 0 };
	struct tree_fault fault;
	struct scratch scratch;
	char path[64];

	scratch_make(&scratch);
	add(&tree, 1, 0, "/", "ext4", MOUNT_ROOT);
	for (uint32_t i = 2; i <= 10000; i++) {
		snprintf(path, sizeof(path), "/srv/container/volumes/v%u", i);
		struct mount *m = add(&tree, i, 1, path, "tmpfs", MOUNT_INTERNAL);

		m->unique_id = (1ULL << 31) + i;
		m->kind = MOUNT_KIND_DIRECTORY;
	}
	assert_int_equal(tree_link(&tree, &fault), 0);
	double t0 = now();

	assert_int_equal(image_write_mounts(scratch.fd, &tree, 5), 0);
	assert_int_equal(image_write_inventory(scratch.fd, &info), 0);
	double t1 = now();

	read_good(scratch.fd, 0, &back, &info);
	double t2 = now();

	print_message("10,000 mounts: written in %.1f ms, read in %.1f ms\n", t1 - t0, t2 - t1);
	assert_int_equal(back.n, 10000);
	assert_true(t2 - t1 < 1000);
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(criu_images_read_as_their_json),
		cmocka_unit_test(criu_images_are_written_back_byte_for_byte),
		cmocka_unit_test(owners_are_told_from_the_records),
		cmocka_unit_test(only_what_is_served_has_a_descriptor),
		cmocka_unit_test(a_path_below_a_parent_is_normal_and_has_a_parent),
		cmocka_unit_test(what_criu_has_no_field_for_survives),
		cmocka_unit_test(the_namespaces_of_the_dumped_process_are_known_ones),
		cmocka_unit_test(an_image_is_never_overwritten),
		cmocka_unit_test(an_external_mount_without_a_key_is_not_written),
		cmocka_unit_test(an_unfinished_file_has_no_name),
		cmocka_unit_test(without_a_pstree_the_only_namespace_is_read),
		cmocka_unit_test(of_several_namespaces_one_must_be_named),
		cmocka_unit_test(each_bad_field_is_a_finding),
		cmocka_unit_test(damaged_framing_is_a_finding),
		cmocka_unit_test(where_nothing_is_only_that_is_said),
		cmocka_unit_test(a_huge_record_is_refused),
		cmocka_unit_test(a_record_cannot_take_all_memory),
		cmocka_unit_test(an_unknown_field_is_a_finding_in_a_mount_only),
		cmocka_unit_test(version_one_files_have_no_common_magic),
		cmocka_unit_test(old_images_keep_the_key_in_the_root),
		cmocka_unit_test(everything_wrong_is_said_at_once),
		cmocka_unit_test(hostile_files_are_refused),
		cmocka_unit_test(no_flipped_or_missing_byte_is_fatal),
		cmocka_unit_test(ten_thousand_mounts_are_no_effort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
