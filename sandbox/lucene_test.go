package sandbox

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

type queryTest struct {
	query string
	want  bool
}

// queriedEvent is the event that the queries below are tried on.
func queriedEvent() object {
	return object{
		"type": "fp", "date": "2031-03-14T09:26:53.589Z", "log_id": "900203103140926530000",
		"description": "Wrong email or password.", "user_name": `o'neil "bob"@example.com`, "user_id": "auth0|65a1:b-c",
		"ip": "198.51.100.7", "client_name": "Shop (new)", "client_id": "Abc123", "connection": nil, "hostname": "",
		"scope": "openid", "strategy": "auth0", "user_agent": "Go-http-client 2.0",
		"details": object{
			"error":    object{"message": "Wrong email or password."},
			"response": object{"statusCode": json.Number("403"), "big": json.Number("12345678901234567890123")},
			"list":     []any{object{"name": "one"}, object{"name": "two"}},
			"flag":     true,
		},
	}
}

func TestLogQuery(t *testing.T) {
	event := queriedEvent()
	for _, test := range []queryTest{
		{"", true}, {"   ", true}, {"*", true}, {"*:*", true},
		// Fields hold whole values, and cases differ.
		{"type:fp", true}, {"type:f", false}, {"type:FP", false}, {`type:"fp"`, true},
		{`description:"Wrong email or password."`, true}, {"description:Wrong", false},
		{`description:"wrong email or password."`, false},
		{"description:*password*", true}, {"description:Wrong*", true}, {"description:*Password*", false},
		// Escapes and quotes.
		{`user_id:auth0\|65a1\:b\-c`, true}, {`user_id:"auth0|65a1:b-c"`, true}, {`user_id:auth0|65a1\:b-c`, true},
		{`client_name:Shop\ \(new\)`, true}, {`client_name:"Shop (new)"`, true},
		{`user_name:"o'neil \"bob\"@example.com"`, true},
		{`client_name:"Shop*"`, false}, {`client_name:Shop\*`, false}, {`client_name:Shop*`, true},
		// Bare terms look into some fields only.
		{"fp", true}, {"198.51.100.7", true}, {"Abc123", false}, {"auth0", false}, {`"Shop (new)"`, true}, {"198.51*", true},
		// Operators.
		{"type:fp AND ip:198.51.100.7", true}, {"type:fp AND ip:192.0.2.3", false}, {"type:s OR type:fp", true},
		{"type:s type:fp", true},
		{"type:s OR type:f", false}, {"NOT type:s", true}, {"NOT type:fp", false}, {"-type:fp", false}, {"!type:s", true},
		{"type:fp && NOT ip:192.0.2.3", true}, {"type:s || type:fp", true}, {"type:fp -ip:198.51.100.7", false},
		{"+type:fp description:nothing", true}, {"+type:s type:fp", false}, {"type:fp NOT type:s", true},
		{"NOT NOT type:fp", true},
		{"type:s AND type:x OR type:fp", true}, {"type:fp OR type:s AND type:x", true},
		{"type:fp AND (type:s OR type:x)", false},
		{"(type:s OR type:fp) AND ip:198.51.100.*", true}, {"type:(s OR fp)", true}, {"type:(s OR f)", false},
		{"NOT (type:s OR type:x)", true},
		{"NOT type:s AND NOT type:x", true}, {"type:fp AND -type:fp", false}, {"and", false}, {"type:fp AND not", false},
		// Existence.
		{"user_id:*", true}, {"connection:*", false}, {"hostname:*", false}, {"_exists_:user_id", true},
		{"NOT _exists_:connection", true},
		// Ranges, on dates, numbers and texts.
		{"date:[2031-03-14 TO 2031-03-15]", true}, {"date:[2031-03-13 TO 2031-03-14]", false},
		{"date:[2031-03-14 TO *]", true},
		{"date:[* TO 2031-03-14T09:26:53.589Z]", true}, {"date:[* TO 2031-03-14T09:26:53.589Z}", false},
		{"date:{2031-03-14T09:26:53.589Z TO *]", false}, {"date:{2031-03-14T09:26:53.588Z TO *]", true},
		{"date:[2031 TO 2032}", true},
		{"date:[2031-03 TO 2031-04}", true}, {"date:[2031-03-14T10:26+01:00 TO *]", true}, {"date:>2031-03-14", true},
		{"date:>=2031-03-15", false},
		{"date:<2031-03-15T00:00:00Z", true}, {`date:["2031-03-14" TO *]`, true}, {"date:2031-03-14", false},
		{`date:"2031-03-14T09:26:53.589Z"`, true},
		{"date:2031-03-14*", true}, {"details.response.statusCode:[400 TO 499]", true},
		{"details.response.statusCode:[1000 TO *]", false},
		{"details.response.statusCode:{403 TO *]", false}, {"details.response.statusCode:>=403", true},
		{"details.response.big:[12345678901234567890122 TO 12345678901234567890124}", true}, {"type:[a TO g]", true},
		{"type:[g TO *]", false},
		// Below details every path can be searched, but not details itself.
		{`details.error.message:"Wrong email or password."`, true}, {"details.response.statusCode:403", true},
		{"details.list.name:two", true},
		{"details.flag:true", true}, {"details.nothing:x", false}, {"details:*", false},
		// Other fields can't.
		{"scope:openid", false}, {"nonsense:x", false}, {"NOT scope:openid", true},
		// Boosts and fuzziness are read over.
		{"type:fp^2", true}, {`"fp"~2`, true}, {"(type:fp)", true}, {"((type:fp))", true},
	} {
		parsed, err := parseLogQuery(test.query)
		if err != nil {
			t.Errorf("%q: %v", test.query, err)
			continue
		}
		if got := parsed.matches(event); got != test.want {
			t.Errorf("%q matches: %v, want %v", test.query, got, test.want)
		}
	}
}

