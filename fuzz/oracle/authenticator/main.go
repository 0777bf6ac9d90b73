// Authenticator answers questions of the conformance driver with the real aws-iam-authenticator, the SDK and
// the YAML library that it links, and compares its answers with the driver's. The files of added/ export the
// parts of upstream that it calls.
package main

import (
	"encoding/json"
	"io"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/config"
	"sigs.k8s.io/aws-iam-authenticator/pkg/metrics"
)

func main() {
	quiet()
	oracle := differential.Oracle{
		Name: "aws-iam-authenticator 0.7.18", Areas: areas, Answer: func(line []byte) any { return ask(line) },
	}
	oracle.Main()
}

var areas = []differential.Area{
	mapArea, patternArea, tokenArea, webhookArea, presignArea, endpointArea, yamlArea,
}

// ask answers a question of the driver's protocol.
func ask(line []byte) any {
	var op struct{ Op string }
	differential.Check(json.Unmarshal(line, &op))
	switch op.Op {
	case "map.resolve", "principal.parse", "principal.arn_like":
		var q question
		differential.Check(json.Unmarshal(line, &q))
		q.SSOGateOff = q.SSOGateOff || os.Getenv("SSO") == "off"
		return askOften(&q, tries)
	case "auth.identify":
		var q tokenQuestion
		differential.Check(json.Unmarshal(line, &q))
		return identify(&q)
	case "auth.review":
		var q webhookQuestion
		differential.Check(json.Unmarshal(line, &q))
		return serve(&q)
	case "sts.sign":
		var q signQuestion
		differential.Check(json.Unmarshal(line, &q))
		return sign(&q)
	case "yaml.read":
		var q yamlQuestion
		differential.Check(json.Unmarshal(line, &q))
		return readYAML(q.Text)
	}
	return differential.Refusal("unknown-op", "no op "+op.Op)
}

// quiet turns off upstream's logging, and registers the metrics that it needs.
func quiet() {
	logrus.SetOutput(io.Discard)
	metrics.InitMetrics(prometheus.NewRegistry())
	config.SSORoleMatchEnabled = true
}
