# SPDX-License-Identifier: GPL-2.0-only
# Apps take turns, as on a phone, but a very small one. Each is used again after all the
# others. The pages whose marks v1 skips are read again.
#> baseline 3304 4198 3334 0 0
#> v1 3438 +4.1% 4332 +3.2% 3156 1303 0
reapsim gen android-cycle30 apps=8 rounds=8 cached_limit=3 file_pages=600 anon_pages=100 system_pages=100 \
	memory_pages=0 swap_pages=0 memcg_pages=1200 |
	reapsim compare --policies baseline,v1,any-exit -
