package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2client "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/sirupsen/logrus"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/ec2provider"
)

// lookUpQuestion asks for the private DNS names of instances, as callers ask for them over time.
type lookUpQuestion struct {
	Op string `json:"op"`
	// The names by id; empty for an instance that is terminated.
	Instances map[string]string `json:"instances"`
	LatencyMS int               `json:"latency_ms"`
	// How many of the first calls for an instance EC2 refuses.
	Failures map[string]int `json:"failures,omitempty"`
	// Makes the driver remember that an instance does not exist.
	RemembersMissing bool      `json:"remembers_missing,omitempty"`
	LookUps          []oneByID `json:"look_ups"`
}

type oneByID struct {
	AtMS int    `json:"at_ms"`
	ID   string `json:"id"`
}

// Question returns the question.
func (q *lookUpQuestion) Question() []byte { return differential.Raw(q) }

// Smaller returns variants with fewer look-ups, and without failures or memory.
func (q *lookUpQuestion) Smaller() []differential.Case {
	var all []differential.Case
	add := func(change func(c *lookUpQuestion)) {
		c := *q
		change(&c)
		all = append(all, &c)
	}
	for length := len(q.LookUps) / 2; length > 0; length /= 2 {
		for at := 0; at+length <= len(q.LookUps); at += length {
			add(func(c *lookUpQuestion) { c.LookUps = slices.Concat(q.LookUps[:at], q.LookUps[at+length:]) })
		}
	}
	for _, id := range slices.Sorted(maps.Keys(q.Failures)) {
		add(func(c *lookUpQuestion) {
			c.Failures = maps.Clone(q.Failures)
			delete(c.Failures, id)
		})
	}
	if q.RemembersMissing {
		add(func(c *lookUpQuestion) { c.RemembersMissing = false })
	}
	for _, id := range slices.Sorted(maps.Keys(q.Instances)) {
		add(func(c *lookUpQuestion) {
			c.Instances = maps.Clone(q.Instances)
			c.Instances[id] = "ip-10-0-0-1.ec2.internal"
		})
		if q.Instances[id] == "ip-10-0-0-1.ec2.internal" {
			all = all[:len(all)-1]
		}
	}
	return all
}

// outcome is what a caller gets. It is late if the caller waited for 4.9 s or more: both programs give up after 5.
type outcome struct {
	Name   string   `json:"name,omitempty"`
	Error  *refusal `json:"error,omitempty"`
	IsLate bool     `json:"is_late"`
}

// table is an EC2 with the instances of a question.
type table struct {
	ec2provider.EC2API
	question *lookUpQuestion
	lock     sync.Mutex
	calls    [][]string
	asked    map[string]int
}

// DescribeInstances fails if one of the ids does not exist, as EC2 does.
func (t *table) DescribeInstances(_ context.Context, input *ec2client.DescribeInstancesInput, _ ...func(*ec2client.Options)) (*ec2client.DescribeInstancesOutput, error) {
	isRefused := false
	t.lock.Lock()
	t.calls = append(t.calls, input.InstanceIds)
	for _, id := range input.InstanceIds {
		t.asked[id]++
		isRefused = isRefused || t.asked[id] <= t.question.Failures[id]
	}
	t.lock.Unlock()
	time.Sleep(time.Duration(t.question.LatencyMS) * time.Millisecond)
	if isRefused {
		return nil, errors.New("RequestLimitExceeded")
	}
	var found []types.Instance
	for _, id := range input.InstanceIds {
		name, is := t.question.Instances[id]
		if !is {
			return nil, fmt.Errorf("InvalidInstanceID.NotFound: %s", id)
		}
		found = append(found, types.Instance{InstanceId: aws.String(id), PrivateDnsName: aws.String(name)})
	}
	return &ec2client.DescribeInstancesOutput{Reservations: []types.Reservation{{Instances: found}}}, nil
}

// stopper ends the goroutine of the batches when it has read OracleStop from its queue, which it logs.
type stopper struct{}

func (stopper) Levels() []logrus.Level { return []logrus.Level{logrus.DebugLevel} }

