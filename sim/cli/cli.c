// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "sim/lab/work.h"
#include "traces/readers/readers.h"

#define PROGRESS_FIRST_US (G_USEC_PER_SEC)
#define PROGRESS_EVERY_US (G_USEC_PER_SEC / 10)
#define PROGRESS_WIDTH	  30
#define LONG_SECONDS	  60

static char *printable(const char *s, const char *also)
{
	char *text = g_utf8_make_valid(s, -1);

	for (char *c = text; *c; c++)
		if (g_ascii_iscntrl(*c) && !strchr(also, *c))
			*c = '?';
	return text;
}

char *cli_printable(const char *s)
{
	return printable(s, "");
}

/* Messages may have several lines. */
static void print_error(const char *msg)
{
	g_autofree char *text = printable(msg, "\n\t");

	fprintf(stderr, "reapsim: %s\n", text);
}

int cli_fail(int code, const struct err *err)
{
	print_error(err && err->msg[0] ? err->msg : g_strerror(-code));
	return code == -EINVAL || code == -ENOENT ? 2 : 1;
}

int cli_usage(const char *fmt, ...)
{
	g_autofree char *msg = NULL;
	va_list ap;

	va_start(ap, fmt);
	msg = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	print_error(msg);
	return 2;
}

/* struct loading - a trace that a thread loads. If the command is interrupted, it leaves
 * both thread and struct behind. */
struct loading {
	char *path, *format;
	struct input_options options;
	struct cli_progress bar;
	struct trace *t;
	struct err err;
	int ret;
};

static void show_read(void *data, uint64_t done, uint64_t all)
{
	if (cli_interrupted())
		return;
	if (all)
		cli_progress(data, (double)done / (double)all);
	else
		cli_progress_bytes(data, done);
}

static void load(void *data, guint i)
{
	struct loading *l = data;

	(void)i;
	l->ret = trace_load_with(l->path, l->format, &l->options, &l->t, &l->err);
}

int cli_load_recording(const char *path, const char *format, int min_agreement, struct trace **out)
{
	struct loading *l = g_new0(struct loading, 1);
	struct cli_lab lab;
	int ret;

	l->path = g_strdup(path);
	l->format = g_strdup(format);
	l->options = (struct input_options){
		.min_agreement = min_agreement,
		.progress = show_read,
		.progress_data = &l->bar,
	};
	cli_progress_init(&l->bar, "reading");
	cli_lab_begin(&lab, "reading");
	ret = lab_work(load, l, 1, 1, &lab.hooks, NULL);
	cli_progress_end(&l->bar);
	cli_lab_end(&lab);
	if (ret) {
		struct err err;

		err_set(&err, -EINTR, "interrupted while reading %s", path);
		return cli_fail(-EINTR, &err);
	}
	*out = l->t;
	ret = l->ret ? cli_fail(l->ret, &l->err) : 0;
	g_free(l->path);
	g_free(l->format);
	g_free(l);
	return ret;
}

int cli_load_trace(const char *path, const char *format, struct trace **out)
{
	return cli_load_recording(path, format, 0, out);
}

int cli_declare(struct outputs *files, const struct cli_file *list, size_t nr)
{
	struct err err;
	int ret = 0;

	for (size_t i = 0; i < nr && !ret; i++)
		ret = list[i].list ? outputs_declare_list(files, list[i].kind, list[i].what,
							  list[i].path, &err)
				   : outputs_declare(files, list[i].kind, list[i].what,
						     list[i].path, &err);
	return ret ? cli_fail(ret, &err) : 0;
}

int cli_declare_inputs(struct outputs *files, const char *what, char **paths, int nr)
{
	int ret = 0;

	for (int i = 0; i < nr && !ret; i++) {
		const struct cli_file file = { FILE_INPUT, what, paths[i], false };

		ret = cli_declare(files, &file, 1);
	}
	return ret;
}

int cli_open_out(struct output *out, const struct outputs *files, const char *path)
{
	struct err err;
	int ret = output_open(out, files, path, &err);

	return ret ? cli_fail(ret, &err) : 0;
}

int cli_open_stdout(struct output *out, const struct outputs *files)
{
	struct err err;
	int ret = files && files->to_stdout ? output_open_null(out, &err)
					    : output_open(out, NULL, NULL, &err);

	return ret ? cli_fail(ret, &err) : 0;
}

