"""Generated RBAC objects, and questions about them. The same seed yields the same."""

import random

RBAC = "rbac.authorization.k8s.io"
NAMESPACES = ["dev", "test-a", "test-b"]
USERS = ["alice", "bob", "alice@example.com", "with space", "O'Brien", "system:kube-proxy", "k8s-developer",
         "system:serviceaccount:dev:robot", "system:serviceaccount:test-a:robot", "100%", "stranger"]
GROUPS = ["devs", "deployers", "writers", "auditors", "team:a/b", "system:serviceaccounts:dev"]
# Group, version, resource, its subresources, and whether it is in a namespace.
RESOURCES = [
    ("", "v1", "pods", ["log", "exec", "status", "eviction"], True),
    ("", "v1", "configmaps", [], True),
    ("", "v1", "secrets", [], True),
    ("", "v1", "services", ["proxy", "status"], True),
    ("", "v1", "serviceaccounts", ["token"], True),
    ("", "v1", "events", [], True),
    ("", "v1", "nodes", ["status", "proxy"], False),
    ("", "v1", "namespaces", ["status", "finalize"], False),
    ("apps", "v1", "deployments", ["scale", "status"], True),
    ("batch", "v1", "jobs", ["status"], True),
    (RBAC, "v1", "roles", [], True),
    (RBAC, "v1", "rolebindings", [], True),
    (RBAC, "v1", "clusterroles", [], False),
    (RBAC, "v1", "clusterrolebindings", [], False),
]
NAMES = ["web", "db", "robot", "aws-auth", "view"]
VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "bind", "escalate",
         "impersonate", "use"]
PATHS = ["/healthz", "/livez", "/readyz/ping", "/metrics", "/version", "/api", "/apis", "/apis/batch", "/nowhere"]
URLS = ["*", "/healthz", "/healthz/*", "/metrics", "/api*", "/apis/*", "/nowhere", "/livez*"]


