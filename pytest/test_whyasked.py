# SPDX-License-Identifier: Apache-2.0
"""why: how it can be asked, and what it tells of who is in the way.

Run as a program, this is what happens inside a world: it holds ports, asks,
and prints what was said.
"""

import fcntl
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import time

import pytest

from portcheck import AGREED, CANNOT, COMMAND, FOUND, SKIPPED, USAGE, portclash

# What is held in the world that the questions are asked in
PORT = 8080


def why(*args):
    """Exit code, what was said, and JSON if it was asked for"""
    done = subprocess.run([COMMAND, "why", *map(str, args)],
                          capture_output=True, text=True, check=False)
    if "--json" in args and done.stdout:
        return [done.returncode, done.stderr, json.loads(done.stdout)]
    return [done.returncode, done.stdout, done.stderr]


# Commands, and their exit codes; each tries to have our port, in its own way
SERVER = ("import socket, sys\ns = socket.socket()\n"
          "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
          "try: s.bind(('127.0.0.1', %d))\n"
          "except OSError: sys.exit(%d)\n")
PYTHON = (sys.executable, "-IS", "-c")
COMMANDS = (
    (5, *PYTHON, SERVER % (PORT, 5)),
    (6, "sh", "-c", f"{sys.executable} -IS -c \"$0\" & wait $!; exit 6",
     SERVER % (PORT, 1)),
    (7, *PYTHON, "import threading, sys, socket\n"
     "def run():\n try: socket.create_server(('127.0.0.1', %d))\n"
     " except OSError: pass\n" % PORT +
     "t = threading.Thread(target=run)\nt.start()\nt.join()\nsys.exit(7)"),
    (8, *PYTHON, "import socket, sys\na = socket.socket()\n"
     "b = socket.socket()\nfor s in a, b:\n"
     " s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
     " s.bind(('127.0.0.1', 8099))\n"
     "a.listen()\ntry: b.listen()\nexcept OSError: sys.exit(8)"),
    (128 + 9, "sh", "-c", "kill -9 $$"),
    (0, "true"), (127, "/no/such/command"),
    (126, "/etc/passwd"))


def run_command(code, *command):
    """A command that is watched: its exit code, and what was said"""
    done = subprocess.run([COMMAND, "why", "--", *command],
                          capture_output=True, text=True, check=False,
                          timeout=60)
    return [code, done.returncode, done.stderr]


def ask_ls():
    """What is listed, of all and of some"""
    out = {}
    for words in ("", str(PORT), f"{PORT} --user 7", "--proto udp",
                  f"tcp :{PORT}",
                  f"--pid {os.getpid()}"):
        done = subprocess.run([COMMAND, "ls", "--json", *words.split()],
                              capture_output=True, text=True, check=False)
        out[words] = [done.returncode, done.stderr, json.loads(done.stdout)]
    return out


ID = "0123456789abcdef" * 4
# Of a control group's path: who it is, and the command that stops it
GROUPS = {
    "0::/system.slice/nginx.service": ("nginx.service", "systemctl stop nginx.service"),
    "1:name=systemd:/system.slice/nginx.service": (
        "nginx.service", "systemctl stop nginx.service"),
    "0::/system.slice/a@b-c\\x2dd.service/inner": (
        "a@b-c\\x2dd.service", "systemctl stop 'a@b-c\\x2dd.service'"),
    "0::/user.slice/user-7.slice/user@7.service/app.slice/web.service": (
        "web.service", "systemctl --user stop web.service"),
    "0::/user.slice/user-7.slice/user@7.service/app.slice/term-1.scope": (
        "term-1.scope", None),
    "0::/user.slice/user-7.slice/user@7.service/init": ("user@7.service", None),
    "0::/user.slice/user-7.slice/session-3.scope": ("session-3.scope", None),
    f"0::/system.slice/docker-{ID}.scope": ("docker 0123456789ab", None),
    f"5:cpu:/docker/{ID}": ("docker 0123456789ab", None),
    f"0::/docker/{ID}/system.slice/nginx.service": ("docker 0123456789ab", None),
    f"0::/machine.slice/libpod-{ID}.scope/container": ("podman 0123456789ab", None),
    "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/"
    f"cri-containerd-{ID}.scope": ("kubernetes 0123456789ab", None),
    "0::/lxc.payload.web/init.scope": ("lxc web", None),
    "4:pids:/lxc/web": ("lxc web", None),
    "0::/x; touch $HOME & \x1b[31m.service": ("\\x1b[31m.service", None),
    "0::/$(reboot).service": ("$(reboot).service", None),
    "0::/--help.service": ("--help.service", None),
}


