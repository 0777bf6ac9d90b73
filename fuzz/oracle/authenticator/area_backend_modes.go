package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/config"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper"
	"sigs.k8s.io/aws-iam-authenticator/pkg/server"
)

// switchQuestion asks for the user of a caller after each version of the file of backend modes.
type switchQuestion struct {
	Op string `json:"op"`
	// The modes in effect without the file.
	Configured []string  `json:"configured"`
	Backends   []backend `json:"backends"`
	Identity   identity  `json:"identity"`
	// The contents, in their order. Without content, there is no file.
	Versions []*string `json:"versions"`
}

// switchModes passes the versions to the functions that the server's watch of the file calls. They build backends
// anew, which then begin to read their rules; the caller is mapped by others in their order, which have the rules of
// the question. The answer has, beside the users, which versions were accepted.
func switchModes(q *switchQuestion) differential.Answer {
	id, err := read(q.Identity)
	differential.Check(err)
	prepared := map[string]mapper.Mapper{}
	for _, b := range q.Backends {
		m, err := build(b, nil)
		differential.Check(err)
		prepared[m.Name()] = m
	}
	modes, err := server.NewOracleModes(config.Config{BackendMode: q.Configured, Master: emptyCluster()})
	differential.Check(err)
	defer modes.Close()
	var answers []answer
	var accepted []bool
	for n, version := range q.Versions {
		isAccepted := false
		switch {
		case version != nil:
			isAccepted = modes.Load(*version) == nil
		case n > 0 && q.Versions[n-1] != nil:
			differential.Check(modes.Delete())
		}
		accepted = append(accepted, isAccepted)
		var mappers []mapper.Mapper
		for _, m := range modes.Mappers() {
			if with := prepared[m.Name()]; with != nil {
				mappers = append(mappers, with)
			}
		}
		answers = append(answers, review(mappers, ec2(""), nil, id))
	}
	return differential.Answer{"answers": answers, "accepted": accepted}
}

// emptyCluster returns the URL of an API server without objects, for the backends that upstream starts. It refuses the
// watch of the ConfigMap.
var emptyCluster = sync.OnceValue(func() string {
	const list = `{"kind":"IAMIdentityMappingList","apiVersion":"iamauthenticator.k8s.aws/v1alpha1","metadata":{"resourceVersion":"1"},"items":[]}`
	const end = `{"type":"BOOKMARK","object":{"kind":"IAMIdentityMapping","apiVersion":"iamauthenticator.k8s.aws/v1alpha1",` +
		`"metadata":{"resourceVersion":"1","annotations":{"k8s.io/initial-events-end":"true"}}}}`
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case !strings.Contains(r.URL.Path, "iamidentitymappings"):
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Query().Get("watch") == "":
			fmt.Fprint(w, list)
		default:
			fmt.Fprintln(w, end)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	})).URL
})

var backendModesArea = differential.Area{
	Name:    "backend_modes",
	Ask:     func(g differential.Generator) differential.Case { return asJSON(generator{g}.switchModes()) },
	Answer:  func(c differential.Case) any { return switchModes(parse[switchQuestion](c.Question())) },
	IsSame:  func(p *differential.Pair) bool { return len(differing(p)) == 0 && isAnswered(p) },
	Rows:    rowsOfBackendModes,
	IsLike:  isLikeFirst,
	Classes: classesOfAnswers,
}

// rowsOfBackendModes returns the row that explains the first difference, if our answers are those that the rows state: a
// version whose backends all have a source takes effect, and another one, or one that cannot be read, leaves what is in effect. At
// the start that is no answer.
func rowsOfBackendModes(p *differential.Pair) []string {
	if !isAnswered(p) {
		return nil
	}
	q := parse[switchQuestion](p.Case.Question())
	theirs, ours, accepted := items(p.Theirs, "answers"), items(p.Ours, "answers"), items(p.Theirs, "accepted")
	var inEffect any = differential.Refusal("unreadable-source", "")
	row := "backend-modes-unreadable"
	rows := map[int]string{}
	for n, version := range q.Versions {
		switch {
		case version == nil:
			inEffect, row = q.configured(), ""
		case accepted[n] == true && !lacksSource(*version, q.Backends):
			inEffect, row = theirs[n], ""
		case accepted[n] == true:
			row = "backend-modes-without-a-source"
		}
		if isSameUser(inEffect, ours[n]) {
			rows[n] = row
		}
	}
	return rowOfFirst(p, func(at int) string { return rows[at] })
}

// configured returns upstream's answer with the configured modes.
func (q *switchQuestion) configured() any {
	id, err := read(q.Identity)
	differential.Check(err)
	var mappers []mapper.Mapper
	for _, mode := range q.Configured {
		for _, b := range q.Backends {
			if b.Mode == mode {
				m, err := build(b, nil)
				differential.Check(err)
				mappers = append(mappers, m)
			}
		}
	}
	return *parse[differential.Answer](differential.Raw(review(mappers, ec2(""), nil, id)))
}

