# SPDX-License-Identifier: Apache-2.0
"""ci/triage: one folder for each thing that is wrong, told so that machines
show it at its line, and nothing that was found is a command to anybody."""

import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as xml

import pytest

from portcheck import AGREED, CANNOT, COMMAND, DIVERGENCES, FOUND, ROOT, USAGE
from portcheck import portclash

pytestmark = pytest.mark.pure
RULE = "tcp_conflict_listener"
PLANTED = ("-s", f"mystack=pipe:{COMMAND} serve -s spec~{RULE}", "-s", "spec")
SIGNATURE = f"{RULE}-mystack-ok"
# Longer than it need be, and the op that differs is on line 12.
LONG = """# Two sockets, and a third that has nothing to do with it.

socket c udp4
socket a tcp4
set    a reuseaddr
bind   a 0.0.0.0:7000
listen a
socket b tcp4
bind   c 10.0.0.1:7000

set    b reuseaddr
bind   b 127.0.0.1:7000   = EADDRINUSE mystack=ok spec=EADDRINUSE
"""
HOSTILE = "a\n::error::b%0A|<b>`\033[31m,:*@you\u202e.case"


def triage(*args, script=ROOT / "ci" / "triage", env=None, **more):
    """Run it as on nobody's CI."""
    clean = {key: value for key, value in os.environ.items()
             if not key.startswith("GITHUB_")}
    return subprocess.run(
        ["/usr/bin/python3", script, *map(str, args)], capture_output=True,
        text=True, check=False, timeout=120, env={**clean, **(env or {})},
        **more)


