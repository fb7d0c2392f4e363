# SPDX-License-Identifier: GPL-2.0-only
# Fault-around maps pages old: of 1024 mapped pages only the 256 that the victim used are
# due a mark.
#> sim_reap_pages 1024
#> sim_reap_young 256
reapsim gen reclaim-first app_pages=1024 used_of_16=4 stream_pages=0 step_pages=128 \
	after_pages=1024 memcg_pages=4096 |
	reapsim run --machine arm64 -
