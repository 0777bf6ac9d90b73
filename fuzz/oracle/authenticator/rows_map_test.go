package main

import (
	"slices"
	"testing"

	"oracle/differential"
)

const devARN = "arn:aws:iam::111122223333:role/dev"

// dev returns a question about the role dev.
func dev(sources ...source) *spec {
	return &spec{id: generator{}.session("aws", "111122223333", "dev", "s"), sources: sources}
}

// as changes the role and the session of a question.
func (s *spec) as(role, session string) *spec {
	s.id = generator{}.session("aws", "111122223333", role, session)
	return s
}

// rule returns an entry for the role dev, with more pairs or other values of its own.
func rule(pairs ...pair) entry {
	e := entry{pairs: pairs}
	for _, p := range []pair{{"rolearn", text(devARN)}, {"username", text("u")}} {
		if !e.has(p.key) {
			e.pairs = append(e.pairs, p)
		}
	}
	return e
}

func object(name string) entry {
	return entry{pairs: []pair{{"arn", text(devARN)}, {"username", text(name)}}}
}

func sso(pairs ...pair) value {
	return mapping(append([]pair{{"permissionSetName", text("A")}, {"accountID", text("111122223333")}}, pairs...)...)
}

// stated has a question for each row of aws-auth-map, and the answer that the row states: a code, or a user and groups.
var stated = []struct {
	row, code, name string
	groups          []string
	question        *spec
}{
	{row: "kelvin-sign", code: "not-mapped", question: dev(source{mode: "MountedFile", users: []entry{{pairs: []pair{{"userarn", text("arn:aws:iam::111122223333:role/\u212aate")}, {"username", text("u")}}}}}).as("kate", "s")},
	{row: "sso-without-a-feature-gate", name: "u", question: func() *spec {
		s := dev(source{mode: "EKSConfigMap", roles: []entry{{pairs: []pair{{"sso", sso()}, {"username", text("u")}}}}}).as("AWSReservedSSO_A_0123456789abcdef", "s")
		s.ssoGateOff = true
		return s
	}()},
	{row: "sso-partition", name: "u", question: dev(source{mode: "EKSConfigMap", roles: []entry{{pairs: []pair{{"sso", sso(pair{"partition", text("aws")})}, {"username", text("u")}}}}}).as("AWSReservedSSO_A_0123456789abcdef", "s")},
	{row: "sso-suffix", code: "not-mapped", question: dev(source{mode: "EKSConfigMap", roles: []entry{{pairs: []pair{{"sso", sso()}, {"username", text("u")}}}}}).as("AWSReservedSSO_A_B_0123456789abcdef", "s")},
	{row: "exact-beside-sso", name: "exact", question: dev(source{mode: "EKSConfigMap", roles: []entry{
		{pairs: []pair{{"rolearn", text("arn:aws:iam::111122223333:role/AWSReservedSSO_A_0123456789abcdef")}, {"username", text("exact")}}},
		{pairs: []pair{{"sso", sso()}, {"username", text("u")}}},
	}}).as("AWSReservedSSO_A_0123456789abcdef", "s")},
	{row: "users-that-differ-in-case", name: "v", question: dev(source{mode: "EKSConfigMap", users: []entry{
		{pairs: []pair{{"userarn", text(devARN)}, {"username", text("u")}}}, {pairs: []pair{{"userarn", text("ARN:aws:iam::111122223333:role/DEV")}, {"username", text("v")}}},
	}})},
	{row: "number-as-username", name: "123", question: dev(source{mode: "EKSConfigMap", roles: []entry{rule(pair{"username", scalar("123")})}})},
	{row: "number-as-group", name: "u", groups: []string{"a", "7"}, question: dev(source{mode: "EKSConfigMap", roles: []entry{rule(pair{"groups", list(text("a"), scalar("7"))})}})},
	{row: "number-as-account", name: "u", question: dev(source{mode: "EKSConfigMap", roles: []entry{{pairs: []pair{
		{"sso", mapping(pair{"permissionSetName", text("A")}, pair{"accountID", scalar("111122223333")})}, {"username", text("u")},
	}}}}).as("AWSReservedSSO_A_0123456789abcdef", "s")},
	{row: "groups-not-a-list-of-text", code: "unreadable-rule", question: dev(source{mode: "EKSConfigMap", roles: []entry{rule(pair{"groups", text("a")})}})},
	{row: "no-username", code: "unreadable-rule", question: dev(source{mode: "EKSConfigMap", roles: []entry{{pairs: []pair{{"rolearn", text(devARN)}}}}})},
	{row: "duplicate-key", code: "unreadable-rule", question: dev(source{mode: "EKSConfigMap", roles: []entry{{pairs: []pair{{"rolearn", text(devARN)}, {"username", text("u")}, {"USERNAME", text("v")}}}}})},
	{row: "two-principals", code: "unreadable-rule", question: dev(source{mode: "EKSConfigMap", roles: []entry{rule(pair{"sso", sso()})}})},
	{row: "value-completes-a-placeholder", name: "{{SessionNameRaw}}", question: dev(source{mode: "EKSConfigMap", roles: []entry{rule(pair{"username", text("{{SessionName}}")})}}).as("dev", "{{SessionNameRaw}}")},
	{row: "account-with-a-reserved-name", code: "reserved-username", question: func() *spec {
		s := dev(source{mode: "EKSConfigMap", accounts: []string{`"111122223333"`}})
		s.reserved = []string{"arn:"}
		return s
	}()},
	{row: "angle-brackets", name: "s", question: dev(source{mode: "EKSConfigMap", roles: []entry{rule(pair{"username", text("<<SessionName>>")})}})},
	{row: "user-id-contradicts-arn", code: "user-id-mismatch", question: dev(source{mode: "DynamicFile", strict: true, accounts: []string{`"111122223333"`}, roles: []entry{
		rule(pair{"rolearn", text("arn:aws:iam::111122223333:role/other")}, pair{"userid", text("AROAEXAMPLE")}),
	}})},
	{row: "arn-beside-user-id-in-capitals", name: "u", question: dev(source{mode: "DynamicFile", strict: true, roles: []entry{
		rule(pair{"rolearn", text("ARN:AWS:IAM::111122223333:ROLE/DEV")}, pair{"userid", text("AROAEXAMPLE")}),
	}})},
	{row: "deprecated-mode-reserves", code: "reserved-username", question: dev(source{mode: "MountedFile", roles: []entry{rule()}, reserved: []string{`"u"`}, reservedMode: "File"})},
	{row: "objects-for-one-arn", name: "v", question: dev(source{mode: "CRD", roles: []entry{object("u"), object("v")}})},
	{row: "patterns", name: "u", question: dev(source{mode: "EKSConfigMap", roles: []entry{{pairs: []pair{{"rolearnLike", text("arn:aws:iam::111122223333:role/d*")}, {"username", text("u")}}}}})},
	{row: "lone-surrogate-in-a-dynamic-file", code: "unreadable-source", question: dev(source{mode: "DynamicFile", roles: []entry{rule(pair{"username", scalar(`"x\ud800y"`)})}})},
	{row: "long-s-in-a-key", name: "u", question: dev(source{mode: "EKSConfigMap", roles: []entry{rule(pair{"username", text("u")}, pair{"u\u017fername", text("v")})}})},
	{row: "merge-after-the-key", name: "u", question: dev(source{mode: "EKSConfigMap", roles: []entry{{anchor: "first", pairs: []pair{{"username", text("v")}}}, rule(pair{"username", text("u")}, pair{"<<", scalar("*first")})}})},
	{row: "mounted-file-types", name: "true", question: dev(source{mode: "MountedFile", roles: []entry{rule(pair{"username", scalar("true")})}})},
	{row: "mounted-file-stops", name: "u", question: dev(source{mode: "MountedFile", roles: []entry{rule(), {pairs: []pair{{"username", text("v")}}}}})},
	{row: "odd-session-arn", code: "not-mapped", question: dev(source{mode: "MountedFile", roles: []entry{rule(pair{"rolearn", text("arn:aws:sts:us-east-1:111122223333:assumed-role/dev/")})}})},
	{row: "unreadable-section", code: "unreadable-section", question: dev(source{mode: "EKSConfigMap", broken: map[string]string{"mapUsers": "x"}, accounts: []string{`"111122223333"`}})},
	{row: "misspelled-section", code: "unreadable-section", question: dev(source{mode: "EKSConfigMap", roles: []entry{rule()}, misspelled: true, accounts: []string{`"111122223333"`}})},
	{row: "unreadable-source", code: "unreadable-source", question: dev(source{mode: "DynamicFile", refused: "{"})},
}

