// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/mounts.h"
#include "cmd/options.h"
#include "runtime/rpc/connection.h"

struct swrk_args {
	const char *mounts;
};

static const struct option_spec specs[] = {
	MOUNTS_SPEC(struct swrk_args),
};

static const char *const synopsis[] = { "swrk [options] FD", NULL };

static const struct option_set options = {
	.verb = "swrk",
	.synopsis = synopsis,
	.note = "FD is a socket on which a container runtime speaks CRIU's RPC.",
	.specs = specs,
	.n_specs = ARRAY_SIZE(specs),
	.min_words = 1,
	.max_words = 1,
	.word_name = "FD",
};

int verb_swrk(int argc, char **argv)
{
	struct swrk_args args = { 0 };
	struct option_words words = { 0 };
	int64_t fd;
	int status;

	if (!options_parse(&options, argc, argv, &args, &words, &status))
		return status;
	if (options_number(words.list[0], strlen(words.list[0]), 0, INT_MAX, &fd) < 0)
		return usage_error("swrk", "'%s' is not a descriptor's number", words.list[0]);
	int by = mounts_choice(args.mounts);

	return by < 0 || connection_serve((int)fd, true, (enum criu_by)by) < 0 ? STATUS_FAILED
									       : STATUS_OK;
}
