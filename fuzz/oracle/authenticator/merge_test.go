package main

import (
	"testing"

	"oracle/differential"
)

// The entry's own name is followed by a merge of an entry whose name is a boolean. Upstream takes the merged one, and reads it
// as no name. No question with only one of the two shows this.
func TestExplainMerge(t *testing.T) {
	quiet()
	const arn = "arn:aws:iam::111122223333:user/dev"
	caller := identity{arn, "111122223333", "AIDAEXAMPLE", "AKIAEXAMPLE"}
	first := entry{"first", []pair{{"username", scalar("true")}, {"groups", list(text("g"))}}}
	second := entry{"", []pair{{"username", text("u")}, {"userarn", text(arn)}, {"<<", scalar("*first")}}}
	question := &spec{id: caller, sources: []source{{mode: "EKSConfigMap", users: []entry{first, second}}}}

	upstream := func(c differential.Case) differential.Answer {
		return *parse[differential.Answer](differential.Raw(mapArea.Answer(c)))
	}
	named := func(name, group string) differential.Answer {
		answer := upstream(question)
		answer["username"] = name
		answer["groups"] = []any{group}
		return answer
	}
	ours := func(c differential.Case) differential.Answer { return named("u", "g") }
	for _, test := range []struct {
		name string
		ours differential.Answer
		own  func(differential.Case) differential.Answer
		row  string
	}{
		{"as the row says", named("u", "g"), ours, "merge-after-the-key"},
		{"the merged name", named("true", "g"), ours, ""},
		{"another group", named("u", "system:masters"), ours, ""},
		{"a refusal", differential.Refusal("unreadable-rule", ""), ours, ""},
		{"wrong without the merge", named("v", "g"), func(differential.Case) differential.Answer { return named("v", "g") }, ""},
	} {
		p := &differential.Pair{Case: question, Theirs: upstream(question), Ours: test.ours}
		ask := func(c differential.Case) *differential.Pair {
			return &differential.Pair{Case: c, Theirs: upstream(c), Ours: test.own(c)}
		}
		if row := explainMerge(p, ask); row != test.row {
			t.Errorf("%s: got %q", test.name, row)
		}
	}
}
