# SPDX-License-Identifier: Apache-2.0
"""why: what else could refuse a bind, and is not looked at, is named.

Run as a program, it is under one of these, and becomes the command.
"""

import ctypes
import os
import struct
import subprocess
import sys

import pytest

from portcheck import AGREED, CANNOT, COMMAND, portclash

LIBC = ctypes.CDLL(None, use_errno=True)
NO_NEW_PRIVS, SECCOMP = 38, 22
SYS_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280}
SYS_LANDLOCK = 444
ASK = (str(COMMAND), "why", "tcp", "127.0.0.1:8080")


def need(result):
    """What came back, if it was no error"""
    if result < 0:
        sys.exit(77)
    return result


def nothing():
    """Nothing is in force."""


def no_privileges():
    """Landlock needs this of whoever has no rights."""
    need(LIBC.prctl(NO_NEW_PRIVS, 1, 0, 0, 0))


def seccomp():
    """A filter that allows everything"""
    no_privileges()
    code = ctypes.create_string_buffer(struct.pack("<HBBI", 6, 0, 0, 0x7fff0000))
    program = struct.pack("<HxxxxxxQ", 1, ctypes.addressof(code))
    need(LIBC.prctl(SECCOMP, 2, program, 0, 0))


def bpf(command, *numbers):
    """A call of bpf(2), of 32-bit numbers and pointers"""
    words = b"".join(struct.pack("<Q" if wide else "<I", number)
                     for number, wide in numbers)
    return need(LIBC.syscall(SYS_BPF[os.uname().machine], command,
                             words.ljust(128, b"\0"), 128))


def control_group():
    """A program that refuses every bind"""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        roots = [line.split()[1] for line in file
                 if line.split()[2] == "cgroup2"]
    if not roots:
        sys.exit(77)
    path = os.path.join(roots[0], f"portclash-{os.getpid()}")
    try:
        os.mkdir(path)
    except PermissionError:
        sys.exit(77)
    try:
        refuse = ctypes.create_string_buffer(
            struct.pack("<BBhiBBhi", 0xb7, 0, 0, 0, 0x95, 0, 0, 0))
        license_of = ctypes.create_string_buffer(b"GPL")
        program = bpf(5, (18, False), (2, False),
                      (ctypes.addressof(refuse), True),
                      (ctypes.addressof(license_of), True), (0, False),
                      (0, False), (0, True), (0, False), (0, False),
                      (0, True), (0, True), (0, False), (8, False))
        group = os.open(path, os.O_RDONLY)
        bpf(8, (group, False), (program, False), (8, False))
        child = os.fork()
        if not child:
            with open(os.path.join(path, "cgroup.procs"), "w",
                      encoding="ascii") as file:
                file.write("0")
            os.execv(ASK[0], ASK)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.rmdir(path)
    sys.exit(code)


@pytest.mark.parametrize("what, said", (
    ("nothing", ()), ("seccomp", ("a seccomp filter",)),
    ("no_privileges", ("Landlock",)), ("control_group", ("control group",))))
def test_it_is_named(what, said):
    """And is so by what the kernel says, wherever that is mounted"""
    if what == "no_privileges" and LIBC.syscall(SYS_LANDLOCK, None, 0, 1) < 4:
        pytest.skip("no Landlock of networks here")
    answer = portclash("world", sys.executable, __file__, what)
    if answer.code in (CANNOT, 77):
        pytest.skip(f"not here: {answer.err.strip()}")
    text = answer.out.decode()
    assert answer.code == AGREED and text.startswith("ok: "), answer
    assert ("Not looked at" in text) == bool(said), text
    assert all(word in text for word in said), text


# /proc ends before its time.
ENDS = """
#include <dirent.h>
#include <errno.h>
struct dirent *readdir(DIR *dir)
{
    errno = EIO;
    return (struct dirent *)0;
}
struct dirent64 *readdir64(DIR *dir)
{
    errno = EIO;
    return (struct dirent64 *)0;
}
"""


def test_our_own_failure_is_no_ban(tmp_path):
    """What could not be read is not what we may not read, also in a file."""
    (tmp_path / "ends.c").write_text("#define _GNU_SOURCE\n" + ENDS)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "ends.so",
                    tmp_path / "ends.c"], check=True)
    held = ("import os, socket, sys; s = socket.create_server(('127.0.0.1', "
            "8080)); s.set_inheritable(True); "
            "os.environ['LD_PRELOAD'] = sys.argv[1]; "
            "os.execv(sys.argv[2], sys.argv[2:])")
    answer = portclash("world", sys.executable, "-c", held,
                       tmp_path / "ends.so", *ASK, "--save", tmp_path / "saved")
    if answer.code == CANNOT:
        pytest.skip(f"not here: {answer.err.strip()}")
    later = portclash(*ASK[1:], "--from", tmp_path / "saved")
    for text in (answer.out.decode(), later.out.decode()):
        assert "not all of /proc could be read" in text, (answer, later)
        assert "may not look into" not in text, text


def test_it_is_said_of_others():
    """--pid: what is in force for that process"""
    with subprocess.Popen(["setpriv", "--no-new-privs", "sleep", "60"]) as other:
        answer = portclash("why", "tcp", "127.0.0.1:8080", "--pid", other.pid)
        other.kill()
    if answer.code == CANNOT or LIBC.syscall(SYS_LANDLOCK, None, 0, 1) < 4:
        pytest.skip(f"not here: {answer.err.strip()}")
    assert "Landlock" in answer.out.decode(), answer


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    os.execv(ASK[0], ASK)
