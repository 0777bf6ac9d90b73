package main

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/apis/rbac"

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
		// Neither reads an object. Ours is no fault if the document is of another kind.
		return isOfAnotherKind(parse(p.Case.Question()).Text)
	}
	return reflect.DeepEqual(p.Theirs, p.Ours)
}

// isOfAnotherKind returns whether a manifest says that it is none of the four kinds.
func isOfAnotherKind(text string) bool {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal([]byte(text), &kind); err != nil {
		return false
	}
	version, err := schema.ParseGroupVersion(kind.APIVersion)
	return err == nil && (version.Group != rbac.GroupName || !slices.Contains(kinds, kind.Kind))
}

// isLike returns whether a smaller question has answers of the same kinds.
func isLike(from, to *differential.Pair) bool {
	kind := func(a answer) [3]any { return [3]any{differential.Code(a), a["lost"], a["status"]} }
	return kind(from.Theirs) == kind(to.Theirs) && kind(from.Ours) == kind(to.Ours)
}

// explanations has a function for each op whose answers may differ. It returns the rows of the divergence files that
// explain a difference together: what upstream answers and what we answer must both be what the rows say.
var explanations = map[string]func(*pairing) []string{
	"rbac.allowed_subjects": one("who-can-repeats", (*pairing).hasRepeatedSubjects),
	"rbac.can_i":            (*pairing).rowsOfCanI,
	"rbac.label_selector":   one("selector-first-error", (*pairing).isOtherLabel),
	"rbac.read":             (*pairing).rowsOfRead,
	"rbac.request_info":     (*pairing).rowsOfURL,
	"rbac.review":           one("review-metadata", (*pairing).isManaged),
	"rbac.serve":            (*pairing).rowsOfURL,
	"rbac.validate":         one("field-error-order", (*pairing).isOtherOrder),
	"rbac.write":            one("write-of-unread-fields", (*pairing).isUnchanged),
}

// one is the explanation of an op with one row.
func one(row string, explains func(*pairing) bool) func(*pairing) []string {
	return func(p *pairing) []string {
		if explains(p) {
			return []string{row}
		}
		return nil
	}
}

// rowsOf returns the rows that explain a difference.
func rowsOf(difference *differential.Pair) []string {
	p := &pairing{parse(difference.Case.Question()), difference.Theirs, difference.Ours}
	explain, is := explanations[p.q.Op]
	if !is {
		return nil
	}
	return explain(p)
}

// isOurs returns whether our answer is the one that upstream gives to another question.
func (p *pairing) isOurs(q question) bool { return isAnswer(q, p.ours) }

// isAnswer returns whether an answer is the one that upstream gives to a question.
func isAnswer(q question, a answer) bool {
	theirs := differential.AnswerOf(func() any { return ask(&q) })
	return isSame(&differential.Pair{Case: differential.JSON(raw(q)), Theirs: theirs, Ours: a})
}

// change is a row, and a function that writes a question as we read it.
type change struct {
	row string
	of  func(question) question
}

// byChanges returns the rows of changes. It returns none unless our answer is what upstream answers after all changes; a
// row is one of them if it takes its change to get there.
func (p *pairing) byChanges(changes ...change) []string {
	allBut := func(left int) question {
		q := *p.q
		for n, change := range changes {
			if n != left {
				q = change.of(q)
			}
		}
		return q
	}
	if !p.isOurs(allBut(-1)) {
		return nil
	}
	var rows []string
	for n, change := range changes {
		if !p.isOurs(allBut(n)) {
			rows = append(rows, change.row)
		}
	}
	return rows
}

// isOtherLabel recognizes selector-first-error: upstream names any of several invalid labels, and we name the first.
func (p *pairing) isOtherLabel() bool {
	var selector metav1.LabelSelector
	check(json.Unmarshal(p.q.Selector, &selector))
	var could []string
	for _, key := range slices.Sorted(maps.Keys(selector.MatchLabels)) {
		one := &metav1.LabelSelector{MatchLabels: map[string]string{key: selector.MatchLabels[key]}}
		if _, err := metav1.LabelSelectorAsSelector(one); err != nil {
			could = append(could, err.Error())
		}
	}
	return len(could) > 1 && reflect.DeepEqual(p.ours, refusal("invalid-selector", could[0])) &&
		differential.Code(p.theirs) == "invalid-selector" && slices.Contains(could, differential.ErrorField(p.theirs, "message"))
}

// hasRepeatedSubjects recognizes who-can-repeats: upstream repeats some subjects, and we have each once. We repeat a
// ServiceAccount without a namespace, since each binding gives it another one.
func (p *pairing) hasRepeatedSubjects() bool {
	theirs, ours := items(p.theirs["subjects"]), items(p.ours["subjects"])
	has := func(list []any, one any) bool {
		return slices.ContainsFunc(list, func(s any) bool { return reflect.DeepEqual(s, one) })
	}
	next := 0
	for _, s := range theirs {
		switch {
		case next < len(ours) && reflect.DeepEqual(s, ours[next]):
			next++
		case !has(ours[:next], s):
			return false
		}
	}
	for n, s := range ours {
		subject := s.(answer)
		if has(ours[:n], s) && (subject["kind"] != "ServiceAccount" || subject["namespace"] != nil) {
			return false
		}
	}
	return next == len(ours) && next < len(theirs) && reflect.DeepEqual(without(p.theirs, "subjects"), without(p.ours, "subjects"))
}

// without returns an answer without a field.
func without(of answer, field string) answer {
	of = maps.Clone(of)
	delete(of, field)
	return of
}

// isManaged recognizes review-metadata: both refuse the metadata, and only upstream's message shows managedFields, which
// the API server has added.
func (p *pairing) isManaged() bool {
	message := differential.ErrorField(p.theirs, "message")
	shorter := managedFields.ReplaceAllString(message, "}")
	return shorter != message && strings.Contains(message, "must be empty") &&
		reflect.DeepEqual(p.ours, refusal(differential.Code(p.theirs), shorter))
}
