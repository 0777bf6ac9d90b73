//! The default policy of Kubernetes 1.34.1 with its default feature gates, as tables.
//!
//! Written out by a program from the objects that the API server's own code
//! (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy`) makes; `testdata/bootstrap.jsonl` has those
//! objects, and a test compares. Lists are separated by spaces, and `core` is the core group.

use crate::bootstrap::tables::{Binding, Role, account, binding, group, on, paths, role, user};

/// What everybody can be given, and what the components of the control plane have.
pub(super) const CLUSTER_ROLES: &[Role] = &[
    role("", "admin", &[]).aggregating("rbac.authorization.k8s.io/aggregate-to-admin"),
    role("", "cluster-admin", &[on("*", "*", "*"), paths("*", "*")]),
    role("", "edit", &[])
        .labeled("rbac.authorization.k8s.io/aggregate-to-admin")
        .aggregating("rbac.authorization.k8s.io/aggregate-to-edit"),
    role(
        "",
        "system:aggregate-to-admin",
        &[
            on(
                "authorization.k8s.io",
                "localsubjectaccessreviews",
                "create",
            ),
            on(
                "rbac.authorization.k8s.io",
                "rolebindings roles",
                "create delete deletecollection get list patch update watch",
            ),
        ],
    )
    .labeled("rbac.authorization.k8s.io/aggregate-to-admin"),
    role(
        "",
        "system:aggregate-to-edit",
        &[
            on(
                "core",
                "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy",
                "get list watch",
            ),
            on("core", "serviceaccounts", "impersonate"),
            on(
                "core",
                "pods pods/attach pods/exec pods/portforward pods/proxy",
                "create delete deletecollection patch update",
            ),
            on("core", "pods/eviction", "create"),
            on(
                "core",
                "configmaps events persistentvolumeclaims replicationcontrollers \
            replicationcontrollers/scale secrets serviceaccounts services services/proxy",
                "create delete deletecollection patch update",
            ),
            on("core", "serviceaccounts/token", "create"),
            on(
                "apps",
                "daemonsets deployments deployments/rollback deployments/scale replicasets \
            replicasets/scale statefulsets statefulsets/scale",
                "create delete deletecollection patch update",
            ),
            on(
                "autoscaling",
                "horizontalpodautoscalers",
                "create delete deletecollection patch update",
            ),
            on(
                "batch",
                "cronjobs jobs",
                "create delete deletecollection patch update",
            ),
            on(
                "extensions",
                "daemonsets deployments deployments/rollback deployments/scale ingresses \
            networkpolicies replicasets replicasets/scale replicationcontrollers/scale",
                "create delete deletecollection patch update",
            ),
            on(
                "policy",
                "poddisruptionbudgets",
                "create delete deletecollection patch update",
            ),
            on(
                "networking.k8s.io",
                "ingresses networkpolicies",
                "create delete deletecollection patch update",
            ),
            on(
                "coordination.k8s.io",
                "leases",
                "create delete deletecollection get list patch update watch",
            ),
            on(
                "resource.k8s.io",
                "resourceclaims resourceclaimtemplates",
                "create delete deletecollection patch update",
            ),
        ],
    )
    .labeled("rbac.authorization.k8s.io/aggregate-to-edit"),
    role(
        "",
        "system:aggregate-to-view",
        &[
            on(
                "core",
                "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods \
            replicationcontrollers replicationcontrollers/scale serviceaccounts services \
            services/status",
                "get list watch",
            ),
            on(
                "core",
                "bindings events limitranges namespaces/status pods/log pods/status \
            replicationcontrollers/status resourcequotas resourcequotas/status",
                "get list watch",
            ),
            on("core", "namespaces", "get list watch"),
            on("discovery.k8s.io", "endpointslices", "get list watch"),
            on(
                "apps",
                "controllerrevisions daemonsets daemonsets/status deployments deployments/scale \
            deployments/status replicasets replicasets/scale replicasets/status statefulsets \
            statefulsets/scale statefulsets/status",
                "get list watch",
            ),
            on(
                "autoscaling",
                "horizontalpodautoscalers horizontalpodautoscalers/status",
                "get list watch",
            ),
            on(
                "batch",
                "cronjobs cronjobs/status jobs jobs/status",
                "get list watch",
            ),
            on(
                "extensions",
                "daemonsets daemonsets/status deployments deployments/scale deployments/status \
            ingresses ingresses/status networkpolicies replicasets replicasets/scale \
            replicasets/status replicationcontrollers/scale",
                "get list watch",
            ),
            on(
                "policy",
                "poddisruptionbudgets poddisruptionbudgets/status",
                "get list watch",
            ),
            on(
                "networking.k8s.io",
                "ingresses ingresses/status networkpolicies",
                "get list watch",
            ),
            on(
                "resource.k8s.io",
                "resourceclaims resourceclaims/status resourceclaimtemplates",
                "get list watch",
            ),
        ],
    )
    .labeled("rbac.authorization.k8s.io/aggregate-to-view"),
    role(
        "",
        "system:auth-delegator",
        &[
            on("authentication.k8s.io", "tokenreviews", "create"),
            on("authorization.k8s.io", "subjectaccessreviews", "create"),
        ],
    ),
    role(
        "",
        "system:basic-user",
        &[
            on(
                "authorization.k8s.io",
                "selfsubjectaccessreviews selfsubjectrulesreviews",
                "create",
            ),
            on("authentication.k8s.io", "selfsubjectreviews", "create"),
        ],
    ),
    role(
        "",
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
        &[on(
            "certificates.k8s.io",
            "certificatesigningrequests/nodeclient",
            "create",
        )],
    ),
    role(
        "",
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        &[on(
            "certificates.k8s.io",
            "certificatesigningrequests/selfnodeclient",
            "create",
        )],
    ),
    role(
        "",
        "system:certificates.k8s.io:kube-apiserver-client-approver",
        &[on("certificates.k8s.io", "signers", "approve")
            .named("kubernetes.io/kube-apiserver-client")],
    ),
    role(
        "",
        "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
        &[on("certificates.k8s.io", "signers", "approve")
            .named("kubernetes.io/kube-apiserver-client-kubelet")],
    ),
    role(
        "",
        "system:certificates.k8s.io:kubelet-serving-approver",
        &[on("certificates.k8s.io", "signers", "approve").named("kubernetes.io/kubelet-serving")],
    ),
    role(
        "",
        "system:certificates.k8s.io:legacy-unknown-approver",
        &[on("certificates.k8s.io", "signers", "approve").named("kubernetes.io/legacy-unknown")],
    ),
    role(
        "",
        "system:discovery",
        &[paths(
            "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version \
              /version/",
            "get",
        )],
    ),
    role(
        "",
        "system:heapster",
        &[
            on("core", "events namespaces nodes pods", "get list watch"),
            on("extensions", "deployments", "get list watch"),
        ],
    ),
    role(
        "",
        "system:kube-aggregator",
        &[on("core", "endpoints services", "get list watch")],
    ),
    role(
        "",
        "system:kube-controller-manager",
        &[
            on("core events.k8s.io", "events", "create patch update"),
            on("coordination.k8s.io", "leases", "create"),
            on("coordination.k8s.io", "leases", "get update").named("kube-controller-manager"),
            on("core", "secrets serviceaccounts", "create"),
            on("core", "secrets", "delete"),
            on(
                "core",
                "configmaps namespaces secrets serviceaccounts",
                "get",
            ),
            on("core", "secrets serviceaccounts", "update"),
            on("authentication.k8s.io", "tokenreviews", "create"),
            on("authorization.k8s.io", "subjectaccessreviews", "create"),
            on("*", "*", "list watch"),
            on("core", "serviceaccounts/token", "create"),
        ],
    ),
    role(
        "",
        "system:kube-dns",
        &[on("core", "endpoints services", "list watch")],
    ),
    role(
        "",
        "system:kube-scheduler",
        &[
            on("core events.k8s.io", "events", "create patch update"),
            on("coordination.k8s.io", "leases", "create"),
            on("coordination.k8s.io", "leases", "get list update watch").named("kube-scheduler"),
            on(
                "coordination.k8s.io",
                "leasecandidates",
                "create delete deletecollection get list patch update watch",
            ),
            on("core", "nodes", "get list watch"),
            on("core", "pods", "delete get list watch"),
            on("core", "bindings pods/binding", "create"),
            on("core", "pods/status", "patch update"),
            on("core", "replicationcontrollers services", "get list watch"),
            on("apps extensions", "replicasets", "get list watch"),
            on("apps", "statefulsets", "get list watch"),
            on("policy", "poddisruptionbudgets", "get list watch"),
            on(
                "core",
                "persistentvolumeclaims persistentvolumes",
                "get list watch",
            ),
            on("authentication.k8s.io", "tokenreviews", "create"),
            on("authorization.k8s.io", "subjectaccessreviews", "create"),
            on("storage.k8s.io", "csinodes", "get list watch"),
            on("storage.k8s.io", "volumeattachments", "get list watch"),
            on("core", "namespaces", "get list watch"),
            on("storage.k8s.io", "csidrivers", "get list watch"),
            on("storage.k8s.io", "csistoragecapacities", "get list watch"),
            on("resource.k8s.io", "deviceclasses", "get list watch"),
            on(
                "resource.k8s.io",
                "resourceclaims",
                "get list patch update watch",
            ),
            on(
                "resource.k8s.io",
                "resourceclaims/status",
                "get list patch update watch",
            ),
            on("core", "pods/finalizers", "update"),
            on("resource.k8s.io", "resourceslices", "get list watch"),
        ],
    ),
    role(
        "",
        "system:kubelet-api-admin",
        &[
            on("core", "nodes", "get list watch"),
            on("core", "nodes", "proxy"),
            on(
                "core",
                "nodes/log nodes/metrics nodes/proxy nodes/stats",
                "*",
            ),
            on("core", "nodes/configz nodes/healthz nodes/pods", "*"),
        ],
    ),
    role(
        "",
        "system:monitoring",
        &[
            paths(
                "/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*",
                "get",
            ),
            on("core", "nodes/metrics", "get"),
        ],
    ),
    role(
        "",
        "system:node",
        &[
            on("authentication.k8s.io", "tokenreviews", "create"),
            on(
                "authorization.k8s.io",
                "localsubjectaccessreviews subjectaccessreviews",
                "create",
            ),
            on("core", "services", "get list watch"),
            on("core", "nodes", "create get list watch"),
            on("core", "nodes/status", "patch update"),
            on("core", "nodes", "patch update"),
            on("core", "events", "create patch update"),
            on("core", "pods", "get list watch"),
            on("core", "pods", "create delete"),
            on("core", "pods/status", "patch update"),
            on("core", "pods/eviction", "create"),
            on("core", "configmaps secrets", "get list watch"),
            on("core", "persistentvolumeclaims persistentvolumes", "get"),
            on("core", "endpoints", "get"),
            on(
                "certificates.k8s.io",
                "certificatesigningrequests",
                "create get list watch",
            ),
            on(
                "coordination.k8s.io",
                "leases",
                "create delete get patch update",
            ),
            on("storage.k8s.io", "volumeattachments", "get"),
            on("core", "serviceaccounts/token", "create"),
            on("core", "persistentvolumeclaims/status", "get patch update"),
            on("storage.k8s.io", "csidrivers", "get list watch"),
            on(
                "storage.k8s.io",
                "csinodes",
                "create delete get patch update",
            ),
            on("node.k8s.io", "runtimeclasses", "get list watch"),
            on("resource.k8s.io", "resourceclaims", "get"),
            on("resource.k8s.io", "resourceslices", "deletecollection"),
            on("core", "serviceaccounts", "get"),
        ],
    ),
    role(
        "",
        "system:node-bootstrapper",
        &[on(
            "certificates.k8s.io",
            "certificatesigningrequests",
            "create get list watch",
        )],
    ),
    role(
        "",
        "system:node-problem-detector",
        &[
            on("core", "nodes", "get"),
            on("core", "nodes/status", "patch"),
            on("core events.k8s.io", "events", "create patch update"),
        ],
    ),
    role(
        "",
        "system:node-proxier",
        &[
            on("core", "endpoints services", "list watch"),
            on("core", "nodes", "get list watch"),
            on("core events.k8s.io", "events", "create patch update"),
            on("networking.k8s.io", "servicecidrs", "list watch"),
            on("discovery.k8s.io", "endpointslices", "list watch"),
        ],
    ),
    role(
        "",
        "system:persistent-volume-provisioner",
        &[
            on("core", "persistentvolumes", "create delete get list watch"),
            on("core", "persistentvolumeclaims", "get list update watch"),
            on("storage.k8s.io", "storageclasses", "get list watch"),
            on("core", "events", "watch"),
            on("core events.k8s.io", "events", "create patch update"),
        ],
    ),
    role(
        "",
        "system:public-info-viewer",
        &[paths("/healthz /livez /readyz /version /version/", "get")],
    ),
    role(
        "",
        "system:service-account-issuer-discovery",
        &[paths(
            "/.well-known/openid-configuration /.well-known/openid-configuration/ \
              /openid/v1/jwks /openid/v1/jwks/",
            "get",
        )],
    ),
    role(
        "",
        "system:volume-scheduler",
        &[
            on("core", "persistentvolumes", "get list patch update watch"),
            on("storage.k8s.io", "storageclasses", "get list watch"),
            on(
                "core",
                "persistentvolumeclaims",
                "get list patch update watch",
            ),
        ],
    ),
    role("", "view", &[])
        .labeled("rbac.authorization.k8s.io/aggregate-to-edit")
        .aggregating("rbac.authorization.k8s.io/aggregate-to-view"),
];

