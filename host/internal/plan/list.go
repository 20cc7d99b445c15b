package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// keyMembers are the members that can identify the items of a list, in order of preference:
// the first counts that every item has and whose values are all different.
var keyMembers = []string{"id", "client_id", "kid", "key", "name", "value", "display_name", "type"}

// labelMembers hold names for users. One is used if every item has it and the values are all different.
var labelMembers = []string{"display_name", "name"}

// item is one item of a list, before, after, or both.
type item struct {
	// was and is are its positions before and after, from 0; -1: it is not in that list.
	was, is int
	// moved: its place among the items that are in both lists is another.
	moved bool
	// changed: its value differs.
	changed bool
	label   string
}

// list is one of the two lists that are compared.
type list struct {
	items, shown []any
	// keys identify the items.
	keys []string
	// byValue: the keys are the items' values.
	byValue bool
	// names are labels that are no members of the items; nil: there are none.
	names []string
}

// lists compares two lists item by item. done is false if that is not possible: the two sides are
// not both lists, redaction changed a list's length, or they hold numbers, which would read like
// positions.
func (d *differ) lists(p place, s sides) (done bool, err error) {
	before, ok := listOf(s.before, s.shownBefore)
	after, also := listOf(s.after, s.shownAfter)
	if !ok || !also || slices.ContainsFunc(slices.Concat(before.items, after.items), literal) {
		return false, nil
	}
	if reflect.DeepEqual(before.items, after.items) {
		return true, nil
	}
	bound := p.field == "bindings" && bindings(&before, &after)
	if !bound && !keyed(&before, &after) {
		before.keyByValue()
		after.keyByValue()
	}
	items := align(before, after)
	label(items, before, after)
	shown := make([]sides, len(items))
	for i := range items {
		shown[i] = itemSides(items[i], before, after)
		if bound {
			shown[i] = d.settings(shown[i])
		}
		items[i].changed = items[i].was >= 0 && items[i].is >= 0 && !reflect.DeepEqual(shown[i].before, shown[i].after)
	}
	d.arrangement(p, items, shown)
	for i, one := range items {
		if plain(shown[i].before) && plain(shown[i].after) {
			continue // the arrangement shows its whole value
		}
		if err := d.item(p, one, shown[i]); err != nil {
			return true, err
		}
	}
	return true, nil
}

// listOf is a list with its items as they may be shown.
func listOf(value, shown any) (list, bool) {
	items, ok := value.([]any)
	shownItems, also := shown.([]any)
	return list{items: items, shown: shownItems}, ok && also && len(items) == len(shownItems)
}

func itemSides(one item, before, after list) sides {
	s := sides{absent{}, absent{}, absent{}, absent{}}
	if one.was >= 0 {
		s.before, s.shownBefore = before.items[one.was], before.shown[one.was]
	}
	if one.is >= 0 {
		s.after, s.shownAfter = after.items[one.is], after.shown[one.is]
	}
	return s
}

// item compares an item with its value before. A request that leaves out the times that Auth0
// adds to an item does not remove them.
func (d *differ) item(p place, one item, s sides) error {
	from := len(d.found)
	name := place{p.field + "[" + one.name() + "]", p.below(strconv.Itoa(one.is))}
	if err := d.compare(name, s); err != nil || one.is < 0 {
		return err
	}
	for _, member := range []string{"created_at", changedAt} {
		field := name.member(member).field
		own := slices.IndexFunc(d.found[from:], func(f Difference) bool { return f.Field == field && f.After == nil })
		if own >= 0 {
			d.found = slices.Delete(d.found, from+own, from+own+1)
		}
	}
	return nil
}

