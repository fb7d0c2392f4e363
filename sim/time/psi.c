// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 kernel/sched/psi.c: test_states(), record_times(),
 * get_recent_times(), collect_percpu_times(), window_update(),
 * update_triggers(), update_averages(), psi_rtpoll_work(), psi_avgs_work().
 *
 * Each CPU records its time in each state. The system's time in a state is the mean over
 * CPUs, weighted by the time that each was not idle. A trigger compares the growth of that
 * time over a window with a threshold. A window that has just begun is filled up with the
 * growth of the one before. Timers expire at ticks. v6.12 has the same rules.
 *
 * Approximations: memory pressure only, of the whole system only (a run in a memcg has no
 * tasks outside it, so the two are equal). The periodic work for averages starts with the
 * first trigger or query, and does not stop while all CPUs are idle. Missed periods are
 * rounded one by one (calc_load_n()).
 */
#include "sim/time/psi.h"

#include <glib.h>

#include "sim/time/sched.h"

#define FSHIFT		   11
#define FIXED_1		   (1 << FSHIFT)
#define EXP_10s		   1677
#define UPDATES_PER_WINDOW 10

enum aggregator {
	AGG_AVGS,
	AGG_POLL,
	NR_AGGREGATORS,
};

/** struct psi_cpu - struct psi_group_cpu. */
struct psi_cpu {
	unsigned int nr_memstall, nr_running, nr_memstall_running, nr_iowait;
	bool oncpu_memstall;
	unsigned int mask;
	uint64_t state_start;
	uint64_t times[NR_PSI_STATES];
	uint64_t times_prev[NR_AGGREGATORS][NR_PSI_STATES];
};

struct psi {
	struct sched *sched;
	struct clock *clock;
	uint64_t jiffy_ns;
	unsigned int nr_cpus;
	struct psi_cpu *cpus;
	uint64_t total[NR_AGGREGATORS][PSI_NONIDLE];
	/* averages */
	struct timer avgs_timer;
	uint64_t period_ns, avg_last_update, avg_next_update;
	uint64_t avg_total[PSI_NONIDLE], avg10[PSI_NONIDLE];
	/* triggers */
	struct timer poll_timer;
	struct psi_trigger *triggers;
	struct wait_queue waiters;
	unsigned int poll_states;
	uint64_t poll_total[PSI_NONIDLE];
	uint64_t poll_min_period, poll_until, poll_next_update;
};

static unsigned int test_states(const struct psi_cpu *c)
{
	unsigned int mask = 0;

	if (c->nr_memstall) {
		mask |= 1 << PSI_MEM_SOME;
		if (c->nr_running == c->nr_memstall_running)
			mask |= 1 << PSI_MEM_FULL;
	}
	/* a task in reclaim occupies the CPU, so no productive task runs on it */
	if (c->oncpu_memstall)
		mask |= 1 << PSI_MEM_FULL;
	if (c->nr_memstall || c->nr_running || c->nr_iowait)
		mask |= 1 << PSI_NONIDLE;
	return mask;
}

static void record_times(struct psi_cpu *c, uint64_t now)
{
	for (int i = 0; i < NR_PSI_STATES; i++)
		if (c->mask & 1 << i)
			c->times[i] += now - c->state_start;
	c->state_start = now;
}

static void count(struct psi_cpu *c, const struct psi_task *t, int n)
{
	c->nr_running += t->running ? n : 0;
	c->nr_memstall += t->memstall ? n : 0;
	c->nr_memstall_running += t->memstall && t->running ? n : 0;
	c->nr_iowait += t->iowait ? n : 0;
	if (t->oncpu)
		c->oncpu_memstall = n > 0 && t->memstall;
}

/* mod_timer(jiffies + @ticks), unless it is pending */
static void schedule(struct psi *p, struct timer *t, uint64_t ticks)
{
	if (!timer_queued(t))
		clock_push(p->clock, t, (p->clock->now_ns / p->jiffy_ns + ticks) * p->jiffy_ns);
}

/* nsecs_to_jiffies(), which rounds down, plus one */
static uint64_t ticks_until(const struct psi *p, uint64_t at_ns)
{
	return (at_ns - MIN(p->clock->now_ns, at_ns)) / p->jiffy_ns + 1;
}

