# SPDX-License-Identifier: GPL-2.0-only
# A real kernel as the judge: ours, built and booted by kernel-patch/scripts, or a
# distribution's, unpacked and booted; cached in ~/.cache/reapsim. Included by the
# Makefile.

KERNEL     ?= 7.3
KERNEL_SRC ?=
CONFIG     ?= base
POLICY     ?= baseline
LRU        ?= classic
RUNS       ?= 5
TRACES     ?=
INTO       ?=
# of a stock kernel
KERNEL_IMAGE ?=
SET          ?=
SETTINGS     ?=

.PHONY: kernel kernel-run kernel-check kernel-agreement stock-run stock-check stock-agreement stock-matrix

# What the user gave, as a script takes it; what is this file's default is not passed on.
given = $(if $(filter file,$(origin $(1))),,$(1)=$(call q,$(1)))

kernel: ## a kernel with every policy; KERNEL=7.3|6.12 or KERNEL_SRC=TREE, CONFIG=base|thp|events
	@KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) CONFIG=$(call q,CONFIG) kernel-patch/scripts/build.sh

kernel-run: ## TRACE=FILE on that kernel, counters as CSV; POLICY= LRU= (lists), RUNS=5
	@KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) CONFIG=$(call q,CONFIG) POLICY=$(call q,POLICY) \
		LRU=$(call q,LRU) RUNS=$(call q,RUNS) kernel-patch/scripts/run.sh $(call q,TRACE)

kernel-check: $(BIN) ## the series, its tests, the recorded kernel numbers, on a kernel built and booted
	@KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) kernel-patch/scripts/check.sh '$(abspath $(BIN))'

kernel-agreement: ## play traces/scenarios on that kernel and keep what it counts; SCENARIOS= RUNS=5 JOBS=2 TRACES= INTO=
	@KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) LRU=$(call q,LRU) RUNS=$(call q,RUNS) SCENARIOS=$(call q,SCENARIOS) \
		$(call given,POLICY) $(if $(JOBS),JOBS=$(call q,JOBS)) \
		TRACES=$(call q,TRACES) INTO=$(call q,INTO) kernel-patch/scripts/record.sh

stock-run: $(BIN) ## TRACE=FILE on a distribution's kernel as shipped; KERNEL=7.3|6.12|... or KERNEL_IMAGE=, SET= POLICY= LRU= RUNS=5
	@REAPSIM='$(abspath $(BIN))' KERNEL=$(call q,KERNEL) KERNEL_IMAGE=$(call q,KERNEL_IMAGE) SET=$(call q,SET) \
		$(call given,POLICY) $(call given,LRU) RUNS=$(call q,RUNS) kernel-patch/scripts/stock-run.sh $(call q,TRACE)

stock-check: ## does that judge work? on KERNEL=7.3|6.12|... or KERNEL_IMAGE=: every operation, policy and setting
	@KERNEL=$(call q,KERNEL) KERNEL_IMAGE=$(call q,KERNEL_IMAGE) kernel-patch/scripts/stock-check.sh

stock-agreement: $(BIN) ## traces/scenarios/stock on Debian's 7.3 and 6.12, next to the simulator; KERNEL= LRU= SETTINGS="nokmem small large" SCENARIOS= RUNS=5
	@$(if $(filter file,$(origin KERNEL)),,KERNELS=$(call q,KERNEL)) KERNEL_IMAGE=$(call q,KERNEL_IMAGE) \
		$(call given,LRU) $(call given,POLICY) SETTINGS=$(call q,SETTINGS) SCENARIOS=$(call q,SCENARIOS) \
		RUNS=$(call q,RUNS) $(if $(JOBS),JOBS=$(call q,JOBS)) TRACES=$(call q,TRACES) INTO=$(call q,INTO) \
		kernel-patch/scripts/stock-agreement.sh '$(abspath $(BIN))'

stock-matrix: $(BIN) ## the decision matrix of large folios on a distribution's kernel, next to the simulator; KERNEL= or KERNEL_IMAGE=
	@KERNEL=$(call q,KERNEL) KERNEL_IMAGE=$(call q,KERNEL_IMAGE) tests/kernel/large-matrix.sh --again '$(abspath $(BIN))'
