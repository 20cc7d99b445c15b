package plan

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Execution is how far a call has come with an approved plan: which steps are left,
// which ids Auth0 gave to what the plan has placeholders for, and in which state each
// step left its target. Its methods may be called from several goroutines.
type Execution struct {
	mu   sync.Mutex
	left []Change
	// undone are the steps that were taken and are not known to have been carried out.
	undone []*Change
	// inPath and inBody put the ids that Auth0 gave in the place of placeholders.
	inPath, inBody   *strings.Replacer
	pathIDs, bodyIDs []string
	// state is what the steps so far left, by path. A nil document: it is not known.
	state map[string]json.RawMessage
	// broken says why nothing more is sent; empty if something may be.
	broken string
}

// Execute begins with a plan.
func (p Plan) Execute() *Execution {
	return &Execution{left: slices.Clone(p.Changes), inPath: strings.NewReplacer(), inBody: strings.NewReplacer(),
		state: map[string]json.RawMessage{}}
}

// Step is a change of the plan that a call is carrying out.
type Step struct {
	planned *Change
}

// Take finds a change in the plan and uses it up. reason says why there is no such
// step, or why it is not its turn; then nothing more of the plan is given out. What is
// done to one resource and below it is done in the plan's order, and nothing more after
// a step that failed.
func (e *Execution) Take(change Change) (step Step, reason string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken != "" {
		return Step{}, leftBefore
	}
	at := slices.IndexFunc(e.left, func(planned Change) bool { return e.is(planned, change) })
	if at < 0 {
		return Step{}, e.breakOff(notApproved)
	}
	for _, earlier := range e.left[:at] {
		if ordered(earlier.Method, e.inPath.Replace(earlier.Path), change) {
			return Step{}, e.breakOff(fmt.Sprintf("by the approved plan, %s %s comes before it", earlier.Method,
				e.inPath.Replace(earlier.Path)))
		}
	}
	for _, earlier := range e.undone {
		if ordered(earlier.Method, e.inPath.Replace(earlier.Path), change) {
			return Step{}, e.breakOff(fmt.Sprintf("%s %s, which comes before it in the approved plan, failed", earlier.Method,
				e.inPath.Replace(earlier.Path)))
		}
	}
	planned := e.left[at]
	step = Step{&planned}
	e.left = slices.Delete(e.left, at, at+1)
	e.undone = append(e.undone, step.planned)
	return step, ""
}

func (e *Execution) is(planned, change Change) bool {
	return e.isRequest(planned, change) && e.inBody.Replace(canonical(planned.Body)) == canonical(change.Body)
}

// isRequest does what is does, for a change whose body is not known yet.
func (e *Execution) isRequest(planned, change Change) bool {
	return planned.Method == change.Method && e.inPath.Replace(planned.Path) == change.Path &&
		e.inPath.Replace(planned.Query) == change.Query
}

// Expects says why a request is not to be prepared: nothing that is left of the plan has its method, path and query;
// empty if something has. Its body need not be known yet.
func (e *Execution) Expects(change Change) (reason string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken != "" {
		return leftBefore
	}
	if !slices.ContainsFunc(e.left, func(planned Change) bool { return e.isRequest(planned, change) }) {
		return e.breakOff(notApproved)
	}
	return ""
}

const (
	leftBefore  = "the call has left the approved plan before"
	notApproved = "it is not part of what was approved"
)

// breakOff ends the execution; mu is held.
func (e *Execution) breakOff(reason string) string {
	e.broken = reason
	return reason
}

// ordered reports whether a change must not come before an earlier step of its plan:
// they act on one resource, or on what is below it. Things that are made in one
// collection do not depend on each other. A file keeps its place among all steps.
func ordered(method, path string, change Change) bool {
	if method == MethodWrite || change.Method == MethodWrite || change.Method == MethodRun {
		return true
	}
	if path == change.Path && method == http.MethodPost && change.Method == http.MethodPost {
		return false
	}
	a, b := segments(path), segments(change.Path)
	shared := 0
	for shared < min(len(a), len(b)) && a[shared] == b[shared] {
		shared++
	}
	// Where ids stand differs: /clients/ID, /actions/actions/ID. Two names in common
	// can be one resource, and a plan that is kept too strictly harms no one.
	return shared >= 2 || shared == len(a) || shared == len(b)
}

// segments are a path's elements behind /api/v2.
func segments(path string) []string {
	all := strings.Split(strings.Trim(path, "/"), "/")
	return all[min(2, len(all)):]
}

