package egress

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// resource is an object of the tenant as an answer shows it.
type resource struct {
	path   string // canonical, such as /api/v2/clients/abc
	schema *managementapi.Schema
	doc    json.RawMessage
}

// resourcesIn are the objects in a 2xx answer. An item of a list has the path and the schema by which it is read
// alone, so that a list and a single object yield the same markers.
func resourcesIn(method, path string, body []byte) []resource {
	o, _, known := managementapi.Lookup(method, path)
	if !known {
		return []resource{{path: path, doc: body}}
	}
	if method != http.MethodGet {
		return []resource{{madeAt(method, path, body), o.Answer, body}}
	}
	items := itemsOf(o, body)
	if items == nil {
		return []resource{{ownPath(o, path, body), o.Answer, body}}
	}
	list := make([]resource, 0, len(items))
	for _, item := range items {
		id := idOf(path, item)
		one, _, readable := managementapi.Lookup(http.MethodGet, path+"/"+url.PathEscape(id))
		if id == "" || !readable {
			// They are not read alone: the list is the resource.
			return []resource{{path, o.Answer, body}}
		}
		list = append(list, resource{path + "/" + url.PathEscape(id), one.Answer, item})
	}
	return list
}

// itemsOf are the items of a list; nil if the answer is none.
func itemsOf(o *managementapi.Operation, body []byte) (items []json.RawMessage) {
	if json.Unmarshal(body, &items) == nil {
		return items
	}
	var object map[string]json.RawMessage
	if o.Paging.Items == "" || json.Unmarshal(body, &object) != nil ||
		json.Unmarshal(object[o.Paging.Items], &items) != nil {
		return nil
	}
	return items
}

// ownPath is the path of an object that was read: some can be read by another name than their id.
func ownPath(o *managementapi.Operation, path string, body []byte) string {
	if !strings.HasSuffix(o.Path, "}") {
		return path
	}
	collection, _ := cutLast(path)
	if id := idOf(collection, body); id != "" {
		return collection + "/" + url.PathEscape(id)
	}
	return path
}

// madeAt is the path of the object that a write answers with: the one that it changed, the one that it made, or the one
// that it acted on, such as the application whose secret was rotated.
func madeAt(method, path string, body []byte) string {
	if method != http.MethodPost {
		return targetPath(path, body)
	}
	if parent, ok := parentPath(path); ok {
		collection, last := cutLast(parent)
		if id := idOf(collection, body); id != "" && url.PathEscape(id) == last {
			return parent
		}
	}
	if id := idOf(path, body); id != "" {
		return path + "/" + url.PathEscape(id)
	}
	return path
}

// targetPath is the canonical path of the object at a path, which a GET of the path shows as doc.
func targetPath(path string, doc []byte) string {
	if o, _, ok := managementapi.Lookup(http.MethodGet, path); ok {
		return ownPath(o, path, doc)
	}
	return path
}

// cutLast cuts the last element off a path.
func cutLast(path string) (before, last string) {
	at := strings.LastIndexByte(path, '/')
	return path[:max(0, at)], path[at+1:]
}

// idOf is the id of an item of a collection; "" if it has none.
func idOf(collection string, item []byte) string {
	var object map[string]json.RawMessage
	if json.Unmarshal(item, &object) != nil {
		return ""
	}
	for _, name := range []string{plan.KindID(collection), "id"} {
		var id string
		if json.Unmarshal(object[name], &id) == nil && id != "" {
			return id
		}
	}
	return ""
}
