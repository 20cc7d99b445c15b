package forms

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// withFlows is a tenant that has these flows, given as JSON objects.
func withFlows(auth0 http.Handler, flows ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v2/flows" {
			_, _ = io.WriteString(w, `{"flows":[`+strings.Join(flows, ",")+`],"start":0,"limit":100,"total":`+
				string(rune('0'+len(flows)))+`}`)
			return
		}
		auth0.ServeHTTP(w, r)
	})
}

func exported(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/export.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

const (
	sendsCode  = `{"id":"af_send","name":"Send a code"}`
	checksCode = `{"id":"af_check","name":"Check the code"}`
)

func TestExportNeedsItsFlows(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	for name, tt := range map[string]struct {
		flows []string
		lacks []string
	}{
		"none": {nil, []string{`#FLOW-1# is the flow "Send a code",` +
			` which the tenant lacks; it needs the vault connection "Mail" (MAILJET)`,
			`#FLOW-2# is the flow "Check the code",` +
				` which the tenant lacks; it needs the vault connection "Management" (AUTH0)`}},
		"one": {[]string{sendsCode}, []string{`#FLOW-2# is the flow "Check the code"`}},
		"one of them twice": {[]string{sendsCode, checksCode, `{"id":"af_other","name":"Send a code"}`},
			[]string{`#FLOW-1# is the flow "Send a code", which the tenant has several times: af_send, af_other`}},
	} {
		has := withFlows(auth0, tt.flows...)
		faults, all := checked(t, has, `{"export":`+exported(t)+`}`)
		if len(faults) > 0 || all["valid"] != true || all["name"] != "Verify by mail" || len(all["needs"].([]any)) != 2 {
			t.Errorf("%s: %v", name, all)
		}
		f := sdktest.Call(t, Plugin(), has, "auth0_create_form", `{"name":"x","export":`+exported(t)+`}`).Failure
		for _, want := range tt.lacks {
			if f.GetCode() != pluginv1.Failure_CODE_FAILED_PRECONDITION || !strings.Contains(f.GetMessage(), want) ||
				!strings.Contains(text(t, all["next_steps"]), strings.ReplaceAll(want, `"`, `\"`)) {
				t.Errorf("%s: lacks %s: %v, %v", name, want, f, all["next_steps"])
			}
		}
	}
	if sent := writes(s); len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
}

// The form is made as it is in the file, with the flows' ids for their placeholders.
func TestExportIsMapped(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	has := withFlows(auth0, sendsCode, checksCode)
	_, all := checked(t, has, `{"export":`+exported(t)+`}`)
	if steps := text(t, all["next_steps"]); !strings.Contains(steps, "Call auth0_create_form with this export") {
		t.Errorf("with all flows: %s", steps)
	}
	made := call(t, has, "auth0_create_form", `{"name":"By mail","export":`+exported(t)+`}`)
	want := object(t, []byte(exported(t)))["form"].(map[string]any)
	want["name"] = "By mail"
	replacer := strings.NewReplacer("#FLOW-1#", "af_send", "#FLOW-2#", "af_check")
	if got := text(t, object(t, s.Requests()[len(s.Requests())-1].Body)); got != replacer.Replace(text(t, want)) {
		t.Errorf("sent %s", got)
	}
	if made["id"] == "" || made["name"] != "By mail" {
		t.Errorf("made %v", made)
	}
}

// An export's faults are told before anything is made, as those of a form that exists.
func TestExportsFaults(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	broken := strings.Replace(exported(t), `"NEXT_BUTTON"`, `"DIVIDER"`, 1)
	broken = strings.Replace(broken, `"#FLOW-2#",`, `"#FLOW-3#",`, 1)
	faults, all := checked(t, auth0, `{"export":`+broken+`}`)
	joined := strings.Join(faults, "\n")
	if all["valid"] != false || !strings.Contains(joined, "step_code nodes[1].config.components: has no NEXT_BUTTON") ||
		!strings.Contains(joined, `flow_check nodes[2].config.flow_id: flow_id: "#FLOW-3#" is not the id of a flow`) {
		t.Errorf("got %s", joined)
	}
}
