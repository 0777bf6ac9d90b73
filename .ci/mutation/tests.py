"""The tests of a library, and which of them notices a change."""

import concurrent.futures
import os
import re
import resource
import subprocess
import tempfile
import time

# Seconds of a try beyond three times what its tests take without a change.
PATIENCE = 20
# Bytes of address space of a try: a change may ask for memory without end.
MEMORY = 16 << 30
# Seconds of the tests of a first go, which catch most changes.
QUICK = 0.5


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.setsid()


def ended(command, directory, more, patience):
    """The exit status of a program, or None if it takes too long, and what it wrote."""
    environment = os.environ | more | {"CARGO_MANIFEST_DIR": str(directory), "RUST_BACKTRACE": "0"}
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, cwd=directory, env=environment, preexec_fn=limited,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)
        try:
            status = process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            try:
                os.killpg(process.pid, 9)
            except ProcessLookupError:
                pass
            process.wait()
        out.seek(0)
        return status, out.read(1 << 20).decode(errors="replace")


class Test:
    def __init__(self, program, directory, name):
        self.program, self.directory, self.name = program, directory, name
        self.seconds, self.reached = 0.0, set()

    def measure(self, note):
        note.unlink(missing_ok=True)
        begun = time.monotonic()
        status, _ = ended([self.program, "--exact", self.name], self.directory, {"CHANGES_REACHED": str(note)}, 600)
        self.seconds = time.monotonic() - begun
        self.reached = {int(line) for line in note.read_text().split()} if note.exists() else set()
        return status == 0


def tests_of(programs, without, directory, jobs):
    found = []
    for program, place in programs:
        names = subprocess.run([program, "--list", "--format=terse"], cwd=place, capture_output=True, text=True).stdout
        found += [Test(program, place, line[: -len(": test")]) for line in names.splitlines() if line.endswith(": test")]
    found = [test for test in found if not any(text in test.name for text in without)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        passed = list(pool.map(lambda pair: pair[1].measure(directory / f"reached-{pair[0]}"), enumerate(found)))
    for test, good in zip(found, passed):
        if not good:
            print(f"left out, since it fails without a change: {test.name}", flush=True)
    return [test for test, good in zip(found, passed) if good]


def parts(tests):
    """Divides the tests, the quickest first, so that each part takes about as long as all before it."""
    part, before = [], QUICK
    for test in sorted(tests, key=lambda test: test.seconds):
        part.append(test)
        seconds = sum(test.seconds for test in part)
        if seconds >= before:
            yield part
            part, before = [], before + seconds
    if part:
        yield part


def tried(tests, number, first):
    """What became of the change with this number, 0 if it is made without a choice. `first` are tests that caught other
    changes of the same function, which will often catch this one; the test that catches it is added."""
    for part in (*([test] for test in first[-1:]), *parts(tests)):
        for program in sorted({(test.program, test.directory) for test in part}):
            chosen = [test for test in part if (test.program, test.directory) == program]
            patience = PATIENCE + 3 * sum(test.seconds for test in chosen)
            command = [program[0], "--exact", *(test.name for test in chosen)]
            status, text = ended(command, program[1], {"CHOSEN_CHANGE": str(number)}, patience)
            if status != 0:
                failed = set(re.findall(r"^test (\S+).* \.\.\. FAILED$", text, re.M))
                first.extend([test for test in chosen if test.name in failed][:1])
                return "too slow" if status is None else "caught"
    return "missed" if tests else "not reached"