static void change(struct psi *p, unsigned int cpu, const struct psi_task *t, int n)
{
	struct psi_cpu *c = &p->cpus[cpu];

	record_times(c, p->clock->now_ns);
	count(c, t, n);
	c->mask = test_states(c);
	if (c->mask & p->poll_states)
		schedule(p, &p->poll_timer, 1);
}

void psi_task_change(struct psi *p, struct psi_task *t, struct psi_task now)
{
	change(p, t->cpu, t, -1);
	*t = now;
	change(p, now.cpu, t, 1);
}

/* Return: the states that occurred since the last call */
static unsigned int collect_percpu_times(struct psi *p, enum aggregator agg)
{
	uint64_t deltas[PSI_NONIDLE] = { 0 }, nonidle_total = 0;
	unsigned int changed = 0;

	for (unsigned int cpu = 0; cpu < p->nr_cpus; cpu++) {
		struct psi_cpu *c = &p->cpus[cpu];
		uint64_t times[NR_PSI_STATES], nonidle;

		record_times(c, p->clock->now_ns);
		for (int i = 0; i < NR_PSI_STATES; i++) {
			times[i] = c->times[i] - c->times_prev[agg][i];
			c->times_prev[agg][i] = c->times[i];
			changed |= times[i] ? 1u << i : 0;
		}
		nonidle = times[PSI_NONIDLE] / p->jiffy_ns;
		nonidle_total += nonidle;
		for (int i = 0; i < PSI_NONIDLE; i++)
			deltas[i] += times[i] * nonidle;
	}
	for (int i = 0; i < PSI_NONIDLE; i++)
		p->total[agg][i] += deltas[i] / MAX(nonidle_total, 1);
	return changed;
}

static void window_reset(struct psi_window *win, uint64_t now, uint64_t value, uint64_t prev)
{
	win->start_ns = now;
	win->start_value = value;
	win->prev_growth = prev;
}

uint64_t psi_window_update(struct psi_window *win, uint64_t now_ns, uint64_t value)
{
	uint64_t elapsed = now_ns - win->start_ns, growth = value - win->start_value;

	if (elapsed > win->size_ns)
		window_reset(win, now_ns, value, growth);
	else
		growth += win->prev_growth * (win->size_ns - elapsed) / win->size_ns;
	return growth;
}

static void update_triggers(struct psi *p)
{
	const uint64_t now = p->clock->now_ns;

	for (struct psi_trigger *t = p->triggers; t; t = t->next) {
		const uint64_t total = p->total[AGG_POLL][t->state];
		const bool new_stall = p->poll_total[t->state] != total;

		if (!new_stall && !t->pending)
			continue;
		if (new_stall) {
			uint64_t growth = psi_window_update(&t->win, now, total);

			if (!t->pending && growth < t->threshold_ns)
				continue;
			t->pending = true;
		}
		/* fires at most once per window */
		if (t->fired && now < t->last_event_ns + t->win.size_ns)
			continue;
		t->event = true;
		wake_all(p->sched, &p->waiters);
		t->last_event_ns = now;
		t->fired = true;
		t->pending = false;
	}
}

static void copy_totals(struct psi *p)
{
	for (int i = 0; i < PSI_NONIDLE; i++)
		p->poll_total[i] = p->total[AGG_POLL][i];
}

static void init_poll_triggers(struct psi *p)
{
	const uint64_t now = p->clock->now_ns;

	for (struct psi_trigger *t = p->triggers; t; t = t->next)
		window_reset(&t->win, now, p->total[AGG_POLL][t->state], 0);
	copy_totals(p);
	p->poll_next_update = now + p->poll_min_period;
}

/* psi_rtpoll_work() */
static void poll_work(void *arg)
{
	struct psi *p = arg;
	const uint64_t now = p->clock->now_ns;
	const bool over = now > p->poll_until;
	unsigned int changed = collect_percpu_times(p, AGG_POLL);

	if (changed & p->poll_states) {
		if (over)
			init_poll_triggers(p);
		p->poll_until = now + p->poll_min_period * UPDATES_PER_WINDOW;
	}
	if (now > p->poll_until) {
		p->poll_next_update = UINT64_MAX;
		return;
	}
	if (now >= p->poll_next_update) {
		if (changed & p->poll_states) {
			update_triggers(p);
			copy_totals(p);
		}
		p->poll_next_update = now + p->poll_min_period;
	}
	schedule(p, &p->poll_timer, ticks_until(p, p->poll_next_update));
}

