# SPDX-License-Identifier: Apache-2.0
"""ci/setup on systems that are not this one, and ci/in-debian without any.

The tools of the package manager are stand-ins here, which say what they were
asked, so that nothing is installed.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from portcheck import CANNOT, ROOT, USAGE, usual_signals

SYSTEMS = {
    "debian-12": ("debian", "12", "Debian GNU/Linux 12 (bookworm)"),
    "debian-13": ("debian", "13", "Debian GNU/Linux 13 (trixie)"),
    "ubuntu-24.04": ("ubuntu", "24.04", "Ubuntu 24.04 LTS"),
    "ubuntu-26.04": ("ubuntu", "26.04", "Ubuntu 26.04 LTS"),
    "debian-11": ("debian", "11", "Debian GNU/Linux 11 (bullseye)"),
    "mint-22": ("linuxmint", "22", "Linux Mint 22"),
    "sid": ("debian", None, "Debian GNU/Linux forky/sid"),
}
KNOWN = [name for name in SYSTEMS if name.startswith(("debian-1", "ubuntu"))
         and name != "debian-11"]
GOALS = {goal: subprocess.run(["ci/setup", "--list", goal], cwd=ROOT, text=True,
                              capture_output=True, check=True).stdout.split()
         for goal in ("build", "fuzz", "test", "go", "lwip", "kernels",
                      "lint")}


class System:
    """A system with some packages installed, and others in its archive."""

    def __init__(self, tmp_path, name, absent=()):
        self.log = tmp_path / "apt-get.log"
        identity, version, pretty = SYSTEMS[name]
        self.release = tmp_path / "os-release"
        lines = [f'PRETTY_NAME="{pretty}"', f"ID={identity}"]
        if version:
            lines.append(f'VERSION_ID="{version}"')
        self.release.write_text("\n".join(lines) + "\n")
        self.tools = tmp_path / "tools"
        self.tools.mkdir()
        self.tool("dpkg-query", "exit 1")
        self.tool("apt-get", f'echo "$@" >>"{self.log}"')
        words = "|".join(absent) or "-"
        self.tool("apt-cache", 'for name; do echo "$name:"; case $name in '
                  f'{words}) echo "  Candidate: (none)" ;; '
                  '*) echo "  Candidate: 1.0" ;; esac; done')

    def tool(self, name, script):
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def setup(self, *goals, uid="0"):
        # Not root is a stand-in as well: what matters is what id says.
        self.tool("id", f"echo {uid}")
        self.tool("sudo", "exit 1")
        return subprocess.run(
            ["ci/setup", *goals], cwd=ROOT, text=True, capture_output=True,
            env={**os.environ, "OS_RELEASE": str(self.release),
                 "PATH": f"{self.tools}:/usr/bin:/bin"}, check=False)

    @property
    def asked(self):
        return self.log.read_text() if self.log.exists() else ""


@pytest.mark.parametrize("name", SYSTEMS)
def test_names_of_a_release(tmp_path, name):
    """A known release is set up; another is tried, with a line that says what
    was looked for."""
    system = System(tmp_path, name)
    done = system.setup()
    assert done.returncode == 0, done.stderr
    for goal in ("build", "fuzz", "test", "go", "lwip"):
        for package in GOALS[goal]:
            assert f" {package}" in system.asked
    strange = "looking for packages of their names: gcc" in done.stderr
    assert strange == (name not in KNOWN), done.stderr
    if strange:
        assert SYSTEMS[name][2] in done.stderr


@pytest.mark.parametrize("text", (
    "", "NAME=x\n", "ID=debian (\n", "exit 5\n", "set -e; false\n",
    'ID=$(printf "\\033[m")\n'))
def test_a_release_that_says_nothing(tmp_path, text):
    """Its file is empty, or no shell reads it: it is one that is not known."""
    system = System(tmp_path, "sid")
    system.release.write_text(text)
    done = system.setup("build")
    assert done.returncode == 0, done.stderr
    assert "ci/setup: an unknown system is not one of" in done.stderr or (
        "ID=$" in text)
    assert "\033" not in done.stderr and "Syntax" not in done.stderr
    assert " gcc " in system.asked


@pytest.mark.parametrize("package", GOALS["go"] + GOALS["lwip"] +
                         GOALS["kernels"] + GOALS["lint"])
def test_release_without_a_package(tmp_path, package):
    """What only one subject or only ci/lint needs is left out, and said."""
    system = System(tmp_path, "ubuntu-26.04", absent=[package])
    done = system.setup("build", "go", "lwip", "kernels", "lint")
    assert done.returncode == 0, done.stderr
    assert f"Ubuntu 26.04 LTS has no package {package};" in done.stderr
    install = system.asked.splitlines()[-1]
    assert f" {package} " not in f"{install} " and " gcc " in install


@pytest.mark.parametrize("package", GOALS["build"] + GOALS["fuzz"] +
                         GOALS["test"])
def test_release_without_what_is_needed(tmp_path, package):
    """What the main job needs is not, and nothing is installed."""
    system = System(tmp_path, "debian-13", absent=[package])
    done = system.setup()
    assert done.returncode == CANNOT, done.stderr
    assert f"has no package {package}, which" in done.stderr
    assert "install" not in system.asked


def test_not_root(tmp_path):
    """Who may not install is told the command."""
    done = System(tmp_path, "debian-13").setup("lwip", uid="1000")
    assert done.returncode == CANNOT
    assert "apt-get update && apt-get install liblwip-dev" in done.stderr


def test_no_package_manager(tmp_path):
    """Another distribution altogether: what to look for, in one line."""
    (tmp_path / "os-release").write_text('ID=fedora\nPRETTY_NAME="Fedora 43"\n')
    (tmp_path / "tools").mkdir()
    for name in ("sh", "sed", "id"):
        (tmp_path / "tools" / name).symlink_to(f"/bin/{name}")
    done = subprocess.run(
        ["/bin/sh", "ci/setup", "build"], cwd=ROOT, text=True,
        capture_output=True, check=False,
        env={"OS_RELEASE": str(tmp_path / "os-release"),
             "PATH": str(tmp_path / "tools")})
    assert done.returncode == CANNOT
    assert "Fedora 43 is not one of" in done.stderr
    assert "libnl-3-dev" in done.stderr and "no apt-get here" in done.stderr


def test_unknown_goal():
    """Bad usage is an error that names the goals, before anything is done."""
    done = subprocess.run(["ci/setup", "build", "kernel"], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    assert done.returncode == USAGE
    assert "'kernel'" in done.stderr and "kernels" in done.stderr


@pytest.mark.parametrize("version", ("", "6", "6.12.1", "../x", "6.1 x", "6*",
                                     "-q"))
def test_unknown_kernel(version):
    """What is no version is no pattern, and no folder below build/kernels."""
    done = subprocess.run(["ci/kernels", version], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    assert done.returncode == USAGE
    assert f"'{version}' is no version" in done.stderr and not done.stdout


@pytest.mark.parametrize("script", (
    "ci/in-debian", "ci/kernels", "ci/lint", "ci/setup", "harness/goports/build",
    *(f"netns-scripts/{name}" for name in (
        "contain", "in-qemu", "in-runsc", "in-uml", "in-world", "initrd",
        "machines"))))
@pytest.mark.parametrize("word", ("-h", "--help"))
def test_help(script, word, tmp_path):
    """Asked for, it is on stdout and all that is done, from anywhere."""
    done = subprocess.run([ROOT / script, word], cwd=tmp_path, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0 and not done.stderr, done
    assert f"\n  {script} " in done.stdout, done.stdout
    assert not list(tmp_path.iterdir())
    assert not list(ROOT.glob("-*"))


@pytest.mark.parametrize("args", [
    [], ["trixie"], ["--new"], ["../../etc", "true"], ["a b", "true"],
    ["--old", "trixie", "true"], ["", "true"], ["Trixie", "true"],
    ["trixie;id", "true"], ["/", "true"]])
def test_in_debian_refuses(args):
    """A name that is none makes no folder and no root."""
    done = subprocess.run(["ci/in-debian", *args], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    assert done.returncode == USAGE, done.stderr
    assert done.stderr and not done.stdout


def contained(*command, **more):
    """A command that netns-scripts/contain runs, on pipes."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return subprocess.Popen(
        [ROOT / "netns-scripts" / "contain", *user, "--", *command],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        preexec_fn=usual_signals, **more)


