package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/kubectl/pkg/cmd/auth"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
)

// resourcesFile has the API resources, below the root of the repository.
const resourcesFile = "crates/k8s-rbac/testdata/api_resources.jsonl"

// cluster is the discovery of a cluster with the resources of the file that are served by default.
type cluster struct {
	discovery.DiscoveryInterface
	groups []*metav1.APIGroup
	lists  []*metav1.APIResourceList
	mapper meta.RESTMapper
	client *kubernetes.Clientset
}

var theCluster = sync.OnceValue(func() *cluster {
	file, err := os.ReadFile(resourcesFile)
	check(err)
	c := &cluster{}
	var all []*restmapper.APIGroupResources
	for line := range strings.Lines(string(file)) {
		if !strings.HasPrefix(line, "{") {
			continue
		}
		var r tabled
		check(json.Unmarshal([]byte(line), &r))
		if r.Since == 0 {
			continue
		}
		at := slices.IndexFunc(all, func(g *restmapper.APIGroupResources) bool { return g.Group.Name == r.Group })
		if at < 0 {
			at = len(all)
			group := metav1.APIGroup{Name: r.Group}
			all = append(all, &restmapper.APIGroupResources{Group: group, VersionedResources: map[string][]metav1.APIResource{}})
			c.groups = append(c.groups, &all[at].Group)
		}
		for _, version := range r.Versions {
			c.add(all[at], r, version)
		}
	}
	c.mapper = restmapper.NewShortcutExpander(restmapper.NewDiscoveryRESTMapper(all), c, nil)
	c.client, err = kubernetes.NewForConfig(&rest.Config{Host: "http://not.asked"})
	check(err)
	return c
})

// tabled is a resource of the file. Without Since it is not served by default.
type tabled struct {
	Group, Name, Kind    string
	ShortNames, Versions []string
	Namespaced           bool
	Since                int
}

// add adds a version of a resource to its group and to the lists. The first version of a group is preferred.
func (c *cluster) add(to *restmapper.APIGroupResources, r tabled, version string) {
	resource := metav1.APIResource{
		Name: r.Name, SingularName: strings.ToLower(r.Kind), Kind: r.Kind, Namespaced: r.Namespaced, ShortNames: r.ShortNames,
		Group: r.Group, Version: version, Verbs: metav1.Verbs{"get", "list"},
	}
	groupVersion := strings.TrimPrefix(r.Group+"/"+version, "/")
	if _, is := to.VersionedResources[version]; !is {
		served := metav1.GroupVersionForDiscovery{GroupVersion: groupVersion, Version: version}
		to.Group.Versions = append(to.Group.Versions, served)
		to.Group.PreferredVersion = to.Group.Versions[0]
		c.lists = append(c.lists, &metav1.APIResourceList{GroupVersion: groupVersion})
	}
	to.VersionedResources[version] = append(to.VersionedResources[version], resource)
	at := slices.IndexFunc(c.lists, func(list *metav1.APIResourceList) bool { return list.GroupVersion == groupVersion })
	c.lists[at].APIResources = append(c.lists[at].APIResources, resource)
}

func (c *cluster) ServerGroupsAndResources() ([]*metav1.APIGroup, []*metav1.APIResourceList, error) {
	return c.groups, c.lists, nil
}

func (c *cluster) ServerResourcesForGroupVersion(version string) (*metav1.APIResourceList, error) {
	for _, list := range c.lists {
		if list.GroupVersion == version {
			return list, nil
		}
	}
	return nil, os.ErrNotExist
}

// kubectlFactory is what the command gets from kubectl: the cluster, the namespace of the context and that of the flag.
type kubectlFactory struct {
	cmdutil.Factory
	*cluster
	ofContext, ofFlag string
}

func (f kubectlFactory) ToRESTMapper() (meta.RESTMapper, error) { return f.mapper, nil }

