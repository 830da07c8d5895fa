# SPDX-License-Identifier: LGPL-2.1-or-later
# rebind: the only makefile. `make help` says what there is.

VERSION := 0.1.0
SONAME  := librebind.so.0

# Where things are built and installed. Also of use: CC, CPPFLAGS, CFLAGS, LDFLAGS, SANITIZE, V=1.
BUILD      ?= build
prefix     ?= /usr/local
bindir     ?= $(prefix)/bin
libdir     ?= $(prefix)/lib
includedir ?= $(prefix)/include
mandir     ?= $(prefix)/share/man
docdir     ?= $(prefix)/share/doc/rebind
plugindir  ?= $(libdir)/rebind
unitdir    ?= $(prefix)/lib/systemd/system
bashdir    ?= $(prefix)/share/bash-completion/completions
zshdir     ?= $(prefix)/share/zsh/site-functions
fishdir    ?= $(prefix)/share/fish/vendor_completions.d
FUZZ_SECONDS ?= 20

ifeq ($(origin CC),default)
CC = gcc
endif
CLANG ?= clang
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
LDFLAGS ?=
ifdef SANITIZE
CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
LDFLAGS += -fsanitize=$(SANITIZE)
endif
Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

# Packages of Debian 12 and later: HACKING.md has the reasons. Expanded when they are needed, which
# may be after `make deps` has installed them.
DEPS_BUILD = gcc libc6-dev make pkg-config libmount-dev libprotobuf-c-dev \
	protobuf-c-compiler libarchive-dev zlib1g-dev libjansson-dev libmd-dev
DEPS_DEMO  = busybox-static
DEPS_KERNEL = qemu-system-x86 kmod cpio e2fsprogs xz-utils
DEPS_TEST  = abigail-tools libcmocka-dev libcap-dev e2fsprogs btrfs-progs xfsprogs mount procps runc crun lxc systemd systemd-container zsh fish bubblewrap iproute2 zstd python3 python3-jsonschema python3-pip python3-setuptools python3-wheel golang-go criu jq attr acl libcap2-bin \
	buildah skopeo graphviz squashfuse squashfs-tools mandoc shellcheck codespell cppcheck \
	clang-format clang clang-tidy libclang-rt-dev

PKG_CFLAGS = $(shell $(PKG_CONFIG) --cflags mount libprotobuf-c libarchive jansson)
# libmount, libarchive, zlib and jansson are not among them: base/library.h says why.
LIBS = $(shell $(PKG_CONFIG) --libs libprotobuf-c) -ldl -pthread
WARNINGS = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wvla -Wwrite-strings -Wno-unused-parameter -Wno-missing-field-initializers $(FRAMES)
# A stack of 64 KiB is enough (test/cli/surroundings.sh); sanitizers make frames larger.
FRAMES = $(if $(SANITIZE),,-Wframe-larger-than=20480)
REBIND_CFLAGS = -std=gnu11 -D_GNU_SOURCE -I. -Iinclude -I$(BUILD) -fPIC $(WARNINGS) \
	-pthread -DREBIND_VERSION='"$(VERSION)"' -DREBIND_PLUGIN_DIR='"$(plugindir)"' $(PKG_CFLAGS)
DEPFILE = -MMD -MP -MT $@ -MF $@.d

