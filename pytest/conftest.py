# SPDX-License-Identifier: Apache-2.0
"""Options and fixtures of the differential suite.

Nothing is built here: make does that. "make check" runs all of it, and
"make run" runs test_follow.py beside AFL++.
"""

import os
import signal

import hypothesis
import pytest

import portcheck

pytest_plugins = ["slowest", "kernellog"]

# Some CI runners ignore SIGCHLD; then nobody learns how a child has ended.
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, ())

# The same examples each time, and no file left behind: a failure prints what
# is needed to have it again.
hypothesis.settings.register_profile(
    "portclash", derandomize=True, database=None, deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow,
                           hypothesis.HealthCheck.function_scoped_fixture])
hypothesis.settings.load_profile("portclash")


def pytest_addoption(parser):
    """What ci/campaign gives to test_follow.py."""
    group = parser.getgroup("portclash")
    group.addoption("--follow", metavar="DIR",
                    help="follow the queues of AFL++ below DIR")
    group.addoption("--time", type=float, default=60, metavar="SECONDS",
                    help="how long to follow them (default 60)")
    group.addoption("--seed", type=int, metavar="N",
                    help="of the random programs in between (default: by date)")


@pytest.fixture
def ran(record_property):
    """Keep who answered how much; the run's summary has it."""
    def record(result):
        record_property("ran", f"ran: {' '.join(result['subjects'])}: "
                        f"{result['held']} of {result['cases']} cases, "
                        f"{result['compared_ops']} of {result['ops']} ops")
    return record


@pytest.fixture
def need():
    """Skip with the reason when an answer lacks a subject, or fail if that
    subject is required."""
    def check(answer):
        absent = {skip["subject"] for skip in answer.json["skipped"]}
        if any(map(portcheck.is_required, absent)):
            pytest.fail(f"required, but not here: {answer.skipped}")
        if absent:
            pytest.skip(answer.skipped)
        return answer.json
    return check


@pytest.fixture
def here(need, tmp_path, tmp_path_factory):
    """Skip, or fail if it is required, unless this subject can be had. It is
    asked once: what one worker was told is kept for the others."""
    kept = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        kept = kept.parent

    def check(subject):
        told = kept / f"here-{subject.replace('/', '_')}"
        if told.exists():
            return
        case = tmp_path / "here.case"
        case.write_text("# A socket.\n\nsocket a tcp4\n")
        need(portcheck.portclash("check", "--json", "-s", subject, case))
        told.touch()
    return check


@pytest.fixture(scope="session")
def uids(tmp_path_factory):
    """May the kernel subject change the owner of a socket here? Without root
    only one uid is mapped, and what needs a second is not comparable."""
    case = tmp_path_factory.mktemp("uids") / "uid.case"
    case.write_text("# A socket of somebody else.\n\nsocket a tcp4 uid=1000\n")
    answer = portcheck.portclash("check", "--json", "-s", "linux", case)
    return answer.json["incomparable"] == 0 and not answer.skipped
