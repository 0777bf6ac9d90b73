package main

import (
	"context"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/storage/storagebackend/factory"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/rbac"
)

// memory replaces etcd. It has the objects of the current question, in order. A write is answered but not
// kept.
type memory struct {
	storage.Interface
	stored *stored
}

type stored struct {
	keys    []string
	objects map[string]runtime.Object
}

func (s *stored) put(key string, object runtime.Object) {
	converted, err := legacyscheme.Scheme.ConvertToVersion(object, rbac.SchemeGroupVersion)
	check(err)
	metadata, err := meta.Accessor(converted)
	check(err)
	metadata.SetResourceVersion("1")
	if _, is := s.objects[key]; !is {
		s.keys = append(s.keys, key)
	}
	s.objects[key] = converted
}

func (w *world) stored() *stored {
	s := &stored{objects: map[string]runtime.Object{}}
	for n := range w.Roles {
		s.put("/roles/"+w.Roles[n].Namespace+"/"+w.Roles[n].Name, &w.Roles[n])
	}
	for n := range w.ClusterRoles {
		s.put("/clusterroles/"+w.ClusterRoles[n].Name, &w.ClusterRoles[n])
	}
	for n := range w.RoleBindings {
		s.put("/rolebindings/"+w.RoleBindings[n].Namespace+"/"+w.RoleBindings[n].Name, &w.RoleBindings[n])
	}
	for n := range w.ClusterRoleBindings {
		s.put("/clusterrolebindings/"+w.ClusterRoleBindings[n].Name, &w.ClusterRoleBindings[n])
	}
	return s
}

// GetRESTOptions selects this storage for every kind.
func (m *memory) GetRESTOptions(resource schema.GroupResource, _ runtime.Object) (generic.RESTOptions, error) {
	return generic.RESTOptions{
		ResourcePrefix: "/" + resource.Resource,
		StorageConfig:  &storagebackend.ConfigForResource{GroupResource: resource},
		Decorator: func(*storagebackend.ConfigForResource, string, func(runtime.Object) (string, error), func() runtime.Object,
			func() runtime.Object, storage.AttrFunc, storage.IndexerFuncs, *cache.Indexers) (storage.Interface, factory.DestroyFunc, error) {
			return m, func() {}, nil
		},
	}, nil
}

func (m *memory) Versioner() storage.Versioner { return storage.APIObjectVersioner{} }

func (m *memory) SetKeysFunc(storage.KeysFunc) {}

func fill(out, from runtime.Object) {
	reflect.ValueOf(out).Elem().Set(reflect.ValueOf(from.DeepCopyObject()).Elem())
}

func (m *memory) Get(_ context.Context, key string, options storage.GetOptions, out runtime.Object) error {
	object, is := m.stored.objects[key]
	switch {
	case is:
		fill(out, object)
	case !options.IgnoreNotFound:
		return storage.NewKeyNotFoundError(key, 0)
	}
	return nil
}

func (m *memory) GetList(_ context.Context, key string, _ storage.ListOptions, out runtime.Object) error {
	var items []runtime.Object
	for _, k := range m.stored.keys {
		if strings.HasPrefix(k, strings.TrimSuffix(key, "/")+"/") {
			items = append(items, m.stored.objects[k].DeepCopyObject())
		}
	}
	if err := meta.SetList(out, items); err != nil {
		return err
	}
	return m.Versioner().UpdateList(out, 1, "", nil)
}

func (m *memory) Create(_ context.Context, key string, object, out runtime.Object, _ uint64) error {
	if _, is := m.stored.objects[key]; is {
		return storage.NewKeyExistsError(key, 0)
	}
	fill(out, object)
	return m.Versioner().UpdateObject(out, 1)
}

func (m *memory) GuaranteedUpdate(_ context.Context, key string, out runtime.Object, ignoreNotFound bool,
	_ *storage.Preconditions, update storage.UpdateFunc, _ runtime.Object) error {
	existing := reflect.New(reflect.TypeOf(out).Elem()).Interface().(runtime.Object)
	version := uint64(0)
	if object, is := m.stored.objects[key]; is {
		fill(existing, object)
		version = 1
	} else if !ignoreNotFound {
		return storage.NewKeyNotFoundError(key, 0)
	}
	updated, _, err := update(existing, storage.ResponseMeta{ResourceVersion: version})
	if err != nil {
		return err
	}
	fill(out, updated)
	return m.Versioner().UpdateObject(out, 2)
}
