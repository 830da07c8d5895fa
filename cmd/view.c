// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Two passes: the first makes every cell and measures the columns, the second prints. A cell that
 * is much wider than a column should be does not widen it: the rest of its line moves right
 * instead. OPTIONS come last, as they have no bounds (overlay layers).
 */
#include "cmd/view.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/path.h"
#include "cmd/text.h"

enum column { TARGET, SOURCE, FSTYPE, PROPAGATION, OWNER, OPTIONS, N_COLUMNS };

enum {
	MAX_WIDTH = 48, /* of a column */
	/* That are drawn: in a stack of thousands of mounts each is a line, not a page. */
	MAX_LEVELS = 64,
};

struct row {
	char *cells[N_COLUMNS];
	unsigned int depth;
	bool is_last; /* of its siblings */
	bool covered;
	enum rebind_owner owner;
};

struct view {
	struct row *rows;
	size_t n;
	size_t width[N_COLUMNS];
	bool utf8, colour, has_owners;
};

/* ---- cells ---- */

/* Takes the text over; NULL stays NULL. */
static char *shown(const struct view *view, char *text)
{
	char *ascii;

	if (!text || view->utf8)
		return text;
	ascii = text_ascii(text);
	free(text);
	return ascii;
}

static char *printable(const char *text, const char *otherwise)
{
	return path_printable(text && *text ? text : otherwise);
}

static char *target_cell(const struct rebind_mount *mount)
{
	cleanup_free char *path = printable(mount->mountpoint, "?");
	char *cell;

	if (!path || asprintf(&cell, "%s%s", path, mount->covered ? " (covered)" : "") < 0)
		return NULL;
	return cell;
}

static char *source_cell(const struct rebind_mount *mount)
{
	cleanup_free char *source = printable(mount->source, "none");
	cleanup_free char *root = printable(mount->root, "/");
	bool is_bind = root && strcmp(root, "/") != 0;
	char *cell;

	if (!source || !root || asprintf(&cell, is_bind ? "%s[%s]" : "%s", source, root) < 0)
		return NULL;
	return cell;
}

static char *propagation_cell(const struct rebind_mount *mount)
{
	char shared[24] = "", master[24] = "";
	char *cell;

	if (mount->shared)
		snprintf(shared, sizeof(shared), "shared:%u", mount->shared);
	if (mount->master)
		snprintf(master, sizeof(master), "%smaster:%u", mount->shared ? "," : "",
			 mount->master);
	if (!mount->shared && !mount->master)
		return strdup(mount->unbindable ? "unbindable" : "private");
	return asprintf(&cell, "%s%s", shared, master) < 0 ? NULL : cell;
}

static char *owner_cell(const struct rebind_mount *mount)
{
	const char *owner = view_owner(mount->owner);
	cleanup_free char *key = mount->key ? path_printable(mount->key) : NULL;
	char *cell;

	if (asprintf(&cell, "%s%s%s", owner ? owner : "-", key ? " " : "", key ? key : "") < 0)
		return NULL;
	return cell;
}

/* Flags of the superblock stand with "sb:": "ro" of a mount and of its filesystem are two things.
 */
static void put_sb_flags(FILE *out, const char *flags)
{
	for (const char *p = flags; *p; p += strspn(p, ",")) {
		size_t n = strcspn(p, ",");

		if (n != 2 || strncmp(p, "rw", 2) != 0)
			fprintf(out, ",sb:%.*s", (int)n, p);
		p += n;
	}
}

static char *options_cell(const struct rebind_mount *mount)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs(*mount->attributes ? mount->attributes : "rw", out);
	if (mount->idmapped && !strstr(mount->attributes, "idmapped"))
		fputs(",idmapped", out);
	put_sb_flags(out, mount->sb_flags);
	if (mount->options && *mount->options)
		fprintf(out, ",%s", mount->options);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	char *safe = path_printable(text);

	free(text);
	return safe;
}

static int make_row(struct view *view, const struct rebind_mount *mount, struct row *row)
{
	row->depth = mount->depth;
	row->covered = mount->covered;
	row->owner = mount->owner;
	row->cells[TARGET] = shown(view, target_cell(mount));
	row->cells[SOURCE] = shown(view, source_cell(mount));
	row->cells[FSTYPE] = shown(view, printable(mount->fstype, "?"));
	row->cells[PROPAGATION] = propagation_cell(mount);
	row->cells[OWNER] = shown(view, owner_cell(mount));
	row->cells[OPTIONS] = shown(view, options_cell(mount));
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (!row->cells[i])
			return -ENOMEM;
	return 0;
}

/* ---- the tree's lines ---- */

/*
 * Which rows are the last of their siblings: looked at from the end, a row is one if no row of its
 * depth was met since the last row above it.
 */
static int find_last(struct view *view)
{
	unsigned int deepest = 0;

	for (size_t i = 0; i < view->n; i++)
		if (view->rows[i].depth > deepest)
			deepest = view->rows[i].depth;
	cleanup_free bool *met = calloc((size_t)deepest + 2, sizeof(*met));

	if (!met)
		return -ENOMEM;
	for (size_t i = view->n; i-- > 0;) {
		unsigned int depth = view->rows[i].depth;

		view->rows[i].is_last = !met[depth];
		met[depth] = true;
		met[depth + 1] = false;
	}
	return 0;
}

