"""The webhooks beside each other: the samples of benches/webhook."""
import json
import os
import pathlib
import subprocess
import sys

import programs
from measured import ROOT, Measured

# Seconds of load for each row of a round.
SECONDS = 2
CONNECTIONS = (1, 64, 512)

ROWS = {}
for delay in (0, 20):
    for tokens in ("hot", "cold", "malformed", "unknown"):
        for connections in CONNECTIONS:
            ROWS[f"TokenReview, STS {delay} ms, {tokens}, {connections} connection{'s' * (connections > 1)}"] = (
                "per_second", "per second", {"delay": delay, "tokens": tokens, "connections": connections})
ROWS["webhook, ready after the start"] = ("ready_ms", "time", {})
ROWS["webhook, memory at rest"] = ("rest_mib", "MiB", {})
ROWS["webhook, memory after hot tokens over 512 connections"] = (
    "rss_mib", "MiB", {"delay": 0, "tokens": "hot", "connections": 512})


def round_of(names, shipped):
    """Measures the rows once. benches/webhook needs root, for a mount namespace."""
    upstream = programs.peer("aws-iam-authenticator")
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not upstream or subprocess.run([*root, "true"], stderr=subprocess.DEVNULL).returncode:
        print("the webhooks need aws-iam-authenticator, and root for a mount namespace", file=sys.stderr)
        return {}
    file = pathlib.Path(programs.BUILT, "inputs", "webhook.json")
    kinds = ["rest"] if all(not ROWS[name][2] for name in names) else [None]
    if all(ROWS[name][2] for name in names):
        kinds = ["table"]
    samples = []
    for only in ("rest", "table") if kinds == [None] else kinds:
        command = [*root, ROOT / "benches" / "webhook", shipped, "--upstream", upstream, "--rounds", "1", "--seconds",
                   str(SECONDS), "--only", only, "--json", file]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        samples += json.loads(file.read_text())
    found = {}
    for name in names:
        key, unit, wanted = ROWS[name]
        values = {sample["target"]: sample[key] for sample in samples
                  if key in sample and wanted.items() <= sample.items()}
        scale = 1e6 if key == "ready_ms" else 1
        found[name] = Measured(values["ours"] * scale, values["upstream"] * scale, unit)
    return found
