package differential

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Answer is a JSON object without empty fields.
type Answer = map[string]any

// Pair is a question and both answers.
type Pair struct {
	Case         Case
	Theirs, Ours Answer
}

// malformed is the code of the answer to a question that cannot be understood, and of a panic.
const malformed = "malformed-question"

// unknownOp is the code of the answer to a question of a kind that the program does not know.
const unknownOp = "unknown-op"

// isUnderstood returns whether both programs understood the question.
func (p *Pair) isUnderstood() bool {
	for _, code := range []string{Code(p.Theirs), Code(p.Ours)} {
		if code == malformed || code == unknownOp {
			return false
		}
	}
	return true
}

// Code returns the code of a refusal, or "".
func Code(of Answer) string { return ErrorField(of, "code") }

// ErrorField returns a field of the error of an answer, or "".
func ErrorField(of Answer, field string) string {
	refused, _ := of["error"].(Answer)
	text, _ := refused[field].(string)
	return text
}

// Refusal builds an answer that refuses.
func Refusal(code, message string) Answer {
	return Answer{"error": Answer{"code": code, "message": message}}
}

// AnswerOf returns an answer without empty fields. A panic is an answer too.
func AnswerOf(ask func() any) (answer Answer) {
	defer func() {
		if why := recover(); why != nil {
			answer = Refusal(malformed, fmt.Sprint(why))
		}
	}()
	return plain(ask())
}

// plain converts an answer to JSON values without empty fields: absent, null, "", [] and {} are equal.
func plain(of any) Answer {
	var v any
	Check(json.Unmarshal(Raw(of), &v))
	answer, is := withoutEmpty(v).(map[string]any)
	if !is {
		return Answer{}
	}
	return answer
}

func withoutEmpty(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			value = withoutEmpty(value)
			v[key] = value
			if isEmpty(value) {
				delete(v, key)
			}
		}
	case []any:
		for n := range v {
			v[n] = withoutEmpty(v[n])
		}
	}
	return v
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// Raw returns a value as JSON, without the escapes that encoding/json adds for HTML.
func Raw(v any) json.RawMessage {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	Check(encoder.Encode(v))
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}
