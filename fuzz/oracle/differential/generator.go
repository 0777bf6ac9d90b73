package differential

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
)

// Generator picks the parts of questions.
type Generator struct{ *rand.Rand }

// newGenerator returns the generator of one slice of a run. A slice does not depend on those before it.
func newGenerator(area string, seed, slice uint64) Generator {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s %d", area, slice)
	return Generator{rand.New(rand.NewPCG(seed, hash.Sum64()))}
}

// Pick returns one of the texts.
func (g Generator) Pick(of ...string) string { return of[g.IntN(len(of))] }

// One returns true once in so many calls.
func (g Generator) One(in int) bool { return g.IntN(in) == 0 }

// Some picks up to most texts, with repetition.
func (g Generator) Some(most int, of []string) []string {
	var list []string
	for range g.IntN(most + 1) {
		list = append(list, g.Pick(of...))
	}
	return list
}

// AtLeastOne picks between one and most texts, with repetition.
func (g Generator) AtLeastOne(most int, of []string) []string {
	return append(g.Some(most-1, of), g.Pick(of...))
}

// Choose returns one of two texts.
func Choose(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}
