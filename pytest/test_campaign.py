# SPDX-License-Identifier: Apache-2.0
"""ci/campaign removes what a campaign has made, and never anything else.

None of these fuzzes: each is refused, or ends as soon as the folder is taken,
since there is no afl-fuzz on its PATH.
"""

import fcntl
import importlib.machinery
import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest

from portcheck import CANNOT, ROOT, USAGE

CAMPAIGN = ROOT / "ci" / "campaign"
MARKER = ".portclash-campaign"


def campaign(*args, cwd=None, **more):
    """Run it where nothing that it needs is to be found."""
    return subprocess.run(
        ["/usr/bin/python3", CAMPAIGN, "--no-pytest", *map(str, args)], cwd=cwd,
        env={**os.environ, "PATH": "/nonexistent"}, capture_output=True,
        text=True, timeout=60, check=False, **more)


def tree(folder):
    """All below a folder: what each thing is, and what is in it."""
    return {str(path.relative_to(folder)): (
                os.readlink(path) if path.is_symlink() else
                path.read_bytes() if path.is_file() else None)
            for path in folder.rglob("*")}


def refused(done, about):
    """Exit 2, and one line that says what to do."""
    lines = done.stderr.splitlines()
    assert done.returncode == USAGE and not done.stdout, done
    assert len(lines) == 1 and lines[0].startswith("ci/campaign: --output: ")
    assert about in lines[0], lines


