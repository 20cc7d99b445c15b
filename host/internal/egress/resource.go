package egress

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// placer finds where the secrets of one 2xx answer are stored. An item of a list has the path by which it is read
// alone, so that a list and a single object yield the same markers.
type placer struct {
	path   string // of the request
	own    string // of the object that the answer is; empty: it is a list
	items  []json.RawMessage
	prefix int // how many steps lead to an item of the list
	found  map[int]string
}

func newPlacer(method, path string, o *managementapi.Operation, answer []byte) *placer {
	switch {
	case o == nil:
		return &placer{path: path, own: path}
	case method != http.MethodGet:
		return &placer{path: path, own: madeAt(method, path, answer)}
	}
	items, ok := itemsOf(o, answer)
	if !ok {
		return &placer{path: path, own: ownPath(o, path, answer)}
	}
	p := &placer{path: path, items: items, prefix: 1, found: map[int]string{}}
	if len(answer) > 0 && bytes.TrimLeft(answer, " \t\r\n")[0] == '{' {
		p.prefix = 2
	}
	return p
}

// place is the resource and the member where a secret of the answer is stored.
func (p *placer) place(secret redact.Secret) (resource, member string) {
	if p.own != "" {
		return p.own, secret.Member
	}
	if len(secret.At) < p.prefix {
		return p.path, secret.Member
	}
	index, isItem := secret.At[p.prefix-1].Index()
	if !isItem || index >= len(p.items) {
		return p.path, secret.Member // beside the items
	}
	own, known := p.found[index]
	if !known {
		own = p.item(p.items[index])
		p.found[index] = own
	}
	if own == "" {
		return p.path, secret.Member // items that are not read alone: the list is the resource
	}
	return own, pointer(secret.At[p.prefix:])
}

// item is the path by which an item of the list is read alone; empty: by none.
func (p *placer) item(item []byte) string {
	id := idOf(p.path, item)
	path := p.path + "/" + url.PathEscape(id)
	if _, _, readable := managementapi.Lookup(http.MethodGet, path); id == "" || !readable {
		return ""
	}
	return path
}

// itemsOf are the items of a list; false if the answer is none.
func itemsOf(o *managementapi.Operation, body []byte) (items []json.RawMessage, ok bool) {
	if items, ok = jsondoc.ValuesOf(body); !ok && o.Paging.Items != "" {
		return jsondoc.ValuesOf(jsondoc.ValueOf(body, o.Paging.Items))
	}
	return items, ok
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
	for _, name := range []string{plan.KindID(collection), "id"} {
		var id string
		if value := jsondoc.ValueOf(item, name); value != nil && json.Unmarshal(value, &id) == nil && id != "" {
			return id
		}
	}
	return ""
}
