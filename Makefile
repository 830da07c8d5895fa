# SPDX-License-Identifier: LGPL-2.1-or-later
# rebind: the only makefile. `make help` says what there is.

VERSION := 0.1.0
BUILD ?= build
prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
includedir ?= $(prefix)/include
mandir ?= $(prefix)/share/man
plugindir ?= $(libdir)/rebind

ifeq ($(origin CC),default)
CC = gcc
endif
Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))
CFLAGS ?= -O2 -g
LDFLAGS ?=
ifdef SANITIZE
CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
LDFLAGS += -fsanitize=$(SANITIZE)
endif
PKGS = mount libcap libprotobuf-c libarchive jansson
PKG_CFLAGS = $(shell pkg-config --cflags mount libcap libprotobuf-c libarchive jansson 2>/dev/null)
LIBS = $(shell pkg-config --libs mount libcap libprotobuf-c libarchive 2>/dev/null) -ldl
REBIND_CFLAGS = -std=gnu11 -D_GNU_SOURCE -I. -Iinclude -I$(BUILD) -fPIC -MMD -MP \
	-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wvla -Wwrite-strings -Wno-unused-parameter -Wno-missing-field-initializers \
	-DREBIND_VERSION='"$(VERSION)"' -DREBIND_PLUGIN_DIR='"$(plugindir)"' $(PKG_CFLAGS)

# The rooms of the library, lowest first. LAYERS of HACKING.md; tools/lint-layers checks it.
ROOMS ?= base model image hooks mnt
LIB_SRCS = $(foreach room,$(ROOMS),$(wildcard $(room)/*.c $(room)/*/*.c))
LIB_OBJS = $(LIB_SRCS:%.c=$(BUILD)/%.o) $(if $(filter image,$(ROOMS)),$(BUILD)/image/rebind.pb-c.o)
CMD_OBJS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard cmd/*.c))

.PHONY: all
all: $(BUILD)/rebind plugins

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(REBIND_CFLAGS) $(CFLAGS) -c -o $@ $<

# What is generated is not ours to lint.
$(BUILD)/image/rebind.pb-c.c $(BUILD)/image/rebind.pb-c.h: image/rebind.proto
	@mkdir -p $(BUILD)/image
	$(call say,GEN,$@)
	$(Q)protoc-c --proto_path=image --c_out=$(BUILD)/image image/rebind.proto

$(BUILD)/image/rebind.pb-c.o: $(BUILD)/image/rebind.pb-c.c
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu11 -I$(BUILD) -fPIC $(PKG_CFLAGS) $(CFLAGS) -c -o $@ $<

$(filter $(BUILD)/image/%,$(LIB_OBJS)): | $(BUILD)/image/rebind.pb-c.h

$(BUILD)/librebind.a: $(LIB_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/rebind: $(CMD_OBJS) $(BUILD)/librebind.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $(CMD_OBJS) $(LDFLAGS) -Wl,--dynamic-list=hooks/plugin-abi.list \
		-Wl,--whole-archive $(BUILD)/librebind.a -Wl,--no-whole-archive $(LIBS) \
		$(shell pkg-config --libs jansson)

UNIT_TESTS = $(patsubst test/unit/%.c,$(BUILD)/test/unit/%,$(wildcard test/unit/test-*.c))

$(BUILD)/test/unit/test-%: test/unit/test-%.c $(BUILD)/librebind.a Makefile
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(REBIND_CFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS) -rdynamic -Wl,--whole-archive $(BUILD)/librebind.a \
		-Wl,--no-whole-archive $(LIBS) -lcmocka

.PHONY: unit
unit: $(UNIT_TESTS)
	@set -e; for t in $^; do echo "== $$t"; $$t; done

-include $(LIB_OBJS:.o=.d) $(CMD_OBJS:.o=.d) $(UNIT_TESTS:=.d)
