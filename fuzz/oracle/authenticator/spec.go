package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"oracle/differential"
)

// spec is a generated question in a form that can be reduced.
type spec struct {
	sources    []source
	id         identity
	dns        string
	reserved   []string
	scrubbed   []string
	ssoGateOff bool
	// For principal.arn_like; the other fields are then unused.
	arn, pattern string
}

// source is one backend. The objects of a CRD backend are in roles.
type source struct {
	mode         string
	roles, users []entry
	accounts     []string
	empty        string
	// Of an EKSConfigMap: the text of a section that cannot be read, and whether the key of mapRoles is
	// misspelled.
	broken     map[string]string
	misspelled bool
	// Of a DynamicFile: the content, if it is refused.
	refused      string
	strict       bool
	reserved     []string
	reservedMode string
}

// entry is one mapping: its keys and values as written. Other entries can merge it by its anchor.
type entry struct {
	anchor string
	pairs  []pair
}

type pair struct {
	key   string
	value value
}

// value is a scalar as written, a list, or a mapping.
type value struct {
	raw   string
	list  []value
	pairs []pair
	kind  byte
}

const (
	isScalar = 's'
	isList   = 'l'
	isMap    = 'm'
)

func scalar(raw string) value       { return value{raw: raw, kind: isScalar} }
func text(of string) value          { return scalar(quote(of)) }
func list(of ...value) value        { return value{list: of, kind: isList} }
func mapping(pairs ...pair) value   { return value{pairs: pairs, kind: isMap} }
func (v value) is(kind byte) bool   { return v.kind == kind }
func (e entry) has(key string) bool { return e.get(key) != nil }

// get returns the value of a key, compared without regard to ASCII case.
func (e entry) get(key string) *value { return get(e.pairs, key) }

func get(pairs []pair, key string) *value {
	for n := range pairs {
		if strings.EqualFold(pairs[n].key, key) && len(pairs[n].key) == len(key) {
			return &pairs[n].value
		}
	}
	return nil
}

func quote(of string) string { return string(differential.Raw(of)) }

// flow writes a value in flow style, which YAML and JSON read alike if the scalars are JSON.
func (v value) flow() string {
	var parts []string
	switch v.kind {
	case isList:
		for _, item := range v.list {
			parts = append(parts, item.flow())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case isMap:
		for _, p := range v.pairs {
			parts = append(parts, quote(p.key)+": "+p.value.flow())
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return v.raw
}

func (e entry) flow() string { return mapping(e.pairs...).flow() }

// block writes entries as a YAML list.
func block(entries []entry, indent string) string {
	var out strings.Builder
	for _, e := range entries {
		out.WriteString(indent + "-")
		if e.anchor != "" {
			out.WriteString(" &" + e.anchor)
		}
		if len(e.pairs) == 0 {
			out.WriteString(" {}\n")
			continue
		}
		between := " "
		if e.anchor != "" {
			between = "\n" + indent + "  "
		}
		for _, p := range e.pairs {
			out.WriteString(between + p.key + ": " + p.value.flow() + "\n")
			between = indent + "  "
		}
	}
	return out.String()
}

func (s source) write() backend {
	b := backend{Mode: s.mode, UserIDStrict: s.strict}
	switch s.mode {
	case "EKSConfigMap":
		b.Data = map[string]string{
			"mapRoles": s.empty, "mapUsers": s.empty, "mapAccounts": s.empty,
		}
		if len(s.roles) > 0 {
			b.Data["mapRoles"] = block(s.roles, "")
		}
		if len(s.users) > 0 {
			b.Data["mapUsers"] = block(s.users, "")
		}
		if len(s.accounts) > 0 {
			b.Data["mapAccounts"] = "- " + strings.Join(s.accounts, "\n- ") + "\n"
		}
		maps.Copy(b.Data, s.broken)
		if s.misspelled {
			b.Data["maproles"] = b.Data["mapRoles"]
			delete(b.Data, "mapRoles")
		}
	case "MountedFile":
		b.Config = "clusterID: c\nserver:\n  port: 21362\n"
		if len(s.roles) > 0 {
			b.Config += "  mapRoles:\n" + block(s.roles, "  ")
		}
		if len(s.users) > 0 {
			b.Config += "  mapUsers:\n" + block(s.users, "  ")
		}
		if len(s.accounts) > 0 {
			b.Config += "  mapAccounts: [" + strings.Join(s.accounts, ", ") + "]\n"
		}
		if len(s.reserved) > 0 {
			b.Config += fmt.Sprintf("  reservedPrefixConfig:\n  - backendMode: %s\n    usernamePrefixReserveList: [%s]\n",
				s.reservedMode, strings.Join(s.reserved, ", "))
		}
	case "DynamicFile":
		all := func(entries []entry) string {
			var parts []string
			for _, e := range entries {
				parts = append(parts, e.flow())
			}
			return "[" + strings.Join(parts, ", ") + "]"
		}
		b.Content = fmt.Sprintf(`{"LastUpdatedDateTime": "1700000000", "Version": "1", "mapRoles": %s, "mapUsers": %s, "mapAccounts": [%s]}`,
			all(s.roles), all(s.users), strings.Join(s.accounts, ", "))
		if s.refused != "" {
			b.Content = s.refused
		}
	case "CRD":
		for n, e := range s.roles {
			object := fmt.Sprintf(`{"apiVersion": "iamauthenticator.k8s.aws/v1alpha1", "kind": "IAMIdentityMapping", "metadata": {"name": "o%d"}, "spec": %s}`,
				n, e.flow())
			b.Objects = append(b.Objects, json.RawMessage(object))
		}
	}
	return b
}

func (s *spec) write() *question {
	if s.pattern != "" {
		return &question{Op: "principal.arn_like", ARN: s.arn, Pattern: s.pattern}
	}
	id := s.id
	q := &question{
		Op: "map.resolve", Identity: &id, PrivateDNSName: s.dns,
		ReservedPrefixes: s.reserved, ScrubbedAccounts: s.scrubbed, SSOGateOff: s.ssoGateOff,
		RefuseUnreadableSections: true,
	}
	for _, source := range s.sources {
		q.Backends = append(q.Backends, source.write())
	}
	return q
}

// clone copies a spec deeply enough that parts of the copy can be removed.
func (s *spec) clone() *spec {
	c := *s
	c.sources = append([]source(nil), s.sources...)
	for n := range c.sources {
		c.sources[n].roles = cloneEntries(c.sources[n].roles)
		c.sources[n].users = cloneEntries(c.sources[n].users)
		c.sources[n].accounts = append([]string(nil), c.sources[n].accounts...)
	}
	return &c
}

func cloneEntries(entries []entry) []entry {
	entries = append([]entry(nil), entries...)
	for n := range entries {
		entries[n].pairs = clonePairs(entries[n].pairs)
	}
	return entries
}

func clonePairs(pairs []pair) []pair {
	pairs = append([]pair(nil), pairs...)
	for n := range pairs {
		pairs[n].value.list = append([]value(nil), pairs[n].value.list...)
		if pairs[n].value.is(isMap) {
			pairs[n].value.pairs = clonePairs(pairs[n].value.pairs)
		}
	}
	return pairs
}
