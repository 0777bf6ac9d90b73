package main

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	yamlv2 "go.yaml.in/yaml/v2"
	yamlv3 "go.yaml.in/yaml/v3"

	"oracle/differential"
)

// yamlModel is what the rows say of the two readings of a document.
type yamlModel struct {
	lines []string
	// rows are those whose reason the document has, so that the readings differ.
	rows map[string]bool
	// theirFaults and ourFaults have the rows of the values that a program refuses.
	theirFaults, ourFaults map[string]bool
	// theirChances has those that upstream may meet: another entry may take the place of the value.
	theirChances map[string]bool
	// isFaulty is true if the document is one scalar and has a fault behind it, which the driver may see.
	isFaulty bool
	// open has the nodes that are being read.
	open map[*yamlv3.Node]bool
}

// oneOf stands for any of several values: keys that upstream converts to the same text are written in the order of a Go map.
type oneOf []any

// unsupported stands for a value that is refused if no other entry takes its place: one that is no JSON by upstream, and a
// mapping with a key that stands twice by the driver.
type unsupported struct{ row string }

// twoReadings are the values that upstream and the driver read.
type twoReadings struct{ theirs, ours any }

// yamlDocuments parses a text. The error is that of the first document that cannot be parsed.
func yamlDocuments(text string) ([]*yamlv3.Node, error) {
	decoder := yamlv3.NewDecoder(strings.NewReader(text))
	var all []*yamlv3.Node
	for {
		document := new(yamlv3.Node)
		err := decoder.Decode(document)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, document.Content[0])
	}
}

// newYAMLModel reads the first document of a text, and for the driver the first one that is not null.
func newYAMLModel(text string) (*yamlModel, twoReadings, bool) {
	text = withPropertiesOnOneLine(text)
	documents, err := yamlDocuments(text)
	if end := documentEnd.FindStringIndex(text); len(documents) == 0 && end != nil {
		// Upstream does not look at the documents behind the first one.
		documents, _ = yamlDocuments(text[:end[0]+1])
	}
	if len(documents) == 0 {
		return nil, twoReadings{}, false
	}
	read := func(root *yamlv3.Node) (*yamlModel, twoReadings) {
		m := &yamlModel{
			lines: strings.Split(lineBreaks.Replace(text), "\n"), rows: map[string]bool{},
			theirFaults: map[string]bool{}, ourFaults: map[string]bool{}, theirChances: map[string]bool{}, open: map[*yamlv3.Node]bool{},
		}
		return m, m.value(root)
	}
	m, both := read(documents[0])
	if err != nil && both.ours == nil {
		// The driver reads the next document, which may have an escape that upstream has not.
		if next, nextErr := yamlDocuments(strings.ReplaceAll(text, `\/`, `/`)); nextErr == nil {
			documents, err = next, nil
		}
	}
	for _, other := range documents[1:] {
		_, isInfinite := both.theirs.(unsupported)
		if both.ours != nil || isInfinite || len(m.ourFaults) > 0 {
			break
		}
		next, ours := read(other)
		both.ours, m.ourFaults = ours.ours, next.ourFaults
		m.rows["null-document"] = true
	}
	m.isFaulty = err != nil && documents[0].Kind == yamlv3.ScalarNode
	maps.Copy(m.theirFaults, unsupportedIn(both.theirs, m.theirChances))
	maps.Copy(m.ourFaults, unsupportedIn(both.ours, map[string]bool{}))
	return m, both, true
}

// A line that ends with an anchor, and the tag on the next line.
var tagOnNextLine = regexp.MustCompile(`(&[\w-]+)[ \t]*(?:#.*)?\r?\n[ \t]*(!)`)

// withPropertiesOnOneLine returns a text whose anchors and tags of one value are on one line, where the model finds them.
func withPropertiesOnOneLine(text string) string {
	joined := tagOnNextLine.ReplaceAllString(text, "$1 $2")
	if joined == text {
		return text
	}
	before, _ := yamlDocuments(text)
	after, _ := yamlDocuments(joined)
	if !slices.EqualFunc(before, after, isSameTree) {
		return text
	}
	return joined
}

