/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Restart rules: whether and when a killed process of a timed run restarts. A restarted
 * process replays its start-up section: its records from its spawn to its first pause, the
 * first "advance" of the trace during its life. Then it continues where it was killed, with
 * the mappings that it had then.
 */
#ifndef REAPSIM_RESTART_H
#define REAPSIM_RESTART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/err.h"
#include "sim/rng.h"

enum restart_kind {
	RESTART_NEVER,
	RESTART_ON_USE, /* when its next record is due */
	RESTART_FIXED,	/* after @min_ns */
	RESTART_UNIFORM,
	RESTART_LOG_UNIFORM,
	RESTART_KUBERNETES, /* 10 s, doubled up to 300 s; reset after 10 min of life */
	RESTART_SYSTEMD,    /* 100 ms; at most 5 starts in 10 s, then never again */
};

/** struct restart_rule - of a run. */
struct restart_rule {
	enum restart_kind kind;
	double probability;	 /* of a restart, drawn for each kill */
	uint64_t min_ns, max_ns; /* of the delay */
};

/** struct restart_state - of a process, zeroed at first. */
struct restart_state {
	uint64_t backoff_ns; /* Kubernetes: the last delay */
	uint64_t starts[5];  /* systemd: when, newest first */
	unsigned int nr_starts;
};

/**
 * restart_rule_parse - "never", "on-use", "fixed=10s", "uniform=1s..60s",
 * "log-uniform=1s..1h", "kubernetes", "systemd"; each may end in ",p=0.3".
 * A time has a suffix: ns, us, ms, s, m, h. -EINVAL: @err names the expected forms.
 */
int restart_rule_parse(struct restart_rule *r, const char *text, struct err *err);
/** The name of rule @i, and whether "=TIME" follows it; NULL after the last. */
const char *restart_rule_name(size_t i, bool *timed);
/** The rule as text that restart_rule_parse() accepts; the caller frees it. */
char *restart_rule_text(const struct restart_rule *r);
/** Record a start, also the first one. */
void restart_started(struct restart_state *st, uint64_t now_ns);
/**
 * restart_delay - a process that started at @started_ns was killed at @now_ns.
 * Return: true with the delay in @delay_ns (RESTART_ON_USE: 0), or false: no restart.
 */
bool restart_delay(const struct restart_rule *r, struct restart_state *st, uint64_t started_ns,
		   uint64_t now_ns, struct rng *rng, uint64_t *delay_ns);

#endif
