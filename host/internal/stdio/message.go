package stdio

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// Error codes of JSON-RPC 2.0. codeServer is the first of the range that it leaves to servers; MCP gives meanings to
// others of that range, so busy and shutdown share this one and differ in their message and data.
const (
	codeParse          = -32700
	codeInvalidRequest = -32600
	codeInvalidParams  = -32602
	codeInternal       = -32603
	codeServer         = -32000
)

const (
	// maxDepth and maxValues bound one message. They are above those of a tool's arguments, so that what is wrong with
	// arguments is told as such, and they bound what decoding a line costs: a value of two bytes may take a hundred.
	maxDepth  = 2 * jsondoc.DefaultDepth
	maxValues = 2 * jsondoc.DefaultValues
	// maxMembers bounds the members of params, which are kept apart for the handler. MCP's requests have at most ten.
	maxMembers = 100
)

// messageRules make a message mean the same to all its readers. Arguments are the tool's data, where names that differ
// in case are different names; everything else may be decoded into structs of Go, which ignore case.
var messageRules = jsondoc.Rules{Depth: maxDepth, Values: maxValues, AnyCase: func(path jsondoc.Path) bool {
	return !path.Within(jsondoc.Path{jsondoc.Member("params"), jsondoc.Member("arguments")})
}}

// envelope holds the members of one JSON-RPC message, as sent; a member that is absent is nil. The slices point into
// the line.
type envelope struct {
	version, id, method, params, result, fault []byte
	duplicate                                  string         // name of a member of JSON-RPC that came twice
	idInDoubt                                  bool           // there is a second id, or one in another case
	ambiguous                                  *jsondoc.Error // why the message breaks messageRules; nil if it does not
}

// scanEnvelope splits a JSON object, known to be valid, into its members, by their exact names.
func scanEnvelope(object []byte) envelope {
	var e envelope
	eachMember(object, e.set)
	return e
}

// eachMember calls f for each member of a JSON object that is known to be valid, until f returns false.
func eachMember(object []byte, f func(name string, value []byte) bool) {
	for i := skipSpace(object, 1); object[i] != '}'; {
		end := skipString(object, i)
		name := decodeString(object[i:end])
		i = skipSpace(object, skipSpace(object, end)+1) // past the colon
		end = skipValue(object, i)
		if !f(name, object[i:end]) {
			return
		}
		if i = skipSpace(object, end); object[i] == ',' {
			i = skipSpace(object, i+1)
		}
	}
}

func (e *envelope) set(name string, value []byte) bool {
	var member *[]byte
	switch name {
	case "jsonrpc":
		member = &e.version
	case "id":
		member = &e.id
	case "method":
		member = &e.method
	case "params":
		member = &e.params
	case "result":
		member = &e.result
	case "error":
		member = &e.fault
	default:
		e.idInDoubt = e.idInDoubt || strings.EqualFold(name, "id")
		return true
	}
	if *member != nil {
		e.idInDoubt = e.idInDoubt || name == "id"
		if e.duplicate != "id" { // two ids are what matters most: there is none to reply to then
			e.duplicate = name
		}
	}
	*member = value
	return true
}

func (e *envelope) isResponse() bool {
	return e.method == nil && (e.result != nil || e.fault != nil)
}

// replyID is the id that an error about this message carries: the client's if it is one, else nil, which is null.
func (e *envelope) replyID() []byte {
	if e.idInDoubt || !validID(e.id) {
		return nil
	}
	return e.id
}

// validID reports whether a JSON value can be an id. Null cannot: JSON-RPC advises against it and MCP forbids it.
func validID(value []byte) bool {
	return len(value) > 0 && (value[0] == '"' || value[0] == '-' || value[0] >= '0' && value[0] <= '9')
}

// idKey is what ids are compared by. Strings count as equal however they are escaped; numbers are compared as written,
// since rounding could make two ids equal.
func idKey(id []byte) string {
	if id[0] == '"' {
		return `"` + decodeString(id)
	}
	return string(id)
}

// refusal is the error that the client gets for a message that is not accepted.
type refusal struct {
	code    int
	message string
}

// checkJSON returns why a line is not a JSON value; nil if it is one.
func checkJSON(line []byte) *refusal {
	if !utf8.Valid(line) {
		return &refusal{codeParse, "the line is not valid UTF-8"}
	}
	if !json.Valid(line) {
		return &refusal{codeParse, "the line is not valid JSON" + syntaxErrorPlace(line)}
	}
	return nil
}

