/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared libraries that are loaded when they are needed first. To load libarchive with its own
 * dependencies (libxml2, ICU, libstdc++, five compressors) takes longer than rebind needs for a
 * hundred mounts, libmount with libselinux a third of that; most runs call neither. A room that
 * uses such a library lists its functions once (X-macro) and calls them through a table, with the
 * types of the library's own header.
 */
#ifndef REBIND_BASE_LIBRARY_H
#define REBIND_BASE_LIBRARY_H

#include "base/util.h"

/*
 * What the ELF file says of it, for tools that would not find it among the libraries that are
 * needed: the "dlopen metadata" of the UAPI group, a note of JSON. Beside the struct library.
 * @priority: "required", "recommended" or "suggested"
 */
#define LIBRARY_NOTE(feature, description, priority, soname)                           \
	LIBRARY_NOTE_OF("[{\"feature\":\"" feature "\",\"description\":\"" description \
			"\",\"priority\":\"" priority "\",\"soname\":[\"" soname "\"]}]")
#define LIBRARY_NOTE_OF(json)                                                         \
	static const struct {                                                         \
		uint32_t name_size, text_size, type;                                  \
		char name[4];                                                         \
		_Alignas(uint32_t) char text[(sizeof(json) + 3) / 4 * 4];             \
	} library_note __attribute__((used, aligned(4), section(".note.dlopen"))) = { \
		sizeof("FDO"), sizeof(json), 0x407c0c0a, "FDO", json                  \
	}

/* One function: its name, and where in the table its address goes. */
struct library_symbol {
	const char *name;
	size_t offset;
};

/* Those that rooms load, and that --version names. */
#define LIBARCHIVE_SONAME "libarchive.so.13"
#define ZLIB_SONAME	  "libz.so.1"
#define LIBMOUNT_SONAME	  "libmount.so.1"
#define JANSSON_SONAME	  "libjansson.so.4"

struct library {
	const char *soname;
	const struct library_symbol *symbols;
	size_t n_symbols;
	void *table;
	bool loaded;
	char reason[256]; /* why it could not be loaded */
};

/**
 * library_load - load it and fill its table, once
 *
 * To be called while "/" is the caller's: a library must not be looked up in a namespace that is
 * dumped or restored. Return: 0, or -ELIBACC with the reason filled.
 */
int library_load(struct library *library);

/* For the X-macro: a field of the table, and a row of the symbols. */
#define LIBRARY_FIELD(name)	      __typeof__(name) *name;
#define LIBRARY_ROW(table_type, name) { #name, offsetof(table_type, name) },

#endif
