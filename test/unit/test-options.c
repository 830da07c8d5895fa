// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/options.h"

#include "test/unit/help.h"

/* A request with these mappings, and who it comes from. */
struct asked {
	struct operation op;
	struct connection connection;
	Rpc__Options options;
	Rpc__Mapping mappings[8], *list[8];
	Rpc__Inherited inherited, *inherit_list[1];
	char said[2048];
	struct options_words words;
};

static void note(void *data, enum log_level level, const char *line)
{
	struct asked *a = data;
	size_t n = strlen(a->said);

	snprintf(a->said + n, sizeof(a->said) - n, "%s\n", line);
}

static void ask(struct asked *a, const char *const (*pairs)[2], size_t n)
{
	*a = (struct asked){ .options = RPC__OPTIONS__INIT, .words = { .null_fd = -EBADF } };
	for (size_t i = 0; i < n; i++) {
		a->mappings[i] = (Rpc__Mapping)RPC__MAPPING__INIT;
		a->mappings[i].key = (char *)pairs[i][0];
		a->mappings[i].val = (char *)pairs[i][1];
		a->list[i] = &a->mappings[i];
	}
	a->options.ext_mnt = a->list;
	a->options.n_ext_mnt = n;
	a->connection.is_worker = true;
	a->op.connection = &a->connection;
	a->op.options = &a->options;
	log_to(note, a, LOG_DEBUG);
}

static void done(struct asked *a)
{
	log_to(NULL, NULL, LOG_WARN);
	options_free(&a->words);
}
#define cleanup_asked cleanup(done)

static void mappings_become_words(void **state)
{
	static const char *const pairs[][2] = { { "/vol", "/vol" }, { "/a:b", "key" } };
	cleanup_asked struct asked a;

	ask(&a, pairs, 2);
	assert_ok(options_of_dump(&a.op, &a.words));
	assert_int_equal(a.words.external.n, 2);
	assert_string_equal(a.words.external.list[0], "mnt[/vol]:/vol");
	assert_string_equal(a.words.external.list[1], "mnt[/a:b]:key");
}

static void the_same_twice_counts_once_and_two_values_are_refused(void **state)
{
	static const char *const same[][2] = { { "/a", "x" }, { "/a", "x" }, { "/b", "x" } };
	static const char *const other[][2] = { { "/a", "x" }, { "/a", "y" } };
	cleanup_asked struct asked a;

	ask(&a, same, 3);
	assert_ok(options_of_dump(&a.op, &a.words));
	/* Two mounts of one name stay two: runc calls all masked files "/dev/null". */
	assert_int_equal(a.words.external.n, 2);
	done(&a);
	ask(&a, other, 2);
	assert_int_equal(options_of_restore(&a.op, &a.words), -EBADRQC);
	assert_non_null(strstr(a.said, "ext_mnt '/a' is given twice: 'x' and 'y'"));
}

static void names_that_would_be_cut_are_refused(void **state)
{
	static const char *const pairs[][2] = { { "k]:", "/v" } };
	static const char *const empty[][2] = { { "", "/v" } };
	cleanup_asked struct asked a;

	ask(&a, pairs, 1);
	assert_int_equal(options_of_restore(&a.op, &a.words), -EBADRQC);
	done(&a);
	/* Of a dump that is a path, of which the last bracket counts. */
	ask(&a, pairs, 1);
	assert_ok(options_of_dump(&a.op, &a.words));
	done(&a);
	ask(&a, empty, 1);
	assert_int_equal(options_of_dump(&a.op, &a.words), -EBADRQC);
}

static void what_masks_a_file_goes_on_as_a_descriptor(void **state)
{
	static const char *const pairs[][2] = { { "/proc/keys", "/dev/null" },
						{ "/vol", "/src" },
						{ "/dev/null", "/dev/null" } };
	cleanup_asked struct asked a;
	struct stat st;

	ask(&a, pairs, 3);
	assert_ok(options_of_restore(&a.op, &a.words));
	assert_int_equal(a.words.external.n, 1);
	assert_int_equal(a.words.n_inherit, 2);
	assert_string_equal(a.words.inherit[0].key, "/proc/keys");
	assert_string_equal(a.words.inherit[1].key, "/dev/null");
	assert_ok(fstat(a.words.inherit[0].fd, &st));
	assert_true(S_ISCHR(st.st_mode));
}

/* In a namespace of its own, where another file is at its place. */
static void a_false_null_is_refused(void **state)
{
	static const char *const pairs[][2] = { { "/proc/keys", "/dev/null" } };
	cleanup_asked struct asked a;

	if (geteuid() != 0)
		skip();
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("/dev/zero", "/dev/null", NULL, MS_BIND, NULL) < 0)
			_exit(2);
		ask(&a, pairs, 1);
		_exit(options_of_restore(&a.op, &a.words) != -ENODEV);
	}
	assert_ok(child_wait(pid, NULL));
	ask(&a, pairs, 0);
}

