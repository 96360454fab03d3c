# SPDX-License-Identifier: Apache-2.0
"""why -- COMMAND: whatever the command does, its calls are found, and it is as
it would be.

Run as a program, this is what happens inside a world: a port is held, and a
command is watched that does one of TRICKS.
"""

import ctypes
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

from portcheck import CANNOT, COMMAND, USAGE, portclash, usual_signals

PORT = 8080
NEW_FILES, NEW_NET = 0x400, 0x40000000
EXIT_THREAD = 60 if os.uname().machine == "x86_64" else 93
HELD = []
LIBC = ctypes.CDLL(None)


def bind(sock, port=PORT):
    """Try to; it fails, and nobody minds"""
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        pass


def too_short():
    """No length of an address"""
    sock = socket.socket()
    LIBC.bind(sock.fileno(), b"\2\0\x1f\x90\x7f\0\0\1" + bytes(8), 8)


def settled():
    """What would depend on the past has happened."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bind(sock)


def own_descriptors():
    """A thread with descriptors of its own: the number means another thing."""
    sock = socket.socket()

    def run():
        LIBC.unshare(NEW_FILES)
        mine = socket.socket()
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        os.dup2(mine.fileno(), sock.fileno())
        bind(sock)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def outlived():
    """The first thread has ended."""
    def run():
        time.sleep(0.2)
        bind(socket.socket())
        os._exit(3)
    threading.Thread(target=run).start()
    LIBC.syscall(EXIT_THREAD, 0)


def moved():
    """The socket stays in the network where it was made."""
    sock = socket.socket()
    LIBC.unshare(NEW_NET)
    bind(sock)


def late():
    """A child fails when the command has ended."""
    if not os.fork():
        time.sleep(0.3)
        bind(socket.socket())
    os._exit(3)


def of_unix():
    """No socket of a port"""
    first = socket.socket(socket.AF_UNIX)
    first.bind("\0portclash-watch")
    socket.socket(socket.AF_UNIX).bind("\0portclash-watch")


def twice():
    """Bound already"""
    sock = socket.socket()
    bind(sock, 8081)
    bind(sock, 8082)


def itself():
    """The command has the port already."""
    first, second = socket.socket(), socket.socket()
    bind(first, 8090)
    bind(second, 8090)


def narrow():
    """The socket has a range of its own, and it is used up."""
    for _ in range(3):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_IP, 51, struct.pack("I", 33000 | 33001 << 16))
        HELD.append(sock)
        bind(sock, 0)


def no_stream():
    """Nothing that listens"""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    LIBC.listen(sock.fileno(), 5)
    LIBC.bind(sock.fileno(), 1, 16)


def killed():
    """Many threads end in a call: 1,100 of 22 processes, since so many of one
    would only wait for each other."""
    threading.stack_size(65536)
    # Who has been started goes on until it waits.
    sys.setswitchinterval(100)
    for _ in range(22):
        child = os.fork()
        if not child:
            for _ in range(50):
                threading.Thread(target=lambda: socket.socket().connect(
                    ("10.0.0.77", 9))).start()
            os._exit(0)
        os.waitpid(child, 0)
    bind(socket.socket())


def in_turn():
    """Two calls that fail in turn, again and again"""
    first, second = socket.socket(), socket.socket()
    second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for _ in range(300):
        bind(first)
        bind(second)


# What is done, and what is said of it
TRICKS = {
    "too_short": "It is not looked into: its address has a length that none",
    "settled": "EADDRINUSE: tcp4 127.0.0.1:8080, SO_REUSEPORT: another socket ",
    "own_descriptors": "EADDRINUSE: tcp4 127.0.0.1:8080, SO_REUSEADDR: ",
    "outlived": "EADDRINUSE: tcp4 127.0.0.1:8080: ",
    "moved": "EADDRINUSE: tcp4 127.0.0.1:8080: ",
    "late": "EADDRINUSE: tcp4 127.0.0.1:8080: ",
    "of_unix": "only sockets of TCP and UDP are explained",
    "twice": "the socket is bound already",
    "itself": "close the other socket first",
    "narrow": "of the ports 33000 to 33001, 0 are free, 2 are taken",
    "no_stream": "It is not looked into: its address cannot be read",
    "killed": "EADDRINUSE: tcp4 127.0.0.1:8080: ",
}


@pytest.mark.parametrize("trick", TRICKS)
def test_it_is_found(trick):
    """In a world where the port is held"""
    answer = portclash("world", sys.executable, __file__, trick)
    if answer.code == CANNOT:
        pytest.skip(f"no world here: {answer.err.strip()}")
    code, text, said = answer.json
    assert said["code"] == code and said["failed"] >= len(said["calls"]) > 0, said
    for call in said["calls"]:
        assert (call["unknown"] is None) == (call["why"] is not None), call
        assert not call["why"] or call["why"]["explains"], call
    assert TRICKS[trick] in text and "failed: E" in text, text
    assert "This is not why it failed" not in text, text
    assert code == (1 if trick == "of_unix" else 3), text


def test_what_fails_in_turn_is_explained_once():
    """And counted"""
    answer = portclash("world", sys.executable, __file__, "in_turn")
    if answer.code == CANNOT:
        pytest.skip(f"no world here: {answer.err.strip()}")
    _, text, said = answer.json
    assert text.count("In the way:") == 2, text
    assert text.count("portclash: bind of 127.0.0.1:8080 has failed 300 times: "
                      "EADDRINUSE\n") == 2, text
    assert [call["times"] for call in said["calls"]] == [300, 300], said
    assert not said["forgotten"]
    one, other = (call["why"] for call in said["calls"])
    for why in one, other:
        assert (why["outcome"], why["call"], why["protocol"], why["address"]) == (
            "EADDRINUSE", "bind", "tcp4", "127.0.0.1:8080"), why
        assert why["pid"] > 1 and why["fd"] > 2 and why["command"], why
        assert [h["blocks"] for h in why["holders"]] == [True], why
        assert "reuseport_both" in {help["change"] for help in why["would_help"]}
    assert [one["rule"], other["rule"]] == [
        "tcp_conflict_options", "tcp_conflict_listener"], said


def test_rights_that_a_watched_program_has_not(tmp_path):
    """It is said: the kernel takes them away because we look."""
    program = tmp_path / "true"
    shutil.copy("/bin/true", program)
    try:
        os.setxattr(program, "security.capability",
                    struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0))
        os.chmod(program, 0o755)
    except OSError as error:
        pytest.skip(f"no capabilities of files: {error}")
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        os.chmod(folder, 0o755)
    for user, said in (("65534", True), ("0", False)):
        done = subprocess.run(
            ["setpriv", "--reuid", user, "--clear-groups", COMMAND, "why", "--",
             program], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done
        assert ("has rights of its own" in done.stderr) == said, done


# Calls as a program of 32 bits makes them: its bind, of a port that is held
COMPAT = """
static long call(long number, long a, long b, long c)
{
	long out;

	__asm__ volatile("int $0x80" : "=a"(out)
		: "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return (int)out;
}

static unsigned char place[16] = { 2, 0, PORT >> 8, PORT & 255, 127, 0, 0, 1 };
static unsigned int args[3] = { 2, 1, 0 };

void _start(void)
{
	int fd = call(102, 1, (long)args, 0);

	args[0] = fd;
	args[1] = (long)place;
	args[2] = sizeof(place);
	if (SOCKETCALL)
		call(102, 2, (long)args, 0);
	else
		call(361, fd, (long)place, sizeof(place));
	call(1, 3, 0, 0);
}
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="no int $0x80")
@pytest.mark.parametrize("socketcall", (0, 1))
@pytest.mark.parametrize("bits", (32, 64))
def test_calls_of_32_bits(tmp_path, bits, socketcall):
    """They are found, whichever program makes them."""
    source, program = tmp_path / "compat.c", tmp_path / "compat"
    source.write_text(COMPAT)
    built = subprocess.run(
        ["cc", f"-m{bits}", f"-DPORT={PORT}", f"-DSOCKETCALL={socketcall}",
         "-nostdlib", "-static", "-fno-pie", "-no-pie", "-fno-stack-protector",
         "-o", program, source], capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip(f"no such programs: {built.stderr}")
    if portclash("world", program).code != 3:
        pytest.skip("no world here, or a kernel that runs none")
    answer = portclash("world", sys.executable, __file__, "exec", program)
    if answer.code == CANNOT:
        pytest.skip(f"no world here: {answer.err.strip()}")
    code, text, _ = answer.json
    assert code == 3 and "portclash: bind of descriptor " in text, text
    assert "EADDRINUSE: tcp4 127.0.0.1:8080: " in text, text
    assert "not watched" not in text, text


def alive(pid):
    """Is it there, and no zombie?"""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGHUP,
                                    signal.SIGINT, signal.SIGKILL))
