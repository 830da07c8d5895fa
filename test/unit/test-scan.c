// SPDX-License-Identifier: LGPL-2.1-or-later
/* Each namespace is read by all readers, which must make the same model of it. */
#include <sys/mman.h>

#include "mnt/scan/scan.h"
#include "model/compare.h"
#include "test/unit/help.h"

/* ---- a namespace of everything odd ---- */

#define ODD "odd \t\n\\ #,:=\xff"

/* By the newer calls nothing is escaped with backslashes. */
static void build_overlay_with_commas(void)
{
	int fs = fsopen("overlay", FSOPEN_CLOEXEC);

	help_must(mkdir("x, y", 0755));
	/* Before Linux 6.5 such a string cannot be given. */
	if (fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", "x, y", 0) < 0 && errno == EINVAL) {
		close(fs);
		return;
	}
	help_must(mkdir("z,z", 0755));
	help_must(mkdir("work,", 0755));
	help_must(mkdir("merged3", 0755));
	help_must(fsconfig(fs, FSCONFIG_SET_STRING, "source", "ov,3", 0));
	help_must(fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", "z,z", 0));
	help_must(fsconfig(fs, FSCONFIG_SET_STRING, "workdir", "work,", 0));
	help_must(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	int mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);

	help_must(sys_move_mount(mnt, "", AT_FDCWD, "merged3", MOVE_MOUNT_F_EMPTY_PATH));
}

static void build_sources(void)
{
	help_must(mkdir("empty", 0755));
	help_must(mount("", "empty", "tmpfs", 0, NULL));
	help_must(mkdir("none", 0755));
	help_must(mount("none", "none", "tmpfs", 0, NULL));
}

static void build_overlays(void)
{
	static const char *const dirs[] = { "l a,b", "l c:d", "u=\\x", "w\t", "merged", "merged2" };

	help_must(mkdir("ovl", 0755));
	help_must(mount("ovl", "ovl", "tmpfs", 0, NULL));
	help_must(chdir("ovl"));
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		help_must(mkdir(dirs[i], 0755));
	help_must(mount("o v,l", "merged", "overlay", 0,
			"lowerdir=l a\\,b:l c\\:d,upperdir=u=\\\\x,workdir=w\t"));
	help_must(mount("overlay", "merged2", "overlay", MS_RDONLY | MS_NOATIME,
			"lowerdir=l a\\,b:u=\\\\x"));
	build_overlay_with_commas();
	help_must(chdir(".."));
}

static void build_propagation(void)
{
	static const char *const dirs[] = { "p", "p/peer", "p/slave", "p/both", "p/no" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		help_must(mkdir(dirs[i], 0755));
		if (i == 0)
			help_must(mount("p", "p", "tmpfs", 0, NULL));
	}
	help_must(mkdir("p/from", 0755));
	help_must(mount("from", "p/from", "tmpfs", 0, NULL));
	help_must(mount(NULL, "p/from", NULL, MS_SHARED, NULL));
	for (size_t i = 1; i < 4; i++)
		help_must(mount("p/from", dirs[i], NULL, MS_BIND, NULL));
	help_must(mount(NULL, "p/slave", NULL, MS_SLAVE, NULL));
	help_must(mount(NULL, "p/both", NULL, MS_SLAVE, NULL));
	help_must(mount(NULL, "p/both", NULL, MS_SHARED, NULL));
	help_must(mount("no", "p/no", "tmpfs", 0, NULL));
	help_must(mount(NULL, "p/no", NULL, MS_UNBINDABLE, NULL));
}

static void build_attributes(void)
{
	static const struct {
		const char *name;
		unsigned long flags;
	} mounts[] = {
		{ "ro", MS_RDONLY },	    { "nosuid", MS_NOSUID },
		{ "noatime", MS_NOATIME },  { "strict", MS_STRICTATIME },
		{ "nodir", MS_NODIRATIME }, { "sync", MS_SYNCHRONOUS | MS_DIRSYNC },
		{ "lazy", MS_LAZYTIME },    { "all", MS_NODEV | MS_NOEXEC | MS_RELATIME | 0x100 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		help_must(mkdir(mounts[i].name, 0755));
		help_must(mount("attr", mounts[i].name, "tmpfs", mounts[i].flags,
				"size=64k,mode=700"));
	}
	help_must(mkdir("ro-bind", 0755));
	help_must(mount("sync", "ro-bind", NULL, MS_BIND, NULL));
	help_must(mount(NULL, "ro-bind", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
}

static void build_binds(void)
{
	help_must(mkdir(ODD, 0755));
	help_must(mount(ODD, ODD, "tmpfs", 0, NULL));
	help_must(mkdir(ODD "/" ODD, 0755));
	help_write(ODD "/file " ODD, "");
	help_must(mkdir("bind", 0755));
	help_must(mount(ODD "/" ODD, "bind", NULL, MS_BIND, NULL));
	help_write("bound " ODD, "");
	help_must(mount(ODD "/file " ODD, "bound " ODD, NULL, MS_BIND, NULL));
	help_must(mkdir(ODD "/gone", 0755));
	help_must(mkdir("of-deleted", 0755));
	help_must(mount(ODD "/gone", "of-deleted", NULL, MS_BIND, NULL));
	help_must(rmdir(ODD "/gone"));
	help_must(mkdir("stack", 0755));
	for (int i = 0; i < 3; i++)
		help_must(mount("stacked", "stack", "tmpfs", 0, NULL));
	help_must(mkdir("empty-source", 0755));
	help_must(mount("", "empty-source", "tmpfs", 0, NULL));
}

static void build_kernel(void)
{
	help_must(mkdir("proc", 0755));
	help_must(mount("proc", "proc", "proc", 0, "hidepid=2"));
	help_must(mkdir("pts", 0755));
	help_must(mount("devpts", "pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=620"));
	help_must(mkdir("sys", 0755));
	help_must(mount("sysfs", "sys", "sysfs", MS_RDONLY, NULL));
}

/* A second root on top of the first: what is seen is not the bottom. */
static void build_odd(void)
{
	build_binds();
	build_sources();
	build_overlays();
	build_propagation();
	build_attributes();
	build_kernel();
}

/* ---- reading ---- */

/* Return: was it read from the kernel's text and listmount(2) */
static bool read_by(const struct space *space, enum scan_reader reader, struct mount_tree *tree)
{
	cleanup_target struct scan_target target = SCAN_TARGET_NONE;

	*tree = (struct mount_tree){ 0 };
	assert_ok(scan_open(space->ns_fd, &target));
	assert_ok(scan_read(&target, reader, tree));
	return target.has_text_hash;
}

static void same_text(const struct mount *m, const char *field, const char *left, const char *right)
{
	if (strcmp(left, right) != 0)
		fail_msg("mount %u '%s': %s '%s' by statmount, '%s' by mountinfo", m->id,
			 m->mountpoint, field, left, right);
}

static void same_number(const struct mount *m, const char *field, uint32_t left, uint32_t right)
{
	if (left != right)
		fail_msg("mount %u '%s': %s %#x by statmount, %#x by mountinfo", m->id,
			 m->mountpoint, field, left, right);
}

static void same_mount(const struct mount *l, const struct mount *r)
{
	same_number(l, "id", l->id, r->id);
	same_number(l, "parent", l->parent_id, r->parent_id);
	same_number(l, "dev", l->dev, r->dev);
	same_number(l, "attributes", l->attributes, r->attributes);
	same_number(l, "sb_flags", l->sb_flags, r->sb_flags);
	same_number(l, "shared", l->shared, r->shared);
	same_number(l, "master", l->master, r->master);
	same_number(l, "unbindable", l->unbindable, r->unbindable);
	same_number(l, "deleted", l->deleted, r->deleted);
	same_number(l, "parent's index", l->parent, r->parent);
	same_text(l, "root", l->root, r->root);
	same_text(l, "mountpoint", l->mountpoint, r->mountpoint);
	same_text(l, "type", l->fstype, r->fstype);
	same_text(l, "source", l->source, r->source);
	same_text(l, "options", l->options, r->options);
}

static const struct mount *at(const struct mount_tree *tree, const char *path)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (strcmp(tree->mounts[i].mountpoint, path) == 0)
			return &tree->mounts[tree_top(tree, i)];
	fail_msg("no mount at '%s'", path);
	return NULL;
}

static void all_readers_make_the_same_model(void **state)
{
	const struct space *space = *state;
	cleanup_tree struct mount_tree fast, text, quick;

	if (!scan_has_statmount()) {
		print_message("the kernel's statmount does not tell enough\n");
		skip();
	}
	read_by(space, SCAN_STATMOUNT, &fast);
	read_by(space, SCAN_MOUNTINFO, &text);
	assert_true(read_by(space, SCAN_BEST, &quick));
	assert_int_equal(fast.n, text.n);
	assert_int_equal(fast.n, quick.n);
	for (uint32_t i = 0; i < fast.n; i++) {
		same_mount(&fast.mounts[i], &text.mounts[i]);
		same_mount(&fast.mounts[i], &quick.mounts[i]);
		assert_true(fast.mounts[i].unique_id == quick.mounts[i].unique_id);
	}
	assert_int_equal(fast.root, text.root);
	assert_int_equal(fast.root, quick.root);
}

static void each_reader(const struct space *space, void (*check)(const struct mount_tree *tree))
{
	for (enum scan_reader reader = SCAN_BEST; reader <= SCAN_MOUNTINFO; reader++) {
		cleanup_tree struct mount_tree tree = { 0 };

		if (reader == SCAN_STATMOUNT && !scan_has_statmount())
			continue;
		read_by(space, reader, &tree);
		check(&tree);
	}
}

static void check_names(const struct mount_tree *tree)
{
	const struct mount *odd = at(tree, "/" ODD), *bind = at(tree, "/bind");

	assert_string_equal(odd->source, ODD);
	assert_string_equal(bind->root, "/" ODD);
	assert_string_equal(at(tree, "/bound " ODD)->root, "/file " ODD);
	assert_int_equal(bind->dev, odd->dev);
	assert_true(at(tree, "/of-deleted")->deleted);
	assert_string_equal(at(tree, "/of-deleted")->root, "/gone");
	assert_false(bind->deleted);
	assert_string_equal(at(tree, "/stack")->mountpoint, "/stack");
	assert_int_equal(tree_parent(tree, tree_parent(tree, at(tree, "/stack")))->dev,
			 tree_parent(tree, tree_parent(tree, at(tree, "/stack")))->dev);
}

static void odd_names_are_the_bytes_that_they_are(void **state)
{
	each_reader(*state, check_names);
}

static void check_attributes(const struct mount_tree *tree)
{
	assert_int_equal(at(tree, "/ro")->attributes, MOUNT_ATTR_RDONLY);
	assert_int_equal(at(tree, "/ro")->sb_flags, MS_RDONLY);
	assert_int_equal(at(tree, "/nosuid")->attributes, MOUNT_ATTR_NOSUID);
	assert_int_equal(at(tree, "/noatime")->attributes, MOUNT_ATTR_NOATIME);
	assert_int_equal(at(tree, "/strict")->attributes, MOUNT_ATTR_STRICTATIME);
	assert_int_equal(at(tree, "/nodir")->attributes, MOUNT_ATTR_NODIRATIME);
	assert_int_equal(at(tree, "/sync")->sb_flags, MS_SYNCHRONOUS | MS_DIRSYNC);
	assert_int_equal(at(tree, "/lazy")->sb_flags, MS_LAZYTIME);
	assert_int_equal(at(tree, "/all")->attributes,
			 MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | 0x200000);
	assert_int_equal(at(tree, "/ro-bind")->attributes, MOUNT_ATTR_RDONLY);
	assert_int_equal(at(tree, "/ro-bind")->sb_flags, MS_SYNCHRONOUS | MS_DIRSYNC);
	assert_non_null(strstr(at(tree, "/ro")->options, "size=64k"));
	assert_null(strstr(at(tree, "/ro")->options, "ro,"));
}

static void attributes_are_the_mounts_and_flags_the_superblocks(void **state)
{
	each_reader(*state, check_attributes);
}

static void check_propagation(const struct mount_tree *tree)
{
	const struct mount *from = at(tree, "/p/from"), *peer = at(tree, "/p/peer");
	const struct mount *slave = at(tree, "/p/slave"), *both = at(tree, "/p/both");

	assert_int_not_equal(from->shared, 0);
	assert_int_equal(peer->shared, from->shared);
	assert_int_equal(slave->shared, 0);
	assert_int_equal(slave->master, from->shared);
	assert_int_equal(both->master, from->shared);
	assert_int_not_equal(both->shared, 0);
	assert_int_not_equal(both->shared, from->shared);
	assert_true(at(tree, "/p/no")->unbindable);
	assert_false(at(tree, "/p")->unbindable);
}

static void propagation_is_read(void **state)
{
	each_reader(*state, check_propagation);
}

static void the_view_is_that_of_the_namespaces_own_root(void **state)
{
	const struct space *space = *state;
	cleanup_target struct scan_target target = SCAN_TARGET_NONE;
	struct stat stat;

	assert_ok(scan_open(space->ns_fd, &target));
	assert_ok(fstatat(target.root_fd, "bind", &stat, 0));
	assert_int_equal(fstatat(target.root_fd, "tmp", &stat, 0), -1);
}

/* ---- changes ---- */

static void do_mount(void)
{
	help_must(mount("new", "/stack", "tmpfs", 0, NULL));
}

static void do_umount(void)
{
	help_must(umount2("/stack", MNT_DETACH));
}

static void do_remount(void)
{
	help_must(mount(NULL, "/bind", NULL, MS_BIND | MS_REMOUNT | MS_NOEXEC, NULL));
}

static void undo_remount(void)
{
	help_must(mount(NULL, "/bind", NULL, MS_BIND | MS_REMOUNT, NULL));
}

static void do_share(void)
{
	help_must(mount(NULL, "/bind", NULL, MS_SHARED, NULL));
}

static void do_unshare(void)
{
	help_must(mount(NULL, "/bind", NULL, MS_PRIVATE, NULL));
}

static void do_bindable(void)
{
	help_must(mount(NULL, "/bind", NULL, MS_UNBINDABLE, NULL));
}

static void do_private(void)
{
	help_must(mount(NULL, "/bind", NULL, MS_PRIVATE, NULL));
}

static void do_move(void)
{
	help_must(mount("/bind", "/empty-source", NULL, MS_MOVE, NULL));
}

static void undo_move(void)
{
	help_must(mount("/empty-source", "/bind", NULL, MS_MOVE, NULL));
}

/* No remount of a mount, which the kernel would tell who polls. */
static void reconfigure(const char *name, const char *value)
{
	cleanup_fd int fs = fspick(AT_FDCWD, "/nodir", 0);

	help_must(fs < 0 ? -1 : 0);
	help_must(fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, name, value, 0));
	help_must(fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
}

static void do_resize(void)
{
	reconfigure("size", "3m");
}

static void undo_resize(void)
{
	reconfigure("size", "64k");
}

static void do_seal(void)
{
	reconfigure("ro", NULL);
}

static void undo_seal(void)
{
	reconfigure("rw", NULL);
}

static void a_change_is_seen_by(const struct space *space, enum scan_reader reader,
				void (*change)(void))
{
	cleanup_target struct scan_target target = SCAN_TARGET_NONE;
	cleanup_tree struct mount_tree tree = { 0 };

	assert_ok(scan_open(space->ns_fd, &target));
	assert_ok(scan_read(&target, reader, &tree));
	assert_int_equal(scan_is_unchanged(&target, &tree), 1);
	assert_int_equal(scan_is_unchanged(&target, &tree), 1);
	help_inside(space, change);
	assert_int_equal(scan_is_unchanged(&target, &tree), 0);
}

static void every_change_of_the_mounts_is_seen(void **state)
{
	static void (*const changes[])(void) = { do_mount, do_umount,  do_remount,  undo_remount,
						 do_share, do_unshare, do_bindable, do_private,
						 do_move,  undo_move,  do_resize,   undo_resize,
						 do_seal,  undo_seal };

	for (enum scan_reader reader = SCAN_BEST; reader <= SCAN_MOUNTINFO; reader++)
		for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
			if (reader != SCAN_STATMOUNT || scan_has_statmount())
				a_change_is_seen_by(*state, reader, changes[i]);
}

/* ---- what the quick reader leaves to others ---- */

static void build_slaves(void)
{
	char name[16];

	help_must(mount(NULL, "p/from", NULL, MS_SHARED, NULL));
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "slave-%d", i);
		help_must(mkdir(name, 0755));
		help_must(mount("p/from", name, NULL, MS_BIND, NULL));
		help_must(mount(NULL, name, NULL, MS_SLAVE, NULL));
	}
}

static void remove_slaves(void)
{
	char name[16];

	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "slave-%d", i);
		help_must(umount2(name, MNT_DETACH));
		help_must(rmdir(name));
	}
}

