# SPDX-License-Identifier: GPL-2.0-only
# "make help" lists what there is to make.
#
# Works on a machine with nothing but gcc and make: whatever is built first
# waits for the stamp of tests/deps.sh, which installs what is missing. So
# pkg-config is asked in recipes (see PKG_CFLAGS), never while this is parsed.

BUILD        ?= build
SANITIZE     ?=
OPT          ?= -O2 -g
FUZZ_SECONDS ?= 300
SECONDS      ?= 3600
ARCH         ?= arm64 s390x
OUT          ?= out
V            ?=

ifeq ($(origin CC),default)
CC := gcc
endif

comma := ,
ifneq ($(SANITIZE),)
B         := $(BUILD)/$(subst $(comma),-,$(SANITIZE))
SAN_FLAGS := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
MALLOC    :=
else
B         := $(BUILD)
SAN_FLAGS :=
MALLOC    := -ljemalloc
endif

# Asked once, by the first recipe that needs them. The library needs no JSON, the program does.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags glib-2.0 libtracecmd json-glib-1.0))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs glib-2.0 libtracecmd))$(PKG_LIBS)
JSON_LIBS  = $(eval JSON_LIBS := $$(shell pkg-config --libs json-glib-1.0))$(JSON_LIBS)

WARN       := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
# A row of a table ends with what it has; gcc takes { NULL } as that, clang does not.
ifneq ($(findstring clang,$(CC)),)
WARN       += -Wno-missing-field-initializers
endif
# No fused multiply-add: a generated trace is the same bytes on every machine.
ALL_CFLAGS  = -std=gnu11 $(WARN) $(OPT) -ffp-contract=off -I. $(SAN_FLAGS) $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(OPT) $(SAN_FLAGS) $(LDFLAGS)
LIBS        = $(PKG_LIBS) -lcsv -lz -lzstd -lm $(MALLOC)

LIB_DIRS := sim sim/mm sim/time sim/lab models traces/readers traces/gen
LIB_SRC  := $(wildcard $(LIB_DIRS:=/*.c))
# sanitizers bring an allocator of their own
CLI_SRC  := $(filter-out $(if $(MALLOC),,sim/cli/malloc.c),$(wildcard sim/cli/*.c))
UNIT_SRC := $(wildcard tests/unit/*.c tests/unit/*/*.c)
FUZZ_SRC := tests/fuzz/fuzz_readers.c tests/fuzz/targets.c
ALL_SRC  := $(LIB_SRC) $(CLI_SRC) $(UNIT_SRC) $(FUZZ_SRC) tests/bench/bench.c traces/examples/compare-two.c
FORMAT   := $(wildcard $(addsuffix /*.[ch],$(LIB_DIRS) sim/cli traces/examples tests/* tests/*/*))

objects  = $(patsubst %.c,$(B)/obj/%.o,$(1))
LIB     := $(B)/libreapsim.a
BIN     := $(B)/reapsim
UNIT    := $(B)/unit-tests
BENCH   := $(B)/bench
EXAMPLE := $(B)/compare-two
# of reapsim play: static, so that its processes have little memory of their own
PLAYER  := $(B)/reapsim-player
STAMP   := $(BUILD)/deps.stamp

# A name as a word of a recipe, whatever is in it: of the value, of a variable.
quoted = '$(subst ','\'',$(1))'
q      = $(call quoted,$(value $(1)))

# "make V=1" shows the commands.
Q := $(if $(V),,@)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all report rotation rotation-sweep cost sampling time-agreement test test-unit test-cli test-docs test-examples test-sizes test-storeys
.PHONY: test-play test-growth test-cluster test-page test-manual test-completion test-install test-fail test-cross test-debian review review-record
.PHONY: agreement bench golden-update format
.PHONY: lessons lessons-record test-lessons coverage fuzz soak deps clean help FORCE

all: $(BIN) $(PLAYER) $(UNIT) $(EXAMPLE) ## build reapsim and its unit tests (the default)

report: $(BIN) ## compare every policy on the shipped traces: tables, CSV and plots in out/
	@REAPSIM=$(abspath $(BIN)) OUT=$(call q,OUT) traces/studies/report.sh

rotation: $(BIN) ## 30 apps x 500 rounds on a phone with 8 GB, both LRUs: traces/studies/ROTATION.md
	@REAPSIM=$(abspath $(BIN)) OUT=$(call q,OUT) traces/studies/rotation.sh full

rotation-sweep: $(BIN) ## the same, smaller, its assumed parameters swept: tables and plots in out/
	@REAPSIM=$(abspath $(BIN)) OUT=$(call q,OUT) traces/studies/rotation.sh reap
	@REAPSIM=$(abspath $(BIN)) OUT=$(call q,OUT) traces/studies/rotation.sh lazy

