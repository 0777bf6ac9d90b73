//! What the lint looks for: codes, with reasons and suggestions.

use std::fmt::{self, Display, Formatter};

use serde::{Serialize, Serializer};

use crate::severity::Severity;

/// What is found. The names that [`FindingCode::as_str`] returns stay what they are.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum FindingCode {
    /// A binding refers to a role that is not there.
    DanglingRoleRef,
    /// The API server would not store the object.
    FieldError,
    /// An object of this kind and name is there more than once.
    DuplicateObject,
    /// No binding refers to the role, and no aggregated role collects it.
    UnusedRole,
    /// A binding has no subjects.
    NoSubjects,
    /// An object of Kubernetes' default policy, or another known one, gives more than is known.
    DefaultChanged,
    /// A rule gives every verb on every resource of every group.
    FullAccess,
    /// A binding gives a role that allows everything.
    BindsFullAccess,
    /// A rule gives every verb on the resources that it names.
    WildcardVerbs,
    /// A rule names every resource of its groups.
    WildcardResources,
    /// A rule names its resources in every API group.
    WildcardGroups,
    /// A rule gives every path that is no resource.
    WildcardUrls,
    /// An aggregated role collects every `ClusterRole` there is.
    AggregatesEverything,
    /// A rule gives the reading of secrets that it does not name.
    SecretsRead,
    /// A rule gives the writing of secrets that it does not name.
    SecretsWrite,
    /// A rule gives the changing of `ConfigMaps` where EKS keeps aws-auth.
    AwsAuthWrite,
    /// A rule gives escalate on roles.
    EscalateVerb,
    /// A rule gives bind on roles that it does not name.
    BindVerb,
    /// A rule gives the acting as users, groups or service accounts that it does not name.
    Impersonate,
    /// A rule gives the making of tokens of service accounts that it does not name.
    TokenCreate,
    /// A rule gives the running of commands in pods.
    PodExec,
    /// A rule gives the creating or changing of what runs pods.
    WorkloadCreate,
    /// A rule gives nodes/proxy.
    NodesProxy,
    /// A rule gives the approving or signing of client certificates.
    CsrApproval,
    /// A rule gives the writing of admission webhooks that it does not name.
    WebhookWrite,
    /// A rule gives the writing of `APIServices` that it does not name.
    ApiServiceWrite,
    /// A rule gives the creating of persistent volumes.
    PersistentVolumeCreate,
    /// A rule gives the changing of namespaces that it does not name.
    NamespaceWrite,
    /// A role collected into view, edit or admin gives what those are not meant to give.
    AggregationWidens,
    /// A binding is for whoever has not even logged in.
    UnauthenticatedSubject,
    /// A binding is for everybody who has logged in, or for all service accounts.
    AuthenticatedSubject,
    /// A binding is for all service accounts of a namespace.
    NamespaceAccountsSubject,
    /// A binding names system:masters.
    MastersSubject,
    /// A binding is for the group or a user of nodes.
    NodesSubject,
    /// A binding is for the service account called default.
    DefaultAccountSubject,
    /// A subject can never be anybody.
    SubjectNeverMatches,
    /// A subject of kind User has the name of a service account.
    UserNamesAccount,
    /// A binding names a subject twice.
    DuplicateSubject,
    /// Another binding gives the same role to the same subjects in the same place.
    DuplicateBinding,
    /// Another binding gives the same subjects all that this one does.
    ShadowedBinding,
    /// What a rule gives, other rules of the role give already.
    ShadowedRule,
    /// An aggregated role has rules of its own.
    RulesOverwritten,
    /// A resource such as pods/* is no wildcard.
    SubresourceWildcard,
    /// A resource is written in a form that no request has.
    ResourceNameForm,
    /// A resource of Kubernetes is not in the API groups that the rule names.
    ResourceNotInGroup,
    /// An API group is written in a form that no request has.
    GroupForm,
    /// A verb is written in a form that no request has.
    VerbForm,
    /// A rule limits create or deletecollection by name.
    NamesWithCreate,
    /// A rule limits list or watch by name.
    NamesWithList,
    /// A path is written in a form that no request has.
    UrlForm,
    /// A path ends in /* and the path before it is not there.
    UrlWithoutParent,
    /// Paths are given in a namespace.
    UrlsWithoutEffect,
    /// A Role names resources that are in no namespace.
    ClusterScopedInNamespace,
}

