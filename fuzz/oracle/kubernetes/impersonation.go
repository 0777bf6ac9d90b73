package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// headers has the values of the headers of impersonation.
type headers struct {
	User   string              `json:"user"`
	Groups []string            `json:"groups,omitempty"`
	UID    string              `json:"uid,omitempty"`
	Extra  map[string][]string `json:"extra,omitempty"`
}

// nodeName is the extra field of a service account whose token is bound to a node.
const nodeName = "authentication.kubernetes.io/node-name"

// impersonate sends a request through the filter, and returns the user behind it or the refusal.
func impersonate(q *question) answer {
	var got user.Info
	served := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { got, _ = request.UserFrom(req.Context()) })
	handler := withImpersonation(served, chain(q.World.authorizer()))
	caller := &user.DefaultInfo{Name: q.User, Groups: q.Groups}
	if q.Node != "" {
		caller.Extra = map[string][]string{nodeName: {q.Node}}
	}
	a := q.Attrs
	if a == nil {
		a = &attrs{ResourceRequest: true, Verb: "list", Resource: "pods"}
	}
	ctx := request.WithRequestInfo(request.WithUser(context.Background(), caller), &request.RequestInfo{
		IsResourceRequest: a.ResourceRequest, Path: a.Path, Verb: a.Verb, APIGroup: a.APIGroup, APIVersion: "v1",
		Namespace: a.Namespace, Resource: a.Resource, Subresource: a.Subresource, Name: a.Name,
	})
	req := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
	req.Header["Impersonate-User"] = []string{q.Impersonate.User}
	req.Header["Impersonate-Group"] = q.Impersonate.Groups
	if q.Impersonate.UID != "" {
		req.Header["Impersonate-Uid"] = []string{q.Impersonate.UID}
	}
	for key, values := range q.Impersonate.Extra {
		// As client-go writes them.
		req.Header["Impersonate-Extra-"+http.CanonicalHeaderKey(url.PathEscape(key))] = values
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, req)
	if got == nil {
		return answer{"status": w.Code, "body": w.Body.String()}
	}
	return answer{"status": w.Code, "user": got.GetName(), "groups": got.GetGroups()}
}

// impersonate generates a caller who holds rules for impersonation, the headers of a request, and the request.
func (g generator) impersonate() *question {
	w := g.world(g.alphabet())
	c := g.caller(w)
	if g.One(4) {
		c.user = "system:serviceaccount:ns1:sa"
	}
	of := headers{User: g.Pick("bob", "alice", "system:anonymous", "system:node:n", "system:node:m.x", "system:node:N_", "system:node:",
		"system:serviceaccount:ns1:sa", "system:serviceaccount:ns2:a.b", "system:serviceaccount:A:sa", "system:serviceaccount:ns1:a_b",
		"system:serviceaccount:ns1:a:b", "system:serviceaccount::sa", "ü\"q", "a b")}
	switch {
	case g.One(2):
	case g.One(6):
		of.Groups = []string{"devs", "ops", "qa", "sre", "devs"}[:4+g.IntN(2)]
	default:
		of.Groups = g.Some(2, []string{"devs", "system:masters", "system:authenticated", "system:unauthenticated", "system:serviceaccounts:ns1", ""})
	}
	if g.One(4) {
		of.UID = g.Pick("7", "u-1")
	}
	if g.One(4) {
		// Upstream reads keys in lower case. With several keys, it refuses a random one of them.
		key := g.Pick("reason", "x.io/y", "x.io/y", "x.io/y", "a%2fb", "x.io/", "x_.io/y", "x_.io/ y", "x.io/é", "x.io/y?", "a/b/c", "/", "")
		of.Extra = map[string][]string{key: g.AtLeastOne(2+3*g.IntN(2), []string{"a", "b", "c", ""})}
		if g.One(2) {
			of.Extra[key] = []string{"a", "b", "c", "d", "a"}[:1+g.IntN(5)]
		}
	}
	q := &question{Op: "rbac.impersonate", World: w, User: c.user, Groups: c.groups, Impersonate: &of}
	if g.One(2) {
		q.Node = g.Pick("n", "n", "m.x", "N_", "other")
	}
	if !g.One(4) {
		a := g.attrs(wide)
		q.Attrs = &a
	}
	w.ClusterRoles = append(w.ClusterRoles, rbacv1.ClusterRole{ObjectMeta: metav1Name("impersonates"), Rules: g.impersonationRules(q)})
	w.ClusterRoleBindings = append(w.ClusterRoleBindings, rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1Name("impersonates"), Subjects: []rbacv1.Subject{{Kind: "User", Name: c.user}},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "impersonates"},
	})
	return q
}

// impersonationRules generates rules for the verb impersonate, or for a mode of constrained impersonation. The mode often
// fits the user, and the rules often have all that is needed.
func (g generator) impersonationRules(q *question) []rbacv1.PolicyRule {
	of := q.Impersonate
	mode := g.Pick("associated-node", "arbitrary-node", "serviceaccount", "user-info")
	switch {
	case g.One(6):
	case strings.HasPrefix(of.User, "system:node:"):
		mode = g.Pick("associated-node", "arbitrary-node")
	case strings.HasPrefix(of.User, "system:serviceaccount:"):
		mode = "serviceaccount"
	default:
		mode = "user-info"
	}
	groups := []string{"", "", "authentication.k8s.io", "*"}
	verbs := []string{"impersonate", "impersonate", "*", "get"}
	var rules []rbacv1.PolicyRule
	if !g.One(3) {
		groups = []string{"authentication.k8s.io", "authentication.k8s.io", "authentication.k8s.io", "*", ""}
		verbs = []string{"impersonate:" + mode, "impersonate:" + mode, "impersonate:" + mode, "impersonate", "*"}
		a := &attrs{ResourceRequest: true, Verb: "list", Resource: "pods"}
		if q.Attrs != nil && !g.One(8) {
			a = q.Attrs
		}
		rule := rbacv1.PolicyRule{Verbs: []string{"impersonate-on:" + mode + ":" + a.Verb}}
		if g.One(8) {
			rule.Verbs = []string{g.Pick("*", a.Verb, "impersonate-on:"+mode+":*", "impersonate:"+mode)}
		}
		if a.ResourceRequest {
			rule.APIGroups, rule.Resources = []string{a.APIGroup}, []string{choose(a.Subresource == "", a.Resource, a.Resource+"/"+a.Subresource)}
		} else {
			rule.NonResourceURLs = []string{a.Path}
		}
		rules = append(rules, rule)
	}
	for range g.IntN(4) {
		rule := rbacv1.PolicyRule{
			Verbs: []string{g.Pick(verbs...)}, APIGroups: []string{g.Pick(groups...)},
			Resources: g.AtLeastOne(4, []string{"users", "users", "groups", "groups", "nodes", "nodes", "serviceaccounts", "serviceaccounts", "uids",
				"userextras", "userextras/reason", "userextras/x.io/y", "userextras/*", "*/*", "*"}),
		}
		if g.One(3) {
			rule.ResourceNames = g.AtLeastOne(3, []string{of.User, "devs", "ops", "sa", "n", "m.x", "*", "7", "a", "b", "system:masters"})
		}
		rules = append(rules, rule)
	}
	return rules
}
