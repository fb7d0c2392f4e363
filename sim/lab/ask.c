// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/ask.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/models.h"
#include "sim/lab/config.h"
#include "sim/mm/file-system.h"

#define POLICIES                                                                                   \
	"baseline,v1,v1+evict,flag,flag+evict,any-exit,any-exit+evict,cold-first,pageout-first,"   \
	"dontneed-after"
#define FEW "baseline,v1,v1+evict"

/* Enough memory, then less; the first is for comparison only. */
#define SIZES "100%,95%,90%,85%,80%,75%,70%,65%,60%,50%,40%"

const char *const ask_names[NR_ASK_QUESTIONS] = { "sizes",    "policies", "recorded",
						  "pressure", "machines", "time" };

const char *const ask_values[NR_ASK_VALUES] = {
	[ASK_REAP_MS] = "reap_ms",
	[ASK_MARKS_PERCENT] = "marks_percent",
	[ASK_FREE100_MS] = "free100_ms",
	[ASK_IO_WAIT_MS] = "io_wait_ms",
	[ASK_NET_MS] = "net_ms",
	[ASK_ACTIVATE] = "pgactivate",
	[ASK_SKIPPED] = "sim_zap_skipped",
	[ASK_EVICTED] = "sim_zap_evicted",
	[ASK_REFAULTS] = "workingset_refault_file",
	[ASK_FILLS] = "sim_fills",
};

static const char *const lrus[NR_ASK_LRUS] = { "classic", "mglru" };

/* struct plan - the parts of a question */
static const struct plan {
	const char *policies, *ends_as;
	bool ensemble;
} plans[NR_ASK_QUESTIONS] = {
	[ASK_SIZES] = { FEW, "mrelease", false },
	[ASK_POLICIES] = { POLICIES, "mrelease", true },
	[ASK_RECORDED] = { "baseline,v1,flag,any-exit,any-exit+evict", "recorded", true },
	[ASK_PRESSURE] = { FEW, "mrelease", true },
	[ASK_MACHINES] = { FEW, "mrelease", true },
	[ASK_TIME] = { FEW ",cold-first", "mrelease", true },
};

static const struct {
	const char *text, *prefault, *file_system;
} variants[ASK_VARIANTS_MAX] = {
	{ "x86, order 0", "prefault=young", "file_system=none" },
	{ "x86, large", "prefault=young", "file_system=ext4" },
	{ "arm64, order 0", "prefault=old", "file_system=none" },
	{ "arm64, large", "prefault=old", "file_system=ext4" },
};

const char *ask_variant(guint i)
{
	return variants[i].text;
}

guint ask_own_variant(const struct ask *a)
{
	return 2 * a->old + a->large;
}

/* Commands */

/* A word of a command, quoted if a shell would split or change it */
static void add_word(GString *s, const char *before, const char *word)
{
	g_autofree char *quoted = g_shell_quote(word);
	const size_t plain = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789_./=:,%+-@");

	g_string_append_printf(s, " %s%s", before, word[plain] || !*word ? quoted : word);
}

static void add_ensemble(GString *s, guint members, uint64_t seed)
{
	g_string_append_printf(s, " --ensemble %u", members);
	if (seed != 1)
		g_string_append_printf(s, " --ensemble-seed %" PRIu64, seed);
}

static void add_machine(GString *s, const char *machine, char **settings, const char *kernel)
{
	if (machine)
		add_word(s, "-m ", machine);
	for (char **k = settings; k && *k; k++)
		add_word(s, "--set ", *k);
	if (kernel)
		add_word(s, "--kernel ", kernel);
}

/* The trace as a last word; what comes through a pipe has no name. */
static void add_trace(GString *s, const struct ask *a)
{
	const char *path = a->t->path;
	const bool pipe = !strcmp(path, "-") || g_str_has_prefix(path, "/dev/fd/") ||
			  g_str_has_prefix(path, "/proc/");

	if (a->spec.format)
		add_word(s, "--format ", a->spec.format);
	add_word(s, "", pipe ? "TRACE" : path);
}

char *ask_deaths(const struct ask *a)
{
	GString *s = g_string_new("reapsim trace deaths");

	add_trace(s, a);
	return g_string_free(s, FALSE);
}

char *ask_typed(const struct ask *a)
{
	GString *s = g_string_new("reapsim ask");

	add_ensemble(s, a->spec.members, a->spec.seed);
	add_machine(s, a->spec.machines, a->spec.settings, a->spec.kernel);
	if (a->spec.memory)
		add_word(s, "--memory ", a->spec.memory);
	add_trace(s, a);
	return g_string_free(s, FALSE);
}

