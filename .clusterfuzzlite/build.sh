#!/bin/bash -eu
# Build what ClusterFuzzLite and OSS-Fuzz run: fuzz_ports.
#
# fuzz_kernel is not here: it needs a network namespace, which the containers
# of these runners do not allow, and the classes of corpus/ beside it. It runs
# under AFL++ by "make run", each night (.github/workflows/check.yml).
#
# The compilers and all flags are the runner's; libnl is linked, never called,
# and statically, since there is none where the target runs.

objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT

for file in src/*.c src/*/*.c harness/fuzz.c harness/quiet.c harness/fuzz_ports.c; do
	name=$(basename "$file" .c)
	case $name in
	main | cmd_*) continue ;;
	# It copies AFL++'s map, so it must not write to it (harness/quiet.c).
	quiet) plain=AFL_NOOPT=1 ;;
	*) plain=AFL_QUIET=1 ;;
	esac
	# shellcheck disable=SC2086 # flags are words
	env $plain $CC $CFLAGS -std=gnu11 -D_GNU_SOURCE -DFUZZING -Isrc \
		-I/usr/include/libnl3 -c -o "$objects/$name.o" "$file"
done

# shellcheck disable=SC2086
$CXX $CXXFLAGS -o "$OUT/fuzz_ports" "$objects"/*.o $LIB_FUZZING_ENGINE \
	-Wl,-Bstatic -lnl-route-3 -lnl-3 -Wl,-Bdynamic -lpthread

zip -q -j "$OUT/fuzz_ports_seed_corpus.zip" corpus/fuzz/fuzz_ports/*
printf '[libfuzzer]\nmax_len = 800\n' >"$OUT/fuzz_ports.options"