time-agreement: $(BIN) $(PLAYER) ## times of this machine's kernel next to predicted ones, as root: traces/studies/TIME.md; half an hour, resumable
	@REAPSIM=$(abspath $(BIN)) OUT=$(call q,OUT) traces/studies/time-agreement.sh

sampling: $(BIN) ## how often the interval of --sample is right: traces/studies/SAMPLING.md; ten minutes
	@REAPSIM=$(abspath $(BIN)) traces/studies/sampling.sh

cost: $(BIN) ## time and cost of three archetypes on three machines: traces/studies/COST.md; ten minutes
	@REAPSIM=$(abspath $(BIN)) OUT=$(call q,OUT) traces/studies/cost.sh

review: $(BIN) ## the review's questions answered: traces/studies/THREAD.md; a mail and a page in out/review
	@tests/deps.sh review
	@REAPSIM=$(abspath $(BIN)) OUT=$(call q,OUT) traces/studies/review.sh

review-record: $(BIN) ## run what it is made of anew, into traces/studies/review; resumable, ten minutes
	@REAPSIM=$(abspath $(BIN)) OUT=$(call q,OUT) traces/studies/review.sh record

lessons: $(BIN) ## eight lessons on the LRU lists as a small site: out/lessons/index.html
	@tests/deps.sh review
	@REAPSIM=$(call q,BIN) OUT=$(call q,OUT) traces/lessons/lessons.sh

lessons-record: $(BIN) ## play their traces on a real kernel, KERNEL=7.3, into traces/lessons/kernel
	@REAPSIM=$(call q,BIN) KERNEL=$(call q,KERNEL) traces/lessons/lessons.sh record

test: test-unit test-cli test-play test-docs test-manual test-completion test-install test-page test-lessons test-examples test-sizes test-storeys test-growth agreement ## all tests: unit, command line, play, documentation, manual, completion, installation, pages, lessons, examples, sizes, storeys, growth, agreement

test-unit: $(UNIT) ## unit tests only; SUITE=NAME runs one suite
	$(UNIT) $(SUITE)

test-cli: $(BIN) $(EXAMPLE) ## golden tests of the command line only
	REAPSIM=$(abspath $(BIN)) tests/cli/run.sh

test-play: $(BIN) $(PLAYER) ## play small traces on the kernel that runs here, as root; two minutes, nothing else is touched
	$(if $(SANITIZE),@echo "play: skipped$(comma) its player is not sanitized",REAPSIM=$(abspath $(BIN)) tests/play.sh)

test-docs: $(BIN) ## check that commands, tables and links in the documents work
	REAPSIM=$(abspath $(BIN)) tests/check-docs.sh

test-manual: $(BIN) ## check the manual pages against --help and FORMAT.md; run their examples
	REAPSIM=$(abspath $(BIN)) tests/manual.sh

test-completion: $(BIN) ## check what bash, zsh and fish complete
	REAPSIM=$(abspath $(BIN)) tests/completion.sh

test-install: $(BIN) $(PLAYER) $(LIB) $(EXAMPLE) man ## install into a temporary folder, use what is there, uninstall
	REAPSIM=$(abspath $(BIN)) CC="$(CC)" tests/install.sh

test-page: $(BIN) ## check that THREAD.md is made of what is recorded, and a part of that; that page and explain's in a headless Chromium
	@tests/deps.sh review
	REAPSIM=$(abspath $(BIN)) tests/page.sh
	REAPSIM=$(abspath $(BIN)) tests/explain-page.sh

test-lessons: $(BIN) ## check what "make lessons" makes, its commands and numbers; its pages in a headless Chromium
	@tests/deps.sh review
	REAPSIM=$(abspath $(BIN)) tests/lessons.sh

test-examples: $(BIN) ## run traces/examples, one for each generator, killer, policy and machine
	REAPSIM=$(abspath $(BIN)) tests/examples.sh

test-sizes: ## check that no file or function is too long
	tests/sizes.sh

test-storeys: $(BIN) ## check that calls and includes run one way between sim/mm, sim/time and the others
	@tests/storeys.sh $(call q,B)/obj $(LIB_SRC) $(CLI_SRC)

test-fail: $(BIN) $(B)/fail.so ## make each allocation and each write of small commands fail
	$(if $(SANITIZE),@echo "fail: skipped$(comma) sanitizers bring an allocator of their own",REAPSIM=$(abspath $(BIN)) FAIL_SO=$(abspath $(B)/fail.so) tests/fail.sh)

$(B)/fail.so: tests/fail/alloc.c | $(STAMP)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -fPIC -Wall -Wextra -O2 -o $@ $<

