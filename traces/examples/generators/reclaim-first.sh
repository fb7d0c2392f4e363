# SPDX-License-Identifier: GPL-2.0-only
# Pages stream through memory before the kill and age the victim's pages. The later the
# kill, the fewer of its pages are still mapped and young (sim_reap_young).
#> sim_reap_young 1024
#> sim_reap_young 204
for stream in 0 2048; do
	reapsim gen reclaim-first app_pages=1024 stream_pages=$stream step_pages=128 \
		after_pages=1024 memcg_pages=1500 | reapsim run -
done
