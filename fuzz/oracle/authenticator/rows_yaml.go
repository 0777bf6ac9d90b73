package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"oracle/differential"
)

// isAsModelled returns whether the value of an answer is one that a model expects.
func isAsModelled(expected any, answer differential.Answer) bool {
	text, is := answer["json"].(string)
	return is && differential.Code(answer) == "" && json.Valid([]byte(text)) && isExpected(expected, parseJSON(text))
}

// ourRefusals has the rows of documents that only the driver refuses, with its code and a part of its message.
var ourRefusals = []struct{ row, code, message string }{
	{"duplicate-key", "yaml-shape", "defined twice"},
	{"explicit-tag", "yaml", "not YAML"},
	{"explicit-tag", "yaml", "a key that is a list, a mapping or null"},
}

// theirRefusals has the rows of documents that only upstream refuses, and a part of its message.
var theirRefusals = []struct{ row, message string }{
	{"infinite-number", "unsupported value"},
	{"key-text", "unsupported map key"},
	{"merge-of-an-alias-to-a-list", "map merge requires map or sequence of maps as the value"},
	{"explicit-tag", "cannot decode !!"},
	{"explicit-tag", "map merge requires map or sequence of maps as the value"},
}

// rowsOfYAML returns the rows that may explain a difference: those whose reason the text has, if both answers are what the
// rows say.
func rowsOfYAML(p *differential.Pair) []string {
	text := textOf(p.Case)
	theirs, ours := differential.ErrorField(p.Theirs, "message"), differential.ErrorField(p.Ours, "message")
	isRead := differential.Code(p.Theirs) == ""
	if !isRead && differential.Code(p.Ours) != "" {
		return nil
	}
	if tagInFlow.MatchString(text) && isTagInFlow(p, text) {
		return []string{"explicit-tag"}
	}
	m, expected, is := newYAMLModel(text)
	switch {
	case !is && !isRead:
		if row := rowOfSyntax(text, theirs, p.Ours); row != "" {
			return []string{row}
		}
		return nil
	case !is:
		if isRead {
			return rowsOfFirst(text, p)
		}
		return nil
	case !isRead:
		if row := m.rowOfTheirRefusal(theirs); row != "" && len(m.ourFaults) == 0 && isAsModelled(expected.ours, p.Ours) {
			return []string{row}
		}
		return nil
	case len(m.theirFaults) > 0 || !isAsModelled(expected.theirs, p.Theirs):
		return nil
	case differential.Code(p.Ours) != "":
		return rowsOfOurRefusal(m, text, differential.Code(p.Ours), ours)
	case len(m.ourFaults) > 0 || !isAsModelled(expected.ours, p.Ours):
		return nil
	}
	return slices.Sorted(maps.Keys(m.rows))
}

// isBinaryTag returns whether the driver refuses a text because of the tag `!!binary`, which it does not look for as a parser does.
func isBinaryTag(text, message string) bool {
	return strings.Contains(text, "!!binary") && strings.HasPrefix(message, "the tag `!!binary` at ")
}

var (
	tagFirst    = regexp.MustCompile(`^!\S+`)
	quotedFirst = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')`)
)

// rowsOfFirst returns the rows of a text whose first lines, or tag, or quoted text, are its first document: upstream does not look
// at what follows, and the driver may refuse it behind a scalar.
func rowsOfFirst(text string, p *differential.Pair) []string {
	tag := tagFirst.FindString(text)
	firsts := []string{tag, quotedFirst.FindString(text)}
	for at := range text {
		if text[at] == '\n' {
			firsts = append(firsts, text[:at+1])
		}
	}
	for _, first := range firsts {
		m, expected, is := newYAMLModel(first)
		if !is || len(m.theirFaults) > 0 || !isAsModelled(expected.theirs, p.Theirs) {
			continue
		}
		read, _ := p.Theirs["json"].(string)
		isScalar := !strings.ContainsAny(read[:1], "[{")
		switch {
		case isBinaryTag(text, differential.ErrorField(p.Ours, "message")):
			return []string{"explicit-tag"}
		case isScalar && differential.Code(p.Ours) == "yaml":
			return []string{"fault-after-the-document"}
		case first != tag && len(m.ourFaults) == 0 && isAsModelled(expected.ours, p.Ours):
			return slices.Sorted(maps.Keys(m.rows))
		}
	}
	if at := percentLine.FindStringIndex(text); at != nil && strings.HasPrefix(differential.ErrorField(p.Ours, "message"), "a directive") {
		if m, expected, is := newYAMLModel(text[:at[0]+1]); is && len(m.theirFaults) == 0 && isAsModelled(expected.theirs, p.Theirs) {
			return []string{"percent-line"}
		}
	}
	return nil
}

