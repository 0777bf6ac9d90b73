package differential

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sliceLen is the number of questions in a slice of a run.
const sliceLen = 2000

// covering is the number of questions after which every row of an area must have shown: our choice, four times
// what the rarest row needed.
const covering = 100_000

// maxPrinted limits how many unexplained differences of an area are reduced and printed.
const maxPrinted = 5

// extent is how long a run is: a number of questions, or a time.
type extent struct {
	count int
	time  time.Duration
}

// parseExtent parses `1000` or `60s`.
func parseExtent(text string) (extent, error) {
	if seconds, is := strings.CutSuffix(text, "s"); is {
		n, err := parseCount(seconds)
		return extent{time: time.Duration(n) * time.Second}, err
	}
	n, err := parseCount(text)
	return extent{count: n}, err
}

// parseCount parses a number from 1 on. A run without a question would compare nothing and succeed.
func parseCount(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err == nil && n == 0 {
		err = fmt.Errorf("%q: at least 1 is needed", text)
	}
	return int(n), err
}

// run asks the questions of one area.
type run struct {
	area    *Area
	driver  *driver
	seed    uint64
	printed int
}

// newRun starts the driver of an area. program is the driver of the areas that name no other.
func newRun(area *Area, program string, seed uint64) *run {
	return &run{area: area, driver: start(program + area.Driver), seed: seed}
}

// compare asks upstream and the driver questions of one area, or of all. Each difference must match exactly
// one row of the divergence files. Returns whether there was no other difference and, after enough questions,
// whether each row of the area has shown and no share is below its floor.
func (o *Oracle) compare(program, only string, length extent, seed uint64, stored *storage) bool {
	isGood := true
	for n := range o.Areas {
		area := &o.Areas[n]
		if only != "all" && only != area.Name {
			continue
		}
		r := newRun(area, program, seed)
		total := r.slices(length, stored)
		isGood = o.report(r, total) && isGood
		fail(r.driver.questions.Close())
	}
	return isGood
}

// slices asks slice after slice. It takes the results of those that are stored.
func (r *run) slices(length extent, stored *storage) tally {
	total := newTally()
	began := time.Now()
	for n := uint64(0); length.time > 0 && time.Since(began) < length.time || total.Asked < length.count; n++ {
		count := sliceLen
		if length.time == 0 {
			count = min(count, length.count-total.Asked)
		}
		part, is := stored.find(r, n, count)
		if !is {
			part = r.slice(n, count)
			stored.add(r, n, part)
		}
		total.add(part)
	}
	return total
}

// slice asks a number of questions and judges the answers.
func (r *run) slice(number uint64, count int) tally {
	part := newTally()
	for _, p := range r.ask(number, count) {
		r.judge(p, part)
	}
	part.Asked = count
	return part
}

// ask asks both programs the questions of a slice.
func (r *run) ask(number uint64, count int) []*Pair {
	g := newGenerator(r.area.Name, r.seed, number)
	cases := make([]Case, count)
	for n := range cases {
		cases[n] = r.area.Ask(g)
	}
	ours := r.driver.ask(cases)
	pairs := make([]*Pair, count)
	for n, c := range cases {
		pairs[n] = &Pair{Case: c, Theirs: r.answer(c)}
	}
	for n, answer := range <-ours {
		pairs[n].Ours = answer
	}
	return pairs
}

// answer returns upstream's answer.
func (r *run) answer(c Case) Answer { return AnswerOf(func() any { return r.area.Answer(c) }) }

// judge counts a pair. A question that a program does not understand compares nothing, so it is unexplained even if the
// answers are equal.
func (r *run) judge(p *Pair, part tally) {
	if !p.isUnderstood() {
		part.Rows[unexplained]++
		r.print(func() { p.print("not understood") })
		return
	}
	for _, class := range r.area.Classes(p) {
		part.Classes[class]++
	}
	if r.area.isSame(p) {
		part.Rows[alike]++
		return
	}
	row, last := r.attribute(p)
	switch {
	case last == nil:
		part.Rows[alike]++
	case row != "":
		part.Rows[row]++
	default:
		part.Rows[unexplained]++
		r.print(func() {
			smallest := r.smallest(last)
			smallest.print("unexplained, smallest form")
			fmt.Printf("  rows     %v\n  from     %s\n", r.area.rows(smallest), p.Case.Question())
		})
	}
}

// print prints what is unexplained, up to maxPrinted times.
func (r *run) print(pair func()) {
	if r.printed++; r.printed <= maxPrinted {
		pair()
	}
}

func (p *Pair) print(what string) {
	fmt.Printf("%s: %s\n  upstream %s\n  ours     %s\n", what, p.Case.Question(), Raw(p.Theirs), Raw(p.Ours))
}

// record prints questions with equal answers, and the answers. The body of field errors is left out, because it
// repeats them and the message.
func (r *run) record(count int) {
	for asked, n := 0, uint64(0); asked < count; n++ {
		pairs := r.ask(n, min(sliceLen, count-asked))
		asked += len(pairs)
		for _, p := range pairs {
			if !p.isUnderstood() || !r.area.isSame(p) {
				continue
			}
			if p.Theirs["errors"] != nil {
				delete(p.Theirs, "body")
			}
			fmt.Printf("%s,\"answer\":%s}\n", bytes.TrimSuffix(p.Case.Question(), []byte("}")), Raw(p.Theirs))
		}
	}
}

// report prints the counts of an area. Returns whether they are good.
func (o *Oracle) report(r *run, total tally) bool {
	bad := total.Rows[unexplained]
	fmt.Printf("%s, %s: %d asked, %d alike, %d by a row, %d unexplained (seed %d)\n", o.Name, r.area.Name,
		total.Asked, total.Rows[alike], total.Asked-total.Rows[alike]-bad, bad, r.seed)
	for _, class := range slices.Sorted(maps.Keys(total.Classes)) {
		fmt.Printf("  %5.1f %% %s\n", total.share(class), class)
	}
	isGood := total.reportFloors(r.area.Name) && bad == 0
	expected := rowsOf(r.area.Name)
	for _, row := range slices.Sorted(maps.Keys(total.Rows)) {
		switch {
		case row == alike || row == unexplained:
		case slices.Contains(expected, row):
			fmt.Printf("  row %s: %d\n", row, total.Rows[row])
		default:
			fmt.Printf("  row %s: %d, which rows.txt does not list for this area\n", row, total.Rows[row])
			isGood = false
		}
	}
	for _, row := range expected {
		if total.Rows[row] > 0 {
			continue
		}
		if total.Asked >= covering {
			isGood = false
			fmt.Printf("  row %s: never, so it may be wrong\n", row)
		} else {
			fmt.Printf("  row %s: not yet\n", row)
		}
	}
	return isGood
}