// Check says why a step must not be sent, now that its target has been read; empty if it
// may. The target must be as an earlier step left it, or else as it was when the plan
// was made.
func (e *Execution) Check(step Step, change Change) (reason string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	left, touched := e.state[targetOf(change.Method, change.Path)]
	switch {
	case touched && change.Method == MethodWrite && canonical(left) != canonical(change.Before),
		touched && change.Method != MethodWrite && left != nil &&
			(!sameWhereBoth(left, change.existing()) || appeared(left, change)):
		return e.breakOff("its target is not as the step before left it")
	case touched:
		return ""
	case step.planned.state() != change.state():
		return e.breakOff("its target is not as it was when the plan was made")
	}
	return ""
}

// Done notes that a step was carried out: the ids that Auth0 gave, and what it left. What
// the answer does not show and a later step depends on is unread: the paths to read, for
// Left.
func (e *Execution) Done(step Step, done Change) (unread []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if at := slices.Index(e.undone, step.planned); at >= 0 {
		e.undone = slices.Delete(e.undone, at, at+1)
	}
	id, path, after := e.learn(*step.planned, done), done.Path, done.After
	switch {
	case HasTarget(done.Method):
		if before, left := members(done.Before), members(after); before != nil && left != nil {
			after = with(before, left) // Auth0 may answer with less than there is
		}
	case done.Target != nil:
		path, after = parent(path), nil // the answer shows what came of it, not the thing
	default:
		path += "/" + url.PathEscape(id)
	}
	if members(after) == nil {
		after = nil
	}
	e.state[path] = after
	if after == nil && e.needed(path) && done.Method != http.MethodDelete {
		unread = append(unread, path)
	}
	if done.Method == http.MethodPost && e.needed(done.Path) { // the list that it added to
		e.state[done.Path] = nil
		unread = append(unread, done.Path)
	}
	return unread
}

// needed reports whether a later step acts on what is at a path; mu is held.
func (e *Execution) needed(path string) bool {
	return slices.ContainsFunc(e.left, func(later Change) bool {
		return targetOf(later.Method, e.inPath.Replace(later.Path)) == path
	})
}

// Left notes what a step left, as a read of its target showed right after it.
func (e *Execution) Left(path string, doc json.RawMessage) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state[path] = doc
}

// targetOf is the path of the existing thing that a request acts on: a POST acts on
// what it is below.
func targetOf(method, path string) string {
	if HasTarget(method) {
		return path
	}
	return parent(path)
}

func parent(path string) string { return path[:max(0, strings.LastIndexByte(path, '/'))] }

// learn takes the id that Auth0 gave to what the plan has a placeholder for; mu is held.
func (e *Execution) learn(planned, done Change) (id string) {
	if planned.placeholder == "" {
		return ""
	}
	is := members(done.After)
	for _, name := range []string{"id", KindID(planned.Path)} {
		if json.Unmarshal(is[name], &id) != nil || id == "" {
			continue
		}
		quoted, err := encode(id)
		if err != nil {
			continue
		}
		e.pathIDs = append(e.pathIDs, planned.placeholder, url.PathEscape(id))
		e.bodyIDs = append(e.bodyIDs, planned.placeholder, string(quoted[1:len(quoted)-1]))
		e.inPath, e.inBody = strings.NewReplacer(e.pathIDs...), strings.NewReplacer(e.bodyIDs...)
		return id
	}
	return ""
}

// Unspent are the requests of the plan that were not sent.
func (e *Execution) Unspent() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []string
	for _, change := range e.left {
		list = append(list, change.Method+" "+e.inPath.Replace(change.Path))
	}
	return list
}

// selfChanging are members that Auth0 changes by itself after a write: when something
// was changed, and how far the build of an action is.
var selfChanging = map[string]bool{
	"updated_at": true, "status": true, "built_at": true, "deployed": true, "deployed_version": true,
	"all_changes_deployed": true,
}

// appeared reports whether a change writes a member that its target has and that the step
// before did not leave there.
func appeared(left []byte, change Change) bool {
	was, is := members(left), members(change.existing())
	for name := range members(change.Body) {
		_, before := was[name]
		if value, now := is[name]; now && !before && string(value) != "null" {
			return true
		}
	}
	return false
}

// sameWhereBoth reports whether two documents agree in the members that both have.
// Auth0 answers a change with less than a read shows, or with more.
func sameWhereBoth(left, now []byte) bool {
	a, errA := decode(left)
	b, errB := decode(now)
	return errA == nil && errB == nil && agree(a, b)
}

func agree(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		other, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for name, value := range a {
			if in, both := other[name]; both && !selfChanging[name] && !agree(value, in) {
				return false
			}
		}
		return true
	case []any:
		other, ok := b.([]any)
		if !ok || len(a) != len(other) {
			return false
		}
		for i := range a {
			if !agree(a[i], other[i]) {
				return false
			}
		}
		return true
	default:
		return a == b
	}
}
