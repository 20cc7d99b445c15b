package toolcall

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// fit keeps an answer within budget bytes. A page of a list becomes a smaller page,
// from which paging goes on without a gap; of anything else whole members are left
// out, never a part of one: what is read incompletely must not look complete to
// a caller that writes it back. The answer says what is missing and how to get it.
func fit(doc []byte, budget int) ([]byte, error) {
	if len(doc) <= budget {
		return doc, nil
	}
	tooLong := fmt.Errorf("the answer has %d bytes, over the budget of %d: ask for less, or raise --max-output", len(doc),
		budget)
	if doc[0] == '[' {
		// A bare list has no place to say what is missing.
		doc = jsondoc.Object([]jsondoc.Field{{Name: "items", Value: doc}})
		members, err := split(doc)
		if err != nil {
			return nil, tooLong
		}
		if fitted := firstItems(members, 0, budget); fitted != nil {
			return fitted, nil
		}
		return nil, tooLong
	}
	members, err := split(doc)
	if err != nil {
		return nil, tooLong
	}
	if find(members, "next_from") >= 0 {
		// A cursor belongs to the last item: without the item it skips what follows.
		return nil, fmt.Errorf("%w. Give a smaller take", tooLong)
	}
	if fitted := smallerPage(members, budget); fitted != nil {
		return fitted, nil
	}
	return dropMembers(members, len(doc), budget)
}

// bounded keeps the texts of an error, which quote what plugins and the tenant say,
// within the budget. Its beginning says what went wrong, its end what was changed and
// what to do. They are redacted already: a cut splits no secret.
func (r *Runner) bounded(result Result) Result {
	if !result.IsError {
		return result
	}
	for i, text := range result.Texts {
		if len(text) > r.cfg.MaxOutput {
			result.Texts[i] = middleOut(text, r.cfg.MaxOutput)
		}
	}
	return result
}

// middleOut is a text without its middle, if it is over a number of bytes, of which
// there must be a few hundred.
func middleOut(text string, most int) string {
	note := fmt.Sprintf(" … (the error has %d bytes, over the output budget: its middle is left out) … ", len(text))
	end := most / 4
	start := max(0, most-end-len(note))
	return strings.ToValidUTF8(text[:start], "") + note + strings.ToValidUTF8(text[len(text)-end:], "")
}

func split(doc []byte) ([]jsondoc.Field, error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	var members []jsondoc.Field
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		members = append(members, jsondoc.Field{Name: name.(string), Value: value})
	}
	return members, nil
}

func find(members []jsondoc.Field, name string) int {
	return slices.IndexFunc(members, func(m jsondoc.Field) bool { return m.Name == name })
}

// pagination is that of every list: sdk.Page.
type pagination struct {
	Page       int  `json:"page"`
	PerPage    int  `json:"per_page"`
	TotalPages *int `json:"total_pages"`
	HasNext    bool `json:"has_next"`
}

// smallerPage turns a page into one with fewer items that begins at the same place;
// nil if the document is no page.
func smallerPage(members []jsondoc.Field, budget int) []byte {
	at, count, paging := largestList(members), find(members, "count"), find(members, "pagination")
	var p pagination
	if at < 0 || count < 0 || paging < 0 || json.Unmarshal(members[paging].Value, &p) != nil || p.PerPage < 1 {
		return nil
	}
	var items []json.RawMessage
	if json.Unmarshal(members[at].Value, &items) != nil || len(items) == 0 {
		return nil
	}
	name, offset := members[at].Name, p.Page*p.PerPage
	var total *int
	if i := find(members, "total"); i >= 0 {
		_ = json.Unmarshal(members[i].Value, &total) // not a number: unknown
	}
	size, length := min(len(items), p.PerPage), 0
	for _, item := range items[:size] {
		length += len(item)
	}
	for ; size > 0; length, size = length-len(items[size-1]), size-1 {
		// The size must divide the offset, or the page would not begin here.
		if length > budget || size < len(items) && offset%size != 0 {
			continue
		}
		if out := page(members, at, items[:size], p, total, offset, len(items), name); len(out) <= budget {
			return out
		}
	}
	// Not even one: what is largest in it goes.
	if one := smallerItem(items[0],
		budget-len(page(members, at, nil, pagination{PerPage: 1}, total, offset, len(items), name))); one != nil {
		return page(members, at, []json.RawMessage{one}, p, total, offset, len(items), name)
	}
	return nil
}

