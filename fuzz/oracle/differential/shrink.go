package differential

// maxTries limits how many questions the reduction of one difference asks.
const maxTries = 5000

// askOne asks both programs one question. A question that either cannot understand has no pair.
func (r *run) askOne(c Case) *Pair {
	ours := r.driver.ask([]Case{c})
	p := &Pair{Case: c, Theirs: r.answer(c)}
	p.Ours = (<-ours)[0]
	if Code(p.Ours) == malformed || Code(p.Theirs) == malformed {
		return nil
	}
	return p
}

// reduce takes steps to smaller questions as long as they differ and one is taken, or until the pair is done.
func (r *run) reduce(p *Pair, isKept, isDone func(*Pair) bool) *Pair {
	tries := 0
	for !isDone(p) {
		var next *Pair
		for _, c := range p.Case.Smaller() {
			if tries++; tries > maxTries {
				return p
			}
			candidate := r.askOne(c)
			if candidate != nil && !r.area.isSame(candidate) && r.area.isLike(p, candidate) && isKept(candidate) {
				next = candidate
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

// attribute returns the row of a difference. If several may explain it, the question is reduced until only
// one may. If none does, the result is "" and the smallest form of the question that none explains.
func (r *run) attribute(p *Pair) (string, *Pair) {
	isOfOne := func(p *Pair) bool { return len(r.area.rows(p)) == 1 }
	if len(r.area.rows(p)) > 1 {
		p = r.reduce(p, always, isOfOne)
	}
	if !isOfOne(p) && r.area.AnswerAgain != nil {
		p.Theirs = plain(r.area.AnswerAgain(p.Case))
		if r.area.isSame(p) {
			return "", nil
		}
	}
	if of := r.area.rows(p); len(of) == 1 {
		return of[0], p
	}
	return "", r.reduce(p, func(p *Pair) bool { return !isOfOne(p) }, never)
}
