# SPDX-License-Identifier: Apache-2.0
"""why: what its answer says would help, done by one who has read nothing else,
makes the bind work.

Run as a program, this is what happens inside a world: of one row of ROWS, a
port is held, why is asked, what its text names is done, and it is tried.
"""

import ctypes
import errno
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

import pytest

from portcheck import CANNOT, COMMAND, portclash

PORT = 8080
LIBC = ctypes.CDLL(None)
NEW_NET = 0x40000000
OPTIONS = {"SO_REUSEADDR": (socket.SOL_SOCKET, socket.SO_REUSEADDR),
           "SO_REUSEPORT": (socket.SOL_SOCKET, socket.SO_REUSEPORT),
           "IPV6_V6ONLY": (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY),
           "IP_FREEBIND": (socket.IPPROTO_IP, 15)}
STREAM, DGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM


def have(place, options=(), kind=STREAM, listen=True, uid=0):
    """A socket that is bound to HOST:PORT and listens, or an OSError"""
    host, _, port = place.rpartition(":")
    host = host.strip("[]")
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET,
                         kind)
    for option in options:
        sock.setsockopt(*OPTIONS[option], 1)
    if uid:
        os.fchown(sock.fileno(), uid, -1)
    try:
        sock.bind((host, int(port)))
        if kind == STREAM and listen:
            sock.listen()
    except OSError:
        sock.close()
        raise
    return sock


def why(*words, user=0):
    """What is said, to be read"""
    command = ["setpriv", "--reuid", str(user), "--clear-groups"] if user else []
    return subprocess.run([*command, COMMAND, "why", *words],
                          capture_output=True, text=True, check=False).stdout


def advice(text, pattern):
    """The line below "What would help" that this is all of"""
    helps = re.split(r"What would help:\n|What is needed first:\n", text)
    for line in helps[-1].split("\n") if len(helps) > 1 else ():
        found = re.fullmatch("  " + pattern, line)
        if found:
            return found
    raise AssertionError(f"no {pattern!r} in {text}")


