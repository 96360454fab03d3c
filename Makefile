# portclash: one file, no recursion; everything that is made is under build/
#
#   make               build/portclash and build/libportclash.a
#   make run [T=60]    the main job: AFL++ and the kernel, side by side, T seconds
#   make check         all tests
#   make help          the other goals

T        ?= 60
PREFIX   ?= /usr/local
VERSION  := 0.2.0
# make has a CC of its own, which is not asked for
ifeq ($(origin CC),default)
CC       := gcc
endif
CFLAGS   ?= -O2 -g
CLANG    ?= clang
AFL_CC   ?= afl-clang-fast
GO       ?= go
PYTEST   ?= /usr/bin/python3 -m pytest

# A newer compiler's new warning fails no build, but where it is asked for: CI
WERROR   ?=
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            $(if $(filter-out 0,$(WERROR)),-Werror)
# Asked once, when a first recipe needs it
NL_CFLAGS = $(eval NL_CFLAGS := $(shell pkg-config --cflags libnl-route-3.0 \
              2>/dev/null || echo -I/usr/include/libnl3))$(NL_CFLAGS)
NL_LIBS  := -lnl-route-3 -lnl-3
# Only the command has JSON, and what replays inputs
JSON_LIBS := -ljson-c
BASE     := -std=gnu11 -D_GNU_SOURCE -Isrc
build/%/main.o: DEFINED := -DPORTCLASH_VERSION='"$(VERSION)"'
# Whoever attacks us by a fault of ours finds it harder; HARDEN= goes without.
# FORTIFY is for what is optimised. The agents are no other: -static-pie.
HARDEN   := -fstack-protector-strong \
            $(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
RELRO    := -Wl,-z,relro,-z,now
# The same sources are the same bytes, in whatever folder
SAME     := -ffile-prefix-map=$(CURDIR)=.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all \
            -fno-omit-frame-pointer

THREADS  := -fsanitize=thread -fno-omit-frame-pointer
# Each run counts what was reached: ci/cover
COUNTED  := -fprofile-instr-generate

SOURCES  := $(notdir $(wildcard src/*.c src/*/*.c))
COMMAND  := $(notdir $(wildcard src/command/*.c))
LIBRARY  := $(filter-out $(COMMAND),$(SOURCES))
# Of these headers libportclash is made; what else they need is inside it
PUBLIC   := portclash addr reservation flagcount portman netns link sockdiag wait conn reuseport
HEADERS  := $(foreach name,$(PUBLIC),$(wildcard src/$(name).h src/*/$(name).h))
INSIDE   := addr.c $(notdir $(wildcard src/ports/*.c src/net/*.c))
# What the tests with threads need of it: nothing else is shared by threads
SHARED   := $(INSIDE) gen.c world.c subject.c subject_change.c words.c \
            $(notdir $(wildcard src/program/*.c))
# What no fuzz target needs of the library
UNFUZZED := emit% explain% sweep% compare.c subject_machine.c subjects.c tally.c
FUZZED   := $(filter-out $(UNFUZZED),$(LIBRARY))
TARGETS  := $(patsubst harness/%.c,%,$(wildcard harness/fuzz_*.c))
# What all targets link, and what else one of them does. fake_* stand in the
# place of a process, and of the kernel
FUZZ     := fuzz two_subjects variant quiet
PARTS_ports := checked narrow variant_ports
PARTS_conn  := twin twin_calls twin_once twin_play twin_wait twins side blocked
PARTS_load  := image
PARTS_text  := reads_back
PARTS_agent := fake_child
PARTS_rows  := fake_netlink
TESTS    := $(patsubst harness/%.c,%,$(wildcard harness/test_*.c))
# Tests that touch no system
PURE     := test_portman test_portman_linear test_portman_many \
            test_portman_memory test_program test_spec test_sweep
# Tests with threads that call the library; these run under ThreadSanitizer, too
THREADED := test_cancel test_conn test_conn_limits test_conn_open test_conn_signal test_netns test_netns_do test_nettest \
            test_peers_conn test_peers_netns test_peers_reuseport test_portman \
            test_portman_linear

OBJCOPY  ?= objcopy

.PHONY: all run check help clean setup kernels install uninstall build/tests \
	fuzz libfuzzer replay tests tests-pure bench bench-instructions seeds \
	plants mutants cover check-long lint format

all: build/portclash build/portclash-conn build/libportclash.a build/libportclash.so.0.2 $(if $(shell command -v $(GO)),build/goports) \
		$(if $(wildcard /usr/include/lwip/lwipopts.h),build/lwip)

# The rooms of src/; objects of all of them stand side by side
vpath %.c src $(wildcard src/*/)

# What an object depends on stands beside it, under a name that no older build
# used: sources have moved since
NOTE      = -MMD -MP -MF $$(@:.o=.dep)

# A flavour is the same sources, another compiler: $(1) name, $(2) CC, $(3) flags,
# $(4) the sources, if it needs only some
define flavour
build/$(1)/%.o: %.c | build/$(1)
	$(2) $(BASE) $(WARN) $(3) $$(NL_CFLAGS) $$(DEFINED) $(NOTE) -c -o $$@ $$<
build/$(1)/h_%.o: harness/%.c | build/$(1)
	$(2) $(BASE) $(WARN) $(3) $$(NL_CFLAGS) $(NOTE) -c -o $$@ $$<
build/$(1)/lib.a: $(patsubst %.c,build/$(1)/%.o,$(or $(4),$(LIBRARY)))
	rm -f $$@ && ar rcs $$@ $$^
build/$(1):
	mkdir -p $$@
-include $(wildcard build/$(1)/*.dep)
endef

$(eval $(call flavour,plain,$(CC),$(CFLAGS) -fPIE $(HARDEN) $(SAME)))
$(eval $(call flavour,pic,$(CC),$(CFLAGS) -fPIC $(HARDEN) $(SAME)))
$(eval $(call flavour,san,$(CC),-O1 -g $(SANITIZE)))
$(eval $(call flavour,tsan,$(CC),-O1 -g $(THREADS),$(SHARED)))
$(eval $(call flavour,afl,$(AFL_CC),-O2 -g $(SANITIZE) -DFUZZING,$(FUZZED)))
$(eval $(call flavour,libfuzzer,$(CLANG),-O2 -g $(SANITIZE) -fsanitize=fuzzer-no-link -DFUZZING,$(FUZZED)))
$(eval $(call flavour,cover,$(CLANG),-O1 -g $(COUNTED) -fcoverage-mapping \
	-fprofile-update=atomic -mllvm -runtime-counter-relocation))

build/portclash: $(COMMAND:%.c=build/plain/%.o) build/plain/lib.a
	$(CC) $(CFLAGS) -pie $(RELRO) -o $@ $^ $(JSON_LIBS) $(NL_LIBS) -lpthread
# For other kernels: the agent needs nothing there
build/portclash-static: $(COMMAND:%.c=build/plain/%.o) build/plain/lib.a
	$(CC) $(CFLAGS) -static-pie $(RELRO) -o $@ $^ $(JSON_LIBS) $(NL_LIBS) -lpthread 2>build/static.log || \
		{ cat build/static.log; exit 1; }
build/uml-xstate.so: netns-scripts/uml-xstate.c
	$(CC) $(CFLAGS) $(HARDEN) $(SAME) -D_GNU_SOURCE $(WARN) -shared -fPIC $(RELRO) -o $@ $< -ldl
build/san/portclash: $(COMMAND:%.c=build/san/%.o) build/san/lib.a
	$(CC) -g $(SANITIZE) -o $@ $^ $(JSON_LIBS) $(NL_LIBS) -lpthread
build/cover/portclash: $(COMMAND:%.c=build/cover/%.o) build/cover/lib.a
	$(CLANG) $(COUNTED) -o $@ $^ $(JSON_LIBS) $(NL_LIBS) -lpthread
# The same, but that programs' sockets are conns: harness/wrap_conn.c
THROUGH  := socket accept4 bind listen connect shutdown setsockopt getsockopt \
            getsockname close
build/portclash-conn: $(COMMAND:%.c=build/plain/%.o) build/plain/h_wrap_conn.o build/plain/lib.a
	$(CC) $(CFLAGS) -pie $(RELRO) $(THROUGH:%=-Wl,--wrap=%) -o $@ $^ $(JSON_LIBS) $(NL_LIBS) -lpthread

# What is not in the map is hidden in both libraries, and what is has a prefix.
NAMES    := sed -n 's/^\t\t\(.*_.*\);/\1/p' src/portclash.map
build/portclash_names.h: src/portclash.map | build/pic
	$(NAMES) | sed 's/.*/#define & portclash_&/' >$@
build/pic/portclash.o: $(INSIDE:%.c=build/pic/%.o) src/portclash.map
	$(LD) -r -o build/pic/all.o $(filter %.o,$^)
	$(NAMES) | sed 's/.*/& portclash_&/' >build/pic/names
	$(NAMES) | sed 's/.*/portclash_&/' >build/pic/global
	sed 's/^\t\t\(.*_.*;\)/\t\tportclash_\1/' src/portclash.map >build/pic/map
	$(OBJCOPY) --redefine-syms=build/pic/names build/pic/all.o
	$(OBJCOPY) --keep-global-symbols=build/pic/global build/pic/all.o $@
build/libportclash.a: build/pic/portclash.o build/portclash_names.h
	rm -f $@ && ar rcs $@ $<
build/libportclash.so.0.2: build/pic/portclash.o
	$(CC) $(CFLAGS) -shared $(RELRO) -o $@ -Wl,-soname,$(@F) -Wl,-z,defs \
		-Wl,--version-script=build/pic/map -Wl,-Bsymbolic-functions \
		$< $(NL_LIBS) -lpthread
# Again, too, when Debian's package is another: its sources are old
build/goports: $(wildcard harness/goports/* /var/lib/dpkg/info/golang-gvisor-gvisor-dev.list)
	GO='$(GO)' harness/goports/build $@
# lwIP has functions of the same names as some of ours.
build/lwip: harness/lwip.c build/plain/lib.a
	$(CC) $(CFLAGS) -fPIE $(HARDEN) $(SAME) $(BASE) -I/usr/include/lwip -pie $(RELRO) -o $@ $^ \
		-Wl,--exclude-libs,ALL -llwip $(NL_LIBS) -lpthread

# Looks at the system calls of a command, or lets one of them fail
build/calls: build/plain/h_calls.o build/plain/h_calls_start.o build/plain/h_calls_breach.o build/plain/lib.a
	$(CC) $(CFLAGS) -o $@ $^ -lpthread
build/bench_%: build/plain/h_bench_%.o build/plain/lib.a
	$(CC) $(CFLAGS) -o $@ $^ $(NL_LIBS) -lpthread
build/plain/test_%: build/plain/h_test_%.o build/plain/lib.a
	$(CC) $(CFLAGS) $(WRAP) -o $@ $^ $(NL_LIBS) -lcmocka -lpthread
build/san/test_%: build/san/h_test_%.o build/san/lib.a
	$(CC) -g $(SANITIZE) $(WRAP) -o $@ $^ $(NL_LIBS) -lcmocka -lpthread
build/cover/test_%: build/cover/h_test_%.o build/cover/lib.a
	$(CLANG) $(COUNTED) $(WRAP) -o $@ $^ $(NL_LIBS) -lcmocka -lpthread

build/tsan/test_%: build/tsan/h_test_%.o build/tsan/lib.a
	$(CC) -g $(THREADS) $(WRAP) -o $@ $^ $(NL_LIBS) -lcmocka -lpthread

# All that the tests run: programs of unit tests, fuzz targets, commands
PROGRAMS := $(TESTS:%=build/plain/%) $(TESTS:%=build/san/%) $(THREADED:%=build/tsan/%)
tests: all fuzz replay build/tests $(PROGRAMS) $(TARGETS:fuzz_%=build/san/replay_%) \
		build/bench_class build/bench_ports build/bench_kernel \
		build/san/portclash build/portclash-static build/calls \
		$(if $(wildcard build/kernels),build/uml-xstate.so)
tests-pure: build/portclash build/tests $(PURE:%=build/plain/%)
build/tests: | build/plain
	printf '%s\n' $(PROGRAMS) $(PURE:%=pure/%) >$@

$(foreach to,plain san tsan cover,$(eval build/$(to)/test_portman: build/$(to)/h_image.o))
build/%/test_portman_memory: WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=free

# What is made to fail, one by one: harness/faults.c
FAULTS   := accept4 bind calloc close connect eventfd fcntl fstat fstatfs \
            getaddrinfo getpeername getsockname getsockopt if_nametoindex ioctl listen lstat \
            malloc mkdir mount nanosleep nl_addr_build nl_connect \
            nl_recvmsgs_default nl_send_auto nl_send_sync nl_socket_alloc \
            nl_wait_for_ack nla_put nlmsg_alloc_simple nlmsg_append open \
            opendir poll ppoll pthread_create read readdir readlinkat recvfrom \
            recvmsg rtnl_addr_add rtnl_addr_alloc rtnl_link_add \
            rtnl_link_alloc rtnl_link_bridge_alloc rtnl_link_change \
            rtnl_link_delete rtnl_link_inet6_set_addr_gen_mode \
            rtnl_link_veth_alloc rtnl_link_vrf_alloc rtnl_route_add rtnl_route_alloc \
            rtnl_route_nh_alloc sendmsg sendto setns setsockopt shutdown \
            sigtimedwait socket strdup syscall \
            umount2 unlink unshare write
build/plain/test_faults_conn build/plain/test_faults_netns: build/plain/h_faults.o
build/san/test_faults_conn build/san/test_faults_netns: build/san/h_faults.o
build/plain/test_faults_% build/san/test_faults_%: WRAP = $(FAULTS:%=-Wl,--wrap=%)

# Not instrumented, since it works on AFL++'s map itself
build/afl/h_quiet.o: harness/quiet.c | build/afl
	$(CLANG) $(BASE) $(WARN) -O2 -g -c -o $@ $<

# The parts of a target, in each flavour
$(foreach to,afl/fuzz libfuzzer/fuzz libfuzzer/mutated replay/fuzz san/replay cover/replay,\
  $(foreach target,$(TARGETS:fuzz_%=%),\
    $(eval build/$(to)_$(target): \
      $(PARTS_$(target):%=build/$(subst replay,plain,$(dir $(to)))h_%.o))))
# The library is the last, so that it adds only what is not there yet
LINKED    = $(filter %.o,$^) $(filter %.a,$^)

# Fuzz targets: for AFL++, for libFuzzer, and one that only replays files
build/afl/fuzz_%: build/afl/h_fuzz_%.o $(FUZZ:%=build/afl/h_%.o) build/afl/lib.a
	AFL_QUIET=1 $(AFL_CC) -g $(SANITIZE) -fsanitize=fuzzer -o $@ $(LINKED) $(NL_LIBS) -lpthread
build/afl/%_only: build/afl/h_%_only.o $(FUZZ:%=build/afl/h_%.o) build/afl/lib.a
	AFL_QUIET=1 $(AFL_CC) -g $(SANITIZE) -fsanitize=fuzzer -o $@ $(LINKED) $(NL_LIBS) -lpthread
build/libfuzzer/fuzz_%: build/libfuzzer/h_fuzz_%.o $(FUZZ:%=build/libfuzzer/h_%.o) build/libfuzzer/lib.a
	$(CLANG) -g $(SANITIZE) -fsanitize=fuzzer -o $@ $(LINKED) $(NL_LIBS) -lpthread
# With edits of ops, for targets whose inputs are ops
OPS      := ports kernel sockets spec
build/libfuzzer/mutated_%: build/libfuzzer/h_fuzz_%.o $(FUZZ:%=build/libfuzzer/h_%.o) build/libfuzzer/h_mutator.o build/libfuzzer/lib.a
	$(CLANG) -g $(SANITIZE) -fsanitize=fuzzer -o $@ $(LINKED) $(NL_LIBS) -lpthread
# For AFL++, which loads it
build/mutator.so: harness/mutator.c
	mkdir -p build
	$(CC) $(BASE) $(WARN) -O2 -g -fPIC -shared -o $@ $<
build/replay/fuzz_%: build/plain/h_fuzz_%.o $(FUZZ:%=build/plain/h_%.o) build/plain/h_replay.o build/plain/lib.a
	mkdir -p build/replay
	$(CC) $(CFLAGS) -o $@ $(LINKED) $(JSON_LIBS) $(NL_LIBS) -lpthread
build/san/replay_%: build/san/h_fuzz_%.o $(FUZZ:%=build/san/h_%.o) build/san/h_replay.o build/san/lib.a
	$(CC) -g $(SANITIZE) -o $@ $(LINKED) $(JSON_LIBS) $(NL_LIBS) -lpthread
build/cover/replay_%: build/cover/h_fuzz_%.o $(FUZZ:%=build/cover/h_%.o) build/cover/h_replay.o build/cover/lib.a
	$(CLANG) $(COUNTED) -o $@ $(LINKED) $(JSON_LIBS) $(NL_LIBS) -lpthread

fuzz: $(TARGETS:%=build/afl/%) build/mutator.so
libfuzzer: $(TARGETS:%=build/libfuzzer/%) $(OPS:%=build/libfuzzer/mutated_%)
replay: $(TARGETS:%=build/replay/%)

# A second make: what setup installs changes what there is to build
run: setup
	@$(MAKE) --no-print-directory -j$$(nproc) all fuzz replay
	@ci/campaign --time $(T)

seeds: build/portclash
	ci/seeds $<
	ci/dictionary $< >build/words.dict && mv build/words.dict harness/words.dict

# What a copy begins with; each builds what its plant touches
plants: fuzz libfuzzer tests-pure $(TARGETS:fuzz_%=build/san/replay_%)
	harness/plants/run

# With a plot of what the ports cost; ONLY='PATTERN' takes some rows
BENCHES  := $(patsubst harness/%.c,build/%,$(wildcard harness/bench_*.c))
bench: all $(BENCHES) build/portclash-static build/replay/fuzz_ports \
		$(patsubst %,build/afl/%,fuzz_ports fuzz_sockets fuzz_spec kernel_only parse_only)
	ci/bench $(if $(ONLY),--only '$(ONLY)',--plot build/bench.svg)
# What callgrind counts, beside harness/instructions.json; UPDATE=1 writes that
bench-instructions: build/bench_ports build/bench_kernel
	ci/instructions $(if $(UPDATE),--update)

# What the corpus reaches, by clang's own counters: ci/cover
REPLAYED := ports sockets text load agent rows
cover: build/cover/portclash $(REPLAYED:%=build/cover/replay_%) $(PURE:%=build/cover/%)
	CLANG='$(CLANG)' ci/cover

mutants: build/portclash
	harness/mutants

# All tests; ci/check installs what is missing before it builds. FAST=1: only
# those that touch no system
check:
	@MAKE='$(MAKE)' PYTEST='$(PYTEST)' FAST='$(FAST)' ci/check
# Common mistakes and strange style, found by tools: ci/setup lint
lint:
	ci/lint
format:
	find src harness netns-scripts -name '*.[ch]' | xargs clang-format-19 -i
# What takes hours; whoever starts it again goes on where it was
check-long: kernels tests build/bench_world
	$(PYTEST) pytest/ -m long -s -v

# All that the command needs: its classes, and for other kernels their wrappers,
# the agents, and the kernels that are here. LIBEXEC is ours alone, as is SHARE.
CORPUS   := cases rules divergences kernel-bugs
SCRIPTS  := contain in-qemu in-runsc in-uml in-world initrd machines
install uninstall: export INTO = $(DESTDIR)$(PREFIX)
# What is installed says where it is, and is asked from anywhere
ifneq ($(filter install uninstall,$(MAKECMDGOALS)),)
$(if $(filter-out /%,$(firstword $(PREFIX))),$(error PREFIX='$(PREFIX)' is no absolute path))
endif
install: export PREFIX := $(PREFIX)
install: all build/portclash-static build/uml-xstate.so
	install -d "$$INTO/bin" "$$INTO/lib/pkgconfig" "$$INTO/include/portclash"
	install -m 755 build/portclash "$$INTO/bin"
	install -m 644 $(HEADERS) "$$INTO/include/portclash"
	install -d "$$INTO/share/man/man3"
	ci/man $(VERSION) "$$INTO/share/man/man3" $(HEADERS)
	install -m 644 build/portclash_names.h "$$INTO/include/portclash"
	install -m 644 build/libportclash.a build/libportclash.so.0.2 "$$INTO/lib"
	ln -sf libportclash.so.0.2 "$$INTO/lib/libportclash.so"
	printf '%s\n' "prefix=$$PREFIX" 'libdir=$${prefix}/lib' \
		'includedir=$${prefix}/include' '' 'Name: portclash' \
		'Description: port manager, namespaces, sockets whose calls end' \
		'Version: $(VERSION)' 'Requires.private: libnl-route-3.0' \
		'Libs: -L$${libdir} -lportclash' 'Libs.private: -lpthread' \
		'Cflags: -I$${includedir}' >"$$INTO/lib/pkgconfig/portclash.pc"
	rm -rf "$$INTO/share/portclash" "$$INTO/libexec/portclash"
	for part in $(CORPUS); do \
		to=$$INTO/share/portclash/corpus/$$part; \
		install -d "$$to" || exit; \
		install -m 644 corpus/$$part/*.case "$$to" || exit; \
	done
	install -m 644 corpus/README.md "$$INTO/share/portclash/corpus"
	install -d "$$INTO/libexec/portclash/netns-scripts" \
		"$$INTO/libexec/portclash/kernels"
	install -m 755 $(SCRIPTS:%=netns-scripts/%) \
		"$$INTO/libexec/portclash/netns-scripts"
	install -m 755 build/portclash-static build/uml-xstate.so \
		$(wildcard build/goports build/lwip) "$$INTO/libexec/portclash"
	for kernel in build/kernels/vmlinuz-*; do \
		version=$${kernel##*-}; \
		[ -e "$$kernel" ] || continue; \
		initrd=$$(netns-scripts/initrd "linux-$$version") || exit; \
		install -m 644 "$$kernel" "$$INTO/libexec/portclash/kernels" || \
			exit; \
		install -m 644 "$$initrd" \
			"$$INTO/libexec/portclash/kernels/initrd-linux-$$version" || \
			exit; \
	done
uninstall:
	rm -f "$$INTO/bin/portclash" "$$INTO/lib/libportclash.a" \
		"$$INTO/lib/libportclash.so" "$$INTO/lib/libportclash.so.0.2" \
		"$$INTO/lib/pkgconfig/portclash.pc"
	rm -f "$$INTO"/share/man/man3/portclash_*.3
	rm -rf "$$INTO/include/portclash" "$$INTO/share/portclash" \
		"$$INTO/libexec/portclash"
	find "$$INTO/lib/pkgconfig" "$$INTO/share/man/man3" "$$INTO/libexec" \
		-maxdepth 0 -type d -empty -delete 2>/dev/null || :

clean:
	rm -rf build

help:
	@sed -n '3,/^$$/s/^#//p' Makefile
	@echo "   make check FAST=1  only tests that touch no kernel, network or machine"
	@echo "   make tests         all that the tests run; then pytest pytest/test_conn.py"
	@echo "   make fuzz          the AFL++ targets: build/afl/fuzz_*"
	@echo "   make libfuzzer     the libFuzzer targets: build/libfuzzer/fuzz_*"
	@echo "   make replay        the same, to replay files: build/replay/fuzz_*"
	@echo "   make seeds         new seeds from the cases: corpus/fuzz/"
	@echo "   make plants        plant bugs, and see that fuzzing finds them"
	@echo "   make bench         what is ours beside what it has to beat, as a table"
	@echo "   make bench-instructions  instructions beside those of before: UPDATE=1"
	@echo "   make lint          clang-format, clang-tidy, cppcheck, shellcheck, flake8"
	@echo "   make format        lay out the C as clang-format has it"
	@echo "   make mutants       switch off each rule, and see that a case fails"
	@echo "   make cover         what the corpus reaches, and why the rest is not reached"
	@echo "   make check-long    what takes hours: every sweep, machine, reproducer"
	@echo "   make kernels       other kernels as subjects: gVisor, UML, QEMU"
	@echo "   make setup         install what is missing, from Debian's packages"
	@echo "   make install       the command, libraries and headers: PREFIX, DESTDIR"
	@echo "   make uninstall     what install has put there"
	@echo "   make clean"

setup:
	ci/setup

# Other kernels, to ask them the same: gvisor, uml, linux-6.1, linux-6.12
kernels:
	ci/setup kernels
	ci/kernels
	@$(MAKE) --no-print-directory build/portclash-static build/uml-xstate.so

# Keep what is made on the way: objects are shared
.SECONDARY:
