"""Builds the tests with all changes, and takes out those that do not compile."""

import json
import os
import re
import subprocess
import sys

from changes import CHOICE, FEATURES, written

# What the tests of a package build before they start it, which would take too long within a test.
STARTED = {"program": ["cargo", "build", "--examples"]}


def compiled(packages, tree):
    """The programs of the tests with the directory of their package, and the errors of the compiler."""
    programs, errors = set(), []
    for package in packages:
        features = FEATURES.get(package, ["--all-features"]) if package == packages[0] else []
        tests = ["cargo", "test", "--no-run", "--tests", "--package", package, *features]
        for command in filter(None, (tests, STARTED.get(package))):
            ended = subprocess.run([*command, "--message-format=json"], cwd=tree, capture_output=True, text=True)
            for message in map(json.loads, ended.stdout.splitlines()):
                if message["reason"] == "compiler-artifact" and message["profile"]["test"] and message["executable"]:
                    programs.add((message["executable"], os.path.dirname(message["manifest_path"])))
                elif message["reason"] == "compiler-message" and message["message"]["level"] == "error":
                    errors.append(message["message"])
            if ended.returncode:
                # The linker and build scripts have no messages of the compiler.
                return programs, errors or [{"rendered": ended.stderr[-4000:], "message": "", "spans": []}]
    return programs, errors


def built(packages, sources, changes, tree):
    """Builds the tests with all changes that compile, and returns their programs. The first file is the library's root."""
    functions = [function for source in sources for function in source.functions]
    for number, function in enumerate(functions):
        function.number = number
    sources[0].more = "\n" + CHOICE.replace("COUNT", str(len(functions)))
    for attempt in range(1, 100):
        lines = {str(source.path): written(source, tree) for source in sources}
        programs, errors = compiled(packages, tree)
        if not errors:
            return programs
        if not take_out(errors, lines, changes, functions):
            sys.exit("".join(error["rendered"] for error in errors[:3]) + f"{packages[0]} does not build, and no change is to blame")
        left = sum(change["state"] == "ready" for change in changes)
        print(f"build {attempt}: {left} changes are left", flush=True)


def take_out(errors, lines, changes, functions):
    """Takes out the changes that the errors are about, and returns whether there were any."""
    ready = {change["number"]: change for change in changes if change["state"] == "ready"}
    blamed = set()
    for span in (span for error in errors for span in error["spans"] if span["is_primary"]):
        blamed.add(lines.get(span["file_name"], [0] * span["line_start"])[span["line_start"] - 1])
    blamed &= ready.keys()
    for number in blamed:
        ready[number]["state"] = "does not compile"
    if blamed:
        return True
    # A function that is called where a constant is wanted, or one that cannot be a choice.
    for error in errors:
        names = set(re.findall(r"`(?:[^`]*::)?(\w+)(?:::<[^`]*>)?`", error["message"])) if "const" in error["message"] else set()
        for function in functions:
            here = any(covers(function, lines, span) for span in error["spans"])
            if here or (function.const_at and function.name in names):
                for change in function.changes:
                    blamed.add(change["number"])
                    change["state"] = "alone"
    return bool(blamed & ready.keys())


def covers(function, lines, span):
    """Whether the error is in the choice of this function."""
    numbers = {change["number"] for change in function.changes if change["state"] == "ready"}
    places = [place for place, number in enumerate(lines.get(span["file_name"], [])) if number in numbers]
    if str(function.source.path) != span["file_name"]:
        return False
    # The unchanged body follows the changed ones.
    height = function.source.text[function.body:function.end].count("\n") + 2
    return bool(places) and places[0] - 1 <= span["line_start"] - 1 <= places[-1] + height
