# SPDX-License-Identifier: Apache-2.0
"""Other kernels and stacks, for real: they answer what is recorded for them,
Linux as its specification says and gVisor as its port manager does."""

import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kernellog import warnings
from portcheck import (AGREED, CASES, CORPUS, DIVERGENCES, ROOT, RULES, USAGE, cases,
                       class_of, machines, portclash, required, said, some)

pytestmark = pytest.mark.slow
BUGS = CORPUS / "kernel-bugs"
# What is here; of what is not, each kind, and what CI wants, with the reason.
HERE = machines()
WANTED = [name for name in sorted({"gvisor", "uml", "linux-6.12"} | required())
          if name.startswith(("gvisor", "uml", "linux-")) and
          not any(f"{one}-".startswith(f"{name}-") for one in HERE)]
GVISORS = [name for name in HERE + WANTED if name.startswith("gvisor")]
KERNELS = [name for name in HERE + WANTED if not name.startswith("gvisor")]
# The newest; all of them in test_long.py
BUGGY = [name for name in KERNELS if name.startswith("linux")][-1:]
WAIT = {"PORTCLASH_PIPE_WAIT_MS": "60000"}
SCRIPTS = ROOT / "netns-scripts"
# So many programs in one boot
BOOT = 60


@some(5)
@pytest.mark.parametrize("name", (*KERNELS, *GVISORS))
def test_cases_hold(name, every, need, ran, console):
    """What each answers, case by case. gVisor needs another sandbox behind some
    cases, and is asked some of them."""
    every = every if name in GVISORS else 1
    paths = cases(RULES, CASES, BUGS, DIVERGENCES)[::every]
    answer = portclash("check", "--json", "-s", name, *paths,
                       env={**WAIT, **console}, timeout=600)
    result = need(answer)
    assert not result["failed"], said(result["failed"])
    ran(result)
    assert result["compared_ops"] > 2000 // every


def test_lwip_has_cases_of_its_own(need, ran):
    """Where it crashes and hangs, too: the op that did it says so."""
    paths = [path for path in cases(CASES, DIVERGENCES)
             if path.name.startswith("lwip-")]
    answer = portclash("check", "--json", "-s", "lwip", *paths)
    result = need(answer)
    ran(result)
    assert len(paths) > 30 and not result["failed"], said(result["failed"])


def programs_of(what, share, count, parts):
    """Programs that are not cases; two who answer alike share them, so that
    each is asked one half."""
    if what == "random":
        return "random", "--seed", 9 + share, "--count", count
    return "sweep", "pairs", "--part", f"{13 + share}/{parts}"


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("what", ("random", "pairs"))
def test_a_kernel_is_its_specification(name, what, need, console):
    """That of its version, which UML and a virtual machine share."""
    asked = programs_of(what, name.startswith("uml"), 350, 300)
    answer = portclash(*asked, "--json", "--quiet", "--jobs", 1, "-s", name,
                       "-s", f"spec@{name.split('-')[-1]}" if "-" in name
                       else "spec", env={**WAIT, **console})
    result = need(answer)
    assert answer.code == AGREED and result["divergent"] == 0, answer
    assert result["compared_ops"] > result["programs"]
    # Its log was really there to be read.
    assert "Linux version" in Path(console["PORTCLASH_CONSOLE"]).read_text()


def test_warnings_of_a_kernel_are_seen():
    """Planted, among lines of a healthy one."""
    bad = ("[    1.2] WARNING: CPU: 0 PID: 7 at net/ipv4/inet_hash.c:1",
           "[    1.3] BUG: unable to handle page fault", "Call Trace:",
           "UBSAN: shift-out-of-bounds in net/ipv4/tcp.c")
    good = "Linux version 6.1\nDEBUG: x\nclocksource: jiffies\n"
    assert warnings(good + "\n".join(bad)) == list(bad)


@pytest.mark.parametrize("what", ("random", "pairs"))
@pytest.mark.parametrize("name", GVISORS)
def test_gvisor_is_its_port_manager(name, what, need):
    """Where our rules for endpoints differ from the real thing, ours are
    wrong. They are those of 20221219; what a newer one does apart has a class
    or is a finding."""
    asked = programs_of(what, GVISORS.index(name) % 2, 250, 240)
    answer = portclash(*asked, "--json", "--quiet", "-s", "portman", "-s",
                       name)
    result = need(answer)
    newer = name > "gvisor-20221219"
    assert answer.code == AGREED and (newer or not result["divergent"]), answer


