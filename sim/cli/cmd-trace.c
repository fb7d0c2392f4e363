// SPDX-License-Identifier: GPL-2.0-only
/* reapsim trace: convert, describe and check traces. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/cli/rows.h"
#include "sim/cli/runs.h"
#include "sim/machine.h"
#include "sim/trace-deaths.h"
#include "sim/names.h"
#include "traces/readers/write.h"

#define WIDTH 72

/* convert */

static const char *const forms[] = { "text", "binary", NULL };

typedef int (*write_fn)(const struct trace *t, FILE *f, struct err *err);

/* The form to write: @to, or if that is NULL by the ending of @path. */
static write_fn output_form(const char *to, const char *path, int *ret)
{
	if (to ? !strcmp(to, "text") : g_str_has_suffix(path, ".csv"))
		return trace_write_text;
	if (to ? !strcmp(to, "binary") : g_str_has_suffix(path, ".rtrace"))
		return trace_write_binary;
	if (to) {
		g_autofree char *expected = names_unknown(to, forms);

		*ret = cli_usage("unknown form \"%s\"%s", to, expected);
	} else {
		*ret = cli_usage("%s: ends neither in .csv (text) nor in .rtrace (binary); "
				 "use --to",
				 path);
	}
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

struct convert_options {
	struct outputs files;
	const char *from, *to;
	int min_agreement;
};

static int convert_run(void *options, int argc, char **argv)
{
	struct convert_options *o = options;
	int ret = 0;
	write_fn write;

	if (argc != 2)
		return cli_usage("trace convert: %d arguments, expected IN and OUT", argc);
	write = output_form(o->to, argv[1], &ret);
	return write ? convert(&o->files, argv[0], o->from,
			       o->min_agreement ? o->min_agreement : -1, argv[1], write)
		     : ret;
}

#define CONVERT_FIELD(member) OPTION_FIELD(struct convert_options, member)

static const struct option convert_rows[] = {
	{ "from", OPT_TEXT, NULL, "format of IN (default: detected from its first bytes)",
	  .letter = 'f', .alias = "format", .metavar = "FORMAT", .complete = complete_formats,
	  CONVERT_FIELD(from) },
	{ "to", OPT_TEXT, NULL, "text or binary (default: by the ending of OUT)", .letter = 't',
	  .metavar = "FORM", .choices = forms, CONVERT_FIELD(to) },
	{ "min-agreement", OPT_COUNT, "90",
	  "refuse a recording if fewer of its page-cache faults match its mappings", 0, 100,
	  .metavar = "PERCENT", CONVERT_FIELD(min_agreement) },
	COMMAND_FORCE,
	{ NULL },
};

static const struct command trace_convert = {
	.name = "trace convert",
	.summary = "convert a trace to another form",
	.arguments = "IN OUT",
	.title = "Convert the trace IN to OUT.",
	.details =
		"IN may be compressed by gzip or zstd; \"-\" is standard input. OUT ends in .csv\n"
		"for text and in .rtrace for binary; \"-\" is standard output. \"reapsim list "
		"formats\"\nlists the input formats.",
	.examples = "reapsim gen kill-return -o app.rtrace\n"
		    "reapsim trace convert app.rtrace app.csv\n",
	.options = convert_rows,
	.complete = complete_files,
	.size = sizeof(struct convert_options),
	.run = convert_run,
};

/* info */

/* "  label   text", with the text wrapped at words to WIDTH. */
static void put_wrapped(FILE *f, const char *label, const char *text)
{
	const size_t indent = 26, room = WIDTH - indent; /* fits the longest machine key */
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
	for (enum op_code code = OP_WIDE_FIRST; code < NR_OPS; code++)
		if (s->ops[code])
			put_number(f, op_wide(code)->keyword, s->ops[code], "");
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
			g_autofree char *name = cli_printable(path);

			fprintf(out.f, "%s\n", name);
			put_kvs(out.f, "machine rows", t->machine, t->nr_machine);
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

/** struct read_options - options of the subcommands that only read. */
struct read_options {
	struct outputs files;
	const char *from;
};

static int info_run(void *options, int argc, char **argv)
{
	const struct read_options *o = options;

	return argc == 1 ? info(argv[0], o->from)
			 : cli_usage("trace info: %d arguments, expected TRACE", argc);
}

static const struct option info_rows[] = {
	{ "from", OPT_TEXT, NULL, "format of TRACE (default: detected from its first bytes)",
	  .letter = 'f', .alias = "format", .metavar = "FORMAT", .complete = complete_formats,
	  OPTION_FIELD(struct read_options, from) },
	{ NULL },
};

static const struct command trace_info = {
	.name = "trace info",
	.summary = "print the header and contents of a trace",
	.arguments = "TRACE",
	.title = "Print the header of a trace and a summary of its contents.",
	.examples = "reapsim gen kill-return -o app.rtrace\n"
		    "reapsim trace info app.rtrace\n",
	.options = info_rows,
	.complete = complete_files,
	.size = sizeof(struct read_options),
	.run = info_run,
};

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
	if (ret) {
		ret = cli_fail(ret, &err);
	} else {
		g_autofree char *name = cli_printable(path);

		fprintf(f,
			"%s: valid, %" PRIu64 " records, %" PRIu32 " files of %" PRIu64 " pages\n",
			name, t->nr_recs, t->nr_files, t->nr_file_pages);
	}
	trace_free(t);
	return ret;
}

static int check_run(void *options, int argc, char **argv)
{
	const struct read_options *o = options;
	struct output out;
	int ret, closed;

	if (argc < 1)
		return cli_usage("trace check: no arguments, expected TRACE...");
	ret = cli_open_stdout(&out, NULL);
	if (ret)
		return ret;
	for (int i = 0; i < argc; i++) {
		int bad = check(argv[i], o->from, out.f);

		ret = MAX(ret, bad);
	}
	closed = cli_close_out(&out, true);
	return MAX(ret, closed);
}

static const struct option check_rows[] = {
	{ "from", OPT_TEXT, NULL, "format of the traces (default: detected from their bytes)",
	  .letter = 'f', .alias = "format", .metavar = "FORMAT", .complete = complete_formats,
	  OPTION_FIELD(struct read_options, from) },
	{ NULL },
};

static const struct command trace_check_command = {
	.name = "trace check",
	.summary = "check that traces are valid",
	.arguments = "TRACE...",
	.title = "Read each trace and print whether it is valid.",
	.examples = "reapsim gen kill-return -o app.rtrace\n"
		    "reapsim trace check app.rtrace\n",
	.options = check_rows,
	.complete = complete_files,
	.size = sizeof(struct read_options),
	.run = check_run,
};

/* deaths */

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void deaths_text(FILE *f, const char *name, const struct trace_deaths *d)
{
	uint64_t within = 0;
	const guint returned = trace_deaths_returned(d, 50, &within);

	fprintf(f, "%-*.*s%7u%7u%8" PRIu64 "%7.1f%7.1f%7.1f%7u", 20, 20, name, d->all->len,
		trace_deaths_killed(d), d->pages, percent(d->only, d->pages),
		percent(d->again, d->only), percent(d->by_read, d->again), returned);
	if (returned && d->ns)
		fprintf(f, "%9.3g\n", (double)within / 1e9);
	else
		fprintf(f, "%9s\n", "-");
}

static void deaths_csv(FILE *f, const char *name, const struct trace_deaths *d)
{
	uint64_t within = 0;
	const guint returned = trace_deaths_returned(d, 50, &within);

	csv_field(f, name);
	fprintf(f, ",%u,%u,%" PRIu64 ",%.1f,%.1f,%.1f,%.1f,%u,", d->all->len,
		trace_deaths_killed(d), d->pages, percent(d->shared, d->pages),
		percent(d->only, d->pages), percent(d->again, d->only),
		percent(d->by_read, d->again), returned);
	if (returned && d->ns)
		fprintf(f, "%.6f\n", (double)within / 1e9);
	else
		fprintf(f, "\n");
}

struct deaths_options {
	struct read_options o;
	const char *csv;
};

static int deaths(const char *path, const struct deaths_options *o, FILE *text, FILE *csv)
{
	g_autofree char *base = g_path_get_basename(path), *name = cli_printable(base);
	struct trace_deaths d;
	struct err err;
	struct trace *t;
	int ret = cli_load_trace(path, o->o.from, &t);

	if (ret)
		return ret;
	ret = trace_deaths(t, &d, &err);
	trace_free(t);
	if (ret)
		return cli_fail(ret, &err);
	if (strrchr(name, '.'))
		*strrchr(name, '.') = 0;
	deaths_text(text, name, &d);
	if (csv)
		deaths_csv(csv, name, &d);
	trace_deaths_clear(&d);
	return 0;
}

static const struct command trace_deaths_command;

static int deaths_run(void *options, int argc, char **argv)
{
	struct deaths_options *o = options;
	struct cli_rows rows = { 0 };
	struct output text, json;
	int ret, closed;

	if (argc < 1)
		return cli_usage("trace deaths: no arguments, expected TRACE...");
	ret = cli_declare_inputs(&o->o.files, "TRACE", argv, argc);
	if (!ret)
		ret = command_declare(&trace_deaths_command, o);
	if (!ret)
		ret = cli_open_stdout(&text, &o->o.files);
	if (!ret)
		ret = cli_json_open(&json, &o->o.files);
	if (ret)
		return ret;
	ret = cli_rows_open(&rows, &o->o.files, ROWS_DEATHS, o->csv, &json);
	if (!ret)
		fprintf(text.f, "%-20s%7s%7s%8s%7s%7s%7s%7s%9s\n", "", "deaths", "killed", "pages",
			"only%", "again%", "read%", "return", "within s");
	for (int i = 0; i < argc && !ret; i++)
		ret = deaths(argv[i], o, text.f, rows.f);
	ret = cli_rows_end(&rows, ret);
	ret = cli_json_end(&json, ret);
	closed = cli_close_out(&text, OUTPUT_WHOLE);
	return MAX(ret, closed);
}

static const struct option deaths_rows[] = {
	{ "from", OPT_TEXT, NULL, "format of the traces (default: detected from their bytes)",
	  .letter = 'f', .alias = "format", .metavar = "FORMAT", .complete = complete_formats,
	  OPTION_FIELD(struct deaths_options, o.from) },
	{ "csv", OPT_PATH, NULL, "write a row per trace", .metavar = "FILE", .role = FILE_RESULTS,
	  OPTION_FIELD(struct deaths_options, csv) },
	COMMAND_JSON,
	COMMAND_FORCE,
	{ NULL },
};

static const struct command trace_deaths_command = {
	.name = "trace deaths",
	.summary = "count what ended processes leave and who uses it again",
	.arguments = "TRACE...",
	.title = "Count the file pages that ended processes leave, and those used again.",
	.details =
		"pages: used through mappings by a process that ended, summed over all of them;\n"
		"only%: of these, used by no other live process, so a policy can skip them;\n"
		"again%: of these, used later by anybody; read%: of these, by read() or write()\n"
		"first, so without a mapping. return: deaths after which other processes map and\n"
		"use half of what only the dead one had used, as a restarted process would;\n"
		"within: half of them do so in that time, in seconds of the recording, if it has "
		"times.\n"
		"\"Used\" is a touch of the trace. Shared memory is not counted.",
	.examples = "reapsim gen kill-return -o app.rtrace\n"
		    "reapsim trace deaths app.rtrace\n",
	.complete = complete_files,
	.options = deaths_rows,
	.size = sizeof(struct deaths_options),
	.run = deaths_run,
};

static const struct command *const subcommands[] = {
	&trace_convert, &trace_info, &trace_deaths_command, &trace_check_command, NULL,
};

const struct command cmd_trace = {
	.name = "trace",
	.summary = "convert, describe and check traces",
	.title = "Convert, describe and check traces.",
	.details = "traces/FORMAT.md describes the format.",
	.examples = "reapsim gen kill-return -o app.rtrace\n"
		    "reapsim trace info app.rtrace\n"
		    "reapsim trace convert app.rtrace app.csv\n"
		    "reapsim trace check app.csv\n",
	.subcommands = subcommands,
};
