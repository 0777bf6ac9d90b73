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


def see(what, expected, code, context="developer", words=("get", "pods", "-n", "dev"), token=None):
    """One row: what kubectl prints, after how long, and what the verifier logged. kubectl prints the same for each login
    that fails, so the code in the log is what shows the reason: `code`, once or more, or `none` if the verifier is not to
    be asked."""
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
    check(expected in printed, f"{what}: {printed}")
    check(set(codes or ["none"]) == {code}, f"{what}: the log has {codes}, not {code}")


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
    see("none", WORKS, "ok")
    see("the caller has no rule", UNAUTHORIZED, "not-mapped", context="intern")
    see("the token is for another cluster", UNAUTHORIZED, "signature-mismatch",
        token=token("developer", "--cluster-name", "other"))
    see("the token is of another partition", UNAUTHORIZED, "host-partition",
        token=token("developer", "--cluster-name", "demo", "--region", "cn-north-1"))
    for what, seconds, expected, code in [("the caller's clock is 10 minutes behind", -600, WORKS, "ok"),
                                          ("the caller's clock is 20 minutes behind", -1_200, UNAUTHORIZED, "expired"),
                                          ("the caller's clock is 10 minutes ahead", 600, UNAUTHORIZED, "not-yet-valid")]:
        see(what, expected, code, token=token_of_clock("developer", seconds))
    see("the token is garbage", UNAUTHORIZED, "base64-trailing-bits", token="k8s-aws-v1.garbage")
    see("the user may not do it", "Forbidden", "ok", words=("get", "secrets", "-n", "dev"))

    good, patch = mapping()
    root(*patch, json.dumps({"data": {"mapUsers": "- userarn: ["}}))
    see("aws-auth is broken: the last good version stays", WORKS, "ok")
    root("delete", "configmap", "aws-auth", "-n", "kube-system")
    see("aws-auth is deleted: the last good version stays", WORKS, "ok")
    stop("verifier")
    verifier(*SAMPLE_STS)
    see("… and the verifier is restarted: the state directory has it", WORKS, "ok")
    root("create", "-f", SAMPLE / "aws-auth.yaml")
    root(*patch, json.dumps({"data": {"mapUsers": "[]"}}))
    see("the rule of the caller is deleted", UNAUTHORIZED, "not-mapped")
    root(*patch, good)
    see("… and is there again", WORKS, "ok")

    stop("verifier")
    see("the verifier is stopped", UNAUTHORIZED, "none")
    kubectl("root", "create", "serviceaccount", "robot", "-n", "dev")
    robot = root("create", "token", "robot", "-n", "dev").strip()
    see("… and a service account asks: RBAC decides", WORKS, "none", token=robot)
    verifier(*SAMPLE_STS)
    see("… and started again", WORKS, "ok")
    stop("verifier", signal.SIGKILL)
    see("the verifier is killed", UNAUTHORIZED, "none")
    verifier(*SAMPLE_STS)
    see("… and started again", WORKS, "ok")
    # The webhook's client gives up after 30 seconds.
    stop("verifier", signal.SIGSTOP)
    see("the verifier is frozen", UNAUTHORIZED, "none")
    os.kill(pid("verifier"), signal.SIGCONT)
    see("… and runs again", WORKS, "ok")


