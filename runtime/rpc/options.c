// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/options.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/names.h"
#include "runtime/rpc/relay.h"
#include "runtime/oci/device-node.h"

#define WIRE_VARINT 0

void options_free(struct options_words *words)
{
	strings_free(&words->external);
	strings_free(&words->skip_mnt);
	strings_free(&words->enable_fs);
	strings_free(&words->keys);
	free(words->inherit);
	fd_close(&words->null_fd);
	*words = (struct options_words){ .null_fd = -EBADF };
}

/* ---- what is not about mounts ---- */

static const char *state_name(uint32_t number)
{
	static const char *const names[] = {
		[4] = "ext_unix_sk",
		[5] = "tcp_established",
		[6] = "evasive_devices",
		[7] = "shell_job",
		[8] = "file_locks",
		[11] = "ps",
		[15] = "track_mem",
		[16] = "auto_dedup",
		[18] = "link_remap",
		[19] = "veths",
		[20] = "cpu_cap",
		[21] = "force_irmap",
		[22] = "exec_cmd",
		[24] = "manage_cgroups",
		[25] = "cg_root",
		[33] = "unix_sk_ino",
		[34] = "manage_cgroups_mode",
		[35] = "ghost_limit",
		[36] = "irmap_scan_paths",
		[41] = "cgroup_props",
		[42] = "cgroup_props_file",
		[43] = "cgroup_dump_controller",
		[44] = "freeze_cgroup",
		[45] = "timeout",
		[46] = "tcp_skip_in_flight",
		[47] = "weak_sysctls",
		[48] = "lazy_pages",
		[50] = "orphan_pts_master",
		[52] = "tcp_close",
		[53] = "lsm_profile",
		[54] = "tls_cacert",
		[55] = "tls_cacrl",
		[56] = "tls_cert",
		[57] = "tls_key",
		[58] = "tls",
		[59] = "tls_no_cn_verify",
		[60] = "cgroup_yard",
		[61] = "pre_dump_mode",
		[62] = "pidfd_store_sk",
		[64] = "network_lock",
		[66] = "skip_file_rwx_check",
		[67] = "unprivileged",
		[70] = "display_stats",
	};

	return number < ARRAY_SIZE(names) ? names[number] : NULL;
}

static bool is_unset(const ProtobufCMessageUnknownField *field)
{
	return field->wire_type == WIRE_VARINT && field->len == 1 && field->data[0] == 0;
}

/* @known: those that are known to be about processes, or else those that are unknown. */
static void list_fields(const Rpc__Options *o, bool known, char *list, size_t size)
{
	for (unsigned int i = 0; i < o->base.n_unknown_fields; i++) {
		const ProtobufCMessageUnknownField *field = &o->base.unknown_fields[i];
		const char *name = state_name(field->tag);
		size_t n = strlen(list);

		if (is_unset(field) || known != (name != NULL) || n + 32 > size)
			continue;
		if (name)
			snprintf(list + n, size - n, ", %s", name);
		else
			snprintf(list + n, size - n, ", %u", field->tag);
	}
}

/* One line for all of them: runtimes send a dozen whatever they want. */
static void log_state(const Rpc__Options *o)
{
	char list[512] = "", strange[512] = "";

	if (o->parent_img && *o->parent_img)
		snprintf(list, sizeof(list), ", parent_img");
	list_fields(o, true, list, sizeof(list));
	list_fields(o, false, strange, sizeof(strange));
	if (*list)
		log_info("options that are not about mounts are passed over: %s", list + 2);
	if (*strange)
		log_warn("options that rebind does not know are passed over, by their numbers in "
			 "CRIU's protocol: %s",
			 strange + 2);
}

/* CRIU would read it. Most have nothing for us; what they do have must not be lost unseen. */
static void log_config(const Rpc__Options *o)
{
	if (o->config_file && *o->config_file && access(o->config_file, F_OK) == 0)
		log_warn("the options in config_file '%s' are not read", o->config_file);
}

/* ---- words ---- */

