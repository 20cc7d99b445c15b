package lint

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// longDescription is from where a description costs more in each session than it helps: those of the plugins in
	// this repository have 155 bytes at most.
	longDescription = 500
	// longListing is that of a whole tool in tools/list: the average of this repository's is 900 bytes.
	longListing = 4000
	// maxDepth is how many levels of nested schemas providers of models take.
	maxDepth = 7
)

// tool is one tool as the rules see it.
type tool struct {
	pluginv1.ToolManifest
	operations []operation // of its paths
	listed     json.RawMessage
}

// operation is what a path rule stands for in the Management API.
type operation struct {
	rule string
	*managementapi.Operation
}

// rules are what is allowed and serves users badly. Each returns what is wrong and how to fix it; what is empty if
// nothing is.
var rules = []func(tool) (what, fix string){
	nameFitsEffect, untitled, wordy, noPaths, unknownOperations, effectTooLow, effectTooHigh, missingScopes,
	needlessScopes, noUntrusted, undescribedArguments, longInList, deep, alternatives,
}

func checkStyle(m pluginv1.Manifest) (findings []Finding, listedBytes int) {
	if m.Description == "" {
		findings = append(findings, Finding{Warning, "manifest", "the plugin has no description",
			"say in Plugin.Display.Description what it is for: users read it before they install it"})
	}
	for _, listed := range catalog.ToolsOf(m) {
		t := tool{ToolManifest: listed.ToolManifest, listed: listed.Listed()}
		for _, path := range t.Paths {
			if o := lookup(path); o != nil {
				t.operations = append(t.operations, operation{path, o})
			}
		}
		listedBytes += t.size()
		for _, rule := range rules {
			if what, fix := rule(t); what != "" {
				findings = append(findings, Finding{Warning, "tool " + t.Name, what, fix})
			}
		}
	}
	return findings, listedBytes
}

// lookup is the operation of a path rule, whatever its parameters are called; nil: there is none.
func lookup(rule string) *managementapi.Operation {
	method, path, _ := strings.Cut(rule, " ")
	if method == "HEAD" {
		method = "GET"
	}
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = "any id"
		}
	}
	o, _, ok := managementapi.LookupSegments(method, segments)
	if !ok {
		return nil
	}
	return o
}

// size is what the tool takes in tools/list.
func (t tool) size() int {
	return len(t.Name) + len(t.Title) + len(t.Description) + len(t.listed)
}

// verbs are the words by which users and models tell what a tool does, with the effect that they promise.
var verbs = map[string]pluginv1.Effect{
	"list": pluginv1.EffectRead, "get": pluginv1.EffectRead, "search": pluginv1.EffectRead,
	"find": pluginv1.EffectRead, "read": pluginv1.EffectRead, "check": pluginv1.EffectRead,
	"describe": pluginv1.EffectRead, "count": pluginv1.EffectRead, "compare": pluginv1.EffectRead,
	"diagnose": pluginv1.EffectRead, "audit": pluginv1.EffectRead,
	"create": pluginv1.EffectWrite, "update": pluginv1.EffectWrite, "set": pluginv1.EffectWrite,
	"add": pluginv1.EffectWrite, "assign": pluginv1.EffectWrite, "deploy": pluginv1.EffectWrite,
	"publish": pluginv1.EffectWrite, "enable": pluginv1.EffectWrite, "disable": pluginv1.EffectWrite,
	"block": pluginv1.EffectWrite, "unblock": pluginv1.EffectWrite, "send": pluginv1.EffectWrite,
	"invite": pluginv1.EffectWrite, "link": pluginv1.EffectWrite, "save": pluginv1.EffectWrite,
	"export": pluginv1.EffectWrite, "rollback": pluginv1.EffectWrite, "synchronize": pluginv1.EffectWrite,
	"test": pluginv1.EffectWrite, "redeliver": pluginv1.EffectWrite, "verify": pluginv1.EffectWrite,
	"onboarding": pluginv1.EffectWrite,
	"delete":     pluginv1.EffectDestroy, "remove": pluginv1.EffectDestroy, "revoke": pluginv1.EffectDestroy,
	"rotate": pluginv1.EffectDestroy, "reset": pluginv1.EffectDestroy, "unlink": pluginv1.EffectDestroy,
}

