package sandbox

import (
	"net/url"
	"strings"
	"testing"
)

// Each incident has its events in the log, and its cause shows in what the tenant answers.
func TestIncidents(t *testing.T) {
	c := newCaller(t, Options{Now: newClock().now})
	incidents := c.tenant.Incidents()
	if len(incidents) < 10 {
		t.Errorf("%d incidents", len(incidents))
	}
	names := map[string]bool{}
	for _, incident := range incidents {
		if names[incident.Name] || incident.Symptom == "" || incident.Cause == "" || incident.Fix == "" {
			t.Errorf("%s: the name is there twice, or a text is missing", incident.Name)
		}
		names[incident.Name] = true
		if found := c.get("/api/v2/logs?q=" + url.QueryEscape(incident.Query)).want(200); len(found.array()) == 0 {
			t.Errorf("%s: no event is found by %s", incident.Name, incident.Query)
		}
		for _, evidence := range incident.Evidence {
			a := c.get(evidence.Path).want(200)
			if !strings.Contains(a.text, evidence.Has) || evidence.Lacks != "" && strings.Contains(a.text, evidence.Lacks) {
				t.Errorf("%s: %s does not show the cause: %.800s", incident.Name, evidence.Path, a.text)
			}
		}
	}
	if incidents := New(Options{Empty: true}).Incidents(); incidents != nil {
		t.Errorf("an empty tenant has incidents: %v", incidents)
	}
}
