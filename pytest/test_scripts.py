# SPDX-License-Identifier: Apache-2.0
"""Scripts that are ended leave no file behind, and no process."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from portcheck import CANNOT, ROOT, USAGE, machines, usual_signals

# What each starts in the end, and what it asks before; all say where they are
FAKES = {
    "machines": "echo /fake/kernel",
    "initrd": "echo image >$2; echo at >>$TMPDIR/../log; exec sleep $WAIT",
    "setpriv": "cat /dev/fd/9 >$TMPDIR/../log; exec sleep 9",
    "qemu-system-x86_64": "", "linux.uml": "",
}


def sandbox(tmp_path, script):
    """A copy of a script among fakes of what it starts."""
    folder = tmp_path / "netns-scripts"
    (tmp_path / "tmp").mkdir()
    folder.mkdir()
    shutil.copy(ROOT / script, folder)
    (tmp_path / "uml-xstate.so").write_text("")
    for name, text in FAKES.items():
        if folder / name != folder / Path(script).name:
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
    return folder / Path(script).name


@pytest.mark.parametrize("stage", ("builds", "runs"))
@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT,
                                    signal.SIGKILL))
@pytest.mark.parametrize("script", ("in-qemu", "in-uml"))
def test_a_machine_leaves_no_image(script, number, stage, tmp_path):
    """While its image is made, or while it runs; then even if it is killed."""
    if stage == "builds" and number == signal.SIGKILL:
        return      # nobody can help that
    program = sandbox(tmp_path, f"netns-scripts/{script}")
    log = tmp_path / "log"
    first = "6.1" if script == "in-qemu" else "--release=6.1"
    with subprocess.Popen(
            [program, first, "program"], start_new_session=True,
            preexec_fn=usual_signals,
            env={**os.environ, "TMPDIR": str(tmp_path / "tmp"),
                 "PATH": f"{program.parent}:{os.environ['PATH']}",
                 "WAIT": "9" if stage == "builds" else "0"}) as run:
        wanted = "at\n" if stage == "builds" else "image\n"
        end = time.monotonic() + 10
        while not log.exists() or log.read_text() != wanted:
            assert time.monotonic() < end
            time.sleep(.02)
        os.killpg(run.pid, number)
        assert run.wait(8) in (128 + number, 143, -number)
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize("call", (
    "in-uml --release=", "in-uml --nosuch", "in-uml --release=../x",
    "in-qemu --nosuch", "in-qemu x", "in-qemu .", "machines linux-.",
    "machines linux-", "machines uml-x", "machines gvisor-", "in-runsc --nosuch",
    "in-runsc --release=", "in-runsc nosuch", "in-runsc \033[m",
    "../ci/kernels \033[m", "../ci/kernels 6.x", "../ci/lint \033[m",
    "../ci/dictionary \033[m", "../ci/dictionary --nosuch", "../ci/seeds \033[m",
    "../ci/fuzz \033[m", "../ci/fuzz --time", "../ci/triage --\033[m",
    "../ci/setup \033[m", "../ci/in-debian \033[m x", "../ci/check \033[m"))
def test_a_script_is_asked_badly(call):
    """One line that says so, whatever machines are here; exit 2."""
    if os.geteuid() and "in-runsc" in call:
        pytest.skip("in-runsc needs root")
    if not shutil.which("qemu-system-x86_64") and "in-qemu" in call:
        pytest.skip("qemu-system-x86_64 is missing")
    if "in-runsc" in call and not machines("gvisor"):
        pytest.skip("no gVisor is here")
    script, *args = call.split()
    done = subprocess.run([ROOT / "netns-scripts" / script, *args], check=False,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == USAGE and not done.stdout, done
    assert done.stderr.count("\n") == 1 and "\033" not in done.stderr, done


@pytest.mark.parametrize("name", ("", "-x", "folder", "\033[m"))
def test_a_machine_has_no_program_by_that_name(name, tmp_path):
    """What is to be run there is not here: exit 2, and no image is made."""
    here = machines("uml") + machines("linux")
    if not here:
        pytest.skip("no UML and no kernel for QEMU is here")
    (tmp_path / "folder").mkdir()
    out = tmp_path / "out"
    done = subprocess.run(
        [ROOT / "netns-scripts" / "initrd", here[0], out, name], check=False,
        cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == USAGE and not out.exists(), done
    assert done.stderr.count("\n") == 1 and "\033" not in done.stderr, done


@pytest.mark.parametrize("name", ([], machines()[:1]))
def test_where_nobody_hears_of_machines(name):
    """Which there are, and where one is."""
    with open("/dev/full", "wb") as full:
        for more in ({"stdout": full}, {"preexec_fn": lambda: os.close(1)}):
            assert subprocess.run(
                [ROOT / "netns-scripts" / "machines", *name], check=False,
                stderr=subprocess.DEVNULL, **more).returncode == CANNOT


def test_contain_where_signals_are_blocked():
    """What a parent has blocked is inherited, and makes no difference."""
    user = ["--map-root-user"] if os.geteuid() else []
    for command in (("true",), ("sh", "-c", "sleep .1; exit 5")):
        codes = []
        for blocked in ((), {signal.SIGCHLD}, signal.valid_signals()):
            done = subprocess.run(
                [ROOT / "netns-scripts" / "contain", *user, "--", *command],
                check=False, timeout=20, stderr=subprocess.PIPE, text=True,
                preexec_fn=lambda these=blocked: signal.pthread_sigmask(
                    signal.SIG_BLOCK, these))
            if "unshare failed" in done.stderr:
                pytest.skip(done.stderr.strip())
            codes.append(done.returncode)
        assert codes == [5 if "-c" in command else 0] * 3


def test_what_says_no_version_is_no_machine(tmp_path):
    """It is not listed by a name that nobody can give."""
    for name in ("linux.uml", "runsc"):
        (tmp_path / name).write_text("#!/bin/sh\necho ../../etc.1\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [ROOT / "netns-scripts" / "machines"], check=True, text=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert all(name == "gvisor" or name[-1].isdigit()
               for name in done.stdout.split()), done


@pytest.mark.parametrize("script", ("ci/seeds", "netns-scripts/initrd"))
def test_work_that_is_ended_is_removed(script, tmp_path):
    """The folder where it is done."""
    program = tmp_path / "tree" / script
    program.parent.mkdir(parents=True)
    shutil.copy(ROOT / script, program)
    work = tmp_path / "tmp"
    work.mkdir()
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\necho >$STARTED; exec sleep 9\n")
    slow.chmod(0o755)
    args = [program, slow]
    if script == "netns-scripts/initrd":
        kernels = tmp_path / "tree" / "build" / "kernels"
        (kernels / "6.1" / "lib" / "modules" / "6.1.0").mkdir(parents=True)
        (kernels.parent / "portclash-static").write_text("")
        (kernels.parent / "portclash-static").chmod(0o755)
        (program.parent / "machines").write_text("#!/bin/sh\necho x\n")
        (program.parent / "machines").chmod(0o755)
        shutil.copy(slow, tmp_path / "cpio")
        args, work = [program, "linux-6.1"], kernels
    else:
        (tmp_path / "tree" / "corpus" / "cases").mkdir(parents=True)
        (tmp_path / "tree" / "corpus" / "cases" / "a.case").write_text("")
    before = sorted(work.iterdir())
    with subprocess.Popen(
            args, start_new_session=True, stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(tmp_path / "tmp"),
                 "STARTED": str(tmp_path / "started"),
                 "PATH": f"{tmp_path}:{os.environ['PATH']}"}) as run:
        end = time.monotonic() + 10
        while not (tmp_path / "started").exists():
            assert time.monotonic() < end
            time.sleep(.02)
        os.killpg(run.pid, signal.SIGTERM)
        assert run.wait(8) == 143
    assert sorted(work.iterdir()) == before