@pytest.fixture
def made(tmp_path):
    """A folder as a campaign leaves it, with some of all that it makes."""
    folder = tmp_path / "made"
    done = campaign("--output", folder)
    assert done.returncode == CANNOT and "no afl-fuzz" in done.stderr, done
    for path in ("pytest.log", "pytest.json", "new/unknown-12345678.case",
                 "new/unknown-0123456789abcdef.case",
                 "new/fuzz_ports-unknown-0123456789abcdef.case",
                 "new/fuzz_kernel-crash-0.bin", "fuzz_kernel/afl.log",
                 "fuzz_ports/ci/queue/id:000000,orig:a",
                 "fuzz_ports/ci/fuzzer_stats", "fuzz_ports/ci/.cur_input",
                 "fuzz_kernel/ci/crashes/README.txt",
                 "fuzz_kernel/ci/crashes/id:000000,sig:06,src:000001",
                 "fuzz_kernel/ci/queue/.state/auto_extras/auto_000000",
                 "fuzz_kernel/unknown/0123456789abcdef.case",
                 "fuzz_kernel/unknown/unknown-0123456789abcdef.case"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("old\n")
    state = folder / "fuzz_ports" / "ci" / "queue" / ".state" / "variable_behavior"
    state.mkdir(parents=True)
    (state / "id:000000,orig:a").symlink_to("../../id:000000,orig:a")
    return folder


def test_its_own_is_made_anew(made):
    """What the last one left is gone, and only a folder and a line are new."""
    for path in (made, made / ".." / "made" / ""):
        done = campaign("--output", path)
        assert done.returncode == CANNOT, done
        assert json.loads(done.stdout.splitlines()[-1])["exit"] == CANNOT
        names = set(tree(made))
        assert not [name for name in names if "id:" in name or
                    name.endswith((".case", ".bin", ".log"))], names
        assert names >= {MARKER, "new", "fuzz_ports", "summary.json"}


def test_an_empty_or_new_folder_is_taken(tmp_path):
    """Also by way of a link, and below folders that are not there yet."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    for name in ("empty", "link", "a/b/c"):
        assert campaign("--output", tmp_path / name).returncode == CANNOT
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a" / "b" / "c" / MARKER).exists()


def test_a_folder_of_somebody_else_is_refused(tmp_path):
    """Whatever it is called, and whatever is in it. (Not "/" and the like: a
    test that fails must not cost more than its own files.)"""
    places = {name: tmp_path / name for name in (
        "home", "hidden", "looks", "folder", "marker", "empty-marker")}
    for place in places.values():
        place.mkdir()
    (places["home"] / "thesis.tex").write_text("years of work\n")
    (places["hidden"] / ".profile").write_text("x\n")
    (places["looks"] / "summary.json").write_text("{}\n")
    (places["folder"] / "new" / "deep").mkdir(parents=True)
    (places["marker"] / MARKER).write_text("mine\n")
    (places["empty-marker"] / MARKER).write_text("")
    (places["empty-marker"] / "summary.json").write_text("{}\n")
    (tmp_path / "link").symlink_to("home")
    before = tree(tmp_path)
    for place in [*places.values(), tmp_path / "link", tmp_path]:
        refused(campaign("--output", place), "nothing was removed")
    refused(campaign("--output", ".", cwd=places["home"]), "removed")
    refused(campaign("--output", "", cwd=places["home"]), "missing")
    assert tree(tmp_path) == before


def test_what_is_no_folder_is_refused(tmp_path):
    """A file, a file on the way, a device."""
    (tmp_path / "file").write_text("x\n")
    for path in (tmp_path / "file", tmp_path / "file" / "below", "/dev/null"):
        refused(campaign("--output", path), "is no folder")
    assert tree(tmp_path) == {"file": b"x\n"}


@pytest.mark.parametrize("path", (
    "notes.txt", "new/notes.txt", "new/fuzz_ports-notes.case", "fuzz_ports/x",
    "fuzz_other/ci/x", "fuzz_kernel/unknown/mine.case", "new/deep/", "dir/",
    "fuzz_ports/ci/x", "fuzz_ports/ci/src/", "fuzz_ports/ci/queue/x",
    "fuzz_kernel/ci/crashes/notes.txt", "fuzz_kernel/ci/hangs/x/",
    "fuzz_ports/ci/queue/.state/x", "fuzz_ports/ci/queue/.state/auto_extras/x"))
def test_a_foreign_file_among_its_own(path, made):
    """At any depth: nothing at all is removed then."""
    if path.endswith("/"):
        (made / path).mkdir(parents=True)
    else:
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_text("mine\n")
    before = tree(made)
    refused(campaign("--output", made), "which no campaign made")
    assert tree(made) == before


def test_a_link_among_its_own(made, tmp_path):
    """A campaign makes none but in AFL++'s own folder, and what it leads to is
    not a campaign's."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "id:1").write_text("mine\n")
    for link in (made / "fuzz_ports" / "ci" / "link", made / "pytest.tmp"):
        link.symlink_to(victim)
        refused(campaign("--output", made), "which no campaign made")
        link.unlink()
    link = (made / "fuzz_ports" / "ci" / "queue" / ".state" /
            "redundant_edges" / "id:1")
    link.parent.mkdir()
    link.symlink_to(victim)
    assert campaign("--output", made).returncode == CANNOT
    assert not link.exists()
    assert tree(victim) == {"id:1": b"mine\n"}


def where(mount, folder):
    """The campaign in a folder after a command, whose mounts only it sees."""
    user = [] if os.geteuid() == 0 else ["-Ur"]
    done = subprocess.run(["unshare", *user, "-m", "true"], check=False,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        pytest.skip(done.stderr.strip())
    return subprocess.run(
        ["unshare", *user, "-m", "sh", "-ec", f"{mount}; exec \"$@\"", "sh",
         "env", "PATH=/nonexistent", "/usr/bin/python3", CAMPAIGN, "--no-pytest", "--output", folder],
        cwd=folder.parent, capture_output=True, text=True, timeout=60,
        check=False)


def test_what_is_mounted_among_its_own(made, tmp_path):
    """It is somebody's else, whatever its name, and so is what is in it."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "unknown-0123456789abcdef.case").write_text("mine\n")
    (made / "fuzz_spec" / "ci" / "queue").mkdir(parents=True)
    (made / "fuzz_spec" / "ci" / "queue" / "id:000000,orig:a b").write_text("x")
    before = tree(tmp_path)
    for source, at in (("victim", "new"), ("victim", "fuzz_kernel/unknown"), (
            "victim/unknown-0123456789abcdef.case",
            "fuzz_spec/ci/queue/id:000000,orig:a b")):
        refused(where(f"mount --bind {source} 'made/{at}'", made),
                f"has {at!r} in it, where something is mounted")
        assert tree(tmp_path) == before


def test_a_folder_that_is_mounted(tmp_path):
    """That may be a campaign's, unless nobody can write there."""
    folder = tmp_path / "a b"
    folder.mkdir()
    done = where("mount -t tmpfs none 'a b'", folder)
    assert done.returncode == CANNOT and "no afl-fuzz" in done.stderr, done
    done = where("mount -t tmpfs -o ro none 'a b'", folder)
    assert done.returncode == CANNOT, done
    assert done.stderr == (
        f"ci/campaign: --output: {folder}: Read-only file system\n")


@pytest.mark.parametrize("kind", ("link", "folder", "pipe"))
def test_a_marker_that_is_no_file(kind, tmp_path):
    """It is neither followed nor waited for."""
    victim, folder = tmp_path / "victim", tmp_path / "folder"
    victim.write_text("mine\n")
    folder.mkdir()
    {"link": lambda path: path.symlink_to(victim), "folder": os.mkdir,
     "pipe": os.mkfifo}[kind](folder / MARKER)
    refused(campaign("--output", folder), MARKER)
    assert victim.read_text() == "mine\n"


def test_a_running_campaign_is_left_alone(made):
    """Who holds the lock, the other one is told."""
    text = (made / MARKER).read_text().splitlines()[0]
    with open(made / MARKER, "w") as marker:
        fcntl.flock(marker, fcntl.LOCK_EX)
        marker.write(f"{text}\n{os.getpid()}\n")
        marker.flush()
        before = tree(made)
        refused(campaign("--output", made), f"(pid {os.getpid()})")
        assert tree(made) == before
    assert campaign("--output", made).returncode == CANNOT


def test_bad_usage_removes_nothing(made):
    """It is found before the folder is looked at."""
    before = tree(made)
    for args in (["--time", 3], ["--time", "x"], ["--frobnicate"], ["stray"],
                 ["--seed", -1], ["--seed", 1 << 64], ["--time", -60]):
        done = campaign("--output", made, *args)
        assert done.returncode == USAGE and not done.stdout, done
    assert tree(made) == before


def exits(*args, **more):
    """Its exit code where nobody hears what it says."""
    return subprocess.run(
        ["/usr/bin/python3", CAMPAIGN, "--no-pytest", *args], timeout=60,
        env={**os.environ, "PATH": "/nonexistent"}, check=False, **more)


def test_nobody_hears_what_it_complains_of(tmp_path):
    """The exit code is the same as ever, and stdout is only of the JSON."""
    calls = {("--output", ""): USAGE, ("--time", "3"): USAGE, ("x",): USAGE,
             ("--output", tmp_path / "new"): CANNOT}
    with open("/dev/full", "wb") as full:
        for args, code in calls.items():
            for more in ({"stderr": full}, {"preexec_fn": lambda: os.close(2)}):
                done = exits(*args, stdout=subprocess.PIPE, **more)
                assert done.returncode == code, (args, more, done)
                assert done.stdout.count(b"\n") == (code == CANNOT), done


def test_closed_descriptors_are_no_files_of_its_own():
    """Its lock least of all: a child would have something else there."""
    code = (f"import os, runpy, sys; sys.path.insert(0, {str(CAMPAIGN.parent)!r});"
            f"of = runpy.run_path({str(CAMPAIGN)!r}); of['take_descriptors'](); "
            "print(os.open('/dev/null', 0))")
    for closed in ((), (0,), (0, 2), (2,)):
        done = subprocess.run(
            ["/usr/bin/python3", "-B", "-c", code], check=False, timeout=60,
            stdout=subprocess.PIPE,
            preexec_fn=lambda fds=closed: [os.close(fd) for fd in fds])
        assert not done.returncode and int(done.stdout) > 2, done


def test_what_cannot_be_said(tmp_path):
    """A full disk or a closed stdout is no success, and nothing that was
    found either: 3, and a line that says so."""
    with open("/dev/full", "wb") as full:
        runs = [subprocess.run([CAMPAIGN, *args], stdout=full, check=False,
                               stderr=subprocess.PIPE, timeout=60)
                for args in (["--help"], ["--output", tmp_path / "a"])]
    runs.append(subprocess.run(
        [CAMPAIGN, "--output", tmp_path / "b"], preexec_fn=lambda: os.close(1),
        stderr=subprocess.PIPE, check=False, timeout=60))
    for done in runs:
        lines = done.stderr.decode().splitlines()
        assert done.returncode == CANNOT and "Traceback" not in str(lines), done
        assert re.match(r"ci/campaign: .*(space left on device|is closed)$", lines[-1])
    assert not (tmp_path / "b").exists()


@pytest.fixture
def module(monkeypatch):
    """The script, as a module"""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(CAMPAIGN.parent))
    loader = importlib.machinery.SourceFileLoader("campaign", str(CAMPAIGN))
    loaded = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("campaign", loader))
    loader.exec_module(loaded)
    return loaded


