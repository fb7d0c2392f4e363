# SPDX-License-Identifier: GPL-2.0-only
# Reads of one file, in which some pages are far more popular than others: a cache of a
# tenth of the file serves more than half of 20000 reads. No process maps a page, so the
# policy does not matter.
#> sim_accesses 20000
#> sim_fills 9251
reapsim gen zipf pages=4000 accesses=20000 memcg_pages=400 |
	reapsim run --set readahead_pages=0 -
