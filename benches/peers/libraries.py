"""Our libraries beside those in Go: cargo's benches and Go's benchmarks, on the same inputs. Upstream's lookup of the
ConfigMap backend ends before the templates are filled in, ours with the user."""
import os
import re
import subprocess
import sys

from measured import HERE, ROOT, Measured

# name: (our bench and its ids, whose times are added up; the peer's module and its benchmark)
ROWS = {
    "mint a token": ("presign", ["presign/sign/session-token", "token/encode/awscli"], "authenticator", "Mint"),
    "judge a token and read STS's answer":
        ("accept", ["accept/long-term", "presign/read-identity/user"], "authenticator", "Judge"),
}
for rules in (10, 10_000, 100_000):
    for way in ("hit", "miss"):
        ROWS[f"map by {rules:,} rules, {way}"] = (
            "mapping", [f"map/resolve/{rules}-rules-{way}"], "authenticator", f"Map/{rules}-rules-{way}")
for bindings in (0, 1_000, 10_000, 100_000):
    for groups in (3, 50):
        for way in ("allow", "deny"):
            for users, which in (("users in turn", "rotating"), ("one user", "hot")):
                ROWS[f"RBAC, {bindings:,} bindings, {groups} groups, {users}, {way}"] = (
                    "rbac", [f"rbac/decide/cluster/{bindings}-bindings/{groups}-groups/{way}-{which}"],
                    "kubernetes", f"Decide/{bindings}-bindings/{groups}-groups/{way}-{which}")


def round_of(names):
    """Measures each of the rows once."""
    rows = {name: ROWS[name] for name in names}
    mine = ours([id for _, ids, _, _ in rows.values() for id in ids])
    theirs = {}
    for module in sorted({module for _, _, module, _ in rows.values()}):
        benchmarks = [benchmark for _, _, of, benchmark in rows.values() if of == module]
        theirs[module] = peers(module, benchmarks, GOMAXPROCS="1")
    return {name: Measured(sum(mine[id] for id in ids), theirs[module][benchmark])
            for name, (_, ids, module, benchmark) in rows.items()}


def ours(ids):
    """Runs the benches of these ids and returns their times in nanoseconds."""
    benches = {"presign": "presign", "token": "token", "accept": "accept", "map": "mapping", "rbac": "rbac"}
    wanted = {}
    for name in ids:
        wanted.setdefault(benches[name.split("/")[0]], []).append(name)
    times = {}
    for bench, names in wanted.items():
        pattern = "^(" + "|".join(map(re.escape, names)) + ")$"
        command = ["cargo", "bench", "--quiet", "--locked", "--bench", bench, "--", "--noplot", pattern]
        output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        # An id of more than a line's width stands on a line of its own.
        for name, middle, unit in re.findall(r"^(\S+)\s+time:\s+\[\S+ \S+ (\S+) (\S+) \S+ \S+\]", output, re.M):
            times[name] = float(middle) * {"ps": 1e-3, "ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}[unit]
    missing = [name for name in ids if name not in times]
    if missing:
        sys.exit(f"no bench {', '.join(missing)}")
    return times


def peers(module, names, **variables):
    """Runs the benchmarks of a module and returns their times in nanoseconds."""
    tops = sorted({name.split("/")[0] for name in names})
    command = ["go", "test", "-run", "^$", "-bench", "^Benchmark(" + "|".join(tops) + ")$", "-benchtime", "300ms",
               "-timeout", "30m", "."]
    environment = os.environ | {"GOFLAGS": "-mod=mod"} | variables
    result = subprocess.run(command, cwd=HERE / module, env=environment, capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stdout + result.stderr)
    found = re.findall(r"^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(\S+) ns/op", result.stdout, re.M)
    return {name: float(time) for name, time in found}
