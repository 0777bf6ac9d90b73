package main

import (
	"maps"
	"slices"

	"oracle/differential"
)

// altered returns the answers that differ from one in a text, a number, a truth value, a field or an element.
func altered(answer differential.Answer) []differential.Answer {
	var all []differential.Answer
	for _, one := range alteredValues(differential.AnswerOf(func() any { return answer })) {
		all = append(all, one.(differential.Answer))
	}
	return all
}

func alteredValues(of any) []any {
	var all []any
	switch of := of.(type) {
	case map[string]any:
		for key, value := range of {
			// Without it, a truth value is false.
			if value != false {
				without := maps.Clone(of)
				delete(without, key)
				all = append(all, without)
			}
			for _, other := range alteredValues(value) {
				with := maps.Clone(of)
				with[key] = other
				all = append(all, with)
			}
		}
	case []any:
		for n, value := range of {
			all = append(all, slices.Concat(of[:n], of[n+1:]), slices.Insert(slices.Clone(of), n, value))
			for _, other := range alteredValues(value) {
				with := slices.Clone(of)
				with[n] = other
				all = append(all, with)
			}
		}
	case string:
		all = append(all, "another")
	case float64:
		all = append(all, -of-1)
	case bool:
		all = append(all, !of)
	}
	return all
}
