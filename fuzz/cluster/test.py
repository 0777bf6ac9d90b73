"""Asks the cluster of `run up`, and writes what a user sees. Exit status 1 if an answer differs."""

import configparser
import datetime
import json
import os
import pathlib
import sys
import time

from cluster import (EXAMPLES, HERE, ROOT, SAMPLE, SAMPLE_STS, Api, check, failures, kubectl, page, root, run, say, server_version, stop,
                     token, until, verifier)
from authorization import authorization, live
from faults import faults, restart, sts_faults, webhook_faults

# ---- the walk-through ----

def walk_through():
    say("\n## The walk-through\n\n| command | answer |\n|---|---|")
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
        say(f"| `kubectl --context {context} {words}` | `{printed[0]}` |")
        check(printed[0].startswith(expected), f"{context}: {words}: {printed[0]}, not {expected}")


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
    say("\n## `eks-access --live`\n\nWith a context of `aws eks get-token` and no such program, it mints its own token: "
        f"`{done.stdout.splitlines()[0]}`.")
    done, _ = run([EXAMPLES / "eks-access", "can", "--as", "viewer", "list", "pods", "--live", "--kubeconfig",
                   "kubeconfig", "--context", "developer"])
    say(f"\nWithout permission to list roles, its status is {done.returncode}: `{done.stderr.strip().splitlines()[0]}`.")
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
    until("the kind IAMIdentityMapping is served",
          lambda: kubectl("root", "apply", "-f", "-", text=mapping).returncode == 0)
    done, _ = run(check_rules)
    check(done.stdout == "no problems\n", f"verifier check: {done.stdout}{done.stderr}")
    done, _ = run(whoami)
    check("the-intern" in done.stdout, f"whoami: {done.stdout}{done.stderr}")
    say("\nAn `IAMIdentityMapping` is read by `verifier check --backend-mode CRD` and by `eks-access whoami --live`. Before the kind "
        "is installed, the former reports a fault, and the latter has one source of rules less.")
    root("delete", "customresourcedefinition", f"iamidentitymappings.{group}")


# ---- edits ----

def write_entry(path, name):
    """Replaces a file with the access entry of the developer."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"accessEntry": {
        "principalArn": "arn:aws:iam::111122223333:user/developer", "username": name, "kubernetesGroups": [],
        "type": "STANDARD"}}))
    os.replace(new, path)


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

    times = {"aws-auth": [], "RBAC": [], "access entries": []}
    original = json.loads(root("get", "configmap", "aws-auth", "-n", "kube-system", "-o", "json"))["data"]
    for name in ["edited-1", "edited-2", "edited-3", "k8s-developer"]:
        data = {"mapUsers": original["mapUsers"].replace("k8s-developer", name)}
        root("patch", "configmap", "aws-auth", "-n", "kube-system", "--type", "merge", "-p", json.dumps({"data": data}))
        times["aws-auth"].append(until(f"aws-auth with {name}", lambda: username() == name))
    for _ in range(3):
        root("create", "clusterrolebinding", "test-stranger", "--clusterrole", "system:node", "--user", "stranger")
        times["RBAC"].append(until("a new binding", may_list_nodes))
        root("delete", "clusterrolebinding", "test-stranger")
        times["RBAC"].append(until("a deleted binding", lambda: not may_list_nodes()))
    stop("verifier")
    entries = pathlib.Path("entries.json")
    write_entry(entries, "entry-0")
    verifier(*SAMPLE_STS, "--access-entries", entries)
    hook.connection.close()
    for number in [1, 2, 3]:
        write_entry(entries, f"entry-{number}")
        times["access entries"].append(until(f"entry {number}", lambda: username() == f"entry-{number}"))
    stop("verifier")
    verifier(*SAMPLE_STS)
    say("\n## Edits\n\n| edit of | reaches a verdict of the verifier after |\n|---|---|")
    for what, seconds in times.items():
        say(f"| {what} | {', '.join(f'{1000 * one:.0f}' for one in seconds)} ms |")
        check(max(seconds) < 2, f"an edit of {what} took {max(seconds)} s")


def token_source():
    """A `kube` client whose tokens are minted in its own process."""
    say("\n## A `kube` client with the token source\n\n| caller | `list_namespaces` prints |\n|---|---|")
    for profile, expected in [("admin", '"kind":"NamespaceList"'), ("developer", "is forbidden"), ("intern", "Unauthorized")]:
        done, _ = run([EXAMPLES / "list_namespaces", "us-west-2", "demo", os.environ["API"], "pki/ca.crt"],
                      **keys_of(profile))
        printed = (done.stdout + done.stderr).strip()
        check(expected in printed, f"list_namespaces as {profile}: {printed[:500]}")
        start = printed if len(printed) < 160 else printed[:120] + "…"
        say(f"| {profile} | `{start}` |")


def keys_of(profile):
    profiles = configparser.ConfigParser()
    profiles.read(SAMPLE / "credentials")
    names = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"]
    return {name.upper(): profiles[profile][name] for name in names if name in profiles[profile]}


def manifests():
    say("\n## Manifests\n\n`kubectl apply --dry-run=server` of each file of `examples/online/verifier/deploy`:\n\n```text")
    for path in sorted((ROOT / "examples/online/verifier/deploy").glob("*.yaml")):
        if "apiVersion:" in path.read_text():
            say(root("apply", "--dry-run=server", "-f", path).strip())
    say("```")


def main():
    version, started = server_version(), time.monotonic()
    extra_objects()
    until("the role admin is aggregated", lambda: "rules: null" not in root("get", "clusterrole", "admin", "-o", "yaml"))
    parts = [walk_through, token_source, manifests, authorization, live, minted, custom_resource, edits, faults, sts_faults,
             restart, webhook_faults]
    wanted = sys.argv[1:] or [part.__name__ for part in parts]
    unknown = set(wanted) - {part.__name__ for part in parts}
    if unknown:
        sys.exit(f"no part {', '.join(unknown)}; the parts: {', '.join(part.__name__ for part in parts)}")
    for part in parts:
        if part.__name__ in wanted:
            part_started = time.monotonic()
            try:
                part()
            except Exception as why:  # The other parts still say something.
                check(False, f"{part.__name__}: {why!r}")
            print(f"({part.__name__}: {time.monotonic() - part_started:.0f} s)", file=sys.stderr)
    say(f"\n{len(failures)} differences.")
    if not sys.argv[1:]:
        head = [f"# Kubernetes {version}", "",
                f"Written by `fuzz/cluster/run test` on {datetime.date.today()}, in {time.monotonic() - started:.0f} s, with "
                f"debug builds of this repository's programs on {os.cpu_count()} cores.", "",
                f"kubectl {json.loads(root('version', '-o', 'json'))['clientVersion']['gitVersion']}, etcd "
                f"{run(['etcd', '--version'])[0].stdout.split()[2]}; the state of the cluster has "
                f"{run(['du', '-sm', 'etcd'])[0].stdout.split()[0]} MB, the programs in `bin` "
                f"{run(['du', '-smL', 'bin'])[0].stdout.split()[0]} MB."]
        results = HERE / "results" / f"{version}.md"
        results.parent.mkdir(exist_ok=True)
        results.write_text("\n".join([*head, *page]) + "\n")
        print(f"written to {results}", file=sys.stderr)
    sys.exit(bool(failures))


main()
