# SPDX-License-Identifier: GPL-2.0-only
# "make install" and what it needs; the Makefile includes this. The build does not depend on it.

PREFIX  ?= /usr/local
ifndef LIBDIR
LIBDIR  := $(PREFIX)/lib
endif
DESTDIR ?=

MAN     := $(B)/man
INSTALL := $(B)/install

.PHONY: man install uninstall

man: $(MAN)/stamp ## the manual pages, in build/man

$(MAN)/stamp: $(BIN) traces/FORMAT.md install/manual.awk install/manuals.sh
	@rm -rf $(MAN)
	$(Q)install/manuals.sh $(abspath $(BIN)) $(MAN)
	@touch $@

# Written by each "make install": it names folders, which may be others than the last time.
$(INSTALL)/reapsim.pc: install/reapsim.pc.in FORCE
	@mkdir -p $(INSTALL)
	@sed -e "s|@PREFIX@|$$(realpath -m --relative-to=$(call q,LIBDIR)/pkgconfig $(call q,PREFIX))|" \
		-e "s|@VERSION@|$$(sed -n 's/^#define REAPSIM_VERSION "\(.*\)"/\1/p' sim/version.h)|" $< >$@

$(INSTALL)/reapsim.%: $(BIN)
	@mkdir -p $(INSTALL)
	@$(BIN) completion $* >$@

INSTALL_SH = PREFIX=$(call q,PREFIX) LIBDIR=$(call q,LIBDIR) DESTDIR=$(call q,DESTDIR) install/install.sh

install: $(BIN) $(LIB) man $(addprefix $(INSTALL)/reapsim.,pc bash zsh fish) ## install below PREFIX (/usr/local): program, library, manuals, completion, machines; DESTDIR
	$(Q)$(INSTALL_SH) install $(abspath $(B))

uninstall: ## remove what "make install" installed
	$(Q)$(INSTALL_SH) uninstall
