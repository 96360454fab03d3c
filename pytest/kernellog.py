# SPDX-License-Identifier: Apache-2.0
"""A kernel that warns has failed, whatever it answered: its log is read, that
of every guest by the test that boots it, and ours at the end of the run."""

import os
import re

import pytest

WARNING = re.compile(r"WARNING: CPU|\bBUG: |kernel BUG at|Oops|Call Trace"
                     r"|UBSAN:|KASAN:|refcount_t:")
LOG = "/dev/kmsg"


def warnings(text):
    """The lines that a healthy kernel does not print."""
    return [line for line in text.splitlines() if WARNING.search(line)]


@pytest.fixture
def console(tmp_path):
    """What makes guests write their log to a file, which is read afterwards."""
    path = tmp_path / "console"
    yield {"PORTCLASH_CONSOLE": str(path)}
    if path.exists():
        found = warnings(path.read_text(errors="replace"))
        assert not found, "the guest's kernel warns:\n" + "\n".join(found)


class OurLog:
    """What our own kernel says while the tests run."""

    def __init__(self):
        try:
            self.file = os.open(LOG, os.O_RDONLY | os.O_NONBLOCK)
            os.lseek(self.file, 0, os.SEEK_END)
        except OSError:
            self.file = None
        self.found = []

    def read(self):
        """A record a call; EPIPE says that some were overwritten."""
        while self.file is not None:
            try:
                yield os.read(self.file, 8192).decode(errors="replace")
            except BrokenPipeError:
                continue
            except OSError:
                return

    def pytest_sessionfinish(self, session):
        """One warning is a failure of the whole run."""
        self.found = warnings("".join(self.read()))
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        """Where it could be read, nothing is said of a healthy kernel."""
        if self.file is None:
            terminalreporter.write_line(f"our kernel's log: {LOG} is not "
                                        "readable here")
        for line in self.found:
            terminalreporter.write_line(f"our kernel warns: {line}", red=True)


def pytest_configure(config):
    """Once, and not in each worker."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(OurLog())
