package main

import (
	"fmt"
	"net/url"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"oracle/differential"
)

var areas = []differential.Area{
	area("request_info", generator.requestInfo, classesOfRequestInfo),
	area("raw_selector", generator.rawSelector, classesOfRawSelector),
	area("label_selector", generator.labelSelector, classesOfMatch),
	area("serve", generator.serve, func(_ *question, a answer) []string { return []string{fmt.Sprint(a["status"])} }),
	area("forbidden", generator.forbidden, func(q *question, _ answer) []string {
		return []string{choose(q.Attrs.ResourceRequest, "resource", "path")}
	}),
	area("authorize", generator.authorize, classesOfAuthorize),
	area("rules_for", generator.rulesFor, classesOfRules),
	area("allowed_subjects", generator.allowedSubjects, classesOfSubjects),
	area("covers", generator.covers, func(_ *question, a answer) []string {
		return []string{choose(a["covers"] == true, "covered", "not covered")}
	}),
	area("escalation", generator.escalation, func(_ *question, a answer) []string {
		return []string{choose(a["ok"] == true, "held", "escalation")}
	}),
	area("read", generator.read, classesOfRead),
	area("read_yaml", generator.readYAML, classesOfRead),
	area("validate", generator.validate, classesOfErrors),
	area("update", generator.update, classesOfErrors),
	area("default", generator.fillIn, func(q *question, _ answer) []string { return []string{q.Kind} }),
	area("write", generator.write, classesOfWrite),
	area("put", generator.put, classesOfWrite),
	area("impersonate", generator.impersonate, func(_ *question, a answer) []string { return []string{fmt.Sprint(a["status"])} }),
	area("aggregate", generator.aggregate, classesOfAggregate),
	area("can_i", generator.canI, classesOfCanI),
	area("can_i_list", generator.canIList, func(q *question, _ answer) []string {
		return []string{choose(len(q.Rules) > 0, "some rules", "no rules")}
	}),
	area("review", generator.review, classesOfReview),
	area("review_rules", generator.reviewRules, classesOfReview),
}

// area builds an area. classes classifies a question by upstream's answer.
func area(name string, generate func(generator) *question, classes func(*question, answer) []string) differential.Area {
	return differential.Area{
		Name: name,
		Ask: func(g differential.Generator) differential.Case {
			q := generate(generator{g})
			q.Version = release
			return differential.JSON(raw(q))
		},
		Answer:  func(c differential.Case) any { return ask(parse(c.Question())) },
		IsSame:  isSame,
		IsLike:  isLike,
		Rows:    rowsOf,
		Explain: explainTogether,
		Classes: func(p *differential.Pair) []string { return classes(parse(p.Case.Question()), p.Theirs) },
	}
}

// items returns the elements of a list in an answer.
func items(of any) []any {
	list, _ := of.([]any)
	return list
}

func (g generator) authorize() *question {
	of := g.alphabet()
	q := &question{Op: "rbac.authorize", World: g.world(of)}
	for range 12 {
		q.Checks = append(q.Checks, g.request(q.World, of))
	}
	return q
}

func classesOfAuthorize(_ *question, a answer) []string {
	var of []string
	for _, item := range items(a["checks"]) {
		check := item.(answer)
		switch {
		case check["decision"] == "Allow":
			of = append(of, "allowed")
		case check["reason"] == nil:
			of = append(of, "no opinion")
		default:
			of = append(of, "no opinion, unresolved")
		}
	}
	return of
}

func (g generator) rulesFor() *question {
	w := g.world(g.alphabet())
	c := g.caller(w)
	return &question{Op: "rbac.rules_for", World: w, User: c.user, Groups: c.groups, Namespace: c.namespace}
}

func classesOfRules(_ *question, a answer) []string {
	some := len(items(a["resourceRules"]))+len(items(a["nonResourceRules"])) > 0
	return []string{choose(some, "rules", "no rules"), choose(a["evaluationError"] == nil, "resolved", "unresolved")}
}

func (g generator) allowedSubjects() *question {
	of := g.alphabet()
	w := g.world(of)
	a := g.request(w, of)
	return &question{Op: "rbac.allowed_subjects", World: w, Attrs: &a, SuperUser: g.Pick("", "", "root")}
}