def test_what_afl_says_of_no_time(module, tmp_path, monkeypatch):
    """In its first moment a rate is infinite, which is no number in JSON."""
    target = module.Target("fuzz_ports", str(tmp_path))
    monkeypatch.setattr(target, "counters", lambda: {"programs": 3})
    (tmp_path / "fuzz_ports" / "ci").mkdir()
    (tmp_path / "fuzz_ports" / "ci" / "fuzzer_stats").write_text(
        "execs_done        : 12\nexecs_per_sec     : inf\n"
        "saved_hangs       : 2\n")
    assert target.result() == {
        "execs": 12, "execs_per_s": 0, "programs": 3, "crashes": 0, "hangs": 2,
        "seeds": 0, "queue": 0, "seconds": 0}


def test_every_target_has_a_turn(module):
    """In a long campaign each, in a short one the main two; and no second is
    lost or had twice."""
    targets = list(module.TARGETS)
    assert set(targets) == {path.stem for path in
                            (ROOT / "harness").glob("fuzz_*.c")}
    assert module.turns(4, targets) == {"fuzz_ports": 2, "fuzz_kernel": 2}
    assert module.turns(60, ["fuzz_ports"]) == {"fuzz_ports": 60}
    for seconds in (4, 5, 60, 61, 599, 1800, 3600):
        turns = module.turns(seconds, targets)
        assert sum(turns.values()) == seconds
        assert all(turn >= module.TURN_MIN for turn in list(turns.values())[2:])
    assert list(turns) == targets