func nameFitsEffect(t tool) (what, fix string) {
	verb, _, _ := strings.Cut(strings.TrimPrefix(t.Name, "auth0_"), "_")
	promised, known := verbs[verb]
	switch {
	case !known:
		return fmt.Sprintf("its name does not begin with a verb that says what it does (%q)", verb),
			"name it VERB_NOUN, such as auth0_list_roles; verbs are " + strings.Join(slices.Sorted(maps.Keys(verbs)), ", ")
	case promised == pluginv1.EffectRead && t.Effect != pluginv1.EffectRead,
		promised != pluginv1.EffectRead && t.Effect == pluginv1.EffectRead,
		promised == pluginv1.EffectDestroy && t.Effect == pluginv1.EffectWrite && !t.destroysNothing():
		return fmt.Sprintf("its name says %q, and its effect is %s", verb, t.Effect),
			"choose a verb of its effect, or the effect that it needs"
	}
	return "", ""
}

// destroysNothing reports whether no operation of the tool destroys: to remove an item of a list is a PATCH.
func (t tool) destroysNothing() bool {
	return len(t.Paths) > 0 && len(t.operations) == len(t.Paths) &&
		!slices.ContainsFunc(t.operations, func(o operation) bool { return o.Effect == managementapi.Destroy })
}

func untitled(t tool) (what, fix string) {
	if t.Title == "" {
		return "it has no title, which clients show to users", `add sdk.Title("List roles")`
	}
	return "", ""
}

func wordy(t tool) (what, fix string) {
	if len(t.Description) > longDescription {
		return fmt.Sprintf("its description has %d bytes, for which every session pays", len(t.Description)),
			fmt.Sprintf("say what the name does not, once: at most %d bytes", longDescription)
	}
	return "", ""
}

func noPaths(t tool) (what, fix string) {
	if len(t.Paths) == 0 && !t.External {
		return "it declares no paths: users are told that it may send anything its effect allows",
			`declare its requests, such as sdk.Paths("GET /api/v2/roles/{id}")`
	}
	return "", ""
}

func unknownOperations(t tool) (what, fix string) {
	var unknown []string
	for _, path := range t.Paths {
		if lookup(path) == nil {
			unknown = append(unknown, path)
		}
	}
	if unknown == nil {
		return "", ""
	}
	return "no operation of the Management API that this host knows has " + strings.Join(unknown, ", "),
		"check the method and the path against https://auth0.com/docs/api/management/v2"
}

func effectTooLow(t tool) (what, fix string) {
	for _, o := range t.operations {
		if rank(pluginv1.Effect(o.Effect)) > rank(t.Effect) {
			return fmt.Sprintf("%s is a %s, and the tool's effect is %s: the host refuses the request", o.rule, o.Effect,
				t.Effect), fmt.Sprintf("give the tool the effect %s", o.Effect)
		}
	}
	return "", ""
}

func effectTooHigh(t tool) (what, fix string) {
	if len(t.Paths) == 0 || len(t.operations) < len(t.Paths) || len(t.Files) > 0 {
		return "", "" // what it needs is not known
	}
	needs := pluginv1.EffectRead
	for _, o := range t.operations {
		rule, err := pluginv1.ParsePathRule(o.rule)
		if err != nil {
			return "", "" // a refusal
		}
		for _, effect := range []pluginv1.Effect{pluginv1.EffectRead, pluginv1.EffectWrite, pluginv1.EffectDestroy} {
			allowed := slices.Contains(effect.Methods(), rule.Method()) && rank(effect) >= rank(pluginv1.Effect(o.Effect))
			if allowed {
				if rank(effect) > rank(needs) {
					needs = effect
				}
				break
			}
		}
	}
	if rank(needs) < rank(t.Effect) {
		return fmt.Sprintf("its effect is %s, and its paths need %s only", t.Effect, needs),
			"give it the lower effect: users approve less, and --read-only offers reading tools"
	}
	return "", ""
}

func rank(e pluginv1.Effect) int {
	return slices.Index([]pluginv1.Effect{pluginv1.EffectRead, pluginv1.EffectWrite, pluginv1.EffectDestroy}, e)
}

