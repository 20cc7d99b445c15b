package clients

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/tailscale/hujson"
)

// decoders are independent of the documents that are tested: hujson's own way from
// JSON with comments to JSON, and go-toml's.
var decoders = map[syntax]func([]byte) (map[string]any, error){
	jsonSyntax: func(data []byte) (tree map[string]any, err error) {
		// hujson wants a line end behind a comment.
		data, err = hujson.Standardize(append(bytes.Clone(data), '\n'))
		if err != nil {
			return nil, err
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		return tree, dec.Decode(&tree)
	},
	tomlSyntax: func(data []byte) (tree map[string]any, err error) {
		return tree, toml.Unmarshal(data, &tree)
	},
}

// fuzzEdits adds our entry to whatever comes in, and takes it out again: either an
// error, or a document that means the same but for the entry.
func fuzzEdits(t *testing.T, c Client, in []byte) {
	before := bytes.Clone(in)
	decode := decoders[c.syntax]
	body := bytes.TrimPrefix(in, []byte(byteOrderMark))
	doc, err := parse(c, body)
	if err != nil || doc.check(DefaultName) != nil {
		return
	}
	was := servers(doc.tree(), c.key)
	_, differs := was[DefaultName]
	if c.syntax == jsonSyntax {
		differs = differs || was == nil || len(was) == 0 && bytes.ContainsRune(in, '\n')
	}
	added := &Change{Client: c, Name: DefaultName, Before: in, After: in, body: body}
	e := ours()
	e.Env = []Variable{{Name: "XDG_CONFIG_HOME", Value: "/c"}, {Name: "XDG_DATA_HOME", Value: `/d "e"`}}
	fields := e.fields(c.typed)
	edits, err := doc.set(DefaultName, fields)
	if err != nil {
		return
	}
	if err := added.finish(doc, edits, fields); err != nil {
		t.Fatalf("%q: %v", in, err)
	}
	if !bytes.Equal(in, before) {
		t.Fatal("the input was changed")
	}
	if c.syntax == jsonSyntax && json.Valid(body) && !json.Valid(added.After) {
		t.Fatalf("%q was JSON for every client, %q is not", in, added.After)
	}
	old, errOld := decode(body)
	now, errNow := decode(added.After)
	if errOld == nil {
		if errNow != nil {
			t.Fatalf("%q became %q: %v", in, added.After, errNow)
		}
		entry, _ := servers(now, c.key)[DefaultName].(map[string]any)
		want := map[string]any{}
		for _, f := range fields {
			f.put(want)
		}
		for key, value := range want {
			got := entry[key]
			if env, ok := got.(map[string]any); ok { // it may have others
				got = map[string]any{"XDG_CONFIG_HOME": env["XDG_CONFIG_HOME"], "XDG_DATA_HOME": env["XDG_DATA_HOME"]}
			}
			if !equal(got, value) {
				t.Fatalf("%q became %q, which has %s %v", in, added.After, key, got)
			}
		}
		if !equal(without(old, c.key), without(now, c.key)) {
			t.Fatalf("%q became %q, which differs in more than the entry", in, added.After)
		}
	}
	fuzzRemove(t, c, body, added.After, differs)
}

func fuzzRemove(t *testing.T, c Client, in, added []byte, differs bool) {
	doc, err := parse(c, added)
	if err != nil {
		t.Fatalf("%q became %q, which is refused: %v", in, added, err)
	}
	removed := &Change{Client: c, Name: DefaultName, Before: added, After: added, body: added}
	edits, err := doc.remove(DefaultName)
	if err == nil {
		err = removed.finish(doc, edits, nil)
	}
	if err != nil {
		t.Fatalf("%q became %q, from which the entry can't be removed: %v", in, added, err)
	}
	// An entry that was there before is gone now. In JSON a list of servers that was
	// made stays, and white space goes from an empty one, unless the file is one line.
	if !differs && !bytes.Equal(removed.After, in) {
		t.Fatalf("%q became %q and then %q", in, added, removed.After)
	}
}

// without returns a decoded document without our entry, and without the list of
// servers if there is nothing else in it.
func without(tree map[string]any, key string) map[string]any {
	if tree == nil {
		return map[string]any{}
	}
	delete(servers(tree, key), DefaultName)
	if len(servers(tree, key)) == 0 {
		delete(tree, key)
	}
	return tree
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		"", "{}", "// a", "/* a */ {}", "{ \"servers\": {} }", "{\"servers\":{\"x\":{},}, // c\n}",
		"{\"servers\":{\"x\":1 // a,\n}}",
		"{\"servers\":{\"auth0\":{\"type\":\"stdio\",\"a\":[1,2,],},\"b\":0}}", "{\n\t\"servers\": {\n\t\t// a\n\t}\r\n}\r\n",
		"[]", "null", "{\"servers\":[]}",
		"\ufeff{\"servers\":{\"auth0\":{\"command\":\"a\",\"args\":[]}}}", "{\"a\":1e999,\"\\u0073ervers\":{}}",
		"{\"servers\":{\"a\":1/*,*/,/**/}}", "{\"servers\":{\n\"0\": {}/**/}}", "{\"servers\":{ }}",
		"{\"servers\":{\"a\":1,//\n\"auth0\":{}//\n,\"b\":2}}",
	} {
		f.Add([]byte(s))
	}
	client, err := Find("vscode")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in []byte) { fuzzEdits(t, client, in) })
}

func FuzzTOML(f *testing.F) {
	for _, s := range []string{
		"", "# a", "a = 1", "a = 1\r\n", "[mcp_servers]\n", "[mcp_servers.auth0]\ncommand = " +
			"'a'\n[mcp_servers.auth0.env]\na.b = 1", "mcp_servers = {}",
		"mcp_servers.auth0 = {}", "mcp_servers.auth0.args = [\n# a\n]\n", "[[mcp_servers]]", "[mcp_servers]\nauth0.env = " +
			"{ a = nan }\n", "[mcp_servers.auth0]",
		"[mcp_servers]\n\"auth0\" = { args = [1, { b = 2 }], } # c", "a = \"\"\"\n[mcp_servers.auth0]\n\"\"\"",
		"[a]\n\n\n[ mcp_servers . 'auth0' ] # b\n\n[b]", "\ufeff[mcp_servers.x]",
	} {
		f.Add([]byte(s))
	}
	client, err := Find("codex")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in []byte) { fuzzEdits(t, client, in) })
}
