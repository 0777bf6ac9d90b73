package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"oracle/differential"
	"sigs.k8s.io/yaml"
)

// pairing is a question and both answers.
type pairing struct {
	q            *question
	theirs, ours answer
}

// isSame returns whether the answers are equal. The message of an invalid URL, or of arguments that are no question,
// is not compared.
func isSame(p *differential.Pair) bool {
	switch differential.Code(p.Theirs) {
	case "invalid-url":
		return differential.Code(p.Ours) == "invalid-url"
	case "flags", "arguments", "options":
		return differential.Code(p.Ours) == "not-a-question"
	}
	if p.Theirs["lost"] == true && p.Ours["lost"] == false && p.Ours["objects"] == nil {
		// Neither reads an object: we take the document for something else.
		return true
	}
	return reflect.DeepEqual(p.Theirs, p.Ours)
}

// isLike returns whether a smaller question has answers of the same kinds.
func isLike(from, to *differential.Pair) bool {
	kind := func(a answer) [3]any { return [3]any{differential.Code(a), a["lost"], a["status"]} }
	return kind(from.Theirs) == kind(to.Theirs) && kind(from.Ours) == kind(to.Ours)
}

// rows has the rows of the divergence files that a difference may match. They are recognized by the
// difference itself, not only by the question.
var rows = []struct {
	name     string
	explains func(*pairing) bool
}{
	{"absolute-url", (*pairing).isAbsolute},
	{"can-i-both-namespaces", (*pairing).hasBothNamespaces},
	{"can-i-cluster-scoped", func(p *pairing) bool { return p.warns("asked in the namespace") }},
	{"can-i-empty-resource", func(p *pairing) bool { return p.refusesQuestion("the resource is empty") }},
	{"can-i-flag-for-value", func(p *pairing) bool { return p.refusesQuestion("needs a value") }},
	{"can-i-list-kind", (*pairing).isListKind},
	{"can-i-name-in-create", func(p *pairing) bool { return p.warns("a create names no object") }},
	{"can-i-namespace-by-name", (*pairing).isNamespaceByName},
	{"can-i-other-flags", func(p *pairing) bool { return p.refusesQuestion("is not known") }},
	{"can-i-slash-in-name", func(p *pairing) bool { return p.refusesQuestion("has no `/`") }},
	{"can-i-subresource-as-name", func(p *pairing) bool { return p.warns("the subresource is asked for") }},
	{"can-i-unknown-with-group", (*pairing).isUnknownResource},
	{"can-i-without-context", (*pairing).isWithoutContext},
	{"duplicate-key", (*pairing).hasDuplicateKey},
	{"field-error-order", (*pairing).isOtherOrder},
	{"key-text", (*pairing).hasOddKey},
	{"path-not-utf8", (*pairing).isNotUTF8},
	{"pretty-body", (*pairing).isPretty},
	{"review-metadata", (*pairing).isManaged},
	{"selector-first-error", (*pairing).isOtherLabel},
	{"who-can-repeats", (*pairing).hasRepeatedSubjects},
	{"write-of-unread-fields", (*pairing).isUnchanged},
	{"yaml-1-1-words", (*pairing).hasOldScalar},
}

// rowsOf returns the rows that explain a difference.
func rowsOf(difference *differential.Pair) []string {
	p := &pairing{parse(difference.Case.Question()), difference.Theirs, difference.Ours}
	var of []string
	for _, row := range rows {
		if row.explains(p) {
			of = append(of, row.name)
		}
	}
	return of
}

func (p *pairing) isOfURL() bool { return p.q.Op == "rbac.request_info" || p.q.Op == "rbac.serve" }

// isAbsolute recognizes absolute-url: a URL with a host.
func (p *pairing) isAbsolute() bool {
	return p.isOfURL() && differential.Code(p.ours) == "invalid-url" && !strings.HasPrefix(p.q.URL, "/") && strings.Contains(p.q.URL, "://")
}

// isNotUTF8 recognizes path-not-utf8: the path is refused, or a parameter is ignored.
func (p *pairing) isNotUTF8() bool {
	if !p.isOfURL() || p.isAbsolute() || p.isPretty() {
		return false
	}
	path, query, _ := strings.Cut(p.q.URL, "?")
	if decoded, err := url.PathUnescape(path); err == nil && !utf8.ValidString(decoded) {
		return differential.Code(p.ours) == "invalid-url"
	}
	for _, parameter := range strings.Split(query, "&") {
		if decoded, err := url.QueryUnescape(parameter); err == nil && !utf8.ValidString(decoded) {
			return true
		}
	}
	return false
}

// isOtherLabel recognizes selector-first-error: each answer names one of several invalid labels.
func (p *pairing) isOtherLabel() bool {
	if p.q.Op != "rbac.label_selector" || differential.Code(p.theirs) != "invalid-selector" || differential.Code(p.ours) != "invalid-selector" {
		return false
	}
	var selector metav1.LabelSelector
	check(json.Unmarshal(p.q.Selector, &selector))
	var could []string
	for key, value := range selector.MatchLabels {
		one := &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
		if _, err := metav1.LabelSelectorAsSelector(one); err != nil {
			could = append(could, err.Error())
		}
	}
	return len(could) > 1 && slices.Contains(could, differential.ErrorField(p.theirs, "message")) && slices.Contains(could, differential.ErrorField(p.ours, "message"))
}

