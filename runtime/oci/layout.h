/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An OCI image layout (OCI image-spec, image-layout.md) that holds a checkpoint: as CRI-O and podman
 * make one, an image with one layer; or as containerd does, an index with the files of CRIU.
 *
 * All of it is untrusted. What it names is looked up by digest below blobs/, and has that digest.
 */
#ifndef REBIND_RUNTIME_OCI_LAYOUT_H
#define REBIND_RUNTIME_OCI_LAYOUT_H

#include "base/util.h"

struct layout {
	int dir_fd;	  /* borrowed */
	const char *name; /* what messages call it */
};

/* Where the checkpoint is; all descriptors are the caller's. */
struct layout_checkpoint {
	int files_fd; /* a tar; plain, gzip or zstd */
	bool is_bare; /* it has the files of CRIU's directory alone */
	int spec_fd;  /* then: the container's configuration as containerd keeps it, or -EBADF */
};

#define LAYOUT_CHECKPOINT_NONE                        \
	(struct layout_checkpoint)                    \
	{                                             \
		.files_fd = -EBADF, .spec_fd = -EBADF \
	}

/**
 * layout_is_here - is the directory an OCI image layout
 */
bool layout_is_here(int dir_fd);

/**
 * layout_find - find the one checkpoint in it
 *
 * Return: 0 or a negative errno, logged.
 */
int layout_find(const struct layout *layout, struct layout_checkpoint *ret);
void layout_checkpoint_close(struct layout_checkpoint *checkpoint);
#define cleanup_layout_checkpoint cleanup(layout_checkpoint_close)

/**
 * layout_write_spec - write what spec_fd holds as a file: config.json
 * @spec_fd: a google.protobuf.Any; its value is JSON
 *
 * Return: 0 or a negative errno, logged.
 */
int layout_write_spec(const struct layout *layout, int spec_fd, int dir_fd, const char *file);

#endif