int cli_close_out(struct output *out, enum output_end end)
{
	g_autofree char *path = g_strdup(out->path);
	struct err err;
	int ret = output_close(out, end, &err);

	if (ret < 0)
		return cli_fail(ret, &err);
	if (ret > 0)
		fprintf(stderr, "reapsim: %s: unchanged, as the new results are incomplete\n",
			path);
	return end == OUTPUT_FAILED;
}

void cli_summary(const struct outputs *files)
{
	g_autoptr(GString) s = g_string_new(NULL);

	if (!files->written->len || !isatty(STDERR_FILENO))
		return;
	for (guint i = 0; i < files->written->len; i++) {
		g_autofree char *path = cli_printable(files->written->pdata[i]);

		g_string_append_printf(s, "%s%s", i ? ", " : "", path);
	}
	fprintf(stderr, "reapsim: wrote %s\n", s->str);
}

void cli_progress_init(struct cli_progress *p, const char *what)
{
	*p = (struct cli_progress){
		.what = what,
		.start_us = g_get_monotonic_time(),
		.tty = isatty(STDERR_FILENO),
	};
}

/* "12 s", "3 min", "2.5 h" */
static char *duration(double seconds)
{
	return seconds < 100	    ? g_strdup_printf("%.0f s", seconds)
	       : seconds < 100 * 60 ? g_strdup_printf("%.0f min", seconds / 60)
				    : g_strdup_printf("%.1f h", seconds / 3600);
}

/* A line that stays, once, when the bar first appears. */
static void warn_of_long(struct cli_progress *p, double seconds)
{
	g_autofree char *text = duration(seconds);

	if (!p->warned && seconds > LONG_SECONDS)
		fprintf(stderr, "\r\033[Kreapsim: %s will take about %s; Ctrl-C interrupts it\n",
			p->what, text);
	p->warned = true;
}

/* Whether it is time to show something again. */
static bool progress_due(struct cli_progress *p)
{
	gint64 now;

	if (!p->tty)
		return false;
	now = g_get_monotonic_time();
	if (now - p->start_us < PROGRESS_FIRST_US || now - p->last_us < PROGRESS_EVERY_US)
		return false;
	p->last_us = now;
	p->shown = true;
	cli_note_bar(true);
	return true;
}

void cli_progress_bytes(struct cli_progress *p, uint64_t bytes)
{
	if (!progress_due(p))
		return;
	fprintf(stderr, "\r%s %" PRIu64 " MB\033[K", p->what, bytes / 1000000);
	fflush(stderr);
}

void cli_progress(struct cli_progress *p, double done)
{
	char bar[PROGRESS_WIDTH + 1];
	double left;
	int full;

	if (!progress_due(p))
		return;
	done = CLAMP(done, 0.0, 1.0);
	left = (double)(p->last_us - p->start_us) / 1e6 * (1 - done) / done;
	if (done > 0)
		warn_of_long(p, left);
	full = (int)(done * PROGRESS_WIDTH);
	memset(bar, '.', PROGRESS_WIDTH);
	memset(bar, '#', (size_t)full);
	bar[PROGRESS_WIDTH] = '\0';
	fprintf(stderr, "\r%s [%s] %3d%%", p->what, bar, (int)(done * 100));
	if (done > 0) {
		g_autofree char *text = duration(left);

		fprintf(stderr, ", about %s left", text);
	}
	fputs("\033[K", stderr);
	fflush(stderr);
}

void cli_progress_end(struct cli_progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
	cli_note_bar(false);
}

static void show_progress(void *data, double done)
{
	cli_progress(&((struct cli_lab *)data)->bar, done);
}

static bool is_interrupted(void *data)
{
	(void)data;
	return cli_interrupted();
}

static void show_note(void *data, const char *text)
{
	cli_progress_end(&((struct cli_lab *)data)->bar);
	fprintf(stderr, "reapsim: %s\n", text);
}

void cli_lab_begin(struct cli_lab *l, const char *what)
{
	l->hooks = (struct lab_hooks){
		.progress = show_progress,
		.interrupted = is_interrupted,
		.leave = true,
		.note = show_note,
		.data = l,
	};
	cli_catch_signals(true);
	cli_progress_init(&l->bar, what);
}

void cli_lab_end(struct cli_lab *l)
{
	cli_progress_end(&l->bar);
	cli_catch_signals(false);
}