/// What is needed in `kube-system` and `kube-public` only.
pub(super) const ROLES: &[Role] = &[
    role(
        "kube-public",
        "system:controller:bootstrap-signer",
        &[
            on("core", "configmaps", "get list watch"),
            on("core", "configmaps", "update").named("cluster-info"),
            on("core events.k8s.io", "events", "create patch update"),
        ],
    ),
    role(
        "kube-system",
        "extension-apiserver-authentication-reader",
        &[on("core", "configmaps", "get list watch").named("extension-apiserver-authentication")],
    ),
    role(
        "kube-system",
        "system::leader-locking-kube-controller-manager",
        &[
            on("core", "configmaps", "watch"),
            on("core", "configmaps", "get update").named("kube-controller-manager"),
            on(
                "coordination.k8s.io",
                "leases",
                "create get list update watch",
            ),
            on(
                "coordination.k8s.io",
                "leasecandidates",
                "create get list update watch",
            ),
        ],
    ),
    role(
        "kube-system",
        "system::leader-locking-kube-scheduler",
        &[
            on("core", "configmaps", "watch"),
            on("core", "configmaps", "get update").named("kube-scheduler"),
            on(
                "coordination.k8s.io",
                "leases",
                "create get list update watch",
            ),
            on(
                "coordination.k8s.io",
                "leasecandidates",
                "create get list update watch",
            ),
        ],
    ),
    role(
        "kube-system",
        "system:controller:bootstrap-signer",
        &[on("core", "secrets", "get list watch")],
    ),
    role(
        "kube-system",
        "system:controller:cloud-provider",
        &[on("core", "configmaps", "create get list watch")],
    ),
    role(
        "kube-system",
        "system:controller:token-cleaner",
        &[
            on("core", "secrets", "delete get list watch"),
            on("core events.k8s.io", "events", "create patch update"),
        ],
    ),
];

