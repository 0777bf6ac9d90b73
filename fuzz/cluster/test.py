"""Asks the cluster of `run up`, and prints what a user sees. Exit status 1 if an answer differs."""

import http.client
import itertools
import json
import os
import pathlib
import random
import re
import signal
import ssl
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
DIR = pathlib.Path(os.environ["CLUSTER_DIR"])
EXAMPLES = pathlib.Path(os.environ["EXAMPLES"])
SAMPLE = ROOT / "examples/offline/round_trip/cluster"
os.chdir(DIR)

KUBECTL = ["kubectl", "--kubeconfig", "kubeconfig"]
failures = []


def check(is_right, what):
    if not is_right:
        failures.append(what)
        print(f"DIFFERS: {what}")


def run(command, text=None, **environment):
    started = time.monotonic()
    done = subprocess.run(
        list(map(str, command)), input=text, capture_output=True, text=True, env=os.environ | environment
    )
    return done, time.monotonic() - started


def kubectl(context, *words, text=None):
    return run([*KUBECTL, "--context", context, *words], text)[0]


def root(*words, text=None):
    done = kubectl("root", *words, text=text)
    if done.returncode != 0:
        sys.exit(f"kubectl {' '.join(words)}: {done.stderr}")
    return done.stdout


class Api:
    """A kept connection to kube-apiserver or to the verifier."""

    def __init__(self, url):
        tls = ssl.create_default_context(cafile="pki/ca.crt")
        tls.load_cert_chain("pki/root.crt", "pki/root.key")
        host, port = url.removeprefix("https://").split(":")
        self.connection = http.client.HTTPSConnection(host, int(port), context=tls, timeout=60)

    def post(self, path, document):
        self.connection.request("POST", path, json.dumps(document), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read() or "{}")


# ---- the walk-through ----

def walk_through():
    print("\n## The walk-through\n\n| command | answer |\n|---|---|")
    for context, words, expected in [
        ("developer", "auth whoami -o jsonpath={.status.userInfo.username}", "k8s-developer"),
        ("deployer", "auth whoami -o jsonpath={.status.userInfo.username}", "deployer:carol-example.com"),
        ("developer", "auth can-i list pods -n dev", "yes"),
        ("developer", "auth can-i list secrets -n dev", "no"),
        ("developer", "get pods -n dev", "No resources found in dev namespace."),
        ("developer", "get secrets -n dev", 'Error from server (Forbidden): secrets is forbidden: User "k8s-developer" '
         'cannot list resource "secrets" in API group "" in the namespace "dev"'),
        ("deployer", "auth can-i patch deployments.apps -A", "yes"),
        ("admin", "auth can-i * *", "yes"),
        ("intern", "get pods -n dev", "error: You must be logged in to the server (Unauthorized)"),
    ]:
        done = kubectl(context, *words.split(" "))
        printed = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:] or [""]
        print(f"| `kubectl --context {context} {words}` | `{printed[0]}` |")
        check(printed[0].startswith(expected), f"{context}: {words}: {printed[0]}, not {expected}")


# ---- authorization ----

VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"]
RESOURCES = ["pods", "pods/log", "secrets", "configmaps", "deployments.apps", "deployments.apps/scale", "nodes",
             "roles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io", "serviceaccounts"]
USERS = [("k8s-developer", []), ("deployer:carol", ["deployers"]), ("viewer", []), ("editor", []), ("stranger", []),
         ("system:kube-scheduler", []), ("someone", ["system:masters"]), ("system:serviceaccount:dev:robot", [])]


