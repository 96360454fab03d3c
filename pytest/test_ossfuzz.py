# SPDX-License-Identifier: Apache-2.0
"""What OSS-Fuzz and ClusterFuzzLite build, and what they are promised."""

import os
import re
import shutil
import subprocess

import pytest

from portcheck import CANNOT, ROOT, SKIPPED, USAGE

HERE = ROOT / ".clusterfuzzlite"
# In place of a compiler or of zip: what it is told, and a file where it says
STAND_IN = """#!/bin/sh
printf '%s ' "${0##*/}" "$@" >>"$LOG"
echo >>"$LOG"
[ "${0##*/}" != zip ] || : >"$3"
while [ $# -gt 1 ]; do
	[ "$1" != -o ] || : >"$2"
	shift
done
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """What build.sh makes with stand-ins, and what it has told them."""
    work = tmp_path_factory.mktemp("ossfuzz")
    for name in ("bin", "work", "out"):
        (work / name).mkdir()
    for name in ("runners-cc", "runners-cxx", "zip"):
        (work / "bin" / name).write_text(STAND_IN)
        (work / "bin" / name).chmod(0o755)
    env = {"PATH": f"{work / 'bin'}:{os.environ['PATH']}", "LOG": work / "log",
           "SRC": ROOT.parent, "WORK": work / "work", "OUT": work / "out",
           "CC": "runners-cc", "CXX": "runners-cxx", "CFLAGS": "-Othat",
           "CXXFLAGS": "-Othis", "LIB_FUZZING_ENGINE": "an-engine.a",
           "SANITIZER": "address", "FUZZING_ENGINE": "libfuzzer",
           "ARCHITECTURE": "x86_64"}
    done = subprocess.run(["bash", "-eu", HERE / "build.sh"], cwd=ROOT, env=env,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, text=True, timeout=60)
    assert done.returncode == 0, done
    return work / "out", (work / "log").read_text().splitlines()


@pytest.mark.pure
def test_flags_are_the_runners(built):
    """Compiled by its compiler, linked as C++ with its engine; no sanitizer, no
    machine and no engine of our own choice."""
    _, told = built
    compiled = [line for line in told if line.startswith("runners-cc ")]
    linked = [line for line in told if line.startswith("runners-cxx ")]
    assert len(compiled) > 50 and all("-Othat" in line for line in compiled)
    assert linked and all("-Othis" in line and "an-engine.a" in line
                          for line in linked)
    assert not re.search(r"-fsanitize|-march|-O[0-3]\b|-lnl", "\n".join(told))


@pytest.mark.pure
def test_each_target_has_what_goes_with_it(built):
    """A name they take, seeds, options, and the words that these name."""
    out, told = built
    targets = {line.split(" -o ")[1].split()[0].rpartition("/")[2]
               for line in told if line.startswith("runners-cxx ")}
    pure = {path.stem for path in (ROOT / "harness").glob("fuzz_*.c")} - {
        "fuzz_kernel", "fuzz_spec", "fuzz_conn"}
    assert targets == pure
    for name in targets:
        assert re.fullmatch(r"[A-Za-z0-9_-]+", name)
        assert (out / f"{name}_seed_corpus.zip").exists()
        options = (out / f"{name}.options").read_text()
        assert options.startswith("[libfuzzer]\n"), options
        for words in re.findall(r"^dict = (.*)$", options, re.MULTILINE):
            assert (out / words).stat().st_size


@pytest.mark.pure
def test_no_source_needs_a_new_libc():
    """Their older image has glibc 2.31."""
    for path in (ROOT / "src").glob("**/*.[ch]"):
        # A string is a program for somebody else.
        text = re.sub(r'"[^"\n]*"', "", path.read_text())
        assert "sys/pidfd.h" not in text and "strerrorname_np" not in text, path


@pytest.mark.pure
@pytest.mark.parametrize("args", (["\033[m"], ["--time"], ["--time", "x"],
                                  ["--release"], ["afl/nosuch"]))
def test_it_is_asked_badly(args):
    """One line that says so; exit 2."""
    done = subprocess.run([ROOT / "ci" / "ossfuzz", *args], check=False,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == USAGE and not done.stdout, done
    assert done.stderr.count("\n") == 1 and "\033" not in done.stderr, done


@pytest.mark.pure
def test_placeholders_are_not_submitted(tmp_path):
    """Whom they are to write to must be known; then it clones itself."""
    tree, to = tmp_path / "tree", tmp_path / "to"
    (tree / "ci").mkdir(parents=True)
    shutil.copy(ROOT / "ci" / "ossfuzz", tree / "ci")
    shutil.copytree(HERE, tree / HERE.name)
    project = tree / HERE.name / "project.yaml"
    command = [tree / "ci" / "ossfuzz", "--submit", to]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == USAGE and not to.exists(), done
    assert "main_repo" in done.stderr
    project.write_text("".join(
        line.replace("PLACEHOLDER", "https://example.org/portclash")
        for line in project.read_text().splitlines(keepends=True)
        if not line.startswith("#")))
    subprocess.run(command, check=True)
    said = (to / "Dockerfile").read_text()
    assert "git clone --depth 1 https://example.org/portclash " in said
    assert "COPY build.sh $SRC/" in said and "ubuntu-24-04" in said


@pytest.mark.long
def test_it_passes_their_checks(tmp_path):
    """With the compilers that are here."""
    done = subprocess.run([ROOT / "ci" / "ossfuzz", "--time", "2", "--output",
                           tmp_path], stdin=subprocess.DEVNULL, check=False,
                          capture_output=True, text=True)
    if done.returncode in (CANNOT, SKIPPED):
        pytest.skip((done.stdout + done.stderr).strip().splitlines()[-1])
    assert done.returncode == 0, done
    assert done.stdout.count(": ok; ") == 18, done.stdout
