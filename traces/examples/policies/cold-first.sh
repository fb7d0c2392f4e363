# SPDX-License-Identifier: GPL-2.0-only
# The killer calls process_madvise(COLD) between the kill and process_mrelease(): the three pages
# of the process that is reaped so are old when they are unmapped, and no mark comes of them.
#> sim_zap_marks 15
#> sim_reap_young 15
reapsim run --policy cold-first ways-to-die.csv
