//! The default policy of Kubernetes 1.31 to 1.37 with default feature gates, as tables.
//!
//! Generated from the objects in each release's own tests of `bootstrappolicy`
//! (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata`): v1.31.14, v1.32.13, v1.33.13, v1.34.1,
//! v1.35.4, v1.36.3 and v1.37.2. `testdata/bootstrap.jsonl` holds those objects, and a test compares.
//!
//! Lists are separated by spaces, and `core` is the core group. `since(35)` and `until(34)` are the first and
//! the last minor version that has an entry; without them every version has it.

use crate::bootstrap::tables::{Binding, Role, account, binding, group, on, paths, role, user};

/// The roles of users and of the components of the control plane.
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
            )
            .until(34),
            on(
                "core",
                "configmaps persistentvolumeclaims replicationcontrollers \
               replicationcontrollers/scale secrets serviceaccounts services services/proxy",
                "create delete deletecollection patch update",
            )
            .since(35),
            on("core", "serviceaccounts/token", "create"),
            on(
                "core events.k8s.io",
                "events",
                "create delete deletecollection patch update",
            )
            .since(35),
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
            )
            .since(34),
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
            )
            .until(34),
            on(
                "core",
                "bindings limitranges namespaces/status pods/log pods/status \
               replicationcontrollers/status resourcequotas resourcequotas/status",
                "get list watch",
            )
            .since(35),
            on("core", "namespaces", "get list watch"),
            on("core events.k8s.io", "events", "get list watch").since(35),
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
            )
            .since(34),
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
        "system:cluster-trust-bundle-discovery",
        &[on(
            "certificates.k8s.io",
            "clustertrustbundles",
            "get list watch",
        )],
    )
    .since(37),
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
            on("storage.k8s.io", "volumeattachments", "get list watch").since(32),
            on("core", "namespaces", "get list watch"),
            on("storage.k8s.io", "csidrivers", "get list watch"),
            on("storage.k8s.io", "csistoragecapacities", "get list watch"),
            on("resource.k8s.io", "deviceclasses", "get list watch").since(34),
            on(
                "resource.k8s.io",
                "resourceclaims",
                "get list patch update watch",
            )
            .since(34),
            on(
                "resource.k8s.io",
                "resourceclaims/status",
                "get list patch update watch",
            )
            .since(34),
            on("core", "pods/finalizers", "update").since(34),
            on("resource.k8s.io", "resourceslices", "get list watch").since(34),
            on("resource.k8s.io", "resourceclaims", "create delete").since(36),
            on("resource.k8s.io", "devicetaintrules", "get list watch").since(37),
            on("resource.k8s.io", "resourceclaims/binding", "patch update").since(36),
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
            on("core", "nodes/configz nodes/healthz nodes/pods", "*").since(33),
        ],
    ),
    role(
        "",
        "system:monitoring",
        &[
            paths(
                "/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*",
                "get",
            )
            .until(35),
            paths(
                "/flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz \
               /readyz/* /statusz",
                "get",
            )
            .since(36),
            on("core", "nodes/metrics", "get").since(34),
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
            on("core", "events", "create patch update").until(34),
            on("core events.k8s.io", "events", "create patch update").since(35),
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
            on("resource.k8s.io", "resourceclaims", "get").since(34),
            on("resource.k8s.io", "resourceslices", "deletecollection").since(34),
            on(
                "certificates.k8s.io",
                "clustertrustbundles",
                "get list watch",
            )
            .since(37),
            on("core", "serviceaccounts", "get").since(34),
            on(
                "certificates.k8s.io",
                "podcertificaterequests",
                "create get list watch",
            )
            .since(37),
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
            on("networking.k8s.io", "servicecidrs", "list watch").since(33),
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

/// The bindings of those roles.
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
        "system:cluster-trust-bundle-discovery",
        "system:cluster-trust-bundle-discovery",
        &[group("system:serviceaccounts")],
    )
    .since(37),
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

/// The roles within namespaces.
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
            on("core", "configmaps", "watch").until(34),
            on("core", "configmaps", "get update")
                .named("kube-controller-manager")
                .until(34),
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
            on("core", "configmaps", "watch").until(34),
            on("core", "configmaps", "get update")
                .named("kube-scheduler")
                .until(34),
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

/// The bindings within namespaces.
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