// page writes the members with items in place of the list.
func page(members []jsondoc.Field, at int, items []json.RawMessage, p pagination, total *int, offset, of int,
	name string) []byte {
	shown := max(len(items), 1)
	next := pagination{Page: offset / shown, PerPage: shown, HasNext: p.HasNext || of > len(items)}
	if total != nil {
		pages := (*total + shown - 1) / shown
		next.TotalPages = &pages
	}
	out := slices.Clone(members)
	out[at].Value = jsondoc.Array(items)
	out[find(out, "count")].Value = encode(len(items))
	out[find(out, "pagination")].Value = encode(next)
	return jsondoc.Object(append(out, truncated(fmt.Sprintf("%d of %d %s", of-len(items), of, name),
		fmt.Sprintf("the answer was over the output budget, so the page is smaller: go on with page %d, per_page %d, or "+
			"ask for fewer fields", next.Page+1, shown))))
}

// smallerItem leaves the largest members of an item out until it fits.
func smallerItem(item json.RawMessage, budget int) json.RawMessage {
	members, err := split(item)
	if err != nil {
		return nil
	}
	var dropped []string
	for len(members) > 0 {
		i := largest(members)
		dropped = append(dropped, size(members[i]))
		members = slices.Delete(members, i, i+1)
		if out := jsondoc.Object(append(slices.Clone(members),
			jsondoc.Field{Name: "left_out", Value: encode(strings.Join(dropped, ", "))})); len(out) <= budget {
			return out
		}
	}
	return nil
}

// firstItems shortens a list that has no pages.
func firstItems(members []jsondoc.Field, at, budget int) []byte {
	var items []json.RawMessage
	if json.Unmarshal(members[at].Value, &items) != nil {
		return nil
	}
	for shown := len(items) - 1; shown > 0; shown-- {
		out := slices.Clone(members)
		out[at].Value = jsondoc.Array(items[:shown])
		doc := jsondoc.Object(append(out, truncated(
			fmt.Sprintf("%d of %d %s", len(items)-shown, len(items), members[at].Name),
			"the answer was over the output budget: narrow the question, or raise --max-output")))
		if len(doc) <= budget {
			return doc
		}
		// Most of what is over goes at once: a list may have many thousand items.
		if over := len(doc) - budget; shown > 1 {
			shown -= min(shown-2, over*shown/(2*len(doc)))
		}
	}
	return nil
}

// dropMembers leaves the largest members out until the rest fits.
func dropMembers(members []jsondoc.Field, length, budget int) ([]byte, error) {
	left := slices.Clone(members)
	var dropped []string
	for len(left) > 0 {
		i := largest(left)
		dropped = append(dropped, size(left[i]))
		left = slices.Delete(left, i, i+1)
		note := truncated(strings.Join(dropped, ", "), "the answer was over the output budget: raise --max-output to see "+
			"it whole. What is left out is still there: an update that does not name it keeps it")
		if out := jsondoc.Object(append(slices.Clone(left), note)); len(out) <= budget {
			return out, nil
		}
	}
	return nil, fmt.Errorf("the answer has %d bytes, over the budget of %d: raise --max-output", length, budget)
}

// truncated is the one form in which an answer says that it is not whole.
func truncated(leftOut, how string) jsondoc.Field {
	return jsondoc.Field{Name: "truncated", Value: encode(struct {
		LeftOut string `json:"left_out"`
		How     string `json:"how"`
	}{leftOut, how})}
}

func size(m jsondoc.Field) string { return fmt.Sprintf("%s (%d bytes)", m.Name, len(m.Value)) }

func largest(members []jsondoc.Field) int {
	at := 0
	for i, m := range members {
		if len(m.Value) > len(members[at].Value) {
			at = i
		}
	}
	return at
}

func largestList(members []jsondoc.Field) int {
	at := -1
	for i, m := range members {
		if m.Value[0] == '[' && (at < 0 || len(m.Value) > len(members[at].Value)) {
			at = i
		}
	}
	return at
}

func encode(v any) json.RawMessage {
	out, err := jsondoc.Encode(v)
	if err != nil {
		return json.RawMessage("null") // what is encoded here always encodes
	}
	return out
}
