# SPDX-License-Identifier: GPL-2.0-only
# The killer calls process_madvise(PAGEOUT) between the kill and process_mrelease(): the three
# pages of the process that is reaped so are gone before it.
#> nr_file_pages 15
#> sim_reap_pages 15
reapsim run --policy pageout-first ways-to-die.csv
