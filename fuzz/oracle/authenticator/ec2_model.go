package main

import (
	"slices"
)

// These models say what the rows of eks-auth-ec2 say of both programs, so that each row needs both answers as a whole. All
// times are in milliseconds.

// What both programs limit, and how upstream's batches and waiting callers look.
const (
	inFlight      = 5
	batchDelay    = 200
	upstreamTick  = 20
	upstreamPoll  = 50
	upstreamPolls = 100
	upstreamBatch = 101
	driverBatch   = 100
	lateMS        = 4900
)

// schedule runs functions in the order of their times.
type schedule struct {
	now   int
	tasks []task
}

type task struct {
	at   int
	what func()
}

// in runs a function later, after those of the same time.
func (s *schedule) in(ms int, what func()) {
	at := s.now + ms
	n := len(s.tasks)
	for n > 0 && s.tasks[n-1].at > at {
		n--
	}
	s.tasks = slices.Insert(s.tasks, n, task{at, what})
}

func (s *schedule) run() {
	for len(s.tasks) > 0 {
		first := s.tasks[0]
		s.tasks = s.tasks[1:]
		s.now = first.at
		first.what()
	}
}

// ec2Model is the state that both models have.
type ec2Model struct {
	schedule
	question *lookUpQuestion
	answer   look
	asked    map[string]int
	names    map[string]string
	queue    []string
}

func newEC2Model(q *lookUpQuestion) ec2Model {
	return ec2Model{
		question: q, answer: look{Outcomes: make([]outcome, len(q.LookUps)), failed: map[string]bool{}}, asked: map[string]int{}, names: map[string]string{},
	}
}

// call records a call, and returns whether EC2 refuses it.
func (m *ec2Model) call(ids []string) bool {
	m.answer.Calls = append(m.answer.Calls, ids)
	isRefused := false
	for _, id := range ids {
		m.asked[id]++
		isRefused = isRefused || m.asked[id] <= m.question.Failures[id]
	}
	return isRefused
}

// start runs all look-ups.
func (m *ec2Model) start(lookUp func(n int)) *look {
	for n, one := range m.question.LookUps {
		m.in(one.AtMS, func() { lookUp(n) })
	}
	m.run()
	return &m.answer
}

func (m *ec2Model) fail(n int, code string, isLate bool) {
	m.answer.Outcomes[n] = outcome{Error: &refusal{code}, IsLate: isLate}
}

// upstreamEC2 foresees upstream's answer.
func upstreamEC2(q *lookUpQuestion) *look {
	m := newEC2Model(q)
	isAsked := map[string]bool{}
	var batch []string
	began, isTicking := 0, false
	// An instance that does not exist fails the call for all.
	finish := func(ids []string, isRefused bool) bool {
		for _, id := range ids {
			_, isKnown := q.Instances[id]
			isRefused = isRefused || !isKnown
		}
		for _, id := range ids {
			if delete(isAsked, id); !isRefused {
				// Also an empty name.
				m.names[id] = q.Instances[id]
			} else {
				m.answer.failed[id] = true
			}
		}
		return !isRefused
	}
	begin := func() {
		if len(batch) == 0 || m.now-began <= batchDelay && len(batch) < upstreamBatch {
			return
		}
		ids := batch
		began, batch = m.now, nil
		isRefused := m.call(ids)
		m.in(q.LatencyMS, func() { finish(ids, isRefused) })
	}
	var tick func()
	tick = func() {
		begin()
		for _, id := range m.queue {
			batch = append(batch, id)
			begin()
		}
		m.queue = nil
		if isTicking = len(batch) > 0; isTicking {
			m.in(upstreamTick, tick)
		}
	}
	var wait func(n, polls int)
	wait = func(n, polls int) {
		m.in(upstreamPoll, func() {
			name, has := m.names[q.LookUps[n].ID]
			isLate := polls*upstreamPoll >= lateMS
			switch {
			case has:
				m.answer.Outcomes[n] = outcome{Name: name, IsLate: isLate}
			case polls == upstreamPolls:
				m.fail(n, "not-found", true)
			default:
				wait(n, polls+1)
			}
		})
	}
	return m.start(func(n int) {
		id := q.LookUps[n].ID
		if name, has := m.names[id]; has {
			m.answer.Outcomes[n] = outcome{Name: name}
			return
		}
		if isAsked[id] {
			wait(n, 1)
			return
		}
		isAsked[id] = true
		if len(isAsked) > inFlight {
			m.queue = append(m.queue, id)
			if !isTicking {
				isTicking = true
				m.in(upstreamTick-m.now%upstreamTick, tick)
			}
			wait(n, 1)
			return
		}
		isRefused := m.call([]string{id})
		m.in(q.LatencyMS, func() {
			if isFound := finish([]string{id}, isRefused); isFound && q.Instances[id] != "" {
				m.answer.Outcomes[n] = outcome{Name: q.Instances[id]}
			} else {
				m.fail(n, "not-found", false)
			}
		})
	})
}

// driverEC2 foresees the driver's answer.
func driverEC2(q *lookUpQuestion) *look {
	m := newEC2Model(q)
	waiting := map[string][]int{}
	missing := map[string]bool{}
	calls, isDelayed := 0, false
	finish := func(id string, isRefused bool) {
		name, isKnown := q.Instances[id]
		for _, n := range waiting[id] {
			switch {
			case isRefused:
				m.fail(n, "RequestLimitExceeded", false)
			case !isKnown:
				m.fail(n, "instance-not-found", false)
			case name == "":
				m.fail(n, "instance-without-name", false)
			default:
				m.answer.Outcomes[n] = outcome{Name: name}
			}
		}
		delete(waiting, id)
		if !isRefused && name != "" {
			m.names[id] = name
		}
		missing[id] = !isRefused && !isKnown && q.RemembersMissing
	}
	begin := func() {
		if len(m.queue) == 0 {
			return
		}
		ids := m.queue
		m.queue = nil
		calls++
		isRefused := m.call(ids)
		m.in(q.LatencyMS, func() {
			calls--
			for _, id := range ids {
				finish(id, isRefused)
			}
		})
	}
	return m.start(func(n int) {
		id := q.LookUps[n].ID
		if name, has := m.names[id]; has {
			m.answer.Outcomes[n] = outcome{Name: name}
			return
		}
		if missing[id] {
			m.fail(n, "instance-not-found", false)
			return
		}
		waiting[id] = append(waiting[id], n)
		if len(waiting[id]) > 1 {
			return
		}
		m.queue = append(m.queue, id)
		switch {
		case len(m.queue) >= driverBatch || calls < inFlight && !isDelayed:
			begin()
		case !isDelayed:
			isDelayed = true
			m.in(batchDelay, func() {
				isDelayed = false
				begin()
			})
		}
	})
}

// isForeseen returns whether an answer is as a model says: each outcome, and the calls in any order.
func (l *look) isForeseen(answer *look) bool {
	sorted := func(calls [][]string) [][]string {
		calls = slices.Clone(calls)
		slices.SortFunc(calls, slices.Compare)
		return calls
	}
	return sameJSON(l.Outcomes, answer.Outcomes) && sameJSON(sorted(l.Calls), sorted(answer.Calls))
}
