#!/bin/bash -eu
# Build what ClusterFuzzLite and OSS-Fuzz run: all pure targets.
#
# fuzz_kernel, fuzz_spec and fuzz_conn are not here: they need a network
# namespace, which the containers of these runners do not allow. They run under
# AFL++ by "make run", each night (.github/workflows/check.yml).
#
# The compilers and all flags are the runner's, and libraries of the system are
# linked statically, since the runner has none.

targets="fuzz_ports fuzz_sockets fuzz_text fuzz_load fuzz_agent fuzz_rows"
shared="fuzz quiet two_subjects variant"

# What else a target links, as PARTS_ in the Makefile has it
parts_of() { # TARGET
	case $1 in
	fuzz_ports) echo checked narrow variant_ports ;;
	fuzz_load) echo image ;;
	fuzz_text) echo reads_back ;;
	fuzz_agent) echo fake_child ;;
	fuzz_rows) echo fake_netlink ;;
	esac
}

objects=$WORK/objects
rm -rf "$objects"
mkdir -p "$objects"

compile() { # FILE OBJECT
	# It copies AFL++'s map, so it must not write to it (harness/quiet.c).
	plain=AFL_QUIET=1
	[ "$2" != h_quiet ] || plain=AFL_NOOPT=1
	# shellcheck disable=SC2086 # flags are words
	env $plain $CC $CFLAGS -std=gnu11 -D_GNU_SOURCE -DFUZZING -Isrc \
		-include harness/old_libc.h -I/usr/include/libnl3 -c -o "$objects/$2.o" "$1"
}

for file in src/*.c \
	src/{program,ports,gvisor,spec,net,subjects,compare,why}/*.c; do
	compile "$file" "$(basename "$file" .c)"
done
ar rcs "$objects/ours.a" "$objects"/*.o
for name in $shared; do
	compile "harness/$name.c" "h_$name"
done

for target in $targets; do
	own="$target $(parts_of "$target")"
	files=()
	for name in $own; do
		compile "harness/$name.c" "h_$name"
	done
	for name in $shared $own; do
		files+=("$objects/h_$name.o")
	done
	# What is faked stands in libnl's archive once more.
	# shellcheck disable=SC2086
	$CXX $CXXFLAGS -o "$OUT/$target" "${files[@]}" "$objects/ours.a" \
		$LIB_FUZZING_ENGINE -Wl,--allow-multiple-definition \
		-l:libnl-route-3.a -l:libnl-3.a -lpthread
	zip -q -j "$OUT/${target}_seed_corpus.zip" "corpus/fuzz/$target"/*
	{
		printf '[libfuzzer]\nmax_len = 800\n'
		case $target in
		fuzz_text | fuzz_agent) echo 'dict = words.dict' ;;
		# A divergence of no class is to be explained, and is no crash.
		fuzz_sockets) printf '[env]\n%s\n' PORTCLASH_FUZZ_KEEP_GOING=1 ;;
		esac
	} >"$OUT/$target.options"
done
cp harness/words.dict "$OUT"
mkdir -p "$OUT/corpus"
cp -r corpus/divergences "$OUT/corpus"
