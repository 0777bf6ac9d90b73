package main

import (
	"fmt"
	"strings"
	"testing"

	"oracle/differential"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper"
	"sigs.k8s.io/aws-iam-authenticator/pkg/server"
)

// The number of rules, as in map/resolve/10000-rules-* of benches/mapping.rs.
const rules = 10000

func roles(sso bool) source {
	s := source{}
	for n := range rules {
		e := entry{pairs: []pair{
			{"rolearn", text(fmt.Sprintf("arn:aws:iam::111122223333:role/role-%d", n))},
			{"username", text("developer")},
			{"groups", list(text("developers"), text("readers"))},
		}}
		if sso {
			e.pairs[0] = pair{"sso", mapping(
				pair{"permissionSetName", text(fmt.Sprintf("set-%d", n))},
				pair{"accountID", text("111122223333")},
			)}
		}
		s.roles = append(s.roles, e)
	}
	return s
}

func BenchmarkLookup(b *testing.B) {
	quiet()
	of := func(role string) identity {
		return generator{}.session("aws", "111122223333", role, "alice@example.com")
	}
	exact, set := of("role-7"), of("AWSReservedSSO_set-7_0123456789abcdef")
	for _, mode := range []string{"EKSConfigMap", "MountedFile", "DynamicFile"} {
		for _, which := range []struct {
			name   string
			id     identity
			sso    bool
			mapped bool
		}{
			{"exact", exact, false, true},
			{"unmatched", of("unknown"), false, false},
			{"sso", set, true, true},
			{"sso-unmatched", of("unknown"), true, false},
		} {
			if mode == "DynamicFile" && which.sso {
				continue
			}
			s := roles(which.sso)
			s.mode = mode
			mappers, err := chain(&question{Backends: []backend{s.write()}})
			differential.Check(err)
			id, err := read(which.id)
			differential.Check(err)
			b.Run(strings.ToLower(mode)+"-"+which.name, func(b *testing.B) {
				for range b.N {
					_, _, err := server.OracleMap([]mapper.Mapper(mappers), ec2(""), id)
					if (err == nil) != which.mapped {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