@pytest.mark.parametrize("script,code", (
    ("exit 0", 0), ("exit 7", 7), ("exit 127", 127), ("cat", 0)))
def test_contained_command_is_as_if_alone(script, code):
    """Its exit code is passed on, and so is what goes in and out."""
    data = bytes(range(256)) * 400
    process = contained("sh", "-c", script)
    out, _ = process.communicate(data if script == "cat" else b"")
    assert (process.returncode, out) == (code, data if script == "cat" else b"")


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGHUP,
                                    signal.SIGKILL))
def test_contained_command_ends_with_it(number):
    """All that was started is gone at once, even what ignores the signal: the
    pipe ends when nobody has it any more."""
    process = contained("sh", "-c", "trap '' TERM HUP; sleep 60 & echo; wait")
    with process:
        assert process.stdout.read(1) == b"\n"
        process.send_signal(number)
        begin = time.monotonic()
        assert process.stdout.read() == b""
        assert time.monotonic() - begin < 10


def test_contained_command_may_be_interrupted():
    """As from a terminal, where all of a group are; and it may handle that."""
    process = contained("sh", "-c", "trap 'exit 9' INT; echo; sleep 60 & wait",
                        start_new_session=True)
    with process:
        assert process.stdout.read(1) == b"\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=10) == 9


