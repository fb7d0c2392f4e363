# SPDX-License-Identifier: GPL-2.0-only
# Short runs of one compiler, which exit by themselves. v1 acts only on reaped processes
# and changes nothing. any-exit acts on every exit.
#> baseline 4742 6498 860 0 0
#> v1 4742 = 6498 = 860 0 0
#> any-exit 4676 -1.4% 6432 -1.0% 907 13696 0
reapsim gen compile-storm runs=60 program_pages=400 lib_pages=60 inputs=60 common_pages=300 \
	anon_pages=100 big_every=10 big_pages=700 memcg_pages=900 |
	reapsim compare --policies baseline,v1,any-exit -
