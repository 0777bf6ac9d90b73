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
	mapArea, patternArea, dynamicFileArea, configMapArea, backendModesArea, ec2Area, ec2RoleArea,
	assumeRoleArea, credentialCacheArea,
	tokenArea, webhookArea, presignArea, endpointArea, yamlArea,
}

// ask answers a question of the driver's protocol.
func ask(line []byte) any {
	op := parse[struct{ Op string }](line).Op
	switch op {
	case "map.resolve", "principal.parse", "principal.arn_like":
		q := parse[question](line)
		q.SSOGateOff = q.SSOGateOff || os.Getenv("SSO") == "off"
		return askOften(q, tries)
	case "auth.identify":
		return identify(parse[tokenQuestion](line))
	case "auth.review":
		return serve(parse[webhookQuestion](line))
	case "sources.dynamic_file":
		return follow(parse[followQuestion](line))
	case "ec2.look_up":
		return lookUp(parse[lookUpQuestion](line))
	case "ec2.assume_role":
		return lookUpAsRole(parse[roleQuestion](line))
	case "signer.runs":
		return cached(parse[signerQuestion](line))
	case "signer.sign":
		return assume(parse[signerQuestion](line))
	case "sources.backend_modes":
		return switchModes(parse[switchQuestion](line))
	case "sources.config_map":
		return watchConfigMap(parse[watchQuestion](line))
	case "sts.sign":
		return sign(parse[signQuestion](line))
	case "yaml.read":
		return readYAML(parse[yamlQuestion](line).Text)
	}
	return differential.Refusal("unknown-op", "no op "+op)
}

// parse reads a question.
func parse[Q any](line []byte) *Q {
	q := new(Q)
	differential.Check(json.Unmarshal(line, q))
	return q
}

// asJSON makes a case of a question, which is reduced as JSON.
func asJSON(question any) differential.Case { return differential.JSON(differential.Raw(question)) }

// quiet turns off upstream's logging, and registers the metrics that it needs.
func quiet() {
	logrus.SetOutput(io.Discard)
	metrics.InitMetrics(prometheus.NewRegistry())
	config.SSORoleMatchEnabled = true
}