func (f kubectlFactory) KubernetesClientSet() (*kubernetes.Clientset, error) { return f.client, nil }

func (f kubectlFactory) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: "http://not.asked"}
	config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c", Namespace: f.ofContext}
	config.CurrentContext = "c"
	overrides := &clientcmd.ConfigOverrides{Context: clientcmdapi.Context{Namespace: f.ofFlag}}
	return clientcmd.NewDefaultClientConfig(*config, overrides)
}

// asked is a client that keeps the review that is sent.
type asked struct {
	authorizationclient.AuthorizationV1Interface
	authorizationclient.SelfSubjectAccessReviewInterface
	review *authorizationv1.SelfSubjectAccessReview
}

func (a *asked) SelfSubjectAccessReviews() authorizationclient.SelfSubjectAccessReviewInterface {
	return a
}

func (a *asked) Create(_ context.Context, review *authorizationv1.SelfSubjectAccessReview, _ metav1.CreateOptions) (*authorizationv1.SelfSubjectAccessReview, error) {
	a.review = review
	return review, nil
}

// canIWords are the arguments and flags of a question, as the command reads them.
type canIWords struct {
	streams   genericiooptions.IOStreams
	global    *genericclioptions.ConfigFlags
	options   *auth.CanIOptions
	arguments []string
	ofContext string
	// namesNamespace is whether a flag names a namespace, even an empty one.
	namesNamespace bool
	warnings       bytes.Buffer
}

// readWords reads the flags of a question.
func readWords(q *question) (*canIWords, error) {
	w := &canIWords{global: genericclioptions.NewConfigFlags(false), ofContext: q.Namespace}
	w.streams = genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: io.Discard, ErrOut: &w.warnings}
	cmd := auth.NewCmdCanI(w.factory(), w.streams)
	w.global.AddFlags(cmd.Flags())
	if err := cmd.ParseFlags(q.Words); err != nil {
		return nil, err
	}
	w.options, w.arguments = canIOptions(cmd, w.streams), cmd.Flags().Args()
	w.namesNamespace = cmd.Flags().Changed("namespace")
	return w, nil
}

func (w *canIWords) factory() kubectlFactory {
	return kubectlFactory{cluster: theCluster(), ofContext: w.ofContext, ofFlag: *w.global.Namespace}
}

// canI runs the command with arguments, and returns the request that it asks about and its warnings.
func canI(q *question) answer {
	words, err := readWords(q)
	if err != nil {
		return refusal("flags", err.Error())
	}
	options := words.options
	if options.List || options.Quiet || words.global.Impersonate != nil && *words.global.Impersonate != "" {
		return refusal("another-question", "")
	}
	if err := options.Complete(words.factory(), words.arguments); err != nil {
		return refusal("arguments", err.Error())
	}
	options.DiscoveryClient = theCluster()
	client := &asked{}
	options.AuthClient = client
	if err := options.Validate(); err != nil {
		return refusal("options", err.Error())
	}
	_, err = options.RunAccessCheck()
	check(err)
	return answer{"request": described(client.review.Spec), "warnings": warningsOf(words.warnings.String())}
}

// canIOptions reads the flags of the command, which keeps its own options to itself.
func canIOptions(cmd *cobra.Command, streams genericiooptions.IOStreams) *auth.CanIOptions {
	is := func(name string) bool {
		value, err := cmd.Flags().GetBool(name)
		check(err)
		return value
	}
	subresource, err := cmd.Flags().GetString("subresource")
	check(err)
	return &auth.CanIOptions{
		IOStreams: streams, AllNamespaces: is("all-namespaces"), Quiet: is("quiet"), List: is("list"), NoHeaders: is("no-headers"),
		Subresource: subresource,
	}
}