def owned(subject):
    """The classes of a system: each says whose it is."""
    system = subject.split("-")[0]
    return [path for path in cases(DIVERGENCES)
            if f"# of: {system}\n" in path.read_text()]


def shown_before(path, name):
    """Does this release say something else than Linux before the end?"""
    lines = re.findall(r"^\w.* = (\S+)(.*)$", path.read_text(), re.MULTILINE)
    for linux, others in lines[:-1]:
        said = dict(re.findall(r"(\S+)=(\S+)", others))
        if said.get(name, said.get(name.split("-")[0], linux)) != linux:
            return True
    return False


@some(6)
@pytest.mark.parametrize("name,least", (
    *((name, 30) for name in GVISORS), ("lwip", 20)))
def test_classes_find_themselves(name, least, every, need):
    """The real thing diverges as the example says, for the reason of its
    class. Some come after ports that each chooses apart, or are those of
    another release: those the cases hold."""
    # Each release has other ones.
    first = 3 * GVISORS.index(name) % every if name in GVISORS else 0
    paths = [path for path in owned(name)[first::every]
             if not shown_before(path, name)]
    answer = portclash("diff", "--json", "-s", name, "-s", "linux", *paths)
    result = need(answer)
    assert not answer.crashed and result["unknown"] == 0, answer
    found = {path: said for path, said in re.findall(
        r"^# (\S+): (.+)$", answer.err, re.MULTILINE) if said != "unmodelled"}
    wrong = {path: said for path, said in found.items()
             if class_of(path) not in said.split(" + ")}
    assert len(found) >= least // every, answer
    assert not wrong


def test_a_stack_that_crashes_has_a_class(need):
    """Whether it does is no matter of rules: both models are told."""
    path = DIVERGENCES / "lwip-listener-abort-crashes.case"
    for pair in (("lwip", "linux"), ("linux", "lwip"), ("lwip", "spec")):
        answer = portclash("diff", "--json", "-s", pair[0], "-s", pair[1], path)
        result = need(answer)
        assert answer.code == AGREED, answer
        assert result["classes"] == {path.stem: 1}, answer


@pytest.mark.parametrize("name", GVISORS)
def test_a_sandbox_that_dies_is_an_outcome(name, here):
    """Of the range of all ports; and the next program has another sandbox."""
    here(name)
    answer = portclash("check", "--json", "-s", name,
                       CASES / "range-of-all-ports-kills-gvisor.case",
                       DIVERGENCES / "range-has-no-least-port.case")
    assert answer.code == AGREED, answer
    assert answer.json["compared_ops"] == 3 and answer.json["held"] == 2


@pytest.mark.parametrize("name", GVISORS)
def test_a_sandbox_appends(name, here, tmp_path):
    """What was in the file that its output goes to stays."""
    here(name)
    path = tmp_path / "log"
    path.write_text("before\n")
    with path.open("a") as log:
        subprocess.run([SCRIPTS / "in-runsc", f"--release={name[7:]}", "/bin/sh",
                        "-c", "echo out; echo err >&2"], stdin=subprocess.DEVNULL,
                       stdout=log, stderr=log, check=True)
    assert path.read_text() == "before\nout\nerr\n"


def reproducers(paths, folder):
    """Static programs, since a machine may have no libraries."""
    def make(path):
        program = folder / path.stem
        portclash("emit", "--c", "--output", f"{program}.c", path)
        subprocess.run(["cc", "-static", "-s", "-o", program, f"{program}.c"],
                       check=True, capture_output=True)
        return program
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(make, paths))


def statuses(command, programs):
    """How each exits where the command runs it."""
    done = subprocess.run([*command, *programs], capture_output=True,
                          stdin=subprocess.PIPE, text=True, check=False,
                          timeout=200, env={**os.environ})
    return {name: int(code) for code, name in
            re.findall(r"^(\d+) (\S+)$", done.stdout, re.MULTILINE)}


