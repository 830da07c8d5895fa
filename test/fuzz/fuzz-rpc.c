// SPDX-License-Identifier: LGPL-2.1-or-later
/* A packet of any content: what decodes is encoded and decoded again, to the same. */
#include <string.h>

#include "runtime/rpc/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *pack(const Rpc__Request *request, size_t *ret_size)
{
	*ret_size = rpc__request__get_packed_size(request);
	uint8_t *data = malloc(*ret_size + 1);

	if (!data || rpc__request__pack(request, data) != *ret_size)
		abort();
	return data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_request Rpc__Request *request = NULL, *again = NULL;
	size_t n, n_again;
	int err = message_decode(data, size, &request);

	if (err) {
		if (request || (err != -EBADMSG && err != -EMSGSIZE))
			abort();
		return 0;
	}
	cleanup_free uint8_t *packed = pack(request, &n);

	/* Only a field number of 0, which protobuf-c lets pass when it is padded, makes another. */
	if (n > MESSAGE_MAX || message_decode(packed, n, &again))
		return 0;
	cleanup_free uint8_t *packed_again = pack(again, &n_again);

	if (n != n_again || memcmp(packed, packed_again, n) != 0)
		abort();
	return 0;
}
