package clients

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// addJSON plans our entry into a Cursor file with that content.
func addJSON(t testing.TB, in string) string {
	t.Helper()
	p, _ := fileOf(t, "cursor", in)
	change, err := Plan(p, Target{Client: "cursor"}, ours(), true)
	if err != nil {
		t.Fatal(err)
	}
	return string(change.After)
}

func TestJSONAdd(t *testing.T) {
	const entry = `{"command":"/opt/auth0-mcp/auth0-mcp","args":["run"]}`
	const wide = `"auth0": {
      "command": "/opt/auth0-mcp/auth0-mcp",
      "args": ["run"]
    }`
	for name, tt := range map[string]struct {
		in, want string
		// stays says why removing the entry does not give the old bytes back.
		stays string
	}{
		"empty file": {"", "{\n  \"mcpServers\": {\n    " + wide + "\n  }\n}\n", "the list of servers was made"},
		"only a comment": {
			"// nothing yet", "// nothing yet\n{\n  \"mcpServers\": {\n    " + wide +
				"\n  }\n}\n", "the list of servers was made",
		},
		"empty object": {"{}", "{\n  \"mcpServers\": {\n    " + wide + "\n  }\n}", "the list of servers was made"},
		"no servers, no line": {`{"a":1}`, `{"a":1,"mcpServers":{"auth0":` + entry + `}}`,
			"the list of servers was made"},
		"empty list": {"{\n  \"mcpServers\": {}\n}\n", "{\n  \"mcpServers\": {\n    " + wide + "\n  }\n}\n", ""},
		"empty list with lines": {"{\n  \"mcpServers\": {\n  }\n}\n", "{\n  \"mcpServers\": {\n    " + wide + "\n  }\n}\n",
			"an empty list becomes {}"},
		"other server": {"{\n  \"mcpServers\": {\n    \"x\": {}\n  }\n}",
			"{\n  \"mcpServers\": {\n    \"x\": {},\n    " + wide + "\n  }\n}", ""},
		"compact":             {`{"mcpServers":{"x":{}}}`, `{"mcpServers":{"x":{},"auth0":` + entry + `}}`, ""},
		"compact, empty list": {`{"mcpServers":{}}`, `{"mcpServers":{"auth0":` + entry + `}}`, ""},
		"compact, comma, comment": {"{\"mcpServers\":{\"x\":{},//\n}}",
			"{\"mcpServers\":{\"x\":{},\"auth0\":" + entry + ",//\n}}", ""},
		"compact, blank list": {`{"mcpServers":{ }}`, `{"mcpServers":{"auth0":` + entry + ` }}`, ""},
		"compact with blanks": {
			`{ "mcpServers": { "x": {} } }`,
			`{ "mcpServers": { "x": {}, "auth0": {"command": "/opt/auth0-mcp/auth0-mcp", "args": ["run"]} } }`, "",
		},
		"tabs": {
			"{\n\t\"mcpServers\": {\n\t\t\"x\": {}\n\t}\n}\n",
			"{\n\t\"mcpServers\": {\n\t\t\"x\": {},\n\t\t\"auth0\": {\n\t\t\t\"command\": " +
				"\"/opt/auth0-mcp/auth0-mcp\",\n\t\t\t\"args\": [\"run\"]\n\t\t}\n\t}\n}\n", "",
		},
		"four blanks, no list": {
			"{\n    \"a\": 1\n}", "{\n    \"a\": 1,\n    \"mcpServers\": {\n        \"auth0\": {\n            \"command\": " +
				"\"/opt/auth0-mcp/auth0-mcp\",\n            \"args\": [\"run\"]\n        }\n    }\n}",
			"the list of servers was made",
		},
		"indentation of the neighbours": {
			"{\n  \"mcpServers\": {\n         \"x\": {}\n  }\n}",
			"{\n  \"mcpServers\": {\n         \"x\": {},\n         \"auth0\": {\n           \"command\": " +
				"\"/opt/auth0-mcp/auth0-mcp\",\n           \"args\": [\"run\"]\n         }\n  }\n}", "",
		},
		"line ends of Windows": {
			"{\r\n  \"mcpServers\": {\r\n    \"x\": {}\r\n  }\r\n}\r\n",
			"{\r\n  \"mcpServers\": {\r\n    \"x\": {},\r\n    " + strings.ReplaceAll(wide, "\n", "\r\n") +
				"\r\n  }\r\n}\r\n", "",
		},
		"byte order mark": {
			"\ufeff{\n  \"mcpServers\": {\n    \"x\": {}\n  }\n}", "{\n  \"mcpServers\": {\n    \"x\": {},\n    " + wide +
				"\n  }\n}", "{\n  \"mcpServers\": {\n    \"x\": {}\n  }\n}",
		},
		"trailing commas": {
			"{\n  \"mcpServers\": {\n    \"x\": {}, // last\n  },\n}", "{\n  \"mcpServers\": {\n    \"x\": {}, // last\n    " +
				wide + ",\n  },\n}", "",
		},
		"comment behind the last server": {
			"{\n  \"mcpServers\": {\n    \"x\": {} // \"}, {\n    // and more\n  }\n}",
			"{\n  \"mcpServers\": {\n    \"x\": {}, // \"}, {\n    // and more\n    " + wide + "\n  }\n}", "",
		},
		"comment in an empty list": {
			"{\n  \"mcpServers\": {\n    // none yet\n  }\n}", "{\n  \"mcpServers\": {\n    // none yet\n    " + wide +
				"\n  }\n}", "",
		},
		"comment in a compact list": {
			`{"mcpServers":{"x":{} /* } */ }}`, `{"mcpServers":{"x":{},"auth0":` + entry + ` /* } */ }}`, "",
		},
		"comment without line end behind it all": {
			"{\n  \"mcpServers\": {\n    \"x\": {}\n  }\n} // end", "{\n  \"mcpServers\": {\n    \"x\": {},\n    " + wide +
				"\n  }\n} // end", "",
		},
		"key and value beside the brace": {
			"{\n  \"mcpServers\": {\n    \"x\": {}}}", "{\n  \"mcpServers\": {\n    \"x\": {},\n    " + wide + "}}", "",
		},
		"the same name elsewhere": {
			"{\n  \"auth0\": {\"mcpServers\": 1},\n  \"mcpServers\": {}\n}", "{\n  \"auth0\": {\"mcpServers\": 1},\n  " +
				"\"mcpServers\": {\n    " + wide + "\n  }\n}", "",
		},
		"duplicate keys that are not ours": {
			"{\n  \"a\": 1,\n  \"a\": 2,\n  \"mcpServers\": {}\n}", "{\n  \"a\": 1,\n  \"a\": 2,\n  \"mcpServers\": {\n    " +
				wide + "\n  }\n}", "",
		},
		"escaped key": {
			"{\n  \"mcp\\u0053ervers\": {}\n}", "{\n  \"mcp\\u0053ervers\": {\n    " + wide + "\n  }\n}", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, path := fileOf(t, "cursor", tt.in)
			planAndApply(t, p, Target{Client: "cursor"}, ours())
			got := readBack(t, path)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("added:\n%s", diff)
			}
			if again, err := Plan(p, Target{Client: "cursor"}, ours(), false); err != nil || !again.NoOp() ||
				again.Diff() != "" {
				t.Errorf("a second time it is not a no-op: %v", err)
			}
			change, err := Remove(p, Target{Client: "cursor"}, "auth0")
			if err != nil {
				t.Fatal(err)
			}
			if tt.stays == "" && string(change.After) != tt.in {
				t.Errorf("removed again:\n%s", cmp.Diff(tt.in, string(change.After)))
			}
		})
	}
}

