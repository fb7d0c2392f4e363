# SPDX-License-Identifier: GPL-2.0-only
# Processes are killed, and the restart rule of the timed run decides when they restart:
# here after two seconds (--restart). Under v1 they wait longer for their files.
#> policy waited change refaults fills
#> baseline 695.1 3314 6386
#> v1 758.0 +9.1+-1.4% 4000 7072
reapsim gen kill-return victims=8 app_pages=256 horizon_ticks=12 stream_pages=128 \
	stream_file_pages=1024 memcg_pages=1500 |
	reapsim outcome --policies baseline,v1 --restart fixed=2s \
		--machines phone-emmc -
