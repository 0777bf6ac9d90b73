package main

import (
	"fmt"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"oracle/differential"
)

type generator struct{ differential.Generator }

// alphabet has the texts that rules and requests are generated from.
type alphabet struct {
	verbs, groups, resources, names, urls []string
}

var (
	// With every special case. Rules seldom match requests.
	wide = alphabet{
		verbs: []string{
			"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*", "", "GET", "get*",
			"impersonate", "bind", "escalate", "use",
		},
		groups: []string{"", "apps", "batch", "*", "*.k8s.io", "rbac.authorization.k8s.io", "Apps", "a\"b"},
		resources: []string{
			"pods", "Pods", "pod", "pods/log", "pods/exec", "pods/*", "*/*", "*/log", "*/exec", "*", "", "nodes",
			"deployments/scale", "*/", "pods/", "pods/log/x", "*/log/x", "/", "/log", "secrets", "roles", "clusterroles", "pöds",
		},
		names: []string{"a", "b", "A", "", "*", "web-1", "a b", "ü\u00a0", "<&>\u2028"},
		urls: []string{
			"/", "/healthz", "/healthz/*", "/healthz*", "*", "**", "", "/a/*/b", "/a/*/b/*", "/api", "/apis/*", "foo",
			"/metrics/", "/metrics", "/*", "/healthz/**", "/é", "/a\"b",
		},
	}
	// Rules often match requests.
	narrow = alphabet{
		verbs:     []string{"get", "list", "*", "create", "escalate", "bind"},
		groups:    []string{"", "*", "apps", "rbac.authorization.k8s.io"},
		resources: []string{"pods", "*", "pods/log", "*/log", "roles", "clusterroles"},
		names:     []string{"a", "r0", "c0", "new"},
		urls:      []string{"/healthz", "*", "/healthz/*", "/metrics"},
	}

	namespaces = []string{"ns1", "ns1", "ns2", "kube-system"}
	users      = []string{
		"alice", "alice", "alice", "bob", "Alice", "*", "", "system:serviceaccount:ns1:sa", "system:serviceaccount:ns2:sa",
		"system:serviceaccount::sa", "system:serviceaccount:ns1:sa:x", "system:serviceaccount:kube-system:ctl", "ü\"q\u200b",
	}
	groups = []string{
		"devs", "devs", "devs", "ops", "system:masters", "system:authenticated", "system:unauthenticated", "system:serviceaccounts",
		"system:serviceaccounts:ns1", "", "*", "a b",
	}
	strange = []string{
		"q\"uo", "ünï", "a\tb", "\u00a0", "\u202e", "💥", "a\\b", "\x7f", "\u0001", "...", "a b",
		"\ufeff", "<b>&", "A", "x:y", "a\u0301", "\u00ad", "\U000e0001",
	}
	// Names that no object can have.
	impossible = []string{"a/b", "%", ".", "..", "", "a%/"}
)

func (g generator) alphabet() alphabet {
	if g.One(2) {
		return wide
	}
	return narrow
}

// rule generates a rule for resources or for paths, and now and then for both.
func (g generator) rule(of alphabet) rbacv1.PolicyRule {
	rule := rbacv1.PolicyRule{Verbs: g.AtLeastOne(3, of.verbs)}
	if g.One(30) {
		rule.Verbs = nil
	}
	kind := g.IntN(20)
	if kind < 15 || kind == 19 {
		rule.APIGroups, rule.Resources = g.AtLeastOne(2, of.groups), g.AtLeastOne(3, of.resources)
		if g.One(4) {
			rule.ResourceNames = g.AtLeastOne(2, of.names)
		}
	}
	if kind >= 15 {
		rule.NonResourceURLs = g.AtLeastOne(2, of.urls)
	}
	if g.One(40) {
		rule.APIGroups = nil
	}
	if g.One(40) {
		rule.Resources = nil
	}
	return rule
}