def tree(folder):
    """What is in it, by path."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


def located(sarif):
    """The signature, the file and the line of each result; its structure is
    that of SARIF 2.1.0."""
    told = json.loads(sarif.read_text())
    assert told["version"] == "2.1.0" and "sarif-2.1.0" in told["$schema"]
    [run] = told["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert run["tool"]["driver"]["name"] and len(set(rules)) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "note")
        assert result["message"]["text"]
        [location] = result["locations"]
        place = location["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9/_.~+@=%-]+", uri) and uri[0] != "/"
        yield result["ruleId"], uri, place["region"]["startLine"]


def failures(junit):
    """Each test of a JUnit file, and the text of its failure."""
    suite = xml.parse(junit).getroot()
    cases = suite.findall("testcase")
    assert suite.tag == "testsuite" and int(suite.get("tests")) == len(cases)
    failed = {case.get("name"): case.findtext("failure") for case in cases}
    assert int(suite.get("failures")) == sum(
        text is not None for text in failed.values())
    return failed


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """What random programs found of the planted bug."""
    folder = tmp_path_factory.mktemp("kept")
    found = portclash("random", "--quiet", *PLANTED, "--count", 8000,
                      "--keep", folder)
    assert found.code == FOUND and list(folder.iterdir()), found
    return folder


def test_a_planted_bug(kept, tmp_path):
    """One folder, and the same line for everybody."""
    out, sarif, junit, summary = (tmp_path / name for name in (
        "out", "a.sarif", "b.xml", "c.md"))
    done = triage(*PLANTED, "--output", out, "--sarif", sarif, "--junit", junit,
                  kept, env={"GITHUB_ACTIONS": "true",
                             "GITHUB_STEP_SUMMARY": str(summary)})
    assert done.returncode == FOUND and not done.stderr, done
    assert [path.name for path in out.iterdir()] == [SIGNATURE]
    folder = out / SIGNATURE
    case = folder / "smallest.case"
    lines = case.read_text().splitlines()
    [line] = [n for n, text in enumerate(lines, 1) if "mystack=ok" in text]
    assert list(located(sarif)) == [
        (SIGNATURE, f"{SIGNATURE}/smallest.case", line)]
    report = (folder / "report.txt").read_text()
    assert failures(junit) == {SIGNATURE: report}
    [told] = [text for text in done.stdout.splitlines()
              if text.startswith("::")]
    assert told.startswith(f"::error file={case},line={line},title={SIGNATURE}")
    assert told.count("::") == 2 + report.count("::")
    assert f"<code>{SIGNATURE}</code>".replace("_", "&#95;").replace(
        "-", "&#45;") in summary.read_text()
    # The command that is told says the same, of all three forms.
    assert f"diff {PLANTED[0]} '{PLANTED[1]}' -s spec {case}\n" in report
    for form in ("smallest.case", "smallest.bin"):
        assert portclash("diff", "--quiet", *PLANTED,
                         folder / form).code == FOUND
    assert b"int main" in (folder / "smallest.c").read_bytes()


def test_twice_is_once(kept, tmp_path):
    """The same tree; what is new comes to it, and the smaller is shown."""
    first = tmp_path / "long.case"
    first.write_text(LONG)
    small = min(kept.glob("*.case"))
    both = [tmp_path / "a", tmp_path / "b"]
    for args in (first, small), (small, first):
        out = both.pop(0)
        for path in args:
            before = tree(out) if out.exists() else {}
            done = triage(*PLANTED, "--output", out, path)
            assert done.returncode == FOUND, done
            found = {name for name in before if "/found/" in name}
            assert found <= set(tree(out))
        again = tree(out)
        assert triage(*PLANTED, "--output", out, *args).returncode == FOUND
        assert tree(out) == again
    assert {name: data for name, data in tree(tmp_path / "a").items()
            if not name.endswith("report.txt")} == {
            name: data for name, data in tree(tmp_path / "b").items()
            if not name.endswith("report.txt")}
    assert "udp4" not in (out / SIGNATURE / "smallest.case").read_text()


def test_known_and_gone(tmp_path):
    """A known class is no failure, and what does not repeat is one."""
    known = DIVERGENCES / "address-does-not-set-v6only.case"
    junit, sarif = tmp_path / "j", tmp_path / "s"
    out = tmp_path / "out"
    args = ("-s", "portman", "-s", "spec", "--output", out, "--junit", junit,
            "--sarif", sarif)
    done = triage(*args, known)
    assert done.returncode == AGREED and "known" in done.stdout, done
    assert failures(junit) == {known.stem: None}
    gone = tmp_path / "gone.case"
    gone.write_text("# A socket.\n\nsocket a tcp4\n")
    done = triage(*args, known, gone)
    assert done.returncode == FOUND, done
    assert failures(junit)["not_repeated-portman-spec"]
    assert [line for _, _, line in located(sarif)] == [3, 5]


def test_hostile_names(tmp_path):
    """A file, a folder and what a case says are words to all who read them."""
    folder = tmp_path / HOSTILE[:-5]
    folder.mkdir()
    (folder / HOSTILE).write_text(LONG)
    (folder / "-s.case").write_text(LONG)
    junit, sarif, summary = (folder / name for name in ("j", "s", "m"))
    done = triage(*PLANTED, "--github", "--output", folder / "out", "--junit",
                  junit, "--sarif", sarif, HOSTILE, ".",
                  cwd=folder, env={"GITHUB_STEP_SUMMARY": str(summary)})
    assert done.returncode == FOUND and not done.stderr, done
    said = done.stdout.splitlines()
    assert sum(line.lstrip().startswith("::") for line in said) == 1
    assert "\033" not in done.stdout + summary.read_text()
    [place] = list(located(sarif))
    assert place[2] == 9 and len(failures(junit)) == 1
    table = [line for line in summary.read_text().splitlines()
             if line.startswith("| <")]
    assert [line.count("|") for line in table] == [5]
    assert "<b>" not in summary.read_text()
    assert (folder / "out" / SIGNATURE / "smallest.case").exists()


@pytest.mark.parametrize("name", (
    "pipe:touch${IFS}made", "pipe:./agent", "../../made", "-h", "spec:x=y", "a b"))
def test_a_name_in_a_case_is_no_command(name, tmp_path):
    """portclash takes it for no name, or opens it as a subject of that name."""
    (tmp_path / "agent").write_text("#!/bin/sh\ntouch made\n")
    (tmp_path / "agent").chmod(0o755)
    case = tmp_path / "a.case"
    case.write_text(f"# A.\n\nsocket a tcp4 = ok {name}=EINVAL\n")
    done = triage("--output", tmp_path / "out", case, cwd=tmp_path)
    assert done.returncode == USAGE and done.stderr.count("\n") == 1, done
    assert not list(tmp_path.rglob("*made*"))


@pytest.mark.parametrize("args, code", (
    ((), USAGE), (("nosuch",), USAGE), (("--nosuch",), USAGE),
    (("-s", "spec", "a.case"), USAGE), (("wrong.case",), USAGE),
    (("fuzz_nosuch-crash-0.bin",), CANNOT), (("empty",), AGREED),
    (("--help",), AGREED), (("-s", "nosuch", "-s", "spec", "a.case"), USAGE),
    (("--sarif", "a.case/x", "empty"), CANNOT)))
def test_exit_codes(args, code, tmp_path):
    """One line that says why, but where all is well."""
    (tmp_path / "a.case").write_text(LONG)
    (tmp_path / "wrong.case").write_text("# Wrong.\n\nsockets a\033\n")
    (tmp_path / "fuzz_nosuch-crash-0.bin").write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    done = triage("--output", "out", *args, cwd=tmp_path)
    assert done.returncode == code, done
    assert done.stderr.count("\n") == (code != AGREED), done
    assert "\033" not in done.stderr


def test_the_rest_is_sorted_where_one_is_wrong(tmp_path):
    """It is told, and costs nobody else his place."""
    (tmp_path / "0.case").write_text("# Wrong.\n\nsockets a\n")
    (tmp_path / "1.case").write_text(LONG)
    done = triage(*PLANTED, "--output", tmp_path / "out", tmp_path)
    assert done.returncode == USAGE and "0.case:3" in done.stderr, done
    assert (tmp_path / "out" / SIGNATURE).is_dir()


def test_lost_output(tmp_path):
    """What nobody hears is no success, and what cannot be written neither."""
    (tmp_path / "a.case").write_text(LONG)
    for path in (tmp_path, tmp_path / "a.case"):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run(
                [ROOT / "ci" / "triage", *PLANTED, "--output", tmp_path / "out",
                 path], stdout=full, stderr=subprocess.PIPE, check=False)
        assert done.returncode == CANNOT and done.stderr.count(b"\n") == 1, done
    done = triage(*PLANTED, "--output", tmp_path / "a.case", tmp_path / "a.case")
    assert done.returncode == CANNOT and done.stderr.count("\n") == 1, done


# A target that ends on two sockets, and says so; it tells the program
TARGET = r"""#!/bin/sh
text=$("$PORTCLASH" unpack "$1") || exit 0
case $text in
*socket*socket*) ;;
*) exit 0 ;;
esac
case $MODE in
told) printf '\nfuzz_spec: they differ\n\n%s\n\n' "$TOLD" >&2 ;;
asan) echo "SUMMARY: AddressSanitizer: heap-use-after-free src/a.c:7:3 in f" >&2 ;;
*) echo "x.c:12: main: ASSERTION FAILED: a == '\$(x)::y'" >&2 ;;
esac
printf '\nfuzz: while running\n\n%s\n' "$text" >&2
exit 134
"""


def with_target(tree, name, text):
    """A copy of what triage needs, and a target that is this script"""
    (tree / "ci").mkdir()
    for script in ("triage", "finding.py", "heard.py", "tell.py"):
        shutil.copy(ROOT / "ci" / script, tree / "ci")
    (tree / "build" / "afl").mkdir(parents=True)
    (tree / "build" / "portclash").symlink_to(COMMAND)
    (tree / "corpus").symlink_to(ROOT / "corpus")
    target = tree / "build" / "afl" / name
    target.write_text(text)
    target.chmod(0o755)


@pytest.mark.parametrize("mode, signature, line", (
    ("asan", "fuzz_spec-heap_use_after_free_f", 4),
    ("assert", "fuzz_spec-x_c_ASSERTION_FAILED_a_x_y", 4),
    ("told", f"{RULE}-portman-ok", 9)))
def test_a_crash(mode, signature, line, tmp_path):
    """Its folder is called as what it says; its program is made small."""
    told = LONG.replace("mystack", "portman")
    with_target(tmp_path, "fuzz_spec", TARGET)
    campaign = tmp_path / "run"
    (campaign / "new").mkdir(parents=True)
    (campaign / "summary.json").write_text("{}")
    (campaign / "summary.case").write_text("this is not looked at")
    (tmp_path / "long.case").write_text(told)
    crash = campaign / "new" / "fuzz_spec-crash-0.bin"
    assert portclash("pack", "--output", crash,
                     tmp_path / "long.case").code == AGREED
    sarif = tmp_path / "sarif"
    env = {"MODE": mode, "PORTCLASH": str(COMMAND),
           "TOLD": "\n".join(filter(None, told.splitlines()[1:]))}
    args = ("--output", tmp_path / "build" / "out", "--sarif", sarif, campaign)
    script = tmp_path / "ci" / "triage"
    done = triage(*args, script=script, env=env)
    if mode == "told":      # known by now
        assert done.returncode == AGREED and "listener-admits" in done.stdout
        return
    assert done.returncode == FOUND and not done.stderr, done
    folder = tmp_path / "build" / "out" / signature
    assert list(located(sarif)) == [
        (signature, f"build/out/{signature}/smallest.case", line)]
    assert len((folder / "smallest.case").read_text().splitlines()) == 4
    again = tree(folder.parent)
    assert triage(*args, script=script, env=env).returncode == FOUND
    assert tree(folder.parent) == again
    # Where it ends no longer, that is told, and what there was stays.
    done = triage(*args, script=script, env={**env, "PORTCLASH": "/bin/false"})
    assert done.returncode == FOUND and "not_repeated" in done.stdout, done
    assert again.items() <= tree(folder.parent).items()


ALONE = """#!/bin/sh
cat >&2 <<END

