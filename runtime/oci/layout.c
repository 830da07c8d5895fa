// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/oci/document.h"
#include "runtime/oci/sha2.h"

/* An index may name an index; none that is made in earnest goes deeper. */
#define MAX_DEPTH 4

/* containerd's images/mediatypes.go */
#define TYPE_CRIU_FILES "application/vnd.containerd.container.criu.checkpoint.criu.tar"
#define TYPE_CRIU_SPEC	"application/vnd.containerd.container.checkpoint.config.v1+proto"

static void unref_document(json_t **document)
{
	json_decref(*document);
}

#define cleanup_document cleanup(unref_document)

/* ---- descriptors and blobs ---- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool has_type(const json_t *descriptor, const char *type)
{
	return strcmp(text_of(descriptor, "mediaType"), type) == 0;
}

static bool is_index(const json_t *descriptor)
{
	return has_type(descriptor, "application/vnd.oci.image.index.v1+json") ||
	       has_type(descriptor, "application/vnd.docker.distribution.manifest.list.v2+json");
}

static int check_blob(const struct layout *layout, const json_t *descriptor, const char *digest,
		      int fd)
{
	const char *reason;
	double size = json_real_value(json_object_get(descriptor, "size"));
	struct stat st;

	if (fstat(fd, &st) < 0)
		return log_error(-errno, "cannot look at the blob %s of '%s'", digest,
				 layout->name);
	if (!S_ISREG(st.st_mode) || (double)st.st_size != size) {
		log_error(
			0,
			"the blob %s of '%s' is not a file of %.0f bytes, as its descriptor says: "
			"it is damaged, or was not copied to its end",
			digest, layout->name, size);
		return -EBADMSG;
	}
	int same = sha2_check(fd, digest, &reason);

	if (same == -ELIBACC)
		return log_error(same,
				 "libmd, which checks the digests of '%s', cannot be loaded: %s",
				 layout->name, reason);
	if (same < 0)
		return log_error(same, "cannot read the blob %s of '%s'", digest, layout->name);
	if (same)
		return 0;
	log_error(0, "the blob %s of '%s' has another digest: it is damaged", digest, layout->name);
	return -EBADMSG;
}

/* Return: the blob that a descriptor names, or a negative errno, logged. */
static int open_blob(const struct layout *layout, const json_t *descriptor)
{
	const char *digest = text_of(descriptor, "digest");
	char path[160], own[32];

	if (!sha2_is_digest(digest)) {
		log_error(0, "'%s' names a blob by '%.80s', which is no sha256 or sha512 digest",
			  layout->name, digest);
		return -EBADMSG;
	}
	snprintf(path, sizeof(path), "blobs/%.6s/%s", digest, digest + 7);
	cleanup_fd int place = path_open_beneath(layout->dir_fd, path);

	if (place < 0)
		return log_error(place, "cannot open the blob %s of '%s'", digest, layout->name);
	cleanup_fd int fd = open(fd_proc_path(place, own), O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return log_error(-errno, "cannot open the blob %s of '%s'", digest, layout->name);
	int err = check_blob(layout, descriptor, digest, fd);

	return err ? err : fd_take(&fd);
}

static int read_blob(const struct layout *layout, const json_t *descriptor, json_t **ret)
{
	cleanup_fd int fd = open_blob(layout, descriptor);
	cleanup_free char *name = path_join(layout->name, text_of(descriptor, "digest"));

	if (fd < 0 || !name)
		return fd < 0 ? fd : -ENOMEM;
	return document_read_fd(fd, name, ret);
}

static int read_file(const struct layout *layout, const char *file, json_t **ret)
{
	cleanup_free char *name = path_join(layout->name, file);

	return name ? document_read(layout->dir_fd, file, name, ret) : -ENOMEM;
}

/* ---- which of several ---- */

/* "'latest', 'sha256:01ab...'", cut where the buffer ends. */
static void list_names(const json_t *list, char *buf, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < json_array_size(list) && used + 1 < size; i++) {
		const json_t *found = json_array_get(list, i);
		const char *name = text_of(json_object_get(found, "annotations"),
					   "org.opencontainers.image.ref.name");

		used += (size_t)snprintf(buf + used, size - used, "%s'%.64s'", i ? ", " : "",
					 *name ? name : text_of(found, "digest"));
	}
}

static const json_t *find_type(const json_t *list, const char *type)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (has_type(json_array_get(list, i), type))
			return json_array_get(list, i);
	return NULL;
}

/* The one image of an index; NULL, logged. */
static const json_t *find_one(const struct layout *layout, const json_t *list)
{
	char names[512];

	if (json_array_size(list) == 1)
		return json_array_get(list, 0);
	if (json_array_size(list) == 0) {
		log_error(0, "'%s' has no image in its index", layout->name);
		return NULL;
	}
	list_names(list, names, sizeof(names));
	log_error(
		0,
		"'%s' has %zu images (%s): copy one of them into a layout of its own (skopeo copy "
		"oci:DIR:NAME oci:OTHER)",
		layout->name, json_array_size(list), names);
	return NULL;
}

/* ---- the checkpoint ---- */

