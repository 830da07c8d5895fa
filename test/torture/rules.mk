# SPDX-License-Identifier: LGPL-2.1-or-later
# The attacks: included by the makefile.

TORTURE := test/torture
TORTURE_BUILD := $(BUILD)/test/torture
TORTURE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g -MMD -MP -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wvla -Wwrite-strings -Wno-missing-field-initializers \
	-Wno-discarded-qualifiers -Wno-format-truncation
TORTURE_OBJS := $(patsubst $(TORTURE)/%.c,$(TORTURE_BUILD)/%.o,$(wildcard $(TORTURE)/*.c))

.PHONY: torture-programs
torture-programs: $(TORTURE_BUILD)/torture $(TORTURE_BUILD)/inside $(TORTURE_BUILD)/deny

# Names of system calls, as this machine has them.
$(TORTURE_BUILD)/calls.inc: $(TORTURE)/rules.mk
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)echo '#include <sys/syscall.h>' | $(CC) -E -dM - | \
		sed -n 's/^#define __NR_\([a-z0-9_]*\) .*/{ "\1", __NR_\1 },/p' | sort >$@

$(TORTURE_OBJS): $(TORTURE_BUILD)/%.o: $(TORTURE)/%.c | $(TORTURE_BUILD)/calls.inc
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(TORTURE_CFLAGS) -I$(TORTURE_BUILD) -c -o $@ $<

$(TORTURE_BUILD)/torture: $(TORTURE_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^

# Static: they run where no library is.
$(TORTURE_BUILD)/inside $(TORTURE_BUILD)/deny: $(TORTURE_BUILD)/%: test/cli/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -O1 -Wall -static -o $@ $<

-include $(TORTURE_OBJS:.o=.d)