static void automatic_ones_and_other_words(void **state)
{
	static char *external[] = { (char *)"mnt[/x]:y", (char *)"net[1]:n", (char *)"dev[8/1]:d" };
	static char *enable[] = { (char *)"debugfs,tracefs", (char *)"bpf" };
	cleanup_asked struct asked a;

	ask(&a, NULL, 0);
	a.options.has_auto_ext_mnt = a.options.auto_ext_mnt = true;
	a.options.has_ext_masters = a.options.ext_masters = true;
	a.options.external = external;
	a.options.n_external = 3;
	a.options.enable_fs = enable;
	a.options.n_enable_fs = 2;
	assert_ok(options_of_dump(&a.op, &a.words));
	assert_int_equal(a.words.external.n, 3);
	assert_string_equal(a.words.external.list[0], "mnt[]:m");
	assert_string_equal(a.words.external.list[1], "mnt[/x]:y");
	assert_string_equal(a.words.external.list[2], "dev[8/1]:d");
	assert_int_equal(a.words.enable_fs.n, 3);
	assert_string_equal(a.words.enable_fs.list[1], "tracefs");
	assert_non_null(strstr(a.said, "'net[1]:n' is not about mounts"));
	options_free(&a.words);
	assert_ok(options_of_restore(&a.op, &a.words));
	/* There it is consent, and has no flags. */
	assert_string_equal(a.words.external.list[0], "mnt[]");
}

static void what_asks_for_processes_is_told_once(void **state)
{
	/* tcp_established, shell_job false, an option of the future */
	static const uint8_t data[] = { 0x08, 0x01, 0x12, 0x09, 0x08, 0x03, 0x28,
					0x01, 0x38, 0x00, 0xc0, 0x3e, 0x01 };
	cleanup_request Rpc__Request *request = NULL;
	cleanup_asked struct asked a;

	assert_ok(message_decode(data, sizeof(data), &request));
	ask(&a, NULL, 0);
	a.op.options = request->opts;
	assert_ok(options_of_dump(&a.op, &a.words));
	assert_string_equal(a.said, "options that are not about mounts are passed over: "
				    "tcp_established\n"
				    "options that rebind does not know are passed over, by their "
				    "numbers in CRIU's protocol: 1000\n");
}

static void a_context_for_all_mounts_is_taken_at_restore(void **state)
{
	cleanup_asked struct asked a;

	ask(&a, NULL, 0);
	a.options.lsm_mount_context = (char *)"system_u:object_r:container_file_t:s0";
	assert_ok(options_of_dump(&a.op, &a.words));
	options_free(&a.words);
	assert_ok(options_of_restore(&a.op, &a.words));
	assert_null(strstr(a.said, "lsm_mount_context"));
}

static void a_worker_has_inherited_descriptors(void **state)
{
	cleanup_asked struct asked a;
	cleanup_fd int own = open("/", O_PATH | O_CLOEXEC);

	ask(&a, NULL, 0);
	a.inherited = (Rpc__Inherited)RPC__INHERITED__INIT;
	a.inherited.key = (char *)"mnt[/vol]";
	a.inherited.fd = own;
	a.inherit_list[0] = &a.inherited;
	a.options.inherit_fd = a.inherit_list;
	a.options.n_inherit_fd = 1;
	assert_ok(options_of_restore(&a.op, &a.words));
	assert_int_equal(a.words.n_inherit, 1);
	assert_string_equal(a.words.inherit[0].key, "/vol");
	assert_int_equal(options_inherited(&a.op, "extRootNetNS"), -ENOENT);
	a.inherited.key = (char *)"extRootNetNS";
	a.inherited.fd = 9999;
	assert_int_equal(options_inherited(&a.op, "extRootNetNS"), -EBADF);
	options_free(&a.words);
	a.inherited.key = (char *)"mnt[/vol]";
	assert_int_equal(options_of_restore(&a.op, &a.words), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mappings_become_words),
		cmocka_unit_test(the_same_twice_counts_once_and_two_values_are_refused),
		cmocka_unit_test(names_that_would_be_cut_are_refused),
		cmocka_unit_test(what_masks_a_file_goes_on_as_a_descriptor),
		cmocka_unit_test(a_false_null_is_refused),
		cmocka_unit_test(automatic_ones_and_other_words),
		cmocka_unit_test(what_asks_for_processes_is_told_once),
		cmocka_unit_test(a_context_for_all_mounts_is_taken_at_restore),
		cmocka_unit_test(a_worker_has_inherited_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
