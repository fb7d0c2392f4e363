# SPDX-License-Identifier: GPL-2.0-only
# while true; do app; done: the pages of each run are exclusive, and the next run needs
# them again. any-exit skips their marks, so more of them are read again.
#> baseline 4399 5627 1390 0 0
#> any-exit 4620 +5.0% 5848 +3.9% 316 12072 0
reapsim gen shell-loop runs=300 lib_pages=200 big_every=50 big_pages=700 memcg_pages=800 |
	reapsim compare --policies baseline,v1,any-exit -