// isSameTree returns whether two nodes have the same values, anchors and tags.
func isSameTree(a, b *yamlv3.Node) bool {
	return a.Kind == b.Kind && a.Tag == b.Tag && a.Value == b.Value && a.Anchor == b.Anchor &&
		slices.EqualFunc(a.Content, b.Content, isSameTree)
}

// unsupportedIn returns the rows of the unsupported parts of a value, and enters those of the parts that may be.
func unsupportedIn(value any, chances map[string]bool) map[string]bool {
	rows := map[string]bool{}
	var parts []any
	switch value := value.(type) {
	case unsupported:
		rows[value.row] = true
	case []any:
		parts = value
	case oneOf:
		isRead := func(part any) bool { return len(unsupportedIn(part, chances)) == 0 }
		if slices.ContainsFunc(value, isRead) {
			for _, part := range value {
				maps.Copy(chances, unsupportedIn(part, chances))
			}
			return rows
		}
		parts = value
	case map[string]any:
		parts = slices.Collect(maps.Values(value))
	}
	for _, part := range parts {
		maps.Copy(rows, unsupportedIn(part, chances))
	}
	return rows
}

var documentEnd = regexp.MustCompile(`\n(---|\.\.\.)`)

// The line breaks of YAML 1.1, each as a line feed.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

var anchor = regexp.MustCompile(`&[\w-]+`)

// mayRedefine returns whether a text has an alias and an anchor that is defined twice. The driver takes an `&` in a word for an
// anchor.
func mayRedefine(text string) bool {
	anchors := anchor.FindAllString(text, -1)
	slices.Sort(anchors)
	return strings.Contains(text, "*") && len(slices.Compact(slices.Clone(anchors))) < len(anchors)
}

// value reads a node.
func (m *yamlModel) value(node *yamlv3.Node) twoReadings {
	if m.open[node] {
		m.theirFaults["contains itself"], m.ourFaults["contains itself"] = true, true
		return twoReadings{}
	}
	m.open[node] = true
	defer delete(m.open, node)
	switch node.Kind {
	case yamlv3.AliasNode:
		return m.value(node.Alias)
	case yamlv3.SequenceNode:
		theirs, ours := []any{}, []any{}
		for _, item := range node.Content {
			both := m.value(item)
			theirs, ours = append(theirs, both.theirs), append(ours, both.ours)
		}
		return twoReadings{theirs, ours}
	case yamlv3.MappingNode:
		return m.mapping(node)
	}
	return m.scalar(node)
}

// scalar reads a scalar.
func (m *yamlModel) scalar(node *yamlv3.Node) twoReadings {
	tag, row := m.tag(node), "yaml-1-1-scalars"
	if tag != "" {
		row = "explicit-tag"
	}
	var theirs any
	answer := readYAML("- " + written(node, tag) + "\n")
	converted, is := answer["json"].(string)
	if is {
		theirs = parseJSON(converted).([]any)[0]
	} else {
		if strings.Contains(differential.ErrorField(answer, "message"), "unsupported value") {
			theirs = unsupported{"infinite-number"}
		} else {
			m.theirFaults[row] = true
		}
	}
	ours, isRead := ourScalar(node, tag)
	if !isRead {
		m.ourFaults["explicit-tag"] = true
	}
	if isRead && !reflect.DeepEqual(theirs, ours) {
		m.rows[row] = true
	}
	return twoReadings{theirs, ours}
}

var tagBefore = regexp.MustCompile(`^(?:&[\w-]+[ \t]+)?(!\S*)(?:[ \t]+&[\w-]+)?(.*)`)

