# SPDX-License-Identifier: Apache-2.0
"""The agent around the Go package: which gVisor it is of, and how it is built
around one that nobody knows."""

import os
import re
import subprocess

import pytest

from portcheck import ROOT

BUILD = ROOT / "harness" / "goports" / "build"
ADAPTERS = sorted(path.stem.removeprefix("gvisor_")
                  for path in BUILD.parent.glob("gvisor_*.go"))
NEWER = "20991231"
STABLE_UNTIL = "20231110"       # when gVisor dropped the stable pick


def ask(program):
    """What the agent says at its start, and to one program."""
    done = subprocess.run([ROOT / "build" / "goports"], input=program,
                          capture_output=True, text=True, check=True)
    hello, can, *trace = done.stdout.splitlines()
    name = hello.removeprefix("portclash-agent 1 ")
    assert re.fullmatch(r"goports-[0-9]{8}", name), hello
    return name.removeprefix("goports-"), can.split(), trace


def test_the_date_is_of_what_is_installed(here):
    """It is that of Debian's package, such as 0.0~20240729.0-4."""
    here("goports")
    version = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "golang-gvisor-gvisor-dev"],
        capture_output=True, text=True, check=True).stdout
    date, can, _ = ask("")
    assert f"~{date}." in version
    assert can[0] == "can" and {"reserve", "tuple", "pick"} <= set(can)


def test_the_stable_pick_is_not_promised_where_it_is_gone(here):
    """And if it is asked for all the same, it is n/a, as is what follows."""
    here("goports")
    date, can, trace = ask("pick_stable test=all\nlive\n.\n")
    there = date < STABLE_UNTIL
    assert ("pick_stable" in can) == there
    assert trace == (["ok:16000/1", "ok:0", "."] if there
                     else ["n/a", "n/a", "."])


@pytest.fixture
def build(tmp_path):
    """Build it where Debian's package is of this version (None: missing), and
    where Go is this script. What it says, and the code it exits with."""
    def script(name, text):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def run(version, go="exit 1"):
        script("dpkg-query", f"printf %s '{version}'" if version else "exit 1")
        done = subprocess.run(
            [BUILD, tmp_path / "goports"], capture_output=True, text=True, check=False,
            env={**os.environ, "GO": str(script("go", go)),
                 "PATH": f"{tmp_path}:{os.environ['PATH']}"})
        return done.returncode, done.stdout + done.stderr
    return run


@pytest.mark.parametrize("version,reason", [
    (None, "golang-gvisor-gvisor-dev is missing"),
    ("1:2.3-4", "no ~YYYYMMDD in '1:2.3-4'"),
    ("0.0~20200101.0-1", "of 20200101, older than all"),
    (f"0.0~{NEWER}.0-1", f"gvisor_{ADAPTERS[-1]}.go does not fit")])
def test_what_does_not_fit_is_said(version, reason, build, tmp_path):
    """In a line, and all else is made. What is there of another gVisor goes."""
    old = tmp_path / "goports"
    old.touch()
    code, said = build(version)
    assert not old.exists()
    assert code == 0
    assert said.startswith("goports is not built: ") and reason in said
    assert said.count("\n") == 1


def test_one_that_should_fit_must_compile(build):
    """Otherwise it is our mistake: what Go said, and no excuse."""
    assert build(f"0.0~{ADAPTERS[0]}.0-1", "echo wrong >&2; exit 2") == (
        1, "wrong\n")


@pytest.mark.parametrize("date,adapter", [
    *zip(ADAPTERS, ADAPTERS), ("20230101", ADAPTERS[0]),
    (NEWER, ADAPTERS[-1])])
def test_the_newest_that_is_not_newer_is_taken(date, adapter, build):
    """But the date is that of what is installed."""
    code, said = build(f"0.0~{date}.0-1", 'echo "$@"')
    assert code == 0
    assert f" -tags gvisor_{adapter} -ldflags -X main.date={date} " in said
