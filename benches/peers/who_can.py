"""Who can do something, over a cluster of many bindings: `eks-access who` beside kubectl-who-can and rbac-tool.

The peers read a cluster, so a stub of the Kubernetes API serves them the objects from memory, without the delays of
an API server. `eks-access` reads the same objects from a file."""
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.parse

BINDINGS = 20_000
RBAC = "rbac.authorization.k8s.io"
# The users who may do what is asked. The others have bindings to roles that do not grant it.
GRANTED = 20


def cluster(bindings):
    """Returns ClusterRoles and ClusterRoleBindings, one role for each binding."""
    roles, bound = [], []
    for number in range(bindings):
        verb = "list" if number % (bindings // GRANTED) == 0 else "watch"
        name = f"role-{number}"
        roles.append({
            "apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name},
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": [verb]}],
        })
        bound.append({
            "apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": RBAC, "kind": "User", "name": f"user-{number}"}],
        })
    return roles, bound


def answers(roles, bindings):
    """Returns the stub's answers by path, as bytes."""
    def listed(kind, items):
        return {"apiVersion": f"{RBAC}/v1", "kind": f"{kind}List", "metadata": {"resourceVersion": "1"}, "items": items}

    def resources(group, *names):
        verbs = ["create", "delete", "get", "list", "update", "watch"]
        return {"apiVersion": "v1", "kind": "APIResourceList", "groupVersion": group, "resources": [
            {"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": verbs}
            for name, kind, namespaced in names]}

    version = {"groupVersion": f"{RBAC}/v1", "version": "v1"}
    group = {"name": RBAC, "versions": [version], "preferredVersion": version}
    rbac = f"/apis/{RBAC}/v1"
    found = {
        "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.1"},
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/apis": {"apiVersion": "v1", "kind": "APIGroupList", "groups": [group]},
        "/api/v1": resources("v1", ("secrets", "Secret", True), ("namespaces", "Namespace", False),
                             ("pods", "Pod", True), ("serviceaccounts", "ServiceAccount", True)),
        rbac: resources(f"{RBAC}/v1", ("roles", "Role", True), ("rolebindings", "RoleBinding", True),
                        ("clusterroles", "ClusterRole", False), ("clusterrolebindings", "ClusterRoleBinding", False)),
        f"{rbac}/clusterroles": listed("ClusterRole", roles),
        f"{rbac}/clusterrolebindings": listed("ClusterRoleBinding", bindings),
        f"{rbac}/roles": listed("Role", []),
        f"{rbac}/rolebindings": listed("RoleBinding", []),
        f"{rbac}/namespaces/default/roles": listed("Role", []),
        f"{rbac}/namespaces/default/rolebindings": listed("RoleBinding", []),
        "/api/v1/pods": {"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": []},
        "/api/v1/serviceaccounts": {"apiVersion": "v1", "kind": "ServiceAccountList", "metadata": {}, "items": []},
        "/api/v1/namespaces/default": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"},
                                       "status": {"phase": "Active"}},
    }
    return {path: json.dumps(answer).encode() for path, answer in found.items()}


def serve(found):
    """Starts the stub and returns it. What it has no answer for is kept in `missing`."""
    class Stub(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        missing = set()

        def log_message(self, *args):
            pass

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            path = urllib.parse.urlsplit(self.path).path
            body = found.get(path)
            if body is None:
                self.missing.add(path)
                body = json.dumps({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": 404}).encode()
            self.answer(200 if path in found else 404, body)

        def do_POST(self):
            # kubectl-who-can asks whether it may list roles.
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.answer(201, json.dumps(review | {"status": {"allowed": True}}).encode())

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def run(command, environment):
    """Runs a program and returns its time by the clock in nanoseconds. It must name each of the users who may."""
    begin = time.monotonic()
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    wall = time.monotonic() - begin
    granted = {f"user-{n}" for n in range(0, BINDINGS, BINDINGS // GRANTED)}
    named = len(granted & set(re.findall(r"\buser-\d+\b", ended.stdout)))
    if ended.returncode or named != GRANTED:
        sys.exit(f"{command[0]} ended with {ended.returncode} and names {named} of {GRANTED} users: {ended.stderr[:2000]}")
    return wall * 1e9


def times(eks_access, peers, directory):
    """Runs each program once, and returns their times by name: ours is `eks-access`."""
    roles, bindings = cluster(BINDINGS)
    server = serve(answers(roles, bindings))
    dump = directory / "who-can.json"
    dump.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": roles + bindings}))
    config = directory / "kubeconfig"
    config.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "stub", "users": [{"name": "stub", "user": {}}],
        "clusters": [{"name": "stub", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "stub"}}],
    }))
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "KUBECONFIG": str(config)}
    questions = {"kubectl-who-can": ["list", "secrets"], "rbac-tool": ["who-can", "list", "secrets"]}
    command = [eks_access, "who", "list", "secrets", "-f", dump, "--no-default-policy"]
    found = {"eks-access": run(command, environment)}
    for name, program in peers.items():
        found[name] = run([program, *questions[name]], environment)
    server.shutdown()
    if server.RequestHandlerClass.missing:
        print("not served:", ", ".join(sorted(server.RequestHandlerClass.missing)), file=sys.stderr)
    return found