def in_a_guest(name, programs):
    """How each exits in a virtual machine, a few at a time: it has 256 MB."""
    kind, _, version = name.partition("-")
    command = ([SCRIPTS / "in-uml", f"--release={version}"] if kind == "uml"
               else [SCRIPTS / "in-qemu", version])
    got = {}
    for first in range(0, len(programs), BOOT):
        got.update(statuses(command, programs[first:first + BOOT]))
    return got


def exits(name, paths, folder):
    """How reproducers exit on a machine, and how they should: 1 if the machine
    was asked by its agent and said other than Linux, else 0. Without those
    that it lacks something for, or that need a pair of devices, and without
    A5, a matter of luck in a guest."""
    paths = [path for path in paths if not path.name.startswith("a5-") and
             "static void veth" not in portclash("emit", "--c", path).out.decode()]
    traces = portclash("run", "--json", "-s", name, "-s", "spec@6.18", *paths,
                       env=WAIT, timeout=3600).json["traces"]
    want = {}
    for path, trace in zip(paths, traces):
        # Ports that were chosen are any, also in a name.
        said, linux = ([re.sub(r":[1-6]?\d{4}$", "", word) for word in words]
                       for words in trace["outcomes"].values())
        if not {"n/a", "crash", "hang"} & set(said + linux):
            want[path] = int(said != linux)
    programs = dict(zip(want, reproducers(want, folder)))
    if name.startswith("gvisor"):
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            codes = pool.map(lambda program: in_a_sandbox(name, program)[0],
                             programs.values())
            return dict(zip(want, codes)), want
    codes = in_a_guest(name, list(programs.values()))
    return {path: codes.get(path.stem) for path in want}, want


@some(3)
@pytest.mark.parametrize("name", BUGGY)
def test_reproducers_of_kernel_bugs(name, every, here, tmp_path):
    """1 on the kernel that has the bug, 0 on one that has not. Without A5, a
    matter of luck there, and without those of veth0, which guests lack."""
    here(name)
    version = name.split("-")[-1]
    paths = [path for path in cases(BUGS)
             if not path.name.startswith("a5-")][::every]
    got = in_a_guest(name, reproducers(paths, tmp_path))
    want = {path.stem: int(f"linux-{version}=" in path.read_text())
            for path in paths if "veth0" not in path.read_text()}
    assert {stem: got.get(stem) for stem in want} == want


def in_a_sandbox(name, program):
    """Its exit status, and the op that it found other than on Linux."""
    release = [f"--release={name.split('-')[1]}"] if "-" in name else []
    done = subprocess.run([SCRIPTS / "in-runsc", *release, program, "here"],
                          capture_output=True, stdin=subprocess.DEVNULL,
                          text=True, check=False, timeout=60)
    found = re.search(r"^(.*\S) +\S+   expected ", done.stdout, re.MULTILINE)
    return done.returncode, found and found[1]


@some(12)
@pytest.mark.parametrize("name", GVISORS)
def test_reproducers_of_gvisors_classes(name, every, here, tmp_path):
    """1 in the sandbox, for one case of each class that needs no veth, and
    at the op where gVisor was seen to differ."""
    here(name)
    one = {class_of(path): path for path in owned("gvisor")
           if "veth" not in path.read_text() and
           f" {name}=" not in path.read_text() and
           re.search(r" gvisor=[^n].*\s*\Z", path.read_text())}
    # Each release has other ones.
    first = 6 * GVISORS.index(name) % every
    one = dict(list(one.items())[first::every])
    programs = reproducers(one.values(), tmp_path)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        got = dict(zip(one.values(), pool.map(
            lambda program: in_a_sandbox(name, program), programs)))
    recorded = re.compile(r"^(.*?) +=.* gvisor=[^n]", re.MULTILINE)
    want = {path: (1, recorded.search(path.read_text())[1]) for path in got}
    assert len(want) > 30 // every and got == want


