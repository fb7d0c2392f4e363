# SPDX-License-Identifier: GPL-2.0-only
# systemd-oomd kills if too much memory and swap is in use. With a lower limit than its
# default it kills two apps, too. Options follow the name.
#> policy kills change avoidable
#> baseline 2.000 0
#> policy waited change refaults fills
#> baseline 558.2 2657 5657
reapsim outcome --policies baseline --loop trace --killer oomd:swap_used=50 --set swap_pages=256 \
	--machines phone-emmc short-of-memory.csv
