// Oracle answers the questions of `map.resolve` with the real aws-iam-authenticator: its readers,
// its mappers and its server's doMapping, which two added files let it call. One JSON question a
// line in, one JSON answer a line out.
//
// An answer of upstream that hangs on the order of a Go map is found by asking several times, and
// says "random".
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"github.com/spf13/viper"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/aws-iam-authenticator/pkg/arn"
	"sigs.k8s.io/aws-iam-authenticator/pkg/config"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/configmap"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/crd"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/crd/apis/iamauthenticator/v1alpha1"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/crd/controller"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/dynamicfile"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/file"
	"sigs.k8s.io/aws-iam-authenticator/pkg/metrics"
	"sigs.k8s.io/aws-iam-authenticator/pkg/server"
	"sigs.k8s.io/aws-iam-authenticator/pkg/token"
)

type question struct {
	Op               string    `json:"op,omitempty"`
	ID               any       `json:"id,omitempty"`
	Backends         []backend `json:"backends"`
	Identity         identity  `json:"identity"`
	PrivateDNSName   string    `json:"private_dns_name"`
	ReservedPrefixes []string  `json:"reserved_prefixes"`
}

type backend struct {
	Mode         string            `json:"mode"`
	Data         map[string]string `json:"data,omitempty"`
	Config       string            `json:"config"`
	Content      string            `json:"content"`
	UserIDStrict bool              `json:"user_id_strict"`
	Objects      []json.RawMessage `json:"objects,omitempty"`
}

type identity struct {
	ARN         string `json:"arn"`
	Account     string `json:"account"`
	UserID      string `json:"user_id"`
	AccessKeyID string `json:"access_key_id"`
}

type answer struct {
	ID       any      `json:"id,omitempty"`
	Username string   `json:"username"`
	Groups   []string `json:"groups"`
	UID      string   `json:"uid,omitempty"`
	Error    string   `json:"error,omitempty"`
	Random   bool     `json:"random,omitempty"`
}

// What EC2 would say.
type ec2 string

func (e ec2) GetPrivateDNSName(context.Context, string) (string, error) { return string(e), nil }
func (e ec2) StartEc2DescribeBatchProcessing(context.Context)           {}

// How often a question is asked to find out whether chance decides.
const tries = 8

func main() {
	logrus.SetOutput(io.Discard)
	metrics.InitMetrics(prometheus.NewRegistry())
	config.SSORoleMatchEnabled = os.Getenv("SSO") != "off"
	if len(os.Args) == 5 && os.Args[1] == "compare" {
		count, err := strconv.ParseUint(os.Args[3], 10, 64)
		check(err)
		seed, err := strconv.ParseUint(os.Args[4], 10, 64)
		check(err)
		compare(os.Args[2], count, seed)
		return
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			_ = encoder.Encode(answer{Error: "malformed-question"})
			continue
		}
		first := ask(&q)
		for i := 1; i < tries; i++ {
			if !reflect.DeepEqual(first, ask(&q)) {
				first.Random = true
			}
		}
		first.ID = q.ID
		_ = encoder.Encode(first)
	}
	_ = out.Flush()
}

func ask(q *question) answer {
	reserved := map[string]config.ReservedPrefixConfig{}
	for _, mode := range mapper.BackendModeChoices {
		reserved[mode] = config.ReservedPrefixConfig{
			BackendMode:               mode,
			UsernamePrefixReserveList: q.ReservedPrefixes,
		}
	}
	var mappers []mapper.Mapper
	for _, b := range q.Backends {
		m, err := build(b, reserved)
		if err != nil {
			return answer{Error: "*"}
		}
		mappers = append(mappers, m)
	}
	id, err := read(q.Identity)
	if err != nil {
		return answer{Error: "identity"}
	}
	username, groups, err := server.OracleMap(mappers, ec2(q.PrivateDNSName), id)
	if err != nil {
		if strings.HasSuffix(err.Error(), "identity is not mapped") {
			return answer{Error: "not-mapped"}
		}
		return answer{Error: "*"}
	}
	uid := fmt.Sprintf("aws-iam-authenticator:%s:%s", id.AccountID, id.UserID)
	return answer{Username: username, Groups: groups, UID: uid}
}

// As pkg/token/token.go does with what STS answers.
func read(i identity) (*token.Identity, error) {
	kind, canonical, err := arn.Canonicalize(i.ARN)
	if err != nil {
		return nil, err
	}
	id := &token.Identity{
		ARN: i.ARN, CanonicalARN: canonical, AccountID: i.Account, UserID: i.UserID, AccessKeyID: i.AccessKeyID,
	}
	if kind == arn.ASSUMED_ROLE {
		parts := strings.Split(i.UserID, ":")
		id.UserID = parts[0]
		if len(parts) > 1 {
			id.SessionName = parts[1]
		}
	}
	return id, nil
}

func build(b backend, reserved map[string]config.ReservedPrefixConfig) (mapper.Mapper, error) {
	cfg := config.Config{ReservedPrefixConfig: reserved, DynamicFileUserIDStrict: b.UserIDStrict}
	switch b.Mode {
	case mapper.ModeEKSConfigMap, mapper.ModeConfigMap:
		return configmap.NewOracle(b.Data, reserved[mapper.ModeEKSConfigMap].UsernamePrefixReserveList), nil
	case mapper.ModeMountedFile, mapper.ModeFile:
		return mounted(b.Config, cfg)
	case mapper.ModeDynamicFile:
		m, err := dynamicfile.NewDynamicFileMapper(cfg)
		if err == nil {
			// A file that is refused leaves the mapper empty.
			_ = m.CallBackForFileLoad([]byte(b.Content))
		}
		return m, err
	case mapper.ModeCRD:
		return objects(b.Objects)
	}
	return nil, fmt.Errorf("mode %q", b.Mode)
}

// As cmd/aws-iam-authenticator/root.go reads its configuration file.
func mounted(text string, cfg config.Config) (mapper.Mapper, error) {
	v := viper.New()
	v.SetConfigType("yaml")
	if err := v.ReadConfig(strings.NewReader(text)); err != nil {
		return nil, err
	}
	if err := v.UnmarshalKey("server.mapRoles", &cfg.RoleMappings); err != nil {
		return nil, err
	}
	if err := v.UnmarshalKey("server.mapUsers", &cfg.UserMappings); err != nil {
		return nil, err
	}
	if err := v.UnmarshalKey("server.mapAccounts", &cfg.AutoMappedAWSAccounts); err != nil {
		return nil, err
	}
	return file.NewFileMapper(cfg)
}

// As the controller does before an object counts.
func objects(raw []json.RawMessage) (mapper.Mapper, error) {
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{
		"canonicalARN": controller.IndexIAMIdentityMappingByCanonicalArn,
	})
	for n, text := range raw {
		var object v1alpha1.IAMIdentityMapping
		if err := json.Unmarshal(text, &object); err != nil {
			return nil, err
		}
		if object.Name == "" {
			object.Name = fmt.Sprintf("object-%d", n)
		}
		object.Status.CanonicalARN = ""
		if _, canonical, err := arn.Canonicalize(strings.ToLower(object.Spec.ARN)); err == nil {
			object.Status.CanonicalARN = canonical
		}
		if err := indexer.Add(&object); err != nil {
			return nil, err
		}
	}
	return crd.NewCRDMapperWithIndexer(indexer), nil
}
