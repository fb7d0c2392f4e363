// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/slots.h, trace_page_file(): the file of a slot, against a search from the first file on.
 */
#include <CUnit/CUnit.h>

#include "sim/mm/slots.h"
#include "tests/unit/testlib.h"

void suite_slots(void);

/* sizes around the 1024 slots that share a hint */
static const uint32_t sizes[] = { 1, 1, 1021, 1024, 1, 1023, 3000, 2, 1, 1, 5, 2048, 1 };

static void test_slot_file(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	uint32_t slot = FOLIO_FIRST;
	struct tl *x;

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
		g_string_append_printf(text, "file,f%zu,%u;", i, sizes[i]);
	g_string_append(text, "spawn,1; anon,1,0,1,rw-p; touch,1,0,1,w");
	x = tl_run("file_system=ext4", NULL, text->str);
	for (uint32_t i = 0; i < G_N_ELEMENTS(sizes); i++)
		for (uint32_t p = 0; p < sizes[i]; p++, slot++) {
			TL_EQ(slot_file(x->s, slot), i, "file %u, page %u", i, p);
			TL_EQ(file_slot(x->s, i, p), slot, "file %u, page %u", i, p);
			CU_ASSERT(!slot_is_metadata(x->s, slot) && !slot_is_anon(x->s, slot));
		}
	CU_ASSERT(slot < x->s->anon_first);
	for (; slot < x->s->anon_first; slot++) {
		CU_ASSERT(slot_is_metadata(x->s, slot));
		TL_EQ(slot_file(x->s, slot), G_N_ELEMENTS(sizes), "metadata");
	}
	CU_ASSERT(slot_is_anon(x->s, tl_anon_slot(x, 1, 0)));
	tl_free(x);
}

void suite_slots(void)
{
	CU_pSuite s = CU_add_suite("slots", NULL, NULL);

	CU_add_test(s, "the file of a slot", test_slot_file);
}
