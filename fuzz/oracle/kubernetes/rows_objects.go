package main

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"

	"oracle/differential"
	"sigs.k8s.io/yaml"
)

var managedFields = regexp.MustCompile(`,"managedFields":\[\{.*?\}\]\}`)

// isOtherOrder recognizes field-error-order: we have the same errors, but those of labels in the order of the keys.
func (p *pairing) isOtherOrder() bool {
	body, is := p.theirs["body"].(string)
	if !is {
		return false
	}
	var status metav1.Status
	check(json.Unmarshal([]byte(body), &status))
	sortErrorsOfLabels(p.q.Object, status.Details.Causes)
	head, _, _ := strings.Cut(status.Message, " is invalid: ")
	status.Message = head + " is invalid: " + joined(status.Details.Causes)
	sorted := differential.AnswerOf(func() any { return invalid(&apierrors.StatusError{ErrStatus: status}) })
	return reflect.DeepEqual(p.ours, sorted)
}

// joined returns what an aggregate of errors prints.
func joined(causes []metav1.StatusCause) string {
	var all []string
	for _, cause := range causes {
		all = append(all, cause.Field+": "+cause.Message)
	}
	texts := withoutRepeats(all)
	if len(texts) == 1 {
		return texts[0]
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// sortErrorsOfLabels puts the errors of the labels of an object, and those of each matchLabels, into the order of the keys.
func sortErrorsOfLabels(object json.RawMessage, causes []metav1.StatusCause) {
	for from := 0; from < len(causes); {
		to := from + 1
		for to < len(causes) && causes[to].Field == causes[from].Field {
			to++
		}
		if one := errorsOfLabels(labelsAt(object, causes[from].Field)); len(one) > 0 {
			sortLike(one, causes[from:to])
		}
		from = to
	}
}

// sortLike puts errors into this order. An update in 1.34 validates labels twice and has the errors twice. From 1.37 on, equal
// errors of two labels are one.
func sortLike(order []string, causes []metav1.StatusCause) {
	var messages []string
	for _, cause := range causes {
		messages = append(messages, cause.Message)
	}
	slices.Sort(messages)
	for _, one := range [][]string{order, withoutRepeats(order)} {
		sorted := slices.Repeat(one, len(causes)/len(one))
		if slices.Equal(slices.Sorted(slices.Values(sorted)), messages) {
			for n := range causes {
				causes[n].Message = sorted[n]
			}
			return
		}
	}
}

func withoutRepeats(of []string) []string {
	var all []string
	for _, one := range of {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// errorsOfLabels returns the errors of labels in the order of the keys.
func errorsOfLabels(labels map[string]string) []string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		for _, err := range validation.ValidateLabels(map[string]string{key: labels[key]}, nil) {
			all = append(all, err.ErrorBody())
		}
	}
	return all
}

var matchLabels = regexp.MustCompile(`^aggregationRule\.clusterRoleSelectors\[(\d+)\]\.matchLabels$`)

// labelsAt returns the labels of an object whose errors have this field, if it is one of labels.
func labelsAt(from json.RawMessage, field string) map[string]string {
	var object struct {
		Metadata        struct{ Labels map[string]string }
		AggregationRule struct {
			ClusterRoleSelectors []struct{ MatchLabels map[string]string }
		}
	}
	check(json.Unmarshal(from, &object))
	if field == "metadata.labels" {
		return object.Metadata.Labels
	}
	if number := matchLabels.FindStringSubmatch(field); number != nil {
		at, err := strconv.Atoi(number[1])
		check(err)
		return object.AggregationRule.ClusterRoleSelectors[at].MatchLabels
	}
	return nil
}

// isUnchanged recognizes write-of-unread-fields: the objects differ only in fields that the crate does not read, so that
// upstream skips the escalation check. Validation may refuse the object all the same. We refuse it as upstream refuses an
// object whose annotations have changed.
func (p *pairing) isUnchanged() bool {
	isPast := p.theirs["allowed"] == true || p.theirs["status"] == 422.0
	if len(p.q.Before) == 0 || !isPast || p.ours["allowed"] != false {
		return false
	}
	if !equality.Semantic.DeepEqual(reread(p.q.Kind, p.q.Object), reread(p.q.Kind, p.q.Before)) {
		return false
	}
	var changed map[string]any
	check(json.Unmarshal(p.q.Object, &changed))
	changed["metadata"].(map[string]any)["annotations"] = map[string]string{"changed": ""}
	annotated := *p.q
	annotated.Object = raw(changed)
	return p.isOurs(annotated)
}

// rowsOfRead returns the rows of a manifest. We lose an object with a key that stands twice. Else we read it as upstream
// reads it with quotes around the words and numbers of YAML 1.1 and around the keys that it rewrites.
func (p *pairing) rowsOfRead() []string {
	if p.theirs["lost"] == false && p.ours["lost"] == true && hasKeyTwice(quoteKeys(*p.q).Text) {
		return []string{"duplicate-key"}
	}
	return p.byChanges(change{"yaml-1-1-words", quoteWords}, change{"key-text", quoteKeys})
}

// explainTogether returns the row of a manifest that has a word of YAML 1.1 as a key and as its value, or "": with quotes around
// one of them, the other is left.
func explainTogether(p *differential.Pair, ask func(differential.Case) *differential.Pair) string {
	q := parse(p.Case.Question())
	if q.Op != "rbac.read" {
		return ""
	}
	without := func(change func(question) question) []string {
		return rowsOf(ask(differential.JSON(raw(change(*q)))))
	}
	if slices.Equal(without(quoteWords), []string{"key-text"}) && slices.Equal(without(quoteKeys), []string{"yaml-1-1-words"}) {
		return "yaml-1-1-words"
	}
	return ""
}

func hasKeyTwice(text string) bool {
	_, err := yaml.YAMLToJSONStrict([]byte(text))
	return err != nil && strings.Contains(err.Error(), "already set in map")
}

var (
	oldWord = regexp.MustCompile(`(?im)([:-] )(on|off|yes|no|y|n|0[0-9]+|[0-9]+_[0-9]+)(\s*)$`)
	oddKey  = regexp.MustCompile(`(?im)^(\s*)(on|off|yes|no|y|n|true|false|null|~|0x[0-9a-f]+|[0-9._]+):`)
)

func quoteWords(q question) question {
	q.Text = oldWord.ReplaceAllString(q.Text, `$1"$2"$3`)
	return q
}

func quoteKeys(q question) question {
	q.Text = oddKey.ReplaceAllString(q.Text, `$1"$2":`)
	return q
}