struct builder {
	struct operation *op;
	struct options_words *ret;
	struct names *seen; /* a mapping's left side -> its index */
	bool is_dump;
};

static int options_add(struct strings *strings, const char *text)
{
	return strings_add(strings, text, strlen(text));
}

/* Nothing that would end the key too early when it is taken apart again. */
static int check_mapping(const struct builder *b, const char *key, const char *val)
{
	const char *name = b->is_dump ? val : key;

	if (!*key || !*val)
		return operation_refuse(b->op, -EBADRQC, "ext_mnt '%s' -> '%s': both must be there",
					key, val);
	if (strstr(name, "]:"))
		return operation_refuse(
			b->op, -EBADRQC,
			"ext_mnt '%s' -> '%s': a name with ']:' in it cannot be told "
			"from its end",
			key, val);
	return 0;
}

/* Return: 1 if it was given before, with the same value; 0; or a negative errno. */
static int seen_before(struct builder *b, size_t index)
{
	Rpc__Mapping *const *list = b->op->options->ext_mnt;
	const Rpc__Mapping *m = list[index];
	uint32_t found = names_get(b->seen, m->key, strlen(m->key));

	if (found == TABLE_NONE)
		return names_put(b->seen, m->key, strlen(m->key), (uint32_t)index);
	if (strcmp(list[found]->val, m->val) == 0)
		return 1;
	return operation_refuse(b->op, -EBADRQC, "ext_mnt '%s' is given twice: '%s' and '%s'",
				m->key, list[found]->val, m->val);
}

/*
 * What masks a file must be what it seems to be: a container that could make its runtime bind
 * another file there would see what was to be hidden. It is handed on as the descriptor that was
 * looked at.
 */
static int take_null(struct builder *b, const char *key)
{
	static const struct config_device null = { "/dev/null", false, 1, 3 };
	struct options_words *ret = b->ret;

	if (ret->null_fd < 0)
		ret->null_fd = device_node_open(&null);
	if (ret->null_fd < 0)
		return operation_refuse(
			b->op, ret->null_fd,
			"'/dev/null' is not the device %u:%u, and masks nothing: %s", null.major,
			null.minor, strerror(-ret->null_fd));
	ret->inherit[ret->n_inherit++] = (struct rebind_inherit_fd){
		.size = sizeof(struct rebind_inherit_fd), .fd = ret->null_fd, .key = key
	};
	return 0;
}

static int add_mapping(struct builder *b, size_t index)
{
	const Rpc__Mapping *m = b->op->options->ext_mnt[index];
	cleanup_free char *word = NULL;
	int err = check_mapping(b, m->key, m->val);

	if (!err)
		err = seen_before(b, index);
	if (err)
		return err > 0 ? 0 : err;
	if (!b->is_dump && strcmp(m->val, "/dev/null") == 0)
		return take_null(b, m->key);
	if (asprintf(&word, "mnt[%s]:%s", m->key, m->val) < 0)
		return -ENOMEM;
	return options_add(&b->ret->external, word);
}

/* --external of CRIU is about many things; two of them are mounts. */
static int add_external(struct builder *b, const char *word)
{
	if (strncmp(word, "mnt[", 4) == 0 || strncmp(word, "dev[", 4) == 0)
		return options_add(&b->ret->external, word);
	log_info("external '%s' is not about mounts and passed over", word);
	return 0;
}

static int add_automatic(struct builder *b)
{
	const Rpc__Options *o = b->op->options;
	bool sharing = o->has_ext_sharing && o->ext_sharing;
	bool masters = o->has_ext_masters && o->ext_masters;
	char word[16];

	if (!o->has_auto_ext_mnt || !o->auto_ext_mnt)
		return 0;
	snprintf(word, sizeof(word), "mnt[]%s%s%s", b->is_dump && (sharing || masters) ? ":" : "",
		 b->is_dump && sharing ? "s" : "", b->is_dump && masters ? "m" : "");
	return options_add(&b->ret->external, word);
}

/* A comma-separated list, as on CRIU's command line, or one a string. */
static int add_filesystems(struct builder *b, const char *list)
{
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, ",");
		int err = n ? strings_add(&b->ret->enable_fs, p, n) : 0;

		if (err)
			return err;
		p += n + (p[n] == ',');
	}
	return 0;
}

