package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/viper"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/tools/cache"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/arn"
	"sigs.k8s.io/aws-iam-authenticator/pkg/config"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/configmap"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/crd"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/crd/apis/iamauthenticator/v1alpha1"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/crd/controller"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/dynamicfile"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/file"
	"sigs.k8s.io/aws-iam-authenticator/pkg/server"
	"sigs.k8s.io/aws-iam-authenticator/pkg/token"
)

type question struct {
	Op               string    `json:"op,omitempty"`
	Backends         []backend `json:"backends,omitempty"`
	Identity         *identity `json:"identity,omitempty"`
	PrivateDNSName   string    `json:"private_dns_name,omitempty"`
	ReservedPrefixes []string  `json:"reserved_prefixes,omitempty"`
	ScrubbedAccounts []string  `json:"scrubbed_accounts,omitempty"`
	// Closes upstream's feature gate SSORoleMatch. The driver's protocol does not have it.
	SSOGateOff bool `json:"sso_gate_off,omitempty"`
	// Makes the driver refuse callers because of a section that cannot be read. Its default, for the
	// recorded answers, is to skip the section as upstream does.
	RefuseUnreadableSections bool `json:"refuse_unreadable_sections,omitempty"`
	// For principal.arn_like and principal.parse.
	ARN     string `json:"arn,omitempty"`
	Pattern string `json:"pattern,omitempty"`
}

type backend struct {
	Mode         string            `json:"mode"`
	Data         map[string]string `json:"data,omitempty"`
	Config       string            `json:"config,omitempty"`
	Content      string            `json:"content,omitempty"`
	UserIDStrict bool              `json:"user_id_strict,omitempty"`
	Objects      []json.RawMessage `json:"objects,omitempty"`
}

type identity struct {
	ARN         string `json:"arn"`
	Account     string `json:"account"`
	UserID      string `json:"user_id"`
	AccessKeyID string `json:"access_key_id"`
}

// answer is an answer of upstream. The code of upstream's refusals is `not-mapped`; `stops` if the process does
// not start; `identity` if the answer of STS is refused; `*` for any other.
type answer struct {
	Username     string              `json:"username,omitempty"`
	Groups       []string            `json:"groups,omitempty"`
	UID          string              `json:"uid,omitempty"`
	Extra        map[string][]string `json:"extra,omitempty"`
	CanonicalARN string              `json:"canonical_arn,omitempty"`
	Kind         string              `json:"kind,omitempty"`
	Match        bool                `json:"match,omitempty"`
	Error        *refusal            `json:"error,omitempty"`
	Random       bool                `json:"random,omitempty"`
}

type refusal struct {
	Code string `json:"code"`
}

func refused(code string) answer { return answer{Error: &refusal{code}} }

// ec2 is the private DNS name that EC2 answers.
type ec2 string

func (e ec2) GetPrivateDNSName(context.Context, string) (string, error) { return string(e), nil }
func (e ec2) StartEc2DescribeBatchProcessing(context.Context)           {}

// tries is the number of repetitions that detect a random answer. Go starts the iteration over a small map
// at a random one of eight slots, so the second of two keys may come first in one of eight only.
const tries = 64

func askOften(q *question, tries int) answer {
	switch q.Op {
	case "principal.parse":
		kind, canonical, err := arn.Canonicalize(q.ARN)
		if err != nil {
			return refused("*")
		}
		return answer{Kind: kinds[kind], CanonicalARN: canonical}
	case "principal.arn_like":
		match, err := arn.ArnLike(q.ARN, q.Pattern)
		if err != nil {
			return refused("*")
		}
		return answer{Match: match}
	}
	config.SSORoleMatchEnabled = !q.SSOGateOff
	mappers, err := chain(q)
	if err != nil {
		return refused("stops")
	}
	if q.Identity == nil {
		return refused("identity")
	}
	id, err := read(*q.Identity)
	if err != nil {
		return refused("identity")
	}
	provider := ec2(q.PrivateDNSName)
	got := review(mappers, provider, q.ScrubbedAccounts, id)
	username, groups, err := server.OracleMap(mappers, provider, id)
	first := fmt.Sprintf("%q %q %v", username, groups, err)
	for range tries {
		// Read again: of two keys that fold alike, a reading takes either.
		mappers, err := chain(q)
		if err != nil {
			got.Random = true
			break
		}
		username, groups, err := server.OracleMap(mappers, provider, id)
		if fmt.Sprintf("%q %q %v", username, groups, err) != first {
			got.Random = true
			break
		}
	}
	return got
}

