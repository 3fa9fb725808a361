"""What the checks share: which files are ours, their text without comments, and how a check ends.

Every check is called as `check [ROOT]` and prints one line per finding, "file:line: what".
"""

import os
import re
import sys

# Lowest first: a folder may use itself and what stands before it.
FOLDERS = ["base", "messaging", "identity", "provisioning", "gateway"]
SKIPPED = {"build", "data", "node_modules", ".git", "__pycache__", "corpus"}

TOKEN = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' """, re.S | re.X)


def root():
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        return sys.argv[1]
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files(top, suffixes, folders=None):
    """Paths below `top`, sorted, relative to it; only in `folders` when given."""
    found = []
    for folder in [""] if folders is None else folders:
        for path, below, names in os.walk(os.path.join(top, folder)):
            below[:] = [name for name in below if name not in SKIPPED]
            for name in names:
                full = os.path.join(path, name)
                if name.endswith(suffixes) and not os.path.islink(full):
                    found.append(os.path.relpath(full, top))
    return sorted(set(found))


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8") as file:
        return file.read()


def without(text, comments=True, strings=True):
    """The text with comments and the insides of literals blanked; lines keep their numbers."""

    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token) if comments else token
        return token[0] + " " * (len(token) - 2) + token[-1] if strings else token

    return TOKEN.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def finish(findings):
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)