var (
	percentLine = regexp.MustCompile(`\n%`)
	// A plain text before a bracket that ends with a colon.
	colonInList = regexp.MustCompile(`[^\s\[\]{},]\s*:[\],}]`)
)

// A text that begins with a bracket.
var isBracketed = regexp.MustCompile(`^ *[\[{]`)

// A tag before a comma or a bracket. For upstream, that belongs to the tag.
var tagInFlow = regexp.MustCompile(`(![^\s,\[\]{}]*)([,\[\]{}])`)

// isTagInFlow returns whether the driver reads a text as if some tags stood apart from what follows, or refuses it because of a
// tag or if it would do so then; and whether upstream refuses the tags, or reads what follows as part of them.
func isTagInFlow(p *differential.Pair, text string) bool {
	isOurs := slices.ContainsFunc(readable(text), func(text string) bool { return isOurs(text, p.Ours) })
	if differential.Code(p.Ours) != "" {
		isOurs = isBinaryTag(text, differential.ErrorField(p.Ours, "message")) || isFaultBehindATag(text, p.Ours) || slices.ContainsFunc(tagsApart(text), func(text string) bool {
			m, _, is := newYAMLModel(text)
			return !is || m.isFaulty && differential.Code(p.Ours) == "yaml" || len(m.ourFaults) > 0
		})
	}
	m, expected, is := newYAMLModel(text)
	if message := differential.ErrorField(p.Theirs, "message"); message != "" {
		// What follows may also be an anchor.
		isSyntax := strings.Contains(message, "did not find expected") || strings.Contains(message, "unknown anchor")
		isRefused := !is && isSyntax || is && m.rowOfTheirRefusal(message) != ""
		return isOurs && isRefused
	}
	return isOurs && is && len(m.theirFaults) == 0 && isAsModelled(expected.theirs, p.Theirs)
}

// tagsApart returns texts in which tags stand apart from what follows: all, one, or all but one.
func tagsApart(text string) []string {
	return replacements(text, tagInFlow, func(tag string) string { return tagInFlow.ReplaceAllString(tag, "$1 $2") })
}

// replacements returns texts in which all matches of a pattern are replaced, one, or all but one.
func replacements(text string, pattern *regexp.Regexp, replace func(string) string) []string {
	texts := []string{pattern.ReplaceAllStringFunc(text, replace)}
	all := pattern.FindAllStringIndex(text, -1)
	if len(all) < 2 {
		return texts
	}
	for _, at := range all {
		before, match, after := text[:at[0]], text[at[0]:at[1]], text[at[1]:]
		texts = append(texts, before+replace(match)+after)
		texts = append(texts, pattern.ReplaceAllStringFunc(before, replace)+match+pattern.ReplaceAllStringFunc(after, replace))
	}
	return texts
}

// isFaultBehindATag returns whether the driver refuses a text because a comma or a bracket follows a tag.
func isFaultBehindATag(text string, ours differential.Answer) bool {
	message := differential.ErrorField(ours, "message")
	for n, line := range strings.Split(text, "\n") {
		for _, at := range tagInFlow.FindAllStringSubmatchIndex(line, -1) {
			column := utf8.RuneCountInString(line[:at[4]]) + 1
			if differential.Code(ours) == "yaml" && message == fmt.Sprintf("not YAML at line %d, column %d", n+1, column) {
				return true
			}
		}
	}
	return false
}

// rowOfTheirRefusal returns the row of a value that upstream refuses with a message, or "".
func (m *yamlModel) rowOfTheirRefusal(message string) string {
	for _, one := range theirRefusals {
		if (m.theirFaults[one.row] || m.theirChances[one.row]) && strings.Contains(message, one.message) {
			return one.row
		}
	}
	return ""
}