// lacksSource returns whether a file names a mode whose backend the question does not have.
func lacksSource(text string, backends []backend) bool {
	var file struct{ BackendMode string }
	differential.Check(json.Unmarshal([]byte(text), &file))
	return slices.ContainsFunc(strings.Split(file.BackendMode, " "), func(mode string) bool {
		return !slices.ContainsFunc(backends, func(b backend) bool {
			return b.Mode == mode || mapper.DeprecatedBackendModeChoices[mode] == b.Mode
		})
	})
}

// switchModes generates up to six versions of the file.
func (g generator) switchModes() *switchQuestion {
	q := &switchQuestion{Op: "sources.backend_modes", Identity: g.follower()}
	modes := []string{"MountedFile", "EKSConfigMap", "DynamicFile"}
	if g.One(20) {
		modes = append(modes, "CRD")
	}
	g.Shuffle(len(modes), func(a, b int) { modes[a], modes[b] = modes[b], modes[a] })
	if g.One(8) {
		modes = modes[1:]
	}
	for _, mode := range modes {
		q.Backends = append(q.Backends, g.backendFor(mode, q.Identity))
	}
	q.Configured = slices.Clone(modes[:1+g.IntN(len(modes))])
	g.Shuffle(len(q.Configured), func(a, b int) {
		q.Configured[a], q.Configured[b] = q.Configured[b], q.Configured[a]
	})
	for range 1 + g.IntN(6) {
		if g.One(4) {
			q.Versions = append(q.Versions, nil)
			continue
		}
		text := g.modesFile(modes)
		q.Versions = append(q.Versions, &text)
	}
	return q
}

// backendFor generates a backend of this mode that maps the caller to its own name, or has no rule for the caller.
func (g generator) backendFor(mode string, id identity) backend {
	arn := canonical(id)
	if g.One(3) {
		arn = "arn:aws:iam::111122223333:role/other"
	}
	section, key := "mapRoles", "rolearn"
	if strings.Contains(arn, ":user/") {
		section, key = "mapUsers", "userarn"
	}
	rule := fmt.Sprintf("[{%q: %q, \"username\": %q, \"groups\": []}]", key, arn, "by-"+mode)
	b := backend{Mode: mode}
	switch mode {
	case "EKSConfigMap":
		b.Data = map[string]string{section: rule}
	case "MountedFile":
		b.Config = fmt.Sprintf("clusterID: c\nserver:\n  %s: %s\n", section, rule)
	case "DynamicFile":
		b.Content = fmt.Sprintf(`{"LastUpdatedDateTime": "1", "Version": "1", %q: %s}`, section, rule)
	case "CRD":
		object := fmt.Sprintf(`{"apiVersion": "iamauthenticator.k8s.aws/v1alpha1", "kind": "IAMIdentityMapping", `+
			`"metadata": {"name": "o"}, "spec": {"arn": %q, "username": "by-CRD", "groups": []}}`, arn)
		b.Objects = append(b.Objects, []byte(object))
	}
	return b
}

// modesFile generates the content of the file.
func (g generator) modesFile(modes []string) string {
	names := slices.Clone(modes)
	if g.One(6) {
		names = append(names, "File", "ConfigMap")
	}
	if g.One(12) {
		names = append(names, "", "AccessEntries", "mountedfile", "Nope", "MountedFile,EKSConfigMap")
	}
	if g.One(20) {
		names = slices.Clone(mapper.ValidBackendModeChoices)
	}
	var named []string
	for range 1 + g.IntN(3) {
		named = append(named, g.Pick(names...))
	}
	text := strings.Join(named, g.Pick(" ", " ", " ", " ", " ", "  ", "\t", ","))
	file := map[string]any{g.Pick("backendMode", "backendMode", "BackendMode", "BACKENDMODE", "backendmode"): text}
	if g.One(2) {
		file["LastUpdatedDateTime"], file["Version"] = g.Pick("", "1732791500", "x"), "1"
	}
	if g.One(12) {
		file[g.Pick("backendMode", "Version", "other", "lastupdateddatetime", "backendModes")] = []any{nil, 1, []any{"CRD"}, map[string]any{}, true, "DynamicFile"}[g.IntN(6)]
	}
	content := string(differential.Raw(file))
	switch g.IntN(12) {
	case 0:
		return g.Pick("", " ", "{", "[]", "null", "{}", "x", `""`, content[:len(content)-1], content+"}", content+content, "\n"+content+"\n")
	case 1:
		return strings.Replace(content, "{", `{"backendMode": "`+g.Pick(names...)+`",`, 1)
	}
	return content
}
