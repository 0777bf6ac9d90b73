// Package differential asks an upstream program and the conformance driver the same generated questions. It
// shrinks each difference and attributes it to a row of the crates' divergence files.
package differential

import "reflect"

// Case is a generated question that can be reduced.
type Case interface {
	// Question returns the question as both programs read it.
	Question() []byte
	// Smaller returns variants of the case, each with one part removed or simplified.
	Smaller() []Case
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
