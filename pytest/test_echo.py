# SPDX-License-Identifier: Apache-2.0
"""A real user of the helpers: the server of harness/examples/echo.c, with many
clients at a time while its workers are ended. As a program, this file is the
clients, in a network namespace of their own."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

PORT, WORKERS, CLIENTS, ROUNDS = 7777, 4, 200, 12
STUCK_S = 60


class Server:
    """The parent, and the pids of the workers that it has told."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [program, f":{PORT}", str(WORKERS)], stdout=subprocess.PIPE,
            text=True)
        self.pids, self.seen = {}, []
        for _ in range(WORKERS):
            self.note(self.process.stdout.readline())
        threading.Thread(target=self.read, daemon=True).start()

    def note(self, line):
        """A line of its output: a worker is there."""
        worker, pid = map(int, line.split())
        self.pids[worker] = pid
        self.seen.append(pid)

    def read(self):
        """All that follow."""
        for line in self.process.stdout:
            self.note(line)

    def kill(self, number, many, pause):
        """End one worker after the other."""
        for _ in range(many):
            try:
                os.kill(random.choice(list(self.pids.values())), number)
            except ProcessLookupError:
                pass    # it has ended, and the next is not told yet
            time.sleep(pause)

    def end(self):
        """Gracefully: its exit code, and which workers are left."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=STUCK_S)
        return code, [pid for pid in self.seen if os.path.exists(f"/proc/{pid}")]


def talk(lost):
    """A client: some lines, each of which must come back."""
    try:
        with socket.create_connection(("127.0.0.1", PORT), STUCK_S) as sock:
            for number in range(ROUNDS):
                line = f"line {number}\n".encode()
                sock.sendall(line)
                answer = b""
                while len(answer) < len(line):
                    part = sock.recv(100)
                    if not part:
                        raise EOFError(number)
                    answer += part
                assert answer == line
                time.sleep(random.random() / 20)
    except (OSError, EOFError) as error:
        lost.append(repr(error))


def talk_all(server, number, many, pause):
    """Many clients, while workers are ended: what was lost, who is stuck."""
    lost = []
    clients = [threading.Thread(target=talk, args=(lost,), daemon=True)
               for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    server.kill(number, many, pause)
    for client in clients:
        client.join(STUCK_S)
    return lost, sum(client.is_alive() for client in clients)


def clients_of(program):
    """Print what is wrong."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    server = Server(program)
    lost, stuck = talk_all(server, signal.SIGTERM, 20, 0.03)
    if lost or stuck:
        print(f"SIGTERM: {len(lost)} lost, {stuck} stuck: {lost[:3]}")
    # Whom the kernel ends takes along what it has accepted, and no more.
    lost, stuck = talk_all(server, signal.SIGKILL, 4, 0.1)
    if stuck or len(lost) >= CLIENTS:
        print(f"SIGKILL: {len(lost)} lost, {stuck} stuck")
    lost, stuck = talk_all(server, 0, 1, 0)
    if lost or stuck:
        print(f"after that: {len(lost)} lost, {stuck} stuck: {lost[:3]}")
    if len(server.seen) <= WORKERS + 4:
        print(f"only {len(server.seen)} workers were there")
    code, left = server.end()
    if code or left:
        print(f"exit code {code}, workers left: {left}")


def test_no_connection_is_lost_and_nobody_hangs(tmp_path):
    """Of 200 clients at a time, while a worker ends every 30 ms."""
    from portcheck import ROOT    # pylint: disable=import-outside-toplevel
    (tmp_path / "portclash").symlink_to(ROOT / "src" / "net")
    program = tmp_path / "echo"
    subprocess.run(
        ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
         f"-I{tmp_path}", f"-I{ROOT / 'src'}", f"-I{ROOT / 'build'}", "-o", program,
         ROOT / "harness" / "examples" / "echo.c",
         ROOT / "build" / "libportclash.a", "-lnl-route-3", "-lnl-3",
         "-lpthread"], check=True)
    done = subprocess.run(
        ["unshare", "-rn", "/usr/bin/python3", __file__, program],
        capture_output=True, text=True, timeout=4 * STUCK_S, check=False)
    assert not done.stdout and not done.stderr and not done.returncode, done


if __name__ == "__main__":
    clients_of(sys.argv[1])