// tag returns the tag of a scalar as it is written, or "".
func (m *yamlModel) tag(node *yamlv3.Node) string {
	if node.Line < 1 || node.Line > len(m.lines) {
		return ""
	}
	line := []rune(m.lines[node.Line-1])
	if node.Column > len(line) {
		return ""
	}
	match := tagBefore.FindStringSubmatch(string(line[node.Column-1:]))
	switch {
	case match == nil:
		return ""
	case node.Style&yamlv3.TaggedStyle != 0:
		return match[1]
	case match[1] == "!" && (node.Value != "" || strings.TrimLeft(match[2], " \t,]}#:") != strings.TrimLeft(match[2], " \t") || strings.TrimSpace(match[2]) == ""):
		return "!"
	}
	// The tag of what follows an empty value.
	return ""
}

func isPlain(node *yamlv3.Node) bool {
	return node.Style&(yamlv3.DoubleQuotedStyle|yamlv3.SingleQuotedStyle|yamlv3.LiteralStyle|yamlv3.FoldedStyle) == 0
}

// written writes a scalar on one line.
func written(node *yamlv3.Node, tag string) string {
	text := node.Value
	// Such a plain text would not be one on a line of its own.
	isEntry := text == "-" || text == "?" || strings.HasSuffix(text, ":") || strings.ContainsAny(text, "\n\u2028\u2029")
	if !isPlain(node) || isEntry {
		text = string(rawJSON(text))
	}
	if tag != "" {
		return tag + " " + text
	}
	return text
}

// mapping reads a mapping.
func (m *yamlModel) mapping(node *yamlv3.Node) twoReadings {
	read := m.entries(node)
	theirs := read.theirs()
	theirValues, ourValues := map[string]any{}, map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(theirs)) {
		var values []any
		for _, entry := range theirs[key] {
			values = append(values, entry.both.theirs)
		}
		theirValues[key] = values[0]
		if len(values) > 1 {
			theirValues[key] = oneOf(values)
		}
	}
	for key, entry := range read.ours {
		ourValues[key] = entry.both.ours
	}
	if slices.Contains(slices.Collect(maps.Values(read.twice)), true) {
		return twoReadings{theirValues, unsupported{"duplicate-key"}}
	}
	return twoReadings{theirValues, ourValues}
}

// yamlEntry is an entry of a mapping. written is the key as the driver reads it.
type yamlEntry struct {
	written  string
	row      string
	isMerged bool
	both     twoReadings
}

// yamlEntries are the entries of a mapping.
type yamlEntries struct {
	// typed has the entry of each key in upstream's map, and converted the text of that key.
	typed     map[any]*yamlEntry
	converted map[any]string
	// ours has the entries by the keys of the driver, and twice is true for those that stand twice.
	ours  map[string]*yamlEntry
	twice map[string]bool
}

// theirs returns the entries by the keys that upstream converts.
func (e yamlEntries) theirs() map[string][]*yamlEntry {
	entries := map[string][]*yamlEntry{}
	for key, text := range e.converted {
		entries[text] = append(entries[text], e.typed[key])
	}
	return entries
}