func (g generator) rules(most int, of alphabet) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for range g.IntN(most + 1) {
		rules = append(rules, g.rule(of))
	}
	if len(rules) > 0 && g.One(10) {
		rules = append(rules, rules[g.IntN(len(rules))])
	}
	return rules
}

func (g generator) name(prefix string, number int) string {
	if g.One(15) {
		return g.Pick(strange...) + fmt.Sprint(number)
	}
	return fmt.Sprint(prefix, number)
}

func (g generator) labelsOf() map[string]string {
	labels := map[string]string{}
	for range g.IntN(3) {
		labels[g.Pick("agg-a", "agg-b", "x.io/agg")] = g.Pick("true", "false", "")
	}
	return labels
}

// world generates objects with unique names.
func (g generator) world(of alphabet) *world {
	w := &world{}
	for n := range 1 + g.IntN(3) {
		w.Roles = append(w.Roles, rbacv1.Role{
			ObjectMeta: metav1.ObjectMeta{Name: g.name("r", n), Namespace: g.Pick(namespaces...)}, Rules: g.rules(4, of),
		})
	}
	for n := range 1 + g.IntN(4) {
		w.ClusterRoles = append(w.ClusterRoles, rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{Name: g.name("c", n), Labels: g.labelsOf()}, Rules: g.rules(3, of),
		})
	}
	for n := range 1 + g.IntN(6) {
		w.RoleBindings = append(w.RoleBindings, rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: g.name("rb", n), Namespace: g.Pick(namespaces...)},
			Subjects:   g.subjects(3), RoleRef: g.roleRef(w),
		})
	}
	for n := range 1 + g.IntN(5) {
		w.ClusterRoleBindings = append(w.ClusterRoleBindings, rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: g.name("crb", n)},
			Subjects:   g.subjects(3), RoleRef: g.roleRef(w),
		})
	}
	return w
}

func (g generator) roleRef(w *world) rbacv1.RoleRef {
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: g.Pick("ClusterRole", "ClusterRole", "Role"), Name: g.Pick("r0", "r1", "c0", "c1", "gone")}
	switch {
	case g.One(25):
		ref.Kind = g.Pick("Bogus", "", "role", "k\"v")
	case ref.Kind == "Role" && len(w.Roles) > 0 && !g.One(8):
		ref.Name = w.Roles[g.IntN(len(w.Roles))].Name
	case ref.Kind == "ClusterRole" && len(w.ClusterRoles) > 0 && !g.One(8):
		ref.Name = w.ClusterRoles[g.IntN(len(w.ClusterRoles))].Name
	}
	if g.One(40) {
		ref.Name = g.Pick(append(impossible, strange...)...)
	}
	if g.One(40) {
		ref.APIGroup = g.Pick("", "apps", "*")
	}
	return ref
}

func (g generator) subjects(most int) []rbacv1.Subject {
	var subjects []rbacv1.Subject
	for range g.IntN(most + 1) {
		s := rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: g.Pick(users...)}
		switch g.IntN(8) {
		case 0, 1, 2:
			s.Kind, s.Name = "Group", g.Pick(groups...)
		case 3, 4:
			s = rbacv1.Subject{Kind: "ServiceAccount", Name: g.Pick("sa", "ctl", "sa:x", "", "default"), Namespace: g.Pick("ns1", "ns2", "", "kube-system")}
		case 5:
			if g.One(3) {
				s.Kind = g.Pick("user", "serviceaccount", "", "Robot")
			}
		}
		if g.One(20) {
			s.Namespace = g.Pick("ns1", "x")
		}
		subjects = append(subjects, s)
	}
	return subjects
}

// caller is a user, in most cases a subject of a binding, and the namespace and role of that binding.
type caller struct {
	user      string
	groups    []string
	namespace string
	role      rbacv1.RoleRef
}