def test_what_others_found_are_seeds(module, tmp_path):
    """Files of a queue, beside the corpus: of links and folders none."""
    queue = tmp_path / "queue" / "fuzz_ports"
    (queue / "folder").mkdir(parents=True)
    (queue / "id:000001").write_bytes(b"one")
    (queue / "id:000002").symlink_to("/etc/passwd")
    target = module.Target("fuzz_ports", str(tmp_path / "out"), str(queue.parent))
    there = {path.name for path in (ROOT / "corpus/fuzz/fuzz_ports").iterdir()}
    assert set(os.listdir(target.seeds)) == there | {"id:000001"}
    assert module.MADE.fullmatch("fuzz_ports/seeds/id:000001")
    other = module.Target("fuzz_text", str(tmp_path / "out"), str(queue.parent))
    assert other.seeds == "corpus/fuzz/fuzz_text"


def test_a_seed_that_fails_is_kept(module, tmp_path):
    """It is what ci/triage takes for a crash."""
    target = module.Target("fuzz_ports", str(tmp_path))
    (tmp_path / "new").mkdir()
    seed = min((ROOT / "corpus/fuzz/fuzz_ports").iterdir())
    said = f"a\n\nfuzz: {seed.relative_to(ROOT)}: failed\n"
    target.keep(said)
    base = tmp_path / "new" / "fuzz_ports-crash-0"
    assert base.with_suffix(".bin").read_bytes() == seed.read_bytes()
    assert base.with_suffix(".txt").read_text() == said
