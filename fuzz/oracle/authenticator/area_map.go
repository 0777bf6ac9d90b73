package main

import (
	"reflect"
	"slices"

	"oracle/differential"
)

var mapArea = differential.Area{
	Name:        "map",
	Ask:         func(g differential.Generator) differential.Case { return generator{g}.spec() },
	Answer:      func(c differential.Case) any { s := c.(*spec); return askOften(s.write(), s.tries()) },
	AnswerAgain: func(c differential.Case) any { return askOften(c.(*spec).write(), 2000) },
	IsSame:      isSame,
	IsLike:      isLike,
	Rows:        rowsOf,
	Explain:     explainTogether,
	Classes:     classesOfMap,
}

var patternArea = differential.Area{
	Name:    "arn_like",
	Ask:     func(g differential.Generator) differential.Case { return generator{g}.arnLike() },
	Answer:  func(c differential.Case) any { return askOften(c.(*spec).write(), 1) },
	IsSame:  isSame,
	Rows:    rowsOf,
	Classes: classesOfMap,
}

// Question returns the question of a spec.
func (s *spec) Question() []byte { return differential.Raw(s.write()) }

// Smaller returns the variants that have no feature that the spec lacks. Those with the fewest features come
// first.
func (s *spec) Smaller() []differential.Case {
	had := s.features()
	count := map[*spec]int{}
	var simpler []*spec
	for _, variant := range s.variants() {
		features := variant.features()
		isNew := func(feature string) bool { return !slices.Contains(had, feature) }
		if !slices.ContainsFunc(features, isNew) {
			count[variant] = len(features)
			simpler = append(simpler, variant)
		}
	}
	slices.SortStableFunc(simpler, func(a, b *spec) int { return count[a] - count[b] })
	cases := make([]differential.Case, len(simpler))
	for n, variant := range simpler {
		cases[n] = variant
	}
	return cases
}

// tries returns how often upstream is asked again: often if the answer may be random, and a few times
// otherwise. An unexpected random answer would still show in some of many questions.
func (s *spec) tries() int {
	for _, feature := range s.features() {
		if chance[feature] || feature == "kelvin-sign" || feature == "long-s-in-a-key" {
			return tries
		}
	}
	return 3
}

// isSame compares answers. A random answer differs from every answer.
func isSame(p *differential.Pair) bool {
	if p.Theirs["random"] == true {
		return false
	}
	ours, theirs := differential.Code(p.Ours), differential.Code(p.Theirs)
	switch theirs {
	case "":
	case "identity":
		return ours == "principal"
	case "*":
		// Upstream has no codes.
		return ours != "" && ours != "not-mapped"
	default:
		return ours == theirs
	}
	for _, field := range []string{"username", "groups", "uid", "extra"} {
		if !reflect.DeepEqual(p.Ours[field], p.Theirs[field]) {
			return false
		}
	}
	return ours == "" && (p.Ours["match"] == true) == (p.Theirs["match"] == true)
}

// isLike returns whether a smaller question still has an answer of the same kind.
func isLike(from, to *differential.Pair) bool {
	kind := func(p *differential.Pair) [2]bool {
		return [2]bool{p.Theirs["random"] == true, differential.Code(p.Theirs) == "stops"}
	}
	return kind(from) == kind(to)
}

func classesOfMap(p *differential.Pair) []string {
	switch code := differential.Code(p.Theirs); {
	case p.Case.(*spec).pattern != "":
		return []string{differential.Choose(p.Theirs["match"] == true, "match", "no match")}
	case p.Theirs["random"] == true:
		return []string{"random"}
	case code == "*":
		return []string{"refused"}
	case code != "":
		return []string{code}
	}
	return []string{"mapped"}
}