/* The command that prints a part, without policies and trace */
static char *command_of(const struct ask_part *p, const struct run_spec *spec)
{
	GString *s = g_string_new(p->question == ASK_TIME ? "reapsim outcome --loop trace"
							  : "reapsim compare");

	if (p->question == ASK_SIZES)
		g_string_append(s, " --counter sim_fills");
	if (spec->ensemble.nr)
		add_ensemble(s, spec->ensemble.nr, spec->ensemble.seed);
	add_machine(s, spec->machines, spec->settings, spec->kernel);
	g_string_append_printf(s, " --lru %s --ends-as %s", spec->lru, spec->ends_as);
	add_word(s, "--memory ", spec->memory);
	return g_string_free(s, FALSE);
}

char *ask_command(const struct ask *a, const struct ask_part *p, const char *policies)
{
	GString *s = g_string_new(p->command);

	g_string_append_printf(s, " --policies %s", policies);
	add_trace(s, a);
	return g_string_free(s, FALSE);
}

/* Plan */

/* The pages that the sizes in @list stand for, the machine being as given; their last is @more,
 * which is not added. Return: the pages of @more, or a negative errno. */
static int64_t resolve(struct ask *a, const char *list, const char *more, GArray *pages,
		       const struct lab_hooks *h, struct err *err)
{
	g_autofree char *all = g_strconcat(list, ",", more, NULL);
	const struct run_spec spec = {
		.machines = a->spec.machines,
		.settings = a->spec.settings,
		.kernel = a->spec.kernel,
		.memory = all,
	};
	struct run_set rs;
	int64_t ret = run_set_init(&rs, &spec, a->t, h, err);

	for (guint i = 0; !ret && i < rs.machines->len; i++) {
		const struct machine *m = &g_array_index(rs.machines, struct machine, i);
		const uint64_t limit = machine_limit(m);

		if (i + 1 < rs.machines->len)
			g_array_append_val(pages, limit);
		else
			ret = (int64_t)limit;
		a->timed = m->read_us || m->zap_file_ps || m->zap_anon_ps;
		a->old = m->prefault_old;
		a->large = m->max_folio_order > 0 || m->file_system > FS_ORDER0;
	}
	run_set_clear(&rs);
	return ret;
}

/* The sizes to try, each once: memory has a least size, so that small shares may be the same. */
static int add_sizes(struct ask *a, const char *list, const struct lab_hooks *h, struct err *err)
{
	g_auto(GStrv) texts = g_strsplit(list, ",", -1);
	g_autoptr(GArray) pages = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	g_autoptr(GString) kept = g_string_new(NULL);
	int64_t peak;

	for (char **text = texts; *text; text++)
		if (!**text)
			return err_set(err, -EINVAL, "--memory %s: an empty size", list);
	peak = resolve(a, list, "100%", pages, h, err);
	if (peak < 0)
		return (int)peak;
	a->peak = (uint64_t)peak;
	for (guint i = 0; i < pages->len; i++) {
		bool again = false;

		for (guint k = 0; k < i; k++)
			again |= g_array_index(pages, uint64_t, k) ==
				 g_array_index(pages, uint64_t, i);
		if (again)
			continue;
		g_array_append_val(a->sizes, g_array_index(pages, uint64_t, i));
		g_string_append_printf(kept, "%s%s", kept->len ? "," : "", texts[i]);
	}
	a->size_list = g_strdup(kept->str);
	if (a->sizes->len == 1 && !a->spec.memory)
		return err_at(err, -EINVAL, a->t->path, 0,
			      "needs at most %" PRIu64 " pages, the least limit of memory, so no "
			      "limit makes it wait for memory; expected a larger trace",
			      a->peak);
	return 0;
}

static char *list_of(const uint64_t *pages, guint nr)
{
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < nr; i++)
		g_string_append_printf(s, "%s%" PRIu64, i ? "," : "", pages[i]);
	return g_string_free(s, FALSE);
}

/* The members of a part that has an ensemble; NULL: there is none yet */
static GArray *members_of(const struct ask *a)
{
	for (guint i = 0; i < a->parts->len; i++) {
		const struct ask_part *p = a->parts->pdata[i];

		if (p->rs.ensemble.nr)
			return p->rs.members;
	}
	return NULL;
}

