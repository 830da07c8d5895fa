// SPDX-License-Identifier: LGPL-2.1-or-later
/* Removed files in images as CRIU writes them, and in those that it never would. */
#include "image/criu-merge.h"
#include "image/ghost.h"
#include "image/rebind.pb-c.h"
#include "image/removed.h"
#include "runtime/criu/removed-files.h"
#include "test/unit/help.h"

static char path[] = "/tmp/rebind-test-removed-XXXXXX";
static int dir_fd = -EBADF;

static int begin(void **state)
{
	strcpy(path, "/tmp/rebind-test-removed-XXXXXX");
	assert_non_null(mkdtemp(path));
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir_fd >= 0);
	return 0;
}

static int end(void **state)
{
	static const char *const names[] = { "remap-fpath.img", "files.img", "ghost-file-1.img",
					     "ghost-file-2.img", "out" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlinkat(dir_fd, names[i], 0);
	fd_close(&dir_fd);
	return rmdir(path);
}

static int create(const char *name)
{
	int fd = openat(dir_fd, name, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void put_all(const char *name, uint32_t magic, ProtobufCMessage *const *list, size_t n,
		    const char *behind)
{
	cleanup_fd int fd = create(name);
	cleanup_record_out struct record_out out = { .fd = fd };

	assert_ok(record_put_magic(&out, RECORD_MAGIC_COMMON));
	assert_ok(record_put_magic(&out, magic));
	for (size_t i = 0; i < n; i++)
		assert_ok(record_put(&out, list[i]));
	assert_ok(record_flush(&out));
	assert_ok(fd_write_all(fd, behind, strlen(behind)));
}

struct remap {
	uint32_t file_id, remap_id, type;
	bool without_type;
};

static void put_remaps(const struct remap *list, size_t n)
{
	Rebind__RemapEntry entries[8];
	ProtobufCMessage *messages[8];

	for (size_t i = 0; i < n; i++) {
		rebind__remap_entry__init(&entries[i]);
		entries[i].file_id = list[i].file_id;
		entries[i].remap_id = list[i].remap_id;
		entries[i].has_type = !list[i].without_type;
		entries[i].type = list[i].type;
		messages[i] = &entries[i].base;
	}
	put_all("remap-fpath.img", RECORD_MAGIC_REMAPS, messages, n, "");
}

struct name {
	uint32_t id;
	const char *name;
	int mnt_id;
};

static void put_names(const struct name *list, size_t n)
{
	Rebind__FileEntry entries[8];
	Rebind__RegEntry regs[8];
	ProtobufCMessage *messages[8];

	for (size_t i = 0; i < n; i++) {
		rebind__file_entry__init(&entries[i]);
		rebind__reg_entry__init(&regs[i]);
		regs[i].id = list[i].id;
		regs[i].name =
			(ProtobufCBinaryData){ strlen(list[i].name), (uint8_t *)list[i].name };
		regs[i].has_mnt_id = true;
		regs[i].mnt_id = list[i].mnt_id;
		entries[i].reg = &regs[i];
		messages[i] = &entries[i].base;
	}
	put_all("files.img", RECORD_MAGIC_FILES, messages, n, "");
}

#define GHOST_UID 7

static void put_ghost(uint32_t mode)
{
	Rebind__GhostEntry entry = REBIND__GHOST_ENTRY__INIT;
	ProtobufCMessage *message = &entry.base;

	entry.mode = mode;
	entry.uid = GHOST_UID;
	put_all("ghost-file-1.img", RECORD_MAGIC_GHOST, &message, 1, "contents");
}

#define PUT(put, type, ...)                              \
	do {                                             \
		static const type list_[] = __VA_ARGS__; \
		put(list_, ARRAY_SIZE(list_));           \
	} while (0)
#define remaps(...) PUT(put_remaps, struct remap, { __VA_ARGS__ })
#define names(...)  PUT(put_names, struct name, { __VA_ARGS__ })

enum { LINK, GHOST, PROC, OTHER };

static void must_be(int expected)
{
	cleanup_removed struct removed_files files = { 0 };
	cleanup_findings struct findings findings = { 0 };
	int err = removed_read(dir_fd, &files, &findings);

	assert_int_equal(err, expected);
	assert_int_equal(findings.n, err ? 1 : 0);
	assert_int_equal(err ? files.n : 0, 0);
}

static void an_image_without_any_has_none(void **state)
{
	must_be(0);
	remaps({ 1, 500, PROC });
	must_be(0);
}

static void each_gets_a_name_beside_the_one_that_it_had(void **state)
{
	cleanup_removed struct removed_files files = { 0 };
	cleanup_findings struct findings findings = { 0 };

	put_ghost(S_IFREG | 0600);
	remaps({ 1, 1, GHOST }, { 2, 9, LINK }, { 3, 500, PROC }, { 4, 0x80000001U, 0, true });
	names({ 1, "/d/ghost", 5 }, { 2, "/linked", 5 }, { 9, "/link_remap.9", 5 },
	      { 3, "/proc/500", 5 }, { 4, "/d/twin", 5 });
	assert_ok(removed_read(dir_fd, &files, &findings));
	assert_int_equal(files.n, 3);
	assert_string_equal(files.list[0].path, "/d/ghost");
	assert_int_equal(strncmp(files.list[0].made, "/d/.rebind-", 11), 0);
	assert_null(files.list[0].link);
	assert_string_equal(files.list[1].link, "/link_remap.9");
	assert_int_equal(strncmp(files.list[1].made, "/.rebind-", 9), 0);
	assert_int_equal(files.list[2].remap, 1);
	assert_string_not_equal(files.list[0].made, files.list[2].made);
	assert_null(removed_find(&files, 3));
	assert_ptr_equal(removed_find(&files, 4), &files.list[2]);
}

static void a_directory_is_made_once(void **state)
{
	cleanup_removed struct removed_files files = { 0 };
	cleanup_findings struct findings findings = { 0 };

	put_ghost(S_IFDIR | 0700);
	remaps({ 1, 1, GHOST }, { 2, 1, GHOST });
	names({ 1, "/gone", 5 }, { 2, "/gone", 5 });
	assert_ok(removed_read(dir_fd, &files, &findings));
	assert_string_equal(files.list[0].made, files.list[1].made);
	assert_true(!files.list[0].is_again && files.list[1].is_again);
}

static void what_only_criu_makes_is_told(void **state)
{
	put_ghost(S_IFREG | 0600);
	names({ 1, "/a", 5 }, { 2, "/b/c", 6 });
	remaps({ 1, 1, OTHER });
	must_be(-EOPNOTSUPP);
	remaps({ 1, 1, GHOST }, { 2, 1, GHOST });
	must_be(-EOPNOTSUPP);
	put_ghost(S_IFSOCK | 0600);
	remaps({ 1, 1, GHOST });
	must_be(-EOPNOTSUPP);
}

static void damaged_images_are_refused(void **state)
{
	static const char *const bad[] = { "", "/", "x", "./x", "/../x", "/a//b", "/a/" };

	char long_path[PATH_MAX + 1] = "";

	put_ghost(S_IFREG | 0600);
	names({ 1, "/a", 5 });
	remaps({ 1, 1, GHOST }, { 1, 1, GHOST });
	must_be(-EBADMSG);
	remaps({ 7, 1, GHOST });
	must_be(-EBADMSG);
	remaps({ 1, 7, LINK });
	must_be(-EBADMSG);
	remaps({ 1, 7, GHOST });
	must_be(-EBADMSG);
	put_ghost(S_IFLNK | 0777);
	remaps({ 1, 1, GHOST });
	must_be(-EBADMSG);
	put_ghost(S_IFREG | 0600);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put_names(&(struct name){ 1, bad[i], 5 }, 1);
		must_be(-EBADMSG);
	}
	/* A path that the kernel takes has less than PATH_MAX bytes. */
	for (size_t i = 0; i < PATH_MAX; i++)
		long_path[i] = i % 100 ? 'x' : '/';
	put_names(&(struct name){ 1, long_path, 5 }, 1);
	must_be(-EBADMSG);
	long_path[PATH_MAX - 1] = '\0';
	put_names(&(struct name){ 1, long_path, 5 }, 1);
	must_be(0);
}

/* ---- contents ---- */

static void put_chunks(uint64_t size, uint64_t offset, uint64_t n, const char *contents)
{
	Rebind__GhostEntry entry = REBIND__GHOST_ENTRY__INIT;
	Rebind__GhostChunk chunk = REBIND__GHOST_CHUNK__INIT;
	ProtobufCMessage *messages[] = { &entry.base, &chunk.base };

	entry.mode = S_IFREG | 0600;
	entry.has_chunks = entry.chunks = entry.has_size = true;
	entry.size = size;
	chunk.offset = offset;
	chunk.size = n;
	put_all("ghost-file-2.img", RECORD_MAGIC_GHOST, messages, 2, contents);
}

static int write_ghost(uint32_t id, char *ret, size_t size)
{
	cleanup_ghost struct ghost ghost = GHOST_INIT;
	cleanup_findings struct findings findings = { 0 };
	cleanup_fd int out = create("out");
	int err = ghost_open(dir_fd, id, &ghost, &findings);

	if (!err)
		err = ghost_write(&ghost, out, &findings);
	memset(ret, '-', size);
	assert_true(pread(out, ret, size, 0) >= 0);
	return err;
}

static void contents_are_written_with_their_holes(void **state)
{
	char text[16];

	put_ghost(S_IFREG | 0600);
	assert_ok(write_ghost(1, text, sizeof(text)));
	assert_memory_equal(text, "contents--------", sizeof(text));
	put_chunks(12, 4, 3, "abc");
	assert_ok(write_ghost(2, text, sizeof(text)));
	assert_memory_equal(text, "\0\0\0\0abc\0\0\0\0\0----", sizeof(text));
}

static void chunks_stay_within_the_file(void **state)
{
	char text[16];

	put_chunks(12, 10, 3, "abc");
	assert_int_equal(write_ghost(2, text, sizeof(text)), -EBADMSG);
	put_chunks(12, 13, 0, "");
	assert_int_equal(write_ghost(2, text, sizeof(text)), -EBADMSG);
	put_chunks(12, UINT64_MAX - 1, 3, "abc");
	assert_int_equal(write_ghost(2, text, sizeof(text)), -EBADMSG);
	put_chunks(12, 4, 5, "abc");
	assert_int_equal(write_ghost(2, text, sizeof(text)), -EBADMSG);
	put_chunks(UINT64_MAX, 0, 3, "abc");
	assert_int_equal(write_ghost(2, text, sizeof(text)), -EBADMSG);
}

/* ---- what CRIU finds ---- */

static void criu_finds_its_own_remaps_only(void **state)
{
	cleanup_removed struct removed_files files = { 0 };
	cleanup_findings struct findings findings = { 0 };
	cleanup_record_file struct record_file file = RECORD_FILE_INIT;
	const uint8_t *data;
	size_t size;

	put_ghost(S_IFREG | 0600);
	remaps({ 1, 1, GHOST }, { 3, 500, PROC });
	names({ 1, "/a", 5 }, { 3, "/proc/500", 5 });
	assert_ok(removed_read(dir_fd, &files, &findings));
	cleanup_fd int out = create("out");

	assert_int_equal(criu_merge_write_criu_remaps(dir_fd, out, &files, &findings), 1);
	assert_ok(record_open(&file, dir_fd, "out", RECORD_MAGIC_REMAPS, &findings));
	assert_int_equal(record_next(&file, &data, &size, &findings), 1);
	Rebind__RemapEntry *entry = rebind__remap_entry__unpack(NULL, size, data);

	assert_int_equal(entry->file_id, 3);
	rebind__remap_entry__free_unpacked(entry, NULL);
	assert_int_equal(record_next(&file, &data, &size, &findings), 0);
}

static void criu_finds_the_names_that_are_made(void **state)
{
	cleanup_removed struct removed_files files = { 0 };
	cleanup_findings struct findings findings = { 0 };
	cleanup_record_file struct record_file file = RECORD_FILE_INIT;
	const uint8_t *data;
	size_t size;

	put_ghost(S_IFREG | 0600);
	remaps({ 1, 1, GHOST });
	names({ 1, "/a", 5 });
	assert_ok(removed_read(dir_fd, &files, &findings));
	cleanup_fd int out = create("out");

	assert_int_equal(criu_merge_write_criu_files(dir_fd, out, &files, &findings), 1);
	assert_ok(record_open(&file, dir_fd, "out", RECORD_MAGIC_FILES, &findings));
	assert_int_equal(record_next(&file, &data, &size, &findings), 1);
	Rebind__FileEntry *entry = rebind__file_entry__unpack(NULL, size, data);

	assert_int_equal(entry->reg->name.len, strlen(files.list[0].made));
	assert_memory_equal(entry->reg->name.data, files.list[0].made, entry->reg->name.len);
	rebind__file_entry__free_unpacked(entry, NULL);
}

/* In a user namespace with @count ids, from ours on. */
static int make_with_ids(uint32_t count)
{
	struct mount_id_extent ids = { 0, geteuid(), count };
	struct criu_removed removed = {
		CRIU_REMOVED_INIT,
		.map = { &ids, &ids, 1, 1 },
	};
	cleanup_findings struct findings findings = { 0 };

	removed.images_fd = removed.root_fd = dir_fd;
	help_keep_log();
	assert_ok(removed_read(dir_fd, &removed.files, &findings));
	int err = removed_files_make(&removed);

	removed_files_take_back(&removed);
	removed_free(&removed.files);
	return err;
}

static void an_owner_that_has_no_id_here_is_an_error(void **state)
{
	put_ghost(S_IFREG | 0600);
	remaps({ 1, 1, GHOST });
	names({ 1, "/a", 5 });
	assert_int_equal(make_with_ids(GHOST_UID), -EOVERFLOW);
	assert_non_null(strstr(help_log_text, "cannot make '/a' again"));
	/* Others than ours only root can give away. */
	if (geteuid() == 0)
		assert_ok(make_with_ids(GHOST_UID + 1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_image_without_any_has_none, begin, end),
		cmocka_unit_test_setup_teardown(each_gets_a_name_beside_the_one_that_it_had, begin,
						end),
		cmocka_unit_test_setup_teardown(a_directory_is_made_once, begin, end),
		cmocka_unit_test_setup_teardown(what_only_criu_makes_is_told, begin, end),
		cmocka_unit_test_setup_teardown(damaged_images_are_refused, begin, end),
		cmocka_unit_test_setup_teardown(contents_are_written_with_their_holes, begin, end),
		cmocka_unit_test_setup_teardown(chunks_stay_within_the_file, begin, end),
		cmocka_unit_test_setup_teardown(criu_finds_its_own_remaps_only, begin, end),
		cmocka_unit_test_setup_teardown(criu_finds_the_names_that_are_made, begin, end),
		cmocka_unit_test_setup_teardown(an_owner_that_has_no_id_here_is_an_error, begin,
						end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
