package main

import (
	"fmt"
	"slices"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/config"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/dynamicfile"
)

// followQuestion asks for the user of a caller after each version of a dynamic file.
type followQuestion struct {
	Op           string   `json:"op"`
	UserIDStrict bool     `json:"user_id_strict,omitempty"`
	Identity     identity `json:"identity"`
	// The contents, in their order. Without content, the file was deleted.
	Versions []*string `json:"versions"`
}

// follow passes the versions to the functions that upstream's watch of the file calls. The answer has, beside
// the users, which versions were accepted.
func follow(q *followQuestion) differential.Answer {
	m, err := dynamicfile.NewDynamicFileMapper(config.Config{DynamicFileUserIDStrict: q.UserIDStrict})
	differential.Check(err)
	id, err := read(q.Identity)
	differential.Check(err)
	var answers []answer
	var accepted []bool
	for _, version := range q.Versions {
		if version == nil {
			differential.Check(m.CallBackForFileDeletion())
		}
		accepted = append(accepted, version != nil && m.CallBackForFileLoad([]byte(*version)) == nil)
		answers = append(answers, review([]mapper.Mapper{m}, ec2(""), nil, id))
	}
	return differential.Answer{"answers": answers, "accepted": accepted}
}

var dynamicFileArea = differential.Area{
	Name:    "dynamic_file",
	Ask:     func(g differential.Generator) differential.Case { return asJSON(generator{g}.follow()) },
	Answer:  func(c differential.Case) any { return follow(parse[followQuestion](c.Question())) },
	IsSame:  func(p *differential.Pair) bool { return len(differing(p)) == 0 && isAnswered(p) },
	Rows:    rowsOfDynamicFile,
	Classes: classesOfAnswers,
}

func classesOfAnswers(p *differential.Pair) []string {
	var classes []string
	for _, one := range items(p.Theirs, "answers") {
		classes = append(classes, differential.Choose(codeOf(one) == "", "mapped", "not mapped"))
	}
	return classes
}

func items(of differential.Answer, field string) []any {
	all, _ := of[field].([]any)
	return all
}

func codeOf(one any) string {
	step, _ := one.(differential.Answer)
	return differential.Code(step)
}

func isAnswered(p *differential.Pair) bool {
	return len(items(p.Theirs, "answers")) == len(items(p.Ours, "answers"))
}

// differing returns the numbers of the versions after which the answers differ.
func differing(p *differential.Pair) []int {
	var numbers []int
	theirs, ours := items(p.Theirs, "answers"), items(p.Ours, "answers")
	for n := range min(len(theirs), len(ours)) {
		if !isSameUser(theirs[n], ours[n]) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func isSameUser(theirs, ours any) bool {
	if codeOf(theirs) != "" || codeOf(ours) != "" {
		return codeOf(theirs) == codeOf(ours)
	}
	one, other := theirs.(differential.Answer), ours.(differential.Answer)
	isSame := func(field string) bool { return sameJSON(one[field], other[field]) }
	return isSame("username") && isSame("groups") && isSame("uid") && isSame("extra")
}

// rowOfFirst returns the row of the first answer that differs, if there is a row for each other one.
func rowOfFirst(p *differential.Pair, rowAt func(number int) string) []string {
	if !isAnswered(p) {
		return nil
	}
	var rows []string
	for _, number := range differing(p) {
		row := rowAt(number)
		if row == "" {
			return nil
		}
		rows = append(rows, row)
	}
	return rows[:min(len(rows), 1)]
}

// rowsOfDynamicFile returns the row of eks-auth-sources that explains the first difference: upstream maps no
// caller before the first good version and after a deletion.
func rowsOfDynamicFile(p *differential.Pair) []string {
	theirs, ours, accepted := items(p.Theirs, "answers"), items(p.Ours, "answers"), items(p.Theirs, "accepted")
	return rowOfFirst(p, func(at int) string {
		last := at
		for last >= 0 && accepted[last] != true {
			last--
		}
		switch {
		case codeOf(theirs[at]) != "not-mapped":
		case last < 0 && codeOf(ours[at]) == "unreadable-source":
			return "dynamic-file-missing"
		case last >= 0 && slices.Contains(isDeleted(p)[last:at+1], true) && isSameUser(theirs[last], ours[at]):
			return "dynamic-file-deleted"
		}
		return ""
	})
}

func isDeleted(p *differential.Pair) []bool {
	var deleted []bool
	for _, version := range parse[followQuestion](p.Case.Question()).Versions {
		deleted = append(deleted, version == nil)
	}
	return deleted
}

// follow generates up to six versions of a file that both read alike.
func (g generator) follow() *followQuestion {
	q := &followQuestion{Op: "sources.dynamic_file", UserIDStrict: g.One(3)}
	q.Identity = g.follower()
	for range 1 + g.IntN(6) {
		if g.One(6) {
			q.Versions = append(q.Versions, nil)
			continue
		}
		content := g.dynamicFile(q.Identity)
		q.Versions = append(q.Versions, &content)
	}
	return q
}

// follower generates the caller of a question about a source that changes.
func (g generator) follower() identity {
	caller := g.session("aws", g.Pick(accounts...), g.Pick("dev", "nodes"), g.Pick("s", "alice@example.com"))
	if g.One(3) {
		caller = identity{"arn:aws:iam::111122223333:user/dev", "111122223333", "AIDAEXAMPLE", "AKIAEXAMPLE"}
	}
	return caller
}

// dynamicFile generates the content of the file. Upstream refuses some of them as a whole.
func (g generator) dynamicFile(id identity) string {
	type rule map[string]any
	mapRoles, mapUsers := []rule{}, []rule{}
	for number := range g.IntN(3) {
		arn, userID := canonical(id), "AIDAEXAMPLE"
		isUser := arn == id.ARN
		if !isUser {
			userID = "AROAEXAMPLE"
		}
		if g.One(3) {
			arn, userID = fmt.Sprintf("arn:aws:iam::111122223333:role/other-%d", number), fmt.Sprintf("AROAOTHER%d", number)
		}
		one := rule{"username": g.Pick("u", "v", "dev:{{SessionName}}", "{{AccountID}}"), "groups": g.Some(2, []string{"devs", "ops"}), "userid": userID}
		if isUser {
			one["userarn"] = arn
			mapUsers = append(mapUsers, one)
			continue
		}
		one["rolearn"] = arn
		mapRoles = append(mapRoles, one)
	}
	file := map[string]any{"LastUpdatedDateTime": g.Pick("", "1732791500"), "Version": g.Pick("1", "2"), "mapRoles": mapRoles, "mapUsers": mapUsers}
	if g.One(4) {
		file["mapAccounts"] = []string{g.Pick(accounts...)}
	}
	text := string(differential.Raw(file))
	switch g.IntN(12) {
	case 0:
		return g.Pick("", "{", "[]", "null", "{}", "x", text[:len(text)-1], text+"}")
	case 1:
		return string(differential.Raw(map[string]any{"mapRoles": append(mapRoles, rule{"username": "w", "groups": []string{"devs"}})}))
	}
	return text
}
