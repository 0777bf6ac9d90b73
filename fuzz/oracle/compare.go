package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"slices"
)

// pairing is a question and both answers.
type pairing struct {
	spec         *spec
	ours, theirs answer
}

// compare generates questions, asks upstream and a conformance driver, and attributes each difference to a
// row of the divergence file: the question must have the feature of exactly one row. A question with the
// features of several rows is reduced first, as long as the difference remains and no new feature appears.
// Returns the exit status: 1 if a difference matches no row, or several.
func compare(driver string, count int, seed uint64) int {
	g := generator{newRand(seed)}
	t := tally{rows: map[string]int{}}
	const batch = 10000
	for from := 0; from < count; from += batch {
		specs := make([]*spec, min(batch, count-from))
		for n := range specs {
			specs[n] = g.spec()
		}
		t.add(driver, askBoth(driver, specs))
		fmt.Fprintf(os.Stderr, "%d asked, %d unexplained\n", t.pairs, t.unexplained)
	}
	t.print()
	if t.unexplained > 0 {
		return 1
	}
	return 0
}

// tally counts the outcomes.
type tally struct {
	pairs, patterns, mapped, refused, agreed, unexplained int
	rows                                                  map[string]int
}

func (t *tally) add(driver string, pairs []*pairing) {
	var differing, doubtful []*pairing
	for _, p := range pairs {
		t.pairs++
		switch {
		case p.spec.pattern != "":
			t.patterns++
		case p.theirs.Error == "":
			t.mapped++
		case p.theirs.Error != "not-mapped":
			t.refused++
		}
		if !p.differs() {
			t.agreed++
			continue
		}
		differing = append(differing, p)
		if len(p.rows()) != 1 {
			doubtful = append(doubtful, p)
		}
	}
	shrink(driver, doubtful)
	for _, p := range differing {
		of := p.rows()
		if len(of) != 1 && !p.theirs.Random {
			// A random answer may have been missed.
			p.theirs = askOften(p.spec.write(), 2000)
			of = p.rows()
		}
		if len(of) == 1 {
			t.rows[of[0]]++
			continue
		}
		t.unexplained++
		if t.unexplained <= 5 {
			line, err := json.Marshal(p.spec.write())
			check(err)
			fmt.Printf("unexplained %v: %s\n  upstream %+v\n  ours     %+v\n", of, line, p.theirs, p.ours)
		}
	}
}

func (t *tally) print() {
	fmt.Printf("%d pairs: %d of patterns; upstream maps %d and refuses %d of the others\n", t.pairs, t.patterns, t.mapped, t.refused)
	fmt.Printf("%d answered alike, %d differ by a row, %d unexplained\n", t.agreed, t.pairs-t.agreed-t.unexplained, t.unexplained)
	for _, name := range slices.Sorted(maps.Keys(t.rows)) {
		fmt.Printf("%7d %s\n", t.rows[name], name)
	}
	for _, name := range rows {
		if t.rows[name] == 0 {
			fmt.Printf("  never %s\n", name)
		}
	}
}

// askBoth asks upstream, and a driver started for these questions.
func askBoth(driver string, specs []*spec) []*pairing {
	command := exec.Command(driver)
	in, err := command.StdinPipe()
	check(err)
	out, err := command.StdoutPipe()
	check(err)
	command.Stderr = os.Stderr
	check(command.Start())
	pairs := make([]*pairing, len(specs))
	questions := make([]*question, len(specs))
	for n, s := range specs {
		questions[n] = s.write()
	}
	// The driver may read all questions before it answers the first.
	go func() {
		encoder := json.NewEncoder(in)
		encoder.SetEscapeHTML(false)
		for _, q := range questions {
			check(encoder.Encode(q))
		}
		check(in.Close())
	}()
	for n, s := range specs {
		pairs[n] = &pairing{spec: s, theirs: askOften(questions[n], s.tries())}
	}
	answers := bufio.NewReaderSize(out, 1<<20)
	for _, p := range pairs {
		line, err := answers.ReadString('\n')
		check(err)
		p.ours = readOurs(line)
	}
	check(command.Wait())
	return pairs
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

func readOurs(line string) answer {
	var got struct {
		answer
		Error *struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	check(json.Unmarshal([]byte(line), &got))
	if got.Error != nil {
		return answer{Error: got.Error.Code}
	}
	return got.answer
}

// differs returns whether the answers differ. A random answer differs from every answer.
func (p *pairing) differs() bool {
	ours, theirs := p.ours, p.theirs
	if theirs.Random {
		return true
	}
	switch theirs.Error {
	case "":
	case "identity":
		return ours.Error != "principal"
	case "*":
		// Upstream has no codes.
		return ours.Error == "" || ours.Error == "not-mapped"
	default:
		return ours.Error != theirs.Error
	}
	return ours.Error != "" || ours.Username != theirs.Username || ours.UID != theirs.UID ||
		ours.Match != theirs.Match ||
		!(len(ours.Groups) == 0 && len(theirs.Groups) == 0 || reflect.DeepEqual(ours.Groups, theirs.Groups)) ||
		!(len(ours.Extra) == 0 && len(theirs.Extra) == 0 || reflect.DeepEqual(ours.Extra, theirs.Extra))
}

// shrink reduces each question until it has the feature of only one row, as long as the difference remains.
// Each round takes one step for all questions, so that it starts the driver once.
func shrink(driver string, pairs []*pairing) {
	open := map[*pairing]int{}
	for _, p := range pairs {
		open[p] = 0
	}
	for len(open) > 0 {
		var specs []*spec
		var owners []*pairing
		for _, p := range pairs {
			from, is := open[p]
			if !is {
				continue
			}
			smaller := p.spec.smaller()
			if from >= len(smaller) || len(p.rows()) == 1 {
				delete(open, p)
				continue
			}
			smaller = p.simpler(smaller)
			if from >= len(smaller) {
				delete(open, p)
				continue
			}
			// Tries a few at a time, and takes the first that still differs.
			for _, s := range smaller[from:min(from+4, len(smaller))] {
				specs = append(specs, s)
				owners = append(owners, p)
			}
			open[p] = from + 4
		}
		taken := map[*pairing]bool{}
		for n, candidate := range askBoth(driver, specs) {
			p := owners[n]
			if !taken[p] && p.shrinksTo(candidate) {
				taken[p] = true
				*p = *candidate
				open[p] = 0
			}
		}
	}
}

func (p *pairing) shrinksTo(candidate *pairing) bool {
	if !candidate.differs() || candidate.theirs.Random != p.theirs.Random {
		return false
	}
	if (candidate.theirs.Error == "stops") != (p.theirs.Error == "stops") {
		return false
	}
	return true
}

// simpler returns the questions that have no feature that p lacks. Those with the fewest features come
// first.
func (p *pairing) simpler(of []*spec) []*spec {
	had := p.spec.features()
	count := map[*spec]int{}
	var simpler []*spec
	for _, s := range of {
		features := s.features()
		isNew := func(feature string) bool { return !slices.Contains(had, feature) }
		if !slices.ContainsFunc(features, isNew) {
			count[s] = len(features)
			simpler = append(simpler, s)
		}
	}
	slices.SortStableFunc(simpler, func(a, b *spec) int { return count[a] - count[b] })
	return simpler
}
