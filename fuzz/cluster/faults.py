"""What a user sees when a part is broken."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

from cluster import (DIR, HERE, KUBECTL, SAMPLE, SAMPLE_STS, authorizers, check, kubectl, pid, root, run, say, stop, token,
                     token_of_clock, until, verifier)


def see(what, context="developer", words=("get", "pods", "-n", "dev"), token=None, expected=None):
    """One row: what kubectl prints, after how long, and what the verifier logged."""
    time.sleep(1.5)  # Longer than kube-apiserver keeps a verdict here.
    before = reviews()
    flags = ["--context", context] if token is None else \
        ["--server", os.environ["API"], "--certificate-authority", "pki/ca.crt", "--token", token]
    command = [*KUBECTL, *flags, *words] if token is None else ["kubectl", "--kubeconfig", "/dev/null", *flags, *words]
    done, seconds = run(command)
    printed = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1]
    codes = reviews()[len(before):]
    last = f"{len(codes)} × `{codes[-1]}`" if codes else "none"
    say(f"| {what} | `{printed}` | {seconds:.1f} s | {last} |")
    if expected is not None:
        check(expected in printed, f"{what}: {printed}")


def reviews():
    """The codes of the token reviews in the verifier's log."""
    lines = pathlib.Path("log/verifier.log").read_text().splitlines()
    records = (json.loads(line) for line in lines if line.startswith("{"))
    return [one.get("code") for one in records if one.get("kind") == "TokenReview"]


UNAUTHORIZED = "You must be logged in to the server (Unauthorized)"
WORKS = "No resources found in dev namespace."


def mapping():
    """Returns the patch that restores aws-auth, and the command for patches."""
    data = root("get", "configmap", "aws-auth", "-n", "kube-system", "-o", "json")
    patch = ("patch", "configmap", "aws-auth", "-n", "kube-system", "--type", "merge", "-p")
    return json.dumps({"data": json.loads(data)["data"]}), patch


def faults():
    say("\n## What a user sees\n\n| fault | `kubectl get pods -n dev` prints | after | token reviews in the log |\n|---|---|---|---|")
    see("none", expected=WORKS)
    see("the caller has no rule", context="intern", expected=UNAUTHORIZED)
    for what, arguments in [("the token is for another cluster", ["--cluster-name", "other"]),
                            ("the token is of another partition", ["--cluster-name", "demo", "--region", "cn-north-1"])]:
        see(what, token=token("developer", *arguments), expected=UNAUTHORIZED)
    for what, seconds, expected in [("the caller's clock is 10 minutes behind", -600, WORKS),
                                    ("the caller's clock is 20 minutes behind", -1_200, UNAUTHORIZED),
                                    ("the caller's clock is 10 minutes ahead", 600, UNAUTHORIZED)]:
        see(what, token=token_of_clock("developer", seconds), expected=expected)
    see("the token is garbage", token="k8s-aws-v1.garbage", expected=UNAUTHORIZED)
    see("the user may not do it", words=("get", "secrets", "-n", "dev"), expected="Forbidden")

    good, patch = mapping()
    root(*patch, json.dumps({"data": {"mapUsers": "- userarn: ["}}))
    see("aws-auth is broken: the last good version stays", expected=WORKS)
    root("delete", "configmap", "aws-auth", "-n", "kube-system")
    see("aws-auth is deleted: the last good version stays", expected=WORKS)
    stop("verifier")
    verifier(*SAMPLE_STS)
    see("… and the verifier is restarted: the state directory has it", expected=WORKS)
    root("create", "-f", SAMPLE / "aws-auth.yaml")
    root(*patch, json.dumps({"data": {"mapUsers": "[]"}}))
    see("the rule of the caller is deleted", expected=UNAUTHORIZED)
    root(*patch, good)
    see("… and is there again", expected=WORKS)

    stop("verifier")
    see("the verifier is stopped", expected=UNAUTHORIZED)
    kubectl("root", "create", "serviceaccount", "robot", "-n", "dev")
    robot = root("create", "token", "robot", "-n", "dev").strip()
    see("… and a service account asks: RBAC decides", token=robot, expected=WORKS)
    verifier(*SAMPLE_STS)
    see("… and started again", expected=WORKS)
    stop("verifier", signal.SIGKILL)
    see("the verifier is killed", expected=UNAUTHORIZED)
    verifier(*SAMPLE_STS)
    see("… and started again", expected=WORKS)
    # The webhook's client gives up after 30 seconds.
    stop("verifier", signal.SIGSTOP)
    see("the verifier is frozen", expected=UNAUTHORIZED)
    os.kill(pid("verifier"), signal.SIGCONT)
    see("… and runs again", expected=WORKS)


