package main

import (
	"encoding/json"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"

	"oracle/differential"
)

// question is a question of the conformance driver. Each op uses some of the fields.
type question struct {
	Op string `json:"op"`
	// The Kubernetes version. The driver's default is 1.34.
	Version string `json:"kubernetesVersion,omitempty"`

	Method string `json:"method,omitempty"`
	URL    string `json:"url,omitempty"`

	World     *world   `json:"world,omitempty"`
	User      string   `json:"user,omitempty"`
	Groups    []string `json:"groups,omitempty"`
	Namespace string   `json:"namespace,omitempty"`
	Checks    []attrs  `json:"checks,omitempty"`
	Attrs     *attrs   `json:"attrs,omitempty"`
	SuperUser string   `json:"superUser,omitempty"`
	Reason    string   `json:"authzReason,omitempty"`

	Rules   []rbacv1.PolicyRule `json:"rules,omitempty"`
	Owner   []rbacv1.PolicyRule `json:"owner,omitempty"`
	Servant []rbacv1.PolicyRule `json:"servant,omitempty"`

	Kind   string          `json:"kind,omitempty"`
	Object json.RawMessage `json:"object,omitempty"`
	Before json.RawMessage `json:"before,omitempty"`
	// Whether a write is validated after the escalation check. The recorded answers of `rbac.write` are not.
	Validated bool `json:"validated,omitempty"`
	// Whether a write is sent by PUT although there is no object before.
	Put    bool            `json:"put,omitempty"`
	Text   string          `json:"text,omitempty"`
	Review json.RawMessage `json:"review,omitempty"`

	Impersonate *headers `json:"impersonate,omitempty"`
	// The node to which the caller's token is bound.
	Node string `json:"node,omitempty"`

	// The arguments of `kubectl auth can-i`. Without a namespace, there is no context.
	Words []string `json:"words,omitempty"`

	ClusterRoles []rbacv1.ClusterRole `json:"clusterRoles,omitempty"`
	Target       string               `json:"target,omitempty"`
	Selector     json.RawMessage      `json:"selector,omitempty"`
	Labels       map[string]string    `json:"labels,omitempty"`
}

type world struct {
	Roles               []rbacv1.Role               `json:"roles,omitempty"`
	RoleBindings        []rbacv1.RoleBinding        `json:"roleBindings,omitempty"`
	ClusterRoles        []rbacv1.ClusterRole        `json:"clusterRoles,omitempty"`
	ClusterRoleBindings []rbacv1.ClusterRoleBinding `json:"clusterRoleBindings,omitempty"`
}

// attrs has the attributes of a request and of its user.
type attrs struct {
	User            string   `json:"user"`
	Groups          []string `json:"groups,omitempty"`
	ResourceRequest bool     `json:"resourceRequest"`
	Verb            string   `json:"verb"`
	Namespace       string   `json:"namespace,omitempty"`
	APIGroup        string   `json:"apiGroup,omitempty"`
	Resource        string   `json:"resource,omitempty"`
	Subresource     string   `json:"subresource,omitempty"`
	Name            string   `json:"name,omitempty"`
	Path            string   `json:"path,omitempty"`
}

func (a *attrs) record() authorizer.AttributesRecord {
	return authorizer.AttributesRecord{
		User: &user.DefaultInfo{Name: a.User, Groups: a.Groups}, ResourceRequest: a.ResourceRequest,
		Verb: a.Verb, Namespace: a.Namespace, APIGroup: a.APIGroup, Resource: a.Resource,
		Subresource: a.Subresource, Name: a.Name, Path: a.Path,
	}
}

// answer is a JSON object.
type answer = map[string]any

func refusal(code, message string) answer { return differential.Refusal(code, message) }

func ask(q *question) answer {
	switch q.Op {
	case "rbac.request_info":
		return requestInfo(q)
	case "rbac.raw_selector":
		return rawSelector(q)
	case "rbac.label_selector":
		return labelSelector(q)
	case "rbac.serve":
		return serve(q)
	case "rbac.forbidden":
		return forbidden(q)
	case "rbac.authorize":
		return authorize(q)
	case "rbac.rules_for":
		return rulesFor(q)
	case "rbac.allowed_subjects":
		return allowedSubjects(q)
	case "rbac.covers":
		return covers(q)
	case "rbac.escalation":
		return escalation(q)
	case "rbac.aggregate":
		return aggregate(q)
	case "rbac.can_i":
		return canI(q)
	case "rbac.can_i_list":
		return canIList(q)
	case "rbac.impersonate":
		return impersonate(q)
	case "rbac.validate":
		return validate(q)
	case "rbac.read":
		return readText(q)
	case "rbac.default":
		return fillIn(q)
	case "rbac.write":
		return write(q)
	case "rbac.review", "rbac.review_rules":
		return review(q)
	}
	return refusal("unknown-op", "no such op")
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
