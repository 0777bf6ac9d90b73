// Package peers times aws-iam-authenticator, unmodified and through its exported API only, on the inputs of our
// benches.
package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"sigs.k8s.io/aws-iam-authenticator/pkg/config"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/configmap"
	"sigs.k8s.io/aws-iam-authenticator/pkg/metrics"
	"sigs.k8s.io/aws-iam-authenticator/pkg/token"

	"github.com/prometheus/client_golang/prometheus"
)

func TestMain(m *testing.M) {
	logrus.SetOutput(io.Discard)
	metrics.InitMetrics(prometheus.NewRegistry())
	os.Exit(m.Run())
}

func signer() (token.Generator, *sts.Client) {
	generator, err := token.NewGenerator(false, false)
	if err != nil {
		panic(err)
	}
	return generator, sts.NewFromConfig(aws.Config{
		Region:      "us-west-2",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""),
	})
}

// BenchmarkMint signs and encodes a token.
func BenchmarkMint(b *testing.B) {
	generator, client := signer()
	for b.Loop() {
		if _, err := generator.GetWithSTS("demo", client); err != nil {
			b.Fatal(err)
		}
	}
}

// answering takes the place of STS without a network.
type answering struct{}

const answer = `{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"111122223333",` +
	`"Arn":"arn:aws:iam::111122223333:user/developer","UserId":"AIDAEXAMPLE"}}}`

func (answering) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer))}, nil
}

// BenchmarkJudge checks a token and reads the answer of STS.
func BenchmarkJudge(b *testing.B) {
	http.DefaultTransport = answering{}
	generator, client := signer()
	minted, err := generator.GetWithSTS("demo", client)
	if err != nil {
		b.Fatal(err)
	}
	verifier := token.NewVerifier("demo", "aws", "us-west-2")
	for b.Loop() {
		if _, err := verifier.Verify(minted.Token); err != nil {
			b.Fatal(err)
		}
	}
}

// serving answers the watch of the aws-auth ConfigMap with one event.
func serving(b *testing.B, rules int) string {
	var roles strings.Builder
	for n := range rules {
		fmt.Fprintf(&roles, "- rolearn: arn:aws:iam::111122223333:role/role-%d\n  username: developer\n"+
			"  groups: [developers, readers]\n", n)
	}
	object := corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: "aws-auth", Namespace: "kube-system"},
		Data:       map[string]string{"mapRoles": roles.String()},
	}
	event, err := json.Marshal(map[string]any{"type": "ADDED", "object": object})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(event)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	b.Cleanup(server.CloseClientConnections)
	return server.URL
}

// BenchmarkMap maps an identity by the ConfigMap backend.
func BenchmarkMap(b *testing.B) {
	plain := &http.Transport{}
	for _, rules := range []int{10, 10000, 100000} {
		http.DefaultTransport = plain
		kubeconfig := filepath.Join(b.TempDir(), "kubeconfig")
		text := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: %q}}]\n"+
			"contexts: [{name: c, context: {cluster: c, user: c}}]\nusers: [{name: c, user: {}}]\n", serving(b, rules))
		if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
		mapper, err := configmap.NewConfigMapMapper(config.Config{Kubeconfig: kubeconfig})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		if err := mapper.Start(ctx.Done()); err != nil {
			b.Fatal(err)
		}
		of := func(role string) *token.Identity {
			return &token.Identity{CanonicalARN: "arn:aws:iam::111122223333:role/" + role, AccountID: "111122223333"}
		}
		for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			if _, err := mapper.Map(of("role-7")); err == nil {
				break
			}
			if time.Since(begin) > time.Minute {
				b.Fatal("the ConfigMap was not read")
			}
		}
		for _, which := range []struct {
			name, role string
			mapped     bool
		}{{"hit", "role-7", true}, {"miss", "unmapped", false}} {
			identity := of(which.role)
			b.Run(fmt.Sprintf("%d-rules-%s", rules, which.name), func(b *testing.B) {
				for b.Loop() {
					if _, err := mapper.Map(identity); (err == nil) != which.mapped {
						b.Fatal(err)
					}
				}
			})
		}
		cancel()
	}
}
