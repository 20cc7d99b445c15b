package resource

import (
	"cmp"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// FieldsOf are the arguments that choose an item's members; embed it in the input
// of a list tool.
type FieldsOf struct {
	Fields        []string `json:"fields,omitempty" jsonschema:"Members to show too."`
	IncludeFields *bool    `json:"include_fields,omitempty"`
}

// Excludes reports whether fields are those to leave out: then all others are shown.
func (f FieldsOf) Excludes() bool { return f.IncludeFields != nil && !*f.IncludeFields }

// Project keeps of each item the usual members and those that the caller asked for,
// or all but those; always is kept whatever is said, so that an item can be told
// from the others. The page's note then names the fields that do not exist, with known
// ones like them, and those that no item on the page has. known are the members that
// items can have; nil: not known.
func (f FieldsOf) Project(page sdk.Page, known, usual []string, always ...string) sdk.Page {
	out := make([]sdk.Object, len(page.Items))
	kept := map[string]bool{} // by name, of all names that were found
	for i, item := range page.Items {
		// With room for a member that the tool adds.
		out[i] = make(sdk.Object, 0, 1+min(len(item), len(always)+len(usual)+len(f.Fields)))
		for _, m := range item {
			keep, known := kept[m.Name]
			if !known {
				keep = f.keeps(m.Name, usual, always)
				kept[m.Name] = keep
			}
			if keep {
				out[i] = append(out[i], m)
			}
		}
	}
	var unknown, missing []string
	for _, name := range f.Fields {
		_, found := kept[name]
		switch {
		case found:
		case known != nil && !slices.Contains(known, name):
			unknown = append(unknown, name+like(name, known))
		case !f.Excludes() && len(page.Items) > 0:
			missing = append(missing, name)
		}
	}
	if len(unknown) > 0 {
		page = page.WithNote("unknown fields, ignored: " + strings.Join(unknown, ", "))
	}
	if len(missing) > 0 {
		page = page.WithNote("no item here has: " + strings.Join(missing, ", "))
	}
	page.Items = out
	return page
}

// keeps reports whether Project keeps a member.
func (f FieldsOf) keeps(name string, usual, always []string) bool {
	asked := slices.Contains(f.Fields, name)
	if f.Excludes() {
		return !asked || slices.Contains(always, name)
	}
	return asked || slices.Contains(always, name) || slices.Contains(usual, name)
}

// like is what to say behind an unknown name: up to three known ones that begin like it,
// contain it or are in it, the most alike first. "" if there are none.
func like(name string, known []string) string {
	const few, begins = 3, 3
	var alike []string
	for _, k := range known {
		if commonPrefix(k, name) >= begins || strings.Contains(k, name) || strings.Contains(name, k) {
			alike = append(alike, k)
		}
	}
	if len(alike) == 0 {
		return ""
	}
	slices.SortStableFunc(alike, func(a, b string) int {
		return cmp.Or(cmp.Compare(commonPrefix(b, name), commonPrefix(a, name)), cmp.Compare(apart(a, name), apart(b, name)))
	})
	return " (similar: " + strings.Join(alike[:min(few, len(alike))], ", ") + ")"
}

func commonPrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// apart is how much two texts differ in length.
func apart(a, b string) int { return max(len(a), len(b)) - min(len(a), len(b)) }