def sts_faults():
    """The rows of faults of STS."""
    pathlib.Path("sts-mode").write_text("ok")
    proxy = subprocess.Popen([sys.executable, HERE / "sts.py", "26400", SAMPLE / "credentials", "pki/sts.crt",
                              "pki/sts.key"])
    with open("pids", "a") as pids:
        pids.write(f"sts {proxy.pid}\n")
    stop("verifier")
    verifier("--sts-proxy", "http://127.0.0.1:26400", "--cache", "false", SSL_CERT_FILE=str(DIR / "pki/ca.crt"))
    see("none, with an STS", expected=WORKS)
    for mode, what, expected in [
        ("slow 2", "STS answers after 2 s", WORKS),
        ("slow 15", "STS answers after 15 s", UNAUTHORIZED),
        ("throttle", "STS throttles", UNAUTHORIZED),
        ("error", "STS answers 500", UNAUTHORIZED),
        ("reset", "STS closes each connection", UNAUTHORIZED),
        ("refuse", "STS refuses the signature", UNAUTHORIZED),
        ("redirect", "STS redirects", UNAUTHORIZED),
        ("html", "a captive portal answers for STS", UNAUTHORIZED),
        ("huge", "the answer of STS has 100 MB", UNAUTHORIZED),
        ("truncated", "the answer of STS is truncated", UNAUTHORIZED),
        ("other-account", "STS names two accounts", UNAUTHORIZED),
    ]:
        pathlib.Path("sts-mode").write_text(mode)
        see(what, expected=expected)
    proxy.kill()
    proxy.wait()
    see("STS cannot be reached", expected=UNAUTHORIZED)
    stop("verifier")
    # Directly, and by a name that no name server knows.
    verifier("--sts-proxy", "none", "--cache", "false")
    see("the name of STS cannot be resolved", token=token("developer", "--cluster-name", "demo", "--region", "us-nowhere-1"),
        expected=UNAUTHORIZED)
    stop("verifier")
    verifier(*SAMPLE_STS)


def watch_is_healthy():
    return 'eks_auth_source_healthy{source="EKSConfigMap (kube-system/aws-auth)"} 1' in run(
        ["curl", "--silent", os.environ["PROBES"] + "/metrics"])[0].stdout


def etcd(path, document):
    """Asks etcd by its gateway of JSON."""
    request = urllib.request.Request(f"http://127.0.0.1:26379/v3/kv/{path}", json.dumps(document).encode())
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return json.load(direct.open(request))


def restart():
    """The rows of an API server that is gone for a minute, and whose history is compacted meanwhile, so that no watch can
    be continued."""
    good, patch = mapping()
    stop("apiserver")
    until(lambda: not watch_is_healthy())
    time.sleep(60)
    revision = etcd("range", {"key": "AA=="})["header"]["revision"]
    etcd("compaction", {"revision": revision, "physical": True})
    run([HERE / "run", "apiserver"])
    seconds = until(watch_is_healthy)
    check(seconds < 60, f"the watch is taken up after {seconds} s")
    see(f"kube-apiserver was gone for a minute, and its history is compacted; the verifier lists again after {seconds:.0f} s",
        expected=WORKS)
    root(*patch, json.dumps({"data": {"mapUsers": "[]"}}))
    see("… and the rule is deleted after that", expected=UNAUTHORIZED)
    root(*patch, good)
    see("… and is there again", expected=WORKS)


def webhook_faults():
    """The verifier as authorization webhook: a service account, whose token it is not asked about."""
    kubectl("root", "create", "serviceaccount", "robot", "-n", "dev")
    robot = root("create", "token", "robot", "-n", "dev").strip()
    say("\n## As authorization webhook\n\nThe verifier comes before RBAC, with a timeout of 3 s; a service account asks.\n\n"
        "| `failurePolicy` | fault | `kubectl get pods -n dev` prints | after |\n|---|---|---|---|")
    for policy, expected in [("NoOpinion", WORKS), ("Deny", "InternalError")]:
        authorizers("Webhook", "RBAC", policy=policy)
        ask(policy, "none", robot, WORKS)
        stop("verifier", signal.SIGSTOP)
        ask(policy, "the verifier is frozen", robot, expected)
        os.kill(pid("verifier"), signal.SIGCONT)
        stop("verifier")
        ask(policy, "the verifier is stopped", robot, expected)
        verifier(*SAMPLE_STS)
    authorizers("Webhook", "RBAC")
    say("\nWith `Deny`, nothing works without the verifier but what `system:masters` asks, and what a match condition leaves "
        "to RBAC. The Node authorizer is not enabled here; where it is, it answers for `system:nodes` before RBAC, and this "
        "repository says so in its explanations.")


def ask(policy, fault, robot, expected):
    time.sleep(1.5)
    done, seconds = run(["kubectl", "--kubeconfig", "/dev/null", "--server", os.environ["API"],
                         "--certificate-authority", "pki/ca.crt", "--token", robot, "get", "pods", "-n", "dev"])
    printed = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1]
    say(f"| `{policy}` | {fault} | `{printed}` | {seconds:.1f} s |")
    check(expected in printed, f"{policy}, {fault}: {printed}")