func (g generator) caller(w *world) caller {
	c := caller{g.Pick(users...), g.Some(2, groups), g.Pick("ns1", "ns1", "ns2", "", "kube-system"), rbacv1.RoleRef{}}
	at := g.IntN(len(w.RoleBindings) + len(w.ClusterRoleBindings))
	var subjects []rbacv1.Subject
	namespace := ""
	if at < len(w.RoleBindings) {
		binding := w.RoleBindings[at]
		subjects, c.role, namespace = binding.Subjects, binding.RoleRef, binding.Namespace
		if !g.One(8) {
			c.namespace = namespace
		}
	} else {
		binding := w.ClusterRoleBindings[at-len(w.RoleBindings)]
		subjects, c.role = binding.Subjects, binding.RoleRef
	}
	if len(subjects) == 0 || g.One(6) {
		return c
	}
	switch s := subjects[g.IntN(len(subjects))]; s.Kind {
	case "Group":
		c.groups = append(c.groups, s.Name)
	case "ServiceAccount":
		if s.Namespace != "" && !g.One(8) {
			namespace = s.Namespace
		}
		c.user = "system:serviceaccount:" + namespace + ":" + s.Name
	default:
		c.user = s.Name
	}
	return c
}

// rulesOf returns the rules of a role.
func (w *world) rulesOf(ref rbacv1.RoleRef) []rbacv1.PolicyRule {
	for _, r := range w.Roles {
		if ref.Kind == "Role" && r.Name == ref.Name {
			return r.Rules
		}
	}
	for _, r := range w.ClusterRoles {
		if ref.Kind == "ClusterRole" && r.Name == ref.Name {
			return r.Rules
		}
	}
	return nil
}

// request generates a request that a subject of the world is often allowed to make.
func (g generator) request(w *world, of alphabet) attrs {
	a, c := g.attrs(of), g.caller(w)
	a.User, a.Groups = c.user, c.groups
	all := w.rulesOf(c.role)
	if len(all) == 0 || g.One(4) {
		return a
	}
	a.Namespace = c.namespace
	rule := all[g.IntN(len(all))]
	from := func(field *string, list []string) {
		if len(list) > 0 && !g.One(8) {
			*field = g.Pick(list...)
		}
	}
	from(&a.Verb, rule.Verbs)
	a.ResourceRequest = len(rule.NonResourceURLs) == 0
	if !a.ResourceRequest {
		from(&a.Path, rule.NonResourceURLs)
		a.Path = strings.TrimSuffix(a.Path, "*") + g.Pick("", "", "x", "/x")
		return attrs{User: a.User, Groups: a.Groups, Verb: a.Verb, Path: a.Path}
	}
	a.Path = ""
	from(&a.APIGroup, rule.APIGroups)
	from(&a.Resource, rule.Resources)
	if resource, subresource, is := strings.Cut(a.Resource, "/"); is && !g.One(8) {
		a.Resource, a.Subresource = resource, subresource
	}
	if len(rule.ResourceNames) > 0 {
		from(&a.Name, rule.ResourceNames)
	}
	return a
}

func (w *world) rules() []rbacv1.PolicyRule {
	var all []rbacv1.PolicyRule
	for _, r := range w.Roles {
		all = append(all, r.Rules...)
	}
	for _, r := range w.ClusterRoles {
		all = append(all, r.Rules...)
	}
	return all
}

func (g generator) attrs(of alphabet) attrs {
	a := attrs{User: g.Pick(users...), Groups: g.Some(3, groups), ResourceRequest: !g.One(4), Verb: g.Pick(of.verbs...)}
	if !a.ResourceRequest {
		a.Path = g.Pick(of.urls...) + g.Pick("", "", "x", "/x")
		return a
	}
	a.Namespace = g.Pick("ns1", "ns1", "ns2", "", "kube-system")
	a.APIGroup, a.Resource = g.Pick(of.groups...), g.Pick(of.resources...)
	if g.One(3) {
		a.Resource, a.Subresource = g.Pick("pods", "*", "nodes", "deployments"), g.Pick("log", "exec", "*", "scale", "log/x")
	}
	if g.One(2) {
		a.Name = g.Pick(of.names...)
	}
	return a
}
