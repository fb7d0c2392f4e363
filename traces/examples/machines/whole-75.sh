# SPDX-License-Identifier: GPL-2.0-only
# A whole machine with three quarters of the memory that the trace needs: kswapd reclaims,
# so no process has to.
#> machine whole-75: 993 pages, 16384 of swap, 1 cpus
#> pgsteal_kswapd 3349
reapsim gen restart-loop app_pages=300 rounds=4 warm_rounds=1 big_pages=1000 memcg_pages=0 |
	reapsim run --machine whole-75 -
