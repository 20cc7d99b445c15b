package stdio

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"
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

// envelope holds the members of one JSON-RPC message, as sent; a member that is absent is nil. The slices point into the
// line.
type envelope struct {
	version, id, method, params, result, fault []byte
	duplicate                                  string // name of a member that came twice
}

// scanEnvelope splits a JSON object, known to be valid, into its members. encoding/json would decode names in any case
// and keep the last of two: a message that two readers could understand differently must not get through.
func scanEnvelope(object []byte) envelope {
	var e envelope
	i := skipSpace(object, 1)
	for object[i] != '}' {
		end := skipString(object, i)
		name := object[i:end]
		i = skipSpace(object, skipSpace(object, end)+1) // past the colon
		end = skipValue(object, i)
		e.set(name, object[i:end])
		if i = skipSpace(object, end); object[i] == ',' {
			i = skipSpace(object, i+1)
		}
	}
	return e
}

func (e *envelope) set(quotedName, value []byte) {
	name := quotedName[1 : len(quotedName)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(decodeString(quotedName))
	}
	var member *[]byte
	switch string(name) {
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
		return
	}
	if *member != nil && e.duplicate != "id" { // two ids are what matters most: there is none to reply to then
		e.duplicate = string(name)
	}
	*member = value
}

func (e *envelope) isResponse() bool {
	return e.method == nil && (e.result != nil || e.fault != nil)
}

// replyID is the id that an error about this message carries: the client's if it is one, else nil, which is null.
func (e *envelope) replyID() []byte {
	if e.duplicate == "id" || !validID(e.id) {
		return nil
	}
	return e.id
}

// validID tells whether a JSON value can be an id. Null is none: JSON-RPC advises against it and MCP forbids it.
func validID(value []byte) bool {
	return len(value) > 0 && (value[0] == '"' || value[0] == '-' || value[0] >= '0' && value[0] <= '9')
}

// idKey is what ids are compared by. Strings count as equal however they are escaped; numbers are compared as written,
// since rounding them would take two ids for one.
func idKey(id []byte) string {
	if id[0] == '"' {
		return `"` + decodeString(id)
	}
	return string(id)
}

// refusal is why a line can't be handed on, as it is told to the client.
type refusal struct {
	code    int
	message string
}

// checkJSON tells why a line is no JSON value at all.
func checkJSON(line []byte) *refusal {
	if !utf8.Valid(line) {
		return &refusal{codeParse, "the line is not valid UTF-8"}
	}
	if !json.Valid(line) {
		return &refusal{codeParse, "the line is not valid JSON" + syntaxErrorPlace(line)}
	}
	return nil
}

// parseMessage reads one message, which is valid JSON. With a refusal the envelope still has what could be read, for the
// reply's id.
func parseMessage(value []byte) (envelope, *refusal) {
	if value[0] != '{' {
		return envelope{}, &refusal{codeInvalidRequest, "a message must be a JSON object"}
	}
	e := scanEnvelope(value)
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

// syntaxErrorPlace says where a line stops being JSON, without quoting it.
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
		return nil // never answered, whatever it looks like: two peers that answer answers don't stop
	case e.duplicate != "":
		return &refusal{codeInvalidRequest, `the member "` + e.duplicate + `" occurs twice`}
	case e.version == nil || e.version[0] != '"' || decodeString(e.version) != "2.0":
		return &refusal{codeInvalidRequest, `the member "jsonrpc" must be "2.0"`}
	case e.method == nil || e.method[0] != '"':
		return &refusal{codeInvalidRequest, `the member "method" must be a string`}
	case e.result != nil || e.fault != nil:
		return &refusal{codeInvalidRequest, `a message has either "method" or one of "result" and "error"`}
	case e.id != nil && !validID(e.id):
		return &refusal{codeInvalidRequest, `the member "id" must be a string or a number`}
	}
	if isNull(e.params) {
		e.params = nil
	}
	if e.params != nil && e.params[0] != '{' {
		return &refusal{codeInvalidParams, `the member "params" must be an object`}
	}
	return nil
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