// causes returns the errors of an answer.
func causes(of map[string]any) []string {
	var list []string
	errors, _ := of["errors"].([]any)
	for _, e := range errors {
		list = append(list, fmt.Sprint(e))
	}
	return list
}

// isOtherOrder recognizes field-error-order: the errors of labels are in another order.
func (p *pairing) isOtherOrder() bool {
	theirs, ours := causes(p.theirs), causes(p.ours)
	if p.q.Op != "rbac.validate" || slices.Equal(theirs, ours) {
		return false
	}
	ofLabels := func(text string) bool { return strings.Contains(text, "abels") }
	rest := func(of []string) []string { return slices.DeleteFunc(slices.Clone(of), ofLabels) }
	if !slices.Equal(rest(theirs), rest(ours)) {
		return false
	}
	slices.Sort(theirs)
	slices.Sort(ours)
	return slices.Equal(theirs, ours)
}

// hasRepeatedSubjects recognizes who-can-repeats: upstream repeats some of the same subjects. (Ours repeats
// a ServiceAccount without a namespace, since each binding gives it another one.)
func (p *pairing) hasRepeatedSubjects() bool {
	theirs, _ := p.theirs["subjects"].([]any)
	ours, _ := p.ours["subjects"].([]any)
	next := 0
	for _, s := range theirs {
		switch {
		case next < len(ours) && reflect.DeepEqual(s, ours[next]):
			next++
		case !slices.ContainsFunc(ours[:next], func(one any) bool { return reflect.DeepEqual(s, one) }):
			return false
		}
	}
	return p.q.Op == "rbac.allowed_subjects" && next == len(ours) && next < len(theirs) &&
		p.theirs["evaluationError"] == p.ours["evaluationError"]
}

// isPretty recognizes pretty-body: the same body, indented.
func (p *pairing) isPretty() bool {
	theirs, _ := p.theirs["body"].(string)
	ours, _ := p.ours["body"].(string)
	var indented bytes.Buffer
	if p.q.Op != "rbac.serve" || ours == "" {
		return false
	}
	check(json.Indent(&indented, []byte(strings.TrimSuffix(ours, "\n")), "", "  "))
	return theirs == indented.String()
}

var managedFields = regexp.MustCompile(`,"managedFields":\[\{.*?\}\]\}`)

// isManaged recognizes review-metadata: upstream's message shows managedFields that the API server added.
func (p *pairing) isManaged() bool {
	message := differential.ErrorField(p.theirs, "message")
	shorter := managedFields.ReplaceAllString(message, "}")
	return p.q.Op == "rbac.review" && shorter != message && shorter == differential.ErrorField(p.ours, "message")
}

// isUnchanged recognizes write-of-unread-fields: the objects differ only in fields that the crate does not
// read, so upstream skips the escalation check. Validation may refuse the object all the same.
func (p *pairing) isUnchanged() bool {
	isPast := p.theirs["allowed"] == true || p.theirs["status"] == 422.0
	if p.q.Op != "rbac.write" || len(p.q.Before) == 0 || !isPast || p.ours["allowed"] != false {
		return false
	}
	return equality.Semantic.DeepEqual(reread(p.q.Kind, p.q.Object), reread(p.q.Kind, p.q.Before))
}

// hasDuplicateKey recognizes duplicate-key: only we refuse an object with a key that stands twice.
func (p *pairing) hasDuplicateKey() bool {
	if p.q.Op != "rbac.read" || p.theirs["lost"] == true || p.ours["lost"] != true {
		return false
	}
	_, err := yaml.YAMLToJSONStrict([]byte(p.q.Text))
	return err != nil && strings.Contains(err.Error(), "already set in map")
}

var oldScalar = regexp.MustCompile(`(?im)[:-] (on|off|yes|no|y|n|0[0-9]+|[0-9]+_[0-9]+)\s*$`)

// hasOldScalar recognizes yaml-1-1-words: only upstream refuses an object with such a word or number.
func (p *pairing) hasOldScalar() bool {
	return p.q.Op == "rbac.read" && p.theirs["lost"] == true && p.ours["lost"] != true && oldScalar.MatchString(p.q.Text)
}

var oddKey = regexp.MustCompile(`(?im)(^|[{,-])\s*(on|off|yes|no|y|n|true|null|~|0x[0-9a-f]+|[0-9._]+)\s*:`)

// hasOddKey recognizes key-text: of a label or annotation, upstream rewrites the key.
func (p *pairing) hasOddKey() bool {
	return p.q.Op == "rbac.read" && p.theirs["lost"] != true && p.ours["lost"] != true && oddKey.MatchString(p.q.Text)
}
