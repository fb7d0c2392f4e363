# SPDX-License-Identifier: GPL-2.0-only
# Like any-exit, but moves the pages to the inactive tail, where reclaim takes them first.
#> sim_zap_skipped 18
#> sim_zap_demoted 18
reapsim run --policy demote ways-to-die.csv
