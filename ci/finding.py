# SPDX-License-Identifier: Apache-2.0
"""One thing that was found, made small: which signature it belongs to, and what
is told of it. ci/triage says what signatures are."""
import json
import os
import re
import shlex
import subprocess
import tempfile

from heard import visible

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PORTCLASH = os.path.join(ROOT, "build", "portclash")
AGREED, FOUND, USAGE, CANNOT, NOTHING = 0, 1, 2, 3, 5
# A connect that nobody answers takes its time.
TIMEOUT = 120
# "bind b 10.0.0.1:7000 = EADDRINUSE portman=ok": all that are named
ANSWERS = re.compile(r"\s=\s+\S+((?:\s+[^\s=]\S*=\S+)+)\s*$")
CRASH_NAME = re.compile(r"(fuzz_[a-z]+)-crash-\d+\.bin")
# Targets whose inputs are programs
PROGRAMS = ("fuzz_ports", "fuzz_kernel", "fuzz_sockets", "fuzz_spec")


class Stop(Exception):
    """It cannot go on with this one: an exit code and a sentence"""


def run(*command, **more):
    """Run a command to its end; its code, stdout and stderr, as text"""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=TIMEOUT, check=False, **more)
    except subprocess.TimeoutExpired:
        return None, "", f"no answer in {TIMEOUT} s"
    return done.returncode, done.stdout, done.stderr


def ask(path, *args):
    """What portclash says of a file, which is what an error is about"""
    code, out, err = run(PORTCLASH, *args)
    if code in (AGREED, FOUND, NOTHING):
        return code, out, err
    err = err.strip().split("\n")[-1].removeprefix("portclash: ")
    if code in (USAGE, CANNOT):
        raise Stop(code, err if path in err else f"{path}: {err}")
    raise Stop(CANNOT, f"{path}: portclash {args[0]} ended with {code}: {err}")


def ops_of(text):
    """The lines of a case that are ops"""
    return [line for line in text.splitlines()
            if line.strip() and not line.lstrip().startswith("#")]


def case_of(sentence, lines):
    """The text of a case with these ops"""
    return "\n".join([f"# {visible(sentence)}", "", *lines, ""])


def bytes_of(path):
    """What a file holds"""
    with open(path, "rb") as file:
        return file.read()


def line_of(text):
    """Where it differs: the last op that names who answered what, or the last"""
    lines = text.splitlines()
    ops = [n for n, line in enumerate(lines, 1) if ops_of(line)]
    named = [n for n in ops if ANSWERS.search(lines[n - 1])]
    return (named or ops or [1])[-1]


def named(path, text):
    """The two subjects that a case names; one alone is beside Linux"""
    match = ANSWERS.search(text.splitlines()[line_of(text) - 1]) if text else None
    names = [word.split("=")[0] for word in match[1].split()] if match else []
    names += ["linux"] if len(names) == 1 else []
    if len(names) != 2:
        raise Stop(USAGE, f"{path}: it names no two subjects; say -s A -s B")
    return names


def models(names):
    """Who of two is right, its model, and the other"""
    for kind, model in (("linux", "spec"), ("spec", "spec"),
                        ("portman", "portman"), ("", "spec")):
        for n, name in enumerate(names):
            if re.fullmatch(rf"{kind}([-@].*)?" if kind else ".*", name):
                return model, names[1 - n]
    return None


class Finding:
    """One thing that was found: what it is called, and what is told of it"""
    known = False
    text = c = None
    # As the command line has it, with {} for the file
    repeat = ""

    def __init__(self, data):
        self.data = data

    def key(self):
        """Of two that are the same the smaller stands for both"""
        return smallness(self.text.encode() if self.text else self.data)


def smallness(data):
    """Few ops first, then few bytes"""
    return len(ops_of(data.decode(errors="replace"))), len(data), data


class Divergence(Finding):
    """Two subjects that differ on a case"""

    def __init__(self, path, subjects, folder):
        with open(path, errors="replace") as file:
            text = file.read()
        # A file of a stranger's name must not be an option.
        path = f"./{path}" if path.startswith("-") else path
        # Only what is a case names subjects: a name has no ':' of a command.
        ask(path, "pack", "--output", os.devnull, path)
        subjects = subjects or named(path, text)
        pair = [word for name in subjects for word in ("-s", name)]
        code, small, _ = ask(path, "minimize", *pair, path)
        repeats = code == AGREED
        case = os.path.join(folder, "smallest.case")
        lines = [visible(line, "\t")
                 for line in ops_of(small if repeats else text)]
        write(case, case_of("Waits for its sentence.", lines))
        _, out, err = ask(path, "diff", "--json", "--quiet", "--jobs", "1",
                          *pair, case)
        said = json.loads(out)
        if said["skipped"]:
            raise Stop(CANNOT, f"{path}: " + "; ".join(
                f"{s['subject']}: {s['reason']}" for s in said["skipped"]))
        names = said["subjects"]
        self.known = repeats and not said["unknown"] and bool(said["classes"])
        if self.known:
            self.signature = "+".join(sorted(said["classes"]))
        elif repeats:
            self.signature = "-".join(self.rule(case, names, lines))
        else:
            self.signature = f"not_repeated-{names[0]}-{names[1]}"
        sentence = (f"{names[0]} and {names[1]} differ: {self.signature}."
                    if repeats else f"{names[0]} and {names[1]} agree now.")
        self.text = case_of(sentence, lines)
        write(case, self.text)
        data = os.path.join(folder, "smallest.bin")
        ask(path, "pack", "--output", data, case)
        super().__init__(bytes_of(data))
        code, out, _ = run(PORTCLASH, "emit", "--c", case)
        self.c = out if code == AGREED else None
        self.said = err.split("\n\n")[0].split("\n", 1)[-1] if repeats else (
            sentence + "\n" + "\n".join(lines))
        self.repeat = shlex.join(["build/portclash", "diff", *pair])

    @staticmethod
    def rule(case, names, lines):
        """By what rule one is right, who else answers, and what"""
        model, other = models(names)
        _, out, _ = run(PORTCLASH, "run", "-s", model, case)
        said = [line for line in out.splitlines() if line]
        line = said[line_of("\n".join(lines)) - 1] if said else ""
        rule = re.search(r"#\s+([a-z]\w*)", line)
        # What the case does not say of somebody is what it says of all.
        last = lines[line_of("\n".join(lines)) - 1]
        answer = [word[len(other) + 1:] for word in last.split()
                  if word.startswith(f"{other}=")] or [
                  last.split(" = ")[-1].split()[0] if " = " in last else "ok"]
        return rule[1] if rule else "no_rule", other, answer[0].split(":")[0]