// missingScopes looks at what a tool is for: a writing tool may do without the scopes of its reads.
func missingScopes(t tool) (what, fix string) {
	var missing []string
	for _, o := range t.operations {
		isRead := o.Effect == managementapi.Read
		if len(o.Scopes) == 0 || isRead != (t.Effect == pluginv1.EffectRead) ||
			slices.ContainsFunc(o.Scopes, func(s string) bool { return slices.Contains(t.Scopes, s) }) {
			continue
		}
		if text := o.rule + " (" + strings.Join(o.Scopes, " or ") + ")"; !slices.Contains(missing, text) {
			missing = append(missing, text)
		}
	}
	if missing == nil {
		return "", ""
	}
	return "it declares no scope for " + strings.Join(missing, ", "),
		"declare them with sdk.Scopes: sign-in asks for the scopes of the tools that a user chose"
}

func needlessScopes(t tool) (what, fix string) {
	if len(t.Paths) == 0 || len(t.operations) < len(t.Paths) {
		return "", ""
	}
	var needless []string
	for _, scope := range t.Scopes {
		if !slices.ContainsFunc(t.operations, func(o operation) bool { return slices.Contains(o.Scopes, scope) }) {
			needless = append(needless, scope)
		}
	}
	if needless == nil {
		return "", ""
	}
	return "none of its paths needs " + strings.Join(needless, ", "), "leave the scopes out, or declare the path"
}

func noUntrusted(t tool) (what, fix string) {
	if len(t.Untrusted) == 0 && !t.External {
		return "it does not say which fields of its answers others can write, so that every text counts as such",
			`name them, such as sdk.Untrusted("roles[].description")`
	}
	return "", ""
}

// undescribedArguments finds numbers without a unit, and objects of which nothing is said.
func undescribedArguments(t tool) (what, fix string) {
	var schema struct {
		Properties map[string]struct {
			Description string `json:"description"`
			Type        any    `json:"type"`
		} `json:"properties"`
	}
	if json.Unmarshal(t.listed, &schema) != nil {
		return "", "" // a refusal
	}
	var undescribed []string
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		p := schema.Properties[name]
		unclear := p.Type == "integer" || p.Type == "number" || p.Type == "object"
		if p.Description == "" && unclear && !selfEvident(name) {
			undescribed = append(undescribed, name)
		}
	}
	if undescribed == nil {
		return "", ""
	}
	return "arguments without a description: " + strings.Join(undescribed, ", "),
		`describe them, with their unit: jsonschema:"Hours until it expires."`
}

// selfEvident are names that a model reads as they are meant.
func selfEvident(name string) bool {
	return slices.Contains([]string{"page", "per_page", "take", "more"}, name)
}

func longInList(t tool) (what, fix string) {
	if size := t.size(); size > longListing {
		return fmt.Sprintf("it takes %d bytes of tools/list, for which every session pays", size),
			`fold large arguments: schema:"fold", or "fold" in the schema`
	}
	return "", ""
}

func deep(t tool) (what, fix string) {
	var schema any
	if json.Unmarshal(t.listed, &schema) != nil {
		return "", "" // a refusal
	}
	if found := depth(schema); found > maxDepth {
		return fmt.Sprintf("its arguments are nested %d levels deep, and some providers of models take %d", found, maxDepth),
			`fold a member on the way: schema:"fold", or "fold" in the schema`
	}
	return "", ""
}

// depth is how many schemas stand inside each other.
func depth(schema any) int {
	fields, ok := schema.(map[string]any)
	if !ok {
		return 0
	}
	deepest := 0
	for name, value := range fields {
		inner := map[string]any{"": value}
		switch name {
		case "properties", "$defs", "patternProperties":
			inner, _ = value.(map[string]any)
		case "items", "additionalProperties", "not":
		case "anyOf", "oneOf", "allOf", "prefixItems":
			inner = map[string]any{}
			branches, _ := value.([]any)
			for i, branch := range branches {
				inner[fmt.Sprint(i)] = branch
			}
		default:
			continue
		}
		for _, s := range inner {
			deepest = max(deepest, depth(s))
		}
	}
	return deepest + 1
}

func alternatives(t tool) (what, fix string) {
	for _, keyword := range []string{"anyOf", "oneOf", "allOf"} {
		if strings.Contains(string(t.listed), `"`+keyword+`"`) {
			return "its listed schema has " + keyword + ", which several clients and models do not take",
				"use one plain type, or fold the member"
		}
	}
	return "", ""
}