fuzz_ports: the port manager and the flat list differ

reserve 4 tcp *:80
available 4 tcp *:80   = ok:0 portman=ok:1 portlist=ok:0
END
exit 134
"""


def test_what_the_target_alone_shows(tmp_path):
    """Its own two answers name it, and the line of these is where it is."""
    with_target(tmp_path, "fuzz_ports", ALONE)
    crash = tmp_path / "fuzz_ports-crash-0.bin"
    crash.write_bytes(bytes(13))
    sarif = tmp_path / "sarif"
    done = triage("--output", tmp_path / "build" / "out", "--sarif", sarif,
                  crash, script=tmp_path / "ci" / "triage",
                  env={"PORTCLASH": str(COMMAND)})
    assert done.returncode == FOUND and not done.stderr, done
    signature = "fuzz_ports-available_portman_ok_N_portlist_ok_N"
    assert list(located(sarif)) == [
        (signature, f"build/out/{signature}/smallest.case", 4)]


FAKES = {
    "ci/campaign": """#!/bin/sh
while [ "$1" != --output ]; do shift; done
mkdir -p $2/new $2/fuzz_text/ci/queue
touch $2/fuzz_text/ci/queue/new
echo '{"afl": {"fuzz_text": {"seeds": '$READ'}}}' >$2/summary.json
exit $CODE
""",
    "bin/afl-showmap": """#!/bin/sh
