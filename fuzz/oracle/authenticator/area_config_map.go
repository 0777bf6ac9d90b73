package main

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/configmap"
)

// watchQuestion asks for the user of a caller after each change of a ConfigMap that is watched.
type watchQuestion struct {
	Op       string   `json:"op"`
	Identity identity `json:"identity"`
	// Makes the driver treat a ConfigMap that does not exist as one without rules, as upstream does.
	AbsentHasNoRules bool `json:"absent_has_no_rules,omitempty"`
	// The first one is the state when the watch begins.
	Versions []configMapVersion `json:"versions"`
}

// configMapVersion is a state of the ConfigMap.
type configMapVersion struct {
	Data     map[string]string `json:"data,omitempty"`
	IsAbsent bool              `json:"is_absent,omitempty"`
	// The watch was interrupted before the change, and begins again after it.
	IsMissed bool `json:"is_missed,omitempty"`
	// The API server no longer knows the change when the watch begins again.
	IsCompacted bool `json:"is_compacted,omitempty"`
	// The API server has ended the watch, and refuses requests until a version without this.
	IsRefused bool `json:"is_refused,omitempty"`
}

func (v configMapVersion) object() *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "aws-auth"}, Data: v.Data}
}

// watchedConfigMap is a client that only watches.
type watchedConfigMap struct {
	typed.ConfigMapInterface
	watches   chan watch.Interface
	isRefused atomic.Bool
}

func (w *watchedConfigMap) Watch(context.Context, metav1.ListOptions) (watch.Interface, error) {
	if w.isRefused.Load() {
		return nil, errors.New("forbidden")
	}
	return <-w.watches, nil
}

// watchConfigMap sends the changes to the mapper's own watch, with a clock of its own: upstream waits for five seconds
// before it opens a watch again. An API server reports a ConfigMap that exists when a watch without a version begins, and
// nothing about one that does not.
func watchConfigMap(q *watchQuestion) differential.Answer {
	id, err := read(q.Identity)
	differential.Check(err)
	var answers []answer
	synctest.Test(new(testing.T), func(*testing.T) {
		client := &watchedConfigMap{watches: make(chan watch.Interface)}
		m := configmap.NewOracleWatch(client)
		stop := make(chan struct{})
		client.isRefused.Store(len(q.Versions) > 0 && q.Versions[0].IsRefused)
		differential.Check(m.Start(stop))
		var current *watch.FakeWatcher
		for n, version := range q.Versions {
			client.isRefused.Store(version.IsRefused)
			if current != nil && (version.IsMissed || version.IsRefused) {
				current.Stop()
				current = nil
			}
			isNew := current == nil
			if isNew && !version.IsRefused {
				current = watch.NewFake()
				client.watches <- current
			}
			switch {
			case version.IsRefused:
				synctest.Wait()
			case !version.IsAbsent && (isNew || q.Versions[n-1].IsAbsent):
				current.Add(version.object())
			case !version.IsAbsent:
				current.Modify(version.object())
			case !isNew && !q.Versions[n-1].IsAbsent:
				current.Delete(q.Versions[n-1].object())
			}
			if current != nil {
				// It is received after the event before it has had its effect, and is ignored itself.
				current.Action(watch.Bookmark, nil)
			}
			answers = append(answers, review([]mapper.Mapper{m}, ec2(""), nil, id))
		}
		close(stop)
		if current != nil {
			current.Stop()
		}
		// Upstream ends after its pause.
		time.Sleep(6 * time.Second)
	})
	return differential.Answer{"answers": answers}
}

var configMapArea = differential.Area{
	Name:    "config_map",
	Ask:     func(g differential.Generator) differential.Case { return asJSON(generator{g}.watchConfigMap()) },
	Answer:  func(c differential.Case) any { return watchConfigMap(parse[watchQuestion](c.Question())) },
	IsSame:  func(p *differential.Pair) bool { return len(differing(p)) == 0 && isAnswered(p) },
	Rows:    rowsOfConfigMap,
	IsLike:  isLikeFirst,
	Classes: classesOfAnswers,
}

// rowsOfConfigMap returns the row that explains the first difference, if our answers are those that the rows state.
func rowsOfConfigMap(p *differential.Pair) []string {
	q := parse[watchQuestion](p.Case.Question())
	ours, theirs := items(p.Ours, "answers"), items(p.Theirs, "answers")
	stated := q.stated()
	var rowAt func(int) string
	rowAt = func(at int) string {
		version := q.Versions[at]
		isUnchanged := at > 0 && isSameUser(ours[at], ours[at-1]) && isSameUser(theirs[at], theirs[at-1])
		isMissed := version.IsMissed || at > 0 && q.Versions[at-1].IsRefused
		isAfterAbsence := at > 0 && q.Versions[at-1].IsAbsent
		switch {
		case !isSameUser(stated[at], ours[at]):
		case version.IsRefused && isUnchanged:
			return rowAt(at - 1)
		case version.IsRefused && codeOf(theirs[at]) == "not-mapped" && codeOf(ours[at]) == "unreadable-source":
			return "config-map-unreachable"
		case version.IsRefused:
		case version.IsAbsent && q.AbsentHasNoRules && isMissed:
			return "config-map-deleted-unwatched"
		case version.IsAbsent && q.AbsentHasNoRules && isAfterAbsence && isUnchanged:
			return rowAt(at - 1)
		case version.IsAbsent && codeOf(ours[at]) == "unreadable-source":
			return "config-map-missing"
		case version.IsAbsent && !q.AbsentHasNoRules:
			return "config-map-deleted"
		case version.isEmpty():
			return "config-map-empty"
		case !version.isGood() && codeOf(ours[at]) == "unreadable-section":
			return "unreadable-section"
		case !version.isGood():
			return "config-map-section"
		}
		return ""
	}
	return rowOfFirst(p, rowAt)
}

