// SPDX-License-Identifier: GPL-2.0-only
/*
 * "reapsim explain" as a page: explain/page.html with its style, its script and the data, which
 * is JSON: what is said once, and for each step of each run its events and the change of its state
 * (explain-state.c). The script shows what is there, it does not know how an LRU works.
 *
 * Events are written as: first slot, pages, rule, what (both indices), cause (index in the step's
 * "x", or -1). Strings that come again and again stand in "words".
 */
#include <inttypes.h>

#include "sim/cli/cli.h"
#include "sim/cli/explain-state.h"
#include "sim/mm/slots.h"

/* A browser shows a page of this size at once, and reads it within a second. */
#define DATA_BYTES_MAX (64u << 20)
/* Each step looks at all that is in memory, to see what changed. This is some ten seconds. */
#define WORK_MAX 2000000000u

struct explain_page {
	const struct explain *x;
	struct explain_state *states[EXPLAIN_RUNS_MAX];
	GString *steps;
	GHashTable *word_ids; /* text -> its index */
	GPtrArray *words;
	uint64_t nr_steps, rest;
	GString *head;
};

/* explain/page.html and so on, linked in as they are */
#define PAGE_FILE(name)                                                                            \
	extern const char _binary_sim_cli_explain_page_##name##_start[],                           \
		_binary_sim_cli_explain_page_##name##_end[]
