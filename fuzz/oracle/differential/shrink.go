package differential

// maxTries limits how many questions the reduction of one difference asks.
const maxTries = 5000

// askOne asks both programs one question. A question that either cannot understand has no pair.
func (r *run) askOne(c Case) *Pair {
	ours := r.driver.ask([]Case{c})
	p := &Pair{Case: c, Theirs: r.answer(c)}
	p.Ours = (<-ours)[0]
	if !p.isUnderstood() {
		return nil
	}
	return p
}

// reduce takes steps to smaller questions as long as they differ and one is taken, or until the pair is done.
// After a step it goes on where it was: of a long text, the parts before were tried already.
func (r *run) reduce(p *Pair, isKept, isDone func(*Pair) bool) *Pair {
	tries, start := 0, 0
	for !isDone(p) {
		var next *Pair
		all := p.Case.Smaller()
		for n := range all {
			at := (start + n) % len(all)
			if tries++; tries > maxTries {
				return p
			}
			candidate := r.askOne(all[at])
			if candidate != nil && !r.area.isSame(candidate) && r.area.isLike(p, candidate) && isKept(candidate) {
				next, start = candidate, at
				break
			}
		}
		if next == nil {
			return p
		}
		p = next
	}
	return p
}

func always(*Pair) bool { return true }
func never(*Pair) bool  { return false }

func (r *run) isOfOne(p *Pair) bool { return len(r.area.rows(p)) == 1 }

// attribute returns the row of a difference. If several may explain it, the question is reduced until only
// one may; if several are left, the area is asked for one. If none explains it, the result is "" and the question as
// far as it was reduced. It has no question if the answers are alike after all.
func (r *run) attribute(p *Pair) (string, *Pair) {
	if len(r.area.rows(p)) > 1 {
		p = r.reduce(p, always, r.isOfOne)
	}
	if !r.isOfOne(p) && r.area.AnswerAgain != nil {
		p.Theirs = plain(r.area.AnswerAgain(p.Case))
		if r.area.isSame(p) {
			return "", nil
		}
	}
	return r.rowOf(p), p
}

// rowOf returns the row of a difference that is not reduced any more, or "".
func (r *run) rowOf(p *Pair) string {
	of := r.area.rows(p)
	switch {
	case len(of) == 1:
		return of[0]
	case len(of) > 1 && r.area.Explain != nil:
		return r.area.Explain(p, r.askOne)
	}
	return ""
}

// smallest reduces a question that no row explains, as long as none does.
func (r *run) smallest(p *Pair) *Pair {
	return r.reduce(p, func(p *Pair) bool { return r.rowOf(p) == "" }, never)
}