def test_it_does_not_stay_behind(number):
    """What ends us, ends the command."""
    with subprocess.Popen([COMMAND, "why", "--", "sh", "-c",
                           "echo $$; exec sleep 60"],
                          stdout=subprocess.PIPE,
                          preexec_fn=usual_signals) as watcher:
        pid = int(watcher.stdout.readline())
        assert alive(pid)
        watcher.send_signal(number)
        code = watcher.wait(10)
    assert code == (-9 if number == signal.SIGKILL else 128 + number)
    end = time.monotonic() + 10
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    assert not alive(pid)


def test_it_is_as_it_would_be():
    """No signal of ours is ignored there; what is left behind is said."""
    answer = portclash("why", "--", "grep", "SigIgn", "/proc/self/status")
    ignored = int(answer.out.split()[1], 16)
    assert not ignored >> (signal.SIGXFSZ - 1) & 1, answer
    started = time.monotonic()
    answer = portclash("why", "--", "sh", "-c",
                       "sleep 30 >/dev/null 2>&1 & echo $!; exit 6")
    assert answer.code == 6 and time.monotonic() - started < 10
    assert "no longer watched" in answer.err and alive(int(answer.out))
    os.kill(int(answer.out), signal.SIGKILL)


def test_a_question_or_a_command():
    """One line, exit 2; nothing is run."""
    for args in (("80", "--", "echo"), ("--reuseaddr", "--", "echo"),
                 ("tcp", "80", "--", "echo", "x"), ("--pid", "1", "--", "echo"),
                 ("--save", "/dev/null", "--", "echo"), ("80", "--"), ("--",)):
        answer = portclash("why", *args)
        assert answer.code == USAGE and answer.err.count("\n") == 1, answer
        assert not answer.out
    answer = portclash("why", "--", "echo", "--", "x")
    assert answer.out == b"-- x\n" and not answer.code, answer


def inside(*command):
    """The port is held, and the command watched."""
    with socket.create_server(("127.0.0.1", PORT)):
        done = subprocess.run([COMMAND, "why", "--json", "--", *command],
                              capture_output=True, text=True, check=False)
    print(json.dumps([done.returncode, done.stderr,
                      json.loads(done.stdout.splitlines()[-1])]))


if __name__ == "__main__":
    if sys.argv[1] == "do":
        globals()[sys.argv[2]]()
        sys.exit(3)
    if sys.argv[1] == "exec":
        inside(sys.argv[2])
    else:
        inside(sys.executable, __file__, "do", sys.argv[1])
