# SPDX-License-Identifier: GPL-2.0-only
# As any-exit, and the pages go to the inactive tail: reclaim takes them first.
#> sim_zap_skipped 18
#> sim_zap_demoted 18
reapsim run --policy demote traces/examples/ways-to-die.csv