func classesOfSubjects(_ *question, a answer) []string {
	return []string{choose(len(items(a["subjects"])) > 2, "some", "only the privileged"), choose(a["evaluationError"] == nil, "resolved", "unresolved")}
}

func (g generator) covers() *question {
	of := g.alphabet()
	owner, servant := g.rules(5, of), g.rules(3, of)
	if len(owner) > 0 && !g.One(3) {
		// Parts of the rules that the owner holds.
		servant = nil
		for range 1 + g.IntN(2) {
			servant = append(servant, g.part(owner[g.IntN(len(owner))]))
		}
	}
	return &question{Op: "rbac.covers", Owner: owner, Servant: servant}
}

// part removes entries from a rule. The rule usually covers the result.
func (g generator) part(rule rbacv1.PolicyRule) rbacv1.PolicyRule {
	less := func(list []string) []string {
		if len(list) > 1 && g.One(2) {
			return list[1:]
		}
		return list
	}
	part := rbacv1.PolicyRule{
		Verbs: less(rule.Verbs), APIGroups: less(rule.APIGroups), Resources: less(rule.Resources),
		ResourceNames: less(rule.ResourceNames), NonResourceURLs: less(rule.NonResourceURLs),
	}
	if g.One(6) {
		part.ResourceNames = g.Some(2, narrow.names)
	}
	if g.One(6) && len(part.Resources) > 0 {
		part.Resources = append([]string{g.Pick(narrow.resources...)}, part.Resources...)
	}
	return part
}

// held generates rules that the caller holds in part.
func (g generator) held(w *world, c caller, of alphabet) []rbacv1.PolicyRule {
	all := w.rulesOf(c.role)
	if len(all) == 0 || g.One(8) {
		all = w.rules()
	}
	if len(all) == 0 || g.One(8) {
		return g.rules(3, of)
	}
	var rules []rbacv1.PolicyRule
	for range 1 + g.IntN(2) {
		rules = append(rules, g.part(all[g.IntN(len(all))]))
	}
	return rules
}

func (g generator) escalation() *question {
	of := g.alphabet()
	w := g.world(of)
	c := g.caller(w)
	return &question{
		Op: "rbac.escalation", World: w, User: c.user, Groups: c.groups, Namespace: c.namespace, Rules: g.held(w, c, of),
	}
}

func (g generator) canIList() *question {
	return &question{Op: "rbac.can_i_list", Rules: g.rules(6, g.alphabet())}
}

func (g generator) forbidden() *question {
	a := g.attrs(wide)
	if g.One(4) {
		a.Verb, a.User = g.Pick(strange...), g.Pick(strange...)
	}
	switch {
	case !g.One(4):
	case a.ResourceRequest:
		a.Resource = g.Pick(strange...)
	default:
		a.Path = "/" + g.Pick(strange...)
	}
	return &question{
		Op: "rbac.forbidden", Attrs: &a,
		Reason: g.Pick("", "", `RBAC: clusterrole.rbac.authorization.k8s.io "x" not found`, "RBAC: [a, b]", "a <b> & \u2028\u00e9"),
	}
}

// serve generates an HTTP request. The user often holds a rule for a similar request.
func (g generator) serve() *question {
	of := g.alphabet()
	w := g.world(of)
	a := g.request(w, of)
	q := &question{Op: "rbac.serve", World: w, User: a.User, Groups: a.Groups, Method: g.Pick("GET", "GET", "POST", "PUT", "PATCH", "DELETE")}
	if verb, is := map[string]string{"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE", "deletecollection": "DELETE"}[a.Verb]; is {
		q.Method = verb
	}
	switch {
	case g.One(5):
		q.URL = g.path() + g.query()
		return q
	case !a.ResourceRequest:
		q.URL = "/" + strings.TrimPrefix(a.Path, "/")
	default:
		q.URL = "/api/v1"
		if a.APIGroup != "" {
			q.URL = "/apis/" + url.PathEscape(a.APIGroup) + "/v1"
		}
		if a.Namespace != "" {
			q.URL += "/namespaces/" + a.Namespace
		}
		for _, part := range []string{a.Resource, a.Name, a.Subresource} {
			if part != "" {
				q.URL += "/" + url.PathEscape(part)
			}
		}
		if a.Verb == "watch" {
			q.URL += "?watch=1"
		}
	}
	return q
}