def shell(command):
    """Do what a line says."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True,
                          check=False)
    assert not done.returncode, (command, done.stderr)


def pause(condition):
    """Until it is so, for some seconds"""
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)


def server(*options, client=False):
    """A process that listens, and may have a client: its pid, and the client"""
    ready, go = os.pipe()
    pid = os.fork()
    if not pid:
        sock = have(f"127.0.0.1:{PORT}", options)
        os.write(go, b"x")
        kept = sock.accept() if client else None
        os.write(go, b"y")
        time.sleep(60)
        os._exit(bool(kept))
    os.read(ready, 1)
    other = socket.create_connection(("127.0.0.1", PORT)) if client else None
    os.read(ready, 1)
    return pid, other


def own_reuseaddr():
    """The owner has set it, and does not listen."""
    kept = have(f"127.0.0.1:{PORT}", ["SO_REUSEADDR"], listen=False)
    advice(why(f"127.0.0.1:{PORT}", "--bind-only"), "set SO_REUSEADDR before bind")
    return kept, have(f"127.0.0.1:{PORT}", ["SO_REUSEADDR"], listen=False)


def both(option, kind, listen, **holder):
    """It is set here and by the owner, who binds again."""
    proto = "udp" if kind == DGRAM else "tcp"
    kept = have(f"127.0.0.1:{PORT}", kind=kind, listen=listen, **holder)
    more = () if listen else ("--bind-only",)
    advice(why(proto, f"127.0.0.1:{PORT}", *more),
           rf"set {option} before bind, here and in python\S+ \(pid "
           rf"{os.getpid()}\)")
    kept.close()
    kept = have(f"127.0.0.1:{PORT}", [option], kind, listen)
    return kept, have(f"127.0.0.1:{PORT}", [option], kind, listen)


def reuseaddr_both_tcp():
    """TCP that does not listen"""
    return both("SO_REUSEADDR", STREAM, False)


def reuseaddr_both_udp():
    """UDP"""
    return both("SO_REUSEADDR", DGRAM, False)


def reuseport_both():
    """Listeners"""
    return both("SO_REUSEPORT", STREAM, True)


def own_reuseport():
    """The owner has set it already."""
    kept = have(f"127.0.0.1:{PORT}", ["SO_REUSEPORT"])
    advice(why(f"127.0.0.1:{PORT}"), "set SO_REUSEPORT before bind")
    return kept, have(f"127.0.0.1:{PORT}", ["SO_REUSEPORT"])


def user():
    """The owner is another user."""
    kept = have(f"127.0.0.1:{PORT}", ["SO_REUSEPORT"], uid=1000)
    advice(why(f"127.0.0.1:{PORT}"), "set SO_REUSEPORT before bind.*, and run "
           "as the same user")
    return kept, have(f"127.0.0.1:{PORT}", ["SO_REUSEPORT"], uid=1000)


def own_v6only():
    """IPv4 has the port."""
    kept = have(f"0.0.0.0:{PORT}")
    advice(why("tcp", f"[::]:{PORT}"),
           "set IPV6_V6ONLY before bind: then it is for IPv6 only")
    return kept, have(f"[::]:{PORT}", ["IPV6_V6ONLY"])


def owners_v6only():
    """IPv6 has it for both."""
    kept = have(f"[::]:{PORT}")
    advice(why("tcp", f"0.0.0.0:{PORT}"), r"set IPV6_V6ONLY before bind, in "
           r"python\S+ \(pid \d+\): then it is for IPv6 only")
    kept.close()
    return have(f"[::]:{PORT}", ["IPV6_V6ONLY"]), have(f"0.0.0.0:{PORT}")


def address():
    """All addresses, of which one is held"""
    kept = have(f"127.0.0.53:{PORT}")
    found = advice(why("tcp", f"0.0.0.0:{PORT}"),
                   r"bind one address, such as (\S+), and not all")
    return kept, have(found[1])


def wait():
    """The server has closed first, and the client never does."""
    shell("sysctl net.ipv4.tcp_fin_timeout=3")
    listener = have(f"127.0.0.1:{PORT}")
    client = socket.create_connection(("127.0.0.1", PORT))
    listener.accept()[0].close()
    listener.close()
    pause(lambda: "FIN_WAIT2" in why(f"127.0.0.1:{PORT}"))
    found = advice(why(f"127.0.0.1:{PORT}"), r"wait (\d+) seconds?")
    assert "ok: " in why(f"127.0.0.1:{PORT}", "--wait", str(int(found[1]) + 5))
    return client, have(f"127.0.0.1:{PORT}")


def stop():
    """Another process"""
    server()
    found = advice(why(f"127.0.0.1:{PORT}"), r"stop python\S+ \(pid (\d+)\)")
    os.kill(int(found[1]), signal.SIGTERM)
    os.waitpid(int(found[1]), 0)
    return have(f"127.0.0.1:{PORT}")


def stop_reuseaddr():
    """It has a client, and leaves TIME_WAIT behind."""
    _, client = server("SO_REUSEADDR", client=True)
    found = advice(why(f"127.0.0.1:{PORT}"), r"stop python\S+ \(pid (\d+)\), "
                   "and set SO_REUSEADDR before bind: connections stay .*")
    os.kill(int(found[1]), signal.SIGTERM)
    os.waitpid(int(found[1]), 0)
    client.close()
    try:
        have(f"127.0.0.1:{PORT}").close()
        raise AssertionError("it works without, too")
    except OSError as error:
        assert error.errno == errno.EADDRINUSE
    return have(f"127.0.0.1:{PORT}", ["SO_REUSEADDR"])


def as_user(program, port):
    """A program binds it as a user who has no rights."""
    with tempfile.TemporaryFile() as err:
        done = subprocess.run(
            ["setpriv", "--reuid", "1000", "--clear-groups", program, "-IS",
             "-c", f"import socket; socket.create_server(('127.0.0.1', {port}))"],
            stderr=err, check=False)
        err.seek(0)
        assert not done.returncode, err.read()


def capability():
    """The command that is named, on a program of our own"""
    found = advice(why("127.0.0.1:80", user=1000),
                   "give the program the right: (setcap .*) PROGRAM")
    folder = tempfile.mkdtemp()
    program = os.path.join(folder, "program")
    try:
        os.chmod(folder, 0o755)
        shutil.copy(sys.executable, program)
        if shutil.which("setcap"):
            shell(f"{found[1]} {program}")
        else:
            assert found[1] == "setcap cap_net_bind_service=+ep"
            os.setxattr(program, "security.capability", struct.pack(
                "<5I", 0x02000001, 1 << 10, 0, 0, 0))
        as_user(program, 80)
    finally:
        shutil.rmtree(folder)


def unprivileged():
    """For all"""
    found = advice(why("127.0.0.1:80", user=1000),
                   "or let all have these ports: (sysctl .*)")
    shell(found[1])
    as_user(sys.executable, 80)


def port_range():
    """All ports are taken."""
    shell("sysctl net.ipv4.ip_local_port_range='40000 40001'")
    kept = [have(f"127.0.0.1:{port}") for port in (40000, 40001)]
    found = advice(why("tcp", "127.0.0.1:0"),
                   "let the kernel choose from more ports: (sysctl .*)")
    shell(found[1])
    return kept, have("127.0.0.1:0")


def reserved():
    """A client has the port, and shall not get it again."""
    shell(f"sysctl net.ipv4.ip_local_port_range='{PORT} {PORT + 1}'")
    shell("sysctl net.ipv4.tcp_fin_timeout=3")
    there = have("127.0.0.1:7000")
    clients = [socket.create_connection(("127.0.0.1", 7000)) for _ in range(2)]
    text = why(f"127.0.0.1:{PORT}")
    found = advice(text, "and keep clients off it: (sysctl .*)")
    advice(text, r"stop python\S+ .*")
    shell(found[1])
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
        client.close()
    # The kernel takes the other one now.
    again = socket.create_connection(("127.0.0.1", 7000))
    assert again.getsockname()[1] == PORT + 1
    return there, again, have(f"127.0.0.1:{PORT}")


def add_address():
    """No device has it."""
    advice(why(f"10.7.7.7:{PORT}"), r"add the address to a device that is up \(ip address "
           r"add\), or set IP_FREEBIND before bind")
    have(f"10.7.7.7:{PORT}", ["IP_FREEBIND"]).close()
    shell("ip address add 10.7.7.7 dev lo")
    return have(f"10.7.7.7:{PORT}")


def two_steps():
    """No device has it, and then somebody has the port."""
    pid, kept = os.getpid(), have(f"[::]:{PORT}")
    advice(why(f"10.7.7.7:{PORT}"), "add the address to a device .*, and ask "
           "again: then it is EADDRINUSE")
    shell("ip address add 10.7.7.7 dev lo")
    advice(why(f"10.7.7.7:{PORT}"),
           rf"stop python\S+ \(pid {pid}\)")
    kept.close()
    return have(f"10.7.7.7:{PORT}")


def device():
    """The address is of another device."""
    shell("ip link add va type bridge; ip link set va up; "
          "ip address add fe80::7/64 dev va nodad")
    found = advice(why(f"[fe80::7%lo]:{PORT}"),
                   "use the device of the address, (.*)")
    with socket.socket(socket.AF_INET6) as sock:
        sock.bind(("fe80::7", PORT, 0, socket.if_nametoindex(found[1])))


def tunnel():
    """The kernel's own socket"""
    shell("ip link add vx type vxlan id 7 dstport 4789 dev lo; "
          "ip link set vx up")
    found = advice(why("udp", "0.0.0.0:4789"),
                   r"remove the device (\S+) \((ip link delete)\)")
    shell(f"{found[2]} {found[1]}")
    return have("0.0.0.0:4789", kind=DGRAM)


ROWS = (own_reuseaddr, reuseaddr_both_tcp, reuseaddr_both_udp, own_reuseport,
        reuseport_both, user, own_v6only, owners_v6only, address, wait, stop,
        stop_reuseaddr, capability, unprivileged, port_range, reserved,
        add_address, two_steps, device, tunnel)


@pytest.mark.parametrize("row", ROWS)
def test_what_helps_is_done(row):
    """And then it works."""
    if os.geteuid():
        pytest.skip("only root can do all of it")
    answer = portclash("world", sys.executable, __file__, row.__name__)
    if answer.code == CANNOT:
        pytest.skip(f"no world here: {answer.err.strip()}")
    said = answer.json
    if said and "Unknown device type" in said:
        pytest.skip("this kernel has no such device")
    assert not said, said


def inside(name):
    """In a network of its own; prints what went wrong, or an empty string"""
    wrong = ""
    if LIBC.unshare(NEW_NET):
        sys.exit(CANNOT)
    try:
        shell("ip link set lo up")
        globals()[name]()
    except Exception:  # pylint: disable=broad-except
        wrong = traceback.format_exc()
    print(json.dumps(wrong))


if __name__ == "__main__":
    inside(sys.argv[1])