def extra_objects():
    """Bindings to the aggregated roles, and to the service account."""
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User"}
    def binding(kind, name, role, subject, namespace=None):
        return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
                "metadata": {"name": name} | ({"namespace": namespace} if namespace else {}),
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [subject]}
    items = [
        binding("ClusterRoleBinding", "test-viewer", "view", subject | {"name": "viewer"}),
        binding("RoleBinding", "test-editor", "edit", subject | {"name": "editor"}, "dev"),
        binding("RoleBinding", "test-robot", "admin",
                {"kind": "ServiceAccount", "name": "robot", "namespace": "dev"}, "dev"),
    ]
    root("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def authorizers(*types):
    """Changes the authorizers of the running server, and waits until it has them."""
    whole = (DIR / "authorization.yaml.both").read_text() if (DIR / "authorization.yaml.both").exists() \
        else (DIR / "authorization.yaml").read_text()
    (DIR / "authorization.yaml.both").write_text(whole)
    before, blocks = whole.split("authorizers:\n")
    webhook, rbac = re.split(r"(?m)^(?=- \{type: RBAC)", blocks)
    wanted = before + "authorizers:\n" + "".join({"Webhook": webhook, "RBAC": rbac}[one] for one in types)
    if wanted == (DIR / "authorization.yaml").read_text():
        return
    def reloads():
        metrics = root("get", "--raw", "/metrics")
        found = re.search(r'automatic_reloads_total\{[^}]*status="success"\} (\d+)', metrics)
        return int(found[1]) if found else 0
    count = reloads()
    (DIR / "authorization.yaml.new").write_text(wanted)
    os.replace("authorization.yaml.new", "authorization.yaml")
    for _ in range(300):
        if reloads() > count:
            return
        time.sleep(0.1)
    sys.exit("kube-apiserver did not read authorization.yaml again")


def review(api, path, user, groups, verb, resource, namespace):
    resource, _, subresource = resource.partition("/")
    resource, _, group = resource.partition(".")
    attributes = {"verb": verb, "group": group, "resource": resource, "subresource": subresource}
    if namespace:
        attributes["namespace"] = namespace
    status, answer = api.post(path, {
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": user, "groups": [*groups, "system:authenticated"], "resourceAttributes": attributes}})
    assert status in (200, 201), answer
    return answer["status"].get("allowed", False)


def authorization():
    """The same questions to the server's own RBAC and to our webhook. The server insists on RBAC, so that the webhook
    cannot be its only authorizer, and is asked by itself."""
    api, hook = Api(os.environ["API"]), Api(os.environ["HOOK"])
    questions = [(user, groups, verb, resource, namespace)
                 for (user, groups), verb, resource, namespace
                 in itertools.product(USERS, VERBS, RESOURCES, ["dev", "kube-system", ""])]
    authorizers("RBAC")
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    theirs = [review(api, path, *question) for question in questions]
    ours = [review(hook, "/authorize", *question) for question in questions]
    authorizers("Webhook", "RBAC")
    for question, one, other in zip(questions, theirs, ours):
        check(one == other, f"{question}: RBAC {one}, verifier {other}")
    print(f"\n{len(questions)} SubjectAccessReviews, answered by the server's RBAC and by the verifier: "
          f"{sum(theirs)} allowed, {sum(a != b for a, b in zip(theirs, ours))} different")


# ---- eks-access --live ----

def live():
    """`eks-access can --live` and `kubectl auth can-i`, which the server's own RBAC answers."""
    authorizers("RBAC")
    asked = different = allowed = 0
    generator = random.Random(1)
    took = []
    for (user, groups), verb, namespace in itertools.product(USERS[:6], VERBS[:1] + VERBS[3:5], ["dev", "kube-system"]):
        resources = generator.sample(RESOURCES, 6)
        who = ["--as", user, *itertools.chain(*(["--as-group", group] for group in groups))]
        done, seconds = run([EXAMPLES / "eks-access", "can", *who, verb, *resources, "-n", namespace, "--live",
                             "--kubeconfig", "kubeconfig", "--context", "root", "-o", "json"])
        took.append(seconds)
        if done.returncode not in (0, 1):
            sys.exit(f"eks-access: {done.stderr}")
        answers = json.loads(done.stdout)["answers"]
        for resource, answer in zip(resources, answers):
            can_i = kubectl("root", "auth", "can-i", verb, resource, "-n", namespace, *who).stdout.strip()
            mine = answer["verdict"]
            asked += 1
            allowed += can_i == "yes"
            different += mine != can_i
            check(mine == can_i, f"{user} {verb} {resource} in {namespace}: kubectl {can_i}, eks-access {mine}")
    authorizers("Webhook", "RBAC")
    took.sort()
    print(f"\n{asked} questions to `eks-access can --live` and `kubectl auth can-i`: {allowed} yes, {different} different; "
          f"one reading of the cluster and its answers took {took[len(took) // 2]:.2f} s (median)")


def minted():
    """A context of `aws eks get-token`, whose tokens eks-access mints itself: there is no such program in PATH."""
    config = json.loads(root("config", "view", "--raw", "-o", "json"))
    config["users"].append({"name": "minted", "user": {"exec": {
        "apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws",
        "args": ["--region", "us-west-2", "eks", "get-token", "--cluster-name", "demo", "--output", "json"],
        "env": [{"name": "AWS_PROFILE", "value": "admin"}], "interactiveMode": "Never"}}})
    config["contexts"].append({"name": "minted", "context": {"cluster": "local", "user": "minted"}})
    pathlib.Path("minted-kubeconfig").write_text(json.dumps(config))
    done, _ = run([EXAMPLES / "eks-access", "whoami", "arn:aws:iam::111122223333:user/developer", "--live",
                   "--kubeconfig", "minted-kubeconfig", "--context", "minted"],
                  AWS_SHARED_CREDENTIALS_FILE=str(SAMPLE / "credentials"), AWS_CONFIG_FILE="/dev/null", PATH="/nowhere")
    check("k8s-developer" in done.stdout, f"minted token: {done.stdout}{done.stderr}")
    print(f"\nwith a token of its own minting: {done.stdout.splitlines()[:1]}")
    done, _ = run([EXAMPLES / "eks-access", "can", "--as", "viewer", "list", "pods", "--live", "--kubeconfig",
                   "kubeconfig", "--context", "developer"])
    print(f"without permission to list roles: status {done.returncode}, {done.stderr.strip().splitlines()[0]}")
    check(done.returncode == 2 and done.stdout == "", f"forbidden list: {done.returncode} {done.stdout}")


def custom_resource():
    """An IAMIdentityMapping, as the verifier and eks-access read it: nothing before the kind is installed."""
    group, arn = "iamauthenticator.k8s.aws", "arn:aws:iam::111122223333:user/intern"
    whoami = [EXAMPLES / "eks-access", "whoami", arn, "--live", "--kubeconfig", "kubeconfig", "--context", "root"]
    check_rules = [EXAMPLES / "verifier", "check", "--cluster-id", "demo", "--backend-mode", "CRD", "--kubeconfig",
                   "verifier-kubeconfig"]
    done, _ = run(check_rules)
    check("404" in done.stdout, f"verifier check without the kind: {done.stdout}{done.stderr}")
    done, _ = run(whoami)
    check(done.returncode == 1, f"whoami without the kind: {done.stdout}{done.stderr}")
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    root("apply", "-f", "-", text=json.dumps({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"iamidentitymappings.{group}"},
        "spec": {"group": group, "scope": "Cluster",
                 "names": {"plural": "iamidentitymappings", "kind": "IAMIdentityMapping"},
                 "versions": [{"name": "v1alpha1", "served": True, "storage": True,
                               "schema": {"openAPIV3Schema": schema}}]}}))
    mapping = json.dumps({"apiVersion": f"{group}/v1alpha1", "kind": "IAMIdentityMapping",
                          "metadata": {"name": "intern"},
                          "spec": {"arn": arn, "username": "the-intern", "groups": ["interns"]}})
    took = until(lambda: kubectl("root", "apply", "-f", "-", text=mapping).returncode == 0)
    check(took < 60, "the kind IAMIdentityMapping is not served")
    done, _ = run(check_rules)
    check(done.stdout == "no problems\n", f"verifier check: {done.stdout}{done.stderr}")
    done, _ = run(whoami)
    check("the-intern" in done.stdout, f"whoami: {done.stdout}{done.stderr}")
    print("\nIAMIdentityMapping: read by `verifier check --backend-mode CRD` and `eks-access whoami --live`")
    root("delete", "customresourcedefinition", f"iamidentitymappings.{group}")


# ---- edits ----

def token(profile, *arguments):
    arguments = arguments or ("--cluster-name", "demo")
    if "--region" not in arguments:
        arguments += ("--region", "us-west-2")
    done, _ = run([EXAMPLES / "signer", *arguments, "--profile", profile, "--token-only"], AWS_SHARED_CREDENTIALS_FILE=str(SAMPLE / "credentials"),
                  AWS_CONFIG_FILE="/dev/null", AWS_EC2_METADATA_DISABLED="true")
    return done.stdout.strip()


def until(ask):
    started = time.monotonic()
    while not ask():
        if time.monotonic() - started > 60:
            return float("inf")
        time.sleep(0.01)
    return time.monotonic() - started


def edits():
    """How long an edit takes to reach a verdict of the verifier."""
    hook = Api(os.environ["HOOK"])
    developer = token("developer")

    def username():
        _, answer = hook.post("/authenticate", {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
                                                "spec": {"token": developer}})
        return answer.get("status", {}).get("user", {}).get("username", "")

    def may_list_nodes():
        _, answer = hook.post("/authorize", {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                                             "spec": {"user": "stranger", "resourceAttributes": {
                                                 "verb": "list", "resource": "nodes"}}})
        return answer["status"].get("allowed", False)

    times = {"aws-auth": [], "RBAC": []}
    original = json.loads(root("get", "configmap", "aws-auth", "-n", "kube-system", "-o", "json"))["data"]
    for name in ["edited-1", "edited-2", "edited-3", "k8s-developer"]:
        data = {"mapUsers": original["mapUsers"].replace("k8s-developer", name)}
        root("patch", "configmap", "aws-auth", "-n", "kube-system", "--type", "merge", "-p", json.dumps({"data": data}))
        times["aws-auth"].append(until(lambda: username() == name))
    for _ in range(3):
        root("create", "clusterrolebinding", "test-stranger", "--clusterrole", "system:node", "--user", "stranger")
        times["RBAC"].append(until(may_list_nodes))
        root("delete", "clusterrolebinding", "test-stranger")
        times["RBAC"].append(until(lambda: not may_list_nodes()))
    for what, seconds in times.items():
        print(f"edits of {what} reach the verdict after {', '.join(f'{1000 * one:.0f}' for one in seconds)} ms")
        check(max(seconds) < 2, f"an edit of {what} took {max(seconds)} s")


# ---- faults ----

def pid(name):
    lines = [line.split() for line in pathlib.Path("pids").read_text().splitlines()]
    return int([pid for one, pid in lines if one == name][-1])


def stop(name, how=signal.SIGTERM):
    number = pid(name)
    os.kill(number, how)
    if how != signal.SIGSTOP:
        until(lambda: not alive(number))


def alive(number):
    try:
        return pathlib.Path(f"/proc/{number}/stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


def verifier(*flags, **environment):
    done, _ = run([HERE / "run", "verifier", *flags], **environment)
    check(done.returncode == 0, f"verifier: {done.stderr}")


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
    print(f"| {what} | `{printed}` | {seconds:.1f} s | {last} |", flush=True)
    if expected is not None:
        check(expected in printed, f"{what}: {printed}")


def reviews():
    """The codes of the token reviews in the verifier's log."""
    lines = pathlib.Path("log/verifier.log").read_text().splitlines()
    records = (json.loads(line) for line in lines if line.startswith("{"))
    return [one.get("code") for one in records if one.get("kind") == "TokenReview"]


UNAUTHORIZED = "You must be logged in to the server (Unauthorized)"
WORKS = "No resources found in dev namespace."


SAMPLE_STS = ("--local-credentials", SAMPLE / "credentials")


def mapping():
    """Returns the patch that restores aws-auth, and the command for patches."""
    data = root("get", "configmap", "aws-auth", "-n", "kube-system", "-o", "json")
    patch = ("patch", "configmap", "aws-auth", "-n", "kube-system", "--type", "merge", "-p")
    return json.dumps({"data": json.loads(data)["data"]}), patch


def faults():
    print("\n## What a user sees\n\n| fault | `kubectl get pods -n dev` prints | after | token reviews in the log |\n|---|---|---|---|")
    see("none", expected=WORKS)
    see("the caller has no rule", context="intern", expected=UNAUTHORIZED)
    for what, arguments in [("the token is for another cluster", ["--cluster-name", "other"]),
                            ("the token is of another partition", ["--cluster-name", "demo", "--region", "cn-north-1"])]:
        see(what, token=token("developer", *arguments), expected=UNAUTHORIZED)
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
    verifier(*SAMPLE_STS)


def watch_is_healthy():
    return 'eks_auth_source_healthy{source="EKSConfigMap (kube-system/aws-auth)"} 1' in run(
        ["curl", "--silent", os.environ["PROBES"] + "/metrics"])[0].stdout


def restart():
    """The rows of a restart of kube-apiserver, which interrupts the verifier's watch."""
    good, patch = mapping()
    stop("apiserver")
    until(lambda: not watch_is_healthy())
    run([HERE / "run", "apiserver"])
    seconds = until(watch_is_healthy)
    check(seconds < 60, f"the watch is taken up after {seconds} s")
    see(f"kube-apiserver is restarted; the verifier lists again after {seconds:.0f} s", expected=WORKS)
    root(*patch, json.dumps({"data": {"mapUsers": "[]"}}))
    see("… and the rule is deleted after that", expected=UNAUTHORIZED)
    root(*patch, good)
    see("… and is there again", expected=WORKS)


def manifests():
    print("\n## Manifests\n")
    for path in sorted((ROOT / "examples/online/verifier/deploy").glob("*.yaml")):
        if "apiVersion:" in path.read_text():
            print(root("apply", "--dry-run=server", "-f", path).strip())


def main():
    print(root("version").strip().splitlines()[-1])
    extra_objects()
    until(lambda: "rules: null" not in root("get", "clusterrole", "admin", "-o", "yaml"))
    parts = [walk_through, manifests, authorization, live, minted, custom_resource, edits, faults, sts_faults, restart]
    wanted = sys.argv[1:] or [part.__name__ for part in parts]
    for part in parts:
        if part.__name__ in wanted:
            started = time.monotonic()
            part()
            print(f"({part.__name__}: {time.monotonic() - started:.0f} s)", file=sys.stderr)
    print(f"\n{len(failures)} differences")
    sys.exit(bool(failures))


main()
