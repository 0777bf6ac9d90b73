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
)

// pairing is a question, and what was answered.
type pairing struct {
	q            *question
	theirs, ours map[string]any
}

// isSame tells whether the answers are the same, but for the words in which a URL is refused.
func (p *pairing) isSame() bool {
	if codeOf(p.theirs) == "invalid-url" {
		return codeOf(p.ours) == "invalid-url"
	}
	return reflect.DeepEqual(p.theirs, p.ours)
}

func codeOf(of map[string]any) string { return errorOf(of, "code") }

func errorOf(of map[string]any, field string) string {
	refused, _ := of["error"].(map[string]any)
	text, _ := refused[field].(string)
	return text
}

// rows returns the rows of the divergence file that account for a difference: what is told apart is
// the difference itself, not only what stands in the question.
func (p *pairing) rows() []string {
	var of []string
	for _, row := range []struct {
		name     string
		accounts func() bool
	}{
		{"absolute-url", p.isAbsolute},
		{"field-error-order", p.isOtherOrder},
		{"path-not-utf8", p.isNotUTF8},
		{"pretty-body", p.isPretty},
		{"review-metadata", p.isManaged},
		{"selector-first-error", p.isOtherLabel},
		{"who-can-repeats", p.hasRepeatedSubjects},
		{"write-of-unread-fields", p.isUnchanged},
	} {
		if row.accounts() {
			of = append(of, row.name)
		}
	}
	return of
}

func (p *pairing) isOfURL() bool { return p.q.Op == "rbac.request_info" || p.q.Op == "rbac.serve" }

// isAbsolute: a URL with a host, where a path is wanted.
func (p *pairing) isAbsolute() bool {
	return p.isOfURL() && codeOf(p.ours) == "invalid-url" && !strings.HasPrefix(p.q.URL, "/") && strings.Contains(p.q.URL, "://")
}

// isNotUTF8: the path is refused that is no text, or a parameter left out.
func (p *pairing) isNotUTF8() bool {
	if !p.isOfURL() || p.isAbsolute() || p.isPretty() {
		return false
	}
	path, query, _ := strings.Cut(p.q.URL, "?")
	if decoded, err := url.PathUnescape(path); err == nil && !utf8.ValidString(decoded) {
		return codeOf(p.ours) == "invalid-url"
	}
	for _, parameter := range strings.Split(query, "&") {
		if decoded, err := url.QueryUnescape(parameter); err == nil && !utf8.ValidString(decoded) {
			return true
		}
	}
	return false
}

// isOtherLabel: of several labels that cannot be, another is named. Ours is the first by its key.
func (p *pairing) isOtherLabel() bool {
	if p.q.Op != "rbac.label_selector" || codeOf(p.theirs) != "invalid-selector" || codeOf(p.ours) != "invalid-selector" {
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
	return len(could) > 1 && slices.Contains(could, errorOf(p.theirs, "message")) && slices.Contains(could, errorOf(p.ours, "message"))
}

// causes are the errors of an answer.
func causes(of map[string]any) []string {
	var list []string
	errors, _ := of["errors"].([]any)
	for _, e := range errors {
		list = append(list, fmt.Sprint(e))
	}
	return list
}

// isOtherOrder: the same errors, of which those of labels have another order.
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

// hasRepeatedSubjects: the same subjects, and upstream has some of them again. (Ours may have one again
// that has no namespace, for the bindings give it several.)
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

// isPretty: the same body, indented.
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

// isManaged: the metadata that is refused is shown with what the API server has put there itself.
func (p *pairing) isManaged() bool {
	message := errorOf(p.theirs, "message")
	shorter := managedFields.ReplaceAllString(message, "}")
	return p.q.Op == "rbac.review" && shorter != message && shorter == errorOf(p.ours, "message")
}

// isUnchanged: what is written is what is there, but for fields that are not kept.
func (p *pairing) isUnchanged() bool {
	if p.q.Op != "rbac.write" || len(p.q.Before) == 0 || p.theirs["allowed"] != true || p.ours["allowed"] != false {
		return false
	}
	return equality.Semantic.DeepEqual(reread(p.q.Kind, p.q.Object), reread(p.q.Kind, p.q.Before))
}