static int take_layer(const struct layout *layout, const json_t *manifest,
		      struct layout_checkpoint *ret)
{
	const json_t *layers = json_object_get(manifest, "layers");
	const json_t *layer = json_array_get(layers, 0);

	if (json_array_size(layers) != 1) {
		log_error(0, "the image in '%s' has %zu layers: that of a checkpoint has one",
			  layout->name, json_array_size(layers));
		return -EBADMSG;
	}
	if (strstr(text_of(layer, "mediaType"), "+encrypted")) {
		log_error(0,
			  "the layer of the image in '%s' is encrypted: decrypt it first (skopeo "
			  "copy --decryption-key)",
			  layout->name);
		return -EBADMSG;
	}
	ret->files_fd = open_blob(layout, layer);
	return ret->files_fd < 0 ? ret->files_fd : 0;
}

/* As `ctr containers checkpoint` makes it: CRIU's files, and beside them what else it keeps. */
static int take_criu_files(const struct layout *layout, const json_t *files, const json_t *spec,
			   struct layout_checkpoint *ret)
{
	ret->is_bare = true;
	ret->files_fd = open_blob(layout, files);
	if (ret->files_fd < 0)
		return ret->files_fd;
	if (spec)
		ret->spec_fd = open_blob(layout, spec);
	return spec && ret->spec_fd < 0 ? ret->spec_fd : 0;
}

static int take_from(const struct layout *layout, const json_t *index, unsigned int depth,
		     struct layout_checkpoint *ret)
{
	const json_t *list = json_object_get(index, "manifests");
	const json_t *files = find_type(list, TYPE_CRIU_FILES);
	cleanup_document json_t *found = NULL;

	if (files)
		return take_criu_files(layout, files, find_type(list, TYPE_CRIU_SPEC), ret);
	const json_t *one = find_one(layout, list);
	int err = one ? read_blob(layout, one, &found) : -EBADMSG;

	if (err)
		return err;
	if (!is_index(one))
		return take_layer(layout, found, ret);
	if (depth < MAX_DEPTH)
		return take_from(layout, found, depth + 1, ret);
	log_error(0, "'%s' has an index in an index, more than %d deep", layout->name, MAX_DEPTH);
	return -EBADMSG;
}

static int check_version(const struct layout *layout)
{
	cleanup_document json_t *document = NULL;
	int err = read_file(layout, "oci-layout", &document);
	const char *version = err ? "" : text_of(document, "imageLayoutVersion");

	if (err || strncmp(version, "1.", 2) == 0)
		return err;
	log_error(0, "'%s' is an OCI image layout of version '%.32s': rebind reads version 1",
		  layout->name, version);
	return -EBADMSG;
}

bool layout_is_here(int dir_fd)
{
	return faccessat(dir_fd, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int layout_find(const struct layout *layout, struct layout_checkpoint *ret)
{
	cleanup_layout_checkpoint struct layout_checkpoint found = LAYOUT_CHECKPOINT_NONE;
	cleanup_document json_t *index = NULL;
	int err = check_version(layout);

	if (!err)
		err = read_file(layout, "index.json", &index);
	if (!err)
		err = take_from(layout, index, 0, &found);
	*ret = err ? LAYOUT_CHECKPOINT_NONE : found;
	if (!err)
		found = LAYOUT_CHECKPOINT_NONE;
	return err;
}

void layout_checkpoint_close(struct layout_checkpoint *checkpoint)
{
	fd_close(&checkpoint->files_fd);
	fd_close(&checkpoint->spec_fd);
}

/* ---- containerd's configuration ---- */

/* A varint of protobuf. Return: the position behind it, or NULL. */
static const uint8_t *take_size(const uint8_t *at, const uint8_t *end, size_t *ret)
{
	*ret = 0;
	for (unsigned int shift = 0; at < end && shift < 35; shift += 7) {
		*ret |= (size_t)(*at & 0x7f) << shift;
		if (!(*at++ & 0x80))
			return at;
	}
	return NULL;
}

/* Field 2 of an Any: its value. Both of its fields are of bytes. */
static const uint8_t *find_value(const uint8_t *at, const uint8_t *end, size_t *ret_size)
{
	while (at && at < end) {
		uint8_t key = *at++;

		at = take_size(at, end, ret_size);
		if (!at || (key & 7) != 2 || *ret_size > (size_t)(end - at))
			return NULL;
		if (key >> 3 == 2)
			return at;
		at += *ret_size;
	}
	return NULL;
}

int layout_write_spec(const struct layout *layout, int spec_fd, int dir_fd, const char *file)
{
	cleanup_free char *any = NULL;
	size_t size, n;
	int err = fd_slurp_at_most(spec_fd, DOCUMENT_MAX, &any, &size);

	if (err)
		return log_error(err, "cannot read the configuration in '%s'", layout->name);
	const uint8_t *value = find_value((uint8_t *)any, (uint8_t *)any + size, &n);

	if (!value) {
		log_error(0, "the configuration in '%s' is not a protobuf Any with a value",
			  layout->name);
		return -EBADMSG;
	}
	cleanup_fd int fd = openat(dir_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	err = fd < 0 ? -errno : fd_write_all(fd, value, n);
	return err ? log_error(err, "cannot write the configuration of '%s'", layout->name) : 0;
}
