// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kubernetes: kubelet's back-off for container restarts, doubled from 10 s up to
 * MaxContainerBackOff, reset once a container has run for 10 min. systemd: the defaults of
 * a unit with Restart=always, which are RestartSec=100ms and StartLimitBurst=5 in
 * StartLimitIntervalSec=10s. Neither has jitter.
 */
#include "sim/restart.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "sim/names.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

static const struct {
	const char *name;
	enum restart_kind kind;
	int nr_times;
} kinds[] = {
	{ "never", RESTART_NEVER, 0 },
	{ "on-use", RESTART_ON_USE, 0 },
	{ "fixed", RESTART_FIXED, 1 },
	{ "uniform", RESTART_UNIFORM, 2 },
	{ "log-uniform", RESTART_LOG_UNIFORM, 2 },
	{ "kubernetes", RESTART_KUBERNETES, 0 },
	{ "systemd", RESTART_SYSTEMD, 0 },
};

const char *restart_rule_name(size_t i, bool *timed)
{
	if (i >= G_N_ELEMENTS(kinds))
		return NULL;
	*timed = kinds[i].nr_times > 0;
	return kinds[i].name;
}

static bool parse_time(const char *s, uint64_t *ns)
{
	static const struct {
		const char *suffix;
		uint64_t ns;
	} units[] = {
		{ "ns", 1 },	   { "us", 1000 },	   { "ms", NS_PER_MS },
		{ "s", NS_PER_S }, { "m", 60 * NS_PER_S }, { "h", 3600 * NS_PER_S },
	};
	char *end;
	uint64_t v;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	v = strtoull(s, &end, 10);
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (strcmp(end, units[i].suffix))
			continue;
		*ns = v * units[i].ns;
		return !errno && v <= UINT64_MAX / 16 / units[i].ns;
	}
	return false;
}

static bool parse_kind(struct restart_rule *r, char *text)
{
	char *times = strchr(text, '='), *dots;

	if (times)
		*times++ = '\0';
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(text, kinds[i].name))
			continue;
		r->kind = kinds[i].kind;
		if (!kinds[i].nr_times || !times)
			return !kinds[i].nr_times && !times;
		dots = strstr(times, "..");
		if (kinds[i].nr_times == 1 || !dots) {
			if (kinds[i].nr_times != 1 || !parse_time(times, &r->min_ns))
				return false;
			r->max_ns = r->min_ns;
			return true;
		}
		*dots = '\0';
		return parse_time(times, &r->min_ns) && parse_time(dots + 2, &r->max_ns) &&
		       r->min_ns <= r->max_ns && (r->kind != RESTART_LOG_UNIFORM || r->min_ns);
	}
	return false;
}

static bool parse_probability(struct restart_rule *r, const char *text)
{
	char *end;

	if (strncmp(text, "p=", 2) || text[2] < '0' || text[2] > '9')
		return false;
	r->probability = g_ascii_strtod(text + 2, &end);
	return !*end && r->probability <= 1;
}

int restart_rule_parse(struct restart_rule *r, const char *text, struct err *err)
{
	g_auto(GStrv) part = g_strsplit(text, ",", -1);
	g_autofree const char **valid = NAMES_OF(kinds);
	g_autofree char *name = g_strndup(text, strcspn(text, "=,")), *expected = NULL;

	*r = (struct restart_rule){ .probability = 1 };
	if (part[0] && parse_kind(r, part[0]) &&
	    (!part[1] || (parse_probability(r, part[1]) && !part[2])))
		return 0;
	expected = names_expected(name, valid);
	return err_set(
		err, -EINVAL,
		"restart rule \"%s\"%s never, on-use, fixed=TIME, uniform=TIME..TIME, "
		"log-uniform=TIME..TIME, kubernetes or systemd, optionally followed by ,p=P, the "
		"probability of a restart; a TIME is for example 100ms, 10s or 5m",
		text, expected);
}

/* in the largest unit of which it is a multiple */
static void append_time(GString *text, uint64_t ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 } };
	size_t u = 0;

	while (ns % units[u].ns)
		u++;
	g_string_append_printf(text, "%" G_GUINT64_FORMAT "%s", ns / units[u].ns, units[u].name);
}

char *restart_rule_text(const struct restart_rule *r)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (kinds[i].kind != r->kind)
			continue;
		g_string_append(text, kinds[i].name);
		if (kinds[i].nr_times) {
			g_string_append_c(text, '=');
			append_time(text, r->min_ns);
		}
		if (kinds[i].nr_times == 2) {
			g_string_append(text, "..");
			append_time(text, r->max_ns);
		}
	}
	if (r->kind != RESTART_NEVER && r->probability < 1)
		g_string_append_printf(text, ",p=%g", r->probability);
	return g_string_free(text, FALSE);
}

void restart_started(struct restart_state *st, uint64_t now_ns)
{
	memmove(st->starts + 1, st->starts, sizeof(st->starts) - sizeof(st->starts[0]));
	st->starts[0] = now_ns;
	st->nr_starts = MIN(st->nr_starts + 1, G_N_ELEMENTS(st->starts));
}

bool restart_delay(const struct restart_rule *r, struct restart_state *st, uint64_t started_ns,
		   uint64_t now_ns, struct rng *rng, uint64_t *delay_ns)
{
	const unsigned int burst = G_N_ELEMENTS(st->starts);

	*delay_ns = 0;
	if (r->kind == RESTART_NEVER || (r->probability < 1 && rng_real(rng) >= r->probability))
		return false;
	switch (r->kind) {
	case RESTART_NEVER:
	case RESTART_ON_USE:
		break;
	case RESTART_FIXED:
	case RESTART_UNIFORM:
		*delay_ns = r->min_ns;
		if (r->max_ns > r->min_ns)
			*delay_ns += rng_below(rng, r->max_ns - r->min_ns + 1);
		break;
	case RESTART_LOG_UNIFORM:
		*delay_ns = rng_log_uniform(rng, r->min_ns, r->max_ns);
		break;
	case RESTART_KUBERNETES:
		if (!st->backoff_ns || now_ns - started_ns >= 600 * NS_PER_S)
			st->backoff_ns = 10 * NS_PER_S;
		else
			st->backoff_ns = MIN(2 * st->backoff_ns, 300 * NS_PER_S);
		*delay_ns = st->backoff_ns;
		break;
	case RESTART_SYSTEMD:
		*delay_ns = 100 * NS_PER_MS;
		/* a sixth start within the interval is refused */
		if (st->nr_starts == burst &&
		    now_ns + *delay_ns - st->starts[burst - 1] < 10 * NS_PER_S)
			return false;
		break;
	}
	return true;
}
