package forms

import (
	"encoding/json"
	"fmt"
	"slices"
)

const (
	// endingNode is how a form names its ending.
	endingNode = "$ending"
	// startNode is how faults name the start, which nothing points to.
	startNode = "$start"
)

// graph is the part of a form that says where users go. A member of the wrong type is a
// fault of its node, so that every form can be checked.
type graph struct {
	ID, Name string
	start    node
	nodes    []node
	ending   node
}

// node is a node of a form, its start or its ending.
type node struct {
	// id is how faults name it: its path, if it has no id.
	id, path, kind string
	edges          []edge
	flows          []flowRef
	// fields are the ids of what users fill in.
	fields []string
	// broken are the faults that do not depend on other nodes.
	broken []fault
}

// fault is something that keeps users from getting through a form.
type fault struct {
	// Node is the node's id, $start or $ending.
	Node string `json:"node"`
	// Path is where in the form it is.
	Path    string `json:"path"`
	Problem string `json:"problem"`
}

// edge is a way out of a node.
type edge struct {
	// from is the member that leads on, as faults call it, path where it is.
	from, path string
	// to is a node's id, the ending, or empty.
	to string
	// needed says that it must lead somewhere.
	needed bool
}

// flowRef is a place in a form that runs a flow.
type flowRef struct{ node, path, from, id string }

// leaving are the types of components that lead to the step's next node. The code of a custom
// field can go on by itself, as do a social sign-in and a verifiable credential.
var leaving = []string{"NEXT_BUTTON", "CUSTOM", "SOCIAL", "AUTH0_VERIFIABLE_CREDENTIALS"}

// readGraph reads a form.
func readGraph(raw json.RawMessage) (graph, error) {
	var form map[string]any
	if err := json.Unmarshal(raw, &form); err != nil {
		return graph{}, err
	}
	var g graph
	g.ID, _ = form["id"].(string)
	g.Name, _ = form["name"].(string)
	g.start = node{id: startNode, path: "start"}
	start := g.start.object(form, "start", "start")
	g.start.edges = []edge{g.start.edge(start, "next_node", "start.next_node", "next_node", true)}
	hidden := g.start.list(start, "hidden_fields", "start.hidden_fields")
	g.start.twice("start.hidden_fields", "hidden fields", "key", hidden)

	nodes, ok := form["nodes"].([]any)
	if !ok && form["nodes"] != nil {
		g.start.broken = append(g.start.broken, fault{startNode, "nodes", "is not a list"})
	}
	for i, value := range nodes {
		g.nodes = append(g.nodes, readNode(value, fmt.Sprintf("nodes[%d]", i)))
	}

	g.ending = node{id: endingNode, path: "ending"}
	submit := g.ending.object(g.ending.object(form, "ending", "ending"), "after_submit", "ending.after_submit")
	if submit["flow_id"] != nil {
		g.ending.flow(submit, "ending.after_submit.flow_id", "after_submit.flow_id")
	}
	return g, nil
}

func readNode(value any, path string) node {
	n := node{id: path, path: path}
	object, ok := value.(map[string]any)
	if !ok {
		n.broken = append(n.broken, fault{path, path, "is not an object"})
		return n
	}
	if id := n.text(object, "id", path+".id"); id != "" {
		n.id = id
	} else if n.broken == nil {
		n.broken = append(n.broken, fault{path, path + ".id", "is not set: nothing can lead here"})
	}
	n.kind = n.text(object, "type", path+".type")
	config := n.object(object, "config", path+".config")
	at := path + ".config"
	switch n.kind {
	case "STEP":
		n.step(config, at)
	case "ROUTER":
		rules := n.list(config, "rules", at+".rules")
		n.twice(at+".rules", "rules", "id", rules)
		for i, rule := range rules {
			n.edges = append(n.edges, n.edge(rule, "next_node", fmt.Sprintf("%s.rules[%d].next_node", at, i),
				fmt.Sprintf("next_node of rule %q", rule["id"]), true))
		}
		n.edges = append(n.edges, n.edge(config, "fallback", at+".fallback", "fallback", true))
	case "FLOW":
		n.flow(config, at+".flow_id", "flow_id")
		n.edges = append(n.edges, n.edge(config, "next_node", at+".next_node", "next_node", true))
	default:
		n.edges = append(n.edges, n.edge(config, "next_node", at+".next_node", "next_node", false))
	}
	return n
}

