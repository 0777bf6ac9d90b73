package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// readYAML generates the question of read, with the object written as YAML.
func (g generator) readYAML() *question {
	q := g.read()
	var tree any
	check(json.Unmarshal([]byte(q.Text), &tree))
	var b strings.Builder
	g.writeYAML(&b, tree, "")
	q.Text = b.String()
	return q
}

// writeYAML writes a value in block style, or in flow style now and then.
func (g generator) writeYAML(b *strings.Builder, value any, indent string) {
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 0 || g.One(12) {
			break
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			g.writePair(b, key, value[key], indent)
			if g.One(150) {
				g.writePair(b, key, value[key], indent)
			}
		}
		return
	case []any:
		if len(value) == 0 || g.One(12) {
			break
		}
		for _, item := range value {
			b.WriteString(indent + "-")
			g.writeValue(b, item, indent)
		}
		return
	}
	b.WriteString(indent + string(raw(value)) + "\n")
}

func (g generator) writePair(b *strings.Builder, key string, value any, indent string) {
	b.WriteString(indent + g.scalar(key) + ":")
	g.writeValue(b, value, indent)
}

// writeValue writes a value after its key or dash.
func (g generator) writeValue(b *strings.Builder, value any, indent string) {
	switch value := value.(type) {
	case map[string]any, []any:
		if !g.One(8) && string(raw(value)) != "{}" && string(raw(value)) != "[]" {
			b.WriteString("\n")
			g.writeYAML(b, value, indent+"  ")
			return
		}
	case string:
		b.WriteString(" " + g.scalar(value) + "\n")
		return
	}
	b.WriteString(" " + string(raw(value)) + "\n")
}

// scalar writes a text in one of the styles that can hold it.
func (g generator) scalar(text string) string {
	isPlain := text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '.' || r == '/')
	})
	switch {
	case g.One(60):
		return g.Pick("on", "yes", "No", "y", "1", "1.5", "true", "~", "012", "0x1F", "2020-01-01", "1_000", "null", "-")
	case isPlain && !g.One(4):
		return text
	case g.One(3) && !strings.ContainsAny(text, "\n\r\x01\x7f\u2028\u0085"):
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return string(raw(text))
}
