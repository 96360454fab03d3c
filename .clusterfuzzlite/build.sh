#!/bin/bash -eu
# Build what ClusterFuzzLite and OSS-Fuzz run: fuzz_ports.
#
# fuzz_kernel is not here: it needs a network namespace, which the containers
# of these runners do not allow, and the classes of corpus/ beside it. It runs
# under AFL++ by "make run", each night (.github/workflows/check.yml).
#
# The compilers and all flags are the runner's. Whatever includes net/ is left
# out, so that no library of the system is needed: the target is pure.

objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT

for file in src/*.c src/{program,ports,gvisor,subjects,compare}/*.c \
	harness/fuzz.c harness/quiet.c harness/fuzz_ports.c; do
	! grep -q '^#include "\(net\|spec\)/' "$file" || continue
	name=$(basename "$file" .c)
	# It copies AFL++'s map, so it must not write to it (harness/quiet.c).
	plain=AFL_QUIET=1
	[ "$name" != quiet ] || plain=AFL_NOOPT=1
	# shellcheck disable=SC2086 # flags are words
	env $plain $CC $CFLAGS -std=gnu11 -D_GNU_SOURCE -DFUZZING -Isrc \
		-c -o "$objects/$name.o" "$file"
done
ar rcs "$objects/ours.a" "$objects"/*.o

# shellcheck disable=SC2086
$CXX $CXXFLAGS -o "$OUT/fuzz_ports" "$objects"/{fuzz,quiet,fuzz_ports}.o \
	"$objects/ours.a" $LIB_FUZZING_ENGINE -lpthread

zip -q -j "$OUT/fuzz_ports_seed_corpus.zip" corpus/fuzz/fuzz_ports/*
printf '[libfuzzer]\nmax_len = 800\n' >"$OUT/fuzz_ports.options"
