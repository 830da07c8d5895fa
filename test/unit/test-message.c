// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/message.h"

#include <sys/socket.h>

#include "test/unit/help.h"

/* type DUMP, opts { images_dir_fd 3, pid 26196, leave_running false, root "/r", ext_mnt { "/a" "/b"
 * } } */
static const uint8_t dump[] = { 0x08, 0x01, 0x12, 0x17, 0x08, 0x03, 0x10, 0xd4, 0xcc,
				0x01, 0x18, 0x00, 0x6a, 0x02, '/',  'r',  0xba, 0x01,
				0x08, 0x0a, 0x02, '/',	'a',  0x12, 0x02, '/',	'b' };

static void a_request_is_decoded(void **state)
{
	cleanup_request Rpc__Request *request = NULL;

	assert_ok(message_decode(dump, sizeof(dump), &request));
	assert_int_equal(request->type, MESSAGE_DUMP);
	assert_false(request->has_keep_open);
	assert_int_equal(request->opts->images_dir_fd, 3);
	assert_int_equal(request->opts->pid, 26196);
	assert_true(request->opts->has_leave_running);
	assert_false(request->opts->leave_running);
	assert_string_equal(request->opts->root, "/r");
	assert_int_equal(request->opts->n_ext_mnt, 1);
	assert_string_equal(request->opts->ext_mnt[0]->key, "/a");
	assert_string_equal(request->opts->ext_mnt[0]->val, "/b");
}

static void every_cut_of_a_request_is_refused_or_another_one(void **state)
{
	for (size_t n = 0; n < sizeof(dump); n++) {
		cleanup_request Rpc__Request *request = NULL;
		int err = message_decode(dump, n, &request);

		/* Two bytes are a DUMP without options. */
		assert_int_equal(err, n == 2 ? 0 : -EBADMSG);
		assert_int_equal(request != NULL, n == 2);
	}
}

static void options_without_their_required_field_are_refused(void **state)
{
	static const uint8_t data[] = { 0x08, 0x01, 0x12, 0x02, 0x18, 0x01 };
	cleanup_request Rpc__Request *request = NULL;

	assert_int_equal(message_decode(data, sizeof(data), &request), -EBADMSG);
}

static void what_is_not_known_is_kept(void **state)
{
	/* tcp_established, and a type of the future */
	static const uint8_t data[] = { 0x08, 0x63, 0x12, 0x04, 0x08, 0x03, 0x28, 0x01 };
	cleanup_request Rpc__Request *request = NULL;

	assert_ok(message_decode(data, sizeof(data), &request));
	assert_int_equal(request->type, 99);
	assert_int_equal(request->opts->base.n_unknown_fields, 1);
	assert_int_equal(request->opts->base.unknown_fields[0].tag, 5);
}

static void too_much_is_refused_before_it_is_read(void **state)
{
	cleanup_free char *data = calloc(1, MESSAGE_MAX + 1);
	cleanup_request Rpc__Request *request = NULL;
	int pair[2], room = 4 << 20;

	assert_non_null(data);
	assert_int_equal(message_decode(data, MESSAGE_MAX + 1, &request), -EMSGSIZE);
	assert_ok(fd_pair(pair));
	if (setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		skip();
	assert_ok(fd_send(pair[0], data, MESSAGE_MAX + 1, -1));
	assert_int_equal(message_receive(pair[1], &request), -EMSGSIZE);
	close(pair[0]);
	close(pair[1]);
}

static void requests_are_received_in_order_until_the_client_is_gone(void **state)
{
	static const uint8_t version[] = { 0x08, 0x0a };
	int pair[2];

	assert_ok(fd_pair(pair));
	assert_ok(fd_send(pair[0], dump, sizeof(dump), -1));
	assert_ok(fd_send(pair[0], version, sizeof(version), pair[0]));
	close(pair[0]);
	for (int i = 0; i < 2; i++) {
		cleanup_request Rpc__Request *request = NULL;

		assert_ok(message_receive(pair[1], &request));
		assert_int_equal(request->type, i ? MESSAGE_VERSION : MESSAGE_DUMP);
	}
	cleanup_request Rpc__Request *none = NULL;

	assert_int_equal(message_receive(pair[1], &none), -EPIPE);
	close(pair[1]);
}

static void an_answer_has_what_was_put_into_it(void **state)
{
	Rpc__Response response = RPC__RESPONSE__INIT;
	Rpc__Version version = RPC__VERSION__INIT;
	static const uint8_t recorded[] = { 0x08, 0x0a, 0x10, 0x01, 0x52,
					    0x04, 0x08, 0x04, 0x10, 0x02 };
	char data[64];
	int pair[2], fd;

	response.type = MESSAGE_VERSION;
	response.success = true;
	version.major_number = 4;
	version.minor_number = 2;
	response.version = &version;
	assert_ok(fd_pair(pair));
	assert_ok(message_send(pair[0], &response, STDIN_FILENO));
	/* Byte for byte what CRIU 4.2 was seen to answer. */
	assert_int_equal(fd_recv(pair[1], data, sizeof(data), &fd), sizeof(recorded));
	assert_memory_equal(data, recorded, sizeof(recorded));
	assert_true(fd >= 0);
	close(fd);
	close(pair[1]);
	assert_int_equal(message_send(pair[0], &response, -1), -EPIPE);
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_decoded),
		cmocka_unit_test(every_cut_of_a_request_is_refused_or_another_one),
		cmocka_unit_test(options_without_their_required_field_are_refused),
		cmocka_unit_test(what_is_not_known_is_kept),
		cmocka_unit_test(too_much_is_refused_before_it_is_read),
		cmocka_unit_test(requests_are_received_in_order_until_the_client_is_gone),
		cmocka_unit_test(an_answer_has_what_was_put_into_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
