// Kubernetes answers the `rbac.*` questions of the conformance driver with Kubernetes' own code: the API
// server's request parser and handlers, the RBAC authorizer, the storage of the four kinds with its validation
// and escalation checks, the reviews, the aggregation controller and kubectl. It compares its answers with the
// driver's.
package main

import (
	"encoding/json"
	"flag"
	"io"

	"k8s.io/klog/v2"

	"oracle/differential"
)

func main() {
	quiet()
	oracle := differential.Oracle{
		Name: "Kubernetes " + release, Areas: areas, Answer: func(line []byte) any { return ask(parse(line)) },
	}
	oracle.Main()
}

// parse reads a question.
func parse(line []byte) *question {
	q := new(question)
	check(json.Unmarshal(line, q))
	return q
}

// quiet turns off upstream's logging: it logs every unreadable object.
func quiet() {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	check(flags.Set("logtostderr", "false"))
	check(flags.Set("alsologtostderr", "false"))
	check(flags.Set("stderrthreshold", "FATAL"))
	klog.SetOutput(io.Discard)
}

func check(err error) { differential.Check(err) }

func raw(v any) json.RawMessage { return differential.Raw(v) }

func choose(is bool, yes, no string) string { return differential.Choose(is, yes, no) }
