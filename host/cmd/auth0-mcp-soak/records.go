package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
)

// Outcomes of the audit log that are compared.
const (
	recordedOK      = "ok"
	recordedUnknown = "may_have_happened"
)

// recordedCall is what the audit log has of one call.
type recordedCall struct {
	// outcome is that of the call; empty if its host ended first.
	outcome string
	// writes are its requests that may have changed something, by number.
	writes map[int]recordedWrite
	// marker is that of the call's arguments, empty if it has none.
	marker string
}

// recordedWrite is "METHOD path" and its outcome; one without a record of its end is
// recordedUnknown, as docs/guide/audit.md says.
type recordedWrite struct{ request, outcome string }

// records checks the audit log: it is complete, however its writers ended, and agrees
// with what reached the tenant and what was answered.
func (s *soak) records() {
	//nolint:gosec,noctx // the binary that was named; the run is over, and this reads files
	cmd := exec.Command(s.binary, "audit", "verify")
	cmd.Env = s.env
	if said, err := cmd.CombinedOutput(); err != nil {
		s.broken("audit verify: %v: %s", err, said)
	}
	calls, err := s.recordedCalls()
	if err != nil {
		s.broken("audit query: %v", err)
		return
	}
	for _, what := range s.tenant.compare(calls) {
		s.broken("%s", what)
	}
}

// recordedCalls are the calls of the audit log that have a marker.
func (s *soak) recordedCalls() (map[string]*recordedCall, error) {
	//nolint:gosec,noctx // as above
	cmd := exec.Command(s.binary, "audit", "query", "--json", "--writes")
	cmd.Env = s.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	calls := map[string]*recordedCall{}
	for line := range bytes.Lines(out) {
		var r struct {
			Kind, Phase, Call, Tool, Method, Path, Outcome string
			Request                                        int
			Arguments                                      json.RawMessage
		}
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("%w: %.300q", err, line)
		}
		c := calls[r.Call]
		if c == nil {
			c = &recordedCall{writes: map[int]recordedWrite{}}
			calls[r.Call] = c
		}
		if c.marker == "" {
			c.marker = markerOf(r.Tool, r.Arguments)
		}
		switch r.Kind {
		case "call":
			c.outcome = r.Outcome
		case "request":
			if r.Phase == "sending" {
				r.Outcome = recordedUnknown // until its end is found
			}
			c.writes[r.Request] = recordedWrite{r.Method + " " + r.Path, r.Outcome}
		}
	}
	byMarker := map[string]*recordedCall{}
	for id, c := range calls {
		if c.marker == "" {
			continue
		}
		if byMarker[c.marker] != nil {
			return nil, fmt.Errorf("%s: two calls have the marker %s", id, c.marker)
		}
		byMarker[c.marker] = c
	}
	return byMarker, nil
}

// markerOf is the marker of a call, from its arguments.
func markerOf(tool string, arguments json.RawMessage) string {
	if tool == deployTool {
		var a struct{ ID string }
		if json.Unmarshal(arguments, &a) == nil && a.ID != "" {
			return deployMarker(a.ID)
		}
	}
	return string(markers.Find(arguments))
}

// compare holds the audit log against what the tenant saw and what was answered.
func (t *tenant) compare(calls map[string]*recordedCall) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []string
	for _, marker := range slices.Sorted(maps.Keys(t.writes)) {
		w, c := t.writes[marker], calls[marker]
		if c == nil {
			c = new(recordedCall)
		}
		if err := c.compare(w); err != nil {
			found = append(found, fmt.Sprintf("%s in the audit log: %v; it says %+v; the answer: %s, %v, %s; at the tenant: %v",
				marker, err, *c, w.answer.outcome, w.answer.requests, w.answer.text, w.did))
		}
	}
	return found
}

// compare returns the disagreement of a call's records with what its tenant saw and its
// caller was told.
func (c *recordedCall) compare(w *write) error {
	var ok, uncertain []string
	for _, number := range slices.Sorted(maps.Keys(c.writes)) {
		switch r := c.writes[number]; r.outcome {
		case recordedOK:
			ok = append(ok, r.request)
		case recordedUnknown:
			uncertain = append(uncertain, r.request)
		}
	}
	for _, request := range w.did {
		if !slices.Contains(ok, request) && !slices.Contains(uncertain, request) {
			return fmt.Errorf("%s changed the tenant and has no record", request)
		}
	}
	for _, request := range ok {
		if !slices.Contains(w.did, request) {
			return fmt.Errorf("%s is recorded as done and was not", request)
		}
	}
	if c.outcome != "" && (c.outcome == recordedUnknown) != (len(uncertain) > 0) {
		return fmt.Errorf("the outcome of the call is not that of its requests")
	}
	if w.answer.carriedOut && c.outcome == "" {
		return fmt.Errorf("an answered call has no record")
	}
	return c.agrees(w.answer, ok, uncertain)
}

// agrees compares the records with what the caller was told.
func (c *recordedCall) agrees(a answer, ok, uncertain []string) error {
	wrong := false
	switch a.outcome {
	case done:
		wrong = c.outcome != recordedOK || len(uncertain) > 0 || !slices.Equal(ok, a.requests)
	case changed:
		wrong = c.outcome == recordedOK || len(uncertain) > 0 || !slices.Equal(ok, a.requests)
	case failed, invalid, busy, notStarted:
		wrong = c.outcome == recordedOK || len(ok)+len(uncertain) > 0
	case unknown:
		wrong = a.carriedOut && len(uncertain) == 0
	case cancelled, lost: // was told nothing
	}
	if wrong {
		return fmt.Errorf("the records are not what was answered")
	}
	return nil
}
