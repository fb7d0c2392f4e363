# SPDX-License-Identifier: GPL-2.0-only
# Skips marks in process_mrelease() and in the OOM reaper. Pages of a process that exits by
# itself, or is killed but not reaped, are marked. A large folio that only one process maps
# is exclusive, too.
#> released:0-2 unchanged
#> oom:0-2 unchanged
#> sim_zap_marks 0
#> sim_zap_skipped 52
reapsim explain --policy v1 --no-lists ways-to-die.csv |
	grep -B1 'skips the mark'
reapsim run --policy v1 --all --set max_folio_order=4 large-folios.csv
