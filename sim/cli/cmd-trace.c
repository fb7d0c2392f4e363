// SPDX-License-Identifier: GPL-2.0-only
/* reapsim trace: converts, describes and checks traces. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/machine.h"
#include "traces/readers/write.h"

#define WIDTH 72

struct subcommand {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

static int convert_run(int argc, char **argv);
static int info_run(int argc, char **argv);
static int check_run(int argc, char **argv);

static const struct subcommand subcommands[] = {
	{ "convert", "write a trace in another form", convert_run },
	{ "info", "say what is in a trace", info_run },
	{ "check", "read traces and say whether they are valid", check_run },
};

/* convert */

typedef int (*write_fn)(const struct trace *t, FILE *f, struct err *err);

/* The form to write: as asked for, else by the ending of @path. */
static write_fn output_form(const char *to, const char *path, int *ret)
{
	if (to ? !strcmp(to, "text") : g_str_has_suffix(path, ".csv"))
		return trace_write_text;
	if (to ? !strcmp(to, "binary") : g_str_has_suffix(path, ".rtrace"))
		return trace_write_binary;
	if (to)
		*ret = cli_usage("unknown form \"%s\", expected text or binary", to);
	else
		*ret = cli_usage("%s: ends neither in .csv (text) nor in .rtrace (binary); "
				 "say which with --to",
				 path);
	return NULL;
}

static int convert(struct outputs *files, const char *in, const char *from, int min_agreement,
		   const char *path, write_fn write)
{
	const struct cli_file list[] = {
		{ FILE_INPUT, "IN", in, false },
		{ FILE_TRACE, "OUT", path, false },
	};
	struct err err = { "" };
	struct output out;
	struct trace *t;
	int ret = cli_declare(files, list, G_N_ELEMENTS(list));
	int wrote;

	if (!ret)
		ret = cli_load_recording(in, from, min_agreement, &t);
	if (ret)
		return ret;
	ret = cli_open_out(&out, files, path);
	if (!ret) {
		wrote = write(t, out.f, &err);
		ret = cli_close_out(&out, !wrote);
		if (wrote)
			ret = cli_fail(wrote, &err);
	}
	trace_free(t);
	return ret;
}

static int convert_run(int argc, char **argv)
{
	char *from = NULL, *to = NULL;
	int percent = 90;
	struct outputs files;
	const GOptionEntry entries[] = {
		{ "from", 'f', 0, G_OPTION_ARG_STRING, &from,
		  "Format of IN (default: found out from its first bytes)", "FORMAT" },
		{ "to", 't', 0, G_OPTION_ARG_STRING, &to,
		  "text or binary (default: by the ending of OUT)", "FORM" },
		{ "min-agreement", 0, 0, G_OPTION_ARG_INT, &percent,
		  "Refuse a recording if fewer of its page-cache faults agree with its mappings "
		  "(90)",
		  "PERCENT" },
		CLI_FORCE(&files),
		{ NULL },
	};
	int ret;

	outputs_init(&files);
	ret = cli_options(&argc, &argv, entries, "IN OUT", "Writes the trace IN to OUT.",
			  "IN may be packed by gzip or zstd; \"-\" is standard input. OUT ends in "
			  ".csv for text\nand in .rtrace for binary; \"-\" is standard "
			  "output.\n\"reapsim list\" names the formats that can be "
			  "read.");
	write_fn write;

	if (ret >= 0)
		goto out;
	if (argc != 3) {
		ret = cli_usage("trace convert: %d arguments, expected IN and OUT", argc - 1);
		goto out;
	}
	if (percent < 0 || percent > 100) {
		ret = cli_usage("--min-agreement %d, expected 0 to 100", percent);
		goto out;
	}
	write = output_form(to, argv[2], &ret);
	if (write)
		ret = convert(&files, argv[1], from, percent ? percent : -1, argv[2], write);
out:
	outputs_clear(&files);
	g_free(from);
	g_free(to);
	return ret;
}

/* info */

/* "  label   text", the text wrapped at words to fit the width of a mail. */
static void put_wrapped(FILE *f, const char *label, const char *text)
{
	const size_t indent = 26, room = WIDTH - indent; /* the longest machine key */
	bool first = true;

	do {
		size_t n = strlen(text), cut = n;

		if (n > room) {
			for (cut = room; cut && text[cut] != ' '; cut--)
				;
			if (!cut)
				cut = room;
		}
		fprintf(f, "  %-*.*s%.*s\n", (int)indent - 2, (int)indent - 3, first ? label : "",
			(int)cut, text);
		first = false;
		text += cut;
		text += strspn(text, " ");
	} while (*text);
}

