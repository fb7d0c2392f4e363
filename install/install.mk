# SPDX-License-Identifier: GPL-2.0-only
# "make install" and what it needs; the Makefile includes this. The build does not depend on it.

PREFIX  ?= /usr/local
ifndef LIBDIR
LIBDIR  := $(PREFIX)/lib
endif
DESTDIR ?=

MAN     := $(B)/man
STAGE   := $(B)/install

.PHONY: man install uninstall deb test-deb

man: $(MAN)/stamp ## the manual pages, in build/man

$(MAN)/stamp: $(BIN) traces/FORMAT.md install/manual.awk install/manuals.sh
	@rm -rf $(MAN)
	$(Q)install/manuals.sh $(abspath $(BIN)) $(MAN)
	@touch $@

# Written by each "make install": it names folders, which may be others than the last time.
$(STAGE)/reapsim.pc: install/reapsim.pc.in FORCE
	@mkdir -p $(STAGE)
	@sed -e "s|@PREFIX@|$$(realpath -m --relative-to=$(call q,LIBDIR)/pkgconfig $(call q,PREFIX))|" \
		-e "s|@VERSION@|$$(sed -n 's/^#define REAPSIM_VERSION "\(.*\)"/\1/p' sim/version.h)|" $< >$@

$(STAGE)/reapsim.%: $(BIN)
	@mkdir -p $(STAGE)
	@$(BIN) completion $* >$@

INSTALL_SH = PREFIX=$(call q,PREFIX) LIBDIR=$(call q,LIBDIR) DESTDIR=$(call q,DESTDIR) install/install.sh

install: $(BIN) $(PLAYER) $(LIB) man $(addprefix $(STAGE)/reapsim.,pc bash zsh fish) ## install below PREFIX (/usr/local): program, library, manuals, completion, machines; DESTDIR
	$(Q)$(INSTALL_SH) install $(abspath $(B))

uninstall: ## remove what "make install" installed
	$(Q)$(INSTALL_SH) uninstall

# In a copy of the tree, as dpkg-buildpackage writes into the tree and next to it, and without the
# variables of this make, which would reach that of the package.
deb: ## Debian packages in build/deb, checked by lintian if that is installed
	@rm -rf $(BUILD)/deb
	@mkdir -p $(BUILD)/deb/reapsim
	@tar cf - --exclude=./build --exclude=./out --exclude=./.git \
		--exclude=$(call quoted,$(patsubst $(CURDIR)/%,./%,$(abspath $(BUILD)))) . | tar xf - -C $(BUILD)/deb/reapsim
	cd $(BUILD)/deb/reapsim && env -i PATH="$$PATH" HOME="$$HOME" dpkg-buildpackage -b -us -uc
	@rm -rf $(BUILD)/deb/reapsim
	@if command -v lintian >/dev/null; then lintian --fail-on error,warning $(BUILD)/deb/*.changes; \
	else echo "deb: lintian is not installed"; fi

test-deb: ## build the packages twice, compare the bytes, try what is in them
	tests/deb.sh
