// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/data.h"

#include <errno.h>
#include <string.h>

#include "sim/names.h"

#define ENDING ".conf"

/* From the folder of the program: of an installation, of a build, of a build with sanitizers. */
static const char *const places[] = { "../share/reapsim/machines", "../traces/machines",
				      "../../traces/machines", NULL };
static const char *const players[] = { "../libexec/reapsim/reapsim-player", "reapsim-player",
				       NULL };

/* The first of @names that is there, or, if none is, where "make install" puts it. */
static char *find(const char *const *names)
{
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *base = g_path_get_dirname(program ? program : "");

	for (size_t i = 0; names[i]; i++) {
		g_autofree char *path = g_canonicalize_filename(names[i], base);

		if (g_file_test(path, G_FILE_TEST_EXISTS))
			return g_steal_pointer(&path);
	}
	return g_canonicalize_filename(names[0], base);
}

char *data_find_player(void)
{
	return find(players);
}

/* The names of the machines in @folder, and NULL. */
static GPtrArray *machine_names(const char *folder)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *file;

	while (dir && (file = g_dir_read_name(dir)))
		if (g_str_has_suffix(file, ENDING))
			g_ptr_array_add(names, g_strndup(file, strlen(file) - strlen(ENDING)));
	g_ptr_array_sort(names, names_compare);
	g_ptr_array_add(names, NULL);
	return names;
}

char *data_find_machine(const char *typed, struct err *err)
{
	g_autofree char *folder = NULL, *path = NULL, *expected = NULL;
	g_autoptr(GPtrArray) names = NULL;

	/* what is there, but no machine file, is refused by its reader */
	if (strchr(typed, '/') || g_file_test(typed, G_FILE_TEST_EXISTS))
		return g_strdup(typed);
	folder = find(places);
	path = g_strconcat(folder, "/", typed, g_str_has_suffix(typed, ENDING) ? NULL : ENDING,
			   NULL);
	if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return g_steal_pointer(&path);
	names = machine_names(folder);
	expected = names_unknown(typed, (const char *const *)names->pdata);
	err_set(err, -EINVAL, "machine \"%s\": no such file, and none of that name in %s%s", typed,
		folder, names->len > 1 ? expected : "");
	return NULL;
}

void data_complete_machines(struct completion *c)
{
	g_autofree char *folder = find(places);
	g_autoptr(GPtrArray) names = machine_names(folder);

	for (guint i = 0; names->pdata[i]; i++)
		complete_word(c, names->pdata[i], NULL);
}