static void many_slaves_are_not_read_from_the_text(void **state)
{
	const struct space *space = *state;
	cleanup_tree struct mount_tree before, many, after;

	if (!scan_has_statmount())
		skip();
	assert_true(read_by(space, SCAN_BEST, &before));
	help_inside(space, build_slaves);
	assert_false(read_by(space, SCAN_BEST, &many));
	assert_int_equal(many.n, before.n + 40);
	help_inside(space, remove_slaves);
	assert_true(read_by(space, SCAN_BEST, &after));
}

static void move_aside(void)
{
	help_must(mkdir("aside", 0755));
	help_must(mkdir("aside/dir", 0755));
	help_must(mkdir("aside/dir/in", 0755));
	help_must(mkdir("of", 0755));
	help_must(mount("aside", "of", NULL, MS_BIND, NULL));
	help_must(mount("in", "of/dir/in", "tmpfs", 0, NULL));
	help_must(rename("aside/dir", "moved"));
}

static void move_back(void)
{
	help_must(rename("moved", "aside/dir"));
	help_must(umount2("of", MNT_DETACH));
	help_must(rmdir("aside/dir/in"));
	help_must(rmdir("aside/dir"));
	help_must(rmdir("aside"));
	help_must(rmdir("of"));
}

static void what_no_path_leads_to_is_not_lost_with_the_text(void **state)
{
	const struct space *space = *state;
	cleanup_tree struct mount_tree before, tree, after;

	if (!scan_has_statmount())
		skip();
	assert_true(read_by(space, SCAN_BEST, &before));
	help_inside(space, move_aside);
	assert_false(read_by(space, SCAN_BEST, &tree));
	assert_int_equal(tree.lost.used, 1);
	help_inside(space, move_back);
	assert_true(read_by(space, SCAN_BEST, &after));
}