# The rooms of the library, lowest first. LAYERS says who may include whom.
ROOMS ?= base model archive image hooks mnt api
LIB_SRCS = $(foreach room,$(ROOMS),$(wildcard $(room)/*.c $(room)/*/*.c))
LIB_OBJS = $(LIB_SRCS:%.c=$(BUILD)/%.o) $(if $(filter image,$(ROOMS)),$(BUILD)/image/rebind.pb-c.o)
CMD_SRCS = $(wildcard cmd/*.c plugin-test/*.c)
CMD_OBJS = $(CMD_SRCS:%.c=$(BUILD)/%.o)
# Between the two: part of the command, not of the library.
RUNTIME_SRCS = $(wildcard runtime/*/*.c)
RUNTIME_OBJS = $(RUNTIME_SRCS:%.c=$(BUILD)/%.o) $(BUILD)/runtime/rpc/rpc.pb-c.o
PLUGINS  = $(patsubst plugins/%/,$(BUILD)/plugins/%.so,$(wildcard plugins/*/))

UNIT_TESTS   = $(patsubst %.c,$(BUILD)/%,$(wildcard test/unit/test-*.c))
TEST_PLUGINS = $(patsubst %.c,$(BUILD)/%.so,$(wildcard test/unit/plugins/*.c))
FUZZERS      = $(patsubst test/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard test/fuzz/fuzz-*.c))
BENCHES      = $(patsubst %.c,$(BUILD)/%,$(wildcard bench/*.c))

.PHONY: all
all: $(BUILD)/rebind $(BUILD)/$(SONAME) plugins  ## the command, the library, the plugins (default)

.PHONY: help
help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# ---- what is built ----

# Files that change when the settings in them do, so that what was built with others is built again.
keep = @mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' > $@
.PHONY: FORCE
$(BUILD)/flags: FORCE
	$(call keep,$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(VERSION))
$(BUILD)/plugindir: FORCE
	$(call keep,$(plugindir))
$(BUILD)/hooks/load.o: $(BUILD)/plugindir

# The program that runs inside of namespaces, whole in the library: static, so that it needs nothing
# from there, and small, so never sanitized.
INSIDE_SRCS = $(wildcard inside/*.c) base/cancel.c base/child.c base/fd.c base/log.c base/sys.c mnt/ipc/message.c mnt/ns/unshare.c
$(BUILD)/inside/program: $(INSIDE_SRCS) $(wildcard inside/*.h base/*.h mnt/*/*.h model/*.h) Makefile
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(filter-out -fPIC $(PKG_CFLAGS),$(REBIND_CFLAGS)) -Os -static -ffunction-sections -Wl,--gc-sections -s -o $@ $(INSIDE_SRCS)
$(BUILD)/mnt/ns/inside.o: $(BUILD)/inside/program
$(BUILD)/mnt/ns/inside.o: REBIND_CFLAGS += -DINSIDE_PROGRAM='"$(BUILD)/inside/program"'

$(BUILD)/%.o: %.c $(BUILD)/flags Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(REBIND_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(DEPFILE) -c -o $@ $<

# What is generated is not ours to lint.
$(BUILD)/%.pb-c.c $(BUILD)/%.pb-c.h &: %.proto
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)protoc-c --proto_path=$(<D) --c_out=$(@D) $<

$(BUILD)/%.pb-c.o: $(BUILD)/%.pb-c.c $(BUILD)/flags
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu11 -I$(BUILD) -I$(@D) -fPIC $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

GENERATED = $(BUILD)/image/rebind.pb-c.h $(BUILD)/runtime/rpc/rpc.pb-c.h
$(filter $(BUILD)/image/%,$(LIB_OBJS)): | $(BUILD)/image/rebind.pb-c.h
$(RUNTIME_OBJS) $(CMD_OBJS): | $(BUILD)/runtime/rpc/rpc.pb-c.h

$(BUILD)/librebind.a: $(LIB_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/runtime.a: $(RUNTIME_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/$(SONAME): $(LIB_OBJS) include/librebind.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=include/librebind.map \
		-o $@ $(LIB_OBJS) $(LDFLAGS) $(LIBS)

# Bound at the start: 15 page faults less than when each call is looked up at its first use.
# The library whole and the plugin ABI visible: plugins call into the program that loads them.
$(BUILD)/rebind: $(CMD_OBJS) $(RUNTIME_OBJS) $(BUILD)/librebind.a hooks/plugin-abi.list
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $(CMD_OBJS) $(RUNTIME_OBJS) $(LDFLAGS) -Wl,-z,now -Wl,--dynamic-list=hooks/plugin-abi.list \
		-Wl,--whole-archive $(BUILD)/librebind.a -Wl,--no-whole-archive $(LIBS)

.PHONY: plugins
plugins: $(PLUGINS)  ## the plugins that ship, plugins/*

# Compiled as somebody else would: nothing but the headers of the ABI.
PLUGIN_CFLAGS = -shared -fPIC -Iinclude -Wall -Wextra -Werror
.SECONDEXPANSION:
$(BUILD)/plugins/%.so: $$(wildcard plugins/$$*/*.c) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(PLUGIN_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(DEPFILE) -o $@ $(filter %.c,$^) $(LDFLAGS)

# ---- tests ----

.PHONY: deps
deps:  ## install what is missing to build and test (Debian, as root)
	@tools/deps $(DEPS_BUILD) $(DEPS_DEMO) $(DEPS_TEST)

JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
.PHONY: check
check: deps  ## install what is missing, build, run every test (as root)
	+@$(MAKE) -s --no-print-directory $(JOBS) all tests torture-programs
	@BUILD='$(BUILD)' CC='$(CC)' test/run-all

KERNEL = 6.1
.PHONY: check-kernel
check-kernel:  ## KERNEL=6.1 or 6.12: the tests on Debian's kernel, under qemu; KERNEL_SLICE=1: some of them (as root)
	@tools/deps $(DEPS_BUILD) $(DEPS_DEMO) $(DEPS_TEST) $(DEPS_KERNEL)
	+@$(MAKE) -s --no-print-directory $(JOBS) all tests
	@BUILD='$(BUILD)' CC='$(CC)' test/kernel/run '$(KERNEL)'

.PHONY: demo
demo:  ## install what is missing, build, show a dump and a restore (as root)
	@tools/deps $(DEPS_BUILD) $(DEPS_DEMO)
	+@$(MAKE) -s --no-print-directory $(JOBS) all
	@test/demo.sh $(BUILD)

.PHONY: tests
tests: $(UNIT_TESTS) $(TEST_PLUGINS) zdtm torture-programs  ## build the tests

.PHONY: unit
unit: $(UNIT_TESTS) $(TEST_PLUGINS) plugins  ## run the unit tests
	@BUILD='$(BUILD)' test/run-all unit

include test/zdtm-mnt/rules.mk
include test/torture/rules.mk

SEED ?= 1
TIME ?= 60
.PHONY: torture
torture:  ## attack it for TIME seconds (60), by chance from SEED (1)
	+@$(MAKE) -s --no-print-directory $(JOBS) all torture-programs
	@BUILD='$(BUILD)' test/torture/run --time $(TIME) --seed $(SEED)

$(BUILD)/test/unit/test-%: test/unit/test-%.c $(BUILD)/librebind.a $(BUILD)/runtime.a Makefile
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(REBIND_CFLAGS) -DTEST_PLUGIN_DIR='"$(abspath $(BUILD))/test/unit/plugins"' $(CFLAGS) \
		$(DEPFILE) -o $@ $< $(BUILD)/runtime.a $(LDFLAGS) -rdynamic -Wl,--whole-archive \
		$(BUILD)/librebind.a -Wl,--no-whole-archive $(LIBS) -lcmocka -larchive -lcap

$(BUILD)/test/unit/plugins/%.so: test/unit/plugins/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(PLUGIN_CFLAGS) $(DEPFILE) -o $@ $<

.PHONY: criu-suite
criu-suite: all  ## CRIU's own tests with and without rebind: CRIU_TREE=DIR, a built CRIU 4.2; CRIU_TESTS=40 SEED=1: so many of them
	@test/criu-suite -b '$(BUILD)' -n '$(or $(CRIU_TESTS),0)' -s '$(or $(SEED),1)' $(if $(CRIU_OUT),-o '$(CRIU_OUT)') '$(CRIU_TREE)' $(TESTS)

.PHONY: asan
asan:  ## unit tests and zdtm with address and undefined-behaviour sanitizers
	+@$(MAKE) -s --no-print-directory $(JOBS) BUILD=$(BUILD)-asan SANITIZE=address,undefined all tests
	@BUILD='$(BUILD)-asan' test/run-all unit cli zdtm real left

# What a forked child does is not seen: there are no threads in it.
.PHONY: tsan
tsan:  ## the library in programs with threads, under ThreadSanitizer (as root)
	+@$(MAKE) -s --no-print-directory $(JOBS) BUILD=$(BUILD)-tsan SANITIZE=thread $(BUILD)-tsan/rebind
	@test/cli/library.sh $(BUILD)-tsan

# The parsers and what they need, compiled for coverage. The samples of test/data are the seeds.
FUZZ_FLAGS = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_OBJS  = $(patsubst %.c,$(BUILD)/fuzz/%.o,$(wildcard base/*.c model/*.c archive/*.c image/*.c) \
	runtime/rpc/message.c runtime/oci/config.c runtime/oci/document.c runtime/oci/jansson.c runtime/oci/mount-index.c runtime/oci/device-node.c) $(BUILD)/fuzz/image/rebind.pb-c.o $(BUILD)/fuzz/runtime/rpc/rpc.pb-c.o

$(BUILD)/fuzz/%.pb-c.o: $(BUILD)/%.pb-c.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) -std=gnu11 -I$(BUILD) -I$(<D) $(PKG_CFLAGS) $(FUZZ_FLAGS) -c -o $@ $<

$(BUILD)/fuzz/%.o: %.c Makefile | $(GENERATED)
	@mkdir -p $(@D)
	$(call say,CLANG,$<)
	$(Q)$(CLANG) $(CLANG_FLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link $(DEPFILE) -c -o $@ $<

.SECONDARY: $(FUZZ_OBJS)
$(BUILD)/fuzz/fuzz-%: test/fuzz/fuzz-%.c $(FUZZ_OBJS) Makefile
	$(call say,CLANG,$@)
	$(Q)$(CLANG) $(CLANG_FLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer $(DEPFILE) -o $@ $< $(FUZZ_OBJS) $(LIBS)

.PHONY: fuzz
fuzz: $(FUZZERS)  ## run each fuzzer for FUZZ_SECONDS (20)
	@for fuzzer in $(FUZZERS); do \
		mkdir -p $$fuzzer.corpus; \
		case $$fuzzer in */fuzz-archive) \
			for seed in test/fuzz/seeds/*.tar.gz test/data/criu-images/*/img/*.tar.gz.img; do \
				zcat $$seed >$$fuzzer.corpus/plain-$$(echo $$seed | tr / -); \
			done ;; \
		esac; \
		if $$fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
			-artifact_prefix=$$fuzzer. $$fuzzer.corpus test/data >$$fuzzer.log 2>&1; then \
			echo "ok $$fuzzer: $$(sed -n 's/^stat::number_of_executed_units: *//p' $$fuzzer.log) inputs"; \
		else \
			tail -n 60 $$fuzzer.log; echo "not ok $$fuzzer: $$fuzzer.log"; exit 1; \
		fi; \
	done

$(BUILD)/bench/%: bench/%.c Makefile
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(REBIND_CFLAGS) $(CFLAGS) $(DEPFILE) -o $@ $< $(LDFLAGS)

$(BUILD)/bench/guard: LDFLAGS += -lm
$(BUILD)/bench/table: LDFLAGS += -ldl
$(BUILD)/bench/nothing: LDFLAGS += -static

.PHONY: bench-guard
bench-guard: all $(BUILD)/bench/guard  ## fail if system calls, memory or libraries grew (as root)
	@$(BUILD)/bench/guard $(BUILD)/rebind

.PHONY: bench
bench: all $(BENCHES)  ## measure beside what others take; JSON=1: the table alone, as JSON (as root)
	@BUILD='$(BUILD)' bench/run $(if $(JSON),--json)

# ---- how it reads ----

C_FILES  = $(LIB_SRCS) $(wildcard inside/*.c) $(RUNTIME_SRCS) $(CMD_SRCS) $(wildcard plugins/*/*.c examples/*.c test/unit/*.c test/unit/plugins/*.c \
	test/fuzz/*.c test/zdtm-mnt/*.c test/zdtm-mnt/*/*.c test/torture/*.c bench/*.c)
H_FILES  = $(wildcard include/*.h plugins/*.h $(ROOMS:=/*.h) $(ROOMS:=/*/*.h) inside/*.h runtime/*/*.h plugin-test/*.h cmd/*.h test/*/*.h test/zdtm-mnt/*/*.h)
SCRIPTS  = $(wildcard .ci/run tools/abi tools/deps tools/lint-layers tools/lint-spdx tools/sources tools/dist debian/tests/suite test/run-all test/*.sh test/*/*.sh test/zdtm-mnt/run test/torture/run test/kernel/run test/kernel/guest \
	test/zdtm-mnt/run-broken test/zdtm-mnt/run-rules test/cli/run-rules test/zdtm-mnt/broken/* bench/run share/completions/rebind.bash)
TEXTS    = $(wildcard *.md bindings/*/*.md bindings/*/*/*.py $(addsuffix *.go,bindings/go/ bindings/go/*/ bindings/go/*/*/) LAYERS man/* plugins/*/*.md test/*/*.md include/*.in)
CPPCHECK = cppcheck --quiet --inline-suppr --error-exitcode=1 --std=c11 -j$(shell nproc) \
	--enable=warning,performance,portability --suppressions-list=tools/cppcheck.supp
# clang 14 calls a variable unused that is there for its cleanup.
CLANG_FLAGS = $(REBIND_CFLAGS) -Wno-unused-variable

LINTS = layers spdx manual shell spelling cppcheck clang format
.PHONY: lint $(LINTS:%=lint-%)
lint: $(LINTS:%=lint-%)  ## layers, licence tags, manual, shell, spelling, cppcheck, clang, format

lint-layers:
	tools/lint-layers
lint-spdx:
	tools/lint-spdx
lint-manual:
	$(Q)echo 'mandoc -T lint man/*'; mandoc -T lint -W warning man/*
lint-shell:
	$(Q)echo shellcheck; shellcheck -x --severity=warning $(SCRIPTS)
lint-spelling:
	$(Q)echo codespell; codespell -L nd,siz $(C_FILES) $(H_FILES) $(SCRIPTS) $(TEXTS) Makefile
lint-cppcheck:
	$(Q)echo cppcheck; $(CPPCHECK) -D_GNU_SOURCE -I. -Iinclude $(LIB_SRCS) $(wildcard inside/*.c) $(RUNTIME_SRCS) $(CMD_SRCS) $(wildcard plugins/*/*.c)
lint-clang: $(GENERATED)
	$(Q)echo clang; $(CLANG) -fsyntax-only $(CLANG_FLAGS) -DINSIDE_PROGRAM='""' $(LIB_SRCS) $(wildcard inside/*.c) $(RUNTIME_SRCS) $(CMD_SRCS)
lint-format:
	$(Q)echo clang-format; clang-format --dry-run -Werror $(C_FILES) $(H_FILES) 2>&1 | \
		sed -n 's/:[0-9]*:[0-9]*: error.*/: make format/p' | sort -u | { ! grep .; }

.PHONY: format
format:  ## let clang-format write the sources
	$(Q)clang-format -i $(C_FILES) $(H_FILES)

# ---- where it goes ----

PC = sed -e 's|@prefix@|$(prefix)|' -e 's|@bindir@|$(bindir)|' -e 's|@libdir@|$(libdir)|' -e 's|@includedir@|$(includedir)|' \
	-e 's|@plugindir@|$(plugindir)|' -e 's|@version@|$(VERSION)|'
MAN_PAGES = $(wildcard man/*.[1-9])
MAN_DIRS  = $(addprefix $(mandir)/man,$(sort $(subst .,,$(suffix $(MAN_PAGES)))))
# Those that do nothing without a map of the host's. The other one is to be copied.
SHIPPED = volume-map loop-volume
DOCUMENTS = README.md CHANGELOG.md SECURITY.md COPYING share/json/show.schema.json
EXAMPLES = $(wildcard examples/*) $(wildcard plugins/bindmount-example/*.c)
# The loader learns of a new library where it is one of the running system.
LDCONFIG = $(if $(DESTDIR),,ldconfig || :)
UNITS = rebind.socket rebind.service

.PHONY: install-units
install-units:
	install -d $(DESTDIR)$(unitdir)
	install -m 644 share/systemd/rebind.socket $(DESTDIR)$(unitdir)/rebind.socket
	$(PC) share/systemd/rebind.service.in > $(DESTDIR)$(unitdir)/rebind.service

COMPLETIONS = $(bashdir)/rebind $(zshdir)/_rebind $(fishdir)/rebind.fish

.PHONY: install-completions
install-completions:
	install -d $(addprefix $(DESTDIR),$(bashdir) $(zshdir) $(fishdir))
	install -m 644 share/completions/rebind.bash $(DESTDIR)$(bashdir)/rebind
	install -m 644 share/completions/_rebind $(DESTDIR)$(zshdir)/_rebind
	install -m 644 share/completions/rebind.fish $(DESTDIR)$(fishdir)/rebind.fish

.PHONY: install
install: all install-units install-completions  ## to DESTDIR and prefix (/usr/local)
	install -d $(addprefix $(DESTDIR),$(bindir) $(libdir)/pkgconfig $(includedir)/rebind $(plugindir) $(MAN_DIRS) $(docdir)/examples)
	install -m 755 $(BUILD)/rebind $(DESTDIR)$(bindir)/rebind
	install -m 644 $(BUILD)/librebind.a $(DESTDIR)$(libdir)/librebind.a
	install -m 755 $(BUILD)/$(SONAME) $(DESTDIR)$(libdir)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(libdir)/librebind.so
	install -m 644 include/rebind.h $(DESTDIR)$(includedir)/rebind.h
	install -m 644 include/criu-plugin.h include/criu-log.h include/rebind-plugin.h $(DESTDIR)$(includedir)/rebind
	$(PC) include/rebind.pc.in > $(DESTDIR)$(libdir)/pkgconfig/rebind.pc
	$(PC) include/rebind-plugin.pc.in > $(DESTDIR)$(libdir)/pkgconfig/rebind-plugin.pc
	for page in $(MAN_PAGES); do \
		install -m 644 $$page $(DESTDIR)$(mandir)/man$${page##*.} || exit; \
	done
	for plugin in $(SHIPPED); do \
		install -m 755 $(BUILD)/plugins/$$plugin.so $(DESTDIR)$(plugindir)/$$plugin.so && \
		install -m 644 plugins/$$plugin/README.md $(DESTDIR)$(docdir)/$$plugin.md || exit; \
	done
	install -m 644 $(DOCUMENTS) $(DESTDIR)$(docdir)
	install -m 644 $(EXAMPLES) $(DESTDIR)$(docdir)/examples
	$(LDCONFIG)

.PHONY: uninstall
uninstall:  ## the reverse; other people's plugins stay
	rm -f $(DESTDIR)$(bindir)/rebind $(addprefix $(DESTDIR)$(libdir)/,librebind.a $(SONAME) librebind.so \
		pkgconfig/rebind.pc pkgconfig/rebind-plugin.pc) $(DESTDIR)$(includedir)/rebind.h \
		$(addprefix $(DESTDIR)$(includedir)/rebind/,criu-plugin.h criu-log.h rebind-plugin.h) \
		$(foreach page,$(MAN_PAGES),$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
		$(UNITS:%=$(DESTDIR)$(unitdir)/%) $(addprefix $(DESTDIR),$(COMPLETIONS)) $(SHIPPED:%=$(DESTDIR)$(plugindir)/%.so) $(SHIPPED:%=$(DESTDIR)$(docdir)/%.md) \
		$(addprefix $(DESTDIR)$(docdir)/,$(notdir $(DOCUMENTS))) $(addprefix $(DESTDIR)$(docdir)/examples/,$(notdir $(EXAMPLES)))
	-rmdir $(DESTDIR)$(includedir)/rebind $(DESTDIR)$(plugindir) $(DESTDIR)$(docdir)/examples $(DESTDIR)$(docdir)
	$(LDCONFIG)

DIST ?= $(BUILD)/rebind-$(VERSION).tar.gz
.PHONY: dist
dist:  ## the sources as a tarball, reproducible: DIST, build/rebind-VERSION.tar.gz
	$(Q)tools/dist $(VERSION) $(DIST)

# The project has no address of its own: it is for the distributor to fill in.
NO_ADDRESS = bogus-mail-host,bogus-mail-host-in-debian-changelog
DEPS_DEB = debhelper dpkg-dev fakeroot lintian
.PHONY: deb
deb:  ## packages for Debian, in build/deb; lintian looks at them
	@tools/deps $(DEPS_BUILD) $(DEPS_DEB)
	rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb
	$(Q)tools/dist $(VERSION) $(BUILD)/deb/source.tar.gz && tar -C $(BUILD)/deb -xzf $(BUILD)/deb/source.tar.gz
	cd $(BUILD)/deb/rebind-$(VERSION) && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -us -uc
	cd $(BUILD)/deb && lintian --allow-root --fail-on error,warning --suppress-tags $(NO_ADDRESS) rebind_*.changes
	@ls $(BUILD)/deb/*.deb

.PHONY: rpm
rpm:  ## RPM packages, in build/rpm; on Debian to test the spec: rpmbuild does not see its packages
	@tools/deps $(DEPS_BUILD) rpm
	rm -rf $(BUILD)/rpm && mkdir -p $(BUILD)/rpm
	$(Q)tools/dist $(VERSION) $(BUILD)/rpm/rebind-$(VERSION).tar.gz
	env -u MAKEFLAGS -u MAKELEVEL rpmbuild -tb --quiet --define '_topdir $(abspath $(BUILD))/rpm' \
		$(if $(wildcard /etc/debian_version),--nodeps) $(BUILD)/rpm/rebind-$(VERSION).tar.gz
	@find $(BUILD)/rpm/RPMS -type f

.PHONY: clean
clean:  ## remove what was built
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan

-include $(addsuffix .d,$(LIB_OBJS) $(RUNTIME_OBJS) $(CMD_OBJS) $(PLUGINS) $(UNIT_TESTS) $(TEST_PLUGINS) $(FUZZ_OBJS) \
	$(FUZZERS) $(BENCHES))
