package plan

import (
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// unequal is what a secret that is given anew is compared as: it differs from every value.
const unequal = "\x00given anew"

// withoutHints changes the decoded documents of a change so that its differences tell nothing about the secrets that
// are given anew: each of them differs from what was there, equal or not, and neither it nor what was there has a
// fingerprint. A new value that equals a stored one at another place has none either. after is the plain form.
func (c Change) withoutHints(after, shownBefore, shownAfter any) {
	members := map[string]bool{}
	for _, at := range c.Fresh {
		replaceAt(after, at, unequal)
		members[memberOf(at)] = true
	}
	known := map[string]bool{}
	eachText(shownBefore, nil, func(_ jsondoc.Path, text string) string {
		for _, marker := range redact.FindMarkers(text) {
			known[marker.Text] = true
		}
		return text
	})
	plainer := func(keep func(marker string) bool) func(jsondoc.Path, string) string {
		return func(at jsondoc.Path, text string) string {
			if !strings.Contains(text, redact.MarkerStart) {
				return text
			}
			fresh := members[memberOf(at)]
			found := redact.FindMarkers(text)
			for i := len(found) - 1; i >= 0; i-- {
				if one := found[i]; fresh || !keep(one.Text) {
					text = text[:one.Start] + redact.Marker + text[one.End:]
				}
			}
			return text
		}
	}
	eachText(shownBefore, nil, plainer(func(string) bool { return true }))
	eachText(shownAfter, nil, plainer(func(marker string) bool { return known[marker] }))
}

// memberOf is a path without the positions of items.
func memberOf(at jsondoc.Path) string {
	var b strings.Builder
	for _, step := range at {
		if name, ok := step.Name(); ok {
			b.WriteString("\x00" + name)
		}
	}
	return b.String()
}

// eachText replaces the texts inside a decoded document.
func eachText(value any, at jsondoc.Path, f func(at jsondoc.Path, text string) string) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			here := at.With(jsondoc.Member(name))
			if text, ok := member.(string); ok {
				value[name] = f(here, text)
				continue
			}
			eachText(member, here, f)
		}
	case []any:
		for i, item := range value {
			here := at.With(jsondoc.Item(i))
			if text, ok := item.(string); ok {
				value[i] = f(here, text)
				continue
			}
			eachText(item, here, f)
		}
	}
}

// replaceAt replaces a value inside a decoded document, if there is one.
func replaceAt(doc any, at jsondoc.Path, value any) {
	for i, step := range at {
		last := i == len(at)-1
		if name, ok := step.Name(); ok {
			object, _ := doc.(map[string]any)
			if _, there := object[name]; !there {
				return
			}
			if last {
				object[name] = value
			}
			doc = object[name]
			continue
		}
		list, _ := doc.([]any)
		index, _ := step.Index()
		if index >= len(list) {
			return
		}
		if last {
			list[index] = value
		}
		doc = list[index]
	}
}