static int add_part(struct ask *a, enum ask_question q, guint lru, guint variant,
		    const struct lab_hooks *h, struct err *err)
{
	const struct plan *plan = &plans[q];
	const guint others = a->nr_limits > 1 ? a->nr_limits - 1 : 0;
	const uint64_t *sizes = (const uint64_t *)(void *)a->sizes->data;
	g_autofree char *memory = q == ASK_SIZES      ? list_of(sizes, a->sizes->len)
				  : q == ASK_PRESSURE ? list_of(a->limits + 1, others)
						      : list_of(a->limits, 1);
	g_autoptr(GPtrArray) settings = g_ptr_array_new();
	struct ask_part *p = g_new0(struct ask_part, 1);
	struct run_spec spec = {
		.kernel = a->spec.kernel,
		.lru = (char *)lrus[lru],
		.policies = (char *)plan->policies,
		.machines = a->spec.machines,
		.ends_as = (char *)plan->ends_as,
		.memory = memory,
		.nr_seeds = 1,
	};
	int ret;

	for (char **s = a->spec.settings; s && *s; s++)
		g_ptr_array_add(settings, *s);
	if (q == ASK_MACHINES) {
		g_ptr_array_add(settings, (char *)variants[variant].prefault);
		g_ptr_array_add(settings, (char *)variants[variant].file_system);
		g_ptr_array_add(settings,
				(char *)"max_folio_order=0"); /* that of the file system */
	}
	g_ptr_array_add(settings, NULL);
	spec.settings = (char **)settings->pdata;
	if (plan->ensemble) {
		spec.members = members_of(a);
		spec.ensemble = (struct ensemble){ a->spec.members, (1U << NR_ENSEMBLE_AXES) - 1,
						   a->spec.seed };
	}
	*p = (struct ask_part){ .question = q, .lru = lru, .variant = variant };
	if (q == ASK_TIME) {
		timed_config_init(&p->timed, &kill_scripted);
		p->timed.loop = LOOP_TRACE;
		p->timed.seed = 1;
		spec.timed = &p->timed;
		spec.ensemble.axes &= ~(1U << AXIS_WINDOW);
	}
	g_ptr_array_add(a->parts, p);
	ret = run_set_init(&p->rs, &spec, a->t, h, err);
	if (ret)
		return ret;
	if (q == ASK_SIZES)
		spec.memory = a->size_list; /* shorter */
	p->command = command_of(p, &spec);
	p->first = a->nr_runs;
	p->values = g_new(double, (gsize)p->rs.runs->len *NR_ASK_VALUES);
	for (gsize i = 0; i < (gsize)p->rs.runs->len * NR_ASK_VALUES; i++)
		p->values[i] = NAN;
	a->nr_runs += p->rs.runs->len;
	return 0;
}

/* All parts of a question */
static int add_parts(struct ask *a, enum ask_question q, const struct lab_hooks *h, struct err *err)
{
	int ret = 0;

	if ((q == ASK_TIME && !a->timed) || (q == ASK_PRESSURE && a->nr_limits < 2))
		return 0;
	for (guint v = 0; v < (q == ASK_MACHINES ? ASK_VARIANTS_MAX : 1); v++) {
		if (q == ASK_MACHINES && v == ask_own_variant(a))
			continue;
		for (guint lru = 0; lru < NR_ASK_LRUS && !ret; lru++)
			ret = add_part(a, q, lru, v, h, err);
	}
	return ret;
}

int ask_plan(struct ask *a, const struct lab_hooks *h, struct err *err)
{
	const struct ask_part *last;
	int ret = 0;

	for (last = NULL; a->parts->len; g_ptr_array_remove_index(a->parts, a->parts->len - 1)) {
		last = a->parts->pdata[a->parts->len - 1];
		if (last->question == ASK_SIZES)
			break;
	}
	if (a->parts->len)
		a->nr_runs = last->first + last->rs.runs->len;
	else
		ret = add_parts(a, ASK_SIZES, h, err);
	for (enum ask_question q = ASK_SIZES + 1; q < NR_ASK_QUESTIONS && !ret; q++)
		ret = add_parts(a, q, h, err);
	return ret;
}