/// The bindings of the first table.
pub(super) const CLUSTER_ROLE_BINDINGS: &[Binding] = &[
    binding(
        "",
        "cluster-admin",
        "cluster-admin",
        &[group("system:masters")],
    ),
    binding(
        "",
        "system:basic-user",
        "system:basic-user",
        &[group("system:authenticated")],
    ),
    binding(
        "",
        "system:discovery",
        "system:discovery",
        &[group("system:authenticated")],
    ),
    binding(
        "",
        "system:kube-controller-manager",
        "system:kube-controller-manager",
        &[user("system:kube-controller-manager")],
    ),
    binding(
        "",
        "system:kube-dns",
        "system:kube-dns",
        &[account("kube-dns")],
    ),
    binding(
        "",
        "system:kube-scheduler",
        "system:kube-scheduler",
        &[user("system:kube-scheduler")],
    ),
    binding(
        "",
        "system:monitoring",
        "system:monitoring",
        &[group("system:monitoring")],
    ),
    binding("", "system:node", "system:node", &[]),
    binding(
        "",
        "system:node-proxier",
        "system:node-proxier",
        &[user("system:kube-proxy")],
    ),
    binding(
        "",
        "system:public-info-viewer",
        "system:public-info-viewer",
        &[
            group("system:authenticated"),
            group("system:unauthenticated"),
        ],
    ),
    binding(
        "",
        "system:service-account-issuer-discovery",
        "system:service-account-issuer-discovery",
        &[group("system:serviceaccounts")],
    ),
    binding(
        "",
        "system:volume-scheduler",
        "system:volume-scheduler",
        &[user("system:kube-scheduler")],
    ),
];

