# SPDX-License-Identifier: Apache-2.0
"""Ways to find a bug that was planted: each says what it took."""
import glob
import importlib.machinery
import importlib.util
import json
import math
import os
import re
import subprocess
import time

from copies import ROOT

# Seconds of CPU that an arm has: others may use the same CPUs meanwhile. Who
# only waits, or is given no CPU, ends after SLOW times as long.
LIMIT, SLOW = 60, 4
# What may take long besides: to start, to minimise what was found
GRACE = 60
# What AFL++ begins with, as plain as can be: the empty program and a record that
# does nothing (src/program/bytes.h); an op in text; an agent that knows two ops
PLAIN_SEED = bytes(1 + 12)
PLAIN_SEEDS = {"text": b"socket a tcp4\n",
               "agent": b"portclash-agent 1 a\n"
                        b"can socket set type:tcp4 set:reuseaddr\n"
                        b"ok\nok\n.\n.\n.\n"}
LENGTH_MAX = 800
# Whose inputs are text, and whose are records (src/program/bytes.h)
WORDY = ("text", "agent")
RECORDS = ("ports", "sockets", "spec")
DICTIONARY = os.path.join(ROOT, "harness", "words.dict")
# As ci/campaign has it: AFL++ needs as long for an input as for some programs.
VARIANTS = {"sockets": "7", "spec": "3"}
# A replay that could do nothing has found nothing.
CANNOT, NOTHING = 3, 5

AFL_ENV = {"AFL_NO_AFFINITY": "1", "AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1",
           "AFL_FAST_CAL": "1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
           "AFL_BENCH_UNTIL_CRASH": "1", "AFL_FORKSRV_INIT_TMOUT": "30000"}


def signature(said):
    """What a failure is about, in a line: the op and its outcomes, or what was
    asserted, or what the sanitizer calls it and where"""
    for line in said.splitlines():
        found = re.search(r"^(\w+)\b.* = \S+((?: [\w@.-]+=\S+)+)$", line)
        if found:
            return re.sub(r"\d+", "N", found[1] + found[2])
    for line in said.splitlines():
        found = re.search(r"(\w+\.[ch]):\d+\S* (?:\w+: ASSERTION FAILED|"
                          r"runtime error): (.*)", line)
        if found:
            return re.sub(r"\d+", "N", f"{found[1]}: {found[2]}")
    found = re.search(r"AddressSanitizer: (\S+)(?:.|\n)*? in (\w+) \S*src/",
                      said)
    return f"{found[2]}: {found[1]}" if found else "ends without a word"


def used(pid):
    """Seconds of CPU of a process and of all that it has started"""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            times = file.read().rpartition(")")[2].split()[11:15]
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
            children = file.read().split()
    except OSError:
        return 0
    return (sum(map(int, times)) / os.sysconf("SC_CLK_TCK") +
            sum(map(used, children)))


class Place:
    """A copy with a plant, its target, and a folder for what is counted"""

    def __init__(self, tree, target, folder):
        self.tree, self.target, self.folder = tree, target, folder
        os.makedirs(folder)

    def env(self, **more):
        return {**os.environ, "PORTCLASH_FUZZ_DIR": self.folder,
                "PORTCLASH_CORPUS": os.path.join(ROOT, "corpus"),
                "PORTCLASH_FUZZ_VARIANTS": VARIANTS.get(self.target, "0"),
                **more}

    def run(self, command, seconds, **more):
        """The exit code and what was said; None if it does not end"""
        return self.watch(command, seconds + GRACE, math.inf, **more)[:2]

    def watch(self, command, seconds, cpu, **more):
        """The same, and the seconds of CPU that it took. It is asked to end
        once these are over, and its code is then 0."""
        end, spent = time.monotonic() + seconds, 0
        with subprocess.Popen(
                command, cwd=self.tree, env=self.env(**more),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT) as process:
            while True:
                try:
                    said, _ = process.communicate(timeout=0.5)
                    return process.returncode, said.decode(
                        errors="replace"), spent
                except subprocess.TimeoutExpired:
                    spent = max(spent, used(process.pid))
                except KeyboardInterrupt:
                    self.stop(process)
                    raise
                if spent > cpu or time.monotonic() > end:
                    said = self.stop(process).decode(errors="replace")
                    return 0 if spent > cpu else None, said, spent

    @staticmethod
    def stop(process):
        """afl-fuzz ends its children if it is asked to end."""
        process.terminate()
        try:
            return process.communicate(timeout=GRACE / 10)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            return process.communicate()[0]

    def counts(self):
        """What the target has counted"""
        if not os.path.exists(os.path.join(self.folder, "counters")):
            return {"execs": 0, "programs": 0}
        return json.loads(self.run([f"build/san/replay_{self.target}",
                                    "--counts"], 0)[1])

    def result(self, code, said, spent):
        """What is noted of one that is found by its exit code"""
        if code in (2, CANNOT, NOTHING):
            raise SystemExit(f"plants: {self.target}: {said[-500:]}")
        counts = self.counts()
        return {"found": code != 0, "execs": counts["execs"],
                "programs": counts["programs"],
                "seconds": round(spent, 1),
                "signature": "it hangs" if code is None else
                signature(said) if code else None}