// step reads a STEP's components: the ways out of it are its buttons.
func (n *node) step(config map[string]any, at string) {
	components := n.list(config, "components", at+".components")
	n.twice(at+".components", "components", "id", components)
	leaves, jumps := false, false
	for i, c := range components {
		path := fmt.Sprintf("%s.components[%d]", at, i)
		kind, _ := c["type"].(string)
		id, _ := c["id"].(string)
		leaves = leaves || slices.Contains(leaving, kind)
		if c["category"] == "FIELD" {
			n.fields = append(n.fields, id)
		}
		switch kind {
		case "JUMP_BUTTON":
			jumps = true
			below := n.object(c, "config", path+".config")
			n.edges = append(n.edges, n.edge(below, "next_node", path+".config.next_node",
				fmt.Sprintf("next_node of jump button %q", id), true))
		case "RESEND_BUTTON":
			below := n.object(c, "config", path+".config")
			n.flow(below, path+".config.flow_id", fmt.Sprintf("flow_id of resend button %q", id))
		}
	}
	if !leaves && !jumps {
		n.broken = append(n.broken, fault{n.id, at + ".components",
			"has no NEXT_BUTTON and no JUMP_BUTTON: users cannot leave this step"})
	}
	n.edges = append(n.edges, n.edge(config, "next_node", at+".next_node", "next_node", leaves || !jumps))
}

// text is a member that must be a string; "" if it is null or not there.
func (n *node) text(o map[string]any, name, path string) string {
	text, ok := o[name].(string)
	if !ok && o[name] != nil {
		n.broken = append(n.broken, fault{n.id, path, "is not a string"})
	}
	return text
}

func (n *node) object(o map[string]any, name, path string) map[string]any {
	object, ok := o[name].(map[string]any)
	if !ok && o[name] != nil {
		n.broken = append(n.broken, fault{n.id, path, "is not an object"})
	}
	return object
}

// list is a member that must be a list of objects. Other items are read as empty objects.
func (n *node) list(o map[string]any, name, path string) []map[string]any {
	list, ok := o[name].([]any)
	if !ok && o[name] != nil {
		n.broken = append(n.broken, fault{n.id, path, "is not a list"})
	}
	items := make([]map[string]any, len(list))
	for i, value := range list {
		if items[i], ok = value.(map[string]any); !ok {
			n.broken = append(n.broken, fault{n.id, fmt.Sprintf("%s[%d]", path, i), "is not an object"})
		}
	}
	return items
}

func (n *node) edge(o map[string]any, name, path, from string, needed bool) edge {
	before := len(n.broken)
	to := n.text(o, name, path)
	return edge{from, path, to, needed && len(n.broken) == before}
}

// flow notes a reference to a flow.
func (n *node) flow(o map[string]any, path, from string) {
	before := len(n.broken)
	id := n.text(o, "flow_id", path)
	if len(n.broken) == before {
		n.flows = append(n.flows, flowRef{n.id, path, from, id})
	}
}

// twice finds items of a list with the same identifier, which is the member called name.
func (n *node) twice(path, what, name string, items []map[string]any) {
	count := map[string]int{}
	for i, o := range items {
		id, _ := o[name].(string)
		if count[id]++; count[id] == 2 && id != "" {
			n.broken = append(n.broken, fault{n.id, fmt.Sprintf("%s[%d].%s", path, i, name),
				fmt.Sprintf("several %s have the %s %q", what, name, id)})
		}
	}
}