static int add_words(struct builder *b)
{
	const Rpc__Options *o = b->op->options;
	int err = add_automatic(b);

	for (size_t i = 0; i < o->n_ext_mnt && !err; i++)
		err = add_mapping(b, i);
	for (size_t i = 0; i < o->n_external && !err; i++)
		err = add_external(b, o->external[i]);
	for (size_t i = 0; i < o->n_skip_mnt && !err; i++)
		err = options_add(&b->ret->skip_mnt, o->skip_mnt[i]);
	for (size_t i = 0; i < o->n_enable_fs && !err; i++)
		err = add_filesystems(b, o->enable_fs[i]);
	return err;
}

static int options_build(struct operation *op, bool is_dump, struct options_words *ret)
{
	cleanup_names struct names seen = { 0 };
	struct builder b = { .op = op, .ret = ret, .seen = &seen, .is_dump = is_dump };

	*ret = (struct options_words){ .null_fd = -EBADF };
	ret->inherit = calloc(op->options->n_ext_mnt + op->options->n_inherit_fd + 1,
			      sizeof(*ret->inherit));
	if (!ret->inherit)
		return -ENOMEM;
	/* A CRIU takes these. */
	if (!relay_is_wanted()) {
		log_state(op->options);
		log_config(op->options);
	}
	return add_words(&b);
}

int options_of_dump(struct operation *op, struct options_words *ret)
{
	return options_build(op, true, ret);
}

/* ---- descriptors ---- */

/* A worker has inherited it; a service looks where its client has it. */
static int open_inherited(const struct operation *op, int number)
{
	int fd;

	if (!op->connection->is_worker)
		return peer_open(&op->connection->peer, number, O_RDONLY);
	fd = fcntl(number, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

int options_inherited(const struct operation *op, const char *key)
{
	const Rpc__Options *o = op->options;

	for (size_t i = 0; i < o->n_inherit_fd; i++)
		if (strcmp(o->inherit_fd[i]->key, key) == 0)
			return open_inherited(op, o->inherit_fd[i]->fd);
	return -ENOENT;
}

static bool is_namespace(const char *key)
{
	size_t n = strlen(key);

	return strncmp(key, "extRoot", 7) == 0 && n > 9 && strcmp(key + n - 2, "NS") == 0;
}

/* mnt[KEY] is ours: a source as a descriptor. Other keys but namespaces' are files of processes. */
static int add_inherited(struct operation *op, const Rpc__Inherited *in, struct options_words *ret)
{
	size_t n = strlen(in->key);

	if (strncmp(in->key, "mnt[", 4) != 0 || n < 6 || in->key[n - 1] != ']') {
		if (!is_namespace(in->key))
			log_info("inherit_fd '%s' is not about mounts and passed over", in->key);
		return 0;
	}
	if (!op->connection->is_worker)
		return operation_refuse(op, -EOPNOTSUPP,
					"inherit_fd '%s' takes a worker (swrk): a service has not "
					"inherited it",
					in->key);
	if (fcntl(in->fd, F_GETFD) < 0)
		return operation_refuse(op, -EBADF, "inherit_fd '%s': descriptor %d is not open",
					in->key, in->fd);
	int err = strings_add(&ret->keys, in->key + 4, n - 5);

	if (!err)
		ret->inherit[ret->n_inherit++] =
			(struct rebind_inherit_fd){ .size = sizeof(struct rebind_inherit_fd),
						    .fd = in->fd,
						    .key = ret->keys.list[ret->keys.n - 1] };
	return err;
}

int options_of_restore(struct operation *op, struct options_words *ret)
{
	int err = options_build(op, false, ret);

	if (!err && op->options->n_skip_mnt)
		log_info("skip_mnt is of a dump, and passed over");

	for (size_t i = 0; i < op->options->n_inherit_fd && !err; i++)
		err = add_inherited(op, op->options->inherit_fd[i], ret);
	return err;
}
