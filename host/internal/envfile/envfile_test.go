package envfile

import (
	"strings"
	"testing"
)

func TestSet(t *testing.T) {
	tests := map[string]struct{ before, value, want string }{
		"a new file":           {"", "v", "KEY=v\n"},
		"at the end":           {"A=1\n", "v", "A=1\nKEY=v\n"},
		"no last line end":     {"A=1", "v", "A=1\nKEY=v\n"},
		"in place":             {"A=1\nKEY=old\nB=2\n", "v", "A=1\nKEY=v\nB=2\n"},
		"every one":            {"KEY=1\nKEY=2\n", "v", "KEY=v\nKEY=v\n"},
		"CRLF":                 {"A=1\r\nKEY=old\r\nB=2\r\n", "v", "A=1\r\nKEY=v\r\nB=2\r\n"},
		"CRLF at the end":      {"A=1\r\n", "v", "A=1\r\nKEY=v\r\n"},
		"export":               {"  export  KEY = old\n", "v", "  export  KEY=v\n"},
		"a comment behind":     {"KEY=old # why\n", "v", "KEY=v # why\n"},
		"a comment, quoted":    {`KEY="o # d" # why` + "\n", "v", "KEY=v # why\n"},
		"a comment before":     {"# KEY=old\n#KEY=old\n", "v", "# KEY=old\n#KEY=old\nKEY=v\n"},
		"no value":             {"KEY=\nA=1\n", "v", "KEY=v\nA=1\n"},
		"no value, a comment":  {"KEY= # why\nA=1\n", "v", "KEY=v # why\nA=1\n"},
		"a hash in it":         {"KEY=a#b\n", "v", "KEY=v\n"},
		"several lines":        {"KEY=\"a\nb=1\nc\"\nA=1\n", "v", "KEY=v\nA=1\n"},
		"in another's lines":   {"A='x\nKEY=no\n'\n", "v", "A='x\nKEY=no\n'\nKEY=v\n"},
		"behind a quotation":   {"KEY=\"a\"b\nA=1\n", "v", "KEY=v\nA=1\n"},
		"an escaped quotation": {`KEY="a\"b"` + "\nA=1\n", "v", "KEY=v\nA=1\n"},
		"a colon":              {"KEY: old\n", "v", "KEY=v\n"},
		"another's beginning":  {"KEY_2=1\nMY_KEY=2\n", "v", "KEY_2=1\nMY_KEY=2\nKEY=v\n"},
		"a byte order mark":    {"\ufeffKEY=old\n", "v", "\ufeffKEY=v\n"},
		"what is no setting":   {"export KEY\nnothing\n\n[section]\n", "v", "export KEY\nnothing\n\n[section]\nKEY=v\n"},
		"a blank":              {"", "a b", "KEY='a b'\n"},
		"a dollar":             {"", "a$b`c!", "KEY='a$b`c!'\n"},
		"a hash":               {"", "#a", "KEY='#a'\n"},
		"a line end":           {"", "a\nb", "KEY='a\nb'\n"},
		"a key in lines": {"", "-----BEGIN K-----\nab+/\nQw==\n-----END K-----\n",
			"KEY='-----BEGIN K-----\nab+/\nQw==\n-----END K-----\n'\n"},
		"double quotation": {"", `a"b`, `KEY='a"b'` + "\n"},
		"single quotation": {"", `a'b`, `KEY="a'b"` + "\n"},
		"another language": {"", "é", "KEY='é'\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Set([]byte(tt.before), []Pair{{"KEY", tt.value}})
			if err != nil || string(got) != tt.want {
				t.Errorf("%q, %v; want %q", got, err, tt.want)
			}
			again, err := Set(got, []Pair{{"KEY", tt.value}})
			if err != nil || string(again) != string(got) {
				t.Errorf("the second time %q, %v", again, err)
			}
		})
	}
}