class Crash(Finding):
    """An input on which a target ends, hangs, or says that it is wrong"""

    def __init__(self, path, target, folder):
        super().__init__(bytes_of(path))
        self.target, self.folder = target, folder
        self.binary = next((name for name in (
            os.path.join(ROOT, "build", kind, target)
            for kind in ("afl", "replay")) if os.access(name, os.X_OK)), None)
        if not self.binary:
            raise Stop(CANNOT, f"{path}: no build/afl/{target}: run make fuzz")
        self.signature, self.said = self.tell(self.data)
        if self.signature is None:
            self.signature = f"not_repeated-{target}"
            self.said = f"{target} does not end on it now.\n{self.before(path)}"
        self.repeat = shlex.join([os.path.relpath(self.binary, ROOT)])

    @staticmethod
    def before(path):
        """What was said when it was found"""
        try:
            with open(path[:-len("bin")] + "txt", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def tell(self, data):
        """What it is called, if it fails, and what the target says"""
        path = os.path.join(self.folder, "smallest.bin")
        write(path, data)
        code, _, said = run(self.binary, path, env={
            **os.environ, "ASAN_OPTIONS": "abort_on_error=1",
            "PORTCLASH_CORPUS": os.path.join(ROOT, "corpus")})
        said = said.replace(path, "smallest.bin")
        if code == AGREED:
            return None, said
        if code in (USAGE, CANNOT):
            raise Stop(code, f"{self.target}: {said.strip()}")
        return f"{self.target}-{'hang' if code is None else what(said)}", said

    def shrink(self, told=()):
        """Take one op after the other away for which it still is the same"""
        if self.target not in PROGRAMS:
            return self
        lines = ops_of(self.said.partition("\nfuzz: while running\n\n")[2])
        lines = lines or list(told)
        data = self.pack(lines) if lines else None
        if data is None or self.tell(data)[0] != self.signature:
            return self
        # What it has told it has made small itself; fewer ops may do the same
        # by another of the programs that an input stands for.
        for n in reversed(range(len(lines) if lines != list(told) else 0)):
            fewer = self.pack(lines[:n] + lines[n + 1:])
            if fewer and self.tell(fewer)[0] == self.signature:
                del lines[n]
        self.data = self.pack(lines)
        self.said = self.tell(self.data)[1]
        self.text = case_of(f"{self.signature}.", lines)
        return self

    def pack(self, lines):
        """As bytes, or None if there is no such program"""
        case = os.path.join(self.folder, "smallest.case")
        data = os.path.join(self.folder, "smallest.bin")
        write(case, case_of("A crash.", lines))
        if run(PORTCLASH, "pack", "--output", data, case)[0]:
            return None
        return bytes_of(data)


def what(said):
    """What a crash says of itself: what was asserted, or what the sanitizer
    calls it and where, or which op had which answers, or the target's own word"""
    for pattern in (
            r"(\w+\.[ch]):\d+: \w+: (ASSERTION FAILED: .*)",
            r"(\w+\.[ch]):\d+\S* (runtime error: .*)",
            r"SUMMARY: \w+Sanitizer: (\S+)(?: \S*?\w+\.[ch]\S*)? in (\w+)",
            r"^(\w+)\b.* = \S+((?: [\w@.-]+=\S+)+)$",
            r"^fuzz_\w+: (.*)()$"):
        found = re.search(pattern, said, re.MULTILINE)
        if found:
            return re.sub(r"\d+", "N", re.sub(r"\W+", "_", "-".join(
                filter(None, found.groups())))).strip("_")
    return "ends_without_a_word"


def crash_or_case(path, folder):
    """A crash; if its target has told two answers, it is a case"""
    crash = Crash(path, CRASH_NAME.fullmatch(os.path.basename(path))[1], folder)
    lines = []
    for line in crash.said.splitlines():
        lines = lines + [line] if line.strip() else []
        if ANSWERS.search(line):
            case = os.path.join(folder, "told.case")
            write(case, case_of("Told.", lines))
            found = Divergence(case, None, folder)
            if not found.signature.startswith("not_repeated"):
                return found
            # What the command cannot show is the target's alone.
            return crash.shrink(lines)
    return crash.shrink()


def write(path, data):
    """Whole, or as it was before"""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    new = f"{path}.new"
    with open(new, "wb") as file:
        file.write(data if isinstance(data, bytes) else
                   data.encode(errors="backslashreplace"))
    os.replace(new, path)


def take(path, subjects):
    """What a file is, made small"""
    if not os.access(PORTCLASH, os.X_OK):
        raise Stop(CANNOT, "no build/portclash: run make")
    with tempfile.TemporaryDirectory() as folder:
        if CRASH_NAME.fullmatch(os.path.basename(path)):
            return crash_or_case(path, folder)
        return Divergence(path, subjects, folder)
