// Package differential asks an upstream program and the conformance driver the same generated questions. It
// shrinks each difference and attributes it to a row of the crates' divergence files.
package differential

import (
	"encoding/json"
	"reflect"
)

// Answer is a JSON object without empty fields.
type Answer = map[string]any

// Case is a generated question that can be reduced.
type Case interface {
	// Question returns the question as both programs read it.
	Question() []byte
	// Smaller returns variants of the case, each with one part removed or simplified.
	Smaller() []Case
}

// Pair is a question and both answers.
type Pair struct {
	Case         Case
	Theirs, Ours Answer
}

// Area is one kind of question.
type Area struct {
	Name string
	// Driver is added to the name of the driver, for an area that another one answers. Optional.
	Driver string
	Ask    func(Generator) Case
	// Answer returns upstream's answer.
	Answer func(Case) any
	// AnswerAgain takes longer than Answer and finds answers that depend on chance. Optional.
	AnswerAgain func(Case) any
	// IsSame compares the answers. By default they must be equal.
	IsSame func(*Pair) bool
	// Rows returns the rows of the divergence files that may explain a difference. Optional.
	Rows func(*Pair) []string
	// Explain returns the row of a difference that several rows explain only together, or "". ask asks both programs
	// another question. Optional.
	Explain func(p *Pair, ask func(Case) *Pair) string
	// IsLike returns whether a smaller question still shows the same kind of difference. Optional.
	IsLike func(from, to *Pair) bool
	// Classes classifies a question by upstream's answer. The report has the share of each class.
	Classes func(*Pair) []string
}

func (a *Area) isSame(p *Pair) bool {
	if a.IsSame != nil {
		return a.IsSame(p)
	}
	return reflect.DeepEqual(p.Theirs, p.Ours)
}

func (a *Area) rows(p *Pair) []string {
	if a.Rows == nil {
		return nil
	}
	return a.Rows(p)
}

func (a *Area) isLike(from, to *Pair) bool { return a.IsLike == nil || a.IsLike(from, to) }

// Code returns the code of a refusal, or "".
func Code(of Answer) string { return ErrorField(of, "code") }

// ErrorField returns a field of the error of an answer, or "".
func ErrorField(of Answer, field string) string {
	refused, _ := of["error"].(Answer)
	text, _ := refused[field].(string)
	return text
}

// Refusal builds an answer that refuses.
func Refusal(code, message string) Answer {
	return Answer{"error": Answer{"code": code, "message": message}}
}

// malformed is the code of an answer to a question that cannot be understood.
const malformed = "malformed-question"

// plain converts an answer to JSON values without empty fields: absent, null, "", [] and {} are equal.
func plain(of any) Answer {
	var v any
	Check(json.Unmarshal(Raw(of), &v))
	answer, is := withoutEmpty(v).(map[string]any)
	if !is {
		return Answer{}
	}
	return answer
}

func withoutEmpty(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			value = withoutEmpty(value)
			v[key] = value
			if isEmpty(value) {
				delete(v, key)
			}
		}
	case []any:
		for n := range v {
			v[n] = withoutEmpty(v[n])
		}
	}
	return v
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