func (stopper) Fire(entry *logrus.Entry) error {
	if strings.Contains(entry.Message, "Received the Instance Id := "+ec2provider.OracleStop) {
		runtime.Goexit()
	}
	return nil
}

var withStopper = sync.OnceFunc(func() { logrus.AddHook(stopper{}) })

// lookUp runs the provider with a clock of its own, whose pauses take no time.
func lookUp(q *lookUpQuestion) differential.Answer {
	withStopper()
	logrus.SetLevel(logrus.DebugLevel)
	defer logrus.SetLevel(logrus.InfoLevel)
	outcomes := make([]outcome, len(q.LookUps))
	ec2 := &table{question: q, asked: map[string]int{}}
	synctest.Test(new(testing.T), func(*testing.T) {
		provider := ec2provider.StartOracle(ec2)
		var callers sync.WaitGroup
		for n, one := range q.LookUps {
			callers.Go(func() {
				time.Sleep(time.Duration(one.AtMS) * time.Millisecond)
				begin := time.Now()
				name, err := provider.GetPrivateDNSName(context.Background(), one.ID)
				outcomes[n] = outcome{Name: name, IsLate: time.Since(begin) >= 4900*time.Millisecond}
				if err != nil {
					outcomes[n].Error = &refusal{"not-found"}
				}
			})
		}
		callers.Wait()
		provider.Stop()
	})
	return differential.Answer{"outcomes": outcomes, "calls": ec2.calls}
}

var ec2Area = differential.Area{
	Name:    "ec2",
	Ask:     func(g differential.Generator) differential.Case { return generator{g}.lookUps() },
	Answer:  func(c differential.Case) any { return lookUp(c.(*lookUpQuestion)) },
	IsSame:  func(p *differential.Pair) bool { return len(unequal(p)) == 0 },
	Rows:    rowsOfEC2,
	Classes: classesOfEC2,
}

// look is how one program answers a question.
type look struct {
	Outcomes []outcome
	Calls    [][]string
	// failed has the instances of calls that failed. Only a model knows them.
	failed map[string]bool
}

// asked returns how often an instance was asked for.
func (l *look) asked(id string) int {
	count := 0
	for _, call := range l.Calls {
		for _, one := range call {
			if one == id {
				count++
			}
		}
	}
	return count
}

func looks(p *differential.Pair) (theirs, ours *look) {
	return parse[look](differential.Raw(p.Theirs)), parse[look](differential.Raw(p.Ours))
}

