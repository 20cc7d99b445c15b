package forms

import "fmt"

const (
	// endingNode is how a form names its ending.
	endingNode = "$ending"
	// startNode is how faults name the start, which nothing points to.
	startNode = "$start"
)

// graph is the part of a form that says where users go. It is read apart from
// the tools' input types, so that a form with unknown members is checked too.
type graph struct {
	ID     string      `json:"id"`
	Name   string      `json:"name"`
	Start  pointer     `json:"start"`
	Nodes  []graphNode `json:"nodes"`
	Ending struct {
		AfterSubmit pointer `json:"after_submit"`
	} `json:"ending"`
}

// pointer is anything with a way on or a flow; null and a missing member are "".
type pointer struct {
	ID       string `json:"id"`
	NextNode string `json:"next_node"`
	FlowID   string `json:"flow_id"`
}

type graphNode struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Config struct {
		pointer
		Fallback   string    `json:"fallback"`
		Rules      []pointer `json:"rules"`
		Components []struct {
			ID     string  `json:"id"`
			Type   string  `json:"type"`
			Config pointer `json:"config"`
		} `json:"components"`
	} `json:"config"`
}

// fault is something that keeps users from getting through a form.
type fault struct {
	Node    string `json:"node"`
	Problem string `json:"problem"`
}

// edge is a way out of a node.
type edge struct {
	// from is the member that leads on, as the form calls it.
	from string
	// to is a node's id, the ending, or empty.
	to string
	// needed says that it must lead somewhere.
	needed bool
}

// edges are the ways out of a node. A STEP that has only jump buttons is left
// through them.
func (n graphNode) edges() []edge {
	if n.Type == "ROUTER" {
		out := make([]edge, 0, len(n.Config.Rules)+1)
		for _, r := range n.Config.Rules {
			out = append(out, edge{fmt.Sprintf("next_node of rule %q", r.ID), r.NextNode, true})
		}
		return append(out, edge{"fallback", n.Config.Fallback, true})
	}
	var jumps []edge
	for _, c := range n.Config.Components {
		if c.Type == "JUMP_BUTTON" {
			jumps = append(jumps, edge{fmt.Sprintf("next_node of jump button %q", c.ID), c.Config.NextNode, true})
		}
	}
	return append(jumps, edge{"next_node", n.Config.NextNode, len(jumps) == 0})
}

// flowRef is a place in a form that runs a flow.
type flowRef struct{ node, from, id string }

// flows are all of them, in the form's order.
func (g graph) flows() []flowRef {
	var refs []flowRef
	for _, n := range g.Nodes {
		if n.Type == "FLOW" {
			refs = append(refs, flowRef{n.ID, "flow_id", n.Config.FlowID})
		}
		for _, c := range n.Config.Components {
			if c.Type == "RESEND_BUTTON" {
				refs = append(refs, flowRef{n.ID, fmt.Sprintf("flow_id of resend button %q", c.ID), c.Config.FlowID})
			}
		}
	}
	if id := g.Ending.AfterSubmit.FlowID; id != "" {
		refs = append(refs, flowRef{endingNode, "after_submit.flow_id", id})
	}
	return refs
}

// faults are all that is wrong with the graph, the start first, then node by node.
func (g graph) faults() []fault {
	next, count := map[string][]string{}, map[string]int{endingNode: 1}
	for _, n := range g.Nodes {
		count[n.ID]++
		for _, e := range n.edges() {
			next[n.ID] = append(next[n.ID], e.to)
		}
	}
	next[startNode] = []string{g.Start.NextNode}
	reached, finishing := walk(next, startNode), walk(reverse(next), endingNode)

	faults := g.startFaults(count, finishing)
	seen := map[string]bool{}
	for _, n := range g.Nodes {
		if count[n.ID] > 1 && !seen[n.ID] {
			faults = append(faults, fault{n.ID, fmt.Sprintf("%d nodes have this id", count[n.ID])})
		}
		seen[n.ID] = true
		own := edgeFaults(n.ID, n.edges(), count)
		faults = append(faults, own...)
		// Without a start every node would be an orphan, and where a node's own
		// way on is broken, that is why the ending is out of reach.
		if count[g.Start.NextNode] > 0 && !reached[n.ID] {
			faults = append(faults, fault{n.ID, "orphan: nothing leads here from the start"})
		}
		if len(own) == 0 && !finishing[n.ID] {
			faults = append(faults, fault{n.ID, "the ending cannot be reached from here"})
		}
	}
	return faults
}

func (g graph) startFaults(count map[string]int, finishing map[string]bool) []fault {
	if len(g.Nodes) == 0 && g.Start.NextNode != endingNode {
		return []fault{{startNode, "the form has no nodes: users would see nothing"}}
	}
	faults := edgeFaults(startNode, []edge{{"next_node", g.Start.NextNode, true}}, count)
	if len(faults) == 0 && !finishing[startNode] {
		return []fault{{startNode, "no way leads from the start to the ending"}}
	}
	return faults
}

func edgeFaults(id string, edges []edge, count map[string]int) []fault {
	var faults []fault
	for _, e := range edges {
		switch {
		case e.to == "" && e.needed:
			faults = append(faults, fault{id, e.from + " is not set: there is no way on"})
		case e.to != "" && count[e.to] == 0:
			faults = append(faults, fault{id, fmt.Sprintf("%s leads to %q, which does not exist", e.from, e.to)})
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