// rowsOfOurRefusal returns the row of a text that the driver refuses, by its message.
func rowsOfOurRefusal(m *yamlModel, text, code, message string) []string {
	switch {
	case isBinaryTag(text, message):
		return []string{"explicit-tag"}
	case m.rows["null-document"] && len(m.ourFaults) > 0:
		return []string{"null-document"}
	case mayRedefine(text) && code == "yaml" && strings.HasPrefix(message, "an anchor is defined a second time"):
		return []string{"anchor-redefined"}
	case strings.HasPrefix(message, "a directive") && percentLine.MatchString(lineBreaks.Replace(text)):
		return []string{"percent-line"}
	case strings.Contains(message, "a colon is missing") && colonInList.MatchString(text):
		return []string{"colon-before-a-bracket"}
	case m.ourFaults["null-key"]:
		// For upstream, another entry has taken the place of the mapping with such a key.
		if code == "yaml" && strings.HasPrefix(message, "a key that is a list, a mapping or null") {
			return []string{"null-key"}
		}
		return nil
	}
	for _, one := range ourRefusals {
		if m.ourFaults[one.row] && code == one.code && strings.Contains(message, one.message) {
			return []string{one.row}
		}
	}
	if m.isFaulty && code == "yaml" {
		return []string{"fault-after-the-document"}
	}
	return nil
}

var (
	doubleQuoted = regexp.MustCompile(`"(?:\\.|[^"\\])*"`)
	// A `?` that is no indicator.
	mark = regexp.MustCompile(`\?([^\s,\[\]{}]|$)|([^\s,\[\]{}?])\?`)
)

// aMark stands for a `?`.
const aMark = "\ue000"

var escapedSlash = regexp.MustCompile(`\\/`)

// readable returns texts one of which upstream would have to read in place of a text: with tags apart from what follows, `/` in
// place of some `\/`, and another character in place of some `?`.
func readable(text string) []string {
	var texts []string
	for _, apart := range tagsApart(text) {
		texts = append(texts, apart)
		texts = append(texts, replacements(apart, escapedSlash, func(string) string { return "/" })...)
		texts = append(texts, doubleQuoted.ReplaceAllStringFunc(apart, func(quoted string) string { return strings.ReplaceAll(quoted, `\/`, `/`) }))
	}
	for _, one := range texts {
		texts = append(texts, withoutMarks(one)...)
	}
	return texts
}

// withoutMarks returns a text with another character in place of all `?` that are no indicators, of all `?`, or of one.
func withoutMarks(text string) []string {
	texts := []string{mark.ReplaceAllString(text, "${2}"+aMark+"${1}"), strings.ReplaceAll(text, "?", aMark)}
	for at := range text {
		if text[at] == '?' {
			texts = append(texts, text[:at]+aMark+text[at+1:])
		}
	}
	return texts
}

// withoutLastLine returns a document in brackets without the line behind it, which neither program may look at, or "".
func withoutLastLine(text string) string {
	end := strings.LastIndex(strings.TrimRight(text, "\n"), "\n")
	if end < 0 || !isBracketed.MatchString(text) {
		return ""
	}
	return text[:end+1]
}

// rowOfSyntax returns the row of a text in which upstream sees a mistake that is none to the driver, or "".
func rowOfSyntax(text, message string, ours differential.Answer) string {
	isOf := func(messages ...string) bool {
		return slices.ContainsFunc(messages, func(one string) bool { return strings.Contains(message, one) })
	}
	isRead := func(text string) bool { return isOurs(text, ours) }
	switch {
	case isOf("unknown escape character") && strings.Contains(text, `\/`) && slices.ContainsFunc(readable(text), isRead):
		return "escaped-slash"
	case isOf("invalid Unicode character escape code") && isBracketed.MatchString(text) && json.Valid([]byte(text)) &&
		isAsModelled(parseJSON(text), ours):
		return "surrogate-pair"
	case isOf("did not find expected ','", "unexpected end of stream", "cannot start any token", "unknown escape character") && strings.Contains(text, "?"):
		if slices.ContainsFunc(readable(text), func(one string) bool { return strings.Contains(one, aMark) && isRead(one) }) {
			return "question-mark-in-flow"
		}
	}
	if before := withoutLastLine(text); before != "" {
		m, expected, is := newYAMLModel(before)
		if is && len(m.ourFaults) == 0 && isAsModelled(expected.ours, ours) {
			return m.rowOfTheirRefusal(message)
		}
	}
	return ""
}

// isOurs returns whether an answer of the driver is what it reads in a text.
func isOurs(text string, answer differential.Answer) bool {
	m, expected, is := newYAMLModel(text)
	if end := strings.LastIndex(strings.TrimRight(text, "\n"), "\n"); !is && end > 0 && strings.ContainsAny(strings.TrimLeft(text, " ")[:1], "!{[\"'") {
		// The document may end before the lines that cannot be read.
		return isOurs(text[:end+1], answer)
	}
	return is && len(m.ourFaults) == 0 && isAsModelled(parseJSON(strings.ReplaceAll(string(rawJSON(expected.ours)), aMark, "?")), answer)
}
