//! Name, usual severity, reason and advice of each code, as data.

use super::FindingCode;
use crate::severity::Severity;

pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) severity: Severity,
    pub(super) why: &'static str,
    pub(super) advice: &'static str,
}

pub(super) const fn entry(code: FindingCode) -> Entry {
    match code {
        FindingCode::DanglingRoleRef => Entry {
            name: "dangling-role-ref",
            severity: Severity::Medium,
            why: "The binding grants nothing now, and it will silently grant any role that is \
                  later created under that name.",
            advice: "Add the role, or remove the binding.",
        },
        FindingCode::FieldError => Entry {
            name: "field-error",
            severity: Severity::Medium,
            why: "The manifest cannot be applied, so the cluster does not have what it \
                  describes.",
            advice: "Correct the field.",
        },
        FindingCode::Placeholder => Entry {
            name: "placeholder",
            severity: Severity::Medium,
            why: "The object is applied under the literal text, so it does not apply to the \
                  objects that are meant.",
            advice: "Fill in the template, for example with helm template or envsubst.",
        },
        FindingCode::DuplicateObject => Entry {
            name: "duplicate-object",
            severity: Severity::Medium,
            why: "A cluster can hold only one of them; which one depends on the order in which \
                  they are applied.",
            advice: "Keep one.",
        },
        FindingCode::UnusedRole => Entry {
            name: "unused-role",
            severity: Severity::Info,
            why: "It grants nothing until it is bound, and then it may grant more than the \
                  author of the binding expects.",
            advice: "Remove it, unless others are meant to bind it.",
        },
        FindingCode::NoSubjects => Entry {
            name: "no-subjects",
            severity: Severity::Info,
            why: "It grants nothing.",
            advice: "Remove it, or add its subjects.",
        },
        FindingCode::DefaultChanged => Entry {
            name: "default-changed",
            severity: Severity::Low,
            why: "Users rely on these objects as documented, and kube-apiserver does not \
                  remove additions when it reconciles them.",
            advice: "Move the addition to an object of its own.",
        },
        FindingCode::FullAccess => Entry {
            name: "full-access",
            severity: Severity::High,
            why: "It allows anything in its scope, including reading all secrets and changing \
                  all permissions.",
            advice: "List the resources and verbs that are needed.",
        },
        FindingCode::BindsFullAccess => Entry {
            name: "binds-full-access",
            severity: Severity::High,
            why: "It allows anything in its scope, including reading all secrets and changing \
                  all permissions.",
            advice: "Bind a role that lists the permissions needed.",
        },
        FindingCode::BindsRiskyRole => Entry {
            name: "binds-risky-role",
            severity: Severity::High,
            why: "The rules of the default policy and of other known roles are not judged, but bound \
                  here, they lead to more permissions.",
            advice: "Bind it in the namespaces that need it, other than kube-system, or bind a \
                     role that lists the permissions needed.",
        },
        FindingCode::WildcardVerbs => Entry {
            name: "wildcard-verbs",
            severity: Severity::Low,
            why: "The wildcard includes special verbs such as escalate, bind and impersonate, \
                  and verbs added later.",
            advice: "List the verbs.",
        },
        FindingCode::WildcardResources => Entry {
            name: "wildcard-resources",
            severity: Severity::Low,
            why: "The wildcard includes subresources such as pods/exec, and resources added \
                  later.",
            advice: "List the resources.",
        },
        FindingCode::WildcardGroups => Entry {
            name: "wildcard-groups",
            severity: Severity::Low,
            why: "It also matches API groups installed later that use the same resource names \
                  for other things.",
            advice: "List the API groups.",
        },
        FindingCode::WildcardUrls => Entry {
            name: "wildcard-urls",
            severity: Severity::Low,
            why: "The wildcard includes debugging and profiling endpoints.",
            advice: "List the paths.",
        },
        FindingCode::AggregatesEverything => Entry {
            name: "aggregates-everything",
            severity: Severity::High,
            why: "An empty selector matches every ClusterRole, including cluster-admin and \
                  those installed later.",
            advice: "Select by a label of your own.",
        },
        FindingCode::SecretsRead => Entry {
            name: "secrets-read",
            severity: Severity::High,
            why: "Secrets hold credentials, including service account tokens; list and watch \
                  return their content, as get does.",
            advice: "Name the secrets in resourceNames, and allow only get.",
        },
        FindingCode::SecretsWrite => Entry {
            name: "secrets-write",
            severity: Severity::Low,
            why: "A secret of type service-account-token receives a token of the account it \
                  names, and changing a secret changes what its readers trust.",
            advice: "Name existing secrets in resourceNames.",
        },
        FindingCode::SecretTokenMint => Entry {
            name: "secret-token-mint",
            severity: Severity::High,
            why: "A secret of that name, created with type service-account-token, receives a \
                  token of any service account of its namespace.",
            advice: "Create the secret beforehand and allow get and update of its name, without \
                     create.",
        },
        FindingCode::AwsAuthWrite => Entry {
            name: "aws-auth-write",
            severity: Severity::High,
            why: "On EKS, changing kube-system/aws-auth decides which AWS principals belong to \
                  system:masters.",
            advice: "Leave changes of aws-auth to administrators, and name other ConfigMaps in \
                     resourceNames.",
        },
        FindingCode::IamMappingWrite => Entry {
            name: "iam-mapping-write",
            severity: Severity::High,
            why: "An IAMIdentityMapping makes an AWS principal a member of system:masters, and an \
                  AccessEntry of ACK gives it AmazonEKSClusterAdminPolicy.",
            advice: "Leave it to administrators and the ACK controller.",
        },
        FindingCode::EscalateVerb => Entry {
            name: "escalate-verb",
            severity: Severity::High,
            why: "It allows writing a role that grants more than its author holds.",
            advice: "Leave it to the control plane; a user who holds the permissions they grant \
                     does not need escalate.",
        },
        FindingCode::BindVerb => Entry {
            name: "bind-verb",
            severity: Severity::High,
            why: "It allows binding a role that grants more than the user holds, including \
                  cluster-admin.",
            advice: "Name the roles that may be bound in resourceNames.",
        },
        FindingCode::Impersonate => Entry {
            name: "impersonate",
            severity: Severity::High,
            why: "The holder can act as any of these identities; only constrained impersonation \
                  excludes the group system:masters.",
            advice: "Name the identities in resourceNames.",
        },
        FindingCode::TokenCreate => Entry {
            name: "token-create",
            severity: Severity::High,
            why: "A token is sufficient to act as its service account.",
            advice: "Name the service accounts in resourceNames.",
        },
        FindingCode::PodExec => Entry {
            name: "pod-exec",
            severity: Severity::High,
            why: "A command in a pod has the pod's service account token, its secrets and its \
                  network.",
            advice: "Grant it to people in single namespaces, if at all.",
        },
        FindingCode::PodPortForward => Entry {
            name: "pod-portforward",
            severity: Severity::Low,
            why: "It reaches every port of a pod from outside, including those that no service \
                  exposes, past network policies.",
            advice: "Grant it to people in single namespaces, if at all.",
        },
        FindingCode::PodUpdate => Entry {
            name: "pod-update",
            severity: Severity::Medium,
            why: "The image of a running pod can be changed, so this runs code with the \
                  service account, secrets and volumes of any pod.",
            advice: "Change the workload that creates the pods, or allow only subresources such \
                     as pods/status.",
        },
        FindingCode::WorkloadCreate => Entry {
            name: "workload-create",
            severity: Severity::Medium,
            why: "A pod can run as any service account of its namespace and mount any of its \
                  secrets, whatever the permissions on those are.",
            advice: "Grant it in namespaces where nothing more privileged runs.",
        },
        FindingCode::NodesProxy => Entry {
            name: "nodes-proxy",
            severity: Severity::High,
            why: "It reaches the kubelet API, which runs commands in every pod of the node, \
                  bypassing audit and admission; get is sufficient.",
            advice: "Use nodes/metrics, nodes/stats, nodes/log or, since 1.33, the more specific \
                     subresources.",
        },
        FindingCode::NodeWrite => Entry {
            name: "node-write",
            severity: Severity::Medium,
            why: "Labels, taints and allocatable resources decide where pods run, so this can \
                  move pods and their secrets to a compromised node.",
            advice: "Name the nodes in resourceNames.",
        },
        FindingCode::CsrApproval => Entry {
            name: "csr-approval",
            severity: Severity::High,
            why: "A certificate for system:masters grants full access and cannot be revoked.",
            advice: "Name the signers that are needed in resourceNames.",
        },
        FindingCode::WebhookWrite => Entry {
            name: "webhook-write",
            severity: Severity::High,
            why: "A webhook receives every object that is written, including secrets, and a \
                  mutating webhook changes it.",
            advice: "Name the configurations in resourceNames; create cannot be limited by name.",
        },
        FindingCode::AdmissionPolicyWrite => Entry {
            name: "admission-policy-write",
            severity: Severity::High,
            why: "A mutating policy changes every object it selects, for example the image or \
                  service account of every new pod, without a webhook server.",
            advice: "Name the policies in resourceNames; create cannot be limited by name.",
        },
        FindingCode::ApiServiceWrite => Entry {
            name: "api-service-write",
            severity: Severity::High,
            why: "The server registered for an API group receives all requests for it.",
            advice: "Name the APIServices in resourceNames.",
        },
        FindingCode::PersistentVolumeCreate => Entry {
            name: "persistent-volume-create",
            severity: Severity::Medium,
            why: "A volume can expose a path of the node.",
            advice: "Leave it to provisioners; users need only claims.",
        },
        FindingCode::ResourceClaimWrite => Entry {
            name: "resource-claim-write",
            severity: Severity::Low,
            why: "It decides which devices pods receive, or what is reported about them, in \
                  place of the scheduler or the driver.",
            advice: "Leave the binding to the scheduler; name the driver in resourceNames, and \
                     use the verbs for the associated node.",
        },
        FindingCode::NamespaceWrite => Entry {
            name: "namespace-write",
            severity: Severity::Low,
            why: "Labels of a namespace set its Pod Security level and select the network \
                  policies and webhooks that apply to it.",
            advice: "Name the namespaces in resourceNames.",
        },
        FindingCode::AggregationWidens => Entry {
            name: "aggregation-widens",
            severity: Severity::High,
            why: "Every subject of view, edit or admin gains it, although no binding changes.",
            advice: "Move the rule to a role without the label, and bind that role to the \
                     subjects that need it.",
        },
        FindingCode::UnauthenticatedSubject => Entry {
            name: "unauthenticated-subject",
            severity: Severity::Critical,
            why: "Every client that can reach the API server has it, which may be anyone on \
                  the internet.",
            advice: "Bind it to system:authenticated, or to the subjects that need it.",
        },
        FindingCode::AuthenticatedSubject => Entry {
            name: "authenticated-subject",
            severity: Severity::Medium,
            why: "It includes the service account of every pod, and every identity the \
                  provider knows; on some clouds that has meant every account holder.",
            advice: "Bind it to the groups or service accounts that need it.",
        },
        FindingCode::NamespaceAccountsSubject => Entry {
            name: "namespace-accounts-subject",
            severity: Severity::Low,
            why: "It includes accounts created later, and every pod that names no account.",
            advice: "Bind it to single service accounts.",
        },
        FindingCode::MastersSubject => Entry {
            name: "masters-subject",
            severity: Severity::Medium,
            why: "Members of that group may do anything without a binding, so the binding only \
                  shows that the group is in use, and removing it revokes nothing.",
            advice: "Use a group of your own.",
        },
        FindingCode::NodesSubject => Entry {
            name: "nodes-subject",
            severity: Severity::Medium,
            why: "The Node authorizer limits each kubelet to what its pods need; a binding \
                  grants the role without that limit.",
            advice: "Bind it to the service account of the workload that runs on the nodes.",
        },
        FindingCode::DefaultAccountSubject => Entry {
            name: "default-account-subject",
            severity: Severity::Low,
            why: "Every pod of the namespace that names no service account has it.",
            advice: "Create a service account for the workload that needs it.",
        },
        FindingCode::SubjectNeverMatches => Entry {
            name: "subject-never-matches",
            severity: Severity::Medium,
            why: "The intended user or group does not get the role.",
            advice: "Correct the kind, name or namespace.",
        },
        FindingCode::UserNamesAccount => Entry {
            name: "user-names-account",
            severity: Severity::Info,
            why: "It works, but tools that look for service accounts do not see it.",
            advice: "Write it with kind ServiceAccount, name and namespace.",
        },
        FindingCode::DuplicateSubject => Entry {
            name: "duplicate-subject",
            severity: Severity::Info,
            why: "Removing one of the two revokes nothing.",
            advice: "Keep one.",
        },
        FindingCode::DuplicateBinding => Entry {
            name: "duplicate-binding",
            severity: Severity::Info,
            why: "Removing one of the two revokes nothing.",
            advice: "Keep one.",
        },
        FindingCode::ShadowedBinding => Entry {
            name: "shadowed-binding",
            severity: Severity::Info,
            why: "Removing it revokes nothing.",
            advice: "Keep the one that is intended.",
        },
        FindingCode::ShadowedRule => Entry {
            name: "shadowed-rule",
            severity: Severity::Info,
            why: "Removing it revokes nothing, and a reader may think that it limits \
                  something.",
            advice: "Remove it, or the wider rule.",
        },
        FindingCode::RulesOverwritten => Entry {
            name: "rules-overwritten",
            severity: Severity::Low,
            why: "The control plane replaces them with the rules of the roles it selects.",
            advice: "Move them to a role with a label it selects.",
        },
        FindingCode::SubresourceWildcard => Entry {
            name: "subresource-wildcard",
            severity: Severity::Medium,
            why: "It matches only a subresource called *, which does not exist, so it allows \
                  nothing.",
            advice: "List the subresources.",
        },
        FindingCode::ResourceNameForm => Entry {
            name: "resource-name-form",
            severity: Severity::Medium,
            why: "Requests use the plural in lower case; kinds, singulars, short names and \
                  patterns match nothing.",
            advice: "Write the plural in lower case, such as deployments.",
        },
        FindingCode::ResourceNotInGroup => Entry {
            name: "resource-not-in-group",
            severity: Severity::Medium,
            why: "The rule allows nothing on that resource.",
            advice: "Add the API group of the resource; the core group is the empty string.",
        },
        FindingCode::GroupForm => Entry {
            name: "group-form",
            severity: Severity::Medium,
            why: "API groups have no version and no patterns, and the core group is the empty \
                  string.",
            advice: "Write the group alone, such as apps.",
        },
        FindingCode::VerbForm => Entry {
            name: "verb-form",
            severity: Severity::Medium,
            why: "Verbs are in lower case, without patterns; for non-resource URLs they are \
                  HTTP methods.",
            advice: "Write a verb such as get, or * for all verbs.",
        },
        FindingCode::NamesWithCreate => Entry {
            name: "names-with-create",
            severity: Severity::Medium,
            why: "These requests carry no name, so the rule does not allow them.",
            advice: "Move these verbs to a rule without resourceNames.",
        },
        FindingCode::NamesWithList => Entry {
            name: "names-with-list",
            severity: Severity::Info,
            why: "It allows only requests with the field selector metadata.name, which most \
                  clients do not send.",
            advice: "Make sure that the client sends the selector, or allow only get.",
        },
        FindingCode::NamesWithoutEffect => Entry {
            name: "names-without-effect",
            severity: Severity::Medium,
            why: "The API server asks for this permission without a name, or with the name *, \
                  so the rule does not allow it.",
            advice: "Move it to a rule without resourceNames.",
        },
        FindingCode::UrlForm => Entry {
            name: "url-form",
            severity: Severity::Medium,
            why: "Paths begin with a slash, and * is a wildcard only at the end.",
            advice: "Begin the path with a slash, and end it with * to match everything below.",
        },
        FindingCode::UrlWithoutParent => Entry {
            name: "url-without-parent",
            severity: Severity::Info,
            why: "/foo/* does not match /foo.",
            advice: "Add the path itself, if it is needed.",
        },
        FindingCode::UrlsWithoutEffect => Entry {
            name: "urls-without-effect",
            severity: Severity::Medium,
            why: "Requests for paths have no namespace, so a RoleBinding never allows them.",
            advice: "Use a ClusterRoleBinding.",
        },
        FindingCode::ClusterScopedInNamespace => Entry {
            name: "cluster-scoped-in-namespace",
            severity: Severity::Low,
            why: "Requests for them have no namespace, so a RoleBinding never allows them.",
            advice: "Use a ClusterRole and a ClusterRoleBinding.",
        },
        FindingCode::NotChecked => Entry {
            name: "not-checked",
            severity: Severity::Info,
            why: "A limit of the lint was reached, so other findings may be missing.",
            advice: "Split the object, or review it by hand.",
        },
    }
}