// What cannot be written so that all readers agree is refused, and the error has no value in it.
func TestSetRefuses(t *testing.T) {
	const canary = "canary4711"
	tests := map[string]struct {
		before string
		pair   Pair
		want   string
	}{
		"a NUL":                {"", Pair{"KEY", canary + "\x00"}, "control character"},
		"a carriage return":    {"", Pair{"KEY", canary + "\r\nB=1"}, "carriage return"},
		"another line end":     {"", Pair{"KEY", canary + "\u2028B=1"}, "control character"},
		"one of terminals":     {"", Pair{"KEY", canary + "\u0085B=1"}, "control character"},
		"an escape":            {"", Pair{"KEY", canary + "\x1b[2K"}, "control character"},
		"a second variable":    {"", Pair{"KEY", canary + "\nNODE_OPTIONS=--require=./x.js"}, "another variable"},
		"an exported one":      {"", Pair{"KEY", canary + "\n\texport B = x"}, "another variable"},
		"nothing":              {"", Pair{"KEY", ""}, "empty"},
		"both quotations":      {"", Pair{"KEY", canary + `'"`}, "differently"},
		"a backslash":          {"", Pair{"KEY", canary + `\n`}, "differently"},
		"no text":              {"", Pair{"KEY", canary + "\xff"}, "UTF-8"},
		"too long":             {"", Pair{"KEY", strings.Repeat(canary, MaxValueBytes/5)}, "over"},
		"a name with a line":   {"", Pair{"KEY=1\nB", canary}, "no name"},
		"a name with a blank":  {"", Pair{"KEY B", canary}, "no name"},
		"an empty name":        {"", Pair{"", canary}, "no name"},
		"Node.js":              {"", Pair{"NODE_OPTIONS", canary}, "what programs do"},
		"the loader":           {"", Pair{"LD_PRELOAD", canary}, "what programs do"},
		"git":                  {"GIT_SSH_COMMAND=x", Pair{"GIT_SSH_COMMAND", canary}, "what programs do"},
		"npm":                  {"", Pair{"npm_config_script_shell", canary}, "what programs do"},
		"Python":               {"", Pair{"PYTHONSTARTUP", canary}, "what programs do"},
		"the search path":      {"", Pair{"Path", canary}, "what programs do"},
		"a proxy":              {"", Pair{"https_proxy", canary}, "what programs do"},
		"this program":         {"", Pair{"AUTH0_MCP_APPROVE", canary}, "what programs do"},
		"a file with a NUL":    {"A=\x00", Pair{"KEY", canary}, "NUL"},
		"a file in UTF-16":     {"\xff\xfeA\x00", Pair{"KEY", canary}, "UTF-16"},
		"a file in Latin-1":    {"A=\xe9\n", Pair{"KEY", canary}, "UTF-8"},
		"a huge file":          {strings.Repeat("A=1\n", MaxBytes/4+1), Pair{"KEY", canary}, "over"},
		"a file that grows":    {strings.Repeat("A=1\n", MaxBytes/4), Pair{"KEY", canary}, "over"},
		"an open quotation":    {"A=1\nB=\"x\nC=2\n", Pair{"KEY", canary}, "line 2"},
		"its own is open":      {"KEY='x\n", Pair{"KEY", canary}, "line 1"},
		"open behind lines":    {"A='x\n\n'\nB=`\n", Pair{"KEY", canary}, "line 4"},
		"an escaped end of it": {`A="x\"` + "\n", Pair{"KEY", canary}, "line 1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Set([]byte(tt.before), []Pair{tt.pair})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) || got != nil {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
		})
	}
	if _, err := Set(nil, []Pair{{"KEY", "a"}, {"KEY", "b"}}); err == nil {
		t.Error("a name given twice")
	}
}

// Names that credentials have are free.
func TestNamesOfCredentials(t *testing.T) {
	for _, name := range []string{"AUTH0_DOMAIN", "AUTH0_CLIENT_SECRET", "CLIENT_ID", "SECRET", "BASE_URL",
		"ISSUER_BASE_URL", "VITE_AUTH0_DOMAIN", "REACT_APP_AUTH0_DOMAIN", "NEXT_PUBLIC_AUTH0", "Auth0__ClientSecret",
		"OKTA_OAUTH2_ISSUER", "PORT", "GITHUB_TOKEN", "PATHS", "HOMEPAGE", "ENVIRONMENT", "AWS_SECRET_ACCESS_KEY"} {
		if _, err := Set(nil, []Pair{{name, "v"}}); err != nil {
			t.Error(err)
		}
	}
}

// Whatever the file is, all else in it stays, and a second edit finds the first.
func FuzzSet(f *testing.F) {
	for _, seed := range []string{"A=1\n", "export KEY='x' # y\r\n", "A=\"\n\"\nKEY=", "\ufeffKEY: x", "A=`\\`"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, before string) {
		once, err := Set([]byte(before), []Pair{{"KEY", "value-1"}})
		if err != nil {
			return
		}
		if !strings.Contains(string(once), "KEY=value-1") {
			t.Fatalf("%q has no value: %q", before, once)
		}
		twice, err := Set(once, []Pair{{"KEY", "value-2"}})
		if err != nil || strings.Contains(string(twice), "value-1") && !strings.Contains(before, "value-1") {
			t.Errorf("%q, then %q, %v", once, twice, err)
		}
	})
}