@pytest.fixture
def copied(tmp_path):
    """What ci/in-debian copies: the tree, its copy, and the function that does
    it. The root is an empty one, so no command ever runs."""
    if os.geteuid() != 0:
        pytest.skip("ci/in-debian needs root")
    if not Path("/usr/share/debootstrap/scripts/trixie").exists():
        pytest.skip("ci/in-debian needs debootstrap: ci/setup debian")
    tree = tmp_path / "it's a \"tree\""
    root = tree / "build" / "debian" / "trixie"
    (root / "portclash").mkdir(parents=True)
    (root / "etc").mkdir()
    for name in ("ci/in-debian", "netns-scripts/contain"):
        (tree / name).parent.mkdir()
        shutil.copy2(ROOT / name, tree / name)

    def copy():
        done = subprocess.run([tree / "ci" / "in-debian", "trixie", "true"],
                              capture_output=True, text=True, check=False)
        assert "mount" in done.stderr, done
    return tree, root / "portclash", copy


def test_in_debian_copies_the_tree(copied):
    """As it is: older content, modes, links, strange names; what is gone is
    gone, and so is what a command left there."""
    tree, there, copy = copied
    names = ("-f", "new\nline", "older", "mode", "gone", "folder/file",
             "src/build/deep", "file-then-folder")
    for name in names:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("first")
    (tree / "link").symlink_to("/nonexistent")
    copy()
    assert {name: (there / name).read_text() for name in names} == \
        dict.fromkeys(names, "first")
    assert os.readlink(there / "link") == "/nonexistent"

    (tree / "older").write_text("second")
    os.utime(tree / "older", (10 ** 9, 10 ** 9))
    (tree / "mode").chmod(0o750)
    (tree / "gone").unlink()
    shutil.rmtree(tree / "folder")
    (tree / "folder").write_text("a file now")
    (tree / "file-then-folder").unlink()
    (tree / "file-then-folder").mkdir()
    (tree / "file-then-folder" / "file").write_text("third")
    (there / "new\nline").write_text("of a command's")
    copy()
    assert (there / "older").read_text() == "second"
    assert (there / "mode").stat().st_mode & 0o777 == 0o750
    assert not (there / "gone").exists()
    assert (there / "folder").read_text() == "a file now"
    assert (there / "file-then-folder" / "file").read_text() == "third"
    assert (there / "new\nline").read_text() == "first"


def test_in_debian_writes_through_no_link(copied, tmp_path):
    """That a command has put where a file of ours goes: it would lead to the
    machine's own files."""
    tree, there, copy = copied
    (tree / "src").mkdir()
    (tree / "src" / "file").write_text("ours")
    copy()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "resolv.conf").write_text("theirs")
    shutil.rmtree(there / "src")
    (there / "src").symlink_to(outside)
    etc = there.parent / "etc" / "resolv.conf"
    etc.unlink(missing_ok=True)
    etc.symlink_to(outside / "resolv.conf")
    copy()
    assert (there / "src" / "file").read_text() == "ours"
    assert [path.name for path in outside.iterdir()] == ["resolv.conf"]
    assert (outside / "resolv.conf").read_text() == "theirs"


def test_in_debian_copies_what_git_would_take(copied):
    """And all, where the tree is no work tree of git's but inside one."""
    tree, there, copy = copied
    subprocess.run(["git", "init", "-q", tree.parent], check=True)
    (tree.parent / ".gitignore").write_text("*\n")
    (tree / "file").write_text("")
    copy()
    assert (there / "file").exists()
    subprocess.run(["git", "init", "-q", tree], check=True)
    (tree / ".gitignore").write_text("/build/\n/ignored\n")
    (tree / "ignored").write_text("")
    copy()
    assert (there / "file").exists() and not (there / "ignored").exists()


def test_who_can_make_no_network_is_told_at_once():
    """By the exit code and a line, before anything is installed or built."""
    alone = subprocess.run(
        ["unshare", "-Ur", "sh", "-c",
         "echo 0 >/proc/sys/user/max_net_namespaces && exec ci/check"],
        cwd=ROOT, check=False, text=True, capture_output=True,
        env={**os.environ, "MAKE": "false", "PYTEST": "false", "FAST": ""})
    if alone.returncode == 1 and "unshare" in alone.stderr:
        pytest.skip(alone.stderr)
    assert alone.returncode == CANNOT and not alone.stdout
    assert alone.stderr.startswith("ci/check: no network namespace can be made")
    assert alone.stderr.count("\n") == 1