// stated returns our answers as the rows state them: a version takes effect as a whole or not at all. Before the first one, a
// section that cannot be read refuses the callers that no earlier section matches.
func (q *watchQuestion) stated() []any {
	id, err := read(q.Identity)
	differential.Check(err)
	of := func(data map[string]string) any {
		user := review([]mapper.Mapper{configmap.NewOracle(data, nil)}, ec2(""), nil, id)
		return *parse[differential.Answer](differential.Raw(user))
	}
	var all []any
	var inEffect any = differential.Refusal("unreadable-source", "")
	isWhole := false
	for _, version := range q.Versions {
		switch {
		case version.IsRefused:
		case version.IsAbsent && q.AbsentHasNoRules, version.isGood():
			inEffect, isWhole = of(version.Data), true
		case version.IsAbsent || version.isEmpty() || isWhole:
		default:
			inEffect = of(version.readable())
			if codeOf(inEffect) == "not-mapped" {
				inEffect = differential.Refusal("unreadable-section", "")
			}
		}
		all = append(all, inEffect)
	}
	return all
}

// readable returns the sections before the first one that cannot be read.
func (v configMapVersion) readable() map[string]string {
	data := map[string]string{}
	for _, key := range sections {
		if isUnreadable(v.Data[key]) {
			break
		}
		data[key] = v.Data[key]
	}
	return data
}

// isEmpty returns whether no section is there.
func (v configMapVersion) isEmpty() bool {
	for _, key := range sections {
		if _, is := v.Data[key]; is {
			return false
		}
	}
	return !v.IsAbsent
}

// isGood returns whether there is a section, and each can be read.
func (v configMapVersion) isGood() bool {
	for _, key := range sections {
		if isUnreadable(v.Data[key]) {
			return false
		}
	}
	return !v.IsAbsent && !v.isEmpty()
}

// sections are the keys of a ConfigMap that both programs read.
var sections = []string{"mapRoles", "mapUsers", "mapAccounts"}

// isLikeFirst keeps the answers after the first change that makes a difference: refusals by their codes.
func isLikeFirst(from, to *differential.Pair) bool {
	codes := func(p *differential.Pair) string {
		numbers := differing(p)
		if len(numbers) == 0 || !isAnswered(p) {
			return "none"
		}
		at := numbers[0]
		return codeOf(items(p.Theirs, "answers")[at]) + " " + codeOf(items(p.Ours, "answers")[at])
	}
	return codes(from) == codes(to)
}

// watchConfigMap generates up to six states of a ConfigMap.
func (g generator) watchConfigMap() *watchQuestion {
	q := &watchQuestion{Op: "sources.config_map", AbsentHasNoRules: g.One(3), Identity: g.follower()}
	for range 1 + g.IntN(6) {
		version := configMapVersion{IsAbsent: g.One(5), IsMissed: g.One(4), IsRefused: g.One(5)}
		version.IsCompacted = version.IsMissed && g.One(2)
		if !version.IsAbsent {
			version.Data = g.configMap(q.Identity)
		}
		q.Versions = append(q.Versions, version)
	}
	return q
}

// configMap generates the data of a ConfigMap whose entries both read alike.
func (g generator) configMap(id identity) map[string]string {
	data := map[string]string{}
	isUser := canonical(id) == id.ARN
	for _, section := range []string{"mapRoles", "mapUsers"} {
		if g.One(4) {
			continue
		}
		var text strings.Builder
		for range g.IntN(3) {
			key, arn := "rolearn", canonical(id)
			if section == "mapUsers" {
				key = "userarn"
			}
			if isUser != (section == "mapUsers") || g.One(3) {
				arn = "arn:aws:iam::111122223333:" + g.Pick("role", "user") + "/other" + g.Pick("1", "2")
			}
			text.WriteString("- " + key + ": " + arn + "\n  username: " + g.Pick("u", "v", "'dev:{{SessionName}}'", "'{{AccountID}}'") +
				"\n  groups: [" + strings.Join(g.Some(2, []string{"devs", "ops"}), ", ") + "]\n")
		}
		data[section] = text.String()
		if text.Len() == 0 {
			data[section] = g.Pick("[]", "", "''", `""`, "``", "\n")
		}
	}
	if g.One(4) {
		data["mapAccounts"] = "- '" + g.Pick(accounts...) + "'\n"
	}
	if g.One(5) {
		data[g.Pick(sections...)] = g.Pick("{a: b}", "x", "- {", "a: [", "- a\nb", "7")
	}
	if g.One(8) {
		data["other"] = "x"
	}
	return data
}