// flows are all places that run one, in the form's order.
func (g graph) flows() []flowRef {
	var refs []flowRef
	for _, n := range g.nodes {
		refs = append(refs, n.flows...)
	}
	return append(refs, g.ending.flows...)
}

// faults are all that is wrong with the graph, the start first, then node by node.
func (g graph) faults() []fault {
	next, count := map[string][]string{}, map[string]int{endingNode: 1}
	for _, n := range g.nodes {
		count[n.id]++
		for _, e := range n.edges {
			next[n.id] = append(next[n.id], e.to)
		}
	}
	for _, e := range g.start.edges {
		next[startNode] = append(next[startNode], e.to)
	}
	reached, finishing := walk(next, startNode), walk(reverse(next), endingNode)

	faults := append(slices.Clone(g.start.broken), g.startFaults(count, finishing)...)
	started := slices.ContainsFunc(g.start.edges, func(e edge) bool { return count[e.to] > 0 })
	seen := map[string]bool{}
	for _, n := range g.nodes {
		faults = append(faults, n.broken...)
		if count[n.id] > 1 && !seen[n.id] {
			faults = append(faults, fault{n.id, n.path + ".id", fmt.Sprintf("%d nodes have this id", count[n.id])})
		}
		seen[n.id] = true
		own := n.edgeFaults(count)
		faults = append(faults, own...)
		// Without a start every node would be an orphan, and where a node's own
		// way on is broken, that is why the ending is out of reach.
		if started && !reached[n.id] {
			faults = append(faults, fault{n.id, n.path, "orphan: nothing leads here from the start"})
		}
		if len(own)+len(n.broken) == 0 && !finishing[n.id] {
			faults = append(faults, fault{n.id, n.path, "the ending cannot be reached from here"})
		}
	}
	return append(append(faults, g.askedTwice(next)...), g.ending.broken...)
}

func (g graph) startFaults(count map[string]int, finishing map[string]bool) []fault {
	if len(g.nodes) == 0 && !slices.ContainsFunc(g.start.edges, func(e edge) bool { return e.to == endingNode }) {
		return []fault{{startNode, "nodes", "the form has no nodes: users would see nothing"}}
	}
	faults := g.start.edgeFaults(count)
	if len(faults)+len(g.start.broken) == 0 && !finishing[startNode] {
		return []fault{{startNode, "start.next_node", "no way leads from the start to the ending"}}
	}
	return faults
}

func (n node) edgeFaults(count map[string]int) []fault {
	var faults []fault
	for _, e := range n.edges {
		switch {
		case e.to == "" && e.needed:
			faults = append(faults, fault{n.id, e.path, e.from + " is not set: there is no way on"})
		case e.to != "" && count[e.to] == 0:
			faults = append(faults, fault{n.id, e.path, fmt.Sprintf("%s leads to %q, which does not exist", e.from, e.to)})
		}
	}
	return faults
}

// askedTwice are fields with the same id in two steps of one way through the form: the second
// answer overwrites the first. Steps of two branches may share a field.
func (g graph) askedTwice(next map[string][]string) []fault {
	var faults []fault
	first := map[string]node{}
	for _, n := range g.nodes {
		for _, field := range n.fields {
			other, known := first[field]
			if !known {
				first[field] = n
				continue
			}
			if other.id != n.id && field != "" && (walk(next, other.id)[n.id] || walk(next, n.id)[other.id]) {
				faults = append(faults, fault{n.id, n.path, fmt.Sprintf("field %q has the id of a field of %s", field, other.id)})
			}
		}
	}
	return faults
}

// walk is what can be reached from a node, itself included.
func walk(next map[string][]string, from string) map[string]bool {
	reached, queue := map[string]bool{from: true}, []string{from}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, to := range next[at] {
			if !reached[to] {
				reached[to] = true
				queue = append(queue, to)
			}
		}
	}
	return reached
}

func reverse(next map[string][]string) map[string][]string {
	back := map[string][]string{}
	for from, all := range next {
		for _, to := range all {
			back[to] = append(back[to], from)
		}
	}
	return back
}
