package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// placeholderPrefix begins the ids that a dry run gives to what would be made. They
// are the same in each dry run of a call, so that two plans can be compared.
const placeholderPrefix = "planned-id-"

// Simulation is the tenant as a dry run would have left it: what its writes made or
// changed. The zero value is the tenant as it is. Its methods may be called from
// several goroutines.
type Simulation struct {
	mu sync.Mutex
	// docs are by path; nil: deleted.
	docs    map[string]json.RawMessage
	changes []Change
	size    int
}

// Answer is what the Management API would probably answer: a status and JSON.
type Answer struct {
	Status int
	Body   json.RawMessage
}

// Apply notes a change and answers it with what it would probably lead to.
func (s *Simulation) Apply(change Change) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if change.Method == MethodWrite || change.Method == MethodRun { // the tenant has no files, and no part in the other
		s.changes = append(s.changes, change)
		return Answer{}
	}
	status := http.StatusOK
	path := change.Path
	switch change.Method {
	case http.MethodDelete:
		status = http.StatusNoContent
	case http.MethodPost:
		status = http.StatusCreated
		change.placeholder = fmt.Sprintf("%s%03d", placeholderPrefix, len(s.changes)+1)
		change.After = made(path, change.placeholder, change.Body)
		path += "/" + change.placeholder
	case http.MethodPatch:
		change.After = merged(change.Before, change.Body)
	default:
		change.After = change.Body
	}
	s.changes = append(s.changes, change)
	s.size += change.Size()
	if s.docs == nil {
		s.docs = map[string]json.RawMessage{}
	}
	s.docs[path] = change.After
	return Answer{status, change.After}
}

// Read answers a read of what the dry run made or changed; false: the tenant has it.
func (s *Simulation) Read(path string) (Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if doc, ok := s.docs[path]; ok {
		if doc == nil {
			return notThere, true
		}
		return Answer{http.StatusOK, doc}, true
	}
	if !strings.Contains(path, placeholderPrefix) {
		return Answer{}, false
	}
	// The same thing may be read elsewhere than below where it was made.
	last := path[strings.LastIndexByte(path, '/')+1:]
	for _, known := range slices.Sorted(maps.Keys(s.docs)) {
		if strings.HasSuffix(known, "/"+last) && s.docs[known] != nil {
			return Answer{http.StatusOK, s.docs[known]}, true
		}
	}
	return notThere, true
}

// Size is the memory that the changes' documents take, in bytes.
func (s *Simulation) Size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// Written is what the dry run would have written at the Path of a [MethodWrite]; nil:
// nothing.
func (s *Simulation) Written(path string) json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, change := range slices.Backward(s.changes) {
		if change.Method == MethodWrite && change.Path == path {
			return change.After
		}
	}
	return nil
}

// Changes are the changes so far, in order.
func (s *Simulation) Changes() []Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.changes)
}

var notThere = Answer{http.StatusNotFound,
	json.RawMessage(`{"statusCode":404,"error":"Not Found","message":"not there after the planned changes"}`)}

// made is what a POST would make: what was sent, with an id. Auth0 calls the id of
// some things by their kind, such as client_id.
func made(collection, id string, body []byte) json.RawMessage {
	quoted, _ := json.Marshal(id) //nolint:errchkjson // a string always encodes
	return with(members(body), map[string]json.RawMessage{"id": quoted, KindID(collection): quoted})
}

// KindID is how Auth0 may call the ids of a collection's things.
func KindID(collection string) string {
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