// unequal returns the ids whose callers or calls differ, in their order, and "" for a batch that is too large.
func unequal(p *differential.Pair) []string {
	q := p.Case.(*lookUpQuestion)
	theirs, ours := looks(p)
	ids := map[string]bool{}
	if len(theirs.Outcomes) != len(ours.Outcomes) {
		return []string{"?"}
	}
	for n, one := range q.LookUps {
		a, b := theirs.Outcomes[n], ours.Outcomes[n]
		isSame := a.Name == b.Name && a.IsLate == b.IsLate && (a.Error == nil) == (b.Error == nil)
		// How many look-ups share a call that brings no name depends on when it begins.
		_, isKnown := q.Instances[one.ID]
		isCounted := isKnown && q.Failures[one.ID] == 0 || !isKnown && q.RemembersMissing
		if !isSame || isCounted && theirs.asked(one.ID) != ours.asked(one.ID) {
			ids[one.ID] = true
		}
	}
	for _, call := range slices.Concat(theirs.Calls, ours.Calls) {
		if len(call) > 100 {
			ids[""] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// rowsOfEC2 returns the row that explains the first caller who differs, if both programs do what the rows say and there is a row
// for each other one.
func rowsOfEC2(p *differential.Pair) []string {
	q := p.Case.(*lookUpQuestion)
	theirs, ours := looks(p)
	upstream := upstreamEC2(q)
	if !upstream.isForeseen(theirs) || !driverEC2(q).isForeseen(ours) {
		return nil
	}
	first, row := -1, ""
	for _, id := range unequal(p) {
		of := q.rowOf(id, upstream, ours)
		if of == "" {
			return nil
		}
		at := slices.IndexFunc(q.LookUps, func(one oneByID) bool { return one.ID == id })
		if at < 0 || first < 0 || q.LookUps[at].AtMS < q.LookUps[first].AtMS {
			first, row = max(at, 0), of
		}
	}
	if row == "" {
		return nil
	}
	return []string{row}
}

// rowOf returns the row of an instance whose callers or calls differ, or "".
func (q *lookUpQuestion) rowOf(id string, theirs, ours *look) string {
	name, isKnown := q.Instances[id]
	isMissing := func(other string) bool { _, isKnown := q.Instances[other]; return !isKnown }
	switch {
	case id == "":
		return "waiting-callers"
	case isKnown && name == "":
		return "instance-without-name"
	case theirs.isBeside(id, isMissing):
		return "instance-missing-in-a-batch"
	}
	for n, one := range q.LookUps {
		// A caller that waits for a call that failed may find the name that a later call brings.
		hasWaited := theirs.Outcomes[n].IsLate && !ours.Outcomes[n].IsLate ||
			theirs.Outcomes[n].Error == nil && ours.Outcomes[n].Error != nil
		switch {
		case one.ID != id || !hasWaited:
		case q.isJoined(n) || !theirs.failed[id]:
			return "waiting-callers"
		default:
			return "call-fails"
		}
	}
	isFailing := func(other string) bool { return q.Failures[other] > 0 }
	switch {
	case theirs.isBeside(id, isFailing) || ours.isBeside(id, isFailing):
		// When a batch begins decides which instances are in it.
		return "waiting-callers"
	case !isKnown && q.RemembersMissing && theirs.asked(id) > ours.asked(id):
		return "missing-instance-asked-again"
	}
	return ""
}

// isBeside returns whether a call for an instance was also for another of this kind.
func (l *look) isBeside(id string, kind func(string) bool) bool {
	return slices.ContainsFunc(l.Calls, func(call []string) bool {
		return slices.Contains(call, id) && slices.ContainsFunc(call, func(other string) bool { return other != id && kind(other) })
	})
}

// isJoined returns whether an earlier caller may wait for the same instance.
func (q *lookUpQuestion) isJoined(at int) bool {
	return slices.ContainsFunc(q.LookUps, func(other oneByID) bool {
		return other.ID == q.LookUps[at].ID && other.AtMS < q.LookUps[at].AtMS
	})
}

func classesOfEC2(p *differential.Pair) []string {
	theirs, _ := looks(p)
	var classes []string
	for _, one := range theirs.Outcomes {
		classes = append(classes, differential.Choose(one.Error == nil, "found", "not found")+differential.Choose(one.IsLate, ", late", ""))
	}
	return classes
}

// lookUps generates the look-ups of a few instances, or of a storm of them.
func (g generator) lookUps() *lookUpQuestion {
	q := &lookUpQuestion{Op: "ec2.look_up", Instances: map[string]string{}, LatencyMS: 2 + 4*g.IntN(100)}
	known, span := 1+g.IntN(4), 1+g.IntN(6000)
	count := 1 + g.IntN(8)
	if g.One(4) {
		known, span, count = 10+g.IntN(20), 1+g.IntN(1000), 10+g.IntN(40)
	}
	if g.One(60) {
		known, span, count = 150, 150, 120+g.IntN(130)
	}
	var ids []string
	for n := range known {
		id := fmt.Sprintf("i-%017x", n)
		ids = append(ids, id)
		switch g.IntN(12) {
		case 0:
		case 1:
			q.Instances[id] = ""
		default:
			q.Instances[id] = fmt.Sprintf("ip-10-0-0-%d.ec2.internal", n)
		}
	}
	if g.One(4) {
		q.Failures = map[string]int{g.Pick(ids...): 1 + g.IntN(2), g.Pick(ids...): 1}
	}
	q.RemembersMissing = g.One(3)
	// No two things happen at one time, which would leave their order to chance: upstream's batches begin at multiples
	// of 20 ms.
	seen := map[int]bool{}
	for range count {
		at := 1 + 4*g.IntN(span/4+2*count)
		if !seen[at] {
			seen[at] = true
			q.LookUps = append(q.LookUps, oneByID{at, g.Pick(ids...)})
		}
	}
	return q
}
