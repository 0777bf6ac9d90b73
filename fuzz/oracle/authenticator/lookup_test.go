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

// roles returns rules with these principals.
func roles(principal func(number int) pair) source {
	s := source{}
	for n := range rules {
		s.roles = append(s.roles, entry{pairs: []pair{
			principal(n), {"username", text("developer")}, {"groups", list(text("developers"), text("readers"))},
		}})
	}
	return s
}

func exactRole(number int) pair {
	return pair{"rolearn", text(fmt.Sprintf("arn:aws:iam::111122223333:role/role-%d", number))}
}

func permissionSet(number int) pair {
	set := text(fmt.Sprintf("set-%d", number))
	return pair{"sso", mapping(pair{"permissionSetName", set}, pair{"accountID", text("111122223333")})}
}

func BenchmarkLookup(b *testing.B) {
	quiet()
	of := func(role string) identity {
		return generator{}.session("aws", "111122223333", role, "alice@example.com")
	}
	exact, set := of("role-7"), of("AWSReservedSSO_set-7_0123456789abcdef")
	for _, mode := range []string{"EKSConfigMap", "MountedFile", "DynamicFile"} {
		for _, which := range []struct {
			name      string
			id        identity
			principal func(int) pair
			mapped    bool
		}{
			{"exact", exact, exactRole, true},
			{"unmatched", of("unknown"), exactRole, false},
			{"sso", set, permissionSet, true},
			{"sso-unmatched", of("unknown"), permissionSet, false},
		} {
			if mode == "DynamicFile" && strings.HasPrefix(which.name, "sso") {
				continue
			}
			s := roles(which.principal)
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