def sts_faults():
    """The rows of faults of STS."""
    pathlib.Path("sts-mode").write_text("ok")
    proxy = subprocess.Popen([sys.executable, HERE / "sts.py", "26400", SAMPLE / "credentials", "pki/sts.crt",
                              "pki/sts.key"])
    with open("pids", "a") as pids:
        pids.write(f"sts {proxy.pid}\n")
    try:
        stop("verifier")
        verifier("--sts-proxy", "http://127.0.0.1:26400", "--cache", "false", SSL_CERT_FILE=str(DIR / "pki/ca.crt"))
        see("none, with an STS", WORKS, "ok")
        for mode, what, expected, code in [
            ("slow 2", "STS answers after 2 s", WORKS, "ok"),
            ("slow 15", "STS answers after 15 s", UNAUTHORIZED, "sts-timeout"),
            ("throttle", "STS throttles", UNAUTHORIZED, "throttled"),
            ("error", "STS answers 500", UNAUTHORIZED, "sts-error"),
            ("reset", "STS closes each connection", UNAUTHORIZED, "sts-interrupted"),
            ("refuse", "STS refuses the signature", UNAUTHORIZED, "signature-mismatch"),
            ("redirect", "STS redirects", UNAUTHORIZED, "redirected"),
            ("html", "a captive portal answers for STS", UNAUTHORIZED, "malformed-response"),
            ("huge", "the answer of STS has 100 MB", UNAUTHORIZED, "response-too-long"),
            ("truncated", "the answer of STS is truncated", UNAUTHORIZED, "sts-interrupted"),
            ("other-account", "STS names two accounts", UNAUTHORIZED, "inconsistent-response"),
        ]:
            pathlib.Path("sts-mode").write_text(mode)
            see(what, expected, code)
    finally:
        # A stub that is left would keep the test's output open.
        proxy.kill()
        proxy.wait()
    see("STS cannot be reached", UNAUTHORIZED, "sts-unreachable")
    stop("verifier")
    # Directly, and by a name that no name server knows.
    verifier("--sts-proxy", "none", "--cache", "false")
    see("the name of STS cannot be resolved", UNAUTHORIZED, "sts-unreachable",
        token=token("developer", "--cluster-name", "demo", "--region", "us-nowhere-1"))
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
    until("the verifier notices that its watch is broken", lambda: not watch_is_healthy())
    time.sleep(60)
    revision = etcd("range", {"key": "AA=="})["header"]["revision"]
    etcd("compaction", {"revision": revision, "physical": True})
    done, _ = run([HERE / "run", "apiserver"])
    check(done.returncode == 0, f"kube-apiserver: {done.stderr}")
    seconds = until("the watch is taken up", watch_is_healthy)
    see(f"kube-apiserver was gone for a minute, and its history is compacted; the verifier lists again after {seconds:.0f} s",
        WORKS, "ok")
    root(*patch, json.dumps({"data": {"mapUsers": "[]"}}))
    see("… and the rule is deleted after that", UNAUTHORIZED, "not-mapped")
    root(*patch, good)
    see("… and is there again", WORKS, "ok")


def webhook_faults():
    """The verifier as authorization webhook: a service account, whose token it is not asked about."""
    kubectl("root", "create", "serviceaccount", "robot", "-n", "dev")
    robot = root("create", "token", "robot", "-n", "dev").strip()
    say("\n## As authorization webhook\n\nThe verifier comes before RBAC, with a timeout of 3 s; a service account asks.\n\n"
        "| `failurePolicy` | fault | `kubectl get pods -n dev` prints | after |\n|---|---|---|---|")
    for policy, expected in [("NoOpinion", WORKS), ("Deny", "InternalError")]:
        authorizers("Webhook", "RBAC", policy=policy)
        see_robot(policy, "none", robot, WORKS)
        stop("verifier", signal.SIGSTOP)
        see_robot(policy, "the verifier is frozen", robot, expected)
        os.kill(pid("verifier"), signal.SIGCONT)
        stop("verifier")
        see_robot(policy, "the verifier is stopped", robot, expected)
        verifier(*SAMPLE_STS)
    authorizers("Webhook", "RBAC")
    say("\nWith `Deny`, nothing works without the verifier but what `system:masters` asks, and what a match condition leaves "
        "to RBAC. The Node authorizer is not enabled here; where it is, it answers for `system:nodes` before RBAC, and this "
        "repository says so in its explanations.")


def see_robot(policy, fault, robot, expected):
    """One row: what kubectl prints with the token of a service account, and after how long."""
    time.sleep(1.5)
    done, seconds = run(["kubectl", "--kubeconfig", "/dev/null", "--server", os.environ["API"],
                         "--certificate-authority", "pki/ca.crt", "--token", robot, "get", "pods", "-n", "dev"])
    printed = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1]
    say(f"| `{policy}` | {fault} | `{printed}` | {seconds:.1f} s |")
    check(expected in printed, f"{policy}, {fault}: {printed}")
