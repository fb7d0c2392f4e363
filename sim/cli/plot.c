// SPDX-License-Identifier: GPL-2.0-only
/*
 * gnuplot executes text in backquotes, even inside double quotes, replaces @NAME, and
 * executes a file name that begins with "<" or "|". Therefore the only file names that it
 * gets are "/proc/PID/fd/N", and all strings are in single quotes, where only the quote
 * itself is special. Control characters, which cannot stand there, are appended by number.
 */
/* memfd_create() */
#define _GNU_SOURCE
#include "sim/cli/cli.h"
#include "sim/cli/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { DAT, SCRIPT, SVG, PNG, NR_FILES };

static const struct {
	const char *suffix;
	enum file_kind kind;
} plot_files[NR_FILES] = {
	[DAT] = { ".dat", FILE_PLOT },
	[SCRIPT] = { ".gp", FILE_PLOT },
	[SVG] = { ".svg", FILE_PICTURE },
	[PNG] = { ".png", FILE_PICTURE },
};

/* @s as a gnuplot string */
static char *quote(const char *s)
{
	GString *q = g_string_new("'");

	for (; *s; s++) {
		if (*s == '\'')
			g_string_append(q, "''");
		else if (g_ascii_iscntrl(*s))
			g_string_append_printf(q, "'.\"\\%03o\".'", (unsigned char)*s);
		else
			g_string_append_c(q, *s);
	}
	g_string_append_c(q, '\'');
	return g_string_free(q, FALSE);
}

char *plot_string(const char *s)
{
	g_autofree char *text = cli_printable(s);

	return quote(text);
}

char *plot_base(const char *dir, const char *prefix, const char *path)
{
	g_autofree char *name = g_path_get_basename(path);
	g_autofree char *file = NULL;

	if (strrchr(name, '.'))
		*strrchr(name, '.') = 0;
	file = g_strconcat(prefix, name, NULL);
	return g_build_filename(dir, file, NULL);
}

static char *file_path(const char *base, int i)
{
	return g_strconcat(base, plot_files[i].suffix, NULL);
}

int plot_declare(struct outputs *files, const char *what, const char *base)
{
	int ret = 0;

	for (int i = 0; i < NR_FILES && !ret; i++) {
		g_autofree char *path = file_path(base, i);
		const struct cli_file file = { plot_files[i].kind, what, path, false };

		ret = cli_declare(files, &file, 1);
	}
	return ret;
}

static void write_svg_script(FILE *f, const struct plot *p, const char *dat, const char *svg)
{
	g_autofree char *q_dat = quote(dat), *q_svg = quote(svg);

	fprintf(f,
		"set terminal svg size %d,%d font 'sans,13' background '#ffffff'; set output %s\n",
		p->width, p->height, q_svg);
	p->script(f, p->data, q_dat);
}

/* The script for both pictures. */
static void write_script(FILE *f, const struct plot *p, const char *dat, const char *svg,
			 const char *png)
{
	g_autofree char *q_dat = quote(dat), *q_png = quote(png);

	write_svg_script(f, p, dat, svg);
	fprintf(f, "set terminal pngcairo size %d,%d font 'sans,10'; set output %s\n", p->width,
		p->height, q_png);
	p->script(f, p->data, q_dat);
}

/* The script for the user. The prefix "./" keeps a name that begins with "|" from being
 * executed. */
static void write_named_script(FILE *f, const struct plot *p)
{
	g_autofree char *name = g_path_get_basename(p->base),
			*base = g_build_filename(".", name, NULL);
	g_autofree char *dat = file_path(base, DAT), *svg = file_path(base, SVG),
			*png = file_path(base, PNG);

	fputs(OUTPUT_PLOT_MARK ": run gnuplot on it in its folder\n", f);
	write_script(f, p, dat, svg, png);
}

static char *fd_name(int fd)
{
	return g_strdup_printf("/proc/%d/fd/%d", (int)getpid(), fd);
}

static int run_gnuplot(const char *name, const char *script)
{
	const char *argv[] = { "gnuplot", script, NULL };
	g_autofree char *errors = NULL;
	g_autoptr(GError) gerr = NULL;
	struct err err;
	int status;

	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &errors,
			  &status, &gerr) ||
	    !g_spawn_check_wait_status(status, &gerr))
		return cli_fail(err_set(&err, -EIO, "gnuplot %s: %s%s%s", name, gerr->message,
					errors && *errors ? ": " : "", errors ? errors : ""),
				&err);
	return 0;
}

