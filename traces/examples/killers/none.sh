# SPDX-License-Identifier: GPL-2.0-only
# No killer: the reader waits for its file again and again. Compare the waits with those
# of the other killers.
#> policy waited change refaults fills
#> baseline 4688 44804 47804
reapsim outcome --policies baseline --loop trace --killer none --set swap_pages=256 \
	--machines phone-emmc short-of-memory.csv
