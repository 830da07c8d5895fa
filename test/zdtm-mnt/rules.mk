# SPDX-License-Identifier: LGPL-2.1-or-later
# The suite of namespaces: included by the makefile, and complete enough to be used alone:
#   make -f test/zdtm-mnt/rules.mk [BUILD=DIR] [CASE_DIR=DIR] zdtm

BUILD ?= build
CC ?= gcc
say ?= $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))
Q ?= $(if $(V),,@)
ZDTM := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
ZDTM_BUILD := $(BUILD)/test/zdtm-mnt
ZDTM_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g -MMD -MP -Wall -Wextra -Werror -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wwrite-strings \
	-Wno-missing-field-initializers

# A directory of cases somewhere else builds beside ours.
ifdef CASE_DIR
ZDTM_CASES := $(ZDTM_BUILD)/cases-elsewhere
$(shell rm -rf $(ZDTM_CASES))
else
CASE_DIR := $(ZDTM)/cases
ZDTM_CASES := $(ZDTM_BUILD)/cases
endif
ZDTM_CASE_SRCS := $(wildcard $(CASE_DIR)/*.c)
ZDTM_CASE_BINS := $(ZDTM_CASE_SRCS:$(CASE_DIR)/%.c=$(ZDTM_CASES)/%)
ZDTM_RANDOM_OBJS := $(patsubst $(ZDTM)/%.c,$(ZDTM_BUILD)/%.o,$(wildcard $(ZDTM)/random/*.c))
ZDTM_RUNNER_OBJS := $(patsubst $(ZDTM)/%.c,$(ZDTM_BUILD)/%.o,$(wildcard $(ZDTM)/runner/*.c))

# The runner takes what it finds: a case whose source is gone has to go, too.
ZDTM_STALE := $(filter-out $(ZDTM_CASE_BINS),$(wildcard $(ZDTM_CASES)/*))

.PHONY: zdtm
zdtm: $(ZDTM_BUILD)/zdtm-runner $(ZDTM_BUILD)/zdtm-random $(ZDTM_CASE_BINS)
	$(if $(ZDTM_STALE),$(Q)rm -f $(ZDTM_STALE))

$(ZDTM_BUILD)/zdtm-runner: $(ZDTM_RUNNER_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^

$(ZDTM_BUILD)/zdtm-random: $(ZDTM_RANDOM_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^

$(ZDTM_RUNNER_OBJS) $(ZDTM_RANDOM_OBJS): $(ZDTM_BUILD)/%.o: $(ZDTM)/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ZDTM_CFLAGS) -c -o $@ $<

$(ZDTM_BUILD)/case.o: $(ZDTM)/case.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ZDTM_CFLAGS) -c -o $@ $<

# Static: a case runs where no library is.
$(ZDTM_CASES)/%: $(CASE_DIR)/%.c $(ZDTM_BUILD)/case.o
	@mkdir -p $(@D) $(ZDTM_BUILD)/deps
	$(call say,CC,$<)
	$(Q)$(CC) $(ZDTM_CFLAGS) -MF $(ZDTM_BUILD)/deps/$*.d -I$(ZDTM) -static -o $@ $< $(ZDTM_BUILD)/case.o

-include $(ZDTM_RUNNER_OBJS:.o=.d) $(ZDTM_RANDOM_OBJS:.o=.d) $(ZDTM_BUILD)/case.d $(wildcard $(ZDTM_BUILD)/deps/*.d)
