# SPDX-License-Identifier: GPL-2.0-only
# Half of the processes that share a library are killed and restarted. The library's pages
# are shared, so every policy marks them; only the marks of each process's own file are
# skipped.
#> baseline 6104 8504 2482 0 0
#> v1 5697 -6.7% 8097 -4.8% 2620 2342 0
reapsim gen shared-library processes=4 dying=2 rounds=6 lib_pages=600 own_pages=200 \
	big_pages=1000 memcg_pages=1600 |
	reapsim compare --policies baseline,v1,any-exit -
