// Oracle answers `map.resolve`, `principal.parse` and `principal.arn_like` with the real
// aws-iam-authenticator: its readers, its mappers and its server's authenticateEndpoint, which the files of
// added/ export. It reads one JSON question per line and writes one JSON answer per line.
//
// Each question is asked several times. If the answers differ, the result depends on the order of a Go map,
// and the answer has "random".
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"sigs.k8s.io/aws-iam-authenticator/pkg/config"
	"sigs.k8s.io/aws-iam-authenticator/pkg/metrics"
)

func main() {
	quiet()
	if len(os.Args) == 5 && os.Args[1] == "compare" {
		count, err := strconv.Atoi(os.Args[3])
		check(err)
		seed, err := strconv.ParseUint(os.Args[4], 10, 64)
		check(err)
		os.Exit(compare(os.Args[2], count, seed))
	}
	if len(os.Args) != 1 {
		fmt.Fprintln(os.Stderr, "oracle < QUESTIONS, or oracle compare DRIVER COUNT SEED")
		os.Exit(2)
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for in.Scan() {
		var q question
		got := answer{Error: "malformed-question"}
		if err := json.Unmarshal(in.Bytes(), &q); err == nil {
			q.SSOGateOff = q.SSOGateOff || os.Getenv("SSO") == "off"
			got = ask(&q)
		}
		got.ID = q.ID
		check(encoder.Encode(got))
	}
	check(in.Err())
	check(out.Flush())
}

// quiet turns off upstream's logging, and registers the metrics that it needs.
func quiet() {
	logrus.SetOutput(io.Discard)
	metrics.InitMetrics(prometheus.NewRegistry())
	config.SSORoleMatchEnabled = true
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
