# SPDX-License-Identifier: Apache-2.0
"""Reproducers in C: they compile without a warning, and say what we say."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from portcheck import (AGREED, CORPUS, DIVERGENCES, ROOT, USAGE, cases,
                       portclash, some)

STRICT = ("cc", "-Wall", "-Wextra", "-Werror")
BUGS = CORPUS / "kernel-bugs"
CASES = cases(DIVERGENCES) + cases(BUGS)


def reproducer(path, folder):
    """The exit status of a case's C program on this kernel."""
    source, program = folder / f"{path.stem}.c", folder / path.stem
    answer = portclash("emit", "--c", "--output", source, path)
    assert answer.code == AGREED, answer
    built = subprocess.run([*STRICT, "-o", program, source],
                           capture_output=True, text=True, check=False)
    if built.returncode:
        return built.stderr
    return subprocess.run([program], capture_output=True, text=True,
                          check=False, timeout=60).returncode


@some(10)
def test_each_compiles_and_sees_what_linux_does(every, tmp_path, uids):
    """Classes and bugs: 0 here, where the expected outcomes hold."""
    some_of_them = CASES[::every]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        codes = list(pool.map(lambda path: reproducer(path, tmp_path),
                              some_of_them))
    wrong = {path.name: code for path, code in zip(some_of_them, codes)
             if code and (uids or "uid" not in path.read_text())}
    assert codes and not wrong, wrong


def test_a_wrong_expectation_is_exit_1(tmp_path):
    """A test that cannot fail is a defect; so is a reproducer."""
    path = tmp_path / "lie.case"
    path.write_text("# Nobody says that.\n\nsocket a tcp4\n"
                    "listen a   = EADDRINUSE other=ok\n")
    assert reproducer(path, tmp_path) == 1


def test_what_nobody_reads_is_no_answer(tmp_path):
    """A full disk or a closed stdout: 2."""
    assert reproducer(CASES[0], tmp_path) == 0
    with open("/dev/full", "wb") as full:
        for more in ({"stdout": full}, {"preexec_fn": lambda: os.close(1)}):
            assert subprocess.run([tmp_path / CASES[0].stem], check=False,
                                  timeout=60, **more).returncode == 2


def test_here_is_where_there_is_only_loopback(tmp_path):
    """Nobody's own network is bound in by mistake: it has other devices than a
    world."""
    reproducer(CASES[0], tmp_path)
    program = tmp_path / CASES[0].stem
    for before, code in (("", 0), ("ip link add x0 type veth peer name x1;", 2)):
        done = subprocess.run(
            [ROOT / "netns-scripts" / "in-world", "sh", "-ec",
             f"{before} exec '{program}' here"],
            capture_output=True, text=True, check=False)
        assert done.returncode == code, done
        assert ("more than lo" in done.stderr) == bool(code), done


def test_a_port_is_remembered_when_its_socket_is_closed(tmp_path):
    """The descriptor is somebody else's then."""
    path = tmp_path / "port.case"
    path.write_text("# It is free again.\n\nsocket a tcp4\n"
                    "bind a 127.0.0.1:7000\nclose a\nsocket b tcp4\n"
                    "bind b 127.0.0.1:@a\n"
                    "get b name   = ok:127.0.0.1:7000\n")
    assert reproducer(path, tmp_path) == 0


def test_a_mapped_address_is_of_the_pair_too(tmp_path):
    """Without the pair, nobody has it."""
    path = tmp_path / "mapped.case"
    path.write_text("# It is local.\n\nsocket a tcp6\n"
                    "bind a [::ffff:10.0.0.1]:7000\n")
    assert reproducer(path, tmp_path) == 0


def test_a_socket_may_be_called_as_a_variable_of_ours(tmp_path):
    """A loop counts beside it, not in it."""
    path = tmp_path / "names.case"
    ops = "".join(f"socket {name} udp4\nset {name} reuseaddr\nrepeat 3\n"
                  for name in ("i", "n", "at", "rc", "int", "main", "argv"))
    path.write_text(f"# Names.\n\n{ops}")
    assert reproducer(path, tmp_path) == 0


@pytest.mark.parametrize("op", (
    "bind a 127.0.0.1:7000 len=8", "bind a 127.0.0.1:7000 family=1",
    "get a name", "get a dev", "get a v6only", "disconnect a", "accept a b",
    "close a", "shutdown a rd", "set a linger=0", "set a port_range=1-2",
    "set a uid=0", "listen a 3\nrepeat 3", "sysctl ip_local_port_range=40000-40001"))
def test_every_sort_of_op(tmp_path, op):
    """What the classes do not use compiles as well."""
    path = tmp_path / "op.case"
    path.write_text(f"# An op.\n\nsocket a tcp6\n{op}\n")
    assert reproducer(path, tmp_path) in (0, 1)


def test_reservations_have_no_sockets(tmp_path):
    """There is nothing to call."""
    path = tmp_path / "live.case"
    path.write_text("# How many.\n\nlive\n")
    answer = portclash("emit", path)
    assert answer.code == USAGE and "reservations" in answer.err, answer
