package mcpserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// fit keeps an answer within budget bytes. A list loses whole items from its
// end, any other object its largest members; the answer says what is missing and
// how to get it. Nothing is cut in the middle.
func fit(doc []byte, budget int) ([]byte, error) {
	if len(doc) <= budget {
		return doc, nil
	}
	if doc[0] == '[' {
		// A bare list has no place to say what is missing.
		doc = write([]member{{"items", doc}})
	}
	members, err := split(doc)
	if err != nil {
		return nil, fmt.Errorf("the answer has %d bytes, over the budget of %d: ask for less, or raise --max-output", len(doc), budget)
	}
	if i := largestList(members); i >= 0 {
		if fitted := dropItems(members, i, budget); fitted != nil {
			return fitted, nil
		}
	}
	return dropMembers(members, len(doc), budget)
}

type member struct {
	name  string
	value json.RawMessage
}

func split(doc []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return nil, fmt.Errorf("not an object")
	}
	var members []member
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		members = append(members, member{name.(string), value})
	}
	return members, nil
}

func largestList(members []member) int {
	largest := -1
	for i, m := range members {
		if m.value[0] == '[' && (largest < 0 || len(m.value) > len(members[largest].value)) {
			largest = i
		}
	}
	return largest
}

// dropItems drops items from the end of one list; nil if that is not enough.
func dropItems(members []member, at, budget int) []byte {
	var items []json.RawMessage
	if json.Unmarshal(members[at].value, &items) != nil {
		return nil
	}
	// The rest of the document and the note take their place first.
	room := budget - len(join(members, at, nil, truncation(len(items), len(items), members[at].name)))
	keep := 0
	for keep < len(items) && room >= len(items[keep])+1 {
		room -= len(items[keep]) + 1
		keep++
	}
	if keep == 0 {
		return nil
	}
	return join(members, at, items[:keep], truncation(keep, len(items), members[at].name))
}

func truncation(shown, of int, name string) string {
	return fmt.Sprintf("%d of %d %s are shown: the answer was over the output budget. Ask with per_page %d or less and go on page by page, ask for fewer fields, or raise --max-output", shown, of, name, shown)
}

func join(members []member, at int, items []json.RawMessage, note string) []byte {
	out := slices.Clone(members)
	list := []byte{'['}
	for i, item := range items {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, item...)
	}
	list = append(list, ']')
	out[at].value = list
	return write(append(out, member{"truncated", encode(note)}))
}

func dropMembers(members []member, size, budget int) ([]byte, error) {
	left := slices.Clone(members)
	var dropped []string
	for len(left) > 0 {
		largest := 0
		for i, m := range left {
			if len(m.value) > len(left[largest].value) {
				largest = i
			}
		}
		dropped = append(dropped, fmt.Sprintf("%s (%d bytes)", left[largest].name, len(left[largest].value)))
		left = slices.Delete(left, largest, largest+1)
		note := encode(map[string]any{"left_out": dropped, "why": "the answer was over the output budget: raise --max-output to see them"})
		if out := write(append(slices.Clone(left), member{"truncated", note})); len(out) <= budget {
			return out, nil
		}
	}
	return nil, fmt.Errorf("the answer has %d bytes, over the budget of %d: raise --max-output", size, budget)
}

func write(members []member) []byte {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(encode(m.name))
		out.WriteByte(':')
		out.Write(m.value)
	}
	out.WriteByte('}')
	return out.Bytes()
}