/* gnuplot does not report a full disk: check how the picture ends. */
static int check_picture(const struct output *out, const char *end)
{
	const size_t len = strlen(end);
	const int fd = fileno(out->f);
	const off_t size = lseek(fd, 0, SEEK_END);
	char tail[16];
	struct err err;

	if (out->dir < 0 ||
	    (size >= (off_t)len && pread(fd, tail, len, size - (off_t)len) == (ssize_t)len &&
	     !memcmp(tail, end, len)))
		return 0;
	return cli_fail(err_set(&err, -EIO, "%s: gnuplot could not finish it; is the disk full?",
				out->path),
			&err);
}

/* A file in memory; NULL after printing why there is none. */
static FILE *memory_file(const char *name)
{
	const int fd = memfd_create("gnuplot", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w+");
	struct err err;

	if (!f) {
		cli_fail(err_set(&err, -errno, "%s: %s", name, g_strerror(errno)), &err);
		if (fd >= 0)
			close(fd);
	}
	return f;
}

static int draw(const struct plot *p, struct output out[NR_FILES])
{
	g_autofree char *dat = fd_name(fileno(out[DAT].f)), *svg = fd_name(fileno(out[SVG].f)),
			*png = fd_name(fileno(out[PNG].f)), *name = file_path(p->base, SCRIPT),
			*script = NULL;
	FILE *f = memory_file(name);
	int ret;

	if (!f)
		return 1;
	write_script(f, p, dat, svg, png);
	fflush(f);
	fflush(out[DAT].f);
	script = fd_name(fileno(f));
	ret = run_gnuplot(name, script);
	fclose(f);
	if (!ret)
		ret = check_picture(&out[SVG], "</svg>\n\n");
	if (!ret)
		ret = check_picture(&out[PNG], "IEND\xae"
					       "B`\x82");
	return ret;
}

/* Several pictures in one page: what they define for themselves gets a name of its own. */
static char *own_names(char *svg, const char *name)
{
	g_autoptr(GRegex) defined = g_regex_new(
		"(gpPt[0-9]+|gpDot|greybox|textbox|gnuplot_canvas|gnuplot_plot_)", 0, 0, NULL);
	g_autofree char *with = g_strconcat(name, "-\\1", NULL);
	char *own = g_regex_replace(defined, svg, -1, 0, with, 0, NULL);

	g_free(svg);
	return own;
}

char *plot_svg(const struct plot *p)
{
	FILE *f[NR_FILES] = { NULL };
	char *name[NR_FILES] = { NULL }, *svg = NULL;
	bool open = true;

	for (int i = DAT; i <= SVG; i++) {
		f[i] = open ? memory_file(p->base) : NULL;
		open &= f[i] != NULL;
		name[i] = f[i] ? fd_name(fileno(f[i])) : NULL;
	}
	if (open) {
		p->dat(f[DAT], p->data);
		write_svg_script(f[SCRIPT], p, name[DAT], name[SVG]);
		fflush(f[DAT]);
		fflush(f[SCRIPT]);
		if (!run_gnuplot(p->base, name[SCRIPT]))
			g_file_get_contents(name[SVG], &svg, NULL, NULL);
		if (svg)
			svg = own_names(svg, p->base);
	}
	for (int i = DAT; i <= SVG; i++) {
		g_free(name[i]);
		if (f[i])
			fclose(f[i]);
	}
	return svg;
}

int plot_write(const struct outputs *files, const struct plot *p)
{
	g_autofree char *dir = g_path_get_dirname(p->base);
	struct output out[NR_FILES];
	int ret = 0, drawn = 1, opened = 0;
	struct err err;

	if (g_mkdir_with_parents(dir, 0777))
		return cli_fail(err_set(&err, -errno, "%s: %s", dir, g_strerror(errno)), &err);
	for (; opened < NR_FILES && !ret; opened += !ret) {
		g_autofree char *path = file_path(p->base, opened);

		ret = cli_open_out(&out[opened], files, path);
	}
	if (!ret) {
		fputs(OUTPUT_PLOT_MARK "\n", out[DAT].f);
		p->dat(out[DAT].f, p->data);
		write_named_script(out[SCRIPT].f, p);
		drawn = draw(p, out);
	}
	/* Without gnuplot keep the data and the script. Pictures are closed first: a discarded
	 * one gives its disk space back. */
	for (int i = opened - 1; i >= 0; i--) {
		const bool whole = !ret && (!drawn || i == DAT || i == SCRIPT);
		const int closed = cli_close_out(&out[i], whole ? OUTPUT_WHOLE : OUTPUT_FAILED);

		ret = whole ? MAX(ret, closed) : ret;
	}
	return MAX(ret, drawn);
}
