package main

import (
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func metav1Name(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }

// aggregate generates ClusterRoles with labels, and one that aggregates some of them.
func (g generator) aggregate() *question {
	q := &question{Op: "rbac.aggregate", Target: "target"}
	selectors := []metav1.LabelSelector{}
	for range g.IntN(3) {
		s := metav1.LabelSelector{MatchLabels: map[string]string{}}
		switch g.IntN(6) {
		case 0:
		case 1:
			check(metav1.Convert_Map_string_To_string_To_v1_LabelSelector(ptr(g.labelsOf()), &s, nil))
		case 2:
			s.MatchExpressions = []metav1.LabelSelectorRequirement{{
				Key: g.Pick("agg-a", "agg-b", "-", "x.io/agg"), Operator: metav1.LabelSelectorOperator(g.Pick("In", "NotIn", "Exists", "DoesNotExist", "Gt")),
				Values: g.Some(2, []string{"true", "false", "a b"}),
			}}
		default:
			s.MatchLabels[g.Pick("agg-a", "agg-b", "x.io/agg")] = g.Pick("true", "false")
		}
		selectors = append(selectors, s)
	}
	target := rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "target", Labels: g.labelsOf()}}
	if !g.One(15) {
		target.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: selectors}
	}
	var all []rbacv1.PolicyRule
	for n := range g.IntN(6) {
		rules := g.rules(2, narrow)
		if len(all) > 0 && g.One(2) {
			rules = append(rules, all[g.IntN(len(all))])
		}
		all = append(all, rules...)
		q.ClusterRoles = append(q.ClusterRoles, rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{Name: g.Pick("a", "z", "A", "target", "é") + g.name("c", n), Labels: g.labelsOf()}, Rules: rules,
		})
	}
	switch {
	case len(all) > 0 && g.One(3):
		target.Rules = all[:1+g.IntN(len(all))]
	case g.One(3):
		target.Rules = g.rules(2, narrow)
	}
	at := g.IntN(len(q.ClusterRoles) + 1)
	q.ClusterRoles = append(q.ClusterRoles[:at:at], append([]rbacv1.ClusterRole{target}, q.ClusterRoles[at:]...)...)
	return q
}

func ptr[T any](of T) *T { return &of }

func classesOfAggregate(_ *question, a answer) []string {
	if a["error"] != nil {
		return []string{"refused"}
	}
	return []string{choose(a["changed"] == true, "changed", "unchanged")}
}

func (g generator) review() *question {
	of := g.alphabet()
	kind := g.Pick("SubjectAccessReview", "SelfSubjectAccessReview", "LocalSubjectAccessReview")
	q := &question{Op: "rbac.review", World: g.world(of), User: g.Pick(users...), Groups: g.Some(2, groups), Namespace: g.Pick("ns1", "ns2")}
	a := g.request(q.World, of)
	spec := object{}
	resource := object{
		"verb": a.Verb, "namespace": a.Namespace, "group": a.APIGroup, "resource": a.Resource, "subresource": a.Subresource,
		"name": a.Name, "version": g.Pick("", "v1", "*"),
	}
	if kind == "LocalSubjectAccessReview" && !g.One(8) {
		resource["namespace"] = q.Namespace
	}
	if g.One(4) {
		resource["fieldSelector"] = g.fieldAttributes()
	}
	if g.One(4) {
		resource["labelSelector"] = g.labelAttributes()
	}
	path := object{"verb": a.Verb, "path": a.Path + g.Pick("", "", "", "<&>\u2028")}
	isResource := a.ResourceRequest || kind == "LocalSubjectAccessReview" && !g.One(10)
	if isResource != g.One(20) {
		spec["resourceAttributes"] = resource
	}
	if !isResource != g.One(20) {
		spec["nonResourceAttributes"] = path
	}
	if !g.One(10) {
		spec["user"] = a.User
	}
	version, ofGroups := "authorization.k8s.io/v1", "groups"
	if g.One(4) {
		version, ofGroups = "authorization.k8s.io/v1beta1", "group"
	}
	if !g.One(3) {
		spec[ofGroups] = a.Groups
	}
	if g.One(20) {
		// One of the two is the key of the other version, and unknown in this one.
		spec[g.Pick("group", "groups")] = []string{"devs"}
	}
	if g.One(10) {
		spec["extra"] = object{"Key/a": []string{"v", ""}, "empty": []string{}}
	}
	if g.One(10) {
		spec["uid"] = "u-1"
	}
	metadata := object{}
	if kind == "LocalSubjectAccessReview" && g.One(2) {
		metadata["namespace"] = g.Pick("ns1", "ns2", "")
	}
	if g.One(15) {
		metadata = g.metadata(g.Pick(kinds...))
	}
	q.Review = raw(object{"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
	return q
}

// labelAttributes generates the label selector of a review: raw, parsed or invalid.
func (g generator) labelAttributes() object {
	return g.attributes(g.selectorText, func() object {
		if g.One(4) {
			return g.badRequirement()
		}
		return g.requirement()
	})
}

// fieldAttributes generates the field selector of a review: raw, parsed or invalid.
func (g generator) fieldAttributes() object {
	return g.attributes(g.fieldSelector, func() object {
		r := g.requirement()
		r["key"] = g.Pick("metadata.name", "status.phase", "a b", "")
		if _, is := r["values"]; is && !g.One(3) {
			r["values"] = []string{g.Pick("web", "", "a,b")}
		}
		return r
	})
}

func (g generator) attributes(text func() string, requirement func() object) object {
	s := object{}
	if g.One(2) {
		s["rawSelector"] = text()
		if !g.One(10) {
			return s
		}
	}
	var requirements []object
	for range g.IntN(4) {
		r := requirement()
		if g.One(5) {
			r["operator"] = g.Pick("Gt", "in", "", "New")
		}
		requirements = append(requirements, r)
	}
	s["requirements"] = requirements
	return s
}

func (g generator) reviewRules() *question {
	q := &question{Op: "rbac.review_rules", World: g.world(g.alphabet()), User: g.Pick(users...), Groups: g.Some(3, groups)}
	q.Review = raw(object{
		"apiVersion": "authorization.k8s.io/" + g.Pick("v1", "v1", "v1beta1"), "kind": "SelfSubjectRulesReview",
		"spec": object{"namespace": g.Pick("ns1", "ns1", "ns2", "kube-system", "")},
	})
	return q
}

func classesOfReview(_ *question, a answer) []string {
	if refused, is := a["error"].(answer); is {
		return []string{"refused: " + refused["code"].(string)}
	}
	status := a["review"].(map[string]any)["status"].(map[string]any)
	if _, is := status["allowed"]; !is {
		return []string{"rules"}
	}
	return []string{choose(status["allowed"] == true, "allowed", "not allowed"), choose(status["evaluationError"] != nil, "selector ignored", "selectors fine")}
}