def ask_groups(folder):
    """Who has a socket, if the path were this"""
    with socket.create_server(("127.0.0.1", 8088)):
        path = os.path.join(folder, "cgroup")
        out = {}
        for group in GROUPS:
            with open(path, "w", encoding="ascii") as file:
                file.write(group + "\n")
            out[group] = subprocess.run(
                ["unshare", "-m", "sh", "-c", f'mount --bind "$0" /proc/{os.getpid()}/'
                 'cgroup && exec "$@"', path, COMMAND, "why", "127.0.0.1:8088"],
                capture_output=True, text=True, check=False).stdout
    return out


def ask_users():
    """--verify by a user: the port is held by that user, or by root."""
    out = []
    for uid in (1000, 0):
        with socket.socket() as held:
            os.fchown(held.fileno(), uid, -1)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            held.bind(("127.0.0.1", 8091))
            for words in (f"127.0.0.1:{PORT}", "127.0.0.1:8093", "127.0.0.1:80",
                          "127.0.0.1:8091", "127.0.0.1:8093 --uid 7"):
                done = subprocess.run(
                    ["setpriv", "--reuid", "1000", "--clear-groups", COMMAND,
                     "why", "tcp", *words.split(), "--verify"],
                    capture_output=True, text=True, check=False)
                out.append([words, done.returncode, done.stdout, done.stderr])
    return out


def ask_dual():
    """An IPv6 socket that has all of IPv4, too"""
    with socket.socket(socket.AF_INET6) as held:
        held.bind(("::", 8089))
        out = why("tcp", "0.0.0.0:8089", "--json") + why("tcp", "0.0.0.0:8089")
    # It is done as was said.
    with socket.socket(socket.AF_INET6) as held, socket.socket() as other:
        held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        held.bind(("::", 8089))
        other.bind(("0.0.0.0", 8089))
    return out


def ask_vxlan():
    """A port that the kernel itself has; None, if it has no VXLAN"""
    if subprocess.run("ip link add vx type vxlan id 7 dstport 4789 dev lo && "
                      "ip link set vx up", shell=True, check=False,
                      stderr=subprocess.DEVNULL).returncode:
        return None
    out = why("udp", "127.0.0.1:4789")
    subprocess.run(["ip", "link", "delete", "vx"], check=True)
    return out


