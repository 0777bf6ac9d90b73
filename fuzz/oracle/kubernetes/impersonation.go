package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/filters"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// headers has the values of the headers of impersonation.
type headers struct {
	User   string              `json:"user"`
	Groups []string            `json:"groups,omitempty"`
	UID    string              `json:"uid,omitempty"`
	Extra  map[string][]string `json:"extra,omitempty"`
}

// impersonate sends a request through the filter, and returns the user behind it or the refusal.
func impersonate(q *question) answer {
	var got user.Info
	served := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { got, _ = request.UserFrom(req.Context()) })
	handler := filters.WithRequestInfo(withImpersonation(served, chain(q.World.authorizer())), requestInfos)
	ctx := request.WithUser(context.Background(), &user.DefaultInfo{Name: q.User, Groups: q.Groups})
	req := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/pods", nil)
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

// impersonate generates a caller who holds rules for impersonation, and the headers of a request.
func (g generator) impersonate() *question {
	w := g.world(g.alphabet())
	c := g.caller(w)
	of := headers{User: g.Pick("bob", "alice", "system:anonymous", "system:node:n", "system:serviceaccount:ns1:sa", "system:serviceaccount:ns2:a.b",
		"system:serviceaccount:A:sa", "system:serviceaccount:ns1:a_b", "system:serviceaccount:ns1:a:b", "system:serviceaccount::sa", "ü\"q", "a b")}
	of.Groups = g.Some(2, []string{"devs", "system:masters", "system:authenticated", "system:unauthenticated", "system:serviceaccounts:ns1", ""})
	if g.One(4) {
		of.UID = g.Pick("7", "u-1")
	}
	if g.One(4) {
		// With several keys, upstream refuses a random one of them.
		of.Extra = map[string][]string{g.Pick("reason", "x.io/y", "a%2fb"): g.AtLeastOne(2, []string{"a", "b", ""})}
	}
	var rules []rbacv1.PolicyRule
	for range g.IntN(4) {
		rule := rbacv1.PolicyRule{
			Verbs: []string{g.Pick("impersonate", "impersonate", "*", "get")}, APIGroups: []string{g.Pick("", "", "authentication.k8s.io", "*")},
			Resources: g.AtLeastOne(3, []string{"users", "groups", "serviceaccounts", "uids", "userextras", "userextras/reason", "userextras/*", "*"}),
		}
		if g.One(3) {
			rule.ResourceNames = g.AtLeastOne(2, []string{of.User, "devs", "sa", "7", "a", "system:masters"})
		}
		rules = append(rules, rule)
	}
	w.ClusterRoles = append(w.ClusterRoles, rbacv1.ClusterRole{ObjectMeta: metav1Name("impersonates"), Rules: rules})
	w.ClusterRoleBindings = append(w.ClusterRoleBindings, rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1Name("impersonates"), Subjects: []rbacv1.Subject{{Kind: "User", Name: c.user}},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "impersonates"},
	})
	return &question{Op: "rbac.impersonate", World: w, User: c.user, Groups: c.groups, Impersonate: &of}
}
