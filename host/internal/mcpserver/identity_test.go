package mcpserver

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// Each protocol version gets the members of the server's and the tools' names that it has, and no others.
func TestNamesByProtocolVersion(t *testing.T) {
	t.Parallel()
	for version, has := range map[string]struct{ server, tool string }{
		"2024-11-05": {"name version", "annotations description inputSchema name"},
		"2025-03-26": {"name version", "annotations description inputSchema name"},
		"2025-06-18": {"name title version", "annotations description inputSchema name title"},
		"2025-11-25": {"icons name title version websiteUrl", "annotations description inputSchema name title"},
	} {
		c := dial(t, catalog.Filter{}, func(*Config) {}, "ok")
		begun := c.request("initialize",
			`{"protocolVersion":"`+version+`","capabilities":{},"clientInfo":{"name":"t","version":"1"}}`)
		if got := names(t, begun.Result, "serverInfo"); got != has.server {
			t.Errorf("%s: the server has %s", version, got)
		}
		checkTitle(t, version, c.request("tools/list", `{}`).Result, has.tool)
	}
	c := dial(t, catalog.Filter{}, func(*Config) {}, "ok")
	const self = "io.modelcontextprotocol/serverInfo"
	discovered := c.request("server/discover", `{`+modern+`}`).Result
	if got := names(t, discovered, "_meta", self); got != "icons name title version websiteUrl" {
		t.Errorf("server/discover: the server has %s", got)
	}
	listed := c.request("tools/list", `{`+modern+`}`).Result
	if got := names(t, listed, "_meta", self); got != "name version" {
		t.Errorf("tools/list: the server has %s: the icon is sent once", got)
	}
	checkTitle(t, "2026-07-28", listed, "annotations description inputSchema name title")
}

const modern = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
	`"io.modelcontextprotocol/clientCapabilities":{}}`

func checkTitle(t *testing.T, version string, listed json.RawMessage, members string) {
	t.Helper()
	var list struct{ Tools []json.RawMessage }
	if err := json.Unmarshal(listed, &list); err != nil {
		t.Fatal(err)
	}
	if got := names(t, list.Tools[0]); got != members {
		t.Errorf("%s: a tool has %s", version, got)
	}
	if count := strings.Count(string(list.Tools[0]), `"title":`); count != 1 {
		t.Errorf("%s: %d titles in %s", version, count, list.Tools[0])
	}
}

// names are the sorted names of the members of an object below a path of members.
func names(t *testing.T, doc json.RawMessage, path ...string) string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(doc, &members); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	if len(path) > 0 {
		return names(t, members[path[0]], path[1:]...)
	}
	return strings.Join(slices.Sorted(maps.Keys(members)), " ")
}

func TestIcon(t *testing.T) {
	t.Parallel()
	src := identity("1", "2025-11-25").Icons[0].Src
	data, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(src, "data:image/png;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	if picture, err := png.Decode(bytes.NewReader(data)); err != nil || picture.Bounds().Dx() != 64 ||
		picture.Bounds().Dy() != 64 || len(src) > 1000 {
		t.Errorf("icon of %d bytes: %v", len(src), err)
	}
}

// A client may keep the list only if it cannot change: no client of this protocol version hears of changes.
func TestCacheHints(t *testing.T) {
	t.Parallel()
	for _, changes := range []bool{false, true} {
		c := dial(t, catalog.Filter{}, func(cfg *Config) { cfg.Reloads = changes }, "ok")
		for _, method := range []string{"tools/list", "server/discover"} {
			var hints struct {
				TTLMs      *int64
				CacheScope string
			}
			if err := json.Unmarshal(c.request(method, `{`+modern+`}`).Result, &hints); err != nil {
				t.Fatal(err)
			}
			if hints.CacheScope != "private" || hints.TTLMs == nil || (*hints.TTLMs == 0) != changes {
				t.Errorf("%s, tools that change %v: %+v", method, changes, hints)
			}
		}
	}
}