// mapped returns the answer to a question that gives the caller a user.
func (s *spec) mapped(name string, groups ...string) differential.Answer {
	plain := dev()
	plain.id = s.id
	plain.sources = []source{plain.refusing(name)}
	if len(groups) > 0 {
		items := list()
		for _, group := range groups {
			items.list = append(items.list, text(group))
		}
		plain.sources[0].roles[0].pairs = append(plain.sources[0].roles[0].pairs, pair{"groups", items})
	}
	return plain.upstream()
}

// upstream returns upstream's answer.
func (s *spec) upstream() differential.Answer {
	return *parse[differential.Answer](differential.Raw(mapArea.Answer(s)))
}

// A difference has a row only if our answer is the one that the row states.
func TestARowOfAMapStatesOurAnswer(t *testing.T) {
	quiet()
	for _, test := range stated {
		rowsWith := func(ours differential.Answer) []string {
			return rowsOf(&differential.Pair{Case: test.question, Theirs: test.question.upstream(), Ours: ours})
		}
		right := differential.Refusal(test.code, "")
		if test.code == "" {
			right = test.question.mapped(test.name, test.groups...)
		}
		if rows := rowsWith(right); !slices.Equal(rows, []string{test.row}) {
			t.Errorf("%s: got %v", test.row, rows)
		}
		wrong := []differential.Answer{test.question.mapped("wrong"), test.question.mapped(test.name, "system:masters")}
		for _, code := range []string{
			"not-mapped", "not-an-instance", "reserved-username", "unreadable-rule", "unreadable-section", "unreadable-source", "user-id-mismatch", "no-such-code",
		} {
			if code != test.code {
				wrong = append(wrong, differential.Refusal(code, ""))
			}
		}
		for _, ours := range wrong {
			if rows := rowsWith(ours); len(rows) > 0 {
				t.Errorf("%s: %v explains %s", test.row, rows, differential.Raw(ours))
			}
		}
	}
}

