# SPDX-License-Identifier: GPL-2.0-only
# Android's killer sees low swap and thrashing. It kills two apps; then the file fits in
# memory.
#> policy kills change avoidable
#> baseline 2.000 0
#> policy waited change refaults fills
#> baseline 558.2 2657 5657
reapsim outcome --policies baseline --loop trace --killer lmkd --set swap_pages=256 \
	--machines phone-emmc short-of-memory.csv
