# SPDX-License-Identifier: Apache-2.0
"""The seam between pytest and the command: run it, and read its last line.

All that the suite knows of programs and traces it is told by the command, as
text or as JSON: there is no second parser here that could be wrong.
"""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpus"
CASES = CORPUS / "cases"
DIVERGENCES = CORPUS / "divergences"
RULES = CORPUS / "rules"
COMMAND = ROOT / "build" / "portclash"
SANITIZED = ROOT / "build" / "san" / "portclash"
SUBJECTS = ("portman", "portlist", "goports", "spec", "linux")

# Exit codes, as the command's --help has them
AGREED, FOUND, USAGE, CANNOT, SKIPPED, NOTHING = range(6)

# What a crash leaves on stderr, whatever the exit code is: a sanitizer's is 1,
# which is also the code of a divergence.
CRASH = re.compile(
    r"Sanitizer|runtime error:|ASSERTION FAILED|a worker died of signal"
    r"|a worker ended with wait status")


def some(number):
    """A test's parameter "every": it takes one case of so many; and of all of
    them each one, in "make check-long"."""
    return pytest.mark.parametrize("every", (
        number, pytest.param(1, marks=pytest.mark.long)))


def machines(kind=""):
    """The other kernels that are here, by full name."""
    done = subprocess.run([ROOT / "netns-scripts" / "machines"], check=True,
                          stdout=subprocess.PIPE, text=True)
    return [name for name in done.stdout.split() if name.startswith(kind)]


def required():
    """The subjects that must be here: CI names them, so that a green run
    cannot be an empty one."""
    names = re.split(r"[\s,]+", os.environ.get("PORTCLASH_REQUIRE", ""))
    return {name for name in names if name}


def is_required(subject):
    """By its name, or by its kind: any uml-6.1 is a uml."""
    return bool({subject, subject.split("-")[0]} &
                (required() - ({"linux"} if "-" in subject else set())))


class Answer:
    """What the command said, and the code it exited with."""

    def __init__(self, args, done):
        self.args = [str(arg) for arg in args]
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr.decode(errors="replace")

    def __repr__(self):
        # pytest prints this when an assertion on an answer fails.
        err = self.err if len(self.err) < 3000 else (
            self.err[:1500] + "\n...\n" + self.err[-1500:])
        return (f"portclash {' '.join(self.args)[:500]}\n"
                f"exit code {self.code}\n{err}")

    @property
    def crashed(self):
        """Did it end by a signal, or a sanitizer or an assertion speak?"""
        return self.code < 0 or bool(CRASH.search(self.err))

    @property
    def json(self):
        """The last line of stdout; it is an error if there is another."""
        lines = self.out.decode().splitlines()
        assert len(lines) == 1, f"{len(lines)} lines on stdout of {self!r}"
        return json.loads(lines[0])

    @property
    def skipped(self):
        """The reasons of the subjects that are not here, or None."""
        return "; ".join(f"{skip['subject']}: {skip['reason']}"
                         for skip in self.json["skipped"]) or None


def portclash(*args, command=COMMAND, stdin=None, env=None, timeout=300,
              cwd=None):
    """Run the command, whatever it exits with."""
    done = subprocess.run(
        [str(command), *map(str, args)],
        input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, cwd=cwd,
        env={**os.environ, **(env or {})}, check=False)
    return Answer(args, done)


def usual_signals():
    """For Popen's preexec_fn, of what a test sends a signal to: whoever started
    us, with nohup or in the background of a shell, may have had some ignored."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def cases(*folders):
    """All cases of some folders of the corpus, sorted."""
    return sorted(path for folder in folders for path in folder.glob("*.case"))


def level(path):
    """"reservation" or "socket", as the first byte of a packed case says."""
    first = portclash("pack", path).out[:1]
    return "socket" if first and first[0] & 1 else "reservation"


def class_of(path):
    """The class of corpus/divergences that a file is."""
    return Path(path).stem


def change_of(path):
    """The changes of rules that a class is."""
    return tuple(sorted(" ".join(re.findall(
        r"^# change: (.*)$", Path(path).read_text(), re.MULTILINE)).split()))


def said(failed):
    """Failures as a reader wants them: a line each, ready to be opened."""
    return "\n".join(f"{f['file']}:{f['line']}: {f['subject']}: expected "
                     f"{f['want']}, got {f['got']}" for f in failed)
