// Rbac_oracle answers the `rbac.*` questions of the conformance driver with Kubernetes' own code: the API
// server's request parser and handlers, the RBAC authorizer, the storage of the four kinds with its
// validation and escalation checks, the reviews, the aggregation controller and kubectl's listing. It reads
// one JSON question per line and writes one JSON answer per line.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"

	"k8s.io/klog/v2"
)

func main() {
	quiet()
	if len(os.Args) == 6 && (os.Args[1] == "compare" || os.Args[1] == "record") {
		count, err := strconv.Atoi(os.Args[4])
		check(err)
		seed, err := strconv.ParseUint(os.Args[5], 10, 64)
		check(err)
		os.Exit(compare(os.Args[2], os.Args[3], count, seed, os.Args[1] == "record"))
	}
	if len(os.Args) != 1 {
		fmt.Fprintln(os.Stderr, "rbac_oracle < QUESTIONS, or rbac_oracle compare|record DRIVER AREA COUNT SEED")
		os.Exit(2)
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		var q question
		got := refusal("malformed-question", "")
		if err := json.Unmarshal(in.Bytes(), &q); err == nil {
			got = ask(&q)
		}
		if q.ID != nil {
			got["id"] = q.ID
		}
		check(encoder.Encode(got))
	}
	check(in.Err())
	check(out.Flush())
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

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