/* The digest of all that decides the rows: trace, machine file, settings. */
static int digest(struct ask *a, struct err *err)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autoptr(GString) s = g_string_new(NULL);
	g_autofree char *machine = NULL;
	g_autoptr(GError) gerr = NULL;

	if (a->spec.machines && !g_file_get_contents(a->spec.machines, &machine, NULL, &gerr))
		return err_set(err, -EINVAL, "%s", gerr->message);
	g_checksum_update(sum, (const guchar *)a->t->recs,
			  (gssize)(a->t->nr_recs * sizeof(*a->t->recs)));
	for (uint32_t i = 0; i < a->t->nr_files; i++)
		g_string_append_printf(s, "%s %u %u %d\n", a->t->files[i].name,
				       a->t->files[i].pages, a->t->files[i].size,
				       a->t->files[i].shmem);
	for (uint32_t i = 0; i < a->t->nr_machine; i++)
		g_string_append_printf(s, "%s %s\n", a->t->machine[i].key, a->t->machine[i].value);
	for (char **k = a->spec.settings; k && *k; k++)
		g_string_append_printf(s, "%s\n", *k);
	for (guint i = 0; i < a->parts->len; i++) {
		const struct ask_part *p = a->parts->pdata[i];

		g_string_append_printf(s, "%s %s %s %u %s\n", ask_names[p->question],
				       p->rs.kernel->name, p->rs.lru->name, p->variant,
				       plans[p->question].policies);
	}
	g_string_append_printf(s, "%u %" PRIu64 " %s\n", a->spec.members, a->spec.seed,
			       a->size_list);
	g_string_append_printf(s, "%s\n%s\n", a->spec.memory ? a->spec.memory : "",
			       machine ? machine : "");
	g_checksum_update(sum, (const guchar *)s->str, (gssize)s->len);
	g_strlcpy(a->digest, g_checksum_get_string(sum), sizeof(a->digest));
	return 0;
}

static void part_free(void *data)
{
	struct ask_part *p = data;

	run_set_clear(&p->rs);
	g_free(p->command);
	g_free(p->values);
	g_free(p);
}

int ask_init(struct ask *a, const struct ask_spec *spec, const struct trace *t,
	     const struct lab_hooks *h, struct err *err)
{
	int ret;

	*a = (struct ask){
		.spec = *spec,
		.t = t,
		.sizes = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
		.parts = g_ptr_array_new_with_free_func(part_free),
	};
	ret = add_sizes(a, spec->memory ? spec->memory : SIZES, h, err);
	if (ret)
		return ret;
	a->nr_limits = MIN(a->sizes->len, ASK_SIZES_MAX);
	if (spec->memory && a->sizes->len > ASK_SIZES_MAX)
		return err_set(err, -EINVAL,
			       "--memory %s: %u sizes, expected at most %d: the main "
			       "one, and two others",
			       spec->memory, a->sizes->len, ASK_SIZES_MAX);
	for (guint i = 0; i < a->nr_limits; i++)
		a->limits[i] = g_array_index(a->sizes, uint64_t, i);
	/* at any limits, to count the runs and to check every machine before the first one runs */
	ret = ask_plan(a, h, err);
	return ret ? ret : digest(a, err);
}

void ask_clear(struct ask *a)
{
	/* threads left behind still use the parts */
	if (a->parts && !a->left)
		g_ptr_array_unref(a->parts);
	if (a->sizes)
		g_array_unref(a->sizes);
	g_free(a->size_list);
}

/* Answers */

const struct ask_part *ask_part(const struct ask *a, enum ask_question q, guint lru, guint variant)
{
	for (guint i = 0; i < a->parts->len; i++) {
		const struct ask_part *p = a->parts->pdata[i];

		if (p->question == q && p->lru == lru && p->variant == variant)
			return p;
	}
	return NULL;
}

int ask_policy(const struct ask_part *p, const char *policy)
{
	for (guint i = 0; i < p->rs.policies->len; i++)
		if (!strcmp(p->rs.policies->pdata[i], policy))
			return (int)i;
	return -1;
}

static double value(const struct ask_part *p, guint machine, guint policy, guint member,
		    enum ask_value v)
{
	const guint run = (machine * p->rs.policies->len + policy) * p->rs.nr_seeds + member;

	return p->values[run * NR_ASK_VALUES + v];
}

double ask_mean(const struct ask_part *p, guint machine, guint policy, enum ask_value v)
{
	double sum = 0;

	for (guint i = 0; i < p->rs.nr_seeds; i++)
		sum += value(p, machine, policy, i, v);
	return sum / p->rs.nr_seeds;
}

struct estimate ask_change(const struct ask_part *p, guint machine, guint policy, enum ask_value v)
{
	const guint n = p->rs.nr_seeds;
	g_autofree double *with = g_new(double, n), *without = g_new(double, n);
	struct estimate e;

	for (guint i = 0; i < n; i++) {
		with[i] = value(p, machine, policy, i, v);
		without[i] = value(p, machine, 0, i, v);
	}
	e = estimate_of_spread(with, without, n);
	if (n == 1)
		e.low = e.high = e.p = NAN;
	return e;
}
