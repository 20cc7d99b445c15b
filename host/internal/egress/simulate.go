package egress

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// placeholderPrefix begins the ids that a dry run gives to what would be made. They
// are the same in each dry run of a call, so that two plans can be compared.
const placeholderPrefix = "planned-id-"

// simulation is the tenant as a dry run would have left it: what its writes made or
// changed, by path. nil: deleted.
type simulation map[string]json.RawMessage

// simulate notes a change and answers it with what it would probably lead to.
func (c *Call) simulate(change Change) *pluginv1.RoundTripResponse {
	c.mu.Lock()
	defer c.mu.Unlock()
	status := http.StatusOK
	path := change.Path
	switch change.Method {
	case http.MethodDelete:
		status = http.StatusNoContent
	case http.MethodPost:
		status = http.StatusCreated
		change.placeholder = fmt.Sprintf("%s%03d", placeholderPrefix, len(c.changes)+1)
		change.After = made(path, change.placeholder, change.Body)
		path += "/" + change.placeholder
	case http.MethodPatch:
		change.After = merged(change.Before, change.Body)
	default:
		change.After = change.Body
	}
	c.changes = append(c.changes, change)
	if c.simulation == nil {
		c.simulation = simulation{}
	}
	c.simulation[path] = change.After
	return reply(status, change.After)
}

// simulated answers a read of what the dry run made or changed; nil: the tenant has it.
func (c *Call) simulated(path string) *pluginv1.RoundTripResponse {
	c.mu.Lock()
	defer c.mu.Unlock()
	if doc, ok := c.simulation[path]; ok {
		if doc == nil {
			return notThere()
		}
		return reply(http.StatusOK, doc)
	}
	if !c.grant.DryRun || !strings.Contains(path, placeholderPrefix) {
		return nil
	}
	// The same thing may be read elsewhere than below where it was made.
	last := path[strings.LastIndexByte(path, '/')+1:]
	for _, known := range slices.Sorted(maps.Keys(c.simulation)) {
		if strings.HasSuffix(known, "/"+last) && c.simulation[known] != nil {
			return reply(http.StatusOK, c.simulation[known])
		}
	}
	return notThere()
}

func reply(status int, body json.RawMessage) *pluginv1.RoundTripResponse {
	return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Response{Response: &pluginv1.HTTPResponse{
		Status: int32(status), Body: body, //nolint:gosec // an HTTP status fits
		Headers: []*pluginv1.Header{{Name: "Content-Type", Values: []string{"application/json; charset=utf-8"}}},
	}}}
}

func notThere() *pluginv1.RoundTripResponse {
	return reply(http.StatusNotFound, json.RawMessage(`{"statusCode":404,"error":"Not Found","message":"not there after the planned changes"}`))
}

// made is what a POST would make: what was sent, with an id. Auth0 calls the id of
// some things by their kind, such as client_id.
func made(collection, id string, body []byte) json.RawMessage {
	quoted, _ := json.Marshal(id) //nolint:errchkjson // a string always encodes
	return with(members(body), map[string]json.RawMessage{"id": quoted, kindID(collection): quoted})
}

// kindID is how Auth0 may call the ids of a collection's things.
func kindID(collection string) string {
	kind := strings.TrimSuffix(collection[strings.LastIndexByte(collection, '/')+1:], "s")
	return strings.ReplaceAll(kind, "-", "_") + "_id"
}

// merged is what a PATCH leaves: Auth0 replaces whole members.
func merged(before, body []byte) json.RawMessage {
	changed, was := members(body), members(before)
	if changed == nil || was == nil && before != nil {
		return body
	}
	return with(was, changed)
}

// members are those of an object; nil if doc is none.
func members(doc []byte) map[string]json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal(doc, &object) != nil {
		return nil
	}
	return object
}

func with(object, more map[string]json.RawMessage) json.RawMessage {
	all := map[string]json.RawMessage{}
	maps.Copy(all, object)
	maps.Copy(all, more)
	doc, err := json.Marshal(all)
	if err != nil {
		return json.RawMessage(`{}`) // members of valid documents always encode
	}
	return doc
}
