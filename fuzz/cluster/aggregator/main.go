// The controller that fills in the rules of aggregated ClusterRoles, alone. In a cluster it is a part of
// kube-controller-manager; without it, `admin`, `edit` and `view` have no rules.
//
// Arguments: the URL of the API server, its authority, and a certificate and key of system:masters.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
)

func main() {
	config := &rest.Config{Host: os.Args[1], TLSClientConfig: rest.TLSClientConfig{
		CAFile: os.Args[2], CertFile: os.Args[3], KeyFile: os.Args[4],
	}}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	factory := informers.NewSharedInformerFactory(client, time.Minute)
	controller := clusterroleaggregation.NewClusterRoleAggregation(factory.Rbac().V1().ClusterRoles(), client.RbacV1())
	ctx := context.Background()
	factory.Start(ctx.Done())
	controller.Run(ctx, 2)
}
