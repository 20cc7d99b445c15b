package forms

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// An export of the Auth0 Dashboard is {version, form, flows, connections}: the form refers
// to flows by placeholders such as #FLOW-1#, which name members of flows, and their actions
// refer to vault connections likewise.
// Source: Auth0 Terraform provider, guide "Managing Forms and Flows".

// export is such a document.
type export struct {
	Form        json.RawMessage               `json:"form"`
	Flows       map[string]exportedFlow       `json:"flows"`
	Connections map[string]exportedConnection `json:"connections"`
}

type exportedFlow struct {
	Name    string          `json:"name"`
	Actions json.RawMessage `json:"actions"`
}

// connections are the placeholders of the connections that the flow's actions use.
func (f exportedFlow) connections(all map[string]exportedConnection) []string {
	var used []string
	for _, placeholder := range slices.Sorted(maps.Keys(all)) {
		quoted, err := json.Marshal(placeholder)
		if err == nil && strings.Contains(string(f.Actions), string(quoted)) {
			used = append(used, placeholder)
		}
	}
	return used
}

type exportedConnection struct {
	Name  string `json:"name"`
	AppID string `json:"app_id"`
}

// need is a flow that must exist before the exported form can be made.
type need struct {
	// Placeholder is what stands for the flow's id in the export.
	Placeholder string `json:"placeholder"`
	Flow        string `json:"flow"`
	// FlowIDs are the tenant's flows of that name. The form can be created if there is exactly one.
	FlowIDs []string `json:"flow_ids"`
	// Connections are the vault connections that the flow's actions use.
	Connections []connection `json:"vault_connections,omitempty"`
	UsedBy      []string     `json:"used_by"`
}

type connection struct {
	Name string `json:"name"`
	App  string `json:"app"`
}

// readExport reads the argument export.
func readExport(arguments json.RawMessage) (export, error) {
	var in struct {
		Export export `json:"export"`
	}
	if err := json.Unmarshal(arguments, &in); err != nil {
		return export{}, sdk.InvalidArgument("export: %v: want {version, form, flows, connections}", err)
	}
	if len(in.Export.Form) == 0 || in.Export.Form[0] != '{' {
		return export{}, sdk.InvalidArgument("export: has no form: want {version, form, flows, connections}, as the Auth0 " +
			"Dashboard exports it")
	}
	return in.Export, nil
}

// needs are the exported flows that the form runs, with the tenant's flows of the same names.
func (e export) needs(ctx context.Context, api *auth0v1.API, form graph) ([]need, error) {
	used := map[string][]string{}
	for _, ref := range form.flows() {
		if _, brought := e.Flows[ref.id]; brought {
			used[ref.id] = append(used[ref.id], ref.path)
		}
	}
	var needs []need
	byName := map[string][]string{}
	for _, placeholder := range slices.Sorted(maps.Keys(used)) {
		flow := e.Flows[placeholder]
		n := need{Placeholder: placeholder, Flow: flow.Name, FlowIDs: []string{}, UsedBy: used[placeholder]}
		for _, c := range flow.connections(e.Connections) {
			n.Connections = append(n.Connections, connection{e.Connections[c].Name, e.Connections[c].AppID})
		}
		needs = append(needs, n)
		byName[flow.Name] = nil
	}
	if needs == nil {
		return nil, nil
	}
	_, _, err := api.Filter(ctx, flows(), nil, func(o sdk.Object) bool {
		if _, wanted := byName[o.Text("name")]; wanted {
			byName[o.Text("name")] = append(byName[o.Text("name")], o.Text("id"))
		}
		return false
	})
	for i := range needs {
		needs[i].FlowIDs = append(needs[i].FlowIDs, byName[needs[i].Flow]...)
	}
	return needs, err
}