// plain reports whether a value is neither an object nor a list.
func plain(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// literal reports whether a value is a number, a boolean or null.
func literal(value any) bool {
	_, text := value.(string)
	return plain(value) && !text
}

// keyed takes the values of a member for keys, the same member in both lists; false if none can be.
func keyed(before, after *list) bool {
	for _, name := range keyMembers {
		was, ok := distinct(before.items, name)
		is, also := distinct(after.items, name)
		if ok && also {
			before.keys, after.keys = was, is
			return true
		}
	}
	return false
}

// distinct are the values of a member of all items; false unless every item has one and they differ.
func distinct(items []any, name string) ([]string, bool) {
	values := make([]string, len(items))
	seen := map[string]bool{}
	for i, one := range items {
		object, _ := one.(map[string]any)
		switch value := object[name].(type) {
		case string:
			values[i] = encoded(value)
		case json.Number:
			values[i] = value.String()
		default:
			return nil, false
		}
		if seen[values[i]] {
			return nil, false
		}
		seen[values[i]] = true
	}
	return values, true
}

// keyByValue takes the items' values for keys.
func (l *list) keyByValue() {
	l.byValue = true
	l.keys = make([]string, len(l.items))
	for i, one := range l.items {
		l.keys[i] = encoded(one)
	}
	l.number()
}

// number makes keys unique: equal ones are counted.
func (l *list) number() {
	count := map[string]int{}
	for i, key := range l.keys {
		if count[key]++; count[key] > 1 {
			l.keys[i] = fmt.Sprint(key, "\x00", count[key])
		}
	}
}

// align pairs the items of two lists by their keys. The result is in the order of the second list;
// a removed item comes before the item that followed it.
func align(before, after list) []item {
	at := make(map[string]int, len(before.keys))
	for i, key := range before.keys {
		at[key] = i
	}
	items := make([]item, len(after.keys))
	kept := map[int]bool{}
	for i, key := range after.keys {
		items[i] = item{was: -1, is: i}
		if was, ok := at[key]; ok {
			items[i].was, kept[was] = was, true
		}
	}
	stay := inOrder(items)
	for i := range items {
		items[i].moved = items[i].was >= 0 && !stay[i]
	}
	var all, added []item
	next := 0
	gone := func(end int) []item {
		var gap []item
		for ; next < end; next++ {
			if !kept[next] {
				gap = append(gap, item{was: next, is: -1})
			}
		}
		return gap
	}
	for i, one := range items {
		if !stay[i] {
			added = append(added, one)
			continue
		}
		all = append(append(all, matched(gone(one.was), added, before, after)...), one)
		added, next = nil, one.was+1
	}
	return append(all, matched(gone(len(before.keys)), added, before, after)...)
}

// matched are the items between two that keep their places. Objects and lists without a key member
// that were replaced by as many others are taken for the same items with other values.
func matched(gone, others []item, before, after list) []item {
	same := before.byValue && len(gone) == len(others)
	for i := 0; same && i < len(gone); i++ {
		same = others[i].was < 0 && !plain(before.items[gone[i].was]) && !plain(after.items[others[i].is])
	}
	if !same {
		return append(gone, others...)
	}
	for i := range others {
		others[i].was = gone[i].was
	}
	return others
}

// inOrder are the items that keep their places: a longest sequence whose old positions rise.
func inOrder(items []item) map[int]bool {
	// ends[n] is the item with the lowest old position that a rising sequence of n+1 items ends with.
	var ends []int
	prior := make([]int, len(items))
	for i, one := range items {
		if one.was < 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(ends, one.was, func(end, was int) int { return cmp.Compare(items[end].was, was) })
		prior[i] = -1
		if at > 0 {
			prior[i] = ends[at-1]
		}
		if at == len(ends) {
			ends = append(ends, i)
		}
		ends[at] = i
	}
	stay := map[int]bool{}
	if len(ends) > 0 {
		for i := ends[len(ends)-1]; i >= 0; i = prior[i] {
			stay[i] = true
		}
	}
	return stay
}

// label gives the items names for users, or else their keys. If one is hidden or two are equal,
// no item has a label.
func label(items []item, before, after list) {
	given := func(was, is []string) bool {
		return labelled(items, func(one item) (string, bool) {
			if one.is < 0 {
				return was[one.was], true
			}
			return is[one.is], true
		})
	}
	if len(before.names)+len(after.names) > 0 {
		if !given(before.names, after.names) {
			given(before.keys, after.keys)
		}
		return
	}
	for _, name := range append(slices.Clone(labelMembers), keyMembers...) {
		if labelled(items, func(one item) (string, bool) {
			s := itemSides(one, before, after)
			value, shown := s.after, s.shownAfter
			if one.is < 0 {
				value, shown = s.before, s.shownBefore
			}
			text := textOf(value, name)
			return text, text == textOf(shown, name)
		}) {
			return
		}
	}
}

// labelled gives the items labels, if every item has one and they differ.
func labelled(items []item, of func(item) (label string, ok bool)) bool {
	labels, seen := make([]string, len(items)), map[string]bool{}
	for i, one := range items {
		text, ok := of(one)
		if !ok || text == "" || seen[text] {
			return false
		}
		labels[i], seen[text] = text, true
	}
	for i := range items {
		items[i].label = labels[i]
	}
	return true
}

// textOf is a member that is a string; "" if there is none.
func textOf(value any, name string) string {
	object, _ := value.(map[string]any)
	text, _ := object[name].(string)
	return text
}

// name is how a field names an item.
func (one item) name() string {
	switch {
	case one.label == "" && one.is < 0:
		return fmt.Sprintf("#%d before", one.was+1)
	case one.label == "":
		return fmt.Sprintf("#%d", one.is+1)
	}
	return printed(one.label)
}

// plainLabel is a text that cannot be read as anything else in a list of items: it begins with a
// letter, and holds no comma, bracket or quotation mark.
var plainLabel = lazily(`^[\p{L}$_][\p{L}\p{M}\p{N}$_.:/@|?&=%*~ -]*$`)

func printed(text string) string {
	if plainLabel().MatchString(text) && !strings.HasSuffix(text, " ") {
		return text
	}
	return encoded(text)
}

// encoded is a decoded value as JSON; that cannot fail.
func encoded(value any) string {
	doc, _ := encode(value)
	return string(doc)
}

// longRun is the length from which a run of unchanged items is counted instead of named.
const longRun = 4

// arrangement adds the list of items, if some are new, removed or moved.
func (d *differ) arrangement(p place, items []item, shown []sides) {
	one := Difference{Field: p.field}
	var parts []string
	other := false
	for i := 0; i < len(items); i++ {
		end := i
		for end < len(items) && items[end].stays() {
			end++
		}
		if end-i >= longRun {
			parts = append(parts, fmt.Sprintf("%d–%d unchanged", items[i].is+1, items[end-1].is+1))
			i = end - 1
			continue
		}
		other = other || items[i].was < 0 || items[i].is < 0 || items[i].moved
		parts = append(parts, items[i].arranged(shown[i]))
		if items[i].was < 0 && plain(shown[i].after) {
			one.Places = append(one.Places, p.below(strconv.Itoa(items[i].is)))
		}
	}
	if other {
		one.Items = strings.Join(parts, ", ")
		d.found = append(d.found, one)
	}
}

// stays reports whether an item is unchanged and not moved.
func (one item) stays() bool { return one.was >= 0 && one.is >= 0 && !one.moved && !one.changed }

// arranged is an item in a list of items: "+ 3 Render form", "2 Add roles (was 3)".
func (one item) arranged(s sides) string {
	text := visible(s)
	if one.label != "" {
		text = printed(one.label)
	}
	if text != "" {
		text = " " + text
	}
	switch {
	case one.is < 0:
		return fmt.Sprintf("-%s (was %d)", text, one.was+1)
	case one.was < 0:
		return fmt.Sprintf("+ %d%s", one.is+1, text)
	}
	var notes []string
	switch {
	case one.moved && one.was == one.is: // others have changed places around it
		notes = append(notes, "moved")
	case one.moved:
		notes = append(notes, fmt.Sprintf("was %d", one.was+1))
	}
	if one.changed {
		notes = append(notes, "changed")
	}
	if notes != nil {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return fmt.Sprintf("%d%s", one.is+1, text)
}

// visible is a string as it may be shown; "" for any other value.
func visible(s sides) string {
	value := s.shownAfter
	if value == (absent{}) {
		value = s.shownBefore
	}
	if text, ok := value.(string); ok {
		return printed(text)
	}
	return ""
}