func review(mappers []mapper.Mapper, provider ec2, scrubbed []string, id *token.Identity) answer {
	user, err := server.OracleReview(mappers, provider, scrubbed, id)
	if err != nil {
		if server.OracleIsNotMapped(err) {
			return refused("not-mapped")
		}
		return refused("*")
	}
	extra := map[string][]string{}
	for key, values := range user.Extra {
		extra[key] = values
	}
	return answer{Username: user.Username, Groups: user.Groups, UID: user.UID, Extra: extra}
}

var kinds = map[arn.PrincipalType]string{
	arn.ROLE: "role", arn.USER: "user", arn.ROOT: "root",
	arn.FEDERATED_USER: "federated-user", arn.ASSUMED_ROLE: "assumed-role",
}

// read converts the answer of STS as getIdentityFromSTSResponse in pkg/token/token.go does.
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
		if len(parts) != 2 {
			return nil, fmt.Errorf("malformed UserID %q", i.UserID)
		}
		id.UserID, id.SessionName = parts[0], parts[1]
	}
	return id, nil
}

// chain builds the mappers of a question as BuildMapperChain in pkg/server/server.go does.
func chain(q *question) ([]mapper.Mapper, error) {
	reserved := map[string]config.ReservedPrefixConfig{}
	for _, mode := range mapper.BackendModeChoices {
		reserved[mode] = config.ReservedPrefixConfig{
			BackendMode:               mode,
			UsernamePrefixReserveList: q.ReservedPrefixes,
		}
	}
	// The reserved prefixes of a configuration file apply to every backend that it names.
	for _, b := range q.Backends {
		if b.Config == "" {
			continue
		}
		own, err := reservedBy(b.Config)
		if err != nil {
			return nil, err
		}
		for mode, list := range own {
			all := append(list.UsernamePrefixReserveList, q.ReservedPrefixes...)
			reserved[mode] = config.ReservedPrefixConfig{BackendMode: mode, UsernamePrefixReserveList: all}
		}
	}
	var mappers []mapper.Mapper
	for _, b := range q.Backends {
		m, err := build(b, reserved)
		if err != nil {
			return nil, err
		}
		mappers = append(mappers, m)
	}
	return mappers, nil
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
			// A refused file leaves the mapper empty.
			_ = m.CallBackForFileLoad([]byte(b.Content))
		}
		return m, err
	case mapper.ModeCRD:
		return objects(b.Objects, reserved[mapper.ModeCRD].UsernamePrefixReserveList)
	}
	return nil, fmt.Errorf("mode %q", b.Mode)
}

// isRefused returns whether upstream refuses a dynamic file.
func isRefused(b backend) bool {
	m, err := dynamicfile.NewDynamicFileMapper(config.Config{DynamicFileUserIDStrict: b.UserIDStrict})
	differential.Check(err)
	return m.CallBackForFileLoad([]byte(b.Content)) != nil
}

// isUnreadable returns whether ParseMap of pkg/mapper/configmap reads no entry of a section because it is not
// YAML or not a list.
func isUnreadable(section string) bool {
	switch strings.TrimSpace(section) {
	case "", "''", `""`, "``":
		return false
	}
	var list []json.RawMessage
	converted, err := utilyaml.ToJSON([]byte(section))
	return err != nil || json.Unmarshal(converted, &list) != nil
}

func load(text string) (*viper.Viper, error) {
	v := viper.New()
	v.SetConfigType("yaml")
	return v, v.ReadConfig(strings.NewReader(text))
}

// mounted reads a configuration file as getConfig in cmd/aws-iam-authenticator/root.go does.
func mounted(text string, cfg config.Config) (mapper.Mapper, error) {
	v, err := load(text)
	if err != nil {
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

func reservedBy(text string) (map[string]config.ReservedPrefixConfig, error) {
	v, err := load(text)
	if err != nil {
		return nil, err
	}
	var list []config.ReservedPrefixConfig
	if err := v.UnmarshalKey("server.reservedPrefixConfig", &list); err != nil {
		return nil, err
	}
	reserved := map[string]config.ReservedPrefixConfig{}
	for _, c := range list {
		reserved[c.BackendMode] = c
	}
	return reserved, nil
}

// objects indexes objects as syncHandler in pkg/mapper/crd/controller does.
func objects(raw []json.RawMessage, reserved []string) (mapper.Mapper, error) {
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
	return crd.NewOracle(indexer, reserved), nil
}
