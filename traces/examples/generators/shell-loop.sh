# SPDX-License-Identifier: GPL-2.0-only
# while true; do app; done: each run is exclusive, and the next one needs the same
# pages. any-exit forgets them.
#> baseline 4399 5627 1390 0 0
#> any-exit 4620 +5.0% 5848 +3.9% 316 12072 0
reapsim gen shell-loop runs=300 lib_pages=200 big_every=50 big_pages=700 memcg_pages=800 |
	reapsim compare --policies baseline,v1,any-exit -
