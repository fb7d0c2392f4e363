# SPDX-License-Identifier: GPL-2.0-only
# Killed processes whose return is left to a timed run: here each comes back two seconds
# later (--restart), and waits longer for its file under v1.
#> policy waited change refaults fills
#> baseline 706.1 3314 6386
#> v1 782.3 +10.8% 4000 7072
reapsim gen kill-return victims=8 app_pages=256 horizon_ticks=12 stream_pages=128 \
	stream_file_pages=1024 memcg_pages=1500 |
	reapsim outcome --policies baseline,v1 --restart fixed=2s \
		--machines traces/machines/phone-emmc.conf -
