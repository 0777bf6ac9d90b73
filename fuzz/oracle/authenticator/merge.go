package main

import (
	"reflect"
	"slices"

	"oracle/differential"
)

// explainMerge returns the row merge-after-the-key if it explains a difference whatever the merged values are: also
// where a value is one that only upstream reads otherwise, so that another row explains a part of the difference.
//
// The merges of the question are written out in both ways. Upstream must answer as with the keys of the merged entry, and
// the driver as with the entry's own keys, where both must answer alike.
func explainMerge(p *differential.Pair, ask func(differential.Case) *differential.Pair) string {
	s, is := p.Case.(*spec)
	if !is || p.Theirs["random"] == true {
		return ""
	}
	overridden, own := s.withMerges(overriding), s.withMerges(yielding)
	if reflect.DeepEqual(overridden, own) {
		return ""
	}
	theirs, ours := ask(overridden), ask(own)
	if theirs == nil || ours == nil || !isSame(ours) {
		return ""
	}
	if !reflect.DeepEqual(theirs.Theirs, p.Theirs) || !reflect.DeepEqual(ours.Ours, p.Ours) {
		return ""
	}
	return "merge-after-the-key"
}

// mergedPairs writes out a merge: the pairs of an entry before its merge key, those of the entry that it merges, and those
// after the key.
type mergedPairs func(before, merged, after []pair) []pair

// overriding is how upstream reads a merge: it overrides the keys before it.
func overriding(before, merged, after []pair) []pair {
	return slices.Concat(without(before, merged), without(merged, after), after)
}

// yielding is how we read a merge: the entry's own keys win.
func yielding(before, merged, after []pair) []pair {
	own := slices.Concat(before, after)
	return append(without(merged, own), own...)
}

// withMerges returns the question with merges written out.
func (s *spec) withMerges(write mergedPairs) *spec {
	c := s.clone()
	for n := range c.sources {
		for _, entries := range [][]entry{c.sources[n].roles, c.sources[n].users} {
			for at := range entries {
				entries[at].pairs = entries[at].merged(entries, write)
			}
			for at := range entries {
				entries[at].anchor = ""
			}
		}
	}
	return c
}

// merged returns the pairs of an entry with those of the entry that it merges.
func (e entry) merged(entries []entry, write mergedPairs) []pair {
	at := slices.IndexFunc(e.pairs, func(p pair) bool { return p.key == "<<" })
	if at < 0 {
		return e.pairs
	}
	other := slices.IndexFunc(entries, func(o entry) bool { return "*"+o.anchor == e.pairs[at].value.raw })
	if other < 0 {
		return e.pairs
	}
	return write(e.pairs[:at], entries[other].pairs, e.pairs[at+1:])
}

// without returns the pairs whose keys others lack.
func without(pairs, others []pair) []pair {
	return slices.DeleteFunc(slices.Clone(pairs), func(p pair) bool {
		return slices.ContainsFunc(others, func(o pair) bool { return o.key == p.key })
	})
}