// entries reads the entries of a mapping.
func (m *yamlModel) entries(node *yamlv3.Node) yamlEntries {
	// Upstream takes one after the other into a Go map, and then converts its keys.
	typed, converted := map[any]*yamlEntry{}, map[any]string{}
	own, merged := map[string]*yamlEntry{}, map[string]*yamlEntry{}
	hasMerge, ownTwice, twice := false, map[string]bool{}, map[string]bool{}
	for n := 0; n < len(node.Content); n += 2 {
		key, value := node.Content[n], node.Content[n+1]
		tag := m.tag(key)
		isMerge := key.Kind == yamlv3.ScalarNode && key.Value == "<<" && isPlain(key)
		switch {
		case isMerge && (tag == "" || tag == "!!merge"):
			hasMerge = true
			m.merge(value, yamlEntries{typed, converted, merged, twice})
			continue
		case isMerge && tag == "!":
			// Upstream merges, and the driver has a key.
			m.rows["explicit-tag"] = true
			ourFaults := maps.Clone(m.ourFaults)
			m.merge(value, yamlEntries{typed, converted, map[string]*yamlEntry{}, map[string]bool{}})
			m.ourFaults = ourFaults
			if m.theirFaults["no mapping"] {
				m.theirFaults["explicit-tag"] = true
			}
			own["<<"] = &yamlEntry{written: "<<", both: m.value(value)}
			continue
		}
		entry := &yamlEntry{row: "key-text"}
		if tag != "" {
			entry.row = "explicit-tag"
		}
		entry.both = m.value(value)
		if key.Kind == yamlv3.AliasNode {
			key = key.Alias
			tag = m.tag(key)
		}
		if key.Kind != yamlv3.ScalarNode {
			m.theirFaults["no scalar"], m.ourFaults["no scalar"] = true, true
			continue
		}
		m.keyOf(key, tag, entry, typed, converted)
		if _, is := ourScalar(key, tag); !is {
			m.ourFaults["explicit-tag"] = true
		}
		if isNull(key, tag) {
			m.ourFaults[differential.Choose(tag == "", "null-key", "explicit-tag")] = true
		}
		entry.written = key.Value
		ownTwice[entry.written] = ownTwice[entry.written] || own[entry.written] != nil
		own[entry.written] = entry
	}
	maps.Copy(merged, own)
	maps.Copy(twice, ownTwice)
	read := yamlEntries{typed, converted, merged, twice}
	m.compareEntries(read.theirs(), merged, hasMerge)
	return read
}

// compareEntries adds the rows of keys that the programs read in different ways.
func (m *yamlModel) compareEntries(theirs map[string][]*yamlEntry, ours map[string]*yamlEntry, hasMerge bool) {
	for key, entries := range theirs {
		for _, entry := range entries {
			switch {
			case entry.written != key:
				m.rows[entry.row] = true
			case ours[key] != entry && hasMerge:
				m.rows["merge-after-the-key"] = true
			}
		}
	}
	for _, entry := range ours {
		isThere := slices.ContainsFunc(slices.Collect(maps.Values(theirs)), func(entries []*yamlEntry) bool { return slices.Contains(entries, entry) })
		if !isThere && !hasMerge {
			m.rows[entry.row] = true
		}
	}
	delete(m.rows, "")
}

// keyOf enters an entry with upstream's key.
func (m *yamlModel) keyOf(key *yamlv3.Node, tag string, entry *yamlEntry, typed map[any]*yamlEntry, converted map[any]string) {
	text := "? " + written(key, tag) + "\n: 0\n"
	var read map[any]any
	answer := readYAML(text)
	object, is := answer["json"].(string)
	if yamlv2.Unmarshal([]byte(text), &read) != nil || len(read) != 1 {
		m.theirFaults[entry.row] = true
		return
	}
	if !is {
		for name := range read {
			entry.both.theirs = unsupported{entry.row}
			typed[name], converted[name] = entry, unsupportedKey
		}
		return
	}
	for name := range read {
		for text := range parseJSON(object).(map[string]any) {
			if number, is := name.(float64); is && math.IsNaN(number) {
				// A Go map keeps each of them.
				name = "NaN" + strconv.Itoa(len(typed))
			}
			typed[name], converted[name] = entry, text
		}
	}
}

// unsupportedKey stands for a key that upstream cannot convert.
const unsupportedKey = "unsupported"

