package main

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"oracle/differential"
)

// rowsOfCanI returns the rows of the arguments of `kubectl auth can-i`. Each row changes upstream's request and warnings;
// the result must be our answer.
func (p *pairing) rowsOfCanI() []string {
	if differential.Code(p.ours) == "not-a-question" {
		return p.rowsOfRefusal()
	}
	request, is := p.theirs["request"].(answer)
	if !is || request["resource"] == nil {
		return nil
	}
	asked := newAsked(p.q, request, items(p.theirs["warnings"]))
	asked.readUnknown()
	asked.moveByScope()
	asked.warnOfName()
	ours := differential.AnswerOf(func() any {
		return answer{"request": asked.request(), "warnings": slices.Concat(asked.warnings, asked.ofVerb)}
	})
	if !reflect.DeepEqual(p.ours, ours) {
		return nil
	}
	return asked.rows
}

// rowsOfRefusal returns the row of arguments that only we refuse. The message must fit the question and what upstream asks.
func (p *pairing) rowsOfRefusal() []string {
	message := differential.ErrorField(p.ours, "message")
	// A request without any text is absent.
	request, _ := p.theirs["request"].(answer)
	says := func(part string) bool { return strings.Contains(message, part) }
	switch {
	case differential.Code(p.theirs) == "another-question":
		// A flag before that one may lack its value.
		if says("is not known") || says("needs a value") && hasFlagForValue(p.q.Words) {
			return []string{"can-i-other-flags"}
		}
	case differential.Code(p.theirs) != "":
	case says("needs a value"):
		if hasFlagForValue(p.q.Words) {
			return []string{"can-i-flag-for-value"}
		}
	case says("is not known"):
		if slices.ContainsFunc(p.q.Words, isGroup) {
			return []string{"can-i-other-flags"}
		}
	case says("exclude each other"):
		words, err := readWords(p.q)
		if err == nil && words.options.AllNamespaces && words.namesNamespace && request["namespace"] == nil {
			return []string{"can-i-both-namespaces"}
		}
	case says("the resource is empty"):
		resource, _ := request["resource"].(string)
		if request["path"] == nil && (resource == "" || strings.HasPrefix(resource, ".")) {
			return []string{"can-i-empty-resource"}
		}
	case says("has no `/`"):
		if name, _ := request["name"].(string); strings.Contains(name, "/") {
			return []string{"can-i-slash-in-name"}
		}
	}
	return nil
}

// hasFlagForValue returns whether a flag, or a dash, stands where another flag's value is expected.
func hasFlagForValue(words []string) bool {
	for n, word := range words[:max(len(words)-1, 0)] {
		if slices.Contains([]string{"-n", "--namespace", "--subresource", "--as"}, word) && strings.HasPrefix(words[n+1], "-") {
			return true
		}
	}
	return false
}

// isGroup returns whether a word has -A and other flags of one letter behind one dash.
func isGroup(word string) bool {
	return strings.HasPrefix(word, "-A") && len(word) > 2 && word[2] != '='
}

// askedByUs is what we ask about instead of upstream, and the rows that say so.
type askedByUs struct {
	words *canIWords
	// written is the type as it was written.
	written                                             string
	verb, group, resource, subresource, namespace, name string
	// served is upstream's resource, if discovery has it.
	served *metav1.APIResource
	// warnings are those before the one of the verb.
	warnings, ofVerb []any
	rows             []string
}

func newAsked(q *question, request answer, warnings []any) *askedByUs {
	field := func(name string) string {
		text, _ := request[name].(string)
		return text
	}
	words, err := readWords(q)
	check(err)
	a := &askedByUs{
		words: words, verb: field("verb"), group: field("group"), resource: field("resource"), subresource: field("subresource"),
		namespace: field("namespace"), name: field("name"),
	}
	a.written, _, _ = strings.Cut(words.arguments[1], "/")
	a.served = theCluster().find(a.group, a.resource)
	isOfVerb := func(warning any) bool { return strings.HasPrefix(warning.(string), "verb '") }
	a.warnings = slices.DeleteFunc(slices.Clone(warnings), isOfVerb)
	a.ofVerb = slices.DeleteFunc(slices.Clone(warnings), func(warning any) bool { return !isOfVerb(warning) })
	return a
}

func (a *askedByUs) request() answer {
	return answer{
		"verb": a.verb, "group": a.group, "resource": a.resource, "subresource": a.subresource, "namespace": a.namespace, "name": a.name,
	}
}

// find finds a resource in a group.
func (c *cluster) find(group, name string) *metav1.APIResource {
	for _, list := range c.lists {
		for n, r := range list.APIResources {
			if r.Group == group && r.Name == name {
				return &list.APIResources[n]
			}
		}
	}
	return nil
}

// warning formats a warning about a resource in a group.
func warning(format, resource, group string) string {
	if group == "" {
		return fmt.Sprintf(format, resource)
	}
	return fmt.Sprintf(format, resource) + fmt.Sprintf(" in group '%s'", group)
}

