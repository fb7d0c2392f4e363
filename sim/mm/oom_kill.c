// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/oom_kill.c: out_of_memory(), select_bad_process(),
 * oom_badness(), task_will_free_mem(). The run kills the victim and handles what is
 * left of it (struct mm_hooks); zap.c has the OOM reaper's unmapping.
 *
 * An untimed run has no OOM killer: its trace continues with every process and does not
 * say what would happen without one of them, so the run ends, and says who would be killed.
 *
 * Approximations: a task that finds a victim already dying sleeps for a tick; in the
 * kernel it continues with reclaim. oom_badness() counts page tables of the lowest
 * level only. TRACE_SYSTEM_PID is never chosen. In a memcg totalpages is limit and swap.
 */
#include "sim/mm/oom_kill.h"

#include "sim/time/sched.h"

void mm_count_pages(const struct mm *mm, struct mm_pages *out)
{
	const struct pte_table *last = NULL;

	*out = (struct mm_pages){ 0 };
	for (guint i = 0; i < mm->vmas->len; i++) {
		const struct vma *vma = mm->vmas->pdata[i];
		const uint64_t end = (uint64_t)vma->start + vma_pages(vma);

		for (uint64_t vpn = vma->start, stop; vpn < end; vpn = stop) {
			const struct pte_table *pt = pte_lookup(mm, (uint32_t)vpn);

			stop = MIN((vpn / PTRS_PER_PTE + 1) * PTRS_PER_PTE, end);
			/* two mappings may share a page table */
			out->tables += pt && pt != last;
			last = pt;
			for (; pt && (vpn = pte_next_vpn(pt, vpn, stop)) < stop; vpn++) {
				out->rss += pte_has_folio(pt, vpn % PTRS_PER_PTE);
				out->swap += (pte_get(pt, vpn % PTRS_PER_PTE) & PTE_swap) != 0;
			}
		}
	}
}

/* with OOM_SCORE_ADJ_MIN: never chosen */
static int64_t oom_badness(const struct mm *mm, uint64_t totalpages)
{
	struct mm_pages p;

	if (mm->pid == TRACE_SYSTEM_PID || mm->oom_score_adj == -OOM_SCORE_ADJ_MAX)
		return INT64_MIN;
	mm_count_pages(mm, &p);
	return (int64_t)(p.rss + p.swap + p.tables) +
	       mm->oom_score_adj * (int64_t)(totalpages / 1000);
}

/* struct oom_control */
struct oom_control {
	struct mm *chosen;
	int64_t chosen_points;
	uint64_t totalpages;
	int memcg;    /* only of processes there; -1: of all */
	bool pending; /* a victim is already dying: oom_evaluate_task() aborts */
	bool dying;   /* some process is dying */
};

/* of equal candidates the last one is chosen */
static void oom_evaluate_task(gpointer pid, gpointer value, gpointer data)
{
	struct oom_control *oc = data;
	struct mm *mm = value;
	int64_t points;

	(void)pid;
	if (oc->memcg >= 0 && mm->memcg != oc->memcg)
		return;
	oc->dying |= mm->killed;
	/* an exiting process has no mm any more, though it still has memory */
	if (mm->killed && !mm->task && !mm->oom_victim)
		return;
	oc->pending |= mm->oom_victim;
	if (oc->pending)
		return;
	points = oom_badness(mm, oc->totalpages);
	if (points == INT64_MIN)
		return;
	if (oc->chosen && (points < oc->chosen_points ||
			   (points == oc->chosen_points && mm->rank < oc->chosen->rank)))
		return;
	oc->chosen = mm;
	oc->chosen_points = points;
}

static void select_bad_process(struct sim *s, struct oom_control *oc)
{
	g_hash_table_foreach(s->procs, oom_evaluate_task, oc);
	if (oc->pending)
		oc->chosen = NULL;
}

bool out_of_memory(struct sim *s, const struct mem_cgroup *memcg, bool wait)
{
	const struct machine *m = &s->cfg.machine;
	struct oom_control oc = {
		.totalpages = (memcg ? memcg->max : m->memory_pages) + m->swap_pages,
		.memcg = memcg ? (int)(memcg - s->memcg) : -1,
	};

	select_bad_process(s, &oc);
	if (!s->hooks)
		s->oom_choice = oc.chosen;
	if (!s->hooks || (!oc.chosen && !oc.pending && !oc.dying)) {
		s->oom = true;
		return false;
	}
	if (oc.chosen) {
		oc.chosen->oom_victim = true;
		/* task_will_free_mem(): a killed process is about to die anyway */
		if (!oc.chosen->killed) {
			s->hooks->oom_kill(s, oc.chosen);
			return true;
		}
	}
	if (wait)
		task_sleep(s->sched, s->clock.now_ns + s->cfg.machine.tick_us * 1000ull, true);
	return true;
}