func TestLogQuerySyntaxErrors(t *testing.T) {
	for _, query := range []string{
		"(", ")", "()", "type:", "type: AND x", "AND", "type:fp AND", "OR type:fp", "type:fp OR", "NOT", "-", `"open`,
		`type:"open`, `a\`,
		"type:(fp", "(type:fp", "type:fp)", "type:a:b", "date:2031-03-14T09:26", "date:[a TO b]", "date:[2031 TO]",
		"date:[2031 TO 2032", "date:yesterday",
		"[a TO b]", "date:[2031-03-14]", "date:[2031-03-14 to *]", "type:f?", "type:*fp", "user_name:j*n", "/regex/",
		"type:/f.*/", "type:fp^", "type:>",
		":x", "^", "~", "&", "|", "]", "}", "AND:x", "type:(ip:1)", "type:fp\xff",
		strings.Repeat("(", 100) + "a" + strings.Repeat(")", 100),
		strings.Repeat("a ", maxQueryClauses+1), "\uFDD0",
	} {
		parsed, err := parseLogQuery(query)
		var wrong *querySyntaxError
		if !errors.As(err, &wrong) {
			t.Errorf("%.60q: got %v and error %v, want a syntax error", query, parsed, err)
			continue
		}
		if wrong.offset < 0 || wrong.offset > len(query) {
			t.Errorf("%.60q: offset %d lies outside", query, wrong.offset)
		}
	}
}

func FuzzLogQuery(f *testing.F) {
	for _, seed := range []string{
		"", "type:fp AND ip:\"192.0.2.3\"", "date:[2031-03-14 TO *}", "NOT (a OR b) -c +d", `user_id:auth0\|65a1`, "type:(s fp)^2", "details.a.b:>=5", "*:*", `"\"`, "((((",
	} {
		f.Add(seed)
	}
	events := []object{
		{"type": "fp", "date": "2031-03-14T09:26:53.589Z", "details": object{"a": object{"b": json.Number("1e400")}}},
		{"type": nil, "date": "not a date", "user_name": "x\x00y", "details": nil},
	}
	f.Fuzz(func(t *testing.T, query string) {
		parsed, err := parseLogQuery(query)
		if err != nil {
			var wrong *querySyntaxError
			if !errors.As(err, &wrong) || wrong.offset < 0 || wrong.offset > len(query) {
				t.Fatalf("%q: error %v is not a syntax error inside the query", query, err)
			}
			return
		}
		negated, err := parseLogQuery("NOT (" + query + ")")
		for _, event := range events {
			matched := parsed.matches(event)
			// Negation turns every outcome round, unless there is nothing to negate.
			if err == nil && strings.TrimSpace(query) != "" && negated.matches(event) == matched {
				t.Fatalf("%q and its negation agree on %v", query, event)
			}
		}
	})
}