test-growth: $(BIN) ## check by valgrind that twice the input costs at most 2.3 times the instructions
	$(if $(SANITIZE),@echo "growth: skipped$(comma) valgrind runs no sanitized program",REAPSIM=$(abspath $(BIN)) tests/growth.sh)

test-cluster: $(BIN) ## sweep on four nodes of Slurm and of GNU parallel, one of them killed; needs root and their packages
	REAPSIM=$(abspath $(BIN)) tests/cluster.sh

RESULTS ?= $(basename $(wildcard $(patsubst %,kernel-patch/results/%*.level,/ stock/ recordings/ alternatives/)))
agreement: $(BIN) ## how far the simulator is from each recorded kernel and LRU; fails if further than before
	@status=0; REAPSIM=$(abspath $(BIN)) traces/record/windows.sh $(call q,B)/windows || status=1; \
	for r in $(foreach r,$(RESULTS),$(call quoted,$(r))); do \
		case $$r in */stock/*) t=traces/scenarios/stock;; */recordings/* | */alternatives/*) t=$(call q,B)/windows;; *) t=traces/scenarios;; esac; \
		printf '%s\n\n' "$${r##*/}"; \
		$(BIN) agree -t $$t "$$r.csv" --at-least "$$r.level" || status=1; echo; \
	done; exit $$status

bench: $(BIN) $(BENCH) ## accesses per second, bytes per page; CACHESIM=PATH compares with libCacheSim
	@REAPSIM=$(abspath $(BIN)) BENCH=$(abspath $(BENCH)) BENCH_DIR=$(B)/bench-data tests/bench/run.sh

golden-update: $(BIN) $(EXAMPLE) ## rewrite goldens, tables in documents and lines of examples from what the commands print now
	REAPSIM=$(abspath $(BIN)) tests/cli/run.sh --update
	REAPSIM=$(abspath $(BIN)) tests/check-docs.sh --update
	REAPSIM=$(abspath $(BIN)) tests/examples.sh --update

format: ## run clang-format over the C files
	clang-format -i $(FORMAT)

coverage: ## run the tests in an instrumented build; line coverage by file
	@find $(BUILD)/coverage -name '*.gcda' -delete 2>/dev/null || true
	$(MAKE) BUILD=$(BUILD)/coverage OPT='-O0 -g --coverage' test-unit test-cli
	@find $(BUILD)/coverage/obj/sim $(BUILD)/coverage/obj/models $(BUILD)/coverage/obj/traces \
		-name '*.gcno' -print0 | xargs -0 -n1 gcov -n -r 2>/dev/null | awk -v q="'" \
		-v form='%-32s %6.1f%% of %5d lines\n' '\
		/^File/ { split($$0, f, q); name = f[2] } \
		/^Lines executed/ && name ~ /\.c$$/ { split($$0, a, /[:% ]+/); \
			printf form, name, a[3], a[5] | "sort"; \
			all += a[5]; hit += a[3] * a[5] / 100; name = "" } \
		END { close("sort"); if (all) printf form, "total", 100 * hit / all, all }'