def ask_many():
    """Thousands that have one port, each at an address of its own"""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(2000, hard // 2 - 100)
    held = []
    for number in range(count):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            sock = socket.socket(socket.AF_INET, kind)
            sock.bind((f"127.1.{number >> 8}.{number & 255}", 5555))
            held.append(sock)
    started = time.monotonic()
    out = {words: why(*words.split(), "--json") for words in (
        "tcp 127.1.7.9:5555", "tcp 127.2.0.1:5555", "udp 0.0.0.0:5555",
        "udp 127.1.7.9:5555", "udp 127.2.0.1:5555")}
    seconds = time.monotonic() - started
    few = subprocess.run(
        ["prlimit", "--nofile=100:100", COMMAND, "why", "tcp",
         "127.1.7.9:5555", "--verify"], capture_output=True, text=True,
        check=False).stdout
    for sock in held:
        sock.close()
    return [count, seconds, out, few]


def hold():
    """A listener that three processes have, and a client of it"""
    listener = socket.create_server(("127.0.0.1", PORT))
    children = []
    for _ in range(3):
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
        children.append(child)
    client = socket.create_connection(("127.0.0.1", PORT))
    return listener, client, children


def ask_forms():
    """Ways to ask for the same"""
    return {form: why(*form.split(), "--json") for form in (
        "8080", ":8080", "*:8080", "localhost:8080", "tcp http-alt", "tcp4 :8080",
        "tcp [::]:8080", "tcp [fe80::2%veth0]:8080", "tcp [fe80::2%10]:8080",
        "--port 0", "tcp :0", "udp localhost:8080", "mptcp 127.0.0.1:8080",
        "tcp 127.0.0.1:8080 127.0.0.2:8080", "127.0.0.1:8080 --listen",
        "10.9.9.9:8081 --freebind", "10.9.9.9:8081 --transparent",
        "127.0.0.1%lo:8081", "127.0.0.1:8081 --dev lo", "127.0.0.1:8081 --mptcp",
        "--connect 127.0.0.1:8080", "--connect 10.9.9.9:80",
        "--connect 127.0.0.1:8080 --from 127.0.0.2")}


def ask_elsewhere():
    """About another network, and about another process"""
    there = subprocess.Popen(
        ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
         "setpriv", "--reuid", "1000", sys.executable, "-IS",
         "-c", "import socket, time\n"
         "s = socket.socket()\ns.bind(('0.0.0.0', 8080))\ns.listen()\n"
         "print(1, flush=True)\ntime.sleep(60)"],
        stdout=subprocess.PIPE)
    there.stdout.readline()
    out = {
        "netns pid": why("10.0.0.1:8081", "--netns", there.pid, "--json"),
        "netns path": why("0.0.0.0:8080", "--netns",
                          f"/proc/{there.pid}/ns/net", "--json"),
        "pid": why("0.0.0.0:80", "--pid", there.pid, "--json"),
        "here": why("10.0.0.1:8081", "--json")}
    there.kill()
    return out


