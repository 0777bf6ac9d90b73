"""The same questions to the server's own RBAC and to this repository."""

import itertools
import json
import os
import random
import re

from cluster import (EXAMPLES, Api, Driver, authorizers, check, kubectl, run, say, server_version, until)
from worlds import NAMESPACES, RBAC, World

WORLDS = range(1, 5)
KINDS = {"roles": "roles", "rolebindings": "roleBindings", "clusterroles": "clusterRoles",
         "clusterrolebindings": "clusterRoleBindings"}


def path_of(one):
    plural, namespace = one["kind"].lower() + "s", one["metadata"].get("namespace")
    return f"/apis/{RBAC}/v1" + (f"/namespaces/{namespace}" if namespace else "") + f"/{plural}"


class Placed:
    """A world whose objects are in the cluster, and known to the verifier."""

    def __init__(self, number):
        self.world = World(number)
        self.objects = self.world.objects()
        self.api, self.hook = Api(os.environ["API"]), Api(os.environ["HOOK"])

    def __enter__(self):
        for one in self.objects:
            status, answer = self.api.post(path_of(one), one)
            if status != 201:
                raise RuntimeError(f"{one}: {status} {answer}")
        markers = [{"user": "marker", "groups": [], "resourceAttributes": {
            "verb": "get", "group": "marker", "resource": f"{self.world.prefix}{kind}", "namespace": "dev"}}
            for kind in ["clusterrole", "role"]]
        took = until("new objects reach the verifier", lambda: all(self.ours(spec) for spec in markers))
        check(took < 2, f"{len(self.objects)} new objects reach the verifier after {took} s")
        self.seconds = took
        return self

    def __exit__(self, *_):
        for one in self.objects:
            self.api.request("DELETE", f"{path_of(one)}/{one['metadata']['name']}")

    def theirs(self, spec):
        return self.answer(self.api, "/apis/authorization.k8s.io/v1/subjectaccessreviews", spec)

    def ours(self, spec):
        return self.answer(self.hook, "/authorize", spec)

    @staticmethod
    def answer(api, path, spec):
        status, answer = api.post(path, {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                                         "spec": spec})
        assert status in (200, 201), answer
        return answer["status"].get("allowed", False)

    def dump(self):
        """The RBAC objects of the server, without what no verdict depends on."""
        objects = {}
        for plural, field in KINDS.items():
            _, listed = self.api.request("GET", f"/apis/{RBAC}/v1/{plural}")
            objects[field] = [
                {key: value for key, value in one.items() if key != "metadata"}
                | {"metadata": {key: one["metadata"][key] for key in ["name", "namespace"] if key in one["metadata"]}}
                for one in listed["items"]]
        return objects


def version():
    """The version of Kubernetes as the driver knows it."""
    return ".".join(server_version().removeprefix("v").split(".")[:2])


class Tally:
    def __init__(self):
        self.asked = self.allowed = self.different = 0

    def add(self, theirs, ours, what):
        self.asked += 1
        self.allowed += theirs in (True, "allowed")
        if isinstance(theirs, str) and isinstance(ours, str):
            theirs, ours = in_order(theirs), in_order(ours)
        self.different += theirs != ours
        check(theirs == ours, f"{what}: the server {theirs}, ours {ours}")

    def __str__(self):
        return f"{self.asked:,} | {self.allowed:,} | {self.different}"


def authorization():
    """Reviews, requests, writes and rules in each world, by RBAC alone. The server insists on RBAC, so that the webhook
    cannot be its only authorizer, and is asked by itself."""
    for namespace in NAMESPACES[1:]:
        kubectl("root", "create", "namespace", namespace)
    authorizers("RBAC")
    reviews, requests, writes, rules = Tally(), Tally(), Tally(), Tally()
    driver, kubernetes, delays = Driver(), version(), []
    for number in WORLDS:
        with Placed(number) as placed:
            delays.append(placed.seconds)
            for _ in range(1_300):
                spec = placed.world.review()
                reviews.add(placed.theirs(spec), placed.ours(spec), spec)
            world = placed.dump()
            ask = lambda op, **question: driver.ask(op=op, world=world, kubernetesVersion=kubernetes, **question)
            for _ in range(900):
                request(placed, ask, requests)
            for _ in range(250):
                write(placed, ask, writes)
            rules_reviews(placed, ask, rules)
    authorizers("Webhook", "RBAC")
    say("\n## Authorization\n")
    say(f"{len(WORLDS)} generated worlds of {len(placed.objects)} RBAC objects beside those of Kubernetes. The server's own "
        f"RBAC, and ours: the verifier as webhook, which watches the same objects, and the library on a dump of them.\n")
    say("| question | asked | allowed | different |\n|---|---|---|---|")
    say(f"| SubjectAccessReview, to the verifier | {reviews} |")
    say(f"| HTTP request, with the text of each 403 | {requests} |")
    say(f"| write of an RBAC object: escalation and validation, with the text of each refusal | {writes} |")
    say(f"| SelfSubjectRulesReview | {rules} |")
    say(f"\nThe verifier decided by the objects of a new world {', '.join(f'{1000 * one:.0f}' for one in delays)} ms "
        f"after the last of them was created.")