// impersonated are the resources that no API serves, and of which kubectl does not warn.
var impersonated = []string{"users", "groups"}

// readUnknown reads a type that discovery does not know: can-i-unknown-with-group, and can-i-list-kind if only upstream's
// mapper knows it.
func (a *askedByUs) readUnknown() {
	if a.served != nil || a.written == "*" {
		return
	}
	resource, rest, _ := strings.Cut(strings.ToLower(a.written), ".")
	unknown := warning("the server doesn't have a resource type '%s'", resource, rest)
	isKnown := !slices.Contains(a.warnings, any(unknown)) && !slices.Contains(impersonated, resource)
	before := [2]string{a.group, a.resource}
	a.group, a.resource = rest, resource
	if version, group, is := strings.Cut(rest, "."); is && apiVersion.MatchString(version) {
		a.group = group
		found, err := theCluster().mapper.ResourceFor(schema.GroupVersionResource{Group: group, Resource: resource})
		if err == nil && theCluster().find(found.Group, found.Resource) != nil {
			a.group, a.resource = found.Group, found.Resource
		}
	}
	switch {
	case isKnown:
		a.warnings = append([]any{unknown}, a.warnings...)
		a.rows = append(a.rows, "can-i-list-kind")
	case slices.Contains(a.warnings, any(unknown)) && (a.resource == "*" || a.group == "" && slices.Contains(impersonated, a.resource)):
		a.warnings = slices.DeleteFunc(a.warnings, func(warning any) bool { return warning == unknown })
		a.rows = append(a.rows, "can-i-unknown-with-group")
	case before != [2]string{a.group, a.resource}:
		a.rows = append(a.rows, "can-i-unknown-with-group")
	}
}

// apiVersion is an API version: `v1`, `v2beta1`.
var apiVersion = regexp.MustCompile(`^v[0-9]+((alpha|beta)[0-9]+)?$`)

// moveByScope asks about a cluster-scoped resource: can-i-cluster-scoped if the question or the context names a namespace,
// and else can-i-without-context or can-i-namespace-by-name.
func (a *askedByUs) moveByScope() {
	isCluster := a.served != nil && !a.served.Namespaced
	if !isCluster && (a.served != nil || !isImpersonated(a.group, a.resource)) || a.words.options.AllNamespaces {
		return
	}
	isInItself := isCluster && a.resource == "namespaces" && !slices.Contains([]string{"create", "deletecollection", "list", "watch"}, a.verb)
	scope := warning("resource '%s' is not namespace scoped", a.resource, a.group)
	switch {
	case *a.words.global.Namespace != "" || a.words.ofContext != "":
		if !isCluster || isInItself && a.name == a.namespace {
			return
		}
		real := "at the cluster scope, where no RoleBinding counts"
		if isInItself && a.name != "" {
			real = fmt.Sprintf("in the namespace '%s'", a.name)
		}
		a.warnings = append(a.warnings, fmt.Sprintf("asked in the namespace '%s', but the real request is %s", a.namespace, real))
		a.rows = append(a.rows, "can-i-cluster-scoped")
	case isInItself && a.name != "":
		a.namespace = a.name
		a.warnings = slices.DeleteFunc(a.warnings, func(warning any) bool { return warning == scope })
		a.rows = append(a.rows, "can-i-namespace-by-name")
	default:
		a.namespace = ""
		a.warnings = slices.DeleteFunc(a.warnings, func(warning any) bool { return warning == scope })
		a.rows = append(a.rows, "can-i-without-context")
	}
}

// isImpersonated returns whether no API serves a resource, and impersonation asks about it without a namespace.
func isImpersonated(group, resource string) bool {
	switch group {
	case "":
		return slices.Contains(impersonated, resource)
	case "authentication.k8s.io":
		return slices.Contains([]string{"groups", "uids", "userextras", "users"}, resource)
	}
	return false
}

// warnOfName warns of a name that was meant for a subresource, or of one in a create: can-i-subresource-as-name and
// can-i-name-in-create.
func (a *askedByUs) warnOfName() {
	switch {
	case a.name == "" || a.subresource != "":
	case isSubresource(a.resource, a.name):
		a.warnings = append(a.warnings, fmt.Sprintf(
			"asked about the object of '%s' named '%s'; the subresource is asked for with --subresource=%s", a.resource, a.name, a.name))
		a.rows = append(a.rows, "can-i-subresource-as-name")
	case a.verb == "create":
		a.warnings = append(a.warnings, fmt.Sprintf("a create names no object: a real one asks about '%s' without '%s'", a.resource, a.name))
		a.rows = append(a.rows, "can-i-name-in-create")
	}
}

// isSubresource returns whether a generated name is that of a subresource.
func isSubresource(resource, name string) bool {
	switch name {
	case "status":
		return true
	case "exec", "log":
		return resource == "pods"
	case "scale":
		return slices.Contains([]string{"deployments", "replicasets", "replicationcontrollers", "statefulsets"}, resource)
	}
	return false
}
