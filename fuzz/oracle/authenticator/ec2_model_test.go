package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"oracle/differential"
)

// outcomesOf builds an answer: for each look-up a name, `""` for an empty one, or `!` and a code, and a `~` behind if it is
// late; and the instances of each call.
func outcomesOf(outcomes string, calls ...string) differential.Answer {
	var list []any
	for _, word := range strings.Fields(outcomes) {
		word, isLate := strings.CutSuffix(word, "~")
		one := differential.Answer{"is_late": isLate}
		if code, is := strings.CutPrefix(word, "!"); is {
			one["error"] = differential.Answer{"code": code}
		} else if word != `""` {
			one["name"] = word
		}
		list = append(list, one)
	}
	var lists [][]string
	for _, call := range calls {
		lists = append(lists, strings.Fields(call))
	}
	return differential.Answer{"outcomes": list, "calls": lists}
}

// at builds look-ups of an instance each: the time and the id.
func at(lookUps string) []oneByID {
	var all []oneByID
	for _, word := range strings.Fields(lookUps) {
		var one oneByID
		_, err := fmt.Sscanf(word, "%d:%s", &one.AtMS, &one.ID)
		differential.Check(err)
		all = append(all, one)
	}
	return all
}

var (
	fiveNames = map[string]string{"a": "A", "b": "B", "c": "C", "d": "D", "e": "E", "f": "F", "g": "G", "h": ""}
	fiveCalls = []string{"a", "b", "c", "d", "e"}
)

const fiveAsked = "1:a 5:b 9:c 13:d 17:e "

var ec2Cases = []struct {
	row          string
	question     lookUpQuestion
	theirs, ours differential.Answer
}{
	{
		"call-fails", lookUpQuestion{LookUps: at(fiveAsked + "21:f"), Failures: map[string]int{"f": 1}},
		outcomesOf("A B C D E !not-found~", append(fiveCalls, "f")...), outcomesOf("A B C D E !RequestLimitExceeded", append(fiveCalls, "f")...),
	},
	{
		// A later caller finds the name.
		"call-fails", lookUpQuestion{LookUps: at(fiveAsked + "21:f 1001:f"), Failures: map[string]int{"f": 1}},
		outcomesOf("A B C D E F F", append(fiveCalls, "f", "f")...), outcomesOf("A B C D E !RequestLimitExceeded F", append(fiveCalls, "f", "f")...),
	},
	{
		"instance-missing-in-a-batch", lookUpQuestion{LookUps: at(fiveAsked + "21:f 25:x")},
		outcomesOf("A B C D E !not-found~ !not-found~", append(fiveCalls, "f x")...), outcomesOf("A B C D E F !instance-not-found", append(fiveCalls, "f x")...),
	},
	{
		"instance-without-name", lookUpQuestion{LookUps: at("1:h 1001:h")},
		outcomesOf(`!not-found ""`, "h"), outcomesOf("!instance-without-name !instance-without-name", "h", "h"),
	},
	{
		"missing-instance-asked-again", lookUpQuestion{LookUps: at("1:x 1001:x"), RemembersMissing: true},
		outcomesOf("!not-found !not-found", "x", "x"), outcomesOf("!instance-not-found !instance-not-found", "x"),
	},
	{
		"waiting-callers", lookUpQuestion{LookUps: at("1:x 101:x")},
		outcomesOf("!not-found !not-found~", "x"), outcomesOf("!instance-not-found !instance-not-found", "x"),
	},
	{
		// Upstream's batch begins at 220 ms without the last caller, and the driver's at 221 ms with it.
		"waiting-callers", lookUpQuestion{LookUps: at(fiveAsked + "21:f 209:g"), Failures: map[string]int{"g": 1}},
		outcomesOf("A B C D E F !not-found~", append(fiveCalls, "f", "g")...),
		outcomesOf("A B C D E !RequestLimitExceeded !RequestLimitExceeded", append(fiveCalls, "f g")...),
	},
}

// Each row has its look-ups and both answers, and no row explains another answer to them.
func TestARowOfALookUpNeedsBothAnswers(t *testing.T) {
	for _, test := range ec2Cases {
		q := test.question
		q.Instances, q.LatencyMS = fiveNames, 398
		pair := func(theirs, ours differential.Answer) *differential.Pair {
			return &differential.Pair{Case: &q, Theirs: theirs, Ours: ours}
		}
		if rows := rowsOfEC2(pair(test.theirs, test.ours)); !slices.Equal(rows, []string{test.row}) {
			t.Errorf("%s, %v: got %v", test.row, q.LookUps, rows)
		}
		for _, theirs := range altered(test.theirs) {
			if rows := rowsOfEC2(pair(theirs, test.ours)); len(rows) > 0 {
				t.Errorf("%s: got %v for %s from upstream", test.row, rows, differential.Raw(theirs))
			}
		}
		for _, ours := range altered(test.ours) {
			if rows := rowsOfEC2(pair(test.theirs, ours)); len(rows) > 0 {
				t.Errorf("%s: got %v for %s from the driver", test.row, rows, differential.Raw(ours))
			}
		}
	}
}