class World:
    def __init__(self, number):
        self.number = number
        self.random = random.Random(number)
        self.prefix = f"w{number}-"

    # ---- objects ----

    def some(self, items, most):
        return self.random.sample(items, self.random.randint(1, min(most, len(items))))

    def rule(self, is_cluster):
        choice = self.random.random()
        if is_cluster and choice < 0.15:
            return {"nonResourceURLs": self.some(URLS, 2), "verbs": self.some(["get", "post", "*"], 2)}
        group, _, resource, parts, _ = self.random.choice(RESOURCES)
        resources = [resource] + [f"{resource}/{part}" for part in parts if self.random.random() < 0.3]
        if choice > 0.9:
            resources = [self.random.choice(["*", f"{resource}/*", "*/scale", "*/status"])]
        rule = {"apiGroups": self.random.choice([[group], [group], [group, "apps"], ["*"]]),
                "resources": resources, "verbs": self.random.choice([self.some(VERBS, 4), ["*"]])}
        if self.random.random() < 0.25:
            rule["resourceNames"] = self.some(NAMES, 2)
        return rule

    def role(self, name, namespace=None):
        kind = "Role" if namespace else "ClusterRole"
        rules = [self.rule(namespace is None) for _ in range(self.random.randint(1, 4))]
        return self.object(kind, name, namespace, {"rules": rules})

    def binding(self, name, role_kind, role_name, namespace=None):
        kind = "RoleBinding" if namespace else "ClusterRoleBinding"
        return self.object(kind, name, namespace, {
            "roleRef": {"apiGroup": RBAC, "kind": role_kind, "name": role_name},
            "subjects": [self.subject() for _ in range(self.random.randint(1, 3))]})

    @staticmethod
    def object(kind, name, namespace, content):
        metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
        return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata} | content

    def subject(self):
        choice = self.random.random()
        if choice < 0.5:
            return {"apiGroup": RBAC, "kind": "User", "name": self.random.choice(USERS)}
        if choice < 0.85:
            return {"apiGroup": RBAC, "kind": "Group", "name": self.random.choice(GROUPS)}
        return {"kind": "ServiceAccount", "name": "robot", "namespace": self.random.choice(NAMESPACES)}

    def cluster_role_name(self):
        number = self.random.randrange(24)
        # Some are bound before they exist, or never exist.
        return self.random.choice([f"{self.prefix}{number}"] * 6 + ["view", "edit", f"{self.prefix}missing"])

    def objects(self):
        """Roles and bindings; the last four grant `get marker` to the user `marker`, one by each kind."""
        objects = [self.role(f"{self.prefix}{number}") for number in range(20)]
        for namespace in NAMESPACES:
            objects += [self.role(f"{self.prefix}{number}", namespace) for number in range(8)]
            for number in range(10):
                kind = self.random.choice(["Role", "ClusterRole"])
                name = f"{self.prefix}{self.random.randrange(9)}" if kind == "Role" else self.cluster_role_name()
                objects.append(self.binding(f"{self.prefix}{number}", kind, name, namespace))
        for number in range(12):
            objects.append(self.binding(f"{self.prefix}{number}", "ClusterRole", self.cluster_role_name()))
        writers = {"apiGroups": [RBAC], "resources": ["roles", "rolebindings", "clusterroles", "clusterrolebindings"],
                   "verbs": ["create", "update"]}
        objects.append(self.object("ClusterRole", f"{self.prefix}writers", None, {"rules": [writers]}))
        objects.append(self.object("ClusterRoleBinding", f"{self.prefix}writers", None, {
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": f"{self.prefix}writers"},
            "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": "writers"}]}))
        for kind, namespace in [("ClusterRole", None), ("Role", "dev")]:
            name, resource = f"{self.prefix}marker", f"{self.prefix}{kind.lower()}"
            rules = {"rules": [{"apiGroups": ["marker"], "resources": [resource], "verbs": ["get"]}]}
            objects.append(self.object(kind, name, namespace, rules))
            objects.append(self.object(f"{kind}Binding", name, namespace, {
                "roleRef": {"apiGroup": RBAC, "kind": kind, "name": name},
                "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "marker"}]}))
        return objects

    # ---- questions ----

    def user(self):
        groups = [group for group in GROUPS if self.random.random() < 0.2]
        return self.random.choice(USERS), groups

    def review(self):
        """The spec of a SubjectAccessReview."""
        user, groups = self.user()
        spec = {"user": user, "groups": [*groups, "system:authenticated"]}
        if self.random.random() < 0.12:
            verb = self.random.choice(["get", "post", "head"])
            return spec | {"nonResourceAttributes": {"verb": verb, "path": self.random.choice(PATHS)}}
        group, _, resource, parts, is_namespaced = self.random.choice(RESOURCES)
        attributes = {"verb": self.random.choice(VERBS), "group": group, "resource": resource}
        if parts and self.random.random() < 0.3:
            attributes["subresource"] = self.random.choice(parts)
        if is_namespaced and self.random.random() < 0.85:
            attributes["namespace"] = self.random.choice(NAMESPACES)
        if self.random.random() < 0.5:
            attributes["name"] = self.random.choice(NAMES)
        return spec | {"resourceAttributes": attributes}

    def request(self):
        """A method and a URL. Whatever is written is a dry run, and no watch is begun."""
        method = self.random.choice(["GET"] * 5 + ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
        if self.random.random() < 0.12:
            return self.random.choice(["GET", "HEAD"]), self.random.choice(PATHS)
        group, version, resource, parts, is_namespaced = self.random.choice(RESOURCES)
        # The test of writes has RBAC objects, whose admission answers 403 as well.
        if group == RBAC and method not in ("GET", "HEAD"):
            method = "DELETE"
        url = f"/apis/{group}/{version}" if group else f"/api/{version}"
        has_namespace = is_namespaced and (method == "POST" or self.random.random() < 0.85)
        if has_namespace:
            url += f"/namespaces/{self.random.choice(NAMESPACES)}"
        url += f"/{resource}"
        has_name = method in ("PUT", "PATCH") or (method != "POST" and self.random.random() < 0.5)
        # A name needs its namespace, but the server decides who may ask before it looks.
        if has_name:
            url += f"/{self.random.choice(NAMES)}"
            if parts and self.random.random() < 0.35:
                url += f"/{self.random.choice(parts)}"
        query = [] if method in ("GET", "HEAD") else ["dryRun=All"]
        if method == "GET" and not has_name and self.random.random() < 0.3:
            query.append(self.random.choice(["limit=1", "labelSelector=app%3Dweb", "fieldSelector=metadata.name%3Dweb",
                                             "resourceVersion=0"]))
        return method, url + ("?" + "&".join(query) if query else "")

    def write(self, existing):
        """An object to create, or one to replace and the object before, and its user."""
        user, groups = self.user()
        if self.random.random() < 0.7 and "writers" not in groups:
            groups.append("writers")
        namespace = self.random.choice([None, *NAMESPACES])
        if self.random.random() < 0.5:
            new = self.role(f"{self.prefix}new", namespace)
        else:
            kind = self.random.choice(["Role", "ClusterRole"]) if namespace else "ClusterRole"
            name = f"{self.prefix}{self.random.randrange(9)}" if kind == "Role" else self.cluster_role_name()
            new = self.binding(f"{self.prefix}new", kind, name, namespace)
        before = None
        if self.random.random() < 0.4:
            same = [one for one in existing if one["kind"] == new["kind"]
                    and one["metadata"].get("namespace") == namespace and "marker" not in one["metadata"]["name"]]
            before = self.random.choice(same)
            new["metadata"]["name"] = before["metadata"]["name"]
            if "roleRef" in new and self.random.random() < 0.8:
                new["roleRef"] = before["roleRef"]
        if self.random.random() < 0.15:
            self.spoil(new)
        return user, groups, new, before

    def spoil(self, new):
        """Makes an object invalid."""
        if "rules" in new:
            rule = self.random.choice(new["rules"])
            rule[self.random.choice(["verbs", "resources", "apiGroups"])] = []
        elif self.random.random() < 0.5:
            new["subjects"][0]["name"] = ""
        else:
            new["roleRef"]["kind"] = "User"