/* ---- texts ---- */

static int open_text(const char *text)
{
	int fd = memfd_create("mountinfo", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_ok(fd_write_all(fd, text, strlen(text)));
	return fd;
}

static int read_text(const char *text, struct mount_tree *tree, struct tree_fault *fault)
{
	cleanup_fd int fd = open_text(text);

	*tree = (struct mount_tree){ 0 };
	return scan_text(fd, tree, fault);
}

static void saved_tables_of_containers_are_read(void **state)
{
	static const struct {
		const char *name;
		uint32_t root, n;
	} files[] = {
		{ "test/data/mountinfo/bwrap.txt", 20561, 18 },
		{ "test/data/mountinfo/crun-1.8.1.txt", 30136, 20 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		cleanup_tree struct mount_tree tree = { 0 };
		cleanup_fd int fd = open(files[i].name, O_RDONLY | O_CLOEXEC);
		struct tree_fault fault;

		if (fd < 0)
			fail_msg("run from the project's directory: %s", files[i].name);
		if (scan_text(fd, &tree, &fault))
			fail_msg("%s: mount %u %s", files[i].name, fault.id, fault.reason);
		assert_int_equal(tree.mounts[tree.root].id, files[i].root);
		assert_int_equal(tree.n, files[i].n);
		assert_string_equal(at(&tree, "/etc/hosts")->root, "/srv/lab/oci/vol/files/hosts");
		assert_int_equal(at(&tree, "/proc")->dev,
				 tree_find(&tree, files[i].root == 20561 ? 10272 : 30152)->dev);
	}
}

static void a_text_is_unescaped_but_for_its_options(void **state)
{
	cleanup_tree struct mount_tree tree;
	struct tree_fault fault;
	const struct mount *m;

	assert_ok(read_text("1 0 0:5 / / rw - tmpfs tmpfs rw\n"
			    "2 1 0:6 /a\\040b /x\\011\\012\\134 ro,noatime shared:3 master:2 "
			    "propagate_from:1 - fuse.s\\043x a\\040b ro,lowerdir=/a\\054b\\040c\n",
			    &tree, &fault));
	m = at(&tree, "/x\t\n\\");
	assert_string_equal(m->root, "/a b");
	assert_string_equal(m->source, "a b");
	assert_string_equal(m->options, "lowerdir=/a\\054b\\040c");
	assert_int_equal(m->shared, 3);
	assert_int_equal(m->master, 2);
	assert_int_equal(m->sb_flags, MS_RDONLY);
	assert_int_equal(m->attributes, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
}

static void what_windows_adds_is_taken_off(void **state)
{
	static const char *const texts[] = {
		"1 0 0:5 / / rw - tmpfs tmpfs rw\r\n2 1 0:6 / /a rw - tmpfs  rw,size=4k\r\n",
		"1 0 0:5 / / rw - tmpfs tmpfs rw\r\n2 1 0:6 / /a rw - tmpfs  rw,size=4k\r",
		"1 0 0:5 / / rw - tmpfs tmpfs rw\r\n2 1 0:6 / /a rw - tmpfs  rw,size=4k",
		"\xef\xbb\xbf"
		"1 0 0:5 / / rw - tmpfs tmpfs rw\n2 1 0:6 / /a rw - tmpfs  rw,size=4k\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_tree struct mount_tree tree;
		struct tree_fault fault;

		assert_ok(read_text(texts[i], &tree, &fault));
		assert_string_equal(tree.mounts[tree.root].options, "");
		assert_string_equal(at(&tree, "/a")->options, "size=4k");
		assert_string_equal(at(&tree, "/a")->source, "");
	}
}

/* What one line ends with, and not all, belongs to it. */
static void a_carriage_return_of_one_line_stays(void **state)
{
	cleanup_tree struct mount_tree tree;
	struct tree_fault fault;

	assert_ok(read_text("1 0 0:5 / / rw - tmpfs tmpfs rw\n"
			    "2 1 0:6 / /a rw - overlay o rw,upperdir=/u\r\n",
			    &tree, &fault));
	assert_string_equal(at(&tree, "/a")->options, "upperdir=/u\r");
}

static void a_fault_tells_its_line(void **state)
{
	static const struct {
		const char *text, *reason;
		uint32_t line;
	} cases[] = {
		{ "1 0 0:5 / / rw - tmpfs t rw\n\nnon\tsense\n",
		  "is not a line of mountinfo: 'non\\011sense'", 3 },
		{ "1 0 0:5 / / rw - tmpfs t rw\r\n1 0 0:5 / /\r\n",
		  "is not a line of mountinfo: '1 0 0:5 / /'", 2 },
		{ "1 0 0:5 / / rw - tmpfs t rw\n# said\n2 1 0:5 / /a huh - tmpfs t rw\n",
		  "has the per-mount flag 'huh', which is unknown here", 3 },
		{ "1 0 0:5 / / rw - tmpfs t rw\n\n1 0 0:5 / /a rw - tmpfs t rw\n",
		  "has the id of another mount", 3 },
		{ "1 0 0:5 / / rw - tmpfs t rw\n2 1 0:5 / 2: rw - tmpfs t rw\n",
		  "has the mountpoint '2:', which is not an absolute path", 2 },
		{ "\xff\xfe", "it is UTF-16; convert it to UTF-8", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_tree struct mount_tree tree;
		struct tree_fault fault = { 0 };

		assert_int_equal(read_text(cases[i].text, &tree, &fault), -EBADMSG);
		assert_string_equal(fault.reason, cases[i].reason);
		assert_int_equal(fault.line, cases[i].line);
	}
}

static void what_is_no_mountinfo_is_refused_with_its_mount(void **state)
{
	static const struct {
		const char *text;
		uint32_t id;
	} cases[] = {
		{ "", 0 },
		{ "\n", 0 },
		{ "nonsense\n", 0 },
		{ "1 0 0:5 / / rw - tmpfs\n", 0 },
		{ "1 0 0:5 / / rw,unheard - tmpfs tmpfs rw\n", 1 },
		{ "1 0 0:5 / / rw shared:x - tmpfs tmpfs rw\n", 1 },
		{ "1 0 0:5 / / rw - tmpfs tmpfs rw\n1 1 0:5 / /a rw - tmpfs tmpfs rw\n", 1 },
		{ "1 0 0:5 / / rw - tmpfs tmpfs rw\nnonsense\n2 1 0:5 / /a rw - tmpfs tmpfs rw\n",
		  0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_tree struct mount_tree tree;
		struct tree_fault fault = { .id = 99 };
		int err = read_text(cases[i].text, &tree, &fault);

		if (err != -EBADMSG || fault.id != cases[i].id || !fault.reason)
			fail_msg("case %zu: %d, mount %u", i, err, fault.id);
	}
}

static void a_field_that_is_unknown_is_noted(void **state)
{
	cleanup_tree struct mount_tree tree;
	struct tree_fault fault;

	assert_ok(read_text("1 0 0:5 / / rw shared:3 unheard:5 - tmpfs tmpfs rw\n", &tree, &fault));
	assert_int_equal(fault.strange, 1);
	assert_int_equal(tree.mounts[0].shared, 3);
}

static void readers_have_names(void **state)
{
	enum scan_reader reader;

	assert_ok(scan_reader_named(NULL, &reader));
	assert_int_equal(reader, SCAN_BEST);
	assert_ok(scan_reader_named("statmount", &reader));
	assert_int_equal(reader, SCAN_STATMOUNT);
	assert_ok(scan_reader_named("mountinfo", &reader));
	assert_int_equal(reader, SCAN_MOUNTINFO);
	assert_int_equal(scan_reader_named("other", &reader), -EINVAL);
}

static void a_namespace_that_is_none_is_an_error_and_leaks_nothing(void **state)
{
	cleanup_fd int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct scan_target target = SCAN_TARGET_NONE;
	unsigned int before = help_open_fds();

	assert_int_equal(scan_open(fd, &target), -EINVAL);
	assert_true(target.root_fd < 0 && target.ns_fd < 0);
	assert_int_equal(help_open_fds(), before);
	assert_int_equal(scan_ns_of_pid(0x7fffffff), -ESRCH);
}

static void more_mounts_than_a_batch_are_read(void **state)
{
	cleanup_target struct scan_target target = SCAN_TARGET_NONE;
	cleanup_tree struct mount_tree before = { 0 }, tree = { 0 };

	help_must(mkdir("/tmp/many", 0755));
	assert_ok(scan_open_own(&target));
	assert_ok(scan_read(&target, SCAN_BEST, &before));
	for (uint32_t i = 0; i < 1100; i++)
		assert_ok(mount("/tmp/many", "/tmp/many", NULL, MS_BIND, NULL));
	assert_int_equal(scan_is_unchanged(&target, &before), 0);
	assert_ok(scan_read(&target, SCAN_BEST, &tree));
	assert_int_equal(tree.n, before.n + 1100);
	for (uint32_t i = 0; i < 1100; i++)
		assert_ok(umount2("/tmp/many", MNT_DETACH));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_readers_make_the_same_model),
		cmocka_unit_test(odd_names_are_the_bytes_that_they_are),
		cmocka_unit_test(attributes_are_the_mounts_and_flags_the_superblocks),
		cmocka_unit_test(propagation_is_read),
		cmocka_unit_test(the_view_is_that_of_the_namespaces_own_root),
		cmocka_unit_test(every_change_of_the_mounts_is_seen),
		cmocka_unit_test(many_slaves_are_not_read_from_the_text),
		cmocka_unit_test(what_no_path_leads_to_is_not_lost_with_the_text),
		cmocka_unit_test(saved_tables_of_containers_are_read),
		cmocka_unit_test(a_text_is_unescaped_but_for_its_options),
		cmocka_unit_test(what_windows_adds_is_taken_off),
		cmocka_unit_test(a_carriage_return_of_one_line_stays),
		cmocka_unit_test(a_fault_tells_its_line),
		cmocka_unit_test(what_is_no_mountinfo_is_refused_with_its_mount),
		cmocka_unit_test(a_field_that_is_unknown_is_noted),
		cmocka_unit_test(readers_have_names),
		cmocka_unit_test(a_namespace_that_is_none_is_an_error_and_leaks_nothing),
		cmocka_unit_test(more_mounts_than_a_batch_are_read),
	};
	struct space space;

	if (help_unshare())
		return 1;
	help_space(&space, build_odd);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		((struct CMUnitTest *)tests)[i].initial_state = &space;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	help_space_end(&space);
	return failed;
}
