# SPDX-License-Identifier: GPL-2.0-only
# Skips in the reap and in what the OOM reaper does. Who ends by itself, or is killed
# and not reaped, is marked. A large folio that one process maps is exclusive, too.
#> released:0-2 unchanged
#> oom:0-2 unchanged
#> sim_zap_marks 0
#> sim_zap_skipped 52
reapsim explain --policy v1 --no-lists traces/examples/ways-to-die.csv |
	grep -B1 'skips the mark'
reapsim run --policy v1 --all --set max_folio_order=4 traces/examples/large-folios.csv