static unsigned int levels_of(const struct row *row)
{
	return row->depth < MAX_LEVELS ? row->depth : MAX_LEVELS;
}

static void print_lines(const struct view *view, const struct row *row, const bool *open)
{
	const char *down = view->utf8 ? "│ " : "| ", *tee = view->utf8 ? "├─" : "|-";
	const char *corner = view->utf8 ? "└─" : "`-";

	for (unsigned int level = 1; level < levels_of(row); level++)
		fputs(open[level] ? down : "  ", stdout);
	if (row->depth)
		fputs(row->is_last ? corner : tee, stdout);
}

/* ---- the table ---- */

static size_t text_width(const struct view *view, const char *text)
{
	size_t n = mbstowcs(NULL, text, 0);

	if (!view->utf8 || n == (size_t)-1)
		return strlen(text);
	cleanup_free wchar_t *wide = calloc(n + 1, sizeof(*wide));

	if (!wide)
		return n;
	mbstowcs(wide, text, n + 1);
	int width = wcswidth(wide, n);

	return width < 0 ? n : (size_t)width;
}

static size_t cell_width(const struct view *view, const struct row *row, enum column column)
{
	return text_width(view, row->cells[column]) + (column == TARGET ? 2 * levels_of(row) : 0);
}

static void measure(struct view *view, const char *const *titles)
{
	for (enum column c = 0; c < N_COLUMNS; c++) {
		view->width[c] = strlen(titles[c]);
		for (size_t i = 0; i < view->n; i++) {
			size_t width = cell_width(view, &view->rows[i], c);

			if (width > view->width[c])
				view->width[c] = width < MAX_WIDTH ? width : MAX_WIDTH;
		}
	}
}

static const char *colour_of(const struct view *view, const struct row *row, enum column column)
{
	if (!view->colour)
		return NULL;
	if (row->covered)
		return "\033[2m";
	if (column != OWNER && column != TARGET)
		return NULL;
	if (row->owner == REBIND_OWNER_EXTERNAL)
		return "\033[33m";
	return row->owner == REBIND_OWNER_PLUGIN ? "\033[35m" : NULL;
}

static void print_cell(const struct view *view, const struct row *row, enum column column)
{
	const char *colour = colour_of(view, row, column);
	size_t width = cell_width(view, row, column), wanted = view->width[column];

	if (colour)
		fputs(colour, stdout);
	fputs(row->cells[column], stdout);
	if (colour)
		fputs("\033[0m", stdout);
	if (column != OPTIONS)
		printf("%*s", (int)(width < wanted ? wanted - width + 2 : 2), "");
}

static void print_row(const struct view *view, const struct row *row)
{
	for (enum column c = 0; c < N_COLUMNS; c++)
		if (c != OWNER || view->has_owners)
			print_cell(view, row, c);
	putchar('\n');
}

static void print_table(struct view *view)
{
	static const char *const titles[N_COLUMNS] = { "TARGET",      "SOURCE", "FSTYPE",
						       "PROPAGATION", "OWNER",	"OPTIONS" };
	bool open[MAX_LEVELS + 1] = { false };
	struct row head = { 0 };

	measure(view, titles);
	for (enum column c = 0; c < N_COLUMNS; c++)
		head.cells[c] = (char *)titles[c];
	print_row(view, &head);
	for (size_t i = 0; i < view->n; i++) {
		struct row *row = &view->rows[i];

		if (row->depth <= MAX_LEVELS)
			open[row->depth] = !row->is_last;
		print_lines(view, row, open);
		print_row(view, row);
	}
}

static void free_view(struct view *view)
{
	for (size_t i = 0; view->rows && i < view->n; i++)
		for (size_t c = 0; c < N_COLUMNS; c++)
			free(view->rows[i].cells[c]);
	free(view->rows);
	view->rows = NULL;
}

const char *view_owner(enum rebind_owner owner)
{
	static const char *const names[] = {
		[REBIND_OWNER_ROOT] = "root",
		[REBIND_OWNER_INTERNAL] = "internal",
		[REBIND_OWNER_EXTERNAL] = "external",
		[REBIND_OWNER_PLUGIN] = "plugin",
	};

	return owner < ARRAY_SIZE(names) ? names[owner] : NULL;
}

int view_print(const struct rebind_tree *tree)
{
	cleanup(free_view) struct view view = { .n = rebind_tree_count(tree) };
	const char *no_colour = getenv("NO_COLOR");

	setlocale(LC_CTYPE, "");
	view.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	view.colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
	view.rows = calloc(view.n + 1, sizeof(*view.rows));
	if (!view.rows)
		return -ENOMEM;
	for (size_t i = 0; i < view.n; i++) {
		struct rebind_mount mount;

		rebind_tree_get(tree, i, &mount);
		view.has_owners |= mount.owner != REBIND_OWNER_UNKNOWN;
		if (make_row(&view, &mount, &view.rows[i]) < 0)
			return -ENOMEM;
	}
	if (find_last(&view) < 0)
		return -ENOMEM;
	print_table(&view);
	return 0;
}