func described(spec authorizationv1.SelfSubjectAccessReviewSpec) answer {
	if path := spec.NonResourceAttributes; path != nil {
		return answer{"verb": path.Verb, "path": path.Path}
	}
	r := spec.ResourceAttributes
	return answer{
		"verb": r.Verb, "group": r.Group, "resource": r.Resource, "subresource": r.Subresource, "namespace": r.Namespace, "name": r.Name,
	}
}

// warningsOf returns the warnings without their prefix.
func warningsOf(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if warning, is := strings.CutPrefix(strings.TrimSpace(line), "Warning: "); is {
			list = append(list, warning)
		}
	}
	return list
}

// canI generates the arguments of the command.
func (g generator) canI() *question {
	verb := g.Pick("get", "list", "watch", "create", "update", "delete", "impersonate", "*", "GET", "put", "post", "frobnicate", "bind")
	about := g.resourceArgument()
	if g.One(3) {
		about += "/" + g.Pick("web-1", "log", "exec", "status", "scale", "", "a/b", "team", "A b")
	}
	if g.One(8) {
		about = g.Pick("/healthz", "/", "/a/*", "/metrics?x", "//", "/API")
	}
	words := []string{verb, about}
	if g.One(12) {
		words = [][]string{{verb}, {}, {verb, about, "x"}, {"", about}, {verb, ""}, {"--", verb, about}}[g.IntN(6)]
	}
	for range g.IntN(3) {
		flags := [][]string{
			{"-n", "dev"}, {"-n=dev"}, {"-ndev"}, {"--namespace", "dev"}, {"--namespace=dev"}, {"-A"}, {"--all-namespaces"}, {"--all-namespaces=false"},
			{"--subresource", "log"}, {"--subresource=exec"}, {"--subresource="}, {"-n", ""}, {"-n"}, {"-n", "-A"}, {"--all-namespaces=x"}, {"-A=1"}, {"-A=t"}, {"--"},
			{"--as", "bob"}, {"--list"}, {"-q"}, {"--no-headers"}, {"--nope"}, {"-x"}, {"--all-namespaces", "true"}, {"-An", "dev"}, {"-nA"}, {"--namespac", "x"}, {"-qA"},
		}
		at := g.IntN(len(words) + 1)
		words = slices.Insert(words, at, flags[g.IntN(len(flags))]...)
	}
	return &question{Op: "rbac.can_i", Words: words, Namespace: g.Pick("here", "here", "here", "")}
}

// resourceArgument generates the type of a question.
func (g generator) resourceArgument() string {
	list := theCluster().lists[g.IntN(len(theCluster().lists))]
	r := list.APIResources[g.IntN(len(list.APIResources))]
	name := r.Name
	switch g.IntN(6) {
	case 0:
		name = r.SingularName
	case 1:
		if len(r.ShortNames) > 0 {
			name = g.Pick(r.ShortNames...)
		}
	case 2:
		name = g.Pick("pods", "po", "deployments", "deploy", "secrets", "nodes", "namespaces", "ns", "users", "groups", "*", "widgets", "Widgets", "all", "events", "cs", "", "podlist",
			"deploymentlists", "list", "lists", "hpa", "ev")
	}
	switch g.IntN(8) {
	case 0, 1:
		name += "." + r.Group[:g.IntN(len(r.Group)+1)]
	case 2:
		name += g.Pick(".v1.", ".v2.", ".v9.", "..") + r.Group[:g.IntN(len(r.Group)+1)]
	case 3:
		name += "." + g.Pick("apps", "example.com", "Example.com", "v1", "v1beta1", "v9.apps", "", ".", "v1.", "v1beta1.apps", "batch",
			"v1.example.com", "app", "e", "autoscaling")
	}
	if g.One(8) {
		name = strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):]
	}
	return name
}

func classesOfCanI(_ *question, a answer) []string {
	if code, is := a["error"].(answer); is {
		return []string{"refused: " + code["code"].(string)}
	}
	return []string{choose(len(items(a["warnings"])) > 0, "with warnings", "plain")}
}
