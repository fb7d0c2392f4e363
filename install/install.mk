# SPDX-License-Identifier: GPL-2.0-only
# What is made for "make install"; the Makefile includes this.

MAN := $(B)/man

.PHONY: man

man: $(MAN)/stamp ## the manual pages, in build/man

$(MAN)/stamp: $(BIN) traces/FORMAT.md install/manual.awk install/manuals.sh
	@rm -rf $(MAN)
	$(Q)install/manuals.sh $(abspath $(BIN)) $(MAN)
	@touch $@
