"""Whole programs beside each other: their start, a dump of a cluster, and who may do something."""
import functools
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import dump
import libraries
import who_can
from measured import ROOT, Measured

BUILT = ROOT / "target" / "peers"
# The programs of the peers: their Go module, or awscli's package, at the version that is compared.
AUTHENTICATOR = "sigs.k8s.io/aws-iam-authenticator@v0.7.18", "./cmd/aws-iam-authenticator"
WHO_CAN = "github.com/aquasecurity/kubectl-who-can@v0.4.0", "./cmd/kubectl-who-can"
RBAC_TOOL = "github.com/alcideio/rbac-tool@v1.20.0", "."
AWSCLI = "awscli==1.46.3"
PEERS = {"aws-iam-authenticator": AUTHENTICATOR, "kubectl-who-can": WHO_CAN, "rbac-tool": RBAC_TOOL, "aws": AWSCLI}
# Runs of a program that takes milliseconds, in each round.
STARTS = 10

ROWS = {}
for peer in ("aws-iam-authenticator token", "aws eks get-token"):
    for quantity in ("wall", "CPU", "memory"):
        ROWS[f"a token beside `{peer}`, {quantity}"] = peer
ROWS["read a dump of 30 MB beside client-go's decoder"] = "dump"
for peer in ("kubectl-who-can", "rbac-tool"):
    ROWS[f"who can, {who_can.BINDINGS:,} bindings, beside `{peer}`"] = peer


def ours(directory):
    """Returns the directories of our programs, which are built as they are shipped unless one is given."""
    if directory:
        return directory.resolve(), directory.resolve()
    cargo = ["cargo", "build", "--quiet", "--locked", "--manifest-path", ROOT / "Cargo.toml"]
    # By package: without it, Cargo builds with the features that any package of the workspace asks for.
    for profile, package, examples in (
        ("dist", "online-examples", ("verifier", "measure")),
        ("dist", "offline-examples", ("eks-access",)),
        ("small", "online-examples", ("signer",)),
    ):
        chosen = [word for example in examples for word in ("--example", example)]
        subprocess.run([*cargo, "--profile", profile, "--package", package, *chosen], check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "dist" / "examples", target / "small" / "examples"


@functools.cache
def peer(name):
    """Builds the program of a peer, or finds it on the PATH if it cannot be had; None if there is none."""
    try:
        return str(built(name))
    except subprocess.CalledProcessError as why:
        found = shutil.which(name)
        reasons = [line.strip() for line in (why.stdout + why.stderr).splitlines() if "rror" in line] or ["no reason given"]
        print(f"{name} cannot be had: {reasons[0][:300]}\nin its place: {found or 'none is on the PATH'}", file=sys.stderr)
        return found


def built(name):
    """Builds the program of a peer, unless it was built before, and returns its path."""
    built = BUILT / "bin" / name
    if built.exists():
        return built
    built.parent.mkdir(parents=True, exist_ok=True)
    run = dict(check=True, capture_output=True, text=True)
    if name == "aws":
        subprocess.run([sys.executable, "-m", "venv", BUILT / "awscli"], **run)
        subprocess.run([BUILT / "awscli" / "bin" / "pip", "install", "--quiet", AWSCLI], **run)
        built.symlink_to(BUILT / "awscli" / "bin" / "aws")
        return built
    module, package = PEERS[name]
    found = subprocess.run(["go", "mod", "download", "-json", module], cwd=BUILT, **run)
    # It may have replacements, which only its own module can have.
    environment = os.environ | {"GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    directory = json.loads(found.stdout)["Dir"]
    subprocess.run(["go", "build", "-C", directory, "-o", built, package], env=environment, **run)
    return built


class Programs:
    """The programs and inputs, prepared for the rounds."""

    def __init__(self, directory, given):
        self.shipped, self.signer = ours(directory)
        self.given = given
        self.directory = BUILT / "inputs"
        self.directory.mkdir(parents=True, exist_ok=True)

    def round_of(self, names):
        wanted = {ROWS[name] for name in names}
        found = {}
        tokens = [peer for peer in wanted if "token" in peer]
        if tokens:
            found |= self.tokens(tokens)
        if "dump" in wanted:
            found |= self.dump()
        found |= self.who_can([peer for peer in wanted if peer in ("kubectl-who-can", "rbac-tool")])
        return {name: measured for name, measured in found.items() if name in names}

    def tokens(self, peers):
        environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "AWS_REGION": "us-west-2",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        arguments = {"aws-iam-authenticator token": ["token", "-i", "demo"],
                     "aws eks get-token": ["eks", "get-token", "--cluster-name", "demo"]}
        mine = spent([self.signer / "signer", "-i", "demo"], environment, STARTS, is_token)
        found = {}
        for name in peers:
            program = peer(name.split()[0])
            if program:
                theirs = spent([program, *arguments[name]], environment, STARTS, is_token)
                for quantity, a, b in zip(("wall", "CPU", "memory"), mine, theirs):
                    unit = "MiB" if quantity == "memory" else "time"
                    found[f"a token beside `{name}`, {quantity}"] = Measured(a, b, unit)
        return found

    def dump(self):
        file = self.given or dump.written(self.directory / "dump.yaml")
        command = [self.shipped / "eks-access", "can", "--as", "user-0", "list", "secrets", "-f", file]
        mine = spent(command, dict(os.environ), 1, is_answer)[0]
        return {"read a dump of 30 MB beside client-go's decoder":
                Measured(mine, libraries.peers("kubernetes", ["Read"], DUMP=str(file))["Read"])}

    def who_can(self, peers):
        programs = {name: program for name in peers if (program := peer(name))}
        if not programs:
            return {}
        times = who_can.times(self.shipped / "eks-access", programs, self.directory)
        return {f"who can, {who_can.BINDINGS:,} bindings, beside `{name}`": Measured(times["eks-access"], times[name])
                for name in programs}


def is_token(status, output):
    return status == 0 and "k8s-aws-v1." in output


def is_answer(status, output):
    """Whether `eks-access can` answered. It exits with 1 if the answer is no."""
    return (status, output.split(":")[0]) in ((0, "yes"), (1, "no"))


def spent(command, environment, times, is_right):
    """Runs a program and returns its wall and CPU time in nanoseconds and its peak memory in MiB. `is_right` says of the exit
    status and the output of a run whether the program did what is measured."""
    runs = []
    for _ in range(times):
        with tempfile.TemporaryFile("w+") as out:
            begin = time.monotonic()
            process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            demand(command, process.returncode, out.read(), is_right)
        runs.append((wall * 1e9, (usage.ru_utime + usage.ru_stime) * 1e9))
    # A child begins with the peak of the process that it was forked from, which is that of Python here.
    timed = subprocess.run(["time", "--format", "%M", "--quiet", *command], env=environment, text=True, capture_output=True)
    demand(command, timed.returncode, timed.stdout, is_right)
    memory = int(timed.stderr.splitlines()[-1]) / 1024
    return [*(statistics.median(column) for column in zip(*runs)), memory]


def demand(command, status, output, is_right):
    if not is_right(status, output):
        sys.exit(f"{' '.join(map(str, command))} ended with {status} and printed {output[:500]!r}")