FUZZ_READERS ?= $(notdir $(wildcard tests/fuzz/corpus/*))
fuzz: $(BUILD)/fuzz/fuzz_readers $(BUILD)/fuzz/bin/perf ## fuzz the readers, key files, options, journals, results and whole runs, each for FUZZ_SECONDS (300); needs clang
	@dir=$$(mktemp -d /dev/shm/reapsim-fuzz-XXXXXX) && trap 'rm -rf "$$dir"' EXIT && trap 'exit 130' INT TERM && \
	for r in $(FUZZ_READERS); do \
		mkdir -p $(BUILD)/fuzz/$$r && echo "$$r for $(FUZZ_SECONDS) s" && \
		PATH="$(abspath $(BUILD)/fuzz/bin):$$PATH" FUZZ_DIR=$$dir FUZZ_READER=$$r \
			$< -max_total_time=$(FUZZ_SECONDS) -timeout=60 -max_len=65536 \
			-artifact_prefix=$(BUILD)/fuzz/$$r/ $(BUILD)/fuzz/$$r \
			tests/fuzz/corpus/$$r >$(BUILD)/fuzz/$$r.log 2>&1 || \
			{ tail -40 $(BUILD)/fuzz/$$r.log; exit 1; }; \
		grep -E '^Done|^stat::number_of_executed' $(BUILD)/fuzz/$$r.log; \
	done

test-cross: $(BIN) ## build for ARCH (arm64 and s390x), run unit tests and compare all bytes under qemu
	@status=0; for arch in $(foreach a,$(ARCH),$(call quoted,$(a))); do \
		REAPSIM=$(abspath $(BIN)) CROSS=$(abspath $(BUILD))/cross SUITE=$(call q,SUITE) tests/cross.sh "$$arch" || status=1; done; exit $$status

test-debian: ## in clean systems of Debian's SUITE (trixie): packages, lintian, autopkgtest, the README, each compiler; as root
	DEBIAN=$(abspath $(BUILD))/debian tests/debian.sh $(if $(SUITE),$(call q,SUITE),trixie) $(PARTS)

soak: $(BUILD)/fuzz/fuzz_readers $(BUILD)/fuzz/bin/perf ## fuzz all of that in turn for SECONDS, going on where the last call ended; figures
	@FUZZER=$< SOAK=$(call q,BUILD)/soak tests/soak.sh $(call q,SECONDS)

deps: ## install what the build needs and this machine lacks (apt-get, as root or by sudo)
	@CC="$(CC)" tests/deps.sh

clean: ## remove build/ and out/
	rm -rf -- $(call q,BUILD) $(call q,OUT)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile install/install.mk kernel-patch/kernel.mk
	@echo
	@echo "  SANITIZE=address,undefined  instrumented build, in a folder of its own"
	@echo "  OPT='-O0 -g'                other optimisation flags"
	@echo "  V=1                         show the commands"

$(STAMP): tests/deps.sh
	@CC="$(CC)" tests/deps.sh
	@mkdir -p $(@D) && touch $@

$(B)/obj/%.o: %.c $(B)/flags | $(STAMP)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC $<")
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Rebuilds everything when the compiler or its flags change.
$(B)/flags: FORCE | $(STAMP)
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' >$@

# The list of members is part of the rule: a removed source leaves the archive.
$(LIB): $(call objects,$(LIB_SRC))
	@rm -f $@
	$(if $(V),,@echo "  AR $@")
	$(Q)ar rcs $@ $^

# The page of explain is linked in as it is: _binary_sim_cli_explain_page_html_start and so on.
PAGE := $(patsubst %,$(B)/obj/%.o,$(wildcard sim/cli/explain/page.*))
# By the compiler's linker, which makes objects for the machine that it compiles for.
$(PAGE): $(B)/obj/%.o: % $(B)/flags | $(STAMP)
	@mkdir -p $(@D)
	$(Q)$$($(CC) -print-prog-name=ld) -r -b binary -z noexecstack -o $@ $<

$(BIN): $(call objects,$(CLI_SRC)) $(PAGE) $(LIB)
	$(if $(V),,@echo "  LD $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(JSON_LIBS) $(LIBS)

$(UNIT): $(call objects,$(UNIT_SRC)) $(LIB)
	$(if $(V),,@echo "  LD $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcunit $(LIBS)

$(BENCH): $(B)/obj/tests/bench/bench.o $(LIB)
	$(if $(V),,@echo "  LD $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Without sanitizers, as its processes run without a libc. For x86-64 only.
$(PLAYER): $(wildcard kernel-patch/player/*.[ch]) $(B)/flags | $(STAMP)
	$(if $(V),,@echo "  LD $@")
	$(Q)case $$($(CC) -dumpmachine) in x86_64-*) \
		$(CC) -static -O2 -std=gnu11 -Wall -Wextra $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^) ;; esac

# The library from a program of somebody else's; tests/install.sh builds it by pkg-config.
$(EXAMPLE): $(B)/obj/traces/examples/compare-two.o $(LIB)
	$(if $(V),,@echo "  LD $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# The library in an instrumented build of its own
FUZZ_CC    ?= clang
FUZZ_B     := $(BUILD)/fuzz/fuzzer-no-link-address-undefined
FUZZ_LIB   := $(FUZZ_B)/libreapsim.a
FUZZ_OBJ   := $(patsubst %,$(FUZZ_B)/obj/tests/%.o,fuzz/fuzz_readers fuzz/targets unit/random_trace)
$(BUILD)/fuzz/fuzz_readers: FORCE | $(STAMP)
	@command -v clang >/dev/null || { echo "make fuzz needs clang" >&2; exit 1; }
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC="$(FUZZ_CC)" OPT='-g -O1' \
		SANITIZE=fuzzer-no-link,address,undefined $(FUZZ_LIB) $(FUZZ_OBJ)
	$(Q)clang -g -fsanitize=fuzzer,address,undefined -o $@ $(FUZZ_OBJ) $(FUZZ_LIB) \
		$(PKG_LIBS) -lcsv -lz -lzstd -lm

$(BUILD)/fuzz/bin/perf: tests/fuzz/perf.c
	@mkdir -p $(@D)
	$(CC) -O2 -o $@ $<

include install/install.mk
include kernel-patch/kernel.mk
-include $(patsubst %.o,%.d,$(call objects,$(ALL_SRC)))