// A pattern has its row only if we do not match it, and a `?` that is one character does not either.
func TestARowOfAPatternStatesOurAnswer(t *testing.T) {
	for _, test := range []struct {
		pattern      string
		theirs, ours differential.Answer
		rows         int
	}{
		{"arn:aws:iam::111122223333:role/dev?", differential.Answer{"match": true}, differential.Answer{"match": false}, 1},
		{"arn:aws:iam::111122223333:role/de?", differential.Answer{"match": true}, differential.Answer{"match": false}, 0},
		{"arn:aws:iam::111122223333:role/dev?", differential.Answer{"match": false}, differential.Answer{"match": true}, 0},
		{"arn:aws:iam::111122223333:role/dev?", differential.Answer{"match": true}, differential.Answer{}, 0},
		{"arn:aws:iam::111122223333:role/dev?", differential.Answer{"match": true}, differential.Refusal("x", ""), 0},
	} {
		question := &spec{arn: devARN, pattern: test.pattern}
		if rows := rowsOf(&differential.Pair{Case: question, Theirs: test.theirs, Ours: test.ours}); len(rows) != test.rows {
			t.Errorf("%s, %v: got %v", test.pattern, test.ours, rows)
		}
	}
}

// Each answer that differs needs the one that the rows state, not only the first.
func TestEachAnswerOfAWatchNeedsItsRow(t *testing.T) {
	quiet()
	caller := dev().id
	good := "- rolearn: " + devARN + "\n  username: u\n"
	file := `{"Version": "1", "mapRoles": [{"rolearn": "` + devARN + `", "username": "u"}]}`
	modes := `{"backendMode": "MountedFile"}`
	configMap := source{mode: "EKSConfigMap", roles: []entry{rule()}}
	for _, test := range []struct {
		name string
		area differential.Area
		from any
		// Our answers, of which the last two differ from upstream's.
		ours []differential.Answer
		row  string
	}{
		{"a deleted ConfigMap", configMapArea, watchQuestion{Identity: caller, Versions: []configMapVersion{
			{Data: map[string]string{"mapRoles": good}}, {IsAbsent: true}, {IsAbsent: true},
		}}, []differential.Answer{dev().mapped("u"), dev().mapped("u"), dev().mapped("u")}, "config-map-deleted"},
		{"a missing ConfigMap", configMapArea, watchQuestion{Identity: caller, Versions: []configMapVersion{
			{IsAbsent: true}, {IsAbsent: true},
		}}, []differential.Answer{differential.Refusal("unreadable-source", ""), differential.Refusal("unreadable-source", "")}, "config-map-missing"},
		{"a deleted file", dynamicFileArea, followQuestion{Identity: caller, Versions: []*string{&file, nil, nil}},
			[]differential.Answer{dev().mapped("u"), dev().mapped("u"), dev().mapped("u")}, "dynamic-file-deleted"},
		{"modes without a source", backendModesArea, switchQuestion{
			Identity: caller, Configured: []string{"EKSConfigMap"}, Backends: []backend{configMap.write()}, Versions: []*string{nil, &modes, &modes},
		}, []differential.Answer{dev().mapped("u"), dev().mapped("u"), dev().mapped("u")}, "backend-modes-without-a-source"},
	} {
		question := asJSON(test.from)
		theirs := *parse[differential.Answer](differential.Raw(test.area.Answer(question)))
		rows := func(ours []differential.Answer) []string {
			answers := *parse[differential.Answer](differential.Raw(differential.Answer{"answers": ours}))
			return test.area.Rows(&differential.Pair{Case: question, Theirs: theirs, Ours: answers})
		}
		if got := rows(test.ours); !slices.Equal(got, []string{test.row}) {
			t.Errorf("%s: got %v", test.name, got)
		}
		last := len(test.ours) - 1
		for _, wrong := range []differential.Answer{dev().mapped("wrong"), dev().mapped("u", "system:masters"), differential.Refusal("no-such-code", "")} {
			ours := append(slices.Clone(test.ours[:last]), wrong)
			if got := rows(ours); len(got) > 0 {
				t.Errorf("%s: %v explains %s", test.name, got, differential.Raw(wrong))
			}
		}
	}
}
