# SPDX-License-Identifier: GPL-2.0-only
# Fault-around maps pages young: all 1024 pages of the victim are due a mark, although it
# used only a quarter of them.
#> sim_reap_pages 1024
#> sim_reap_young 1024
reapsim gen reclaim-first app_pages=1024 used_of_16=4 stream_pages=0 step_pages=128 \
	after_pages=1024 memcg_pages=4096 |
	reapsim run --machine x86 -
