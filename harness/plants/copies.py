# SPDX-License-Identifier: Apache-2.0
"""Copies of the sources, each with one bug planted in it."""
import glob
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "ci"))

from heard import heard  # noqa, for all plants


def make(tree, goals):
    """Build some goals there; what a compiler thinks of a plant is no news."""
    subprocess.run(["make", "-s", "WARN=", *goals], cwd=tree, check=True,
                   stdout=subprocess.DEVNULL)


def edited(tree, name, path, before, after):
    """A source of the tree, and its text with one edit"""
    found = glob.glob(os.path.join(tree, "src", "**", path), recursive=True)
    text = ""
    if len(found) == 1:
        with open(found[0], encoding="utf-8") as file:
            text = file.read()
    if text.count(before) != 1:
        sys.exit(f"plants: {name}: {path} has changed; mend the plant")
    return found[0], text.replace(before, after)


class Copies:
    """Copies below one folder of build/, which is removed first.

    What all are made from is copied once, so that nobody edits it meanwhile,
    with its times, so that only what an edit touches is built anew.
    """

    def __init__(self, name, parts, goals):
        self.work = os.path.join(ROOT, "build", name)
        self.base = os.path.join(self.work, "base")
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(os.path.join(self.base, "build"))
        for part in ("src", "harness", "Makefile", *parts):
            if part.startswith("build/") and not os.path.exists(
                    os.path.join(ROOT, part)):
                continue
            subprocess.run(["cp", "-a", os.path.join(ROOT, part),
                            os.path.join(self.base, part)], check=True)
        make(self.base, goals)

    def plant(self, name, path, before, after, goals):
        """One with one edit, or none, and what is built of it"""
        tree = os.path.join(self.work, name)
        subprocess.run(["cp", "-a", self.base, tree], check=True)
        if path:
            source, text = edited(tree, name, path, before, after)
            with open(source, "w", encoding="utf-8") as file:
                file.write(text)
        make(tree, goals)
        return tree

    def remove(self):
        """All of them"""
        shutil.rmtree(self.work)