def request(placed, ask, tally):
    """One HTTP request. An allowed one may still fail later, also with a 403 of another text."""
    user, groups = placed.world.user()
    method, url = placed.world.request()
    body = {} if method in ("POST", "PUT", "PATCH") else None
    status, answer = placed.api.request(method, url, body, user, groups)
    everyone = [*groups, *implied(user, groups)]
    ours = ask("rbac.serve", method=method, url=url, user=user, groups=everyone)
    message = answer.get("message", "") if status == 403 else ""
    is_denied = status == 403 and (method == "HEAD" or " cannot " in message)
    theirs = message if is_denied else "allowed"
    if ours["status"] == 403:
        # A HEAD has no body.
        ours = "" if method == "HEAD" else json.loads(ours["body"])["message"]
    else:
        ours = "allowed" if ours["status"] == 200 else ours
    tally.add(theirs, ours, (user, groups, method, url))


def implied(user, groups):
    """The groups that the server adds to an impersonated user; those of a service account only if no group is given."""
    if user.startswith("system:serviceaccount:") and not groups:
        return ["system:serviceaccounts", f"system:serviceaccounts:{user.split(':')[2]}", "system:authenticated"]
    return ["system:authenticated"]


def in_order(message):
    """A message with the roles that were not found in alphabetical order: the server keeps bindings in none."""
    return re.sub(r"(?<=RBAC: \[)[^]]*", lambda found: ", ".join(sorted(found[0].split(", "))), message)


def write(placed, ask, tally):
    """One object, created or replaced in a dry run."""
    user, groups, new, before = placed.world.write(placed.objects)
    method, url = "POST", path_of(new)
    if before:
        method, url = "PUT", f"{url}/{new['metadata']['name']}"
    status, answer = placed.api.request(method, url + "?dryRun=All", new, user, groups)
    theirs = "allowed" if status in (200, 201) else f"{status} {answer['message']}"
    everyone = [*groups, *implied(user, groups)]
    # The authorizer decides first, then the storage of the object.
    served = ask("rbac.serve", method=method, url=url, user=user, groups=everyone)
    if served["status"] == 403:
        ours = f"403 {json.loads(served['body'])['message']}"
    else:
        ours = ask("rbac.write", user=user, groups=everyone, kind=new["kind"], object=new, before=before, validated=True)
        ours = "allowed" if ours.get("allowed") else f"{ours.get('status')} {ours.get('message')}"
    tally.add(theirs, ours, (user, groups, method, new, before))


def rules_reviews(placed, ask, tally):
    """The rules of each user in each namespace, in any order."""
    from worlds import GROUPS, USERS
    for user, namespace in itertools.product(USERS, NAMESPACES):
        groups = placed.world.some(GROUPS, 2)
        status, answer = placed.api.request(
            "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
             "spec": {"namespace": namespace}}, user, groups)
        assert status == 201, answer
        everyone = [*groups, *implied(user, groups)]
        ours = ask("rbac.rules_for", user=user, groups=everyone, namespace=namespace)
        tally.add(rules_of(answer["status"]), rules_of(ours), (user, groups, namespace))
        tally.allowed += 1


def rules_of(status):
    def canonical(rules):
        return sorted(json.dumps({key: value for key, value in rule.items() if value}, sort_keys=True)
                      for rule in rules or [])
    return (canonical(status["resourceRules"]), canonical(status["nonResourceRules"]),
            bool(status.get("incomplete")))


# ---- eks-access --live ----

USERS = [("k8s-developer", []), ("deployer:carol", ["deployers"]), ("viewer", []), ("editor", []), ("stranger", []),
         ("system:kube-scheduler", [])]
VERBS = ["get", "create", "update"]
RESOURCES = ["pods", "pods/log", "secrets", "configmaps", "deployments.apps", "deployments.apps/scale", "nodes",
             "roles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io", "serviceaccounts"]


def live():
    """`eks-access can --live` and `kubectl auth can-i`, which the server's own RBAC answers."""
    authorizers("RBAC")
    asked = different = allowed = 0
    generator = random.Random(1)
    took = []
    for (user, groups), verb, namespace in itertools.product(USERS, VERBS, ["dev", "kube-system"]):
        resources = generator.sample(RESOURCES, 6)
        who = ["--as", user, *itertools.chain(*(["--as-group", group] for group in groups))]
        done, seconds = run([EXAMPLES / "eks-access", "can", *who, verb, *resources, "-n", namespace, "--live",
                             "--kubeconfig", "kubeconfig", "--context", "root", "-o", "json"])
        took.append(seconds)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"eks-access: {done.stderr}")
        answers = json.loads(done.stdout)["answers"]
        for resource, answer in zip(resources, answers, strict=True):
            can_i = kubectl("root", "auth", "can-i", verb, resource, "-n", namespace, *who).stdout.strip()
            mine = answer["verdict"]
            asked += 1
            allowed += can_i == "yes"
            different += mine != can_i
            check(mine == can_i, f"{user} {verb} {resource} in {namespace}: kubectl {can_i}, eks-access {mine}")
    authorizers("Webhook", "RBAC")
    took.sort()
    say(f"\n`eks-access can --live` and `kubectl auth can-i`: {asked} questions, {allowed} yes, {different} different. One "
        f"reading of the cluster and its answers took {took[len(took) // 2]:.2f} s (median, a debug build).")
