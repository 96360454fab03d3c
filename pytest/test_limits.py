# SPDX-License-Identifier: Apache-2.0
"""What this machine has no more of is said so: exit code 3, or 5 if nothing was
tested for it; and it is never an outcome, a usage error, or success."""

import resource
import subprocess

import pytest

from portcheck import (AGREED, CANNOT, CASES, COMMAND, CRASH, FOUND, NOTHING,
                       RULES, portclash)
from test_whyasked import SAVED

CASE = next(iter(sorted(CASES.glob("*.case"))))
PURE = ("-s", "spec", "-s", "portman")
REAL = ("-s", "spec", "-s", "linux")
# Each verb, so that it says 0 or 1 where nothing is short
VERBS = {
    "check": ("check", *REAL, CASE),
    "diff": ("diff", "--quiet", *REAL, CASES),
    "random": ("random", "--quiet", "--count", 200, *REAL),
    "sweep": ("sweep", "pairs", "--part", "1/900", "--quiet", *REAL),
    "explain": ("explain", "--quiet", "--count", 200, *PURE),
    "matrix": ("matrix", "--quiet", "--count", 3, "-s", "spec"),
    "run": ("run", "-s", "linux", CASE),
    "minimize": ("minimize", "-s", "spec~bind4_family", "-s", "spec",
                 RULES / "bind4_family.case"),
    "emit": ("emit", CASE),
    "pack": ("pack", "--output", "/dev/null", CASE),
    "rules": ("rules",),
    "why": ("world", COMMAND, "why", "tcp", "127.0.0.1:7000"),
}
FILES = (4, 5, 8, 12)
MEGABYTES = (8, 10, 12, 14, 16, 20, 24, 32, 48)


def limited(args, **limits):
    """Run it with little of something."""
    def prepare():
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"),
                               (value, value))
    return subprocess.run([str(COMMAND), *map(str, args)], timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          preexec_fn=prepare, check=False)


def whole(args, codes=[]):
    """What it says where nothing is short."""
    if not codes:
        codes.append({})
    key = args[0]
    if key not in codes[0]:
        codes[0][key] = limited(args).returncode
    return codes[0][key]


def said(args, done, expected):
    """The code of a whole answer, or 3 or 5 with a reason."""
    err = done.stderr.decode(errors="replace")
    assert not CRASH.search(err) and done.returncode >= 0, (args, done)
    if done.returncode == expected:
        return
    assert done.returncode in (CANNOT, NOTHING), (args, done)
    text = (done.stdout + done.stderr).decode(errors="replace").lower()
    assert any(word in text for word in (
        "too many open files", "memory", "no socket of any type",
        "resource temporarily", "file too large")), (args, done)


@pytest.mark.parametrize("verb", VERBS)
def test_few_descriptors(verb):
    """RLIMIT_NOFILE; at 3 no library is found."""
    args = VERBS[verb]
    expected = whole(args)
    assert expected in (AGREED, FOUND)
    for files in FILES:
        said(args, limited(args, NOFILE=files), expected)


@pytest.mark.parametrize("verb", VERBS)
def test_little_memory(verb):
    """RLIMIT_AS, from what is too little to load upwards."""
    args = VERBS[verb]
    expected = whole(args)
    for megabytes in MEGABYTES:
        done = limited(args, AS=megabytes << 20)
        if b"error while loading" not in done.stderr:
            said(args, done, expected)


# One allocation fails: that of this number, from 1
FAIL = r"""
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
static long number, wanted = -1;
static int fails(void)
{
    if (wanted < 0)
        wanted = getenv("FAIL") ? atol(getenv("FAIL")) : 0;
    return ++number == wanted && (errno = ENOMEM);
}
void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}
void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}
__attribute__((destructor)) static void tell(void)
{
    fprintf(stderr, "\nallocations: %ld\n", number);
}
"""


def without(args, library, number):
    """Run it, where this allocation fails; 0: none"""
    return subprocess.run([str(COMMAND), *map(str, args)], timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, env={"LD_PRELOAD": str(library),
                                            "FAIL": str(number)})


@pytest.mark.parametrize("args", (
    ("emit", CASE), ("emit", "--json", "--output", "/dev/null", CASE),
    ("run", *PURE, CASE), ("run", "--json", *PURE, CASE), ("pack", CASE),
    ("minimize", "-s", "spec~bind4_family", "-s", "spec",
     RULES / "bind4_family.case"),
    ("why", "--from", "SAVED", "tcp", "0.0.0.0:8080", "--reuseaddr"),
    ("why", "--from", "SAVED", "8080", "--json", "--rule")), ids=lambda args: " ".join(map(str, args[:3])))
def test_each_allocation(args, tmp_path):
    """One after the other fails: what is said is whole, or the exit code is 3."""
    (tmp_path / "saved").write_text(SAVED)
    args = [tmp_path / "saved" if arg == "SAVED" else arg for arg in args]
    (tmp_path / "fail.c").write_text(FAIL)
    library = tmp_path / "fail.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library,
                    tmp_path / "fail.c"], check=True)
    right = without(args, library, 0)
    count = int(right.stderr.rpartition(b"allocations:")[2])
    assert count > 10 and not CRASH.search(right.stderr.decode())
    for number in range(1, count + 1):
        done = without(args, library, number)
        said(args, done, right.returncode)
        if done.returncode == right.returncode:
            assert done.stdout == right.stdout, (number, args, done)


def test_a_situation_is_saved_as_a_whole(tmp_path):
    """Or the file is as it was before; and the answer is said all the same."""
    path = tmp_path / "saved"
    path.write_text(SAVED)
    args = ("why", "--from", path, "tcp", "127.0.0.1:8080", "--save", path)
    done = limited(args, FSIZE=0)
    assert done.returncode == CANNOT and b"cannot write" in done.stderr, done
    assert done.stdout.startswith(b"ok: ") and path.read_text() == SAVED
    assert [path] == list(tmp_path.iterdir())
    done = limited(args)
    assert done.returncode == AGREED and path.read_text().startswith(
        SAVED.splitlines()[0]), done


def test_who_is_named_and_not_here_is_heard():
    """By each verb that takes subjects."""
    gone = "gone=pipe:exit 7"
    for args in (("run", "-s", gone, CASE), ("check", "-s", gone, CASE),
                 ("diff", "-s", gone, "-s", "spec", "--json", CASE),
                 ("random", "--json", "-s", gone, "-s", "spec"),
                 ("sweep", "pairs", "-s", gone, "-s", "spec"),
                 ("matrix", "--quiet", "-s", gone),
                 ("explain", "-s", gone, "-s", "spec"),
                 ("minimize", "-s", gone, "-s", "spec", CASE),
                 ("serve", "-s", gone)):
        answer = portclash(*args)
        assert answer.code in (CANNOT, NOTHING), answer
        assert "exit status 7" in answer.err + answer.out.decode(), answer
