# SPDX-License-Identifier: GPL-2.0-only
# Without readahead and fault-around each page needs its own major fault.
#> pgmajfault 4200
#> sim_fills 4200
reapsim gen restart-loop app_pages=300 rounds=4 warm_rounds=1 big_pages=1000 memcg_pages=1024 |
	reapsim run --machine no-readahead -
