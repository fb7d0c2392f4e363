// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passes each line to glib as a separate key file. This way glib defines the grammar, and the
 * line number of each key is known. It works because no construct of the format has two lines.
 */
#include "sim/keyfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* limits the read of an endless device */
#define FILE_BYTES_MAX (1 << 20)

static void entry_clear(gpointer data)
{
	struct keyfile_entry *e = data;

	g_free(e->group);
	g_free(e->key);
	g_free(e->value);
}

/* @lines: "GROUP]KEY" -> line number, of all earlier keys */
static int add_entry(struct keyfile *k, GHashTable *lines, const char *group, GKeyFile *kf,
		     unsigned int line, struct err *err)
{
	g_autoptr(GError) gerr = NULL;
	g_auto(GStrv) keys = g_key_file_get_keys(kf, "line", NULL, NULL);
	g_autofree char *value = NULL, *id = NULL;
	struct keyfile_entry e;
	unsigned int first;

	if (!keys || !keys[0])
		return 0; /* a comment */
	if (!group)
		return err_at(err, -EINVAL, k->path, line, "\"%s\" comes before the first [group]",
			      keys[0]);
	value = g_key_file_get_string(kf, "line", keys[0], &gerr);
	if (!value)
		return err_at(err, -EINVAL, k->path, line, "%s: %s", keys[0], gerr->message);
	/* group names cannot contain "]" */
	id = g_strconcat(group, "]", keys[0], NULL);
	first = GPOINTER_TO_UINT(g_hash_table_lookup(lines, id));
	if (first)
		return err_at(err, -EINVAL, k->path, line,
			      "\"%s\" is given twice, first in line %u", keys[0], first);
	g_hash_table_insert(lines, g_steal_pointer(&id), GUINT_TO_POINTER(line));
	e = (struct keyfile_entry){
		.group = g_strdup(group),
		.key = g_strdup(keys[0]),
		.value = g_steal_pointer(&value),
		.line = line,
	};
	g_array_append_val(k->entries, e);
	return 0;
}

static int parse_line(struct keyfile *k, GHashTable *lines, char **group, const char *text,
		      size_t len, unsigned int line, struct err *err)
{
	g_autoptr(GKeyFile) kf = g_key_file_new();
	g_autoptr(GError) gerr = NULL;
	g_autofree char *one = NULL;
	g_autofree char *shown = NULL;

	while (len && g_ascii_isspace(*text))
		text++, len--;
	while (len && g_ascii_isspace(text[len - 1]))
		len--;
	if (!len)
		return 0;
	one = g_strdup_printf("%s%.*s\n", *text == '[' ? "" : "[line]\n", (int)len, text);
	if (memchr(text, 0, len) || !g_utf8_validate(text, (gssize)len, NULL))
		return err_at(err, -EINVAL, k->path, line, "expected text in UTF-8");
	if (!g_key_file_load_from_data(kf, one, strlen(one), G_KEY_FILE_KEEP_TRANSLATIONS, &gerr)) {
		shown = g_strndup(text, len);
		return err_at(err, -EINVAL, k->path, line,
			      "\"%s\" is no line of a key file: expected [GROUP], KEY=VALUE or "
			      "# comment",
			      shown);
	}
	if (*text != '[')
		return add_entry(k, lines, *group, kf, line, err);
	g_free(*group);
	*group = g_key_file_get_start_group(kf);
	return 0;
}

int keyfile_parse(struct keyfile *k, const char *path, const char *text, size_t len,
		  struct err *err)
{
	g_autoptr(GHashTable) lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *group = NULL;
	const char *end = text + len;
	unsigned int line = 0;
	int ret = 0;

	k->path = g_strdup(path);
	k->entries = g_array_new(FALSE, FALSE, sizeof(struct keyfile_entry));
	g_array_set_clear_func(k->entries, entry_clear);
	while (text < end && !ret) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((nl ? nl : end) - text);

		if (n > 1 << 20)
			ret = err_at(err, -EINVAL, path, line + 1, "a line of %zu bytes", n);
		else
			ret = parse_line(k, lines, &group, text, n, ++line, err);
		text += n + 1;
	}
	if (ret)
		keyfile_clear(k);
	return ret;
}

int keyfile_read(const char *path, char **text, size_t *len, struct err *err)
{
	g_autofree char *buf = NULL;
	FILE *f = fopen(path, "rb");
	int failed;

	if (!f)
		return err_at(err, -EINVAL, path, 0, "%s", g_strerror(errno));
	buf = g_malloc(FILE_BYTES_MAX + 2);
	errno = 0;
	*len = fread(buf, 1, FILE_BYTES_MAX + 1, f);
	failed = ferror(f) ? errno : 0;
	fclose(f);
	if (failed)
		return err_at(err, -EINVAL, path, 0, "%s", g_strerror(failed));
	if (*len > FILE_BYTES_MAX)
		return err_at(err, -EINVAL, path, 0, "more than %d bytes, expected a key file",
			      FILE_BYTES_MAX);
	buf[*len] = 0;
	*text = g_steal_pointer(&buf);
	return 0;
}

int keyfile_load(struct keyfile *k, const char *path, struct err *err)
{
	g_autofree char *text = NULL;
	size_t len;
	int ret = keyfile_read(path, &text, &len, err);

	return ret ? ret : keyfile_parse(k, path, text, len, err);
}

char *keyfile_name(const char *path)
{
	char *base = g_path_get_basename(path);

	if (g_str_has_suffix(base, ".conf"))
		base[strlen(base) - 5] = 0;
	return base;
}

void keyfile_clear(struct keyfile *k)
{
	g_array_free(k->entries, TRUE);
	g_free(k->path);
	*k = (struct keyfile){ 0 };
}