static void put_number(FILE *f, const char *label, uint64_t n, const char *unit)
{
	fprintf(f, "  %-32s%14" PRIu64 "%s%s\n", label, n, *unit ? " " : "", unit);
}

static void put_kvs(FILE *f, const char *title, const struct trace_kv *kv, uint32_t nr)
{
	if (!nr)
		return;
	fprintf(f, "\n%s\n", title);
	for (uint32_t i = 0; i < nr; i++)
		put_wrapped(f, kv[i].key, kv[i].value);
}

static void put_ops(FILE *f, const struct trace_stats *s)
{
	static const struct {
		enum op_code code;
		const char *name;
	} names[] = {
		{ OP_SPAWN, "spawn" },
		{ OP_FORK, "fork" },
		{ OP_EXEC, "exec" },
		{ OP_EXIT, "exit" },
		{ OP_KILL, "kill" },
		{ OP_MRELEASE, "mrelease" },
		{ OP_OOM, "oom" },
		{ OP_OPTIN, "optin" },
		{ OP_MAP, "map, anon" },
		{ OP_UNMAP, "unmap" },
		{ OP_ADVISE, "advise" },
		{ OP_TOUCH, "touch" },
		{ OP_READ, "read" },
		{ OP_WRITE, "write" },
		{ OP_DROP_CACHES, "drop_caches" },
		{ OP_DRAIN, "drain" },
		{ OP_ADVANCE, "advance" },
		{ OP_MARK, "mark" },
		{ OP_FORK_FAIL, "fork_fail" },
		{ OP_CLEAR_REFS, "clear_refs" },
	};

	fprintf(f, "\noperations\n");
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (s->ops[names[i].code])
			put_number(f, names[i].name, s->ops[names[i].code], "");
	put_number(f, "all", s->nr_ops, "");
}

static void put_use(FILE *f, const struct trace *t, const struct trace_stats *s)
{
	fprintf(f, "\nuse\n");
	put_number(f, "processes", s->nr_procs, "");
	put_number(f, "most at a time", s->max_live_procs, "");
	put_number(f, "files", t->nr_files, "");
	put_number(f, "their size", t->nr_file_pages, "pages");
	put_number(f, "file pages used (distinct)", s->file_pages_used, "pages");
	put_number(f, "by touch", s->file_pages_touched, "pages");
	put_number(f, "by read and write", s->file_pages_fd, "pages");
	put_number(f, "touches", s->nr_touches, "");
	put_number(f, "of file mappings", s->nr_file_touches, "");
	put_number(f, "pages read and written", s->nr_fd_pages, "");
	put_number(f, "time advanced", s->ns, "ns");
}

static void put_files(FILE *f, const struct trace *t)
{
	const uint32_t most = 10;

	if (!t->nr_files)
		return;
	fprintf(f, "\nfiles, in pages\n");
	for (uint32_t i = 0; i < t->nr_files && i < most; i++) {
		const char *name = t->files[i].name;
		size_t len = strlen(name), room = 49;

		fprintf(f, "  %s%-*s%12" PRIu32 "%s\n", len > room ? "..." : "",
			(int)(len > room ? room - 3 : room),
			len > room ? name + len - (room - 3) : name, t->files[i].pages,
			t->files[i].shmem ? " shmem" : "");
	}
	if (t->nr_files > most)
		fprintf(f, "  and %" PRIu32 " more\n", t->nr_files - most);
}

static void put_marks(FILE *f, const struct trace *t)
{
	GString *s;

	if (!t->nr_names)
		return;
	s = g_string_new(NULL);
	for (uint32_t i = 0; i < t->nr_names && i < 100; i++)
		g_string_append_printf(s, "%s%s", i ? " " : "", t->names[i]);
	if (t->nr_names > 100)
		g_string_append_printf(s, " and %" PRIu32 " more", t->nr_names - 100);
	fputc('\n', f);
	put_wrapped(f, "marks", s->str);
	g_string_free(s, TRUE);
}

static int info(const char *path, const char *from)
{
	struct err err = { "" };
	struct trace_stats stats;
	struct output out;
	struct machine m;
	struct trace *t;
	int ret = cli_load_trace(path, from, &t);

	if (ret)
		return ret;
	machine_init(&m);
	ret = machine_from_trace(&m, t, &err);
	if (!ret)
		ret = trace_stat(t, &stats, &err);
	if (ret) {
		ret = cli_fail(ret, &err);
	} else {
		ret = cli_open_stdout(&out, NULL);
		if (!ret) {
			fprintf(out.f, "%s\n", path);
			put_kvs(out.f, "machine it asks for", t->machine, t->nr_machine);
			put_kvs(out.f, "provenance", t->notes, t->nr_notes);
			put_use(out.f, t, &stats);
			put_files(out.f, t);
			put_ops(out.f, &stats);
			put_marks(out.f, t);
			ret = cli_close_out(&out, true);
		}
	}
	trace_free(t);
	return ret;
}

