package forms

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// nodeTypes are the members that a node's config has, by the node's type.
var nodeTypes = map[string][]string{
	"FLOW":   {"flow_id", "next_node"},
	"ROUTER": {"fallback", "rules"},
	"STEP":   {"components", "next_node"},
}

// kind is a type of component: its category and the members of its config.
type kind struct {
	category string
	config   []string
}

// componentTypes are all of them.
// Source: go-auth0 v3, which has a Go type for each.
var componentTypes = map[string]kind{
	"BOOLEAN":  {"FIELD", []string{"default_value", "options"}},
	"CARDS":    {"FIELD", []string{"hide_labels", "multiple", "options"}},
	"CHOICE":   {"FIELD", []string{"allow_other", "multiple", "options"}},
	"CUSTOM":   {"FIELD", []string{"code", "css", "params", "schema"}},
	"DATE":     {"FIELD", []string{"default_value", "format"}},
	"DROPDOWN": {"FIELD", []string{"multiple", "options", "placeholder"}},
	"EMAIL":    {"FIELD", []string{"default_value", "placeholder"}},
	"FILE":     {"FIELD", []string{"categories", "extensions", "maxFiles", "maxSize", "multiple", "storage"}},
	"LEGAL":    {"FIELD", []string{"text"}},
	"NUMBER":   {"FIELD", []string{"default_value", "max_value", "min_value", "placeholder"}},
	"PASSWORD": {"FIELD", []string{"complexity", "hash", "max_length", "min_length", "nist", "placeholder",
		"strength_meter"}},
	"PAYMENT": {"FIELD", []string{"charge", "credentials", "customer", "fields", "provider"}},
	"SOCIAL":  {"FIELD", nil},
	"TEL": {"FIELD", []string{"country_picker", "default_value", "max_length", "min_length", "placeholder",
		"strings"}},
	"TEXT": {"FIELD", []string{"default_value", "max_length", "min_length", "multiline", "placeholder"}},
	"URL":  {"FIELD", []string{"default_value", "placeholder"}},

	"DIVIDER":         {"BLOCK", []string{"text"}},
	"HTML":            {"BLOCK", []string{"content"}},
	"IMAGE":           {"BLOCK", []string{"height", "position", "src"}},
	"JUMP_BUTTON":     {"BLOCK", []string{"next_node", "style", "text"}},
	"NEXT_BUTTON":     {"BLOCK", []string{"text"}},
	"PREVIOUS_BUTTON": {"BLOCK", []string{"text"}},
	"RESEND_BUTTON": {"BLOCK", []string{"active_text", "button_text", "flow_id", "max_attempts", "text_alignment",
		"waiting_text", "waiting_time"}},
	"RICH_TEXT": {"BLOCK", []string{"content"}},

	"AUTH0_VERIFIABLE_CREDENTIALS": {"WIDGET",
		[]string{"access_token", "alternate_text", "max_wait", "size", "url", "verification_id"}},
	"GMAPS_ADDRESS": {"WIDGET", []string{"api_key"}},
	"RECAPTCHA":     {"WIDGET", []string{"secret_key", "site_key"}},
}

// blockMembers are a BLOCK's own members: what is asked of users, such as a
// label, belongs to fields and widgets.
var blockMembers = []string{"id", "category", "type", "config"}

// checkNodes refuses members that do not belong to the type of their node or
// component. The schema is the union of all types, because 30 alternatives would
// cost every session several times as much. Auth0 refuses them too, but does not
// say which members are right.
func checkNodes(arguments json.RawMessage) error {
	var form struct {
		Nodes []struct {
			ID     string     `json:"id"`
			Type   string     `json:"type"`
			Config sdk.Object `json:"config"`
		} `json:"nodes"`
	}
	if err := json.Unmarshal(arguments, &form); err != nil {
		return sdk.InvalidArgument("nodes: %v", err)
	}
	var faults []string
	for _, n := range form.Nodes {
		at := fmt.Sprintf("node %q", n.ID)
		faults = append(faults, strangers(at+": config", n.Config, "a "+n.Type, nodeTypes[n.Type])...)
		components, ok := n.Config.Get("components")
		if !ok || n.Type != "STEP" {
			continue
		}
		more, err := checkComponents(at, components)
		if err != nil {
			return err
		}
		faults = append(faults, more...)
	}
	if len(faults) == 0 {
		return nil
	}
	return sdk.InvalidArgument("nothing was sent: %s", strings.Join(faults, "; "))
}

func checkComponents(at string, raw json.RawMessage) ([]string, error) {
	var components []sdk.Object
	if err := json.Unmarshal(raw, &components); err != nil {
		return nil, sdk.InvalidArgument("%s: config.components: %v", at, err)
	}
	var faults []string
	for _, o := range components {
		at := fmt.Sprintf("%s, component %q", at, o.Text("id"))
		name := o.Text("type")
		k, known := componentTypes[name]
		if !known {
			faults = append(faults, fmt.Sprintf("%s: type %s does not exist: want one of %s", at, name,
				strings.Join(slices.Sorted(maps.Keys(componentTypes)), ", ")))
			continue
		}
		if got := o.Text("category"); got != k.category {
			faults = append(faults, fmt.Sprintf("%s: category %s does not go with type %s: want %s", at, got, name, k.category))
		}
		if k.category == "BLOCK" {
			faults = append(faults, strangers(at, o, "a BLOCK", blockMembers)...)
		}
		var config sdk.Object
		if value, ok := o.Get("config"); ok {
			if err := json.Unmarshal(value, &config); err != nil {
				return nil, sdk.InvalidArgument("%s: config: %v", at, err)
			}
		}
		faults = append(faults, strangers(at+": config", config, name, k.config)...)
	}
	return faults, nil
}

// strangers says which members of o do not belong to it, and which do.
func strangers(at string, o sdk.Object, what string, members []string) []string {
	var names []string
	for _, m := range o.Without(members...) {
		names = append(names, m.Name)
	}
	if len(names) == 0 {
		return nil
	}
	want := "none"
	if len(members) > 0 {
		want = strings.Join(members, ", ")
	}
	return []string{fmt.Sprintf("%s: %s has no %s; its members are: %s", at, what, strings.Join(names, ", "), want)}
}