// missingFlows says what to do about flows that do not exist or are ambiguous; "" if there are none.
func missingFlows(needs []need) string {
	var texts []string
	for _, n := range needs {
		text := fmt.Sprintf("%s is the flow %q", n.Placeholder, n.Flow)
		switch len(n.FlowIDs) {
		case 1:
			continue
		case 0:
			text += ", which the tenant lacks"
			for i, c := range n.Connections {
				word := "; it needs the vault connection"
				if i > 0 {
					word = " and"
				}
				text += fmt.Sprintf("%s %q (%s)", word, c.Name, c.App)
			}
		default:
			text += ", which the tenant has several times: " + strings.Join(n.FlowIDs, ", ") +
				". Replace the placeholder by the id of one"
		}
		texts = append(texts, text)
	}
	if texts == nil {
		return ""
	}
	return strings.Join(texts, "; ") + ". In the Auth0 Dashboard (Actions, Forms), create the vault connections, then " +
		"the flows by these names; or import the file there, which creates the form too"
}

// mapped is the form with the flows' ids in place of placeholders, and without what Auth0 adds.
// Everything else is as in the export.
func (e export) mapped(needs []need) (sdk.Object, error) {
	raw := e.Form
	for _, n := range needs {
		placeholder, err := json.Marshal(n.Placeholder)
		if err != nil {
			return nil, err
		}
		id, err := json.Marshal(n.FlowIDs[0])
		if err != nil {
			return nil, err
		}
		// Quotation marks inside a string are escaped, so this replaces whole strings only.
		raw = bytes.ReplaceAll(raw, placeholder, id)
	}
	form, err := sdk.ParseObject(raw)
	if err != nil {
		return nil, sdk.InvalidArgument("export: form: %v", err)
	}
	return form.Without(addedByAuth0...), nil
}

func flows() auth0v1.Collection {
	return auth0v1.Collection{Path: []string{"flows"}, Items: "flows", What: "flow", IsID: isFlowID}
}

// openExport reads the argument export and its form.
func openExport(ctx context.Context, c *sdk.Call) (*auth0v1.API, export, graph, error) {
	e, err := readExport(c.Arguments())
	if err != nil {
		return nil, e, graph{}, err
	}
	form, err := readGraph(e.Form)
	if err != nil {
		return nil, e, form, sdk.InvalidArgument("export: form: %v", err)
	}
	api, err := auth0v1.New(ctx, c)
	return api, e, form, err
}

// checkExport checks a form before it is made: what it needs, and its faults.
func checkExport(ctx context.Context, c *sdk.Call) (any, error) {
	api, e, form, err := openExport(ctx, c)
	if err != nil {
		return nil, err
	}
	out := publication{Name: form.Name, RenderedBy: []renderer{}}
	if out.Needs, err = e.needs(ctx, api, form); err != nil {
		return nil, err
	}
	faults, complete, err := flowFaults(ctx, api, form, e.Flows)
	if err != nil {
		return nil, err
	}
	out.Faults = append(append([]fault{}, form.faults()...), faults...)
	out.Valid = len(out.Faults) == 0
	switch lacks := missingFlows(out.Needs); {
	case !out.Valid:
		out.NextSteps = []string{"Fix the faults in the export's form."}
	case lacks != "":
		out.NextSteps = []string{lacks + "."}
	default:
		out.NextSteps = []string{"Call auth0_create_form with this export: it puts the flows' ids in place."}
	}
	if !complete {
		out.NextSteps = append(out.NextSteps, fmt.Sprintf("Only the first %d flows were looked up.", maxFlows))
	}
	return out, nil
}

// createFromExport creates the form of an export, if its flows exist.
func createFromExport(ctx context.Context, c *sdk.Call, name string) (any, error) {
	api, e, form, err := openExport(ctx, c)
	if err != nil {
		return nil, err
	}
	needs, err := e.needs(ctx, api, form)
	if err != nil {
		return nil, err
	}
	if lacks := missingFlows(needs); lacks != "" {
		return nil, sdk.FailedPrecondition("nothing was created: %s, then call again", lacks)
	}
	mapped, err := e.mapped(needs)
	if err != nil {
		return nil, err
	}
	if name != "" {
		if mapped, err = mapped.Without("name").With("name", name); err != nil {
			return nil, err
		}
	}
	body, err := json.Marshal(mapped)
	if err != nil {
		return nil, err
	}
	return api.Send(ctx, http.MethodPost, body, "forms")
}