struct Facts {
    name: &'static str,
    severity: Severity,
    why: &'static str,
    advice: &'static str,
}

impl FindingCode {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::DanglingRoleRef,
        Self::FieldError,
        Self::DuplicateObject,
        Self::UnusedRole,
        Self::NoSubjects,
        Self::DefaultChanged,
        Self::FullAccess,
        Self::BindsFullAccess,
        Self::WildcardVerbs,
        Self::WildcardResources,
        Self::WildcardGroups,
        Self::WildcardUrls,
        Self::AggregatesEverything,
        Self::SecretsRead,
        Self::SecretsWrite,
        Self::AwsAuthWrite,
        Self::EscalateVerb,
        Self::BindVerb,
        Self::Impersonate,
        Self::TokenCreate,
        Self::PodExec,
        Self::WorkloadCreate,
        Self::NodesProxy,
        Self::CsrApproval,
        Self::WebhookWrite,
        Self::ApiServiceWrite,
        Self::PersistentVolumeCreate,
        Self::NamespaceWrite,
        Self::AggregationWidens,
        Self::UnauthenticatedSubject,
        Self::AuthenticatedSubject,
        Self::NamespaceAccountsSubject,
        Self::MastersSubject,
        Self::NodesSubject,
        Self::DefaultAccountSubject,
        Self::SubjectNeverMatches,
        Self::UserNamesAccount,
        Self::DuplicateSubject,
        Self::DuplicateBinding,
        Self::ShadowedBinding,
        Self::ShadowedRule,
        Self::RulesOverwritten,
        Self::SubresourceWildcard,
        Self::ResourceNameForm,
        Self::ResourceNotInGroup,
        Self::GroupForm,
        Self::VerbForm,
        Self::NamesWithCreate,
        Self::NamesWithList,
        Self::UrlForm,
        Self::UrlWithoutParent,
        Self::UrlsWithoutEffect,
        Self::ClusterScopedInNamespace,
    ];

    /// Returns its name, such as `dangling-role-ref`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.facts().name
    }

    /// Finds it by its name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == name)
    }

    /// Returns how bad it is at its plainest: given in the whole cluster, say. A finding can have
    /// another severity, where it holds in one namespace only, or gives more.
    #[must_use]
    pub const fn severity(self) -> Severity {
        self.facts().severity
    }

    /// Returns why it matters, in one sentence.
    #[must_use]
    pub const fn why(self) -> &'static str {
        self.facts().why
    }

    /// Returns what to do about it, in one sentence.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        self.facts().advice
    }

    const fn facts(self) -> Facts {
        match self {
            Self::DanglingRoleRef => Facts {
                name: "dangling-role-ref",
                severity: Severity::Medium,
                why: "The binding gives nothing now, and whatever is created under that name \
                      later is given without anybody looking.",
                advice: "Add the role, or remove the binding.",
            },
            Self::FieldError => Facts {
                name: "field-error",
                severity: Severity::Medium,
                why: "What a manifest says and what a cluster has are different things then.",
                advice: "Correct the field.",
            },
            Self::DuplicateObject => Facts {
                name: "duplicate-object",
                severity: Severity::Medium,
                why: "Only one of them can be in a cluster; which one depends on the order of \
                      applying.",
                advice: "Keep one.",
            },
            Self::UnusedRole => Facts {
                name: "unused-role",
                severity: Severity::Info,
                why: "It gives nobody anything, until somebody binds it without looking at what \
                      is in it.",
                advice: "Remove it, if it is not meant for others to bind.",
            },
            Self::NoSubjects => Facts {
                name: "no-subjects",
                severity: Severity::Info,
                why: "It gives nobody anything.",
                advice: "Remove it, or name who is meant.",
            },
            Self::DefaultChanged => Facts {
                name: "default-changed",
                severity: Severity::Low,
                why: "Everybody counts on what these objects give, and kube-apiserver does not \
                      take additions away when it starts.",
                advice: "Put what is added into an object of its own.",
            },
            Self::FullAccess => Facts {
                name: "full-access",
                severity: Severity::High,
                why: "Whoever has it can do all that the cluster can, read every secret and \
                      change every permission.",
                advice: "List the resources and the verbs that are needed.",
            },
            Self::BindsFullAccess => Facts {
                name: "binds-full-access",
                severity: Severity::High,
                why: "Whoever has it can do all that the cluster can, read every secret and \
                      change every permission.",
                advice: "Bind a role that lists what is needed.",
            },
            Self::WildcardVerbs => Facts {
                name: "wildcard-verbs",
                severity: Severity::Low,
                why: "It includes verbs that were not thought of, those to come, and special \
                      ones such as escalate, bind and impersonate.",
                advice: "List the verbs.",
            },
            Self::WildcardResources => Facts {
                name: "wildcard-resources",
                severity: Severity::Low,
                why: "It includes subresources such as pods/exec, and resources that will be \
                      added later.",
                advice: "List the resources.",
            },
            Self::WildcardGroups => Facts {
                name: "wildcard-groups",
                severity: Severity::Low,
                why: "It reaches into groups that are installed later and use the same names \
                      for other things.",
                advice: "List the groups.",
            },
            Self::WildcardUrls => Facts {
                name: "wildcard-urls",
                severity: Severity::Low,
                why: "It includes debugging and profiling endpoints.",
                advice: "List the paths.",
            },
            Self::AggregatesEverything => Facts {
                name: "aggregates-everything",
                severity: Severity::High,
                why: "An empty selector matches all, cluster-admin included, and all that will \
                      be installed later.",
                advice: "Select by a label of your own.",
            },
            Self::SecretsRead => Facts {
                name: "secrets-read",
                severity: Severity::High,
                why: "Secrets hold credentials, tokens of service accounts among them; list and \
                      watch return their content just as get does.",
                advice: "Name the secrets with resourceNames and give get only.",
            },
            Self::SecretsWrite => Facts {
                name: "secrets-write",
                severity: Severity::Low,
                why: "Who creates a secret of type service-account-token and can read it has \
                      that account's token, and who changes one decides \
                      what others trust.",
                advice: "Name the secrets with resourceNames where they exist already.",
            },
            Self::AwsAuthWrite => Facts {
                name: "aws-auth-write",
                severity: Severity::Medium,
                why: "On EKS, who changes kube-system/aws-auth decides which AWS identity is \
                      system:masters.",
                advice: "Give it in the namespaces that need it, or name the ConfigMaps with \
                         resourceNames.",
            },
            Self::EscalateVerb => Facts {
                name: "escalate-verb",
                severity: Severity::High,
                why: "It is the permission to write a role with more than one has.",
                advice: "Leave it to the control plane; who holds what he grants needs no \
                         escalate.",
            },
            Self::BindVerb => Facts {
                name: "bind-verb",
                severity: Severity::High,
                why: "It is the permission to bind a role that gives more than one has, \
                      cluster-admin included.",
                advice: "Name the roles that may be bound with resourceNames.",
            },
            Self::Impersonate => Facts {
                name: "impersonate",
                severity: Severity::High,
                why: "Who may impersonate may do all that the others may; system:masters is a \
                      group like any other here.",
                advice: "Name with resourceNames whom it is for.",
            },
            Self::TokenCreate => Facts {
                name: "token-create",
                severity: Severity::High,
                why: "A token is all that it takes to be that service account.",
                advice: "Name the service accounts with resourceNames.",
            },
            Self::PodExec => Facts {
                name: "pod-exec",
                severity: Severity::High,
                why: "Who runs commands in a pod has its service account's token, its secrets \
                      and its network.",
                advice: "Give it in single namespaces to people, if at all.",
            },
            Self::WorkloadCreate => Facts {
                name: "workload-create",
                severity: Severity::Medium,
                why: "A pod can run as any service account of its namespace and mount any of \
                      its secrets, whatever the permissions on those.",
                advice: "Give it in namespaces where nothing more privileged runs.",
            },
            Self::NodesProxy => Facts {
                name: "nodes-proxy",
                severity: Severity::High,
                why: "It reaches the kubelet's own API, which runs commands in every pod of the \
                      node, past audit and admission; get is enough.",
                advice: "Use nodes/metrics, nodes/stats, nodes/log or, since 1.33, the finer \
                         subresources.",
            },
            Self::CsrApproval => Facts {
                name: "csr-approval",
                severity: Severity::High,
                why: "A certificate for system:masters cannot be revoked.",
                advice: "Limit it with resourceNames to the signers that are needed.",
            },
            Self::WebhookWrite => Facts {
                name: "webhook-write",
                severity: Severity::High,
                why: "A webhook sees every object that is written, secrets included, and a \
                      mutating one changes it.",
                advice: "Name the configurations with resourceNames; creating cannot be limited.",
            },
            Self::ApiServiceWrite => Facts {
                name: "api-service-write",
                severity: Severity::High,
                why: "Who registers a server for an API group sees all requests for it.",
                advice: "Name the APIServices with resourceNames.",
            },
            Self::PersistentVolumeCreate => Facts {
                name: "persistent-volume-create",
                severity: Severity::Medium,
                why: "A volume can be a path of the node.",
                advice: "Leave it to provisioners; users need claims.",
            },
            Self::NamespaceWrite => Facts {
                name: "namespace-write",
                severity: Severity::Low,
                why: "Labels of a namespace choose its Pod Security level, and which network \
                      policies and webhooks apply to it.",
                advice: "Name the namespaces with resourceNames.",
            },
            Self::AggregationWidens => Facts {
                name: "aggregation-widens",
                severity: Severity::High,
                why: "Everybody who has view, edit or admin gets it, without any binding being \
                      changed.",
                advice: "Take the rule out of the role with the label, and bind it to whom it \
                         is for.",
            },
            Self::UnauthenticatedSubject => Facts {
                name: "unauthenticated-subject",
                severity: Severity::Critical,
                why: "Everybody who reaches the API server has it, and with an API server on \
                      the internet that is everybody.",
                advice: "Bind it to system:authenticated or to whom it is for.",
            },
            Self::AuthenticatedSubject => Facts {
                name: "authenticated-subject",
                severity: Severity::Medium,
                why: "It includes every pod's service account and whoever the identity provider \
                      knows; on some clouds that was anybody with an \
                      account.",
                advice: "Bind it to the groups or service accounts that need it.",
            },
            Self::NamespaceAccountsSubject => Facts {
                name: "namespace-accounts-subject",
                severity: Severity::Low,
                why: "It includes those created later, and every pod that names none.",
                advice: "Bind it to single service accounts.",
            },
            Self::MastersSubject => Facts {
                name: "masters-subject",
                severity: Severity::Medium,
                why: "That group may do everything without any binding; it says nothing but \
                      that somebody counts on its use, which no binding \
                      can take away.",
                advice: "Use a group of your own.",
            },
            Self::NodesSubject => Facts {
                name: "nodes-subject",
                severity: Severity::Medium,
                why: "The Node authorizer limits a kubelet to what its pods need; a binding \
                      gives it to all nodes without that limit.",
                advice: "Bind it to the service account of what runs on the nodes.",
            },
            Self::DefaultAccountSubject => Facts {
                name: "default-account-subject",
                severity: Severity::Low,
                why: "Every pod of its namespace that names no service account has it.",
                advice: "Make a service account for what needs it.",
            },
            Self::SubjectNeverMatches => Facts {
                name: "subject-never-matches",
                severity: Severity::Medium,
                why: "Whoever wrote it meant somebody, who does not get it.",
                advice: "Correct kind, name or namespace.",
            },
            Self::UserNamesAccount => Facts {
                name: "user-names-account",
                severity: Severity::Info,
                why: "It works, but tools that look for service accounts do not see it.",
                advice: "Write it with kind ServiceAccount, name and namespace.",
            },
            Self::DuplicateSubject => Facts {
                name: "duplicate-subject",
                severity: Severity::Info,
                why: "Who removes one of them believes to have revoked it.",
                advice: "Keep one.",
            },
            Self::DuplicateBinding => Facts {
                name: "duplicate-binding",
                severity: Severity::Info,
                why: "Who removes one of them believes to have revoked it.",
                advice: "Keep one.",
            },
            Self::ShadowedBinding => Facts {
                name: "shadowed-binding",
                severity: Severity::Info,
                why: "Who removes it believes to have revoked something.",
                advice: "Keep the one that is meant.",
            },
            Self::ShadowedRule => Facts {
                name: "shadowed-rule",
                severity: Severity::Info,
                why: "Who removes it believes to have revoked something, and who reads it \
                      believes that it limits something.",
                advice: "Remove it, or the wider one.",
            },
            Self::RulesOverwritten => Facts {
                name: "rules-overwritten",
                severity: Severity::Low,
                why: "The control plane puts the rules of the roles that it selects in their \
                      place.",
                advice: "Put them into a role with the label that it selects.",
            },
            Self::SubresourceWildcard => Facts {
                name: "subresource-wildcard",
                severity: Severity::Medium,
                why: "It matches a subresource called *, which there is not, so that nothing is \
                      given.",
                advice: "List the subresources.",
            },
            Self::ResourceNameForm => Facts {
                name: "resource-name-form",
                severity: Severity::Medium,
                why: "Requests have the plural in lower case; kinds, singulars, short names and \
                      patterns match nothing.",
                advice: "Write the plural in lower case, such as deployments.",
            },
            Self::ResourceNotInGroup => Facts {
                name: "resource-not-in-group",
                severity: Severity::Medium,
                why: "The rule gives nothing on it, whatever is meant.",
                advice: "Name its group; the core group is the empty text.",
            },
            Self::GroupForm => Facts {
                name: "group-form",
                severity: Severity::Medium,
                why: "Groups have no version and no pattern, and the core group's name is the \
                      empty text.",
                advice: "Write the group alone, such as apps.",
            },
            Self::VerbForm => Facts {
                name: "verb-form",
                severity: Severity::Medium,
                why: "Verbs are in lower case, without patterns; for paths they are HTTP \
                      methods.",
                advice: "Write a verb such as get, or * for all.",
            },
            Self::NamesWithCreate => Facts {
                name: "names-with-create",
                severity: Severity::Medium,
                why: "Such requests have no name, so that the rule does not allow them.",
                advice: "Put these verbs into a rule without resourceNames.",
            },
            Self::NamesWithList => Facts {
                name: "names-with-list",
                severity: Severity::Info,
                why: "It allows only requests with the field selector metadata.name, which most \
                      clients do not send.",
                advice: "Make sure that the client sends it, or give get only.",
            },
            Self::UrlForm => Facts {
                name: "url-form",
                severity: Severity::Medium,
                why: "Paths begin with a slash, and * stands for the rest of a path at its end \
                      only.",
                advice: "Begin it with a slash and end it with * if the rest does not matter.",
            },
            Self::UrlWithoutParent => Facts {
                name: "url-without-parent",
                severity: Severity::Info,
                why: "/foo/* does not match /foo.",
                advice: "Add /foo, if it is meant.",
            },
            Self::UrlsWithoutEffect => Facts {
                name: "urls-without-effect",
                severity: Severity::Medium,
                why: "A request for a path has no namespace, so that no RoleBinding ever gives \
                      one.",
                advice: "Use a ClusterRoleBinding.",
            },
            Self::ClusterScopedInNamespace => Facts {
                name: "cluster-scoped-in-namespace",
                severity: Severity::Low,
                why: "Requests for them have no namespace, so that no RoleBinding ever gives \
                      them.",
                advice: "Use a ClusterRole and a ClusterRoleBinding.",
            },
        }
    }
}

impl Display for FindingCode {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for FindingCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