def corpus(place, _):
    """The seeds, as make check replays them"""
    return place.result(*place.watch(
        [f"build/san/replay_{place.target}",
         os.path.join(ROOT, f"corpus/fuzz/fuzz_{place.target}")],
        SLOW * LIMIT, math.inf))


def blind(place, seed):
    """Random bytes, of which nobody learns anything"""
    return place.result(*place.watch(
        [f"build/san/replay_{place.target}", "--random", str(seed),
         str(SLOW * LIMIT)], SLOW * LIMIT + GRACE, LIMIT))


def libfuzzer(place, seed, name="fuzz"):
    """libFuzzer, without any seed"""
    dictionary = [f"-dict={DICTIONARY}"] if place.target in WORDY else []
    return place.result(*place.watch(
        [f"build/libfuzzer/{name}_{place.target}", f"-seed={seed}",
         f"-max_len={LENGTH_MAX}", f"-max_total_time={SLOW * LIMIT}",
         "-timeout=20", "-detect_leaks=0", f"-artifact_prefix={place.folder}/",
         *dictionary], SLOW * LIMIT + GRACE, LIMIT))


def libmutator(place, seed):
    """The same with our mutator"""
    return libfuzzer(place, seed, "mutated")


def afl(place, seed, **more):
    """AFL++ with a single seed that is as plain as can be"""
    seeds, out = (os.path.join(place.folder, name) for name in ("in", "out"))
    os.makedirs(seeds)
    with open(os.path.join(seeds, "plain"), "wb") as file:
        file.write(PLAIN_SEEDS.get(place.target, PLAIN_SEED))
    _, said, spent = place.watch(
        ["taskset", "-c", str(max(os.sched_getaffinity(0))), "afl-fuzz", "-i",
         seeds, "-o", out, "-S", "ci", "-V", str(SLOW * LIMIT), "-G", str(LENGTH_MAX),
         "-t", "5000" if place.target not in ("conn", "spec") else "30000",
         "-s", str(seed), *(["-x", DICTIONARY] if place.target in WORDY else []),
         "--", f"build/afl/fuzz_{place.target}", "-10000"],
        SLOW * LIMIT + GRACE, LIMIT, **AFL_ENV, **more)
    made = glob.glob(os.path.join(out, "ci/crashes/id:*"))
    hangs = glob.glob(os.path.join(out, "ci/hangs/id:*"))
    counts = place.counts()
    try:
        with open(os.path.join(out, "ci/fuzzer_stats")) as file:
            counts["execs"] = int(re.search(r"execs_done +: (\d+)",
                                            file.read())[1])
        if "aborted by user" in said and spent <= LIMIT:
            raise KeyboardInterrupt
    except OSError:
        # Not even the plain seed is survived, or there is no AFL++ at all.
        if "crash" not in said.lower():
            raise SystemExit(f"plants: afl-fuzz: {said[-500:]}") from None
        made = glob.glob(os.path.join(seeds, "plain"))
    said = place.run([f"build/san/replay_{place.target}", made[0]],
                     LIMIT)[1] if made else ""
    return {"found": bool(made or hangs), "execs": counts["execs"],
            "programs": counts["programs"], "seconds": round(spent, 1),
            "signature": signature(said) if made else
            "it hangs" if hangs else None}


def mutator(place, seed):
    """The same, with our mutator as well as its own"""
    return afl(place, seed, AFL_CUSTOM_MUTATOR_LIBRARY=os.path.join(
        ROOT, "build/mutator.so"))


def stages(whole):
    """Those of harness/mutate: the tests, the cheapest first"""
    path = os.path.join(ROOT, "harness", "mutate")
    loader = importlib.machinery.SourceFileLoader("mutate", path)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("mutate", loader))
    loader.exec_module(module)
    return module.stages(whole)


def tests(place, whole):
    """The tests, up to the first that fails"""
    begin = time.monotonic()
    for name, command in stages(whole):
        # Who never ends is noticed, too.
        if place.run(command, 10 * LIMIT)[0] != 0:
            break
    else:
        name = None
    return {"found": name is not None, "execs": None, "programs": None,
            "seconds": round(time.monotonic() - begin, 1), "signature": name}


def fast(place, _):
    """make check FAST=1"""
    return tests(place, False)


def check(place, _):
    """make check, which takes ten minutes"""
    return tests(place, True)


# Each with what is built for it, the cheapest first
ARMS = {
    "corpus": (corpus, ("build/san/replay_{}",)),
    "fast": (fast, ("tests-pure",)),
    "libfuzzer": (libfuzzer, ("build/san/replay_{}", "build/libfuzzer/fuzz_{}")),
    "afl": (afl, ("build/san/replay_{}", "build/afl/fuzz_{}")),
    "libmutator": (libmutator, ("build/san/replay_{}",
                                "build/libfuzzer/mutated_{}")),
    "mutator": (mutator, ("build/san/replay_{}", "build/afl/fuzz_{}")),
    "blind": (blind, ("build/san/replay_{}",)),
    "check": (check, ("tests",)),
}