uint64_t psi_calc_avg10(uint64_t avg, uint64_t percent)
{
	const uint64_t active = percent * FIXED_1;
	uint64_t load = avg * EXP_10s + active * (FIXED_1 - EXP_10s);

	if (active >= avg)
		load += FIXED_1 - 1;
	return load / FIXED_1;
}

/* psi_show(), psi_avgs_work(): collects, and ends a period if that is due */
static void update_averages(struct psi *p)
{
	const uint64_t now = p->clock->now_ns;
	uint64_t missed, period;

	collect_percpu_times(p, AGG_AVGS);
	if (now < p->avg_next_update)
		return;
	missed = (now - p->avg_next_update) / p->period_ns;
	p->avg_next_update += (1 + missed) * p->period_ns;
	period = now - (p->avg_last_update + missed * p->period_ns);
	p->avg_last_update = now;
	for (int i = 0; i < PSI_NONIDLE; i++) {
		uint64_t sample = MIN(p->total[AGG_AVGS][i] - p->avg_total[i], period);

		p->avg_total[i] += sample;
		for (uint64_t n = missed; n && p->avg10[i]; n--)
			p->avg10[i] = psi_calc_avg10(p->avg10[i], 0);
		p->avg10[i] = psi_calc_avg10(p->avg10[i], sample * 100 / period);
	}
}

static void schedule_averages(struct psi *p)
{
	schedule(p, &p->avgs_timer, ticks_until(p, p->avg_next_update));
}

static void avgs_work(void *arg)
{
	update_averages(arg);
	schedule_averages(arg);
}

struct psi *psi_new(struct sched *sched, struct clock *clock, unsigned int nr_cpus,
		    uint64_t jiffy_ns)
{
	struct psi *p = g_new0(struct psi, 1);

	p->sched = sched;
	p->clock = clock;
	p->nr_cpus = nr_cpus;
	p->jiffy_ns = jiffy_ns;
	p->cpus = g_new0(struct psi_cpu, nr_cpus);
	/* only killers wait for these timers */
	p->avgs_timer = (struct timer){ .fn = avgs_work, .arg = p, .background = true };
	p->poll_timer = (struct timer){ .fn = poll_work, .arg = p, .background = true };
	p->poll_min_period = p->poll_next_update = UINT64_MAX;
	/* PSI_FREQ is 2 * HZ + 1 */
	p->period_ns = 2000000000ull + jiffy_ns;
	p->avg_next_update = p->period_ns;
	return p;
}

void psi_free(struct psi *p)
{
	g_free(p->cpus);
	g_free(p);
}

void psi_trigger_add(struct psi *p, struct psi_trigger *t, enum psi_state state,
		     uint64_t threshold_ns, uint64_t window_ns)
{
	*t = (struct psi_trigger){
		.state = state,
		.threshold_ns = threshold_ns,
		.win.size_ns = window_ns,
		.next = p->triggers,
	};
	p->triggers = t;
	/* psi_trigger_create(): the window begins with the trigger */
	collect_percpu_times(p, AGG_POLL);
	window_reset(&t->win, p->clock->now_ns, p->total[AGG_POLL][state], 0);
	p->poll_states |= 1u << state;
	p->poll_min_period = MIN(p->poll_min_period, window_ns / UPDATES_PER_WINDOW);
	schedule_averages(p);
}

void psi_wait(struct psi *p, uint64_t until_ns)
{
	wait_on_until(p->sched, &p->waiters, until_ns);
}

uint64_t psi_total_ns(struct psi *p, enum psi_state state)
{
	collect_percpu_times(p, AGG_AVGS);
	return p->total[AGG_AVGS][state];
}

uint64_t psi_avg10(struct psi *p, enum psi_state state)
{
	update_averages(p);
	schedule_averages(p);
	return p->avg10[state] * 100 / FIXED_1;
}