/// The bindings of the roles in namespaces.
pub(super) const ROLE_BINDINGS: &[Binding] = &[
    binding(
        "kube-public",
        "system:controller:bootstrap-signer",
        "system:controller:bootstrap-signer",
        &[account("bootstrap-signer")],
    ),
    binding(
        "kube-system",
        "system::extension-apiserver-authentication-reader",
        "extension-apiserver-authentication-reader",
        &[
            user("system:kube-controller-manager"),
            user("system:kube-scheduler"),
        ],
    ),
    binding(
        "kube-system",
        "system::leader-locking-kube-controller-manager",
        "system::leader-locking-kube-controller-manager",
        &[
            user("system:kube-controller-manager"),
            account("kube-controller-manager"),
            account("leader-election-controller"),
        ],
    ),
    binding(
        "kube-system",
        "system::leader-locking-kube-scheduler",
        "system::leader-locking-kube-scheduler",
        &[user("system:kube-scheduler"), account("kube-scheduler")],
    ),
    binding(
        "kube-system",
        "system:controller:bootstrap-signer",
        "system:controller:bootstrap-signer",
        &[account("bootstrap-signer")],
    ),
    binding(
        "kube-system",
        "system:controller:cloud-provider",
        "system:controller:cloud-provider",
        &[account("cloud-provider")],
    ),
    binding(
        "kube-system",
        "system:controller:token-cleaner",
        "system:controller:token-cleaner",
        &[account("token-cleaner")],
    ),
];
