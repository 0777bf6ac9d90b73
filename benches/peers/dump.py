"""A dump of a cluster as `kubectl get -o yaml` prints it, each object a document."""

DOCUMENT = """\
---
apiVersion: {api}
kind: {kind}
metadata:
  annotations:
    meta.helm.sh/release-name: service-{number}
    meta.helm.sh/release-namespace: team-{team}
  creationTimestamp: "2026-01-01T00:00:00Z"
  labels:
    app.kubernetes.io/instance: service-{number}
    app.kubernetes.io/managed-by: Helm
    app.kubernetes.io/name: service
    app.kubernetes.io/part-of: team-{team}
  name: service-{number}
  namespace: team-{team}
  resourceVersion: "{version}"
  uid: 00000000-0000-4000-8000-{number:012d}
"""
ROLE = """\
rules:
- apiGroups:
  - ""
  resources:
  - configmaps
  - secrets
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - apps
  resourceNames:
  - service-{number}
  resources:
  - deployments
  verbs:
  - get
  - patch
"""
BINDING = """\
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: service-{number}
subjects:
- kind: ServiceAccount
  name: service-{number}
  namespace: team-{team}
- apiGroup: rbac.authorization.k8s.io
  kind: Group
  name: team-{team}
- apiGroup: rbac.authorization.k8s.io
  kind: User
  name: user-{number}
"""
RBAC = "rbac.authorization.k8s.io/v1"
# Three objects each: a Role, its RoleBinding and a ServiceAccount.
SERVICES = 14_500


def written(path):
    """Writes the dump unless it is there, and returns its path."""
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("w") as out:
            for number in range(SERVICES):
                for order, (api, kind, rest) in enumerate(
                        ((RBAC, "Role", ROLE), (RBAC, "RoleBinding", BINDING), ("v1", "ServiceAccount", ""))):
                    text = DOCUMENT + rest
                    out.write(text.format(api=api, kind=kind, number=number, team=number % 300, version=1000 + 3 * number + order))
        part.rename(path)
    return path
