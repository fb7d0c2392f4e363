# SPDX-License-Identifier: GPL-2.0-only
# Skips marks in process_mrelease() and in the OOM reaper, like v1. But it counts each PTE
# that maps a folio, so it marks large folios, which have several.
#> released:0-2 unchanged
#> oom:0-2 unchanged
#> sim_zap_marks 20
#> sim_zap_skipped 32
reapsim explain --policy rfc --no-lists ways-to-die.csv |
	grep -B1 'skips the mark'
reapsim run --policy rfc --all --set max_folio_order=4 large-folios.csv
