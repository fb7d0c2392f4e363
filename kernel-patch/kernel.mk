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
SECONDS    ?= 60
PAGES      ?= 4096
# of a stock kernel
KERNEL_IMAGE ?=
SET          ?=
SETTINGS     ?=

.PHONY: kernel kernel-run kernel-check kernel-lint kernel-agreement kernel-stress kernel-bench kernel-mutants kernel-selftests stock-run stock-play stock-check stock-agreement stock-matrix

# What the user gave, as a script takes it; what is this file's default is not passed on.
given = $(if $(filter file,$(origin $(1))),,$(1)=$(call q,$(1)))

kernel: ## a kernel with every policy; KERNEL=7.3|7.3.4|6.12|... or KERNEL_SRC=TREE, CONFIG=base|thp|events|selftests|filesystems|stress
	@KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) CONFIG=$(call q,CONFIG) kernel-patch/scripts/build.sh
	@printf 'kernel: %s\n' 'what other targets need, and build if it is not there:' \
		'  kernel-run: CONFIG= (base), with the test-only patch' \
		'  kernel-check: base, with the test-only patch; selftests (6.12: base), with the series; objects of base and thp' \
		'  kernel-selftests: selftests, or filesystems if FS= has xfs, btrfs or f2fs, with the series' \
		'  kernel-agreement: events, with the test-only patch' \
		'  kernel-stress: stress, with the series; kernel-bench: selftests, or CONFIG=, with the series' \
		'  stock-*: none, they unpack a kernel of Debian' >&2

kernel-run: $(BIN) ## TRACE=FILE on that kernel, counters as CSV; POLICY= LRU= (lists), RUNS=5
	@REAPSIM='$(abspath $(BIN))' KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) CONFIG=$(call q,CONFIG) POLICY=$(call q,POLICY) \
		LRU=$(call q,LRU) RUNS=$(call q,RUNS) kernel-patch/scripts/run.sh $(call q,TRACE)

kernel-check: $(BIN) ## the series, its tests, the recorded kernel numbers, on a kernel built and booted
	@KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) kernel-patch/scripts/check.sh '$(abspath $(BIN))'

kernel-lint: ## the series by checkpatch, W=1, sparse and htmldocs, patch by patch; KERNEL= or KERNEL_SRC=TREE
	@KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) kernel-patch/scripts/lint.sh

kernel-agreement: $(BIN) ## play traces/scenarios on that kernel and keep what it counts; SCENARIOS= RUNS=5 JOBS= TRACES= INTO=
	@REAPSIM='$(abspath $(BIN))' KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) LRU=$(call q,LRU) RUNS=$(call q,RUNS) SCENARIOS=$(call q,SCENARIOS) \
		$(call given,POLICY) $(if $(JOBS),JOBS=$(call q,JOBS)) \
		TRACES=$(call q,TRACES) INTO=$(call q,INTO) kernel-patch/scripts/record.sh

kernel-stress: ## the series under KASAN, PROVE_LOCKING, DEBUG_VM, in the middle of everything; SECONDS=60 KERNEL= SEED=1 COLLAPSE=1
	@STRESS_SECONDS=$(call q,SECONDS) KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) kernel-patch/scripts/stress.sh

kernel-selftests: ## the selftests of the series on other file systems; FS="ext4 xfs btrfs f2fs overlayfs tmpfs" LRU= KERNEL=
	@KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) kernel-patch/scripts/selftests.sh

kernel-mutants: ## do the selftests of the series notice when a rule of it is broken? FS= LRU= INTO=FILE
	@KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) INTO=$(call q,INTO) kernel-patch/scripts/mutants.sh

kernel-bench: ## instructions a page of each flag and of what userspace can do instead; PAGES=4096 REPETITIONS=3 KERNEL=, or HOST=FOLDER: time, here
	@PAGES=$(call q,PAGES) $(call given,CONFIG) KERNEL=$(call q,KERNEL) KERNEL_SRC=$(call q,KERNEL_SRC) kernel-patch/scripts/bench.sh

stock-run: $(BIN) ## TRACE=FILE on a distribution's kernel as shipped; KERNEL=7.3|6.12|... or KERNEL_IMAGE=, SET= POLICY= LRU= RUNS=5
	@REAPSIM='$(abspath $(BIN))' KERNEL=$(call q,KERNEL) KERNEL_IMAGE=$(call q,KERNEL_IMAGE) SET=$(call q,SET) \
		$(call given,POLICY) $(call given,LRU) RUNS=$(call q,RUNS) kernel-patch/scripts/stock-run.sh $(call q,TRACE)

stock-play: $(BIN) $(PLAYER) ## reapsim play of TRACE=FILE in a guest with a distribution's kernel and cgroup v2; PLAY="OPTIONS" KERNEL= CPUS=2
	@REAPSIM='$(abspath $(BIN))' KERNEL=$(call q,KERNEL) KERNEL_IMAGE=$(call q,KERNEL_IMAGE) $(call given,CPUS) \
		kernel-patch/scripts/stock-play.sh $(call q,TRACE) $(PLAY)

stock-check: ## does that judge work? on KERNEL=7.3|6.12|... or KERNEL_IMAGE=: every operation, policy and setting
	@KERNEL=$(call q,KERNEL) KERNEL_IMAGE=$(call q,KERNEL_IMAGE) kernel-patch/scripts/stock-check.sh

stock-agreement: $(BIN) ## traces/scenarios/stock on Debian's 7.3 and 6.12, next to the simulator; KERNEL= LRU= SETTINGS="large small" SCENARIOS= RUNS=5 JOBS=
	@$(if $(filter file,$(origin KERNEL)),,KERNELS=$(call q,KERNEL)) KERNEL_IMAGE=$(call q,KERNEL_IMAGE) \
		$(call given,LRU) $(call given,POLICY) SETTINGS=$(call q,SETTINGS) SCENARIOS=$(call q,SCENARIOS) \
		RUNS=$(call q,RUNS) $(if $(JOBS),JOBS=$(call q,JOBS)) TRACES=$(call q,TRACES) INTO=$(call q,INTO) \
		kernel-patch/scripts/stock-agreement.sh '$(abspath $(BIN))'

stock-matrix: $(BIN) ## the decision matrix of large folios on a distribution's kernel, next to the simulator; KERNEL= or KERNEL_IMAGE=
	@KERNEL=$(call q,KERNEL) KERNEL_IMAGE=$(call q,KERNEL_IMAGE) tests/kernel/large-matrix.sh --again '$(abspath $(BIN))'