// parseMessage reads one message. With a refusal the envelope still has what could be read, for the reply's id. A sound
// message is read here once, by the scanner of jsondoc; nothing behind it needs to check again what this one checks.
func parseMessage(value []byte) (envelope, *refusal) {
	var ambiguous *jsondoc.Error
	if errors.As(messageRules.Check(value), &ambiguous) {
		if refused := checkJSON(value); refused != nil {
			return envelope{}, refused
		}
	}
	if value[0] != '{' {
		return envelope{}, &refusal{codeInvalidRequest, "a message must be a JSON object"}
	}
	e := scanEnvelope(value)
	e.ambiguous = ambiguous
	return e, e.check()
}

// scanArray splits a JSON array, known to be valid, into its elements; nil when there are more than most.
func scanArray(array []byte, most int) [][]byte {
	elements := [][]byte{}
	for i := skipSpace(array, 1); array[i] != ']'; {
		end := skipValue(array, i)
		if len(elements) == most {
			return nil
		}
		elements = append(elements, array[i:end])
		if i = skipSpace(array, end); array[i] == ',' {
			i = skipSpace(array, i+1)
		}
	}
	return elements
}

// syntaxErrorPlace is where a line stops being JSON, without quoting it.
func syntaxErrorPlace(line []byte) string {
	var raw json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(line, &raw), &syntax) {
		return " (at byte " + strconv.FormatInt(syntax.Offset, 10) + ")"
	}
	return ""
}

func (e *envelope) check() *refusal {
	switch {
	case e.isResponse():
		return nil // never answered: two peers that answer each other's responses would not stop
	case e.duplicate != "":
		return &refusal{codeInvalidRequest, `the member "` + e.duplicate + `" occurs twice`}
	case e.ambiguous != nil && !e.inParams():
		return &refusal{codeInvalidRequest, "the message is refused: " + e.ambiguous.Error()}
	case e.version == nil || e.version[0] != '"' || decodeString(e.version) != "2.0":
		return &refusal{codeInvalidRequest, `the member "jsonrpc" must be "2.0"`}
	case e.method == nil || e.method[0] != '"':
		return &refusal{codeInvalidRequest, `the member "method" must be a string`}
	case e.result != nil || e.fault != nil:
		return &refusal{codeInvalidRequest, `a message has either "method" or one of "result" and "error"`}
	case e.id != nil && !validID(e.id):
		return &refusal{codeInvalidRequest, `the member "id" must be a string or a number`}
	}
	return e.checkParams()
}

func (e *envelope) checkParams() *refusal {
	if isNull(e.params) {
		e.params = nil
	}
	switch {
	case e.params == nil:
		return nil
	case e.params[0] != '{':
		return &refusal{codeInvalidParams, `the member "params" must be an object`}
	case e.ambiguous != nil:
		return &refusal{codeInvalidParams, e.ambiguous.Error()}
	}
	members := 0
	eachMember(e.params, func(string, []byte) bool { members++; return members <= maxMembers })
	if members > maxMembers {
		return &refusal{codeInvalidParams, "params: more than " + strconv.Itoa(maxMembers) + " members"}
	}
	return nil
}

// inParams tells whether the ambiguity is inside of params.
func (e *envelope) inParams() bool {
	return len(e.ambiguous.Path) > 1 && e.ambiguous.Path.Within(jsondoc.Path{jsondoc.Member("params")})
}

// request builds what the handler gets, in memory of its own: the line's is used again for the next line.
func (e *envelope) request(id int64) Request {
	b := make([]byte, 0, len(`{"jsonrpc":"2.0","id":,"method":,"params":}`)+20+len(e.method)+len(e.params))
	b = append(b, `{"jsonrpc":"2.0"`...)
	if e.id != nil {
		b = append(b, `,"id":`...)
		b = strconv.AppendInt(b, id, 10)
	}
	b = append(append(b, `,"method":`...), e.method...)
	r := Request{ID: id, Method: decodeString(e.method), Notification: e.id == nil}
	if e.params != nil {
		b = append(append(b, `,"params":`...), e.params...)
		r.Params = b[len(b)-len(e.params) : len(b) : len(b)]
		r.Members = map[string]json.RawMessage{}
		eachMember(r.Params, func(name string, value []byte) bool {
			r.Members[name] = value[:len(value):len(value)]
			return true
		})
	}
	b = append(b, '}')
	r.Message = b
	return r
}

// decodeString decodes a JSON string known to be valid.
func decodeString(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return string(quoted)
	}
	return s
}

func isNull(value []byte) bool { return len(value) > 0 && value[0] == 'n' }

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

// skipString returns the index behind the string that starts at i.
func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipValue returns the index behind the value that starts at i.
func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		return skipNested(b, i)
	}
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && !isSpace(b[i]) {
		i++
	}
	return i
}

func skipNested(b []byte, i int) int {
	depth := 0
	for {
		switch b[i] {
		case '"':
			i = skipString(b, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		i++
		if depth == 0 {
			return i
		}
	}
}
