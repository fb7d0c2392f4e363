# SPDX-License-Identifier: GPL-2.0-only
# A process reads a file of four times the memory three times, another uses a working set.
# Nearly all of the file is read from the device each time. Only any-exit skips marks, when
# the process exits, which is too late to matter.
#> baseline 9502 13902 603 0 0
#> any-exit 9502 = 13902 = 603 164 0
reapsim gen sequential stream_pages=4000 ws_pages=400 memcg_pages=1024 |
	reapsim compare --policies baseline,v1,any-exit -
