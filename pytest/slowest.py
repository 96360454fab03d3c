# SPDX-License-Identifier: Apache-2.0
"""How the tests are run: on all CPUs, the slowest first, and one by one, so
that no CPU waits for another at the end. What each took is kept, and shown
beside what it took the last time."""

import json

import pytest

from portcheck import ROOT

try:
    from xdist.scheduler.load import LoadScheduling
except ImportError:
    LoadScheduling = object

KEPT = ROOT / "build" / "check" / "durations.json"
# What the slow ones took somewhere, so that a first run is well ordered, too
KNOWN = ROOT / "pytest" / "durations.json"
SLOWEST = 20
# Quicker ones stay together, by files, since those share fixtures.
SLOW_S = 3


def read(path):
    """Seconds by test."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def last():
    """Seconds by test, the newest of each."""
    return {**read(KNOWN), **read(KEPT)}


class OneByOne(LoadScheduling):
    """A worker has one test, and knows the next: xdist alone would give each
    an eighth of all, and the slow ones to the first."""

    def _send_tests(self, node, num):
        pending = len(self.node2pending[node])
        super()._send_tests(node, min(num, max(0, 2 - pending)))


class Order:
    """The slowest first."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config, log):
        """Asked once, by the process that hands out the tests."""
        if LoadScheduling is not object and config.getvalue("dist") == "load":
            return OneByOne(config, log)
        return None

    def pytest_collection_modifyitems(self, items):
        """By what they took, or by their mark where nobody knows yet."""
        before = last()

        def slowness(item):
            marked = item.get_closest_marker("slow")
            seconds = before.get(item.nodeid, 60 if marked else 0)
            return -seconds if seconds >= SLOW_S else 0
        items.sort(key=slowness)


class Report:
    """How long each took, and what it says of its subject."""

    def __init__(self):
        self.before = read(KEPT)
        self.seconds = {}
        self.ran = []

    def pytest_runtest_logreport(self, report):
        """Of setup, call and teardown."""
        self.seconds[report.nodeid] = (self.seconds.get(report.nodeid, 0) +
                                       report.duration)
        if report.when == "call" and report.passed:
            self.ran += [text for name, text in report.user_properties
                         if name == "ran"]

    def pytest_terminal_summary(self, terminalreporter):
        """The slowest of all, and who answered how much of the corpus."""
        slow = sorted(self.seconds.items(), key=lambda item: -item[1])
        for name, seconds in slow[:SLOWEST]:
            if seconds >= SLOW_S:
                was = self.before.get(name)
                was = f"{was:.1f}" if was else "?"
                terminalreporter.write_line(
                    f"{seconds:6.1f} s (last {was})  {name}")
        for text in sorted(self.ran):
            terminalreporter.write_line(text)

    def pytest_sessionfinish(self):
        """The newest of each."""
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps({**self.before, **self.seconds}, indent=0))


def pytest_configure(config):
    """Workers only sort; who hands out the tests reports."""
    config.pluginmanager.register(Order())
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Report())