// merge enters the entries of the value of a merge key: in upstream's map, they override those before.
func (m *yamlModel) merge(value *yamlv3.Node, into yamlEntries) {
	if value.Kind == yamlv3.AliasNode {
		value = value.Alias
		if value.Kind == yamlv3.SequenceNode {
			m.theirFaults["merge-of-an-alias-to-a-list"] = true
		}
	}
	sources := []*yamlv3.Node{value}
	if value.Kind == yamlv3.SequenceNode {
		sources = value.Content
	}
	var all []yamlEntries
	for _, one := range sources {
		if one.Kind == yamlv3.AliasNode {
			one = one.Alias
		}
		if one.Kind != yamlv3.MappingNode || m.open[one] {
			m.theirFaults["no mapping"], m.ourFaults["no mapping"] = true, true
			return
		}
		m.open[one] = true
		all = append(all, m.entries(one))
		delete(m.open, one)
	}
	// Of several, the first wins.
	for _, read := range slices.Backward(all) {
		maps.Copy(into.typed, read.typed)
		maps.Copy(into.converted, read.converted)
	}
	for _, read := range all {
		for key, entry := range read.ours {
			if into.ours[key] == nil {
				into.ours[key], into.twice[key] = entry, read.twice[key]
			}
		}
	}
}

var (
	whole    = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*|0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+)$`)
	decimal  = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+)([eE][-+]?[0-9]+)?$`)
	infinity = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
	zeros    = regexp.MustCompile(`^[-+]?0[0-9]+$`)
)

func isNull(node *yamlv3.Node, tag string) bool {
	return isPlain(node) && (tag == "" || isOwnTag(tag) || tag == "!!null" && node.Value != "") &&
		slices.Contains([]string{"", "~", "null", "Null", "NULL"}, node.Value)
}

// isOwnTag returns whether a tag is one of an application, which the driver drops.
func isOwnTag(tag string) bool { return strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") }

// ourScalar returns the value that the core schema of YAML 1.2 gives a scalar, and false if the scalar has not the type of
// its tag.
func ourScalar(node *yamlv3.Node, tag string) (any, bool) {
	text := node.Value
	switch {
	case tag == "!!null":
		return nil, isNull(node, tag)
	case tag == "!!bool":
		value, is := boolOf(text)
		return value, is
	case tag == "!!int":
		value, is := wholeOf(text)
		return value, is
	case tag == "!!float":
		if infinity.MatchString(text) {
			return nil, true
		}
		value, is := floatOf(text)
		return value, is
	case tag != "" && !isOwnTag(tag) || !isPlain(node):
		return text, true
	case isNull(node, tag) || infinity.MatchString(text):
		// JSON has no infinity.
		return nil, true
	}
	if value, is := boolOf(text); is {
		return value, true
	}
	if value, is := wholeOf(text); is {
		return value, true
	}
	if whole.MatchString(text) || zeros.MatchString(text) {
		return text, true
	}
	if value, is := floatOf(text); is {
		return value, true
	}
	return text, true
}

func boolOf(text string) (bool, bool) {
	value, err := strconv.ParseBool(text)
	return value, err == nil && len(text) > 3
}

// wholeOf returns a whole number of 64 bits. Others are text, so that no digit is lost.
func wholeOf(text string) (float64, bool) {
	if !whole.MatchString(text) {
		return 0, false
	}
	text = strings.TrimPrefix(text, "+")
	if number, err := strconv.ParseInt(text, 0, 64); err == nil {
		return float64(number), true
	}
	number, err := strconv.ParseUint(text, 0, 64)
	return float64(number), err == nil
}

func floatOf(text string) (float64, bool) {
	if !decimal.MatchString(text) {
		return 0, false
	}
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil
}

func rawJSON(of any) []byte {
	text, err := json.Marshal(of)
	if err != nil {
		panic(err)
	}
	return text
}

func parseJSON(text string) (value any) {
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		panic(err)
	}
	return value
}

// isExpected returns whether a value is one that a model expects.
func isExpected(expected, value any) bool {
	switch expected := expected.(type) {
	case oneOf:
		return slices.ContainsFunc(expected, func(one any) bool { return isExpected(one, value) })
	case []any:
		list, is := value.([]any)
		return is && slices.EqualFunc(expected, list, isExpected)
	case map[string]any:
		object, is := value.(map[string]any)
		return is && maps.EqualFunc(expected, object, isExpected)
	}
	return reflect.DeepEqual(expected, value)
}