PAGE_FILE(html);
PAGE_FILE(css);
PAGE_FILE(js);
#define PUT_FILE(f, name)                                                                          \
	fwrite(_binary_sim_cli_explain_page_##name##_start, 1,                                     \
	       (size_t)(_binary_sim_cli_explain_page_##name##_end -                                \
			_binary_sim_cli_explain_page_##name##_start),                              \
	       f)

struct explain_page *explain_page_new(const struct explain *x)
{
	struct explain_page *p = g_new0(struct explain_page, 1);

	p->x = x;
	p->steps = g_string_new("[");
	p->head = g_string_new(NULL);
	p->words = g_ptr_array_new_with_free_func(g_free);
	p->word_ids = g_hash_table_new(g_str_hash, g_str_equal);
	return p;
}

void explain_page_free(struct explain_page *p)
{
	for (guint i = 0; i < EXPLAIN_RUNS_MAX; i++)
		if (p->states[i])
			explain_state_free(p->states[i]);
	g_string_free(p->steps, TRUE);
	g_string_free(p->head, TRUE);
	g_ptr_array_free(p->words, TRUE);
	g_hash_table_destroy(p->word_ids);
	g_free(p);
}

/* The index of a word. Takes @text. */
static guint word(struct explain_page *p, char *text)
{
	gpointer id;

	if (g_hash_table_lookup_extended(p->word_ids, text, NULL, &id)) {
		g_free(text);
		return GPOINTER_TO_UINT(id);
	}
	g_hash_table_insert(p->word_ids, text, GUINT_TO_POINTER(p->words->len));
	g_ptr_array_add(p->words, text);
	return p->words->len - 1;
}

static void put_events(struct explain_page *p, const struct explain_run *r)
{
	g_autoptr(GArray) changes = explain_changes(p->x, r);
	g_autoptr(GString) causes = g_string_new(NULL);
	guint nr_causes = 0;

	if (!changes->len)
		return;
	g_string_append(p->steps, ",\"e\":[");
	for (guint i = 0; i < changes->len; i++) {
		const struct change *c = &g_array_index(changes, struct change, i);
		const struct event *e = c->first;
		const struct event_cause *cause = explain_cause(r, e);
		char *why = explain_why(r, c);

		g_string_append_printf(p->steps, "%s%u,%u,%u,%u,%d", i ? "," : "", e->slot, c->nr,
				       (guint)e->rule, word(p, explain_what(r, e)),
				       why ? (int)nr_causes++ : -1);
		if (!why)
			continue;
		g_string_append_printf(causes, "%s[%u", causes->len ? "," : "", word(p, why));
		for (int k = 0; cause->kind == CAUSE_DISTANCE && k < CAUSE_NUMBERS; k++)
			g_string_append_printf(causes, ",%" PRIu64, cause->n[k]);
		g_string_append_c(causes, ']');
	}
	g_string_append_c(p->steps, ']');
	if (causes->len)
		g_string_append_printf(p->steps, ",\"x\":[%s]", causes->str);
}

static bool add_step(struct explain_page *p, uint64_t first, uint64_t last, const char *text,
		     bool differs)
{
	uint64_t work = 0;

	for (guint i = 0; i < p->x->nr_runs; i++)
		work += explain_state_work(p->states[i]);
	if (p->steps->len > DATA_BYTES_MAX || work > WORK_MAX)
		return false;
	if (p->nr_steps)
		g_string_append(p->steps, ",\n");
	g_string_append_printf(p->steps, "{\"o\":%" PRIu64 ",\"a\":%" PRIu64 ",\"t\":", last,
			       first);
	json_string(p->steps, text);
	if (differs)
		g_string_append(p->steps, ",\"d\":1");
	g_string_append(p->steps, ",\"r\":[");
	for (guint i = 0; i < p->x->nr_runs; i++) {
		const gsize at = p->steps->len;

		put_events(p, &p->x->runs[i]);
		explain_state_delta(p->states[i], p->steps);
		if (p->steps->len == at)
			g_string_append(p->steps, ",");
		p->steps->str[at] = '{';
		g_string_append_printf(p->steps, "}%s", i + 1 < p->x->nr_runs ? "," : "");
	}
	g_string_append(p->steps, "]}");
	p->nr_steps++;
	return true;
}

/* What is said once, of each run. */
static void put_run(struct explain_page *p, guint i)
{
	const struct explain_run *r = &p->x->runs[i];
	const struct sim *s = r->s;
	const struct machine *m = &s->cfg.machine;

	g_string_append_printf(p->head, "%s{\"label\":", i ? "," : "");
	json_string(p->head, r->label);
	g_string_append_printf(p->head,
			       ",\"lru\":\"%s\",\"gens\":%d,\"kernel\":\"%s\",\"cpus\":%u,"
			       "\"memcg_pages\":%" PRIu64 ",\"memory_pages\":%" PRIu64
			       ",\"wmark\":[%" PRId64 ",%" PRId64 ",%" PRId64 "],\"memcgs\":%u,"
			       "\"anon_first\":%u,\"lists\":",
			       s->cfg.lru->name, s->cfg.lru->lru_gen, s->cfg.kernel->name, m->cpus,
			       m->memcg_pages, m->memory_pages, s->zone.wmark_min,
			       s->zone.wmark_low, s->zone.wmark_high, s->nr_memcgs, s->anon_first);
	explain_state_lists(p->states[i], p->head);
	g_string_append(p->head, ",\"numbers\":");
	explain_state_numbers(p->states[i], p->head);
	g_string_append_c(p->head, '}');
}

static void begin(void *w)
{
	struct explain_page *p = w;
	const struct sim *s = p->x->runs[0].s;

	g_string_append(p->head, "\"runs\":[");
	for (guint i = 0; i < p->x->nr_runs; i++) {
		p->states[i] = explain_state_new(p->x, &p->x->runs[i]);
		put_run(p, i);
	}
	g_string_append(p->head, "],\"files\":[");
	for (uint32_t i = 0; i < p->x->t->nr_files; i++) {
		const struct trace_file *f = &p->x->t->files[i];

		g_string_append_printf(p->head, "%s[", i ? "," : "");
		json_string(p->head, f->name);
		g_string_append_printf(p->head, ",%u,%u]", file_slot(s, i, 0), f->pages);
	}
	g_string_append_printf(p->head, "%s[\"%s\",%u,%u]]", p->x->t->nr_files ? "," : "",
			       explain_metadata(s), s->meta_first, s->anon_first - s->meta_first);
	add_step(p, p->x->from - 1, p->x->from - 1,
		 p->x->from > 1 ? "before the window" : "the empty machine", false);
}

static bool put_step(void *w, const struct explain_step *step)
{
	struct explain_page *p = w;
	g_autofree char *text = explain_step_text(p->x, step);

	return add_step(p, step->first, step->last, text, step->differs);
}

static void end(void *w, uint64_t rest)
{
	struct explain_page *p = w;

	p->rest = rest;
	if (rest)
		fprintf(stderr,
			"reapsim: the page ends before operation %" PRIu64 " of %" PRIu64
			", after %" PRIu64 " steps: --from %" PRIu64
			" shows what follows; --limit, "
			"--every, --pages and --process fit more or less into a page\n",
			rest, p->x->nr_ops, p->nr_steps - 1, rest);
}

const struct explain_writer explain_page_writer = { begin, put_step, end };

static void put_rules(GString *json)
{
	g_string_append(json, "\"rules\":[");
	for (int i = 0; i < NR_EVENTS; i++) {
		const enum event_rule rule = (enum event_rule)i;

		g_string_append_printf(json, "%s[\"%s\",", i ? "," : "", event_function(rule));
		json_string(json, event_text(rule));
		g_string_append_printf(json, ",\"%s\"]", event_term(rule));
	}
	g_string_append(json, "],");
}

static void put_data(const struct explain_page *p, const char *title, FILE *f)
{
	g_autoptr(GString) json = g_string_new("{\"trace\":");

	json_string(json, title);
	g_string_append_printf(json,
			       ",\"nr_ops\":%" PRIu64 ",\"from\":%" PRIu64 ",\"to\":%" PRIu64
			       ",\"rest\":%" PRIu64 ",\"some_pages\":%d,\"process\":%" PRId64
			       ",\"every\":%" PRIu64 ",",
			       p->x->nr_ops, p->x->from, p->x->to, p->rest, p->x->pages->len != 0,
			       p->x->has_pid ? (int64_t)p->x->pid : -1, p->x->every);
	put_rules(json);
	g_string_append(json, "\"words\":[");
	for (guint i = 0; i < p->words->len; i++) {
		g_string_append(json, i ? "," : "");
		json_string(json, p->words->pdata[i]);
	}
	g_string_append(json, "],");
	fputs(json->str, f);
	fputs(p->head->str, f);
	fputs(",\n\"steps\":", f);
	fputs(p->steps->str, f);
	fputs("]}", f);
}

static void put_glossary(FILE *f)
{
	for (const struct term *t = explain_terms; t->id; t++) {
		g_autofree char *html = g_markup_printf_escaped(
			"<dt id=\"g-%s\" tabindex=\"-1\">%s</dt>\n<dd>%s</dd>\n", t->id, t->name,
			t->text);

		fputs(html, f);
	}
}

void explain_page_write(struct explain_page *p, const char *title, FILE *f)
{
	const char *at = _binary_sim_cli_explain_page_html_start;
	const char *const stop = _binary_sim_cli_explain_page_html_end;

	fputs(OUTPUT_EXPLAINED_MARK "\n", f);
	/* "{{NAME}}" in the template stands for what is put in */
	while (at < stop) {
		const char *open = g_strstr_len(at, stop - at, "{{");
		const char *close = open ? g_strstr_len(open, stop - open, "}}") : NULL;

		if (!close) {
			fwrite(at, 1, (size_t)(stop - at), f);
			break;
		}
		fwrite(at, 1, (size_t)(open - at), f);
		at = close + 2;
		if (g_str_has_prefix(open, "{{TITLE}}")) {
			g_autofree char *html = g_markup_escape_text(title, -1);

			fputs(html, f);
		} else if (g_str_has_prefix(open, "{{STYLE}}")) {
			PUT_FILE(f, css);
		} else if (g_str_has_prefix(open, "{{SCRIPT}}")) {
			PUT_FILE(f, js);
		} else if (g_str_has_prefix(open, "{{GLOSSARY}}")) {
			put_glossary(f);
		} else if (g_str_has_prefix(open, "{{DATA}}")) {
			put_data(p, title, f);
		}
	}
}
