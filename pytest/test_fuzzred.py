# SPDX-License-Identifier: Apache-2.0
"""The fuzz targets: each replays its seeds, and AFL++ itself can run it.

Finding is the job of "make run"; here it is seen that it could be done."""

import json
import os
import re
import shutil
import subprocess

import pytest

from portcheck import CANNOT, CORPUS, ROOT

TARGETS = sorted(path.stem for path in (ROOT / "harness").glob("fuzz_*.c"))
# A divergence of no class is what these look for: whether one comes in a
# moment is chance, so it is no crash here.
JUDGES = ("fuzz_kernel", "fuzz_sockets")
SMOKE_S = 5
KEPT = ROOT / "build" / "check"


def replay(program, *paths):
    """The code and the words of a program that only replays."""
    done = subprocess.run([ROOT / "build" / program, *paths], cwd=ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


@pytest.mark.parametrize("flavour", ("replay/fuzz_", "san/replay_"),
                         ids=("plain", "san"))
@pytest.mark.parametrize("target", TARGETS)
def test_seeds(target, flavour):
    """What "make run" begins with."""
    code, said = replay(flavour + target.removeprefix("fuzz_"),
                        CORPUS / "fuzz" / target)
    if code == CANNOT:
        pytest.skip(said.strip().splitlines()[-1])
    assert code == 0, said[-3000:]


def counts_of_seeds(folder, variants):
    """What fuzz_sockets has counted, given all its seeds."""
    target = ROOT / "build" / "replay" / "fuzz_sockets"
    env = {**os.environ, "PORTCLASH_FUZZ_DIR": str(folder),
           "PORTCLASH_CORPUS": str(CORPUS), "PORTCLASH_FUZZ_KEEP_GOING": "1",
           "PORTCLASH_FUZZ_VARIANTS": variants}
    folder.mkdir()
    subprocess.run([target, CORPUS / "fuzz" / "fuzz_sockets"], env=env,
                   check=True, stdout=subprocess.DEVNULL)
    return json.loads(subprocess.run([target, "--counts"], env=env, check=True,
                                     stdout=subprocess.PIPE).stdout)


def test_variants(tmp_path):
    """Each input is worth several programs, which only it decides."""
    none, some, again = (counts_of_seeds(tmp_path / name, variants)
                         for name, variants in
                         (("none", "0"), ("some", "7"), ("again", "7")))
    assert some == again
    assert some["execs"] == none["execs"]
    assert some["programs"] > 7 * none["programs"], (some, none)


@pytest.mark.parametrize("value", ("", "x", "-1", "65", "1 "))
def test_no_number_of_variants(value):
    """What is no number of them is refused in one line."""
    done = subprocess.run(
        [ROOT / "build" / "replay" / "fuzz_sockets",
         CORPUS / "fuzz" / "fuzz_sockets"], check=False,
        env={**os.environ, "PORTCLASH_FUZZ_VARIANTS": value},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 2
    assert done.stdout.startswith(b"PORTCLASH_FUZZ_VARIANTS: expected 0 to 64")
    assert done.stdout.count(b"\n") == 1


def number(stats, name):
    """One of what AFL++ notes of itself."""
    return int(re.search(rf"^{name} +: (\d+)$", stats, re.MULTILINE)[1])


@pytest.mark.parametrize("target", TARGETS)
def test_afl(target, tmp_path):
    """It executes, and nothing crashes in a moment."""
    if not shutil.which("afl-fuzz"):
        pytest.skip("afl-fuzz is missing: ci/setup fuzz")
    (tmp_path / "fuzz").mkdir()
    env = {**os.environ, "PORTCLASH_FUZZ_DIR": str(tmp_path / "fuzz"),
           "PORTCLASH_CORPUS": str(CORPUS), "AFL_NO_AFFINITY": "1",
           "AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_FAST_CAL": "1",
           "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
           "AFL_EXIT_ON_SEED_ISSUES": "1", "AFL_FORKSRV_INIT_TMOUT": "30000"}
    if target in JUDGES:
        env["PORTCLASH_FUZZ_KEEP_GOING"] = "1"
    done = subprocess.run(
        ["afl-fuzz", "-i", CORPUS / "fuzz" / target, "-o", tmp_path / "out",
         "-S", "check", "-V", str(SMOKE_S), "-G", "800", "-t", "30000",
         "-s", "1", "--", ROOT / "build" / "afl" / target, "-10000"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=env,
        stderr=subprocess.STDOUT, check=False, cwd=ROOT)
    said = done.stdout.decode(errors="replace")
    out = tmp_path / "out" / "check"
    assert done.returncode == 0 and (out / "fuzzer_stats").exists(), said
    stats = (out / "fuzzer_stats").read_text()
    assert number(stats, "execs_done") > 0, stats
    if number(stats, "saved_crashes"):
        crash = next(out.glob("crashes/id*"))
        # Kept, and said in words: what to do with it is make replay.
        kept = shutil.copy(crash, KEPT / f"{target}-crash.bin")
        pytest.fail(f"{kept}:\n" + replay(
            "san/replay_" + target.removeprefix("fuzz_"), crash)[1])


def queue_of(target, folder):
    """What a run of so many executions by one seed keeps, by name and bytes."""
    folder.mkdir()
    (folder / "in").mkdir()
    # Bytes that do nothing: src/program/bytes.h
    (folder / "in" / "plain").write_bytes(bytes(13))
    env = {**os.environ, "PORTCLASH_CORPUS": str(CORPUS), "AFL_NO_UI": "1",
           "AFL_NO_AFFINITY": "1", "AFL_SKIP_CPUFREQ": "1",
           "AFL_FAST_CAL": "1", "AFL_FORKSRV_INIT_TMOUT": "30000",
           "AFL_CUSTOM_MUTATOR_LIBRARY": str(ROOT / "build" / "mutator.so"),
           "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
           "PORTCLASH_FUZZ_KEEP_GOING": "1", "PORTCLASH_FUZZ_VARIANTS": "3"}
    done = subprocess.run(
        ["afl-fuzz", "-i", folder / "in", "-o", folder / "out", "-S", "check",
         "-E", "1500", "-G", "800", "-t", "30000", "-s", str(ord(folder.name)), "--",
         ROOT / "build" / "afl" / target, "-10000"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=env,
        stderr=subprocess.STDOUT, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-3000:]
    # The time is in the name, but neither an input nor where it is from.
    return [(re.sub(r",time:\d+", "", path.name), path.read_bytes())
            for path in sorted((folder / "out" / "check" / "queue").glob("id*"))]


@pytest.mark.parametrize("target", ("fuzz_ports", "fuzz_sockets"))
def test_the_same_seed_gives_the_same_queue(target, tmp_path):
    """A run that found something can be made again by its numbers."""
    if not shutil.which("afl-fuzz"):
        pytest.skip("afl-fuzz is missing: ci/setup fuzz")
    first, second = (queue_of(target, tmp_path / name) for name in "ab")
    assert len(first) > 20, first
    assert first == second