case "$*" in *queue/fuzz_text.new*) n=$AFTER ;; *) n=20 ;; esac
echo "A coverage of $n edges were achieved out of 99"
""",
    "bin/afl-cmin": """#!/bin/sh
while [ "$1" != -o ]; do shift; done
mkdir $2 && touch $2/new
exit ${CMIN:-0}
"""}


def fake_fuzz(tmp_path, **env):
    """ci/fuzz --save in a tree in which all that takes time is a script"""
    for name, text in FAKES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    for name in ("fuzz", "triage", "finding.py", "heard.py", "tell.py"):
        shutil.copy(ROOT / "ci" / name, tmp_path / "ci")
    for name in ("corpus/fuzz/fuzz_text/a", "corpus/fuzz/fuzz_text/b",
                 "build/queue/fuzz_text/old"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("seed")
    env = {"MAKE": "true", "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", **env}
    return subprocess.run([tmp_path / "ci" / "fuzz", "--save"], check=False,
                          capture_output=True, text=True, timeout=60,
                          env={**os.environ, **env, "GITHUB_ACTIONS": "1",
                               "GITHUB_STEP_SUMMARY": f"{tmp_path}/summary"})


@pytest.mark.parametrize("campaign, read, after, code, kept", (
    (0, 2, 30, AGREED, "new"), (0, 2, 20, AGREED, "new"),
    (0, 1, 30, FOUND, "new"), (0, 2, 19, FOUND, "old"),
    (FOUND, 2, 30, FOUND, "new"), (5, 1, 19, 5, "old"), (3, 2, 30, 3, "new")))
def test_the_verdict_of_ci_fuzz(campaign, read, after, code, kept, tmp_path):
    """Its code is the campaign's, and a queue that was not read, or has become
    worse, is no success."""
    done = fake_fuzz(tmp_path, CODE=str(campaign), READ=str(read),
                     AFTER=str(after))
    assert done.returncode == code, done
    assert os.listdir(tmp_path / "build/queue/fuzz_text") == [kept]
    verdict = (tmp_path / "build/fuzz/verdict.txt").read_text()
    assert verdict in done.stdout and verdict in (tmp_path / "summary").read_text()
    assert f"2 seeds, {read} read" in verdict and f"and {after} after" in verdict
    assert ("::error title=fuzzing::" in done.stdout) == (code != AGREED)
    assert os.listdir(tmp_path / "build/queue") == ["fuzz_text"]


def test_ci_fuzz_keeps_the_queue_if_cmin_fails(tmp_path):
    """Nothing is lost, and it is no success. What an earlier run has counted
    is not taken for a count of this one."""
    done = fake_fuzz(tmp_path, CODE="0", READ="2", AFTER="30", CMIN="1")
    assert done.returncode == CANNOT and "afl-cmin FAILED" in done.stdout, done
    assert os.listdir(tmp_path / "build/queue/fuzz_text") == ["old"]
    assert os.listdir(tmp_path / "build/queue") == ["fuzz_text"]
    (tmp_path / "build/fuzz/run/summary.json").unlink()
    (tmp_path / "ci/campaign").write_text("#!/bin/sh\nexit 3\n")
    done = subprocess.run([tmp_path / "ci" / "fuzz"], check=False, timeout=60,
                          capture_output=True, text=True,
                          env={**os.environ, "MAKE": "true"})
    assert done.returncode == CANNOT and "seeds" not in done.stdout, done


def test_ci_fuzz_that_does_not_build(tmp_path):
    """Then nothing is fuzzed."""
    done = subprocess.run(
        [ROOT / "ci" / "fuzz", "--output", tmp_path / "out"], check=False,
        capture_output=True, text=True, env={**os.environ, "MAKE": "false"})
    assert done.returncode == CANNOT and "not build" in done.stderr, done