func TestJSONUpdateKeepsWhatIsNotOurs(t *testing.T) {
	const in = `{
  "mcpServers": {
    "auth0": { // mine
      "disabled": true,
      "command": "/old/auth0-mcp", // where it is
      "env": {"HTTPS_PROXY": "http://proxy"},
      "args": ["run", "--read-only"],
      "timeout": 60, /* seconds */
    },
    "x": {}
  }
}
`
	want := strings.ReplaceAll(strings.ReplaceAll(in, "/old/auth0-mcp", ourCommand), `["run", "--read-only"]`, `["run"]`)
	if diff := cmp.Diff(want, addJSON(t, in)); diff != "" {
		t.Error(diff)
	}
}

func TestJSONUpdateAddsWhatIsMissing(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"empty entry": {
			"{\n  \"mcpServers\": {\n    \"auth0\": {}\n  }\n}",
			"{\n  \"mcpServers\": {\n    \"auth0\": {\n      \"command\": \"/opt/auth0-mcp/auth0-mcp\",\n      \"args\": " +
				"[\"run\"]\n    }\n  }\n}",
		},
		"no arguments": {
			"{\n  \"mcpServers\": {\n    \"auth0\": {\n      \"command\": \"/opt/auth0-mcp/auth0-mcp\"\n    }\n  }\n}",
			"{\n  \"mcpServers\": {\n    \"auth0\": {\n      \"command\": \"/opt/auth0-mcp/auth0-mcp\",\n      \"args\": " +
				"[\"run\"]\n    }\n  }\n}",
		},
		"nothing but other keys": {
			`{"mcpServers":{"auth0":{"env":{}}}}`,
			`{"mcpServers":{"auth0":{"env":{},"command":"/opt/auth0-mcp/auth0-mcp","args":["run"]}}}`,
		},
		"values of other types": {
			`{"mcpServers":{"auth0":{"command":{"path":"x"},"args":null}}}`,
			`{"mcpServers":{"auth0":{"command":"/opt/auth0-mcp/auth0-mcp","args":["run"]}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, addJSON(t, tt.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestJSONType(t *testing.T) {
	for _, tt := range []struct{ client, in, want string }{
		{"claude-code", `{"mcpServers":{}}`,
			`{"mcpServers":{"auth0":{"type":"stdio","command":"/opt/auth0-mcp/auth0-mcp","args":["run"]}}}`},
		{"vscode", `{"servers":{}}`,
			`{"servers":{"auth0":{"type":"stdio","command":"/opt/auth0-mcp/auth0-mcp","args":["run"]}}}`},
		{"zed", `{"context_servers":{}}`,
			`{"context_servers":{"auth0":{"command":"/opt/auth0-mcp/auth0-mcp","args":["run"]}}}`},
		{"gemini", `{"mcpServers":{}}`, `{"mcpServers":{"auth0":{"command":"/opt/auth0-mcp/auth0-mcp","args":["run"]}}}`},
		{"vscode", `{"servers":{"auth0":{"type":"x","command":"/opt/auth0-mcp/auth0-mcp","args":["run"]}}}`,
			`{"servers":{"auth0":{"type":"stdio","command":"/opt/auth0-mcp/auth0-mcp","args":["run"]}}}`},
	} {
		p, _ := fileOf(t, tt.client, tt.in)
		change, err := Plan(p, Target{Client: tt.client}, ours(), false)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, string(change.After)); diff != "" {
			t.Errorf("%s: %s", tt.client, diff)
		}
	}
}

func TestJSONRemove(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"first": {"{\"mcpServers\": {\n  \"auth0\": {},\n  \"x\": {}\n}}",
			"{\"mcpServers\": {\n  \"x\": {}\n}}"},
		"middle": {"{\"mcpServers\": {\n  \"a\": {},\n  \"auth0\": {},\n  \"x\": {}\n}}",
			"{\"mcpServers\": {\n  \"a\": {},\n  \"x\": {}\n}}"},
		"compact middle": {`{"mcpServers":{"a":1,"auth0":{},"x":2}}`, `{"mcpServers":{"a":1,"x":2}}`},
		"comments around": {"{\"mcpServers\": {\n  // before\n  \"auth0\": {}, // behind\n  \"x\": {}\n}}",
			"{\"mcpServers\": {\n  // before\n  // behind\n  \"x\": {}\n}}"},
		"comment, then same line": {"{\"mcpServers\": {\n  // before\n  \"auth0\": {}, \"x\": {}\n}}",
			"{\"mcpServers\": {\n  // before\n  \"x\": {}\n}}"},
		"comment, then the brace": {"{\"mcpServers\": {\"a\": 1, // before\n  \"auth0\": {} }}",
			"{\"mcpServers\": {\"a\": 1 // before\n  }}"},
		"only one, with a comma": {"{\"mcpServers\": {\n  \"auth0\": {},\n}}", "{\"mcpServers\": {}}"},
		"only one, with comments": {"{\"mcpServers\": {\n  // a\n  \"auth0\": {} /* b */ , // c,\n}}",
			"{\"mcpServers\": {\n  // a\n   /* b */ // c,\n}}"},
		"the comma is far away": {"{\"mcpServers\": {\"auth0\": {} /* , */ , \"x\": {}}}",
			"{\"mcpServers\": { /* , */  \"x\": {}}}"},
		"not there":   {`{"mcpServers": {"x": {}}}`, `{"mcpServers": {"x": {}}}`},
		"no servers":  {`{}`, `{}`},
		"no document": {``, ``},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := fileOf(t, "cursor", tt.in)
			change, err := Remove(p, Target{Client: "cursor"}, "auth0")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(change.After)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestJSONThatIsLeftAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		in           string
		line, column int
		want         string
	}{
		"half-written":          {"{\n  \"mcpServers\": {\n    \"x\": {\"command\": \"" + canary, 3, 35, "not valid JSON"},
		"no value":              {"{\n  \"a\":\n}", 3, 1, "not valid JSON"},
		"secret in the mistake": {"{\"token\": \"" + canary + "\\q\"}", 1, 26, "not valid JSON"},
		"bare word":             {"{\"token\": " + canary + "}", 1, 11, "not valid JSON"},
		"comment never closed":  {"{} /* " + canary, 1, 4, "comment is not closed"},
		"two documents":         {"{}\n{}", 2, 1, "not valid JSON"},
		"comma alone":           {"{,}", 1, 2, "not valid JSON"},
		"two commas":            {"{\"a\":1,,}", 1, 8, "not valid JSON"},
		"array":                 {"\n[]", 2, 1, "the document is an array"},
		"null":                  {"null", 1, 1, "the document is null"},
		"string":                {"\"" + canary + "\"", 1, 1, "the document is a string"},
		"servers are an array":  {"{\n  \"mcpServers\": []\n}", 2, 17, "mcpServers is an array"},
		"servers are null":      {"{\"mcpServers\": null}", 1, 16, "mcpServers is null"},
		"servers are a string":  {"{\"é\": 1, \"mcpServers\": \"x\"}", 1, 24, "mcpServers is a string"},
		"entry is a number":     {"{\"mcpServers\": {\"auth0\": 1}}", 1, 26, "auth0 is a number"},
		"entry is a boolean":    {"{\"mcpServers\": {\"auth0\": true}}", 1, 26, "auth0 is a boolean"},
		"servers twice":         {"{\"mcpServers\": {},\n\"mcpServers\": {}}", 2, 1, "\"mcpServers\" is given twice"},
		"entry twice":           {"{\"mcpServers\": {\"auth0\": {},\n \"auth0\": {}}}", 2, 2, "\"auth0\" is given twice"},
		"command twice": {"{\"mcpServers\": {\"auth0\": {\"command\": 1,\n\"command\": 2}}}", 2, 1,
			"\"command\" is given twice"},
		"deep": {strings.Repeat("[", 1<<20), 1, 10001, "not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			p, path := fileOf(t, "cursor", tt.in)
			_, err := Plan(p, Target{Client: "cursor"}, ours(), true)
			wantError(t, err, path, tt.want, "left as it is")
			wantPosition(t, err, path, tt.line, tt.column)
			if got := readBack(t, path); got != tt.in {
				t.Error("the file was changed")
			}
		})
	}
}

func TestJSONDeepAndHuge(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 4000) + strings.Repeat(`]}`, 4000)
	huge := `"` + strings.Repeat("x", 2<<20) + `"`
	for name, value := range map[string]string{"deep": deep, "huge": huge} {
		t.Run(name, func(t *testing.T) {
			in := "{\n  \"history\": " + value + ",\n  \"mcpServers\": {\n    \"x\": {}\n  }\n}\n"
			p, _ := fileOf(t, "claude-code", in)
			target := Target{Client: "claude-code"}
			change := planAndApply(t, p, target, ours())
			if len(change.Diff()) > 4000 {
				t.Errorf("the diff has %d bytes", len(change.Diff()))
			}
			back, err := Remove(p, target, "auth0")
			if err != nil || string(back.After) != in {
				t.Errorf("not what it was: %v", err)
			}
		})
	}
}
