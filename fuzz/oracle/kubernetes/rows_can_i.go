package main

import (
	"slices"
	"strings"

	"oracle/differential"
)

func (p *pairing) isCanI() bool { return p.q.Op == "rbac.can_i" }

// refusesQuestion returns whether we refuse arguments with this message, and upstream does not.
func (p *pairing) refusesQuestion(message string) bool {
	return p.isCanI() && strings.Contains(differential.ErrorField(p.ours, "message"), message)
}

func (p *pairing) hasBothNamespaces() bool { return p.refusesQuestion("exclude each other") }

// requestOf returns the request of an answer and its warnings.
func requestOf(of answer) (answer, []any) {
	request, _ := of["request"].(answer)
	return request, items(of["warnings"])
}

// warns returns whether the answers differ only in warnings that kubectl does not have, and one is this.
func (p *pairing) warns(part string) bool {
	theirs, theirWarnings := requestOf(p.theirs)
	ours, ourWarnings := requestOf(p.ours)
	if !p.isCanI() || theirs == nil || ours == nil || !sameFields(theirs, ours, "verb", "name", "subresource") {
		return false
	}
	isIts := func(warning any) bool { return strings.Contains(warning.(string), part) }
	return slices.ContainsFunc(ourWarnings, isIts) && !slices.ContainsFunc(theirWarnings, isIts)
}

func sameFields(one, other answer, fields ...string) bool {
	for _, field := range fields {
		if one[field] != other[field] {
			return false
		}
	}
	return true
}

// isUnknownResource recognizes can-i-unknown-with-group: a resource that discovery does not know is split into
// resource and group.
func (p *pairing) isUnknownResource() bool {
	theirs, _ := requestOf(p.theirs)
	ours, _ := requestOf(p.ours)
	if !p.isCanI() || theirs["resource"] == nil || ours["resource"] == nil || theirs["group"] != nil || p.isListKind() {
		return false
	}
	if p.isUnknownToBoth() {
		return theirs["resource"] != ours["resource"]
	}
	written := strings.ToLower(theirs["resource"].(string))
	resource, group := ours["resource"].(string), ""
	if ours["group"] != nil {
		group = ours["group"].(string)
	}
	return theirs["resource"] != resource && strings.HasPrefix(written, resource) && strings.HasSuffix(written, group)
}

// isUnknownToBoth returns whether both warn of the same unknown resource.
func (p *pairing) isUnknownToBoth() bool {
	_, theirs := requestOf(p.theirs)
	_, ours := requestOf(p.ours)
	is := func(warning any) bool {
		return strings.HasPrefix(warning.(string), "the server doesn't have") && slices.Contains(ours, warning)
	}
	return slices.ContainsFunc(theirs, is)
}

// isListKind recognizes can-i-list-kind: the mapper has an entry for the list of every kind.
func (p *pairing) isListKind() bool {
	theirs, theirWarnings := requestOf(p.theirs)
	_, ourWarnings := requestOf(p.ours)
	isUnknown := func(warning any) bool { return strings.HasPrefix(warning.(string), "the server doesn't have") }
	resource, _ := theirs["resource"].(string)
	return p.isCanI() && strings.HasSuffix(resource, "lists") && slices.ContainsFunc(ourWarnings, isUnknown) && !slices.ContainsFunc(theirWarnings, isUnknown)
}

// isWithoutContext recognizes can-i-without-context: the request is at the cluster scope.
func (p *pairing) isWithoutContext() bool {
	theirs, _ := requestOf(p.theirs)
	ours, _ := requestOf(p.ours)
	return p.isCanI() && p.q.Namespace == "" && theirs["namespace"] == "default" && ours != nil && ours["namespace"] == nil
}

// isNamespaceByName recognizes can-i-namespace-by-name: the request is in the namespace that it names.
func (p *pairing) isNamespaceByName() bool {
	theirs, _ := requestOf(p.theirs)
	ours, _ := requestOf(p.ours)
	return p.isCanI() && p.q.Namespace == "" && theirs["namespace"] == "default" && ours != nil && ours["resource"] == "namespaces" && ours["name"] != nil && ours["namespace"] == ours["name"]
}
