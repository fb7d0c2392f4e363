# SPDX-License-Identifier: GPL-2.0-only
# A stream of four times the memory, three times from end to end, and a process with
# a working set: nearly all of it is read each time. Only any-exit has something to
# skip, when the process ends: too late to matter.
#> baseline 9502 13902 603 0 0
#> any-exit 9502 = 13902 = 603 164 0
reapsim gen sequential stream_pages=4000 ws_pages=400 memcg_pages=1024 |
	reapsim compare --policies baseline,v1,any-exit -