static int info_run(int argc, char **argv)
{
	char *from = NULL;
	const GOptionEntry entries[] = {
		{ "from", 'f', 0, G_OPTION_ARG_STRING, &from,
		  "Format of TRACE (default: found out from its first bytes)", "FORMAT" },
		{ NULL },
	};
	int ret = cli_options(&argc, &argv, entries, "TRACE",
			      "Prints the header of a trace and what it holds.", NULL);

	if (ret < 0)
		ret = argc == 2 ? info(argv[1], from)
				: cli_usage("trace info: %d arguments, expected TRACE", argc - 1);
	g_free(from);
	return ret;
}

/* check */

static int check(const char *path, const char *from, FILE *f)
{
	struct err err = { "" };
	struct machine m;
	struct trace *t;
	int ret = cli_load_trace(path, from, &t);

	if (ret)
		return ret;
	machine_init(&m);
	ret = machine_from_trace(&m, t, &err);
	if (ret)
		ret = cli_fail(ret, &err);
	else
		fprintf(f,
			"%s: valid, %" PRIu64 " records, %" PRIu32 " files of %" PRIu64 " pages\n",
			path, t->nr_recs, t->nr_files, t->nr_file_pages);
	trace_free(t);
	return ret;
}

static int check_run(int argc, char **argv)
{
	char *from = NULL;
	const GOptionEntry entries[] = {
		{ "from", 'f', 0, G_OPTION_ARG_STRING, &from,
		  "Format of the traces (default: found out from their bytes)", "FORMAT" },
		{ NULL },
	};
	struct output out;
	int closed;
	int ret = cli_options(&argc, &argv, entries, "TRACE...",
			      "Reads each trace and says whether it is valid.", NULL);

	if (ret >= 0)
		goto out;
	if (argc < 2) {
		ret = cli_usage("trace check: no arguments, expected TRACE...");
		goto out;
	}
	ret = cli_open_stdout(&out, NULL);
	if (ret)
		goto out;
	for (int i = 1; i < argc; i++) {
		int bad = check(argv[i], from, out.f);

		ret = MAX(ret, bad);
	}
	closed = cli_close_out(&out, true);
	ret = MAX(ret, closed);
out:
	g_free(from);
	return ret;
}

static void usage(FILE *f)
{
	fprintf(f, "usage: reapsim trace SUBCOMMAND [OPTION...] [ARGUMENT...]\n\n");
	for (size_t i = 0; i < G_N_ELEMENTS(subcommands); i++)
		fprintf(f, "  %-9s %s\n", subcommands[i].name, subcommands[i].summary);
	fprintf(f, "\n\"reapsim trace SUBCOMMAND --help\" describes one. traces/FORMAT.md "
		   "describes the\nformat.\n");
}

static int trace_help(void)
{
	struct output out;
	int ret = cli_open_stdout(&out, NULL);

	if (ret)
		return ret;
	usage(out.f);
	return cli_close_out(&out, true);
}

/* The subcommand with "trace NAME" for its name, which its --help shows. */
static int run_subcommand(const struct subcommand *sub, int argc, char **argv)
{
	char **args = g_new0(char *, argc + 1);
	char *name = g_strdup_printf("trace %s", sub->name);
	int ret;

	memcpy(args, argv, (size_t)argc * sizeof(*args));
	args[0] = name;
	ret = sub->run(argc, args);
	g_free(args);
	g_free(name);
	return ret;
}

static int trace_run(int argc, char **argv)
{
	GString *names;

	if (argc < 2) {
		usage(stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return trace_help();
	for (size_t i = 0; i < G_N_ELEMENTS(subcommands); i++)
		if (!strcmp(argv[1], subcommands[i].name))
			return run_subcommand(&subcommands[i], argc - 1, argv + 1);
	names = g_string_new(NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(subcommands); i++)
		g_string_append_printf(names, " %s", subcommands[i].name);
	cli_usage("unknown subcommand \"trace %s\"; there are:%s", argv[1], names->str);
	g_string_free(names, TRUE);
	return 2;
}

const struct command cmd_trace = {
	.name = "trace",
	.summary = "convert, describe and check traces",
	.run = trace_run,
};
