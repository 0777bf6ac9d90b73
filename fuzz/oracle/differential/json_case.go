package differential

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// JSON is a case that is reduced as JSON: fields, elements and parts of texts are removed.
type JSON []byte

// Question returns the question.
func (j JSON) Question() []byte { return j }

// kept are the fields that say which question it is, and whose it is.
var kept = []string{"op", "kubernetesVersion", "kind", "identity"}

// Smaller returns variants of the question. The fields in kept stay.
func (j JSON) Smaller() []Case {
	decoder := json.NewDecoder(bytes.NewReader(j))
	decoder.UseNumber()
	var tree map[string]any
	Check(decoder.Decode(&tree))
	var all []Case
	for _, variant := range smaller(tree) {
		object := variant.(map[string]any)
		isChanged := func(field string) bool { return !reflect.DeepEqual(object[field], tree[field]) }
		if !slices.ContainsFunc(kept, isChanged) {
			all = append(all, JSON(Raw(object)))
		}
	}
	return all
}

// smaller returns variants of a JSON value, the largest steps first.
func smaller(of any) []any {
	switch of := of.(type) {
	case map[string]any:
		return smallerObjects(of)
	case []any:
		return smallerLists(of)
	case string:
		var all []any
		for _, text := range SmallerTexts(of) {
			all = append(all, text)
		}
		return all
	}
	return nil
}

func smallerObjects(of map[string]any) []any {
	var all []any
	keys := slices.Sorted(maps.Keys(of))
	for _, key := range keys {
		without := maps.Clone(of)
		delete(without, key)
		all = append(all, without)
	}
	for _, key := range keys {
		for _, value := range smaller(of[key]) {
			with := maps.Clone(of)
			with[key] = value
			all = append(all, with)
		}
	}
	return all
}

func smallerLists(of []any) []any {
	var all []any
	for length := len(of) / 2; length > 0; length /= 2 {
		for at := 0; at+length <= len(of); at += length {
			all = append(all, append(slices.Clone(of[:at]), of[at+length:]...))
		}
	}
	for n := range of {
		for _, value := range smaller(of[n]) {
			with := slices.Clone(of)
			with[n] = value
			all = append(all, with)
		}
	}
	return all
}

// SmallerTexts returns variants of a text without a line, or without a part of it, down to one character.
func SmallerTexts(of string) []string {
	var all []string
	lines := strings.SplitAfter(of, "\n")
	for n := range lines {
		if len(lines) > 1 && lines[n] != "" {
			all = append(all, strings.Join(slices.Delete(slices.Clone(lines), n, n+1), ""))
		}
	}
	characters := []rune(of)
	for length := len(characters); length > 0; length /= 2 {
		for at := 0; at+length <= len(characters); at += length {
			all = append(all, string(characters[:at])+string(characters[at+length:]))
		}
	}
	return all
}