def ask_file(folder):
    """The situation as a file, and what is asked of it"""
    path = os.path.join(folder, "situation")
    here = why(f"127.0.0.1:{PORT}", "--json", "--save", path)
    with open(path, encoding="ascii") as file:
        text = file.read()
    broken = os.path.join(folder, "broken")
    said = []
    for line in range(len(text.splitlines())):
        lines = text.splitlines()
        lines[line] = lines[line].rpartition(" ")[0] + " %zz"
        with open(broken, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        said.append(why(PORT, "--from", broken))
    return {"here": here, "text": text, "broken": said}


def inside(folder):
    """In a world"""
    if subprocess.run(["ip", "addr"], stdout=subprocess.DEVNULL,
                      check=False).returncode:
        sys.exit(CANNOT)
    listener, client, children = hold()
    text = why(f"127.0.0.1:{PORT}")
    out = {"forms": ask_forms(), "text": text, "children": children,
           "own": os.getpid(), "fd": listener.fileno(),
           "rule": why(f"127.0.0.1:{PORT}", "--rule"),
           "both": why(f"127.0.0.1:{PORT}", "--reuseport"),
           "elsewhere": ask_elsewhere(), "file": ask_file(folder),
           "verify": why(f"127.0.0.1:{PORT}", "--verify"),
           "users": ask_users(),
           "vxlan": ask_vxlan(), "dual": ask_dual(), "groups": ask_groups(folder), "many": ask_many(), "calls": calls_of(folder), "ls": ask_ls(),
           "commands": [run_command(*command) for command in COMMANDS]}
    client.close()
    for child in children:
        os.kill(child, 15)
        os.waitpid(child, 0)
    listener.close()
    out["wait"] = why("127.0.0.1:9999", "--wait", "5")
    print(json.dumps(out))


def calls_of(folder):
    """What the command asks of the system, but for netlink"""
    if not shutil.which("strace"):
        return None
    path = os.path.join(folder, "calls")
    done = subprocess.run(
        ["strace", "-f", "-o", path, "-e",
         "trace=bind,connect,listen,sendto,write,setns,unlink", COMMAND, "why",
         str(PORT)], capture_output=True, check=False)
    if done.returncode not in (AGREED, FOUND, SKIPPED):
        return None
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def in_a_world(folder):
    """All that is asked in one world, as text"""
    answer = portclash("world", sys.executable, __file__, folder)
    if answer.code == CANNOT or os.geteuid():
        pytest.skip(f"no world here: {answer.err.strip()}")
    assert answer.code == AGREED, answer
    return answer.out


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """All that was asked in one world; workers of one run ask once."""
    folder = tmp_path_factory.mktemp("why")
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if not run:
        return json.loads(in_a_world(folder))
    path = tmp_path_factory.getbasetemp().parent / f"why-{run}"
    with open(path, "a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        if not text:
            text = in_a_world(folder)
            file.write(text)
        return json.loads(text)


def outcomes(answer):
    """Of each address: where, and what"""
    _, _, first = answer
    return [(one["address"], one["outcome"]) for one in [first, *first["more"]]]


def test_forms(said):
    """All ways to say it mean the same."""
    forms = said["forms"]
    everywhere = [("[::]:8080", "EADDRINUSE"), ("0.0.0.0:8080", "EADDRINUSE")]
    for form in ("8080", ":8080", "*:8080"):
        assert outcomes(forms[form]) == everywhere, form
    if forms["tcp http-alt"][0] != USAGE:
        assert outcomes(forms["tcp http-alt"]) == everywhere
    assert outcomes(forms["localhost:8080"]) == [
        ("127.0.0.1:8080", "EADDRINUSE"), ("[::1]:8080", "ok")]
    assert outcomes(forms["tcp4 :8080"]) == everywhere[1:]
    assert outcomes(forms["tcp [::]:8080"]) == everywhere[:1]
    assert outcomes(forms["udp localhost:8080"]) == [
        ("127.0.0.1:8080", "ok"), ("[::1]:8080", "ok")]
    for form in ("tcp [fe80::2%veth0]:8080", "tcp [fe80::2%10]:8080"):
        assert outcomes(forms[form]) == [("[fe80::2]:8080", "ok")], form
        assert "[fe80::2]:8080, scope veth0:" in forms[form][1], form
    assert "SO_BINDTODEVICE lo:" in forms["127.0.0.1%lo:8081"][1]
    assert "SO_BINDTODEVICE lo:" in forms["127.0.0.1:8081 --dev lo"][1]
    for form in ("--port 0", "tcp :0"):
        [first, second] = [forms[form][2], *forms[form][2]["more"]]
        assert first["outcome"] == second["outcome"] == "ok"
        assert first["free"] + first["taken"] + first["reserved"] == 28232
    assert outcomes(forms["tcp 127.0.0.1:8080 127.0.0.2:8080"]) == [
        ("127.0.0.1:8080", "EADDRINUSE"), ("127.0.0.2:8080", "ok")]
    for form in ("10.9.9.9:8081 --freebind", "10.9.9.9:8081 --transparent",
                 "127.0.0.1:8081 --dev lo", "127.0.0.1:8081 --mptcp"):
        assert outcomes(forms[form])[0][1] == "ok", form
    for form in ("mptcp 127.0.0.1:8080", "127.0.0.1:8080 --listen"):
        assert outcomes(forms[form])[0][1] == "EADDRINUSE", form
    assert forms["--connect 127.0.0.1:8080"][2]["outcome"] == "ok"
    assert forms["--connect 10.9.9.9:80"][2]["outcome"] == "ENETUNREACH"
    assert forms["--connect 127.0.0.1:8080 --from 127.0.0.2"][2][
        "address"] == "127.0.0.2:0"


def test_who(said):
    """Everyone who has an inherited listener is named, and what would help."""
    code, text, _ = said["text"]
    assert code == FOUND
    first = text.splitlines()[0]
    assert first.startswith("EADDRINUSE: tcp4 127.0.0.1:8080: ")
    for pid in [said["own"], *said["children"]]:
        assert re.search(rf"fd {said['fd']} of python3?\S* \(pid {pid}\)",
                         text), text
    assert "What would help:" in text and "stop python" in text
    assert "\033" not in text and "inet_bind_conflict" not in text
    assert text.index("In the way") < text.index("What would help")
    rule = said["rule"][1]
    assert rule.index("What would help") < rule.index("inet_bind_conflict()")


def test_units_and_containers(said):
    """As people know them; and a command only if it is one to be taken over."""
    for group, text in said["groups"].items():
        who, command = GROUPS[group]
        assert who in text, (group, text)
        assert ("systemctl" in text) == bool(command), (group, text)
        assert not command or f": {command}\n" in text, (group, text)


def test_the_owner_could_have_ipv6_only(said):
    """Which is the commonest that helps between :: and 0.0.0.0"""
    _, _, answer, _, text, _ = said["dual"]
    assert "v6only_owner" in [one["change"] for one in answer["would_help"]]
    assert "set IPV6_V6ONLY before bind, in python" in text, text


def test_many_holders(said):
    """All are looked at, and it takes no minutes."""
    count, seconds, answers, few = said["many"]
    for words, want in (("tcp 127.1.7.9:5555", "EADDRINUSE"),
                        ("tcp 127.2.0.1:5555", "ok"),
                        ("udp 0.0.0.0:5555", "EADDRINUSE"),
                        ("udp 127.1.7.9:5555", "EADDRINUSE"),
                        ("udp 127.2.0.1:5555", "ok")):
        _, err, answer = answers[words]
        assert answer["outcome"] == want, (words, err)
        assert len(answer["holders"]) + answer["others"] == count
    assert answers["tcp 127.1.7.9:5555"][2]["holders"][0]["blocks"]
    assert seconds < 20
    # Not all can be made again, but who is in the way is.
    assert "says EADDRINUSE: that agrees" in few and "missing" in few, few


def test_the_kernel_is_named(said):
    """Its own sockets are those of a device: nobody is asked to set options."""
    if said["vxlan"] is None:
        pytest.skip("no VXLAN in this kernel")
    code, text, _ = said["vxlan"]
    assert code == FOUND and "the kernel's own: device vx (vxlan)" in text
    assert "remove the device vx" in text and "here and in" not in text


def test_what_depends_says_on_what(said):
    """Both outcomes, the likelier first, and a code of its own"""
    code, text, _ = said["both"]
    assert code == SKIPPED and text.startswith("EADDRINUSE, or ok: ")
    assert "It depends on:" in text


def test_elsewhere(said):
    """Another network has its own addresses and sockets; another process its
    own rights."""
    there = said["elsewhere"]
    assert outcomes(there["here"]) == [("10.0.0.1:8081", "ok")]
    assert outcomes(there["netns pid"]) == [("10.0.0.1:8081", "EADDRNOTAVAIL")]
    path = there["netns path"][2]
    assert path["outcome"] == "EADDRINUSE"
    [holder] = path["holders"]
    assert holder["uid"] == 1000 and holder["reuseaddr"] is False
    assert there["pid"][2]["outcome"] == "EACCES"


def test_a_situation_is_a_file(said, tmp_path):
    """It answers as the network did, also where there is none."""
    path = tmp_path / "situation"
    path.write_text(said["file"]["text"])
    _, _, here = said["file"]["here"]
    answer = portclash("why", f"127.0.0.1:{PORT}", "--json", "--from", path)
    saved = answer.json
    for key in ("outcome", "rule", "outcomes", "depends_on"):
        assert saved[key] == here[key], key
    assert len(saved["holders"]) == len(here["holders"])
    assert saved["holders"][0]["pid"] == here["holders"][0]["pid"]
    for number, (code, _, err) in enumerate(said["file"]["broken"], 1):
        assert code == USAGE and f":{number}: expected" in err, err
    path.write_bytes(b"\0")
    assert portclash("why", "80", "--from", path).code == USAGE
    assert portclash("why", "80", "--from", tmp_path / "none").code == USAGE


# A server that was restarted: its listener has gone, and of two connections one
# waits; a client has the next port; and the way to bind low ports is closed.
SAVED = """portclash-situation 1
kernel 6 18 44
range 32768 60999
unprivileged 1024
sysctls 0 0 0 0 0
seen 1 0
asker 1000 0
device 1 0 0 0 - lo
device 2 0 0 0 veth eth%20
route 255 127.0.0.0 8 1
route 255 192.0.2.1 32 1
address ::1 1 1 0
address fe80::1 2 1 0
address 2001:db8::1 2 0 1
holder 6 6 1 192.0.2.1 8080 192.0.2.9 5000 0 0 0 42000 0 0 0 0 1 0 0 0
holder 6 1 0 ::1 40000 ::1 631 0 1000 77 0 0 1 0 0 1 0 0 1
holder 6 10 0 0.0.0.0 8082 0.0.0.0 0 9 0 78 0 0 1 0 0 1 0 0 0
owner 1 4711 5 a%1bb
"""


@pytest.mark.pure
def test_a_file_is_enough(tmp_path):
    """No socket, no network and no rights are needed to ask it."""
    path = tmp_path / "saved"
    path.write_text(SAVED)
    for words, want, depends in (
            ("tcp 0.0.0.0:8080 --reuseaddr", ["ok", "EADDRINUSE"], ["ended"]),
            ("tcp 0.0.0.0:8080", ["EADDRINUSE"], []),
            ("tcp 127.0.0.1:8080", ["ok"], []),
            ("tcp 192.0.2.1:8081", ["ok"], []),
            ("tcp 192.0.2.2:8081", ["EADDRNOTAVAIL"], []),
            ("tcp 192.0.2.1:80", ["EACCES"], []),
            ("tcp 192.0.2.1:80 --uid 0", ["ok"], []),
            ("tcp 0.0.0.0:40000", ["EADDRINUSE"], []),
            ("tcp 127.0.0.1:40000", ["ok"], []),
            ("tcp [2001:db8::1]:8081", ["EADDRNOTAVAIL"], []),
            ("tcp [fe80::1%2]:8081", ["ok"], []),
            ("tcp [fe80::1%lo]:8081", ["EADDRNOTAVAIL"], []),
            ("tcp [fe80::1]:8081", ["EINVAL"], [])):
        answer = portclash("why", *words.split(), "--from", path, "--json")
        outcomes = [one["outcome"] for one in answer.json["outcomes"]]
        assert (outcomes, answer.json["depends_on"]) == (want, depends), words
        assert answer.code == (SKIPPED if depends else
                               AGREED if want == ["ok"] else FOUND), words
    text = portclash("why", "tcp", "0.0.0.0:8080", "--reuseaddr", "--from",
                     path).out.decode()
    # What may work as it is, nothing helps that may work, too.
    assert "wait 42 seconds" in text and "most likely" not in text, text
    text = portclash("why", "tcp", "0.0.0.0:8082", "--from",
                     path).out.decode()
    assert "on device 9, which is gone" in text, text
    path.write_text(SAVED.replace("device 2 0 0 0 veth", "device 2 7 9 0 veth"))
    text = portclash("why", "tcp", "0.0.0.0:1111", "--dev", "2", "--verify",
                     "--from", path).out.decode()
    assert "Not tried: a VRF is not made again" in text, text
    path.write_text(SAVED)
    text = portclash("why", "tcp", "10.1.1.1:8080", "--from",
                     path).out.decode()
    assert "IP_FREEBIND" in text and "Not in the way" not in text, text
    text = portclash("why", "tcp", "0.0.0.0:8080", "--from", path).out.decode()
    assert "it has 42 seconds left" in text and "wait 42 seconds" in text
    text = portclash("why", "tcp", "0.0.0.0:40000", "--from", path).out.decode()
    assert "fd 5 of a\\x1bb (pid 4711)" in text
    assert "ip_local_reserved_ports=40000" in text and "peer [::1]:631" in text


def test_it_can_be_verified(said):
    """A network that is made like this one says the same."""
    code, text, _ = said["verify"]
    assert code == FOUND
    assert "says EADDRINUSE: that agrees." in text and "missing" not in text
    assert said["wait"][0] == AGREED


def test_a_user_can_verify(said):
    """What we cannot be is missing there; it is no answer of the kernel."""
    for words, code, text, err in said["users"]:
        if code == CANNOT:
            assert "--verify: no network like this one" in err, (words, err)
            assert "--uid" in words or "not permitted" in err, (words, err)
        else:
            assert "that agrees" in text or "are missing" in text, (words, text)
            assert "says EINVAL" not in text, (words, text)


def test_a_command_is_watched(said):
    """The call that fails is found in any of its threads and children, and
    explained with the options of its socket; it exits as it would."""
    calls = ("bind", "bind", "bind", "listen", None, None, None)
    for call, (code, got, text) in zip(calls, said["commands"]):
        assert code == got, text
        if call:
            assert f"portclash: {call} of descriptor " in text, text
            assert "failed: EADDRINUSE" in text and "SO_REUSEADDR" in text
            assert "This is not why it failed" not in text, text
        else:
            assert " of descriptor " not in text, text
    assert f"(pid {said['own']})" in said["commands"][0][2]


def test_ls(said):
    """Every socket that has a port: a listener, a client, what is not accepted
    yet; and whose it is"""
    everything = said["ls"][""][2]["holders"]
    states = sorted((one["address"] == f"127.0.0.1:{PORT}", one["state"])
                    for one in everything)
    assert states.count((True, "LISTEN")) == 1, states
    assert (True, "ESTABLISHED") in states and (
        False, "ESTABLISHED") in states, states
    here = said["ls"][str(PORT)][2]["holders"]
    assert all(one["shared"] for one in here) and len(here) >= 2
    listener = next(one for one in here if one["state"] == "LISTEN")
    assert listener["backlog"] >= 1 and len(listener["owners"]) == 4
    assert not said["ls"]["--proto udp"][2]["holders"]
    assert not said["ls"][f"{PORT} --user 7"][2]["holders"]
    assert len(said["ls"][f"--pid {said['own']}"][2]["holders"]) == 2
    assert said["ls"][f"tcp :{PORT}"][2]["holders"] == here
    for args in (("x",), ("0",), ("80", "--proto", "sctp"), ("--user", "x"),
                 ("80", "tcp"), ("--pid", "999999999")):
        answer = portclash("ls", *args)
        assert answer.code == USAGE and answer.err.count("\n") == 1, answer


def test_it_only_reads(said):
    """No call that could change the network, or send: netlink is asked."""
    if said["calls"] is None:
        pytest.skip("no strace here")
    for line in said["calls"].splitlines():
        if re.search(r" (bind|connect|listen|sendto|setns|unlink)\(", line):
            assert "AF_NETLINK" in line or " bind(" in line, line
            assert "AF_INET" not in line and "AF_UNIX" not in line, line
        if " write(" in line:
            assert re.search(r" write\([12], ", line), line


if __name__ == "__main__":
    inside(sys.argv[1])
