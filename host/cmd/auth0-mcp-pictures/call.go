package main

import (
	"bytes"
	"fmt"
)

// party is a process or a system that a call passes.
type party struct {
	title, about string
	x            int // the middle
}

// arrow is one step of a call, from a party to another.
type arrow struct {
	from, to int // indexes of the parties
	y        int
	text     string
	beneath  string
	class    string
}

const (
	partyWidth  = 210
	partyHeight = 58
	callTop     = 20
	callWidth   = 980
	callRows    = 500
)

func parties() []party {
	return []party{
		{"MCP client", "Claude, Cursor, VS Code …", 125},
		{"host: auth0-mcp", "holds the token", 368},
		{"plugin", "a process without a token", 611},
		{"Auth0", "the tenant's Management API", 854},
	}
}

func steps() []arrow {
	const client, host, plugin, tenant = 0, 1, 2, 3
	return []arrow{
		{client, host, 122, "1 call of a tool", "arguments are checked", "step"},
		{host, plugin, 168, "2 call", "started when it is first needed", "step"},
		{plugin, host, 214, "3 request, no token", "compared with what the tool declares", "step"},
		{plugin, host, 255, "anything else is refused", "", "refused"},
		{host, tenant, 296, "4 request, with the token", "a change is recorded before, and approved if needed", "step"},
		{tenant, host, 346, "5 answer", "", "answer"},
		{host, plugin, 378, "6 answer, no token", "", "answer"},
		{plugin, host, 410, "7 result", "", "answer"},
		{host, client, 442, "8 result", "secrets are hidden", "answer"},
	}
}

// drawCall is the walk of one tool call. Its colours follow the reader's scheme.
func drawCall() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n",
		callWidth, callRows, callWidth, callRows)
	b.WriteString(callStyle)
	fmt.Fprintf(&b, `<rect class="page" width="%d" height="%d" rx="8"/>`+"\n", callWidth, callRows)
	for _, one := range parties() {
		fmt.Fprintf(&b, `<line class="life" x1="%d" y1="%d" x2="%d" y2="%d"/>`+"\n", one.x, callTop+partyHeight, one.x,
			callRows-callTop)
		fmt.Fprintf(&b, `<rect class="box" x="%d" y="%d" width="%d" height="%d" rx="8"/>`+"\n", one.x-partyWidth/2, callTop,
			partyWidth, partyHeight)
		fmt.Fprintf(&b, `<text class="title" x="%d" y="%d">%s</text>`+"\n", one.x, callTop+25, escaped(one.title))
		fmt.Fprintf(&b, `<text class="note" x="%d" y="%d">%s</text>`+"\n", one.x, callTop+46, escaped(one.about))
	}
	for _, one := range steps() {
		one.draw(&b)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (a arrow) draw(b *bytes.Buffer) {
	all := parties()
	from, to := all[a.from].x, all[a.to].x
	if a.class != "refused" {
		fmt.Fprintf(b, `<line class="%s" x1="%d" y1="%d" x2="%d" y2="%d" marker-end="url(#%s)"/>`+"\n", a.class, from, a.y,
			to, a.y, a.class)
	}
	fmt.Fprintf(b, `<text class="label %s-text" x="%d" y="%d">%s</text>`+"\n", a.class, (from+to)/2, a.y-7,
		escaped(a.text))
	if a.beneath != "" {
		fmt.Fprintf(b, `<text class="note" x="%d" y="%d">%s</text>`+"\n", (from+to)/2, a.y+16, escaped(a.beneath))
	}
}

const callStyle = `<title>The walk of one tool call</title>
<desc>An MCP client calls a tool of the host. The host checks the arguments and passes the call to the plugin, which has
no token. The plugin's request goes back to the host, which compares it with what the tool declares, adds the token and
sends it to Auth0. The answer goes the same way back, and the host hides secrets in the result.</desc>
<style>
text { font-family: system-ui, -apple-system, "Segoe UI", sans-serif; text-anchor: middle; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.label { font-size: 13px }
.note { font-size: 12px; fill: #59636e }
.box { fill: #f6f8fa; stroke: #818b98; stroke-width: 1.5 }
.page { fill: #ffffff }
.life { stroke: #818b98; stroke-dasharray: 2 4 }
.step { stroke: #0969da; stroke-width: 2 }
.answer { stroke: #1a7f37; stroke-width: 2; stroke-dasharray: 6 3 }
.refused-text { fill: #cf222e; font-weight: 600 }
#step path { fill: #0969da }
#answer path { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .note { fill: #9198a1 }
  .page { fill: #0d1117 }
  .box { fill: #151b23; stroke: #656c76 }
  .life { stroke: #656c76 }
  .step { stroke: #4493f8 }
  .answer { stroke: #3fb950 }
  .refused-text { fill: #f85149 }
  #step path { fill: #4493f8 }
  #answer path { fill: #3fb950 }
}
</style>
<defs>
<marker id="step" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="5" markerHeight="5" orient="auto">
<path d="M0 0L8 4L0 8z"/></marker>
<marker id="answer" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="5" markerHeight="5" orient="auto">
<path d="M0 0L8 4L0 8z"/></marker>
</defs>
`