def test_names():
    """Short ones are the newest; unknown forms are bad usage, and a version
    that is not here is skipped with what is here instead."""
    for bad in ("uml-x", "uml-6", "gvisor-", "gvisor-6.1", "linux-foo"):
        answer = portclash("check", "--json", "-s", bad, CASES)
        assert answer.code == USAGE and "uml[-X.Y]" in answer.err, answer
    for kind, other, what in (("gvisor", "gvisor-20010101", "runsc"),
                              ("uml", "uml-2.6", "linux.uml")):
        skip, = portclash("check", "--json", "-s", other,
                          CASES).json["skipped"]
        assert skip["subject"] == other and what in skip["reason"], skip
        found = machines(kind)
        if found and not (kind == "gvisor" and os.geteuid()):
            traces = portclash("run", "--json", "-s", kind, *cases(CASES)[:1])
            assert list(traces.json["traces"][0]["outcomes"]) == found[-1:]
            assert found[-1].split("-")[1] in skip["reason"]


def tree(folder):
    """A copy of what a machine needs of the tree, and the command in it."""
    (folder / "build").mkdir(parents=True)
    shutil.copytree(SCRIPTS, folder / "netns-scripts")
    for name in ("portclash", "portclash-static", "uml-xstate.so"):
        if (ROOT / "build" / name).exists():
            shutil.copy2(ROOT / "build" / name, folder / "build")
    return folder / "build" / "portclash"


@pytest.mark.parametrize("name", ("gvisor", "uml"))
def test_a_path_is_no_shells_business(name, here, tmp_path):
    """Blanks and quotes in the path of the tree."""
    here(name)
    command = tree(tmp_path / "it's a \"tree\"; exit 7")
    answer = portclash("check", "--json", "-s", name, RULES / ".." / "rules" /
                       cases(RULES)[0].name, command=command)
    assert not answer.json["skipped"] and answer.code == AGREED, answer


def test_a_machine_that_does_not_work_says_why(tmp_path):
    """Within seconds, in one line, and escaped."""
    command = tree(tmp_path / "tree")
    folder = tmp_path / "bin"
    folder.mkdir()
    (tmp_path / "lib" / "uml" / "modules" / "9.9").mkdir(parents=True)
    for program, asked in (("runsc", "gvisor"), ("linux.uml", "uml")):
        (folder / program).write_text(
            "#!/bin/sh\n[ \"$1\" != --version ] || {\n"
            "\techo 9.9.20300101; exit; }\n"
            "echo first >&2\nprintf 'the \\033reason\\n\\n' >&2\nexit 7\n")
        (folder / program).chmod(0o755)
        begin = time.monotonic()
        answer = portclash(
            "check", "--json", "-s", asked, CASES, command=command,
            env={"PATH": f"{folder}:{os.environ['PATH']}"})
        skip, = answer.json["skipped"]
        assert time.monotonic() - begin < 30
        if os.geteuid() == 0 and machines(asked):
            assert skip["reason"].endswith(": the ?reason"), skip


@pytest.mark.parametrize("script", ("exit 1", "exec sleep 60", "echo; echo 9.9",
                                    "head -c 3000 /dev/zero"))
def test_a_program_that_says_no_version(script, tmp_path):
    """Hides no other machine, and is waited for only so long."""
    command = tree(tmp_path / "tree")
    kernels = tmp_path / "tree" / "build" / "kernels"
    kernels.mkdir()
    for name in ("9.9", "9", "9.9.bak"):
        (kernels / f"vmlinuz-{name}").write_text("")
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in ("runsc", "linux.uml"):
        (folder / program).write_text(f"#!/bin/sh\n{script}\n")
        (folder / program).chmod(0o755)
    asks = command.parent.parent / "netns-scripts" / "machines"
    env = {"PATH": f"{folder}:{os.environ['PATH']}"}
    begin = time.monotonic()
    listed = subprocess.run([asks], env=env, capture_output=True, text=True,
                            check=True).stdout.split()
    assert time.monotonic() - begin < 20
    assert listed == ["gvisor", "linux-9.9"]
    reason = subprocess.run([asks, "uml-9.9"], env=env, capture_output=True,
                            text=True, check=False).stderr
    assert reason == f"machines: no version is said by {folder}/linux.uml\n"


@pytest.mark.parametrize("name", ("", "linux", "uml-", "nonsense", "../x",
                                  "a b", "--all"))
def test_a_name_of_no_machine(name):
    """Is bad usage, which is no advice to fetch kernels."""
    done = subprocess.run([SCRIPTS / "machines", name], capture_output=True,
                          text=True, check=False)
    assert done.returncode == USAGE and f"'{name}' is no name" in done.stderr
