package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"oracle/differential"
)

// cacheRun is a run at a minute of the hour.
type cacheRun struct {
	minute, life int
	profile      string
	cache        string
	heldMS       int
	isBeside     bool
}

// cachePair builds the answers in which the runs ask that have a 1.
func cachePair(runs []cacheRun, theirs, ours string) *differential.Pair {
	q := signerQuestion{Op: "signer.runs"}
	var ofUpstream, ofDriver []any
	for n, run := range runs {
		q.Runs = append(q.Runs, signerRun{
			Variables: map[string]string{"AWS_PROFILE": run.profile}, Arguments: strings.Fields("-i dev --cache"),
			Now: fmt.Sprintf("2026-11-23T09:%02d:00Z", run.minute), Life: run.life, Cache: run.cache, HeldMS: run.heldMS, Beside: run.isBeside,
		})
		ofUpstream = append(ofUpstream, differential.Answer{"asks": theirs[n] == '1'})
		ofDriver = append(ofDriver, ourRun(run.profile, ours[n] == '1'))
	}
	return &differential.Pair{
		Case: asJSON(q), Theirs: differential.Answer{"runs": ofUpstream}, Ours: differential.Answer{"runs": ofDriver},
	}
}

func ourRun(profile string, isAsking bool) differential.Answer {
	run := differential.Answer{"key": "ASIA" + strings.ToUpper(profile)}
	if isAsking {
		run["requests"] = []any{differential.Answer{
			"action": "AssumeRole", "key": "AKIABASE", "parameters": differential.Answer{"RoleArn": "arn:aws:iam::111122223333:role/" + profile},
		}}
	}
	return run
}

var cacheCases = []struct {
	row, theirs, ours string
	runs              []cacheRun
}{
	{"cache", "10", "11", []cacheRun{{0, 3600, "one", "kept", 0, false}, {14, 3600, "one", "kept", 0, false}}},
	{"", "10", "10", []cacheRun{{0, 900, "one", "kept", 0, false}, {13, 900, "one", "kept", 0, false}}},
	{"", "11", "11", []cacheRun{{0, 900, "one", "kept", 0, false}, {15, 900, "one", "kept", 0, false}}},
	{"", "11", "11", []cacheRun{{0, 900, "one", "kept", 0, false}, {1, 900, "two", "kept", 0, false}}},
	{"cache-repaired", "111", "110", []cacheRun{{0, 900, "one", "kept", 0, false}, {1, 900, "one", "broken", 0, false}, {2, 900, "one", "kept", 0, false}}},
	{"cache-repaired", "111", "110", []cacheRun{{0, 900, "one", "kept", 0, false}, {1, 900, "one", "shared", 0, false}, {2, 900, "one", "kept", 0, false}}},
	{"", "110", "110", []cacheRun{{0, 900, "one", "kept", 0, false}, {1, 900, "one", "emptied", 0, false}, {2, 900, "one", "kept", 0, false}}},
	{"", "110", "110", []cacheRun{{0, 900, "one", "kept", 0, false}, {1, 900, "one", "removed", 0, false}, {2, 900, "one", "kept", 0, false}}},
	{"", "111", "111", []cacheRun{{0, 900, "one", "kept", 0, false}, {1, 900, "one", "blocked", 0, false}, {2, 900, "one", "kept", 0, false}}},
	{"cache-at-once", "11", "10", []cacheRun{{0, 900, "one", "kept", 0, false}, {0, 900, "one", "kept", 0, true}}},
	{"", "11", "11", []cacheRun{{0, 900, "one", "kept", 0, false}, {0, 900, "two", "kept", 0, true}}},
	{"cache-lock", "11", "10", []cacheRun{{0, 900, "one", "kept", 0, false}, {1, 900, "one", "kept", 1510, false}}},
	{"cache-lock", "11", "10", []cacheRun{{0, 900, "one", "kept", 29010, false}, {1, 900, "one", "kept", 0, false}}},
	{"", "11", "11", []cacheRun{{0, 900, "one", "kept", 31010, false}, {1, 900, "one", "kept", 0, false}}},
	{"", "10", "10", []cacheRun{{0, 900, "one", "kept", 0, false}, {1, 900, "one", "kept", 710, false}}},
}

// Each row has its runs, and no row explains other answers to them.
func TestARowOfTheCacheNeedsItsRuns(t *testing.T) {
	for _, test := range cacheCases {
		right := cachePair(test.runs, test.theirs, test.ours)
		if got := rowOf(right); got != test.row || isSameCache(right) != (test.row == "") {
			t.Errorf("%v: got %q", test.runs, got)
		}
		for answers := range 1 << (2 * len(test.runs)) {
			both := fmt.Sprintf("%0*b", 2*len(test.runs), answers)
			theirs, ours := both[:len(test.runs)], both[len(test.runs):]
			if theirs == test.theirs && ours == test.ours {
				continue
			}
			if rows := rowsOfCredentialCache(cachePair(test.runs, theirs, ours)); len(rows) > 0 {
				t.Errorf("%v, %s and %s: got %v", test.runs, theirs, ours, rows)
			}
		}
	}
}

func rowOf(p *differential.Pair) string { return strings.Join(rowsOfCredentialCache(p), ", ") }

// A run of the driver that is refused, signs with another key, or sends another request has no row.
func TestARunOfTheDriverMustBeWhole(t *testing.T) {
	wrong := []differential.Answer{
		{"error": differential.Answer{"code": "refused"}, "key": "ASIAONE"}, {"key": "ASIATWO"}, {}, ourRun("two", true),
	}
	for _, change := range []func(request differential.Answer){
		func(r differential.Answer) { r["action"] = "GetCallerIdentity" },
		func(r differential.Answer) { r["key"] = "ASIAONE" },
		func(r differential.Answer) { delete(r, "parameters") },
	} {
		run := ourRun("one", true)
		change(run["requests"].([]any)[0].(differential.Answer))
		wrong = append(wrong, run)
	}
	twice := ourRun("one", true)
	twice["requests"] = slices.Repeat(twice["requests"].([]any), 2)
	for _, run := range append(wrong, twice) {
		for _, test := range cacheCases {
			p := cachePair(test.runs, test.theirs, test.ours)
			p.Ours["runs"].([]any)[0] = run
			if isSameCache(p) || rowOf(p) != "" {
				t.Errorf("%v, %v: alike or %q", test.runs, run, rowOf(p))
			}
		}
	}
}
