package forms

import (
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	const (
		toA   = `"start":{"next_node":"a"},`
		aEnds = `{"id":"a","type":"STEP","config":{"next_node":"$ending","components":[{"id":"n","type":"NEXT_BUTTON"}]}}`
	)
	for name, tt := range map[string]struct{ form, want string }{
		"one step":           {toA + `"nodes":[` + aEnds + `]`, ""},
		"straight to ending": {`"start":{"next_node":"$ending"}`, ""},
		"nothing":            {``, "$start: the form has no nodes: users would see nothing"},
		"nulls": {`"start":null,"nodes":null,"ending":null`,
			"$start: the form has no nodes: users would see nothing"},
		"no nodes, a start": {toA + `"nodes":[]`, "$start: the form has no nodes: users would see nothing"},
		"no start":          {`"nodes":[` + aEnds + `]`, "$start: next_node is not set: there is no way on"},
		"start to nowhere": {`"start":{"next_node":"x"},"nodes":[` + aEnds + `]`,
			`$start: next_node leads to "x", which does not exist`},
		"start passes by": {`"start":{"next_node":"$ending"},"nodes":[` + aEnds + `]`,
			"a: orphan: nothing leads here from the start"},
		"orphan": {toA + `"nodes":[` + aEnds +
			`,{"id":"b","type":"STEP","config":{"next_node":"a","components":[{"id":"n","type":"NEXT_BUTTON"}]}}]`,
			"b: orphan: nothing leads here from the start"},
		"twins": {toA + `"nodes":[` + aEnds + `,` + aEnds + `]`, "a: 2 nodes have this id"},
		"step without a way on": {toA +
			`"nodes":[{"id":"a","type":"STEP","config":{"components":[{"id":"n","type":"NEXT_BUTTON"}]}}]`,
			"$start: no way leads from the start to the ending\na: next_node is not set: there is no way on"},
		"flow without a way on": {toA + `"nodes":[{"id":"a","type":"FLOW","config":{"flow_id":"af_1","next_node":null}}]`,
			"$start: no way leads from the start to the ending\na: next_node is not set: there is no way on"},
		"jump button only": {toA +
			`"nodes":[{"id":"a","type":"STEP","config":{"components":[{"id":"j","type":"JUMP_BUTTON",` +
			`"config":{"next_node":"$ending"}}]}}]`, ""},
		"jump to nowhere": {toA +
			`"nodes":[{"id":"a","type":"STEP","config":{"next_node":"$ending","components":[{"id":"j","type":"JUMP_BUTTON",` +
			`"config":{"next_node":"x"}}]}}]`,
			`a: next_node of jump button "j" leads to "x", which does not exist`},
		"jump unset": {toA + `"nodes":[{"id":"a","type":"STEP","config":{"next_node":"$ending","components":[{"id":"j",` +
			`"type":"JUMP_BUTTON","config":{}}]}}]`,
			`a: next_node of jump button "j" is not set: there is no way on`},
		"router": {toA + `"nodes":[{"id":"a","type":"ROUTER","config":{"rules":[{"id":"r","next_node":"b"}],"fallback":"$ending"}},
			{"id":"b","type":"STEP","config":{"next_node":"$ending","components":[{"id":"n","type":"NEXT_BUTTON"}]}}]`, ""},
		"router without fallback": {toA +
			`"nodes":[{"id":"a","type":"ROUTER","config":{"rules":[{"id":"r","next_node":"$ending"}]}}]`,
			"a: fallback is not set: there is no way on"},
		"rules to nowhere": {toA +
			`"nodes":[{"id":"a","type":"ROUTER","config":{"rules":[{"id":"r","next_node":"x"},{"id":"s"}],` +
			`"fallback":"$ending"}}]`,
			"a: next_node of rule \"r\" leads to \"x\", which does not exist\na: next_node of rule \"s\" is not set: there " +
				"is no way on"},
		"fallback to nowhere": {toA + `"nodes":[{"id":"a","type":"ROUTER","config":{"fallback":"x"}}]`,
			"$start: no way leads from the start to the ending\n" + `a: fallback leads to "x", which does not exist`},
		"a circle": {toA + `"nodes":[{"id":"a","type":"STEP","config":{"next_node":"b","components":[{"id":"n",` +
			`"type":"NEXT_BUTTON"}]}},{"id":"b","type":"STEP","config":{"next_node":"a","components":[{"id":"n",` +
			`"type":"NEXT_BUTTON"}]}}]`,
			"$start: no way leads from the start to the ending\na: the ending cannot be reached from here\nb: the ending " +
				"cannot be reached from here"},
		"a circle with a way out": {toA +
			`"nodes":[{"id":"a","type":"STEP","config":{"next_node":"b","components":[{"id":"n","type":"NEXT_BUTTON"}]}},
			{"id":"b","type":"ROUTER","config":{"rules":[{"id":"r","next_node":"a"}],"fallback":"$ending"}}]`, ""},
		"a trap on one branch": {toA +
			`"nodes":[{"id":"a","type":"ROUTER","config":{"rules":[{"id":"r","next_node":"b"}],"fallback":"$ending"}},
			{"id":"b","type":"STEP","config":{"next_node":"b","components":[{"id":"n","type":"NEXT_BUTTON"}]}}]`, "b: the ending cannot be reached from here"},
		"unknown members": {toA +
			`"tags":[1],"nodes":[{"id":"a","type":"STEP","new":{"x":[]},"config":{"other":7,"next_node":"$ending",` +
			`"components":[{"id":"n","type":"NEXT_BUTTON"}]}}]`, ""},
	} {
		g, err := readGraph([]byte("{" + strings.TrimSuffix(tt.form, ",") + "}"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, f := range g.faults() {
			got = append(got, f.Node+": "+f.Problem)
		}
		if joined := strings.Join(got, "\n"); joined != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, joined, tt.want)
		}
	}
}
