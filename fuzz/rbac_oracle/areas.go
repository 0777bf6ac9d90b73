package main

import (
	"fmt"
	rbacv1 "k8s.io/api/rbac/v1"
	"net/url"
	"strings"
)

// area is one kind of question.
type area struct {
	name string
	ask  func(generator) *question
	// classes classifies an answer of upstream. The run prints the share of each class.
	classes func(*question, answer) []string
}

var areas = []area{
	{"request_info", generator.requestInfo, classesOfRequestInfo},
	{"raw_selector", generator.rawSelector, classesOfRawSelector},
	{"label_selector", generator.labelSelector, classesOfMatch},
	{"serve", generator.serve, func(_ *question, a answer) []string { return []string{fmt.Sprint(a["status"])} }},
	{"forbidden", generator.forbidden, func(q *question, _ answer) []string {
		return []string{choose(q.Attrs.ResourceRequest, "resource", "path")}
	}},
	{"authorize", generator.authorize, classesOfAuthorize},
	{"rules_for", generator.rulesFor, classesOfRules},
	{"allowed_subjects", generator.allowedSubjects, classesOfSubjects},
	{"covers", generator.covers, func(_ *question, a answer) []string {
		return []string{choose(a["covers"] == true, "covered", "not covered")}
	}},
	{"escalation", generator.escalation, func(_ *question, a answer) []string { return []string{choose(a["ok"] == true, "held", "escalation")} }},
	{"read", generator.read, classesOfRead},
	{"validate", generator.validate, classesOfErrors},
	{"update", generator.update, classesOfErrors},
	{"default", generator.fillIn, func(q *question, _ answer) []string { return []string{q.Kind} }},
	{"write", generator.write, classesOfWrite},
	{"aggregate", generator.aggregate, classesOfAggregate},
	{"can_i_list", generator.canIList, func(q *question, _ answer) []string {
		return []string{choose(len(q.Rules) > 0, "some rules", "no rules")}
	}},
	{"review", generator.review, classesOfReview},
	{"review_rules", generator.reviewRules, classesOfReview},
}

func choose(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
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
	for _, check := range a["checks"].([]answer) {
		switch {
		case check["decision"] == "Allow":
			of = append(of, "allowed")
		case check["reason"] == "":
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
	some := len(a["resourceRules"].([]rbacv1.PolicyRule))+len(a["nonResourceRules"].([]rbacv1.PolicyRule)) > 0
	return []string{choose(some, "rules", "no rules"), choose(a["evaluationError"] == "", "resolved", "unresolved")}
}

func (g generator) allowedSubjects() *question {
	of := g.alphabet()
	w := g.world(of)
	a := g.request(w, of)
	return &question{Op: "rbac.allowed_subjects", World: w, Attrs: &a, SuperUser: g.pick("", "", "root")}
}

func classesOfSubjects(_ *question, a answer) []string {
	return []string{choose(len(a["subjects"].([]rbacv1.Subject)) > 2, "some", "only the privileged"), choose(a["evaluationError"] == "", "resolved", "unresolved")}
}

func (g generator) covers() *question {
	of := g.alphabet()
	owner, servant := g.rules(5, of), g.rules(3, of)
	if len(owner) > 0 && !g.one(3) {
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
		if len(list) > 1 && g.one(2) {
			return list[1:]
		}
		return list
	}
	part := rbacv1.PolicyRule{
		Verbs: less(rule.Verbs), APIGroups: less(rule.APIGroups), Resources: less(rule.Resources),
		ResourceNames: less(rule.ResourceNames), NonResourceURLs: less(rule.NonResourceURLs),
	}
	if g.one(6) {
		part.ResourceNames = g.some(2, narrow.names)
	}
	if g.one(6) && len(part.Resources) > 0 {
		part.Resources = append([]string{g.pick(narrow.resources...)}, part.Resources...)
	}
	return part
}

// held generates rules that the caller holds in part.
func (g generator) held(w *world, c caller, of alphabet) []rbacv1.PolicyRule {
	all := w.rulesOf(c.role)
	if len(all) == 0 || g.one(8) {
		all = w.rules()
	}
	if len(all) == 0 || g.one(8) {
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
	if g.one(4) {
		a.Verb, a.User = g.pick(strange...), g.pick(strange...)
	}
	switch {
	case !g.one(4):
	case a.ResourceRequest:
		a.Resource = g.pick(strange...)
	default:
		a.Path = "/" + g.pick(strange...)
	}
	return &question{
		Op: "rbac.forbidden", Attrs: &a,
		Reason: g.pick("", "", `RBAC: clusterrole.rbac.authorization.k8s.io "x" not found`, "RBAC: [a, b]", "a <b> & \u2028\u00e9"),
	}
}

// serve generates an HTTP request. The user often holds a rule for a similar request.
func (g generator) serve() *question {
	of := g.alphabet()
	w := g.world(of)
	a := g.request(w, of)
	q := &question{Op: "rbac.serve", World: w, User: a.User, Groups: a.Groups, Method: g.pick("GET", "GET", "POST", "PUT", "PATCH", "DELETE")}
	if verb, is := map[string]string{"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE", "deletecollection": "DELETE"}[a.Verb]; is {
		q.Method = verb
	}
	switch {
	case g.one(5):
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
